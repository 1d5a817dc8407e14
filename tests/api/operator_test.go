package api_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

// operator are the operations for whoever runs the installation.
func (x subjects) operator() []operation {
	path := "/v1/operator/tenants/" + x.tenant
	return []operation{
		{id: "listOperatorTenants", method: "GET", path: "/v1/operator/tenants?search=" + x.tenant, may: operating, status: 200},
		{id: "getOperatorTenant", method: "GET", path: path, may: operating, status: 200},
		{id: "putOperatorSubscription", method: "PUT", path: path + "/subscription", body: map[string]any{"plan": "growth", "reason": "tried out"}, may: operating, status: 200},
		{id: "grantOperatorCredit", method: "POST", path: path + "/credits", body: map[string]any{"currency": "USD", "amount": 2500, "reason": "with our apologies"}, may: operating, status: 201},
		{id: "markOperatorInvoice", method: "PUT", path: path + "/invoices/" + x.billed.invoice + "/state", body: map[string]any{"state": "paid"}, may: operating, status: 200},
	}
}

// suspending are the operations after which for some seconds no event is accepted.
func (x subjects) suspending() []operation {
	path := "/v1/operator/tenants/" + x.tenant
	return []operation{
		{id: "suspendTenant", method: "PUT", path: path + "/suspension", body: map[string]any{"name": x.account.Tenant.Name, "reason": "tried out"}, may: operating, status: 200},
		{id: "resumeTenant", method: "POST", path: path + "/resumption", body: map[string]any{"reason": "tried out"}, may: operating, status: 200},
	}
}

// detail is a tenant as operators see it.
type detail struct {
	Tenant   detailTenant
	Consumed []struct {
		Resource string
		Quantity int64
	}
	Balance []struct {
		Currency string
		Amount   int64
	}
	Invoices []struct{ ID, State string }
}

type detailTenant struct {
	ID, Name, Plan, Standing string
	Owed                     []struct{ Amount, Overdue int64 }
	SuspendedBy              string `json:"suspended_by"`
	Cost                     struct{ Amount int64 }
	Margin                   *int64
}

func (d detail) consumed(resource string) int64 {
	for _, c := range d.Consumed {
		if c.Resource == resource {
			return c.Quantity
		}
	}
	return -1
}

// TestOperatorsLookAfterTenants is about what operators see of a tenant, and what it sees of what they do.
func TestOperatorsLookAfterTenants(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	account := server.SignUp(t)
	operator := server.WithKey(t, operatorToken)
	path := "/v1/operator/tenants/" + account.Tenant.ID

	// Questions, answers and what they take are booked within seconds.
	ack := account.Secret.Send(t, harness.Event{Name: "sale"})
	account.Secret.Settled(t, ack.Receipt)
	var seen detail
	testkit.Eventually(t, harness.Patience, func() error {
		account.Session.Post(t, "/v1/query/events", map[string]any{"limit": 5}).Want(t, http.StatusOK)
		seen = harness.As[detail](t, operator.Get(t, path).Want(t, http.StatusOK))
		if seen.consumed("query_time") < 1 || seen.consumed("egress") < 1000 {
			return fmt.Errorf("consumed: %v", seen.Consumed)
		}
		return nil
	})
	require.Zero(t, seen.consumed("exports"))
	require.Equal(t, "free", seen.Tenant.Plan)
	require.Equal(t, "ok", seen.Tenant.Standing)

	operator.Do(t, "PUT", path+"/subscription", map[string]any{"plan": "none", "reason": "x"}).WantProblem(t, http.StatusBadRequest, "plan_unknown")
	given := harness.As[detail](t, operator.Do(t, "PUT", path+"/subscription", map[string]any{"plan": "enterprise", "reason": "agreed on the phone"}).Want(t, http.StatusOK))
	require.Equal(t, "enterprise", given.Tenant.Plan)
	operator.Post(t, path+"/credits", map[string]any{"currency": "USD", "amount": 0, "reason": "x"}).Want(t, http.StatusBadRequest)
	for range 2 {
		given = harness.As[detail](t, operator.Post(t, path+"/credits", map[string]any{"currency": "JPY", "amount": 1500, "reason": "with our apologies"}).Want(t, http.StatusCreated))
	}
	require.Len(t, given.Balance, 1)
	require.EqualValues(t, 3000, given.Balance[0].Amount)

	invoice := seedBilled(t, server, account.Tenant.ID, time.Now().Add(-time.Hour)).invoice
	require.EqualValues(t, 150, harness.As[detail](t, operator.Get(t, path).Want(t, http.StatusOK)).Tenant.Owed[0].Overdue)
	paid := harness.As[detail](t, operator.Do(t, "PUT", path+"/invoices/"+invoice+"/state", map[string]any{"state": "paid"}).Want(t, http.StatusOK))
	require.Empty(t, paid.Tenant.Owed)
	require.Equal(t, "paid", paid.Invoices[0].State)
	operator.Do(t, "PUT", path+"/invoices/"+invoice+"/state", map[string]any{"state": "void"}).WantProblem(t, http.StatusConflict, "invoice_state")

	january := harness.As[struct{ Tenants []detailTenant }](t, operator.Get(t, "/v1/operator/tenants?month=2026-01&search="+account.Tenant.ID).Want(t, http.StatusOK))
	require.Empty(t, january.Tenants, "it signed up later")

	operator.Do(t, "PUT", path+"/suspension", map[string]any{"name": "not so", "reason": "x"}).WantProblem(t, http.StatusBadRequest, "name_mismatch")
	suspended := harness.As[detail](t, operator.Do(t, "PUT", path+"/suspension", map[string]any{"name": account.Tenant.Name, "reason": "sends what it must not"}).Want(t, http.StatusOK))
	require.Equal(t, "suspended", suspended.Tenant.Standing)
	require.NotEmpty(t, suspended.Tenant.SuspendedBy)
	resumed := harness.As[detail](t, operator.Post(t, path+"/resumption", map[string]any{"reason": "it was somebody else"}).Want(t, http.StatusOK))
	require.Equal(t, "ok", resumed.Tenant.Standing)

	audit := string(account.Session.Get(t, "/v1/audit").Want(t, http.StatusOK).Body)
	require.Contains(t, audit, `"subscription.changed"`)
	require.Contains(t, audit, `"agreed on the phone"`)
	require.Contains(t, audit, `"billing.credit_granted"`)
	require.Contains(t, audit, `"invoice.paid"`)
	require.Contains(t, audit, `"tenant.suspended"`)
	require.Contains(t, audit, `"sends what it must not"`)
	require.Contains(t, audit, `"tenant.resumed"`)
	require.Contains(t, audit, `"operator"`)
	verified := harness.As[struct{ Ok bool }](t, account.Session.Get(t, "/v1/audit/verification").Want(t, http.StatusOK))
	require.True(t, verified.Ok)

	operator.Get(t, "/v1/operator/tenants/018f0000-0000-7000-8000-000000000000").WantProblem(t, http.StatusNotFound, "tenant_not_found")
	operator.Get(t, "/v1/operator/tenants?month=2999-01").WantProblem(t, http.StatusBadRequest, "month_invalid")
	server.WithKey(t, "the operators' guess").Get(t, path).WantProblem(t, http.StatusUnauthorized, "operator_token_needed")
	server.WithKey(t, operatorToken).With("Origin", "https://elsewhere.example.com", "Sec-Fetch-Site", "cross-site").
		Do(t, "PUT", path+"/subscription", map[string]any{"plan": "free", "reason": "x"}).WantProblem(t, http.StatusForbidden, "cross_origin")
}
