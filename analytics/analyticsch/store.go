package analyticsch

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/tenants"
)

// Limits are what one query may use.
type Limits struct {
	Time   time.Duration // on the server, whole seconds; 0 means 10 s
	Memory int64         // bytes on the server; 0 means 2 GB
	Rows   int           // of the answer; 0 means 250,000: more than a trend of analytics.MaxPoints has, with a row per series and per value
}

// Config is what a Store needs.
type Config struct {
	Conn   driver.Conn
	Limits Limits
	Now    func() time.Time // lists of events begin their search here
	Worked Worked           // may be nil
}

// Worked is told after each statement about a tenant for how long the server worked on it, which is the server's own word and leaves out how long
// the answer took to read, and whether it gave one. It takes no time worth speaking of.
type Worked func(tenant tenants.ID, work time.Duration, answered bool)

// Store implements analytics.Store.
type Store struct {
	conn   driver.Conn
	limits Limits
	now    func() time.Time
	worked Worked
}

var _ analytics.Store = (*Store)(nil)

// New makes a Store. It panics when Conn or Now is missing, which is a mistake in the wiring.
func New(c Config) *Store {
	if c.Conn == nil || c.Now == nil {
		panic("analyticsch: Config needs Conn and Now")
	}
	if c.Limits.Time == 0 {
		c.Limits.Time = 10 * time.Second
	}
	if c.Limits.Memory == 0 {
		c.Limits.Memory = 2_000_000_000
	}
	if c.Limits.Rows == 0 {
		c.Limits.Rows = 250_000
	}
	if c.Worked == nil {
		c.Worked = func(tenants.ID, time.Duration, bool) {}
	}
	return &Store{conn: c.Conn, limits: c.Limits, now: c.Now, worked: c.Worked}
}

// query runs a statement and calls scan for each row.
func (s *Store) query(ctx context.Context, st *statement, scan func(driver.Rows) error) (cost analytics.Cost, err error) {
	var read, work atomic.Uint64
	defer func() { s.worked(st.tenant, time.Duration(work.Load()), err == nil) }() //nolint:gosec // far from its limit
	ctx = clickhouse.Context(noDeadline{ctx},
		clickhouse.WithSettings(clickhouse.Settings{
			"readonly":              1,
			"max_execution_time":    int(s.limits.Time.Seconds()),
			"timeout_overflow_mode": "throw",
			"max_memory_usage":      s.limits.Memory,
			"max_result_rows":       s.limits.Rows,
			"result_overflow_mode":  "throw",
			"do_not_merge_across_partitions_select_final": 1,
			"transform_null_in":                           1, // a missing breakdown value is one among the top values
		}),
		clickhouse.WithProgress(func(p *clickhouse.Progress) {
			read.Add(p.Rows)
			work.Add(uint64(p.Elapsed)) //nolint:gosec // since the progress before, never negative
		}),
	)
	started := time.Now()
	rows, err := s.conn.Query(ctx, st.sql, st.arguments()...) //nolint:contextcheck // it is the caller's, but for the deadline
	if err != nil {
		return analytics.Cost{}, translate(err)
	}
	defer func() {
		if closing := rows.Close(); err == nil && closing != nil {
			err = translate(closing)
		}
	}()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return analytics.Cost{}, fmt.Errorf("read a row: %w", err)
		}
	}
	if err := rows.Err(); err != nil {
		return analytics.Cost{}, translate(err)
	}
	return analytics.Cost{Query: st.sql, Parameters: st.texts(), Elapsed: time.Since(started), RowsRead: int64(read.Load())}, nil
}

// translate makes faults of the driver's errors, this domain's own where it has one.
func translate(err error) error {
	err = ch.Fault(err)
	if errors.Is(err, ch.ErrTooExpensive) {
		return analytics.ErrTooExpensive.Because(err)
	}
	return err
}

// noDeadline hides a context's deadline, not its end: the driver would raise max_execution_time to a deadline that is later
// than our limit.
type noDeadline struct{ context.Context }

func (noDeadline) Deadline() (time.Time, bool) { return time.Time{}, false }
