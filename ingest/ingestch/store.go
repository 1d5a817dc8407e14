// Package ingestch keeps events, dead letters, receipts and the ledger in ClickHouse: the end of the way of an event.
package ingestch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/internal/ch"
)

// Store reads and writes what the way of an event ends in. What writes batches is its Writer.
type Store struct{ conn driver.Conn }

// New makes a store on a connection pool.
func New(conn driver.Conn) *Store { return &Store{conn: conn} }

// insertTimeout bounds one insert. It is long: a batch that is given up is begun again from its start. Counting it back takes no longer.
const insertTimeout = 30 * time.Second

// Write implements ingest.Store. The ledger comes last: where its rows are, all others are. The hours of the events are marked before and
// after these are sent: between the two nobody can tell what an hour holds.
func (w *Writer) Write(ctx context.Context, set *ingest.Settlement, again bool) error {
	changing := hours(set)
	if err := w.mark(ctx, changing, set.Range.To, 0); err != nil {
		return err
	}
	if err := write(ctx, w.conn, events(), set.Range.ID, set.Events, again); err != nil {
		return err
	}
	if err := w.rerun(ctx, set, again); err != nil {
		return err
	}
	if err := w.mark(ctx, changing, 0, set.Range.To); err != nil {
		return err
	}
	if err := write(ctx, w.conn, heldEvents(), set.Range.ID, set.Held, again); err != nil {
		return err
	}
	if err := write(ctx, w.conn, deadLetters(), set.Range.ID, set.DeadLetters, again); err != nil {
		return err
	}
	if err := write(ctx, w.conn, receipts(), set.Range.ID, set.Receipts, again); err != nil {
		return err
	}
	if err := write(ctx, w.conn, repairs(), set.Range.ID, set.Repairs, again); err != nil {
		return err
	}
	return write(ctx, w.conn, ledger(), set.Range.ID, set.Ledger, again)
}

// write stores the rows of one table. Where an earlier attempt ended without an answer, what it may still be doing is ended, and what it
// has done is counted back: an insert that touches several months is not atomic, so any part of the rows may be there.
func write[R any](ctx context.Context, conn driver.Conn, t table[R], batch uuid.UUID, rows []R, again bool) error {
	if len(rows) == 0 {
		return nil
	}
	attempt := "1"
	if again {
		missing, err := t.missing(ctx, conn, batch, rows)
		if err != nil {
			return fmt.Errorf("count back %s: %w", t.name, ch.Fault(err))
		}
		if len(missing) == 0 {
			return nil
		}
		if len(missing) < len(rows) {
			attempt = uuid.NewString() // other rows than the first attempt's: they must not be taken for its repetition
		}
		rows = missing
	}
	if t.label != "" {
		attempt = t.label + attempt
	}
	if err := t.insert(ctx, conn, batch, attempt, rows); err != nil {
		return fmt.Errorf("insert into %s: %w", t.name, ch.Fault(err))
	}
	return nil
}

// table says how the rows of a settlement become columns.
type table[R any] struct {
	name    string
	label   string // tells two inserts of one batch into the same table apart; empty for the first
	columns []column[R]
	// identity is a tuple of SQL that tells rows of a batch apart, and the same of a row here
	identity string
	same     func(*R) string
}

type column[R any] struct {
	name   string
	values func(rows []R) any // a slice that the driver appends at once
}

// insert sends rows as one block.
func (t table[R]) insert(ctx context.Context, conn driver.Conn, batch uuid.UUID, attempt string, rows []R) (err error) {
	ctx, cancel := context.WithTimeout(ctx, insertTimeout)
	defer cancel()
	ctx = clickhouse.Context(ctx, clickhouse.WithQueryID(queryID(t.name, batch, attempt)), clickhouse.WithSettings(clickhouse.Settings{
		"async_insert":                    0,
		"deduplicate_insert":              "enable", // insert_deduplicate does nothing any more
		"insert_deduplication_token":      queryID(t.name, batch, attempt),
		"max_partitions_per_insert_block": 0, // late events of any age; their range is bounded by ingest.EarliestTime
		"max_execution_time":              0,
	}))
	statement := "INSERT INTO " + t.name + " ("
	for _, c := range t.columns {
		statement += c.name + ", "
	}
	statement += "_batch_id)"
	block, err := conn.PrepareBatch(ctx, statement)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, block.Abort())
		}
	}()
	for i, c := range t.columns {
		if err := block.Column(i).Append(c.values(rows)); err != nil {
			return fmt.Errorf("column %s: %w", c.name, err)
		}
	}
	ids := make([]uuid.UUID, len(rows))
	for i := range ids {
		ids[i] = batch
	}
	if err := block.Column(len(t.columns)).Append(ids); err != nil {
		return fmt.Errorf("column _batch_id: %w", err)
	}
	return block.Send()
}

func queryID(table string, batch uuid.UUID, attempt string) string {
	return "batch-" + batch.String() + "-" + table + "-" + attempt
}

// missing tells which rows of a batch the table does not hold, once nothing works on that batch any more.
func (t table[R]) missing(ctx context.Context, conn driver.Conn, batch uuid.UUID, rows []R) ([]R, error) {
	ctx, cancel := context.WithTimeout(ctx, insertTimeout)
	defer cancel()
	if err := conn.Exec(ctx, "KILL QUERY WHERE startsWith(query_id, {prefix:String}) SYNC FORMAT Null",
		clickhouse.Named("prefix", "batch-"+batch.String()+"-"+t.name+"-")); err != nil {
		return nil, fmt.Errorf("end earlier attempt: %w", err)
	}
	found, err := conn.Query(ctx, "SELECT "+t.identity+" FROM "+t.name+" WHERE _batch_id = {batch:UUID}", clickhouse.Named("batch", batch.String()))
	if err != nil {
		return nil, err
	}
	defer found.Close() //nolint:errcheck // Err tells
	there := map[string]struct{}{}
	for found.Next() {
		var identity string
		if err := found.Scan(&identity); err != nil {
			return nil, err
		}
		there[identity] = struct{}{}
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	var missing []R
	for i := range rows {
		if _, ok := there[t.same(&rows[i])]; !ok {
			missing = append(missing, rows[i])
		}
	}
	return missing, nil
}
