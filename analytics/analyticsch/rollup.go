package analyticsch

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/analytics/rollup"
	"github.com/observatory/observatory/tenants"
)

// Rollups computes and compares rollups in ClickHouse.
type Rollups struct {
	store *Store
	now   func() time.Time
}

// NewRollups makes a Rollups. It panics when Conn or Now is missing, which is a mistake in the wiring.
func NewRollups(c Config) *Rollups {
	if c.Limits.Time == 0 {
		c.Limits.Time = 5 * time.Minute
	}
	if c.Limits.Memory == 0 {
		c.Limits.Memory = 1_000_000_000 // half of what an embedded server has
	}
	return &Rollups{store: New(c), now: c.Now}
}

// maxTogether is how many events one statement may go over, unless they are one hour's. It bounds what the quantiles of their numbers take:
// 8 bytes for each number.
const maxTogether = 1_000_000

// Recompute computes the rollups of these hours of a tenant from its events, with these breakdowns, and puts them in force. Hours in which
// a batch is under way are left as they are. Hours are whole ones; any number will do, in any order. It may run as often as one
// likes and several times at once: what readers take is always of one run. An hour that takes too much is left out, and does not keep others
// from being computed. Its faults are those of analytics.Store.
func (r *Rollups) Recompute(ctx context.Context, tenant tenants.ID, hours []time.Time, breakdowns []string) (rollup.Computed, error) {
	var done rollup.Computed
	if len(hours) == 0 {
		return done, nil
	}
	// The marks before the events: whatever is missing among the events read later has a mark of its own.
	states, err := r.states(ctx, tenant, hours)
	if err != nil {
		return done, fmt.Errorf("read the marks: %w", err)
	}
	sizes, err := r.sizes(ctx, tenant, hours)
	if err != nil {
		return done, fmt.Errorf("count events: %w", err)
	}
	groups := [][]hourState{nil}
	var size uint64
	for _, state := range states {
		if state.Undecided {
			done.Undecided = append(done.Undecided, state.Hour.UTC())
			continue
		}
		state.size = sizes[state.Hour.Unix()]
		if size += state.size; size > maxTogether {
			groups, size = append(groups, nil), state.size
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], state)
	}
	var tooMuch error
	for _, group := range groups {
		err := r.recompute(ctx, tenant, group, breakdowns, &done)
		if err != nil && !errors.Is(err, analytics.ErrTooExpensive) {
			return done, err
		}
		tooMuch = errors.Join(tooMuch, err)
	}
	return done, tooMuch
}

// recompute computes hours together, or where that takes too much in two halves, and adds to done what it has come to.
func (r *Rollups) recompute(ctx context.Context, tenant tenants.ID, states []hourState, breakdowns []string, done *rollup.Computed) error {
	if len(states) == 0 {
		return nil
	}
	events, err := r.fill(ctx, tenant, states, breakdowns)
	switch {
	case err == nil:
		done.Hours += len(states)
		done.Events += events
		return nil
	case !errors.Is(err, analytics.ErrTooExpensive):
		return err
	case len(states) == 1:
		hour := states[0].Hour.UTC()
		done.TooMuch = append(done.TooMuch, hour)
		return fmt.Errorf("%s: %w", hour.Format(time.RFC3339), err)
	}
	half := len(states) / 2
	err = r.recompute(ctx, tenant, states[:half], breakdowns, done)
	if err != nil && !errors.Is(err, analytics.ErrTooExpensive) {
		return err
	}
	return errors.Join(err, r.recompute(ctx, tenant, states[half:], breakdowns, done))
}

// fill writes all rows of these hours, and last which version is in force.
func (r *Rollups) fill(ctx context.Context, tenant tenants.ID, states []hourState, breakdowns []string) (int64, error) {
	unlinked, err := r.store.unlinked(ctx, tenant)
	if err != nil {
		return 0, err
	}
	version := r.version(states)
	var hours, filled []time.Time
	for _, state := range states {
		hours = append(hours, state.Hour)
		if state.size > 0 {
			filled = append(filled, state.Hour)
		}
	}
	for _, table := range rollupTables(breakdowns) {
		if len(filled) == 0 {
			break
		}
		s := newStatement(tenant)
		s.unlinked = unlinked
		if err := table.fill(s, filled, version); err != nil {
			return 0, err
		}
		if err := r.exec(ctx, s); err != nil {
			return 0, fmt.Errorf("fill %s: %w", table.name, err)
		}
	}
	found, err := r.filled(ctx, tenant, hours, version)
	if err != nil {
		return 0, fmt.Errorf("read what was filled: %w", err)
	}
	return r.enforce(ctx, tenant, states, version, breakdowns, found)
}

// version is larger than those before it. Two runs at the same moment must not share one: their rows would be taken together. They would
// have to draw the same number in the same microsecond.
func (r *Rollups) version(states []hourState) uint64 {
	version := uint64(max(0, r.now().UnixMicro())) //nolint:gosec // not negative
	for _, state := range states {
		version = max(version, state.Version+1)
	}
	const draws = 1000
	return version + rand.Uint64N(draws) //nolint:gosec // chance, not secrets
}

// enforce puts a version in force, and returns how many events it has.
func (r *Rollups) enforce(ctx context.Context, tenant tenants.ID, states []hourState, version uint64, breakdowns []string, found map[int64]filledRow) (int64, error) {
	var events int64
	if breakdowns == nil {
		breakdowns = []string{}
	}
	batch, err := r.store.conn.PrepareBatch(r.writing(ctx), "INSERT INTO rollup_hours (tenant_id, hour, version, marks, events, breakdowns, gaps, computed_at)")
	if err != nil {
		return 0, translate(err)
	}
	defer batch.Close() //nolint:errcheck // Send tells
	for _, state := range states {
		marks := [][]any{}
		for i, log := range state.Logs {
			marks = append(marks, []any{log, state.Offsets[i]})
		}
		f := found[state.Hour.Unix()]
		if f.Gaps == nil {
			f.Gaps = []string{}
		}
		if err := batch.Append(uuid.UUID(tenant), state.Hour, version, marks, f.Events, breakdowns, f.Gaps, r.now().UTC()); err != nil {
			return 0, fmt.Errorf("put a version in force: %w", err)
		}
		events += int64(f.Events) //nolint:gosec // a count
	}
	return events, translate(batch.Send())
}

// exec runs a statement that writes.
func (r *Rollups) exec(ctx context.Context, s *statement) error {
	return translate(r.store.conn.Exec(r.writing(ctx), s.sql, s.arguments()...))
}

// writing are the settings of an INSERT: done when it returns, not deduplicated, bounded in time and memory, and no more than its share of a
// server that answers people meanwhile.
func (r *Rollups) writing(ctx context.Context) context.Context {
	return clickhouse.Context(noDeadline{ctx}, clickhouse.WithSettings(clickhouse.Settings{
		"async_insert":                                0,
		"max_partitions_per_insert_block":             0, // late events of any age
		"max_execution_time":                          int(r.store.limits.Time.Seconds()),
		"timeout_overflow_mode":                       "throw",
		"max_memory_usage":                            r.store.limits.Memory,
		"max_bytes_before_external_group_by":          r.store.limits.Memory / 4,
		"max_threads":                                 2,
		"do_not_merge_across_partitions_select_final": 1,
	}))
}

// hourState is what is known of an hour before it is computed.
type hourState struct {
	Hour      time.Time   `ch:"hour"`
	Logs      []uuid.UUID `ch:"logs"`
	Offsets   []uint64    `ch:"offsets"`
	Undecided bool        `ch:"undecided"`
	Version   uint64      `ch:"newest"` // 0: none yet
	size      uint64      // how many rows its events are
}

// states returns the state of each hour, oldest first.
func (r *Rollups) states(ctx context.Context, tenant tenants.ID, hours []time.Time) ([]hourState, error) {
	var found []hourState
	_, err := r.store.query(ctx, hourStates(tenant, hours), func(rows driver.Rows) error {
		var state hourState
		defer func() { found = append(found, state) }()
		return rows.ScanStruct(&state)
	})
	return found, err
}

// sizes counts the rows of each hour's events, duplicates among them.
func (r *Rollups) sizes(ctx context.Context, tenant tenants.ID, hours []time.Time) (map[int64]uint64, error) {
	sizes := map[int64]uint64{}
	_, err := r.store.query(ctx, hourSizes(tenant, hours), func(rows driver.Rows) error {
		var hour time.Time
		var events uint64
		defer func() { sizes[hour.Unix()] = events }()
		return rows.Scan(&hour, &events)
	})
	return sizes, err
}

// filledRow is what was written for an hour.
type filledRow struct {
	Hour   time.Time `ch:"hour"`
	Events uint64    `ch:"events"`
	Gaps   []string  `ch:"gaps"`
}

func (r *Rollups) filled(ctx context.Context, tenant tenants.ID, hours []time.Time, version uint64) (map[int64]filledRow, error) {
	found := map[int64]filledRow{}
	_, err := r.store.query(ctx, filledHours(tenant, hours, version), func(rows driver.Rows) error {
		var row filledRow
		defer func() { found[row.Hour.Unix()] = row }()
		return rows.ScanStruct(&row)
	})
	return found, err
}
