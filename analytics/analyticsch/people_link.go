package analyticsch

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/analytics/people"
	"github.com/observatory/observatory/tenants"
)

// Links keeps who is who in ClickHouse.
type Links struct{ store *Store }

var _ people.LinkStore = Links{}

// NewLinks makes a people.LinkStore. It panics when Conn or Now is missing, which is a mistake in the wiring.
func NewLinks(c Config) Links {
	if c.Limits.Time == 0 {
		c.Limits.Time = time.Minute
	}
	if c.Limits.Rows == 0 {
		c.Limits.Rows = 100_000_000 // one for each ID that is linked otherwise; they are read as they come
	}
	return Links{New(c)}
}

// Touched implements people.LinkStore.
func (l Links) Touched(ctx context.Context, ago time.Duration) ([]tenants.ID, error) {
	var found []tenants.ID
	rows, err := l.store.conn.Query(ctx, "SELECT DISTINCT tenant_id FROM marks WHERE marked_at > now64(3) - toIntervalMillisecond({ago:UInt64}) ORDER BY tenant_id",
		clickhouse.Named("ago", uint64(ago.Milliseconds()))) //nolint:gosec // not negative
	if err != nil {
		return nil, translate(err)
	}
	defer rows.Close() //nolint:errcheck // Err tells
	for rows.Next() {
		var tenant uuid.UUID
		if err := rows.Scan(&tenant); err != nil {
			return nil, fmt.Errorf("read a tenant: %w", err)
		}
		found = append(found, tenants.ID(tenant))
	}
	return found, translate(rows.Err())
}

// Relink implements people.LinkStore.
func (l Links) Relink(ctx context.Context, tenant tenants.ID) (r people.Relinked, err error) {
	all := analytics.Period{From: analytics.EarliestTime(), To: analytics.LatestTime()}
	p, err := l.store.peoplePlan(ctx, tenant, all)
	if err != nil {
		return r, err
	}
	joined, err := l.joined(ctx, tenant, p)
	if err != nil {
		return r, err
	}
	newest, marked, err := l.versions(ctx, tenant)
	if err != nil {
		return r, err
	}
	r.Version = max(uint64(l.store.now().UnixMicro()), newest+1) //nolint:gosec // after 1970
	if r.Changed, err = l.write(ctx, tenant, p, joined, r.Version); err != nil {
		return r, err
	}
	if r.Changed == 0 && newest <= marked {
		return people.Relinked{}, nil
	}
	r.Hours, err = l.changedHours(ctx, tenant, all, marked)
	return r, err
}

// Marked implements people.LinkStore. The link of no ID at all keeps it.
func (l Links) Marked(ctx context.Context, tenant tenants.ID, r people.Relinked) error {
	batch, err := l.batch(ctx)
	if err != nil {
		return translate(err)
	}
	defer batch.Close() //nolint:errcheck // Send tells
	if err := batch.Append(uuid.UUID(tenant), "", "", r.Version); err != nil {
		return fmt.Errorf("keep a version: %w", err)
	}
	return translate(batch.Send())
}

// versions are the newest version of a link, and up to which the hours are marked.
func (l Links) versions(ctx context.Context, tenant tenants.ID) (newest, marked uint64, err error) {
	st := newStatement(tenant)
	st.sql = "SELECT maxIf(version, id != '') AS newest, maxIf(version, id = '') AS marked\n" + st.from("identities")
	_, err = l.store.query(ctx, st, func(rows driver.Rows) error { return rows.Scan(&newest, &marked) })
	return newest, marked, err
}

// joined are the users that aliases made one person.
func (l Links) joined(ctx context.Context, tenant tenants.ID, p plan) (people.Links, error) {
	var aliases []people.Alias
	_, err := l.store.query(ctx, aliasesOfUsers(tenant, p), func(rows driver.Rows) error {
		var a people.Alias
		defer func() { aliases = append(aliases, a) }()
		return rows.Scan(&a.PreviousID, &a.UserID, &a.At, &a.EventID)
	})
	return people.Join(aliases), err
}

// aliasesOfUsers writes the query for the aliases whose two IDs are users'.
func aliasesOfUsers(tenant tenants.ID, p plan) *statement {
	s := newStatement(tenant)
	s.sql = "SELECT previous_id, user_id, at, event_id\nFROM\n(\n" + indent(s.seenAliases(p)) + "\n)\nWHERE previous_id IN\n(\n" + indent(s.users(p)) + "\n)"
	return s
}

// users selects the IDs that events carry as user IDs.
func (s *statement) users(p plan) string {
	return "SELECT user_id\nFROM\n(\n" + indent(s.seen(p, "user_id != ''")) + "\n)"
}

// linkRow is an ID with the user whom it met first, "" for none, and the person that it is known to belong to, "" for none.
type linkRow struct {
	ID      string `ch:"id"`
	Owner   string `ch:"owner"`
	Current string `ch:"current"`
}

// write writes down whose each ID is, where that is not what is known.
func (l Links) write(ctx context.Context, tenant tenants.ID, p plan, joined people.Links, version uint64) (int, error) {
	batch, err := l.batch(ctx)
	if err != nil {
		return 0, translate(err)
	}
	defer batch.Close() //nolint:errcheck // Send tells
	const together = 50_000
	changed := 0
	set := func(id, person string) error {
		if changed++; changed%together == 0 {
			if err := batch.Flush(); err != nil {
				return translate(err)
			}
		}
		return batch.Append(uuid.UUID(tenant), id, person, version)
	}
	known := map[string]bool{} // of those that were joined
	if _, err := l.store.query(ctx, ownersAndLinks(tenant, p, joined), func(rows driver.Rows) error {
		var r linkRow
		if err := rows.ScanStruct(&r); err != nil {
			return err
		}
		if _, user := joined[r.ID]; user {
			known[r.ID] = true
		}
		person := joined.Person(r.ID)
		if r.Owner != "" {
			person = joined.Person(r.Owner)
		}
		if r.Current == person || r.Current == "" && person == r.ID {
			return nil
		}
		return set(r.ID, person)
	}); err != nil {
		return 0, err
	}
	for id, person := range joined {
		if !known[id] {
			if err := set(id, person); err != nil {
				return 0, fmt.Errorf("keep a link: %w", err)
			}
		}
	}
	if changed == 0 {
		return 0, translate(batch.Abort())
	}
	return changed, translate(batch.Send())
}

// ownersAndLinks writes the query for the anonymous IDs with their owners, and what is known of links. What is so already is left out,
// unless an alias may have changed it.
func ownersAndLinks(tenant tenants.ID, p plan, joined people.Links) *statement {
	s := newStatement(tenant)
	users := make([]string, 0, len(joined))
	for id := range joined {
		users = append(users, id)
	}
	s.sql = `SELECT id, max(owner) AS owner, max(current) AS current
FROM
(
    SELECT id, argMin(met.user_id, (met.at, met.event_id, met.user_id)) AS owner, '' AS current
    FROM
    (
        SELECT anonymous_id AS id, user_id, first_at AS at, first_event_id AS event_id
        FROM
        (
` + indent(indent(indent(s.seen(p, "user_id != ''", "anonymous_id != ''")))) + `
        )
        UNION ALL
        SELECT previous_id AS id, user_id, at, event_id
        FROM
        (
` + indent(indent(indent(s.seenAliases(p)))) + `
        )
    ) AS met
    WHERE id NOT IN
    (
` + indent(indent(s.users(p))) + `
    )
    GROUP BY id
    UNION ALL
    SELECT id, '' AS owner, person AS current
` + indent(s.from(identities, "id != ''")) + `
)
GROUP BY id
HAVING owner != current OR owner IN ` + s.bind("joined", "Array(String)", users)
	return s
}

// changedHours are the hours that have to be computed again: those of rollups in which IDs occur that were linked after a version, and all
// that are not settled, some of which are being computed with the links of before.
func (l Links) changedHours(ctx context.Context, tenant tenants.ID, all analytics.Period, after uint64) ([]time.Time, error) {
	p, err := l.store.peoplePlan(ctx, tenant, all)
	if err != nil {
		return nil, err
	}
	var hours []time.Time
	_, err = l.store.query(ctx, changedHours(tenant, p, after), func(rows driver.Rows) error {
		var hour time.Time
		defer func() { hours = append(hours, hour.UTC()) }()
		return rows.Scan(&hour)
	})
	return hours, err
}

func changedHours(tenant tenants.ID, p plan, after uint64) *statement {
	s := newStatement(tenant)
	marked := s.from("marks")
	if p.rollups == 0 {
		s.sql = "SELECT DISTINCT hour\n" + marked
		return s
	}
	changed := s.from("identities", "version > "+s.bind("after", "UInt64", after))
	s.sql = "SELECT DISTINCT hour\n" + s.rolledUp(rollupPeople, p, identity+" IN (SELECT id "+changed+")") +
		"\nUNION DISTINCT\nSELECT DISTINCT hour\n" + marked + "\n  AND NOT (" + s.answered(p) + ")"
	return s
}

// answered is the condition for the hours that a plan's rollups answer for.
func (s *statement) answered(p plan) string {
	from, to := s.bindHour("rollups_from", p.first), s.bindHour("rollups_to", p.end())
	return "hour >= " + from + " AND hour < " + to + " AND hour NOT IN " + s.bind("open_hours", "Array(DateTime('UTC'))", p.between())
}

// batch is an insert of links.
func (l Links) batch(ctx context.Context) (driver.Batch, error) {
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"async_insert": 0, "insert_deduplicate": 0}))
	return l.store.conn.PrepareBatch(ctx, "INSERT INTO identities (tenant_id, id, person, version)")
}
