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

// Timeline implements people.Store. It finds the page by small columns, in the hours in which the person was there, and reads whole events
// only of what is on it.
func (s People) Timeline(ctx context.Context, tenant tenants.ID, ids []string, in people.TimelineInput) ([]analytics.Event, *analytics.Position, error) {
	last := in.Until
	if in.After != nil && in.After.Time.Before(last) {
		last = in.After.Time
	}
	p, err := s.peoplePlan(ctx, tenant, until(last))
	if err != nil {
		return nil, nil, err
	}
	hours, err := s.hoursOf(ctx, tenant, p, ids, in.Limit+1)
	if err != nil {
		return nil, nil, err
	}
	var page pageKeys
	if _, err = s.query(ctx, timelineKeys(tenant, p, ids, hours, in), page.scan); err != nil || len(page.ids) == 0 {
		return nil, nil, err
	}
	var found []eventRow
	_, err = s.query(ctx, timelinePage(tenant, page, in), func(rows driver.Rows) error {
		var r eventRow
		defer func() { found = append(found, r) }()
		return rows.ScanStruct(&r)
	})
	if err != nil {
		return nil, nil, err
	}
	var next *analytics.Position
	if len(found) > in.Limit {
		found = found[:in.Limit]
		next = found[in.Limit-1].position()
	}
	events := make([]analytics.Event, 0, len(found))
	for _, r := range found {
		events = append(events, r.event())
	}
	return events, next, nil
}

// personHours are hours of rollups in which a person was there, newest first. Where they do not reach back to the first, earlier says so.
type personHours struct {
	hours   []string
	oldest  time.Time
	earlier bool
}

// hoursOf finds the newest hours that hold so many events of the IDs.
func (s People) hoursOf(ctx context.Context, tenant tenants.ID, p plan, ids []string, events int) (found personHours, err error) {
	if p.rollups == 0 {
		return found, nil
	}
	st := newStatement(tenant)
	st.sql = "SELECT hour, sum(events) AS events\n" + st.rolledUp(rollupPeople, p, identity+" IN "+st.bind("ids", "Array(String)", ids)) +
		"\nGROUP BY hour\nORDER BY hour DESC\nLIMIT " + st.bind("limit", "UInt32", events+1)
	so := uint64(0)
	_, err = s.query(ctx, st, func(rows driver.Rows) error {
		var hour time.Time
		var n uint64
		err := rows.Scan(&hour, &n)
		if so >= uint64(events) { //nolint:gosec // a limit
			found.earlier = true
			return err
		}
		so += n
		found.hours, found.oldest = append(found.hours, hour.UTC().Format(time.DateTime)), hour
		return err
	})
	return found, err
}

// pageKeys are the sorting keys of the events of a page.
type pageKeys struct {
	names, ids []string
	hours      []string
}

func (k *pageKeys) scan(rows driver.Rows) error {
	var name, id string
	var hour time.Time
	var tie uint64 // only to sort by
	err := rows.Scan(&name, &hour, &id, &tie)
	k.names, k.ids, k.hours = append(k.names, name), append(k.ids, id), append(k.hours, hour.UTC().Format(time.DateTime))
	return err
}

func timelineKeys(tenant tenants.ID, p plan, ids []string, hours personHours, in people.TimelineInput) *statement {
	s := newStatement(tenant)
	conditions := append(s.during("time", p.period), identity+" IN "+s.bind("ids", "Array(String)", ids))
	among := []string{}
	if open, some := s.open(p); some && open == "" {
		among = nil // all are read from events
	} else if some {
		among = append(among, open)
	}
	if len(hours.hours) > 0 {
		among = append(among, "toStartOfHour(time) IN "+s.bind("hours", "Array(DateTime('UTC'))", hours.hours))
	}
	if among != nil {
		conditions = append(conditions, "("+strings.Join(append(among, "false"), " OR ")+")")
	}
	if hours.earlier {
		conditions = append(conditions, "time >= "+s.bindTime("oldest", hours.oldest))
	}
	if in.After != nil {
		conditions = append(conditions, s.after(*in.After))
	}
	s.sql = "SELECT event, toStartOfHour(time) AS hour, event_id, " + tie + " AS tie\n" + s.from(eventsTable, conditions...) + newestFirst + s.bind("limit", "UInt32", in.Limit+1)
	return s
}

func timelinePage(tenant tenants.ID, page pageKeys, in people.TimelineInput) *statement {
	s := newStatement(tenant)
	s.sql = eventColumns + s.fromByKey(
		"event IN "+s.bind("names", "Array(String)", page.names),
		"toStartOfHour(time) IN "+s.bind("hours", "Array(DateTime('UTC'))", page.hours),
		"event_id IN "+s.bind("ids", "Array(String)", page.ids),
		"(event, toStartOfHour(time), event_id) IN (SELECT arrayJoin(arrayZip({names:Array(String)}, {hours:Array(DateTime('UTC'))}, {ids:Array(String)})))",
	) + newestFirst + s.bind("limit", "UInt32", in.Limit+1)
	return s
}
