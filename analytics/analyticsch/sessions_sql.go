package analyticsch

import (
	"fmt"
	"strings"

	"github.com/observatory/observatory/analytics"
)

// sessions selects the sessions that began in a trend's period, one row each. They are put together from their fragments, what they have in
// one hour each, of rollups and of events. See analytics.MeasureSessions for what a session is.
func (s *statement) sessions(in analytics.MeasureInput, p plan) (aggregate, string, error) {
	a := aggregate{withoutNumber: "toUInt64(0)"}
	switch in.Measure {
	case analytics.MeasureSessions:
		a.measure = "toFloat64(count())"
	case analytics.MeasureBounceRate:
		a.measure, a.columns = "avg(events = 1)", []term{{"events", "all_events"}}
	default:
		a.measure, a.columns = "avg(lasted) / 1000", []term{{"lasted", "dateDiff('millisecond', began, last_ended)"}}
	}
	fragments, err := s.fragments(in, p)
	if err != nil {
		return aggregate{}, "", err
	}
	by, breakdown := "session_id", ""
	columns := []term{{"bucket", "roundDown(toUnixTimestamp64Second(began), " + s.bindBuckets(in.Buckets) + ")"}}
	if in.Breakdown != "" {
		by, breakdown = "breakdown, session_id", "\n    breakdown,"
		columns[0].name = "bucket_start"
		columns = append(columns, term{name: "breakdown"})
	}
	began := s.during("began", in.Period)
	return a, selected(append(columns, a.columns...)) + fmt.Sprintf(sessionsSQL,
		breakdown, indent(indent(fragments)), by, analytics.MaxSessionHours*3600, by, (analytics.MaxSessionHours-1)*3600, strings.Join(began, "\n  AND ")), nil
}

// In sessionsSQL a fragment begins a session when there is none of it in the 24 hours before, and those of the 23 hours after belong to it.
const sessionsSQL = `FROM
(
    SELECT%s
        began,
        count() OVER before = 0 AS begins,
        sum(events) OVER whole AS all_events,
        max(ended) OVER whole AS last_ended
    FROM
    (
%s
    )
    WINDOW
        before AS (PARTITION BY %s ORDER BY toUnixTimestamp(hour) RANGE BETWEEN %d PRECEDING AND 3600 PRECEDING),
        whole AS (PARTITION BY %s ORDER BY toUnixTimestamp(hour) RANGE BETWEEN CURRENT ROW AND %d FOLLOWING)
)
WHERE begins
  AND %s`

// fragments selects what the sessions have in each hour.
func (s *statement) fragments(in analytics.MeasureInput, p plan) (string, error) {
	var parts []string
	if p.rollups > 0 {
		parts = append(parts, "SELECT\n    hour,\n    session_id,\n    began,\n    ended,\n    events\n"+s.rolledUp(rollupSessions, p))
	}
	open, some := s.open(p)
	if !some {
		return parts[0], nil
	}
	conditions := []string{
		"session_id != ''",
		"time >= " + s.bindTime("read_from", p.period.From),
		"time < " + s.bindTime("read_to", p.period.To),
	}
	if open != "" {
		conditions = append(conditions, open)
	}
	matching, err := s.matching(in.Event, in.Filter)
	if err != nil {
		return "", err
	}
	by, breakdown := "hour, session_id", ""
	if in.Breakdown != "" {
		o, err := s.operand(in.Breakdown)
		if err != nil {
			return "", err
		}
		by, breakdown = "breakdown, hour, session_id", "\n    "+o.value()+" AS breakdown,"
	}
	parts = append(parts, "SELECT"+breakdown+"\n    toStartOfHour(time) AS hour,\n    session_id,\n    min(time) AS began,\n    max(time) AS ended,\n    count() AS events\n"+
		s.from(eventsTable, append(conditions, matching...)...)+"\nGROUP BY "+by)
	return strings.Join(parts, "\nUNION ALL\n"), nil
}
