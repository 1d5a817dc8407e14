package api_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/internal/client"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

// quotas are the operations about them. Nothing is held here.
func quotas() []operation {
	return []operation{
		{id: "getQuota", method: "GET", path: "/v1/billing/quota", may: paying, status: 200},
		{id: "releaseHeld", method: "POST", path: "/v1/billing/quota/release", may: managing, status: 202},
	}
}

type quotaView struct {
	Standing string
	Limit    *struct {
		Events int64
		Then   string
	}
	Used      int64
	Left      *int64
	Releasing bool
	Held      []struct {
		Reason      string
		Events      int64
		ExpiresFrom time.Time `json:"expires_from"`
	}
}

// smallPlans are the plans of the house, of which the first has so many events a month.
func smallPlans(t *testing.T, events int) (file string) {
	t.Helper()
	root, err := harness.Root()
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(root, "billing/plan/plans.yaml"))
	require.NoError(t, err)
	const was = "events: {included: 1000000}"
	require.Contains(t, string(text), was)
	file = filepath.Join(t.TempDir(), "plans.yaml")
	require.NoError(t, os.WriteFile(file, []byte(strings.Replace(string(text), was, fmt.Sprintf("events: {included: %d}", events), 1)), 0o600))
	return file
}

// TestOverQuota has a tenant of the first plan go over it: receipts say held. It upgrades, and its events are there under their own ID and time,
// counted once. Then it does not pay.
func TestOverQuota(t *testing.T) {
	t.Parallel()
	const events = 10
	server, _ := start(t, "--plans", smallPlans(t, events))
	account := server.SignUp(t)
	sender := account.Secret
	get := func() quotaView {
		return harness.As[quotaView](t, account.Session.Get(t, "/v1/billing/quota").Want(t, http.StatusOK))
	}
	require.Equal(t, int64(events), get().Limit.Events) // and every node follows it from here on
	numbered := func(from, n int) (all []harness.Event) {
		for i := range n {
			all = append(all, harness.Event{Name: "sale", ID: fmt.Sprint("e", from+i), UserID: "u-1"})
		}
		return all
	}
	robot := func(id string) harness.Event {
		return harness.Event{Name: "sale", ID: id, Context: map[string]any{"bot": true}}
	}
	statuses := func(receipt string) (all []string) {
		for _, e := range sender.Settled(t, receipt).Events {
			all = append(all, strings.TrimSuffix(e.Status+" "+e.Code, " "))
		}
		return all
	}

	first := sender.Send(t, append(numbered(0, 8), robot("r1"), harness.Event{Name: "sale", ID: "e0"})...)
	require.NotContains(t, statuses(first.Receipt), "held over_quota", "bots and duplicates do not count")
	second := sender.Send(t, append(numbered(8, 6), robot("r2"))...)
	require.Equal(t, []string{"stored", "stored", "held over_quota", "held over_quota", "held over_quota", "held over_quota", "stored"}, statuses(second.Receipt))
	testkit.Eventually(t, harness.Patience, func() error {
		if v := get(); v.Used != events {
			return fmt.Errorf("used: %d", v.Used)
		}
		return nil
	})
	v := get()
	require.Equal(t, int64(0), *v.Left)
	require.Equal(t, "hold", v.Limit.Then)
	require.Len(t, v.Held, 1)
	require.Equal(t, "over_quota", v.Held[0].Reason)
	require.Equal(t, int64(4), v.Held[0].Events)
	require.WithinDuration(t, time.Now().AddDate(0, 0, 30), v.Held[0].ExpiresFrom, time.Hour)
	require.Equal(t, events+2, account.Session.Count(t, "sale"), "with two of bots")
	account.Session.Post(t, "/v1/billing/quota/release", nil).WantProblem(t, http.StatusConflict, "quota_no_room")

	account.Session.Do(t, "PUT", "/v1/billing/subscription", map[string]any{"plan": "growth", "trial": true}).Want(t, http.StatusOK)
	released := func(receipt string) {
		t.Helper()
		testkit.Eventually(t, harness.Patience, func() error {
			if got := strings.Join(statuses(receipt), ","); strings.Contains(got, "held") {
				return fmt.Errorf("still %s", got)
			}
			return nil
		})
	}
	released(second.Receipt)
	stored := account.Session.Events(t, map[string]any{"event": "sale"})
	require.Len(t, stored, 16)
	received := map[string]time.Time{}
	for _, e := range stored {
		require.NotContains(t, received, e.ID)
		received[e.ID] = e.ReceivedAt
	}
	require.Equal(t, received["e8"], received["e13"], "it has the time at which it was received")
	testkit.Eventually(t, harness.Patience, func() error {
		if v := get(); v.Used != events+4 || len(v.Held) > 0 {
			return fmt.Errorf("%+v", v)
		}
		return nil
	})
	totals := harness.As[struct {
		Totals struct{ Received, Stored, Duplicate, Held int }
	}](t, account.Session.Get(t, "/v1/ledger").Want(t, http.StatusOK)).Totals
	require.Equal(t, 17, totals.Received)
	require.Equal(t, 16, totals.Stored)
	require.Equal(t, 1, totals.Duplicate)
	require.Zero(t, totals.Held)
	conn, err := ch.Open(t.Context(), server.Engines.ClickHouse)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	var later uint64
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT count() FROM events FINAL WHERE metered_at > toDateTime(received_at) AND event_id IN ('e10', 'e11', 'e12', 'e13')").Scan(&later))
	require.Equal(t, uint64(4), later, "they are metered when they are released")

	postgres, err := pgx.Connect(t.Context(), server.Engines.Postgres)
	require.NoError(t, err)
	defer func() { require.NoError(t, postgres.Close(t.Context())) }()
	standing := func(what string) {
		t.Helper()
		_, err := postgres.Exec(t.Context(), "UPDATE quotas SET standing = $1, raised_at = CASE WHEN $1 = 'open' THEN now() END", what)
		require.NoError(t, err)
	}
	standing("restricted")
	var unpaid string
	testkit.Eventually(t, harness.Patience, func() error {
		unpaid = sender.Send(t, harness.Event{Name: "sale", ID: fmt.Sprint("u", time.Now().UnixNano())}).Receipt
		if got := statuses(unpaid); got[0] != "held unpaid" {
			return fmt.Errorf("it is %s", got[0])
		}
		return nil
	})
	free := harness.As[client.Ack](t, sender.Post(t, "/v1/events", map[string]any{"event": "sale", "context": map[string]any{"synthetic": true}}).Want(t, http.StatusAccepted)).Receipt
	sender.Settled(t, free)
	require.Equal(t, "held unpaid", statuses(free)[0], "what would cost nothing is held as well")
	standing("suspended")
	testkit.Eventually(t, harness.Patience, func() error {
		r := sender.Post(t, "/v1/events", map[string]any{"event": "sale"})
		if r.StatusCode != http.StatusPaymentRequired {
			return fmt.Errorf("status %d", r.StatusCode)
		}
		r.WantProblem(t, http.StatusPaymentRequired, "payment_required")
		return nil
	})
	standing("open")
	released(unpaid)
	released(free)
}
