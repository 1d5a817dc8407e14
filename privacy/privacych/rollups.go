package privacych

import (
	"context"
	"fmt"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/tenants"
)

// rollups is the copy of what is computed from events, by the hour. Nothing is taken out of it: the hours in which an operation has changed
// events are marked, so that their rollups of before are not read from then on, and Purge removes those. A new one is computed from the events
// that are left, sooner or later, and is no concern of this copy. See analytics/rollup.
type rollups struct{ store *Store }

// Rollups is the copy of rollups. It comes after that of events.
func (s *Store) Rollups() privacy.Copy { return rollups{s} }

func (rollups) Name() string { return "rollups" }

// rollupTables are all that hold rollups, the one last that says which version of them is in force.
func rollupTables() []string {
	return []string{"rollup_events", "rollup_numbers", "rollup_values", "rollup_sessions", "rollup_people", "rollup_aliases", "rollup_hours"}
}

// allRollups is under which name an operation is noted for all of them together.
const allRollups = "rollups"

// named are the rows that name the subjects: in the others there are counts, and hashes of persons.
func (w who) named(v values) map[string]condition {
	ids := func(columns ...string) string {
		var any []string
		for _, column := range columns {
			any = append(any, v.among(column, userField), v.among(column, anonymousField))
		}
		return "(" + strings.Join(any, " OR ") + ")"
	}
	inValues := []string{ids("ifNull(value, '')")}
	for _, p := range w.properties {
		value := "ifNull(value, '')"
		if p.folded {
			value = "lowerUTF8(trimBoth(" + value + "))"
		}
		inValues = append(inValues, v.among(value, p.field))
	}
	return map[string]condition{
		"rollup_people":  {sql: ids("user_id", "anonymous_id")},
		"rollup_aliases": {sql: ids("user_id", "previous_id")},
		"rollup_values":  {sql: "(" + strings.Join(inValues, " OR ") + ")"},
	}
}

// Find implements privacy.Copy. Rollups that were computed since the hours were marked are made of other events.
func (r rollups) Find(ctx context.Context, tenant tenants.ID, op privacy.Operation) (privacy.Holding, error) {
	w, err := newWho(op.Subjects)
	if err != nil {
		return privacy.Holding{}, err
	}
	t, err := r.store.mutation(allRollups, tenant, op).trace(ctx)
	if err != nil {
		return privacy.Holding{}, err
	}
	h := privacy.Holding{Unit: "rows"}
	for table, c := range w.named(plainly{}) {
		subjects, err := w.pairs().table()
		if err != nil {
			return privacy.Holding{}, err
		}
		which := during(tenant, privacy.Operation{}, c)
		if t.hiddenAt > 0 {
			which.sql += " AND (hour, version) NOT IN (SELECT hour, version FROM " + fresh + ")"
			which.args = append(which.args, clickhouse.Named("hidden", t.hiddenAt))
		}
		n, err := r.store.count(patient(ctx, clickhouse.WithExternalTable(subjects)), "SELECT count() FROM "+table+" WHERE "+which.sql, which.args...)
		if err != nil {
			return privacy.Holding{}, fmt.Errorf("count rows of %s: %w", table, err)
		}
		h.Items += n
	}
	return h, nil
}

// fresh are the versions that were computed since the hours were marked: the mark of changes that come by no log, which is that of the zero
// log, is a time, and a version names the marks that it was made of.
const fresh = `rollup_hours
    WHERE tenant_id = {tenant:UUID} AND arrayExists(m -> m.1 = toUUID('00000000-0000-0000-0000-000000000000') AND m.2 >= {hidden:UInt64}, marks)`

// Erase implements privacy.Copy. Hours in which only rollups name the subjects, because they are out of date, are marked as well.
func (r rollups) Erase(ctx context.Context, tenant tenants.ID, op privacy.Operation) (privacy.Evidence, error) {
	w, err := newWho(op.Subjects)
	if err != nil {
		return nil, err
	}
	m := r.store.mutation(allRollups, tenant, op)
	for table, c := range w.named(plainly{}) {
		subjects, err := w.pairs().table()
		if err != nil {
			return nil, err
		}
		which := during(tenant, privacy.Operation{}, c)
		err = r.store.conn.Exec(patient(ctx, clickhouse.WithExternalTable(subjects)),
			"INSERT INTO erased_hours (operation_id, tenant_id, hour) SELECT DISTINCT {operation:UUID}, tenant_id, hour FROM "+table+" WHERE "+which.sql,
			append(which.args, clickhouse.Named("operation", op.ID.String()))...)
		if err != nil {
			return nil, fmt.Errorf("note the hours that name the subjects: %w", ch.Fault(err))
		}
	}
	hours, err := r.store.hoursOf(ctx, op.ID, tenant)
	if err != nil || len(hours) == 0 {
		return privacy.Evidence{"hours": 0}, err
	}
	if err := m.begin(ctx); err != nil {
		return nil, err
	}
	if err := m.unseen(ctx); err != nil { // before the marks, which are later therefore
		return nil, err
	}
	return privacy.Evidence{"hours": len(hours)}, r.store.rollups.MarkHours(ctx, tenant, hours)
}

// Verify implements privacy.Copy.
func (r rollups) Verify(ctx context.Context, tenant tenants.ID, op privacy.Operation) (privacy.Verification, error) {
	m := r.store.mutation(allRollups, tenant, op)
	t, err := m.trace(ctx)
	if err != nil {
		return privacy.Verification{}, err
	}
	if t.begun {
		stale, err := r.store.staleHours(ctx, m, t)
		if err != nil {
			return privacy.Verification{}, err
		}
		if stale > 0 {
			return privacy.Verification{Pending: fmt.Sprintf("the rollups from before of %d hours wait for the next purge", stale)}, nil
		}
	}
	evidence := privacy.Evidence{}
	for _, table := range rollupTables() {
		of := r.store.mutation(table, tenant, op)
		pending, e, err := of.onDisk(ctx)
		if err != nil || pending != "" {
			return privacy.Verification{Pending: pending, Evidence: evidence}, err
		}
		evidence[table] = e
	}
	left, err := r.Find(ctx, tenant, op)
	return privacy.Verification{Left: left.Items, Evidence: evidence}, err
}

// staleHours counts the hours of an operation of which rows lie there that were not computed since: in versions from before by their number, which
// is the time at which their run began. Where clocks are so far apart that this misses one, Find still counts what it says of the subjects.
func (s *Store) staleHours(ctx context.Context, m mutation, t trace) (int64, error) {
	var all []string
	for _, table := range rollupTables() {
		all = append(all, "SELECT DISTINCT hour, version FROM "+table+" WHERE tenant_id = {tenant:UUID} AND hour IN (SELECT hour FROM erased_hours WHERE operation_id = {operation:UUID} AND tenant_id = {tenant:UUID})")
	}
	return s.count(patient(ctx), "SELECT uniqExact(hour) FROM ("+strings.Join(all, " UNION ALL ")+") WHERE version < {hidden:UInt64} AND (hour, version) NOT IN (SELECT hour, version FROM "+fresh+")",
		clickhouse.Named("tenant", m.tenant.String()), clickhouse.Named("operation", m.operation.String()), clickhouse.Named("hidden", t.hiddenAt))
}

// forget hides the rows of rollups that operations have made out of date. It leaves alone what somebody may be reading still, or computing:
//
//   - a version goes when a newer one has been in force for a minute, or when an operation was to mark the hour a minute ago, it is older than
//     that, and the hour was marked indeed: it is not read any more. A version that is not in force is older by its number, which is the time at which its run began: in an hour into
//     which events keep coming none is in force for as long as a minute;
//   - rows of a version that is in force nowhere and newer than all that are go after an hour: their run was cut short.
func (s *Store) forget(ctx context.Context) error {
	open, err := s.open(ctx)
	if err != nil || len(open) == 0 {
		return err
	}
	set := hashed{set: uuid.New()}
	args := append(set.args(), clickhouse.Named("readers", s.readers.Milliseconds()))
	if err := s.conn.Exec(patient(ctx), "INSERT INTO erasing (set_id, field, hash) "+outdated(), args...); err != nil {
		return fmt.Errorf("list rollups that are out of date: %w", ch.Fault(err))
	}
	tenants := make([]string, 0, len(open))
	for _, m := range open {
		tenants = append(tenants, m.tenant.String())
	}
	for _, table := range rollupTables() {
		c := condition{sql: "tenant_id IN {tenants:Array(UUID)} AND " + set.among(versionSQL, versionField), args: append(set.args(), clickhouse.Named("tenants", tenants))}
		n, err := s.count(patient(ctx), "SELECT count() FROM "+table+" WHERE "+c.sql, c.args...)
		if err == nil && n > 0 {
			err = s.forgetIn(ctx, table, set, c, open)
		}
		if err != nil {
			return fmt.Errorf("hide rollups that are out of date: %w", err)
		}
	}
	return s.drop(ctx, set.set.String())
}

// forgetIn hides rows of one table, and notes for all operations that something lies on the disk.
func (s *Store) forgetIn(ctx context.Context, table string, set hashed, c condition, open []mutation) error {
	for _, m := range open {
		m.table = table
		if err := m.begin(ctx); err != nil {
			return err
		}
	}
	if err := s.change(ctx, table, set, "DELETE FROM "+table, c); err != nil {
		return err
	}
	for _, m := range open {
		m.table = table
		if err := m.hidden(ctx); err != nil {
			return err
		}
	}
	return nil
}

const (
	versionSQL   = "concat(toString(tenant_id), ' ', toString(toUnixTimestamp(hour)), ' ', toString(version))"
	versionField = "version"
)

// open are the operations in whose hours there are rollups of before. Those in which there are none any more are not asked about again.
func (s *Store) open(ctx context.Context) ([]mutation, error) {
	noted, err := s.noted(ctx, "table_name = '"+allRollups+"'", "begun > 0 AND applied < hidden_at")
	if err != nil {
		return nil, err
	}
	var open []mutation
	for _, m := range noted[allRollups] {
		t, err := m.trace(ctx)
		if err != nil {
			return nil, err
		}
		stale, err := s.staleHours(ctx, m, t)
		switch {
		case err != nil:
			return nil, fmt.Errorf("look for rollups that are out of date: %w", err)
		case stale > 0:
			open = append(open, m)
		default:
			if err := m.note(ctx, "applied", t.hiddenAt); err != nil {
				return nil, err
			}
		}
	}
	return open, nil
}

// outdated writes the search for what forget hides, for a set.
func outdated() string {
	var there []string
	for _, table := range rollupTables() {
		there = append(there, "SELECT DISTINCT tenant_id, hour, version FROM "+table+" WHERE (tenant_id, hour) IN (SELECT tenant_id, hour FROM noted)")
	}
	return `
WITH
    noted AS
    (
        SELECT tenant_id, hour, max(hidden_at) AS hidden
        FROM erased_hours AS h
        INNER JOIN
        (
            SELECT operation_id, tenant_id, max(erasures.hidden_at) AS hidden_at
            FROM erasures WHERE table_name = '` + allRollups + `' GROUP BY operation_id, tenant_id HAVING max(begun) > 0 AND max(applied) < max(erasures.hidden_at)
        ) AS o USING (operation_id, tenant_id)
        GROUP BY tenant_id, hour
    ),
    there AS (` + strings.Join(there, " UNION DISTINCT ") + `),
    computed AS
    (
        SELECT tenant_id, hour, max(version) AS newest, argMax(computed_at, version) AS since,
            argMax(arrayMax(arrayMap(m -> if(m.1 = toUUID('00000000-0000-0000-0000-000000000000'), m.2, 0), arrayPushBack(marks, (toUUID('00000000-0000-0000-0000-000000000000'), 0)))), version) AS mark
        FROM rollup_hours WHERE (tenant_id, hour) IN (SELECT tenant_id, hour FROM noted) GROUP BY tenant_id, hour
    ),
    marked AS
    (
        SELECT tenant_id, hour, max(stored) AS marked
        FROM marks WHERE log_id = toUUID('00000000-0000-0000-0000-000000000000') AND (tenant_id, hour) IN (SELECT tenant_id, hour FROM noted) GROUP BY tenant_id, hour
    )
SELECT {set:UUID}, '` + versionField + `', sipHash128Keyed(({set_k0:UInt64}, {set_k1:UInt64}), ` + versionSQL + `)
FROM there
INNER JOIN noted USING (tenant_id, hour)
LEFT JOIN computed USING (tenant_id, hour)
LEFT JOIN marked USING (tenant_id, hour)
WHERE multiIf(
    version = newest, mark < hidden AND mark < marked AND hidden < toUnixTimestamp64Micro(now64(6) - toIntervalMillisecond({readers:Int64})),
    version < hidden, hidden < toUnixTimestamp64Micro(now64(6) - toIntervalMillisecond({readers:Int64})),
    version < newest, since < now64(3) - toIntervalMillisecond({readers:Int64}),
    version < toUnixTimestamp64Micro(now64(6) - INTERVAL 1 HOUR))`
}
