package quality_test

import (
	"context"
	"fmt"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/analytics/analyticsch"
	"github.com/observatory/observatory/analytics/analyticspg"
	"github.com/observatory/observatory/analytics/quality"
	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/ingestch"
	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tenants"
	"github.com/observatory/observatory/tenants/tenantspg"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// house is checks on real engines, with a clock of its own.
type house struct {
	t       *testing.T
	conn    driver.Conn
	events  *ingestch.Store
	books   tenantBooks
	trends  *analytics.Service
	store   analyticspg.Quality
	service *quality.Service
	control *tenants.Services
	by      tenants.By
	clock   atomic.Int64 // microseconds
}

// morning is on a whole hour, so that every tick is due, not long ago: receipts are not kept for ever.
func morning() time.Time { return time.Now().UTC().Truncate(24 * time.Hour).Add(-14 * time.Hour) }

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t}
	h.set(morning().Add(5 * time.Minute))
	var err error
	h.conn, err = ch.Open(t.Context(), testkit.ClickHouse(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, h.conn.Close()) })
	pool, err := pg.Open(t.Context(), testkit.Postgres(t), pg.Options{})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	h.events = ingestch.New(h.conn)
	h.books = tenantBooks{ingest.NewBooks(h.events, ingest.NewReceipts([]byte("secret")), h.now, testkit.Logger(t))}
	h.trends = analytics.New(analytics.Deps{Store: analyticsch.New(analyticsch.Config{Conn: h.conn, Now: h.now}), Now: h.now})
	h.store = analyticspg.New(pool).Quality()
	h.service = quality.NewService(h.store, h.now)
	h.control, err = tenants.New(
		tenants.Config{
			PublicURL: &url.URL{Scheme: "https", Host: "observatory.example"}, SecretKey: make([]byte, tenants.SecretKeyLength),
			Passwords: tenants.PasswordConfig{MemoryKiB: 64, Passes: 1},
		},
		tenants.Deps{Store: tenantspg.New(pool, testkit.Logger(t)), Mailer: noMail{}, Log: testkit.Logger(t), Now: time.Now},
	)
	require.NoError(t, err)
	require.NoError(t, h.control.SigningKeys.Ensure(t.Context()))
	h.by = h.signUp()
	return h
}

// tenantBooks are the books as the port of quality wants them.
type tenantBooks struct{ *ingest.Books }

func (b tenantBooks) UnbalancedHours(ctx context.Context, tenant tenants.ID, since time.Time) (hours []time.Time, err error) {
	unbalanced, err := b.Unbalanced(ctx, tenant, since)
	for _, h := range unbalanced {
		hours = append(hours, h.Hour)
	}
	return hours, err
}

type noMail struct{}

func (noMail) Send(context.Context, tenants.Message) error { return nil }

func (h *house) signUp() tenants.By {
	h.t.Helper()
	made, err := h.control.Accounts.SignUp(h.t.Context(), tenants.SignUpInput{Email: uuid.NewString() + "@example.com", Password: "correct horse battery", Organisation: "Acme"})
	require.NoError(h.t, err)
	principal, err := made.Session.Principal()
	require.NoError(h.t, err)
	return tenants.By{Principal: principal, CorrelationID: "correlation"}
}

func (h *house) tenant() tenants.ID   { return h.by.Principal.Tenant }
func (h *house) now() time.Time       { return time.UnixMicro(h.clock.Load()).UTC() }
func (h *house) set(t time.Time)      { h.clock.Store(t.UnixMicro()) }
func (h *house) pass(d time.Duration) { h.clock.Add(d.Microseconds()) }

func (h *house) runner() *quality.Runner { return h.runnerOn(h.trends) }

func (h *house) runnerOn(trends quality.Trends) *quality.Runner {
	return quality.NewRunner(quality.RunnerDeps{Schedule: h.store, Trends: trends, Books: h.books, Now: h.now})
}

func (h *house) run() {
	h.t.Helper()
	require.NoError(h.t, h.runner().Run(h.t.Context(), h.tenant()))
}

// add adds a check and leaves out the built-in ones, unless asked for.
func (h *house) add(d quality.Definition) quality.Check {
	h.t.Helper()
	c, err := h.service.Create(h.t.Context(), h.by, d)
	require.NoError(h.t, err)
	return c
}

// builtin finds the check of a kind that everybody has.
func (h *house) builtin(kind quality.Kind) quality.Check {
	h.t.Helper()
	all, err := h.service.List(h.t.Context(), h.tenant())
	require.NoError(h.t, err)
	for _, c := range all {
		if c.Builtin && c.Kind == kind {
			return c
		}
	}
	h.t.Fatalf("there is no built-in %s", kind)
	return quality.Check{}
}

// results are all of a check, the oldest first.
func (h *house) results(id quality.ID) []quality.Result {
	h.t.Helper()
	all, err := h.service.Results(h.t.Context(), h.tenant(), id, time.Time{}, h.now().AddDate(1, 0, 0))
	require.NoError(h.t, err)
	return all
}

func (h *house) newest(id quality.ID) quality.Result {
	h.t.Helper()
	all := h.results(id)
	require.NotEmpty(h.t, all)
	return all[len(all)-1]
}

// send stores n events of a name as the sink does, received at the time that they are of. Every one has these properties.
func (h *house) send(tenant tenants.ID, name, properties string, at time.Time, n int) *ingest.Settlement {
	h.t.Helper()
	sender := ingest.Sender{Tenant: tenant, Source: tenants.SourceID(uuid.New()), Key: tenants.KeyID(uuid.New())}
	header := &ingest.Header{Sender: sender, Receipt: ingest.NewReceiptID(at, n, true), ReceivedAt: at, CorrelationID: "correlation"}
	receipt := ingest.SettledReceipt{Header: header}
	ledger := ingest.LedgerEntry{Sender: sender, Hour: at.Truncate(time.Hour)}
	set := &ingest.Settlement{Range: ingest.Range{ID: uuid.New(), To: 1}}
	for i := range n {
		id := fmt.Appendf(nil, "%s-%d", uuid.UUID(header.Receipt), i)
		receipt.EventIDs = append(receipt.EventIDs, id)
		set.Events = append(set.Events, ingest.StoredEvent{Header: header, Index: i, Event: ingest.Event{
			Type: ingest.Track, Name: []byte(name), ID: id, UserID: []byte("user"), Time: at, Properties: []byte(properties), Context: []byte("{}"),
		}})
	}
	ledger.Counts.Add(ingest.Stored, int64(n))
	set.Receipts, set.Ledger = []ingest.SettledReceipt{receipt}, []ingest.LedgerEntry{ledger}
	require.NoError(h.t, h.events.Writer(uuid.New()).Write(h.t.Context(), set, false))
	return set
}
