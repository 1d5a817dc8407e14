package archive_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/internal/objects"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/privacy/archive"
	"github.com/observatory/observatory/privacy/archive/archivech"
	"github.com/observatory/observatory/privacy/privacypg"
	"github.com/observatory/observatory/privacy/suppress"
	"github.com/observatory/observatory/tenants"
)

// house is an archive with everything real around it.
type house struct {
	t       testing.TB
	tenant  tenants.ID
	conn    driver.Conn
	url     string // of ClickHouse
	events  *archivech.Store
	index   archive.Index
	storage archive.Storage
	service *archive.Service
	log     uuid.UUID
	offset  atomic.Uint64
}

var secret = bytes.Repeat([]byte{5}, 32)

// newHouse makes one whose archive lies at an address.
func newHouse(t testing.TB, address string) *house {
	t.Helper()
	h := &house{t: t, tenant: tenants.ID(uuid.New()), url: testkit.ClickHouse(t), log: uuid.New()}
	var err error
	h.conn, err = ch.Open(t.Context(), h.url)
	require.NoError(t, err)
	t.Cleanup(func() { h.conn.Close() })
	pool, err := pg.Open(t.Context(), testkit.Postgres(t), pg.Options{})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	require.NoError(t, pool.WithTenant(t.Context(), uuid.UUID(h.tenant), func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), "INSERT INTO tenants (id, name, timezone, created_at) VALUES ($1, 'T', 'UTC', now())", uuid.UUID(h.tenant))
		return err
	}))
	store, err := objects.Open(t.Context(), address)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	keys, err := suppress.NewKeys(secret)
	require.NoError(t, err)
	h.events, h.storage = archivech.New(h.conn), store
	h.index = privacypg.New(pool, keys, testkit.Logger(t)).Archives()
	h.service = h.serve(h.storage, h.index)
	return h
}

// serve makes a service on the house's store.
func (h *house) serve(storage archive.Storage, index archive.Index) *archive.Service {
	s, err := archive.New(archive.Config{SecretKey: secret, Quiet: time.Nanosecond}, archive.Deps{
		Storage: storage, Source: h.events, Index: index, Jobs: nobody{}, Now: time.Now, Logger: testkit.Logger(h.t), Metrics: prometheus.NewRegistry(),
	})
	require.NoError(h.t, err)
	return s
}

// nobody takes jobs.
type nobody struct{}

func (nobody) Enqueue(_ context.Context, all ...jobs.Job) ([]jobs.Enqueued, error) {
	return make([]jobs.Enqueued, len(all)), nil
}

// yesterday is the beginning of a day that is over.
func yesterday() time.Time { return time.Now().UTC().Truncate(24 * time.Hour).Add(-24 * time.Hour) }

// event makes an event of somebody.
func event(user, anonymous string, at time.Time) archive.Event {
	return archive.Event{
		Event: "search_made", Type: "track", Time: at.UnixMilli(), EventID: uuid.NewString(), UserID: user, AnonymousID: anonymous, SessionID: "s1",
		Properties: `{"query":"maps","email":"` + user + `@example.com","nested":{"x":1.5}}`, Context: `{"ip":"192.0.2.1"}`, Facts: `{"country":"NZ"}`,
		SourceID: uuid.NewString(), ReceivedAt: at.Add(time.Second).UnixMilli(), CorrelationID: "c1", ReceiptID: uuid.NewString(), ReceiptIndex: 7,
		SDKName: "python", SDKVersion: "1.2", SchemaID: 3, ViolationsCode: []string{"type"}, ViolationsPath: []string{"properties.x"}, ViolationsMessage: []string{"no"},
		Redactions: []string{"email"}, PolicyVersion: 2, Bot: "", BatchID: uuid.NewString(), RerunID: uuid.Nil.String(),
	}
}

// put stores events of the house's tenant, as the sink does: marks before and after.
func (h *house) put(events ...archive.Event) { h.t.Helper(); h.putFor(h.tenant, events...) }

func (h *house) putFor(tenant tenants.ID, events ...archive.Event) {
	h.t.Helper()
	offset := h.offset.Add(100)
	h.mark(tenant, offset, 0, events)
	require.NoError(h.t, h.events.Insert(h.t.Context(), tenant, events))
	h.mark(tenant, 0, offset, events)
}

func (h *house) mark(tenant tenants.ID, begun, stored uint64, events []archive.Event) {
	h.t.Helper()
	hours := map[int64]bool{}
	for _, e := range events {
		hours[e.At().Truncate(time.Hour).Unix()] = true
	}
	require.NoError(h.t, h.conn.Exec(h.t.Context(), `INSERT INTO marks (tenant_id, hour, log_id, begun, stored, marked_at)
		SELECT {tenant:UUID}, toDateTime(arrayJoin({hours:Array(Int64)}), 'UTC'), {log:UUID}, {begun:UInt64}, {stored:UInt64}, now64(3)`,
		clickhouse.Named("tenant", tenant.String()), clickhouse.Named("hours", slices.Collect(maps.Keys(hours))), clickhouse.Named("log", h.log.String()),
		clickhouse.Named("begun", begun), clickhouse.Named("stored", stored)))
}

// write writes what the archive lacks.
func (h *house) write() { h.t.Helper(); h.writeFor(h.tenant) }

func (h *house) writeFor(tenant tenants.ID) {
	h.t.Helper()
	require.NoError(h.t, h.service.Write(h.t.Context(), tenant, func(int, int) error { return nil }))
}

// encrypt says whether the archive is to be encrypted.
func (h *house) encrypt(yes bool) {
	h.t.Helper()
	owner := tenants.Principal{Tenant: h.tenant, Role: tenants.RoleOwner, Actor: tenants.Actor{Kind: tenants.ActorUser, ID: uuid.NewString(), Label: "o@example.com"}}
	require.NoError(h.t, h.service.SetEncryption(h.t.Context(), tenants.By{Principal: owner, CorrelationID: uuid.NewString()}, yes))
}

// manifest is that of a day.
func (h *house) manifest(date string) archive.Manifest {
	h.t.Helper()
	m, err := archive.ReadManifest(h.t.Context(), h.storage, h.tenant, date)
	require.NoError(h.t, err)
	return m
}

// archived reads every event of the archive, by event ID.
func (h *house) archived() map[string]archive.Event {
	h.t.Helper()
	identity, err := h.service.Identity(h.t.Context(), h.tenant)
	require.NoError(h.t, err)
	all, err := archive.ReadAll(h.t.Context(), h.storage, h.tenant, identity)
	require.NoError(h.t, err)
	return all
}

// check verifies the archive, and that nothing lies there that no manifest names.
func (h *house) check() {
	h.t.Helper()
	identity, err := h.service.Identity(h.t.Context(), h.tenant)
	require.NoError(h.t, err)
	require.NoError(h.t, archive.Check(h.t.Context(), h.storage, h.tenant, identity, func(c archive.Checked) {
		require.Empty(h.t, c.Faults)
		require.Empty(h.t, c.Stray)
	}))
}

// stored reads every event of the store.
func (h *house) stored(from archive.Source, tenant tenants.ID) map[string]archive.Event {
	h.t.Helper()
	hours, err := from.Hours(h.t.Context(), tenant, "")
	require.NoError(h.t, err)
	all := map[string]archive.Event{}
	for _, hour := range hours {
		require.NoError(h.t, from.Events(h.t.Context(), tenant, hour.At, hour.At.Add(time.Hour), func(events []archive.Event) error {
			for _, e := range events {
				all[e.EventID] = e
			}
			return nil
		}))
	}
	return all
}

// dying does n calls, and then nothing any more: neither does it what it is asked for, nor does it say so. Or it does, and does not say so.
type dying struct {
	mu     sync.Mutex
	left   int
	after  bool // the call that is the last is done
	called int
}

func (d *dying) call(f func() error) error {
	d.mu.Lock()
	d.called++
	d.left--
	dead, last := d.left < 0, d.left == 0
	d.mu.Unlock()
	if dead || last && !d.after {
		return errDead
	}
	if err := f(); err != nil {
		return err
	}
	if last {
		return errDead
	}
	return nil
}

var errDead = objects.ErrUnavailable.Because(fmt.Errorf("killed"))
