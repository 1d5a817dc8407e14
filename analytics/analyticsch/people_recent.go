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

// recentRow is a person by when they were seen last.
type recentRow struct {
	Person string    `ch:"who"`
	LastAt time.Time `ch:"seen_at"`
	Tie    uint64    `ch:"tie"`
}

// Recent implements people.Store. It looks at ever longer stretches of time back from now, until there are enough people in one: who was
// seen in a stretch that reaches to now was seen last in it.
func (s People) Recent(ctx context.Context, tenant tenants.ID, after *people.Place, limit int) ([]people.Summary, *people.Place, error) {
	from := s.now()
	if after != nil && after.LastAt.Before(from) {
		from = after.LastAt
	}
	length := firstWindow
	var found []recentRow
	for found == nil || len(found) <= limit {
		from = from.Add(-length)
		if length *= windowGrowth; from.Before(analytics.EarliestTime()) || length > longWindow*windowGrowth {
			from = analytics.EarliestTime()
		}
		found = []recentRow{}
		p, err := s.peoplePlan(ctx, tenant, analytics.Period{From: from.Truncate(time.Hour), To: analytics.LatestTime()})
		if err != nil {
			return nil, nil, err
		}
		if _, err := s.query(ctx, recent(tenant, p, after, limit+1), func(rows driver.Rows) error {
			var r recentRow
			defer func() { found = append(found, r) }()
			return rows.ScanStruct(&r)
		}); err != nil {
			return nil, nil, err
		}
		if from.Equal(analytics.EarliestTime()) {
			break
		}
	}
	var next *people.Place
	if len(found) > limit {
		found = found[:limit]
		next = &people.Place{LastAt: found[limit-1].LastAt.UTC(), Tie: found[limit-1].Tie}
	}
	summaries, err := s.summaries(ctx, tenant, found)
	return summaries, next, err
}

func recent(tenant tenants.ID, p plan, after *people.Place, limit int) *statement {
	s := newStatement(tenant)
	having := ""
	if after != nil {
		having = "\nHAVING (seen_at, tie) < (" + s.bindTime("after_time", after.LastAt) + ", " + s.bind("after_tie", "UInt64", after.Tie) + ")"
	}
	rows := s.seen(p)
	if rows == "" { // no hour at all
		rows = "SELECT '' AS user_id, '' AS anonymous_id, " + s.bindTime("none", p.period.From) + " AS last_at WHERE false"
	}
	s.sql = `SELECT
    ` + s.person() + ` AS who,
    max(last_at) AS seen_at,
    sipHash64(who) AS tie
FROM
(
    SELECT user_id, anonymous_id, max(seen.last_at) AS last_at
    FROM
    (
` + indent(indent(rows)) + `
    ) AS seen
    GROUP BY user_id, anonymous_id
) AS people` + linksJoin + `
GROUP BY who` + having + `
ORDER BY seen_at DESC, tie DESC
LIMIT ` + s.bind("limit", "UInt32", limit)
	return s
}

// summaries tell more about people.
func (s People) summaries(ctx context.Context, tenant tenants.ID, found []recentRow) ([]people.Summary, error) {
	if len(found) == 0 {
		return nil, nil
	}
	var persons []string
	for _, r := range found {
		persons = append(persons, r.Person)
	}
	owners, err := s.owners(ctx, tenant, persons)
	if err != nil {
		return nil, err
	}
	var ids []string
	count := map[string]int{}
	for id, person := range owners {
		ids = append(ids, id)
		count[person]++
	}
	seen, err := s.seenOf(ctx, tenant, ids)
	if err != nil {
		return nil, err
	}
	names, err := s.names(ctx, tenant, ids)
	if err != nil {
		return nil, err
	}
	said := map[string][]people.Statement{}
	for id, statements := range names {
		said[owners[id]] = append(said[owners[id]], statements...)
	}
	all, place := make([]people.Summary, len(found)), map[string]int{}
	for i, r := range found {
		place[r.Person] = i
		all[i] = people.Summary{
			Person: r.Person, IDs: count[r.Person], LastAt: r.LastAt.UTC(), FirstAt: r.LastAt.UTC(), Name: people.NameOf(people.Traits(said[r.Person])),
		}
	}
	for id, of := range seen {
		sum := &all[place[owners[id]]]
		sum.Events += int64(of.Events) //nolint:gosec // a count
		sum.User = sum.User || id == sum.Person && of.User
		if of.FirstAt.Before(sum.FirstAt) {
			sum.FirstAt = of.FirstAt.UTC()
		}
	}
	return all, nil
}

// owners are the IDs of persons, their own among them, with whose they are.
func (s People) owners(ctx context.Context, tenant tenants.ID, persons []string) (map[string]string, error) {
	st := newStatement(tenant)
	st.sql = "SELECT id, person\n" + st.from(identities, "person IN "+st.bind("persons", "Array(String)", persons)) + "\nLIMIT " + st.bind("limit", "UInt32", maxSightings)
	owners := map[string]string{}
	for _, person := range persons {
		owners[person] = person
	}
	_, err := s.query(ctx, st, func(rows driver.Rows) error {
		var id, person string
		defer func() { owners[id] = person }()
		return rows.Scan(&id, &person)
	})
	return owners, err
}

// seenRow is what is seen of an ID by which events say who they are about.
type seenRow struct {
	ID      string    `ch:"id"`
	User    bool      `ch:"of_user"`
	Events  uint64    `ch:"events"`
	FirstAt time.Time `ch:"first_at"`
}

func (s People) seenOf(ctx context.Context, tenant tenants.ID, ids []string) (map[string]seenRow, error) {
	p, err := s.peoplePlan(ctx, tenant, analytics.Period{From: analytics.EarliestTime(), To: analytics.LatestTime()})
	if err != nil {
		return nil, err
	}
	st := newStatement(tenant)
	columns := []string{identity + " AS id", "toBool(max(user_id != '')) AS of_user", "sum(seen.events) AS events", "min(seen.first_at) AS first_at"}
	st.sql = "SELECT\n    " + strings.Join(columns, ",\n    ") + "\nFROM\n(\n" +
		indent(st.seen(p, identity+" IN "+st.bind("ids", "Array(String)", ids))) + "\n) AS seen\nGROUP BY id"
	found := map[string]seenRow{}
	_, err = s.query(ctx, st, func(rows driver.Rows) error {
		var r seenRow
		defer func() { found[r.ID] = r }()
		return rows.ScanStruct(&r)
	})
	return found, err
}
