package analyticsch

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/analytics/people"
	"github.com/observatory/observatory/tenants"
)

// Kin finds whole people in ClickHouse. IDs go to the server as a table beside the query: the text of a query is kept by the
// server, and there may be many.
type Kin struct{ store *Store }

var _ people.KinStore = Kin{}

// NewKin makes a people.KinStore. It panics when Conn or Now is missing, which is a mistake in the wiring.
func NewKin(c Config) Kin {
	if c.Limits.Time == 0 {
		c.Limits.Time = 2 * time.Minute
	}
	if c.Limits.Rows == 0 {
		c.Limits.Rows = 10_000_000
	}
	return Kin{New(c)}
}

// kinship is one search for people.
type kinship struct {
	store  *Store
	tenant tenants.ID
	plan   plan
	joined people.Links        // users whom aliases made one
	groups map[string][]string // users by the person that they are, where there are several
	limit  int
}

// Kin implements people.KinStore. What it asks is the same for one ID as for thousands.
func (k Kin) Kin(ctx context.Context, tenant tenants.ID, ids []string, limit int) ([]people.Kin, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	s := kinship{store: k.store, tenant: tenant, limit: limit, groups: map[string][]string{}}
	var err error
	if s.plan, err = k.store.peoplePlan(ctx, tenant, analytics.Period{From: analytics.EarliestTime(), To: analytics.LatestTime()}); err != nil {
		return nil, err
	}
	if s.joined, err = s.aliases(ctx); err != nil {
		return nil, fmt.Errorf("find aliases: %w", err)
	}
	for id, person := range s.joined {
		s.groups[person] = append(s.groups[person], id)
	}
	persons, err := s.persons(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("find whose IDs these are: %w", err)
	}
	owner := map[string]string{} // of every ID of these people: the person
	for person := range persons {
		for _, id := range append(s.groups[person], person) {
			owner[id] = person
		}
	}
	if err := s.belongings(ctx, persons, owner); err != nil {
		return nil, fmt.Errorf("find the IDs that met these people: %w", err)
	}
	if len(owner) > limit {
		return nil, people.ErrTooMany
	}
	return s.describe(ctx, owner)
}

// aliases are the users that are one person.
func (s *kinship) aliases(ctx context.Context) (people.Links, error) {
	st := newStatement(s.tenant)
	st.sql = "SELECT previous_id, user_id, at, event_id\nFROM\n(\n" + indent(st.everAlias(s.plan)) + "\n)\nWHERE previous_id IN\n(\nSELECT user_id FROM\n(\n" +
		indent(st.ever(s.plan, "user_id != ''")) + "\n)\n)"
	var aliases []people.Alias
	_, err := s.store.query(ctx, st, func(rows driver.Rows) error {
		var a people.Alias
		defer func() { aliases = append(aliases, a) }()
		return rows.Scan(&a.PreviousID, &a.UserID, &a.At, &a.EventID)
	})
	return people.Join(aliases), err
}

// persons are the people to whom IDs belong: true where it is a user.
func (s *kinship) persons(ctx context.Context, ids []string) (map[string]bool, error) {
	st := newStatement(s.tenant)
	st.sql = `SELECT id, max(of_user) AS of_user, argMinIf(owner, (at, event_id, owner), owner != '') AS owner
FROM
(
    SELECT user_id AS id, true AS of_user, '' AS owner, first_at AS at, first_event_id AS event_id FROM
    (
` + indent(indent(st.ever(s.plan, "user_id IN given"))) + `
    )
    UNION ALL
` + indent(st.meetings(s.plan, "given")) + `
)
GROUP BY id`
	persons := map[string]bool{}
	err := s.ask(ctx, st, map[string][]string{"given": ids}, func(rows driver.Rows) error {
		var id, owner string
		var user bool
		err := rows.Scan(&id, &user, &owner)
		switch {
		case user:
			persons[s.joined.Person(id)] = true
		case owner != "":
			persons[s.joined.Person(owner)] = true
		default:
			persons[id] = false
		}
		return err
	})
	return persons, err
}

// belongings adds the anonymous IDs that met users of these people before they met any other.
func (s *kinship) belongings(ctx context.Context, persons map[string]bool, owner map[string]string) error {
	var users []string
	for id, person := range owner {
		if persons[person] {
			users = append(users, id)
		}
	}
	if len(users) == 0 {
		return nil
	}
	candidates, err := s.metBy(ctx, users)
	if err != nil || len(candidates) == 0 {
		return err
	}
	st := newStatement(s.tenant)
	st.sql = `SELECT id, argMinIf(owner, (at, event_id, owner), owner != '') AS owner
FROM
(
` + indent(st.meetings(s.plan, "given")) + `
)
WHERE id NOT IN (SELECT user_id FROM
    (
` + indent(indent(st.ever(s.plan, "user_id IN given"))) + `
    ))
GROUP BY id`
	return s.ask(ctx, st, map[string][]string{"given": candidates}, func(rows driver.Rows) error {
		var id, user string
		err := rows.Scan(&id, &user)
		if person, wanted := owner[user]; wanted {
			owner[id] = person
		}
		return err
	})
}

// metBy are the IDs that events carried together with one of these users, or that an alias joined to one.
func (s *kinship) metBy(ctx context.Context, users []string) ([]string, error) {
	st := newStatement(s.tenant)
	st.sql = `SELECT DISTINCT id FROM
(
    SELECT anonymous_id AS id FROM
    (
` + indent(indent(st.ever(s.plan, "user_id IN given", "anonymous_id != ''"))) + `
    )
    UNION ALL
    SELECT previous_id AS id FROM
    (
` + indent(indent(st.everAlias(s.plan))) + `
    )
    WHERE user_id IN given
)
LIMIT ` + st.bind("limit", "UInt32", s.limit+1)
	var ids []string
	err := s.ask(ctx, st, map[string][]string{"given": users}, func(rows driver.Rows) error {
		var id string
		defer func() { ids = append(ids, id) }()
		return rows.Scan(&id)
	})
	if len(ids) > s.limit {
		return nil, people.ErrTooMany
	}
	return ids, err
}

// describe tells of each person what events there are, and as what they carry its IDs.
func (s *kinship) describe(ctx context.Context, owner map[string]string) ([]people.Kin, error) {
	st := newStatement(s.tenant)
	st.sql = `SELECT id, max(user) AS of_user, max(carried) AS anonymous, sum(n) AS events, minIf(first, n > 0) AS first_at, maxIf(last, n > 0) AS last_at
FROM
(
    SELECT user_id AS id, true AS user, false AS carried, events AS n, first_at AS first, last_at AS last FROM
    (
` + indent(indent(st.ever(s.plan, "user_id IN given"))) + `
    )
    UNION ALL
    SELECT anonymous_id AS id, false AS user, true AS carried, if(user_id = '', events, 0) AS n, first_at AS first, last_at AS last FROM
    (
` + indent(indent(st.ever(s.plan, "anonymous_id IN given"))) + `
    )
)
GROUP BY id`
	found := map[string]*people.Kin{}
	err := s.ask(ctx, st, map[string][]string{"given": slices.Collect(maps.Keys(owner))}, func(rows driver.Rows) error {
		var id string
		var user, anonymous bool
		var events uint64
		var first, last time.Time
		err := rows.Scan(&id, &user, &anonymous, &events, &first, &last)
		kin := found[owner[id]]
		if kin == nil {
			kin = &people.Kin{Person: owner[id]}
			found[owner[id]] = kin
		}
		if user {
			kin.UserIDs = append(kin.UserIDs, id)
		}
		if anonymous {
			kin.AnonymousIDs = append(kin.AnonymousIDs, id)
		}
		if kin.Events += int64(events); events > 0 { //nolint:gosec // a count
			kin.FirstAt, kin.LastAt = earlier(kin.FirstAt, first.UTC()), later(kin.LastAt, last.UTC())
		}
		return err
	})
	for id, person := range owner { // an ID that nothing but an alias names
		if kin := found[person]; kin != nil && !slices.Contains(kin.UserIDs, id) && !slices.Contains(kin.AnonymousIDs, id) {
			kin.AnonymousIDs = append(kin.AnonymousIDs, id)
		}
	}
	all := make([]people.Kin, 0, len(found))
	for _, person := range slices.Sorted(maps.Keys(found)) {
		kin := found[person]
		slices.Sort(kin.UserIDs)
		slices.Sort(kin.AnonymousIDs)
		all = append(all, *kin)
	}
	return all, err
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// ask runs a statement with lists beside it.
func (s *kinship) ask(ctx context.Context, st *statement, lists map[string][]string, scan func(driver.Rows) error) error {
	var tables []*ext.Table
	for name, values := range lists {
		t, err := ext.NewTable(name, ext.Column("value", "String"))
		if err != nil {
			return fmt.Errorf("make a list: %w", err)
		}
		for _, v := range values {
			if err := t.Append(v); err != nil {
				return fmt.Errorf("make a list: %w", err)
			}
		}
		tables = append(tables, t)
	}
	_, err := s.store.query(clickhouse.Context(ctx, clickhouse.WithExternalTable(tables...)), st, scan)
	return err
}

// ever is seen, with events that are set aside.
func (s *statement) ever(p plan, conditions ...string) string {
	held := `SELECT
    toStartOfHour(time) AS hour,
    user_id,
    anonymous_id,
    count() AS events,
    min(time) AS first_at,
    argMin(event_id, (time, event_id)) AS first_event_id,
    max(time) AS last_at
` + s.from(heldTable, append([]string{"(user_id != '' OR anonymous_id != '')"}, conditions...)...) + `
GROUP BY hour, user_id, anonymous_id`
	return unionAll(s.seen(p, conditions...), held)
}

// everAlias is seenAliases, with events that are set aside, and with aliases of anonymous IDs.
func (s *statement) everAlias(p plan) string {
	held := "SELECT " + previousID + " AS previous_id, user_id, time AS at, event_id\n" +
		s.from(heldTable, "type = 'alias'", "user_id != ''", "previous_id NOT IN ('', user_id)")
	return unionAll(s.seenAliases(p), held)
}

const heldTable = "held_events"

// meetings selects with whom the IDs of a list were seen together, as anonymous ones, or alone.
func (s *statement) meetings(p plan, list string) string {
	return `SELECT anonymous_id AS id, false AS of_user, user_id AS owner, first_at AS at, first_event_id AS event_id FROM
(
` + indent(s.ever(p, "anonymous_id IN "+list)) + `
)
UNION ALL
SELECT previous_id AS id, false AS of_user, user_id AS owner, at, event_id FROM
(
` + indent(s.everAlias(p)) + `
)
WHERE previous_id IN ` + list
}

func unionAll(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), "\nUNION ALL\n")
}
