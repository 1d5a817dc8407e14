package api

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/api/gen"
	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/cost"
	"github.com/observatory/observatory/billing/invoicing"
	"github.com/observatory/observatory/billing/plan"
	"github.com/observatory/observatory/billing/subscription"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/privacy/offboard"
	"github.com/observatory/observatory/tenants"
)

// OperatorPlans gives tenants plans.
type OperatorPlans interface {
	Override(ctx context.Context, by tenants.By, o subscription.Override) (subscription.State, error)
}

// OperatorBooks are the invoices of tenants, and what stands to their credit.
type OperatorBooks interface {
	List(ctx context.Context, tenant tenants.ID, before uuid.UUID, limit int) ([]billing.Invoice, error)
	Balance(ctx context.Context, tenant tenants.ID) (invoicing.Balance, error)
	Mark(ctx context.Context, tenant tenants.ID, id uuid.UUID, state billing.InvoiceState, by tenants.Actor, correlation string) (billing.Invoice, error)
	Grant(ctx context.Context, tenant tenants.ID, currency billing.Currency, amount billing.Amount, note string, by tenants.Actor, correlation string) (invoicing.Credit, error)
}

// OperatorStanding suspends tenants.
type OperatorStanding interface {
	Suspend(ctx context.Context, by tenants.By, reason string) error
	Resume(ctx context.Context, by tenants.By, reason string) error
}

// byOperator is an operator who acts in a tenant, as its audit log shall have it.
func byOperator(ctx context.Context, tenant uuid.UUID) tenants.By {
	label := strings.TrimSpace("operator " + in(ctx).operator)
	return tenants.By{
		Principal:     tenants.Principal{Tenant: tenants.ID(tenant), Actor: tenants.Actor{Kind: tenants.ActorSystem, ID: "operator", Label: label}},
		CorrelationID: in(ctx).correlationID,
	}
}

var errMonth = fault.New(fault.Invalid, "month_invalid", "The month must be one such as 2026-11, and not lie ahead.")

// operatorMonth reads a month, "" is the running one.
func (s *server) operatorMonth(text *string) (billing.Period, error) {
	return monthOr(text, billing.PeriodOf(s.deps.Now()))
}

func (s *server) ListOperatorTenants(ctx context.Context, r gen.ListOperatorTenantsRequestObject) (gen.ListOperatorTenantsResponseObject, error) {
	period, err := s.operatorMonth(r.Params.Month)
	if err != nil {
		return nil, err
	}
	month, err := s.deps.Operators.Costs.Month(ctx, period)
	if err != nil {
		return nil, err
	}
	const most = 200
	limit, search := most, strings.ToLower(strings.TrimSpace(deref(r.Params.Search)))
	if r.Params.Limit != nil {
		limit = *r.Params.Limit
	}
	accounts := slices.DeleteFunc(month.Accounts, func(a cost.Account) bool {
		return !strings.Contains(strings.ToLower(a.Name), search) && !strings.Contains(a.Tenant.String(), search)
	})
	out := gen.OperatorMonth{
		Month: period.String(), Until: shown(month.Until), Currency: string(month.Currency), More: len(accounts) > limit,
		Tenants: each(accounts[:min(limit, len(accounts))], operatorTenantOut), Plans: each(month.Plans, operatorPlanOut), Shared: operatorCostOut(month.Shared),
		Currencies: each(s.deps.Operators.Costs.Plans().Currencies, func(c billing.Currency) string { return string(c) }),
	}
	for _, p := range s.deps.Operators.Costs.Plans().At(s.deps.Now()).Plans {
		_, yearly := p.Fees[month.Currency].Of(billing.Yearly)
		out.Offered = append(out.Offered, gen.OperatorOffer{Plan: p.Key, Title: p.Title, Version: p.Catalogue, Yearly: yearly})
	}
	return gen.ListOperatorTenants200JSONResponse(out), nil
}

func (s *server) GetOperatorTenant(ctx context.Context, r gen.GetOperatorTenantRequestObject) (gen.GetOperatorTenantResponseObject, error) {
	period, err := s.operatorMonth(r.Params.Month)
	if err != nil {
		return nil, err
	}
	out, err := s.operatorTenant(ctx, r.TenantId, period)
	return gen.GetOperatorTenant200JSONResponse(out), err
}

func (s *server) PutOperatorSubscription(ctx context.Context, r gen.PutOperatorSubscriptionRequestObject) (gen.PutOperatorSubscriptionResponseObject, error) {
	b := r.Body
	o := subscription.Override{Reason: b.Reason, TrialUntil: deref(b.TrialUntil)}
	o.Wish = subscription.Wish{
		Plan: b.Plan, Version: deref(b.Version), Interval: billing.Interval(deref(b.Interval)), Currency: billing.Currency(deref(b.Currency)),
		Coupon: deref(b.Coupon), SpendCap: (*billing.Amount)(b.SpendCap), NextMonth: deref(b.NextMonth),
	}
	if _, err := s.deps.Operators.Plans.Override(ctx, byOperator(ctx, r.TenantId), o); err != nil {
		return nil, err
	}
	out, err := s.operatorTenantNow(ctx, r.TenantId)
	return gen.PutOperatorSubscription200JSONResponse(out), err
}

func (s *server) GrantOperatorCredit(ctx context.Context, r gen.GrantOperatorCreditRequestObject) (gen.GrantOperatorCreditResponseObject, error) {
	if _, err := s.operatorTenantNow(ctx, r.TenantId); err != nil { // there is such a tenant
		return nil, err
	}
	by := byOperator(ctx, r.TenantId)
	_, err := s.deps.Operators.Books.Grant(ctx, by.Principal.Tenant, billing.Currency(r.Body.Currency), billing.Amount(r.Body.Amount), r.Body.Reason, by.Principal.Actor, by.CorrelationID)
	if err != nil {
		return nil, err
	}
	out, err := s.operatorTenantNow(ctx, r.TenantId)
	return gen.GrantOperatorCredit201JSONResponse(out), err
}

func (s *server) MarkOperatorInvoice(ctx context.Context, r gen.MarkOperatorInvoiceRequestObject) (gen.MarkOperatorInvoiceResponseObject, error) {
	by := byOperator(ctx, r.TenantId)
	_, err := s.deps.Operators.Books.Mark(ctx, by.Principal.Tenant, r.InvoiceId, billing.InvoiceState(r.Body.State), by.Principal.Actor, by.CorrelationID)
	if err != nil {
		return nil, err
	}
	out, err := s.operatorTenantNow(ctx, r.TenantId)
	return gen.MarkOperatorInvoice200JSONResponse(out), err
}

func (s *server) SuspendTenant(ctx context.Context, r gen.SuspendTenantRequestObject) (gen.SuspendTenantResponseObject, error) {
	before, err := s.operatorTenantNow(ctx, r.TenantId)
	if err != nil {
		return nil, err
	}
	if r.Body.Name != before.Tenant.Name {
		return nil, offboard.ErrNameMismatch
	}
	if err := s.deps.Operators.Standing.Suspend(ctx, byOperator(ctx, r.TenantId), r.Body.Reason); err != nil {
		return nil, err
	}
	out, err := s.operatorTenantNow(ctx, r.TenantId)
	return gen.SuspendTenant200JSONResponse(out), err
}

func (s *server) ResumeTenant(ctx context.Context, r gen.ResumeTenantRequestObject) (gen.ResumeTenantResponseObject, error) {
	if _, err := s.operatorTenantNow(ctx, r.TenantId); err != nil {
		return nil, err
	}
	if err := s.deps.Operators.Standing.Resume(ctx, byOperator(ctx, r.TenantId), r.Body.Reason); err != nil {
		return nil, err
	}
	out, err := s.operatorTenantNow(ctx, r.TenantId)
	return gen.ResumeTenant200JSONResponse(out), err
}

func (s *server) operatorTenantNow(ctx context.Context, tenant uuid.UUID) (gen.OperatorTenantDetail, error) {
	return s.operatorTenant(ctx, tenant, billing.PeriodOf(s.deps.Now()))
}

func (s *server) operatorTenant(ctx context.Context, tenant uuid.UUID, period billing.Period) (gen.OperatorTenantDetail, error) {
	const newest = 24
	month, a, err := s.deps.Operators.Costs.Account(ctx, tenants.ID(tenant), period)
	if err != nil {
		return gen.OperatorTenantDetail{}, err
	}
	invoices, err := s.deps.Operators.Books.List(ctx, a.Tenant, uuid.Nil, newest)
	if err != nil {
		return gen.OperatorTenantDetail{}, err
	}
	balance, err := s.deps.Operators.Books.Balance(ctx, a.Tenant)
	if err != nil {
		return gen.OperatorTenantDetail{}, err
	}
	out := gen.OperatorTenantDetail{
		Month: period.String(), Until: shown(month.Until), Currency: string(month.Currency), Tenant: operatorTenantOut(a),
		Consumed: []gen.OperatorConsumed{}, Balance: operatorAmountsOut(balance), Invoices: each(invoices, operatorInvoiceOut),
	}
	for _, r := range billing.Resources() {
		out.Consumed = append(out.Consumed, gen.OperatorConsumed{Resource: gen.OperatorConsumedResource(r), Quantity: a.Consumed[r]})
	}
	return out, nil
}

func operatorTenantOut(a cost.Account) gen.OperatorTenant {
	out := gen.OperatorTenant{
		Id: uuid.UUID(a.Tenant), Name: a.Name, CreatedAt: shown(a.Created), LeavingAt: shownUnlessZero(a.Leaving), LeftAt: shownUnlessZero(a.Left),
		Plan: a.Plan.Key, Title: a.Plan.Title, Version: a.Plan.Catalogue, Interval: gen.OperatorTenantInterval(a.Terms.Interval), TrialUntil: shownUnlessZero(a.Terms.TrialUntil),
		Coupon: orNil(a.Terms.Coupon), SpendCap: (*int64)(a.Terms.SpendCap), Used: []gen.OperatorUse{},
		Charged: gen.OperatorAmount{Currency: string(a.Terms.Currency), Amount: int64(a.Charged)}, Owed: each(a.Owed, operatorOwedOut),
		Standing: gen.OperatorTenantStanding(a.Standing), SuspendedBy: orNil(a.Blocked), Cost: operatorCostOut(a.Cost), Margin: (*int64)(a.Margin),
	}
	for _, m := range billing.Meters() {
		out.Used = append(out.Used, gen.OperatorUse{Meter: string(m.Name), Quantity: a.Used[m.Name]})
	}
	return out
}

func operatorOwedOut(o cost.Owed) gen.OperatorOwed {
	return gen.OperatorOwed{Currency: string(o.Currency), Amount: int64(o.Amount), Overdue: int64(o.Overdue)}
}

func operatorCostOut(c cost.Cost) gen.OperatorCost {
	return gen.OperatorCost{Amount: int64(c.Amount), Parts: each(c.Parts, func(p cost.Part) gen.OperatorCostPart {
		out := gen.OperatorCostPart{Kind: gen.OperatorCostPartKind(p.Kind), Quantity: p.Quantity, Amount: int64(p.Amount), PerUnit: 1}
		for _, unit := range plan.CostKinds() {
			if unit.Kind == p.Kind {
				out.Unit, out.PerUnit = unit.Unit, unit.PerUnit
			}
		}
		return out
	})}
}

func operatorPlanOut(p cost.PlanSum) gen.OperatorPlan {
	return gen.OperatorPlan{
		Plan: p.Plan.Key, Title: p.Plan.Title, Tenants: p.Tenants, Charged: operatorAmountsOut(p.Charged), Cost: int64(p.Cost), Margin: int64(p.Margin), WithoutMargin: p.Without,
	}
}

func operatorInvoiceOut(i billing.Invoice) gen.OperatorInvoice {
	return gen.OperatorInvoice{
		Id: i.ID, Number: i.Number, Kind: gen.OperatorInvoiceKind(i.Kind), Month: i.Period.String(), Currency: string(i.Currency), Total: int64(i.Total),
		State: gen.OperatorInvoiceState(i.State), IssuedAt: shown(i.IssuedAt), DueAt: shown(i.DueAt), PaidAt: shownUnlessZero(i.PaidAt),
	}
}

// operatorAmountsOut are amounts by currency, in order.
func operatorAmountsOut(amounts map[billing.Currency]billing.Amount) []gen.OperatorAmount {
	out := []gen.OperatorAmount{}
	for currency, amount := range amounts {
		out = append(out, gen.OperatorAmount{Currency: string(currency), Amount: int64(amount)})
	}
	slices.SortFunc(out, func(a, b gen.OperatorAmount) int { return cmp.Compare(a.Currency, b.Currency) })
	return out
}

func shownUnlessZero(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return shownOrNil(&t)
}
