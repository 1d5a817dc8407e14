package api_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

// subscribing are the operations about plans.
func subscribing() []operation {
	const path = "/v1/billing/subscription"
	wish := map[string]any{"plan": "growth", "trial": true}
	return []operation{
		{id: "listPlans", method: "GET", path: "/v1/billing/plans", may: paying, status: 200},
		{id: "previewSubscription", method: "POST", path: path + "/preview", body: wish, may: paying, status: 200},
		{id: "changeSubscription", method: "PUT", path: path, body: wish, may: managing, status: 200},
		{id: "getSubscription", method: "GET", path: path, may: paying, status: 200},
	}
}

type subscribed struct {
	Terms struct {
		Revision   int
		From       time.Time
		Plan       string
		Currency   string
		TrialUntil *time.Time `json:"trial_until"`
		SpendCap   *int64     `json:"spend_cap"`
	}
	Next     *struct{ Plan string }
	Trial    bool
	Revision int
	History  []struct{ Plan string }
}

// TestAPlanIsChosen goes from the first plan to another in yen, and back from the next month on.
func TestAPlanIsChosen(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	account := server.SignUp(t)
	const path = "/v1/billing/subscription"
	get := func() subscribed {
		return harness.As[subscribed](t, account.Session.Get(t, path).Want(t, http.StatusOK))
	}

	first := get()
	require.Equal(t, "free", first.Terms.Plan)
	require.Equal(t, 0, first.Revision)
	account.Session.Do(t, "PUT", path, map[string]any{"plan": "enterprise"}).WantProblem(t, http.StatusForbidden, "plan_by_agreement")
	account.Session.Do(t, "PUT", path, map[string]any{"plan": "growth", "currency": "CHF"}).WantProblem(t, http.StatusBadRequest, "currency_not_offered")
	account.Session.Do(t, "PUT", path, map[string]any{"plan": "growth", "spend_cap": 1}).WantProblem(t, http.StatusBadRequest, "spend_cap_low")

	wish := map[string]any{"plan": "growth", "currency": "JPY", "spend_cap": 20_000, "base_revision": 0}
	preview := harness.As[struct {
		Unchanged, Changed, Next struct {
			Currency string
			Total    int64
		}
	}](t, account.Session.Post(t, path+"/preview", wish).Want(t, http.StatusOK))
	require.Zero(t, preview.Unchanged.Total)
	require.Equal(t, "JPY", preview.Changed.Currency)
	require.Positive(t, preview.Changed.Total)
	require.Equal(t, int64(7_500), preview.Next.Total, "there is nothing behind the point of a yen")
	require.Equal(t, "free", get().Terms.Plan, "a preview changes nothing")

	account.Session.Do(t, "PUT", path, wish).Want(t, http.StatusOK)
	account.Session.Do(t, "PUT", path, wish).WantProblem(t, http.StatusConflict, "subscription_changed")
	delete(wish, "base_revision")
	account.Session.Do(t, "PUT", path, wish).Want(t, http.StatusOK)
	require.Equal(t, 1, get().Revision, "wishing for what there is changes nothing")
	account.Session.Do(t, "PUT", path, map[string]any{"plan": "growth", "currency": "USD"}).WantProblem(t, http.StatusConflict, "currency_fixed")

	account.Session.Do(t, "PUT", path, map[string]any{"plan": "free", "at": "next_month"}).Want(t, http.StatusOK)
	after := get()
	require.Equal(t, "growth", after.Terms.Plan)
	require.Equal(t, "free", after.Next.Plan)
	require.Len(t, after.History, 3)
	audit := string(account.Session.Get(t, "/v1/audit").Body)
	require.Contains(t, audit, `"subscription.changed"`)
	require.Contains(t, audit, `"JPY 20000"`)
}

// TestASpendCapHolds has a tenant whose events cost ten dollars each spend no more than it wants to.
func TestASpendCapHolds(t *testing.T) {
	t.Parallel()
	root, err := harness.Root()
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(root, "billing/plan/plans.yaml"))
	require.NoError(t, err)
	dear := string(text)
	for _, change := range [][2]string{
		{"month: {USD: 4900,", "month: {USD: 0,"},
		{"included: 5000000", "included: 0"},
		{"{up_to: 20000000, per: 1000, amounts: {USD: 3,", "{up_to: 20000000, per: 1, amounts: {USD: 1000,"},
		{"limit: {at: included, then: overage, keep_days: 30}", "limit: {at: 1000000, then: overage, keep_days: 30}"},
	} {
		require.Contains(t, dear, change[0])
		dear = strings.Replace(dear, change[0], change[1], 1)
	}
	file := filepath.Join(t.TempDir(), "plans.yaml")
	require.NoError(t, os.WriteFile(file, []byte(dear), 0o600))
	server, _ := start(t, "--plans", file)
	account := server.SignUp(t)
	capAt := func(plan map[string]any, events int64) {
		t.Helper()
		account.Session.Do(t, "PUT", "/v1/billing/subscription", plan).Want(t, http.StatusOK)
		testkit.Eventually(t, harness.Patience, func() error {
			if v := harness.As[quotaView](t, account.Session.Get(t, "/v1/billing/quota").Want(t, http.StatusOK)); v.Limit == nil || v.Limit.Events != events {
				return fmt.Errorf("limit: %+v", v.Limit)
			}
			return nil
		})
	}
	capAt(map[string]any{"plan": "growth", "spend_cap": 5999}, 5)
	var sales []harness.Event
	for i := range 8 {
		sales = append(sales, harness.Event{Name: "sale", ID: fmt.Sprint("e", i)})
	}
	receipt := account.Secret.Send(t, sales...).Receipt
	held := func() (n int) {
		for _, e := range account.Secret.Settled(t, receipt).Events {
			if e.Status == "held" {
				n++
			}
		}
		return n
	}
	require.Equal(t, 3, held(), "five cost USD 50.00, a sixth would go beyond USD 59.99")

	capAt(map[string]any{"plan": "growth"}, 1_000_000)
	testkit.Eventually(t, harness.Patience, func() error {
		if n := held(); n > 0 {
			return fmt.Errorf("%d are held", n)
		}
		return nil
	})
	require.Equal(t, 8, account.Session.Count(t, "sale"))
}
