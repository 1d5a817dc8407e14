package quarter_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

func openStore(t *testing.T, address string) driver.Conn {
	t.Helper()
	conn, err := ch.Open(t.Context(), address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

type period struct{ From, To time.Time }

type invoice struct {
	ID, Kind, Number, Corrects, State, Currency string
	Period                                      period
	Total                                       int64
	Lines                                       []line
}

type line struct {
	Kind    string
	For     period `json:"charged_for"`
	Meter   string
	Text    string
	Amount  int64
	ID      string
	From    time.Time
	To      time.Time
	Tier    string
	Counted int64 `json:"quantity"`
}

// invoices are all documents of the tenant with their lines, the oldest first.
func (x *tenant) invoices(t *testing.T) (all []invoice) {
	t.Helper()
	heads := harness.As[struct{ Invoices []invoice }](t, x.member(t).Get(t, "/v1/billing/invoices?limit=100").Want(t, http.StatusOK)).Invoices
	for _, head := range heads {
		all = append(all, harness.As[invoice](t, x.member(t).Get(t, "/v1/billing/invoices/"+head.ID).Want(t, http.StatusOK)))
	}
	slices.Reverse(all)
	return all
}

// awaitInvoices waits until a month is closed for every tenant.
func awaitInvoices(t *testing.T, month time.Time, all ...*tenant) {
	t.Helper()
	for _, x := range all {
		x.eventually(t, func() error {
			for _, i := range harness.As[struct{ Invoices []invoice }](t, x.member(t).Get(t, "/v1/billing/invoices").Want(t, http.StatusOK)).Invoices {
				if i.Kind == "invoice" && i.Period.From.Equal(month) {
					return nil
				}
			}
			return fmt.Errorf("%s has no invoice for %s", x.name, month.Format("2006-01"))
		})
	}
}

// eventually tries until it works. What the server does every ten minutes, of a month as a whole, it does soon.
func (x *tenant) eventually(t *testing.T, works func() error) {
	t.Helper()
	const while, soon = 11 * time.Minute, 5 * time.Second
	nudged := time.Now()
	testkit.Eventually(t, 2*harness.Patience, func() error {
		err := works()
		if err != nil && time.Since(nudged) > soon {
			x.clock.to(t, x.clock.Now().Add(while))
			nudged = time.Now()
		}
		return err
	})
}

type usageHour struct {
	Hour      time.Time
	Quantity  int64
	Revisions []struct {
		Revision     int
		Delta, Found int64
		Gone         int64
		Reason       string
	}
}

// hours is what the ledger says of a month, by hour; those that came to nothing are left out.
func (x *tenant) hours(t *testing.T, meter string, month time.Time) map[time.Time]usageHour {
	t.Helper()
	by := map[time.Time]usageHour{}
	query := url.Values{"meter": {meter}, "from": {month.Format(time.RFC3339)}, "to": {month.AddDate(0, 1, 0).Format(time.RFC3339)}}
	for _, h := range harness.As[struct{ Hours []usageHour }](t, x.member(t).Get(t, "/v1/usage/hours?"+query.Encode()).Want(t, http.StatusOK)).Hours {
		by[h.Hour.UTC()] = h
	}
	return by
}

// requireLedger waits until the ledger says what the model says, hour by hour, and checks that its lines add up.
func (x *tenant) requireLedger(t *testing.T, month time.Time) {
	t.Helper()
	for meter, want := range map[string]map[time.Time]int64{"events": x.events, "tracked_users": x.usersBy(month)} {
		x.eventually(t, func() error {
			got := x.hours(t, meter, month)
			for hour, n := range want {
				if monthOf(hour).Equal(month) && got[hour].Quantity != n {
					return fmt.Errorf("%s, %s at %s: %+v, and it should be %d", x.name, meter, hour, got[hour], n)
				}
			}
			for hour, h := range got {
				var sum int64
				for _, r := range h.Revisions {
					sum += r.Delta
				}
				if h.Quantity != want[hour] || sum != h.Quantity {
					return fmt.Errorf("%s, %s at %s: %+v, and it should be %d", x.name, meter, hour, h, want[hour])
				}
			}
			return nil
		})
	}
}

// requireRecount checks the ledger against the events in the store.
func (x *tenant) requireRecount(t *testing.T, store driver.Conn, month time.Time) {
	t.Helper()
	rows, err := store.Query(t.Context(), `
		SELECT toStartOfHour(metered_at) AS hour, count() FROM events FINAL
		WHERE tenant_id = {tenant:UUID} AND bot = '' AND metered_at >= fromUnixTimestamp({from:Int64}) AND metered_at < fromUnixTimestamp({to:Int64})
		GROUP BY hour`, clickhouse.Named("tenant", x.Tenant.ID), clickhouse.Named("from", strconv.FormatInt(month.Unix(), 10)), clickhouse.Named("to", strconv.FormatInt(month.AddDate(0, 1, 0).Unix(), 10)))
	require.NoError(t, err)
	defer rows.Close()
	counted := map[time.Time]int64{}
	for rows.Next() {
		var hour time.Time
		var n uint64
		require.NoError(t, rows.Scan(&hour, &n))
		counted[hour.UTC()] = int64(n) //nolint:gosec // few
	}
	require.NoError(t, rows.Err())
	for hour, h := range x.hours(t, "events", month) {
		newest := h.Revisions[len(h.Revisions)-1]
		require.Equal(t, counted[hour], newest.Found, "%s at %s: %+v", x.name, hour, h)
		require.Equal(t, h.Quantity, newest.Found+newest.Gone, "%s at %s: %+v", x.name, hour, h)
		delete(counted, hour)
	}
	require.Empty(t, counted, "events in the store that the ledger of %s does not know", x.name)
}

// requireCharged checks that what all documents charge for a month is what it is worth.
func (x *tenant) requireCharged(t *testing.T, month time.Time) {
	t.Helper()
	var charged int64
	var lines []string
	for _, i := range x.invoices(t) {
		var sum int64
		sign := int64(1)
		if i.Kind == "credit_note" {
			sign = -1
		}
		for _, l := range i.Lines {
			sum += l.Amount
			if l.Kind != "credit" && l.For.From.Equal(month) {
				charged += sign * l.Amount
				lines = append(lines, fmt.Sprintf("%s %s %s: %d", i.Number, l.Kind, l.Text, sign*l.Amount))
			}
		}
		require.Equal(t, i.Total, sum, "the lines of %s", i.Number)
	}
	require.Equal(t, x.worth(month), charged, "%s, %s:\n%s", x.name, month.Format("2006-01"), strings.Join(lines, "\n"))
}

type payment struct {
	Standing    string
	Differences []difference
}

type difference struct {
	Meter, Reason string
	Hour          time.Time
	Ours, Theirs  int64
}

func (x *tenant) payment(t *testing.T) payment {
	t.Helper()
	return harness.As[payment](t, x.member(t).Get(t, "/v1/billing/payment").Want(t, http.StatusOK))
}

// differences are what the provider of payments can not be told any more.
func (x *tenant) differences(t *testing.T) []difference {
	t.Helper()
	return x.payment(t).Differences
}

func (x *tenant) standing(t *testing.T) string {
	t.Helper()
	return x.payment(t).Standing
}

// requireNumbersWithoutGaps checks that the numbers of all documents are 1 and up, by year.
func requireNumbersWithoutGaps(t *testing.T, all ...*tenant) {
	t.Helper()
	byYear := map[string][]int{}
	for _, x := range all {
		for _, i := range x.invoices(t) {
			year, number, ok := strings.Cut(i.Number, "-")
			require.True(t, ok)
			n, err := strconv.Atoi(number)
			require.NoError(t, err)
			byYear[year] = append(byYear[year], n)
		}
	}
	require.NotEmpty(t, byYear)
	for year, numbers := range byYear {
		slices.Sort(numbers)
		for i, n := range numbers {
			require.Equal(t, i+1, n, "numbers of %s: %v", year, numbers)
		}
	}
}
