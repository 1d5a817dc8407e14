package privacych

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/internal/metering"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/tenants"
)

// Rollups are what is computed from events.
type Rollups interface {
	// MarkHours has the rollups of these hours computed again. Until then they are not read.
	MarkHours(ctx context.Context, tenant tenants.ID, hours []time.Time) error
}

// Config is what a Store needs.
type Config struct {
	Conn    driver.Conn
	Rollups Rollups
	Key     metering.Key  // under which people who are removed count still
	Readers time.Duration // how long a query may go on reading rollups that were in force when it began; 0 means a minute
}

// Store removes people from ClickHouse.
type Store struct {
	conn    driver.Conn
	rollups Rollups
	key     metering.Key
	readers time.Duration
}

// New makes a Store. It panics when something is missing, which is a mistake in the wiring.
func New(c Config) *Store {
	if c.Conn == nil || c.Rollups == nil || c.Key == (metering.Key{}) {
		panic("privacych: Config is incomplete")
	}
	if c.Readers == 0 {
		c.Readers = time.Minute
	}
	return &Store{conn: c.Conn, rollups: c.Rollups, key: c.Key, readers: c.Readers}
}

// Copies are all copies in ClickHouse, in the order in which they are erased.
func (s *Store) Copies() []privacy.Copy {
	return []privacy.Copy{s.Events(), s.Quarantine(), s.Held(), s.Rollups(), s.Profiles(), s.Receipts()}
}

// Settings of statements that may take long: they are bounded by their context, and leave something to those who ask questions meanwhile.
func patient(ctx context.Context, options ...clickhouse.QueryOption) context.Context {
	return clickhouse.Context(ctx, append(options, clickhouse.WithSettings(clickhouse.Settings{
		"max_execution_time": 0, "max_partitions_per_insert_block": 0, "async_insert": 0,
		"mutations_sync": 0, "lightweight_deletes_sync": 0, // see mutation.wait
		"max_threads": 2,
	}))...)
}

// count asks for one number.
func (s *Store) count(ctx context.Context, sql string, args ...any) (int64, error) {
	var n uint64
	if err := s.conn.QueryRow(ctx, sql, args...).Scan(&n); err != nil {
		return 0, ch.Fault(err)
	}
	return int64(n), nil //nolint:gosec // a count
}

// hoursOf reads the hours in which an operation has changed events.
func (s *Store) hoursOf(ctx context.Context, operation uuid.UUID, tenant tenants.ID) ([]time.Time, error) {
	rows, err := s.conn.Query(ctx, "SELECT DISTINCT hour FROM erased_hours WHERE operation_id = {operation:UUID} AND tenant_id = {tenant:UUID} ORDER BY hour",
		clickhouse.Named("operation", operation.String()), clickhouse.Named("tenant", tenant.String()))
	if err != nil {
		return nil, ch.Fault(err)
	}
	defer rows.Close() //nolint:errcheck // Err tells
	var hours []time.Time
	for rows.Next() {
		var hour time.Time
		if err := rows.Scan(&hour); err != nil {
			return nil, fmt.Errorf("read an hour: %w", err)
		}
		hours = append(hours, hour.UTC())
	}
	return hours, ch.Fault(rows.Err())
}
