package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/tests/harness"
)

// billed is an invoice of a month that is over, with a line about usage.
type billed struct{ invoice, line string }

func nobodyBilled() billed { return billed{invoice: uuid.NewString(), line: uuid.NewString()} }

func (x billed) operations() []operation {
	const path = "/v1/billing/invoices/"
	line := path + x.invoice + "/lines/" + x.line
	return []operation{
		{id: "listInvoices", method: "GET", path: "/v1/billing/invoices?limit=1", may: paying, status: 200},
		{id: "getInvoice", method: "GET", path: path + "draft", may: paying, status: 200},
		{id: "getInvoice", method: "GET", path: path + x.invoice, may: paying, status: 200, theirs: "invoice_not_found"},
		{id: "downloadInvoice", method: "GET", path: path + x.invoice + "/csv", may: paying, status: 200, theirs: "invoice_not_found"},
		{id: "listInvoiceLineHours", method: "GET", path: line + "/hours", may: paying, status: 200, theirs: "invoice_not_found"},
		{id: "listInvoiceLineHours", method: "GET", path: line + "/hours?day=2026-01-05", may: paying, status: 200, theirs: "invoice_not_found"},
		{id: "listInvoiceLineEvents", method: "GET", path: line + "/events?hour=2026-01-05T10:00:00Z", may: paying, status: 200, theirs: "invoice_not_found"},
		{id: "listCredits", method: "GET", path: "/v1/billing/credits", may: paying, status: 200},
		{id: "compareReceipts", method: "GET", path: "/v1/billing/disputes", may: paying, status: 200},
	}
}

// seedBilled writes the invoice and the usage behind it, as closing January does. Once it is due, the server writes to the audit log that it is.
func seedBilled(t *testing.T, server *harness.Server, tenant string, due time.Time) billed {
	t.Helper()
	x := nobodyBilled()
	pool, err := pg.Open(t.Context(), server.Engines.Postgres, pg.Options{MaxConns: 1})
	require.NoError(t, err)
	defer pool.Close()
	require.NoError(t, pool.WithTenant(t.Context(), uuid.MustParse(tenant), func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), `
			INSERT INTO usage_ledger (tenant_id, meter, hour, revision, quantity, delta, found, gone, reason, at)
			VALUES ($1, 'events', '2026-01-05T10:00:00Z', 1, 700, 700, 700, 0, 'measured', '2026-01-05T11:00:00Z'),
				($1, 'events', '2026-01-05T11:00:00Z', 1, 500, 500, 500, 0, 'measured', '2026-01-05T12:00:00Z'),
				($1, 'events', '2026-01-06T10:00:00Z', 1, 300, 300, 300, 0, 'measured', '2026-01-06T11:00:00Z'),
				($1, 'events', '2026-01-06T10:00:00Z', 2, 310, 10, 310, 0, 'late', '2026-02-11T11:00:00Z')`, tenant); err != nil {
			return err
		}
		if _, err := tx.Exec(t.Context(), `
			INSERT INTO invoices (id, tenant_id, tenant_name, kind, number, period_from, period_to, currency, total, state, issued_at, due_at, read_at)
			VALUES ($2, $1, 'Acme', 'invoice', '2025-' || lpad((100000 + random() * 800000)::int::text, 6, '0'), '2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z', 'USD', 150, 'issued', '2026-02-01T06:00:00Z', $3, '2026-02-01T06:00:00Z')`,
			tenant, x.invoice, due); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), `
			INSERT INTO invoice_lines (id, tenant_id, invoice_id, position, kind, corrects, charge_for, text, plan, meter, from_at, to_at, quantity, tier, unit, amount)
			SELECT id, $1, $2, position, 'usage', '', '2026-01-01T00:00:00Z', 'Events', 'growth', 'events', '2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z', quantity, tier, '', amount
			FROM (VALUES (gen_random_uuid(), 0, 1000, 'included', 0), ($3, 1, 500, '1,001 and more', 150)) AS v (id, position, quantity, tier, amount)`, tenant, x.invoice, x.line)
		return err
	}))
	return x
}

type invoiceAnswer struct {
	ID, Number, State, Currency string
	Total                       int64
	Lines                       []struct {
		ID, Kind, Meter string
		Quantity        int64
		Amount          int64
	}
}

// TestInvoice takes an invoice apart, down to what was booked of an hour.
func TestInvoice(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	account := server.SignUp(t)
	x := seedBilled(t, server, account.Tenant.ID, time.Now().Add(time.Hour))
	path := "/v1/billing/invoices/" + x.invoice
	invoice := harness.As[invoiceAnswer](t, account.Session.Get(t, path).Want(t, http.StatusOK))
	require.Equal(t, int64(150), invoice.Total)
	require.Len(t, invoice.Lines, 2)

	file := account.Session.Get(t, path+"/csv").Want(t, http.StatusOK)
	require.Equal(t, `attachment; filename="`+invoice.Number+`.csv"`, file.Header.Get("Content-Disposition"))
	rows := strings.Split(string(file.Body), "\r\n")
	require.Len(t, rows, 5, "names, two lines, the total, and the end of the last row")
	require.Contains(t, rows[3], ",1.50,USD")

	type hours struct {
		Quantity, Metered int64
		Days              []struct {
			Day               string
			Quantity, Metered int64
			Hours             []struct {
				Hour              time.Time
				Quantity, Metered int64
				Bookings          []struct {
					Revision int
					Reason   string
					InLine   bool `json:"in_line"`
				}
			}
		}
	}
	all := harness.As[hours](t, account.Session.Get(t, path+"/lines/"+x.line+"/hours").Want(t, http.StatusOK))
	require.Equal(t, []int64{500, 1500}, []int64{all.Quantity, all.Metered})
	require.Len(t, all.Days, 2)
	require.Equal(t, []int64{200, 1200, 300, 300}, []int64{all.Days[0].Quantity, all.Days[0].Metered, all.Days[1].Quantity, all.Days[1].Metered},
		"the first thousand are of the tier below; what came late is not on this invoice")
	require.Empty(t, all.Days[0].Hours)
	day := harness.As[hours](t, account.Session.Get(t, path+"/lines/"+x.line+"/hours?day=2026-01-06").Want(t, http.StatusOK))
	require.Len(t, day.Days, 1)
	require.Len(t, day.Days[0].Hours, 1)
	booked := day.Days[0].Hours[0].Bookings
	require.Len(t, booked, 2)
	require.True(t, booked[0].InLine)
	require.False(t, booked[1].InLine)
	require.Equal(t, "late", booked[1].Reason)

	account.Session.Get(t, path+"/lines/"+uuid.NewString()+"/hours").WantProblem(t, http.StatusNotFound, "invoice_line_not_found")
	account.Session.Get(t, path+"/lines/"+x.line+"/events?hour=2026-02-05T10:00:00Z").WantProblem(t, http.StatusBadRequest, "invoice_line_hour")
	account.Session.Get(t, "/v1/billing/invoices/nonsense").WantProblem(t, http.StatusNotFound, "invoice_not_found")

	draft := harness.As[invoiceAnswer](t, account.Session.Get(t, "/v1/billing/invoices/draft").Want(t, http.StatusOK))
	require.Equal(t, []string{"draft", "draft", ""}, []string{draft.ID, draft.State, draft.Number})
	fee := draft.Lines[0]
	require.Equal(t, "fee", fee.Kind)
	account.Session.Get(t, "/v1/billing/invoices/draft/lines/"+fee.ID+"/hours").WantProblem(t, http.StatusBadRequest, "invoice_line_not_usage")
}

// TestDispute compares what a sender was told with what was billed.
func TestDispute(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	account := server.SignUp(t)
	ack := account.Secret.Send(t, harness.Event{Name: "bought", ID: "d-1"}, harness.Event{Name: "bought", ID: "d-2"})
	require.Equal(t, 2, account.Secret.Settled(t, ack.Receipt).Counts.Stored)
	again := account.Secret.Send(t, harness.Event{Name: "bought", ID: "d-2"}, harness.Event{Name: "bought", ID: "d-3"})
	require.Equal(t, 1, account.Secret.Settled(t, again.Receipt).Counts.Stored)

	type answer struct {
		Receipts []struct {
			Receipt string
			Settled bool
			InStore int64 `json:"in_store"`
			Billed  int64
			Free    []struct {
				Reason string
				Events int64
			}
			Hours []struct {
				Events    int64
				InvoiceID string `json:"invoice_id"`
			}
			Differences []string
		}
		NextCursor *string `json:"next_cursor"`
	}
	const path = "/v1/billing/disputes"
	named := harness.As[answer](t, account.Session.Get(t, path+"?receipt="+again.Receipt).Want(t, http.StatusOK))
	require.Len(t, named.Receipts, 1)
	r := named.Receipts[0]
	require.True(t, r.Settled)
	require.Equal(t, []int64{1, 1}, []int64{r.InStore, r.Billed})
	require.Len(t, r.Free, 1)
	require.Equal(t, "duplicate", r.Free[0].Reason)
	require.Len(t, r.Hours, 1)
	require.Equal(t, "draft", r.Hours[0].InvoiceID)
	require.Empty(t, r.Differences)

	// Something takes an event out of the store that nobody asked to go: the receipt with it comes first.
	erase(t, server, account.Tenant.ID, "d-3")
	all := harness.As[answer](t, account.Session.Get(t, path+"?limit=10").Want(t, http.StatusOK))
	require.Len(t, all.Receipts, 2)
	require.Equal(t, again.Receipt, all.Receipts[0].Receipt)
	require.Equal(t, []string{"The sender was told that 1 events are stored; the store knows of 0."}, all.Receipts[0].Differences)
	require.Empty(t, all.Receipts[1].Differences)
	require.Equal(t, int64(2), all.Receipts[1].Billed)

	first := harness.As[answer](t, account.Session.Get(t, path+"?limit=1").Want(t, http.StatusOK))
	require.NotNil(t, first.NextCursor)
	second := harness.As[answer](t, account.Session.Get(t, path+"?limit=1&cursor="+*first.NextCursor).Want(t, http.StatusOK))
	require.Len(t, second.Receipts, 1)
	require.NotEqual(t, first.Receipts[0].Receipt, second.Receipts[0].Receipt)
	account.Session.Get(t, path+"?from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z").WantProblem(t, http.StatusBadRequest, "invalid_range")
	account.Session.Get(t, path+"?receipt=rcp_of_nobody").WantProblem(t, http.StatusNotFound, "receipt_not_found")
}

// erase has an event vanish behind the back of everybody.
func erase(t *testing.T, server *harness.Server, tenant, event string) {
	t.Helper()
	ctx := clickhouse.Context(t.Context(), clickhouse.WithSettings(clickhouse.Settings{"mutations_sync": 2}))
	require.NoError(t, events(t, server).Exec(ctx, "ALTER TABLE events DELETE WHERE tenant_id = {tenant:UUID} AND event_id = {event:String}",
		clickhouse.Named("tenant", tenant), clickhouse.Named("event", event)))
}
