package usage_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/billingch"
	"github.com/observatory/observatory/billing/billingpg"
	"github.com/observatory/observatory/billing/usage"
	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/ingestch"
	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/internal/jobs/jobspg"
	"github.com/observatory/observatory/internal/metering"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/privacy/removals"
	"github.com/observatory/observatory/tenants"
)

// world is both stores, with what writes events and what counts them.
type world struct {
	conn   driver.Conn
	key    metering.Key
	writer *ingestch.Writer
	pool   *pg.Pool
	store  *billingpg.Store
	jobs   *jobspg.Store
	log    testing.TB
}

func newWorld(t *testing.T) *world {
	t.Helper()
	conn, err := ch.Open(t.Context(), testkit.ClickHouse(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	pool, err := pg.Open(t.Context(), testkit.Postgres(t), pg.Options{})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	key, err := metering.NewKey(make([]byte, 32))
	require.NoError(t, err)
	return &world{conn: conn, key: key, writer: ingestch.New(conn).Writer(uuid.New()), pool: pool, store: billingpg.New(pool), jobs: jobspg.New(pool, jobspg.Config{}), log: t}
}

// tb is what testing.TB and rapid.T have in common.
type tb interface {
	require.TestingT
	Helper()
	Context() context.Context
}

// tenant adds a tenant.
func (w *world) tenant(t tb) tenants.ID {
	t.Helper()
	id := tenants.NewID()
	require.NoError(t, w.pool.WithTenant(t.Context(), uuid.UUID(id), func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), "INSERT INTO tenants (id, name, timezone, created_at) VALUES ($1, 'Tenant', 'UTC', now())", uuid.UUID(id))
		return err
	}))
	return id
}

// books are the real ones, which say that the logs are carried up to now, and may fail.
type books struct {
	usage.Books
	now  func() time.Time
	fail func(when string) error
}

func (b books) Carried(context.Context) (time.Time, error) { return b.now(), nil }

func (b books) Book(ctx context.Context, tenant tenants.ID, c usage.Counted) ([]billing.Entry, error) {
	if err := b.fail("before"); err != nil {
		return nil, err
	}
	booked, err := b.Books.Book(ctx, tenant, c)
	if err == nil {
		err = b.fail("after")
	}
	return booked, err
}

// counter is the real one. between is called once, when something was counted and is not booked yet.
type counter struct {
	usage.Counter
	between *func()
}

func (c counter) Count(ctx context.Context, tenant tenants.ID, from, to time.Time) ([]usage.Count, error) {
	all, err := c.Counter.Count(ctx, tenant, from, to)
	if f := *c.between; f != nil {
		*c.between = nil
		f()
	}
	return all, err
}

// service counts, with a clock.
func (w *world) service(now func() time.Time, fail func(string) error, between *func()) *usage.Service {
	return usage.New(usage.Deps{
		Books: books{w.store.Usage(), now, fail}, Counter: counter{billingch.NewCounter(w.conn, w.key), between}, Consumption: w.store.Consumption(), Jobs: w.jobs, Now: now, Logger: testkit.Logger(w.log),
	})
}

// plain is a service that nothing happens to.
func (w *world) plain(now func() time.Time) *usage.Service {
	return w.service(now, func(string) error { return nil }, new(func()))
}

// event is an event as the tests know it.
type event struct {
	name, id  string
	user      string // begins with a: an anonymous ID
	bot       string
	time      time.Time
	received  time.Time
	receipt   ingest.ReceiptID
	replay    uuid.UUID
	size      int
	duplicate bool // it is none that is stored
}

func (e event) stored(tenant tenants.ID, source tenants.SourceID) ingest.StoredEvent {
	header := &ingest.Header{Sender: ingest.Sender{Tenant: tenant, Source: source}, Receipt: e.receipt, ReceivedAt: e.received}
	s := ingest.StoredEvent{Header: header, Rerun: e.replay, Event: ingest.Event{
		Type: ingest.Track, Name: []byte(e.name), ID: []byte(e.id), Time: e.time, Bot: []byte(e.bot), Properties: []byte(fmt.Sprintf(`{"size":"%0*d"}`, e.size, 0)),
	}}
	if e.user != "" && e.user[0] == 'a' {
		s.AnonymousID = []byte(e.user)
	} else {
		s.UserID = []byte(e.user)
	}
	return s
}

// write stores events as the sink does: with their receipts, and rows of the conservation ledger.
func (w *world) write(t tb, tenant tenants.ID, again bool, events, reruns []event) *ingest.Settlement {
	t.Helper()
	source := tenants.SourceID(uuid.New())
	set := &ingest.Settlement{Range: ingest.Range{ID: uuid.New(), To: 1}}
	hours := map[time.Time]*ingest.Counts{}
	count := func(e event) *ingest.Counts {
		hour := e.received.Truncate(time.Hour)
		if hours[hour] == nil {
			hours[hour] = &ingest.Counts{}
		}
		return hours[hour]
	}
	for _, e := range events {
		stored := e.stored(tenant, source)
		receipt := ingest.SettledReceipt{Header: stored.Header, EventIDs: [][]byte{[]byte(e.id)}}
		if e.duplicate {
			receipt.Exceptions = []ingest.Outcome{{Status: ingest.Duplicate, Code: ingest.CodeDuplicate}}
			count(e).Add(ingest.Duplicate, 1)
		} else {
			set.Events = append(set.Events, stored)
			count(e).Add(ingest.Stored, 1)
		}
		set.Receipts = append(set.Receipts, receipt)
	}
	for _, e := range reruns {
		set.Reruns = append(set.Reruns, e.stored(tenant, source))
		count(e)
	}
	for hour, counts := range hours {
		set.Ledger = append(set.Ledger, ingest.LedgerEntry{Sender: ingest.Sender{Tenant: tenant, Source: source}, Hour: hour, Counts: *counts})
	}
	if again { // the first attempt died after half of the events
		half := &ingest.Settlement{Range: set.Range, Events: set.Events[:len(set.Events)/2]}
		require.NoError(t, w.writer.Write(t.Context(), half, false))
	}
	require.NoError(t, w.writer.Write(t.Context(), set, again))
	return set
}

// note writes down what is about to be removed.
func (w *world) note(t tb, tenant tenants.ID, operation uuid.UUID, where string) {
	t.Helper()
	require.NoError(t, removals.Note(t.Context(), w.conn, removals.Removal{Tenant: tenant, Operation: operation, Table: removals.Events, Where: where, Key: w.key}))
}

// remove removes.
func (w *world) remove(t tb, tenant tenants.ID, where string) {
	t.Helper()
	require.NoError(t, w.conn.Exec(t.Context(), "DELETE FROM events WHERE tenant_id = '"+tenant.String()+"' AND ("+where+")"))
}

// leave begins to erase the tenant.
func (a *account) leave(t *testing.T) {
	t.Helper()
	require.NoError(t, a.pool.WithTenant(t.Context(), uuid.UUID(a.tenant), func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `
			INSERT INTO offboardings (id, tenant_id, tenant_name, state, asked_at, asked_by, erase_at, changed_at)
			VALUES ($1, $2, 'Tenant', 'deleting', now(), 'somebody', now(), now())`, uuid.New(), uuid.UUID(a.tenant))
		return err
	}))
}
