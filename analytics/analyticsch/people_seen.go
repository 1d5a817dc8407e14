package analyticsch

import (
	"context"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/analytics/people"
	"github.com/observatory/observatory/tenants"
)

// The tables of rollups that people are found in, and the links between IDs.
const (
	rollupPeople   = "rollup_people"
	rollupAliases  = "rollup_aliases"
	identities     = "identities FINAL"
	previousID     = "ifNull(JSONExtract(properties, 'previous_id', 'Nullable(String)'), '')"
	everyStatement = "('identify', 'group', 'alias')"
)

// People finds what events say about people.
type People struct{ *Store }

var _ people.Store = People{}

// NewPeople makes a people.Store. It panics when Conn or Now is missing, which is a mistake in the wiring.
func NewPeople(c Config) People { return People{New(c)} }

// peoplePlan says for which hours of a period the rollups know who was there.
func (s *Store) peoplePlan(ctx context.Context, tenant tenants.ID, period analytics.Period) (plan, error) {
	st := stock{table: rollupPeople}
	var hours []settledHour
	_, err := s.query(ctx, settled(tenant, st, period), func(rows driver.Rows) error {
		var hour settledHour
		defer func() { hours = append(hours, hour) }()
		return rows.ScanStruct(&hour)
	})
	return newPlan(analytics.MeasureInput{Period: period}, st, hours), err
}

// until is all time up to an instant, inclusive.
func until(t time.Time) analytics.Period {
	return analytics.Period{From: analytics.EarliestTime(), To: t.Truncate(time.Millisecond).Add(time.Millisecond)}
}

// seen selects who was there, in rows of an hour and two IDs: from rollups where they are settled, and from events elsewhere. The
// conditions are on the IDs.
func (s *statement) seen(p plan, conditions ...string) string {
	var parts []string
	if p.rollups > 0 {
		parts = append(parts, "SELECT hour, user_id, anonymous_id, events, first_at, first_event_id, last_at\n"+s.rolledUp(rollupPeople, p, conditions...))
	}
	if during, some := s.openEvents(p); some {
		conditions = append(append(during, "(user_id != '' OR anonymous_id != '')"), conditions...)
		parts = append(parts, `SELECT
    toStartOfHour(time) AS hour,
    user_id,
    anonymous_id,
    count() AS events,
    min(time) AS first_at,
    argMin(event_id, (time, event_id)) AS first_event_id,
    max(time) AS last_at
`+s.from(eventsTable, conditions...)+`
GROUP BY hour, user_id, anonymous_id`)
	}
	return strings.Join(parts, "\nUNION ALL\n")
}

// seenAliases selects which user ID was said to go by which other.
func (s *statement) seenAliases(p plan) string {
	var parts []string
	if p.rollups > 0 {
		parts = append(parts, "SELECT previous_id, user_id, at, event_id\n"+s.rolledUp(rollupAliases, p))
	}
	if during, some := s.openEvents(p); some {
		parts = append(parts, "SELECT "+previousID+" AS previous_id, user_id, time AS at, event_id\n"+
			s.from(eventsTable, append(during, "type = 'alias'", "user_id != ''", "previous_id NOT IN ('', user_id)")...))
	}
	return strings.Join(parts, "\nUNION ALL\n")
}

// openEvents are the conditions for the events that a plan's rollups do not answer for; false when there are none.
func (s *statement) openEvents(p plan) ([]string, bool) {
	open, some := s.open(p)
	conditions := s.during("time", p.period)
	if open != "" {
		conditions = append(conditions, open)
	}
	return conditions, some
}

// IDs implements people.Store.
func (s People) IDs(ctx context.Context, tenant tenants.ID, id string) ([]string, error) {
	st := newStatement(tenant)
	st.sql = "SELECT person\n" + st.from(identities, "id = "+st.bind("id", "String", id))
	person := id
	if _, err := s.query(ctx, st, func(rows driver.Rows) error { return rows.Scan(&person) }); err != nil {
		return nil, err
	}
	ids := []string{person}
	if id != person {
		ids = append(ids, id)
	}
	st = newStatement(tenant)
	st.sql = "SELECT id\n" + st.from(identities, "person = "+st.bind("person", "String", person), "id NOT IN "+st.bind("known", "Array(String)", ids)) +
		"\nORDER BY id\nLIMIT " + st.bind("limit", "UInt32", people.MaxIDs-len(ids))
	_, err := s.query(ctx, st, func(rows driver.Rows) error {
		var id string
		defer func() { ids = append(ids, id) }()
		return rows.Scan(&id)
	})
	return ids, err
}

// sightingRow is how often two IDs were seen together.
type sightingRow struct {
	UserID       string    `ch:"user_id"`
	AnonymousID  string    `ch:"anonymous_id"`
	Events       uint64    `ch:"events"`
	FirstAt      time.Time `ch:"first_at"`
	FirstEventID string    `ch:"first_event_id"`
	LastAt       time.Time `ch:"last_at"`
}

// maxSightings bounds how many pairs of IDs are looked at. Those that came first are: to whom an ID belongs depends on them alone.
const maxSightings = 20_000

// Sightings implements people.Store.
func (s People) Sightings(ctx context.Context, tenant tenants.ID, ids []string, last time.Time) ([]people.Sighting, error) {
	p, err := s.peoplePlan(ctx, tenant, until(last))
	if err != nil {
		return nil, err
	}
	var found []people.Sighting
	_, err = s.query(ctx, sightings(tenant, p, ids), func(rows driver.Rows) error {
		var r sightingRow
		err := rows.ScanStruct(&r)
		found = append(found, people.Sighting{
			UserID: r.UserID, AnonymousID: r.AnonymousID, Events: int64(r.Events), //nolint:gosec // a count
			FirstAt: r.FirstAt.UTC(), FirstEventID: r.FirstEventID, LastAt: r.LastAt.UTC(),
		})
		return err
	})
	return found, err
}

func sightings(tenant tenants.ID, p plan, ids []string) *statement {
	s := newStatement(tenant)
	list := s.bind("ids", "Array(String)", ids)
	s.sql = `SELECT
    user_id,
    anonymous_id,
    sum(seen.events) AS events,
    min(seen.first_at) AS first_at,
    argMin(seen.first_event_id, (seen.first_at, seen.first_event_id)) AS first_event_id,
    max(seen.last_at) AS last_at
FROM
(
` + indent(s.seen(p, "(user_id IN "+list+" OR anonymous_id IN "+list+")")) + `
) AS seen
GROUP BY user_id, anonymous_id
ORDER BY first_at
LIMIT ` + s.bind("limit", "UInt32", maxSightings)
	return s
}
