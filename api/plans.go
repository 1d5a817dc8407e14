package api

import (
	"context"
	"slices"

	"github.com/observatory/observatory/api/gen"
	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/plan"
	"github.com/observatory/observatory/billing/price"
	"github.com/observatory/observatory/billing/subscription"
)

func (s *server) ListPlans(context.Context, gen.ListPlansRequestObject) (gen.ListPlansResponseObject, error) {
	plans := s.deps.Plans.Plans()
	return gen.ListPlans200JSONResponse{
		Currencies: each(plans.Currencies, func(c billing.Currency) gen.PlanCurrency {
			return gen.PlanCurrency{Code: string(c), Digits: c.Digits()}
		}),
		Plans: each(plans.At(s.deps.Now()).Plans, planOut),
	}, nil
}

func (s *server) GetSubscription(ctx context.Context, _ gen.GetSubscriptionRequestObject) (gen.GetSubscriptionResponseObject, error) {
	state, err := s.deps.Plans.State(ctx, in(ctx).principal.Tenant)
	if err != nil {
		return nil, err
	}
	return gen.GetSubscription200JSONResponse(s.subscriptionOut(state)), nil
}

func (s *server) ChangeSubscription(ctx context.Context, r gen.ChangeSubscriptionRequestObject) (gen.ChangeSubscriptionResponseObject, error) {
	state, err := s.deps.Plans.Change(ctx, in(ctx).by(), wishIn(*r.Body))
	if err != nil {
		return nil, err
	}
	return gen.ChangeSubscription200JSONResponse(s.subscriptionOut(state)), nil
}

func (s *server) PreviewSubscription(ctx context.Context, r gen.PreviewSubscriptionRequestObject) (gen.PreviewSubscriptionResponseObject, error) {
	p, err := s.deps.Plans.Preview(ctx, in(ctx).principal.Tenant, wishIn(*r.Body))
	if err != nil {
		return nil, err
	}
	return gen.PreviewSubscription200JSONResponse{
		Terms: termsOut(p.Terms), Plan: planOut(p.Plan), Unchanged: billOut(p.Unchanged), Changed: billOut(p.Changed), Next: billOut(p.Next),
	}, nil
}

func wishIn(c gen.SubscriptionChange) subscription.Wish {
	return subscription.Wish{
		Plan: c.Plan, Version: deref(c.Version), Interval: billing.Interval(deref(c.Interval)), Currency: billing.Currency(deref(c.Currency)),
		Trial: deref(c.Trial), Coupon: deref(c.Coupon), SpendCap: (*billing.Amount)(c.SpendCap), NextMonth: deref(c.At) == gen.NextMonth, Base: c.BaseRevision,
	}
}

func (s *server) subscriptionOut(state subscription.State) gen.Subscription {
	out := gen.Subscription{
		Terms: termsOut(state.Terms), Plan: planOut(state.Plan), Trial: state.Trial, Revision: state.Newest, History: each(state.History, termsOut),
	}
	slices.Reverse(out.History)
	if state.Next != nil {
		terms, next := termsOut(*state.Next), planOut(state.NextOf)
		out.Next, out.NextPlan = &terms, &next
	}
	if c, month, ok := s.deps.Plans.Coupon(state); ok {
		coupon := gen.SubscriptionCoupon{Code: c.Code, Title: c.Title, Month: month, Months: c.Months}
		if c.Percent > 0 {
			coupon.Percent = &c.Percent
		} else {
			amounts := amountsOut(c.Amounts)
			coupon.Amounts = &amounts
		}
		out.Coupon = &coupon
	}
	return out
}

func termsOut(t billing.Terms) gen.SubscriptionTerms {
	out := gen.SubscriptionTerms{
		Revision: t.Revision, From: shown(t.From), Plan: t.Plan, Version: t.Catalogue, Currency: string(t.Currency), Interval: gen.BillingInterval(t.Interval),
		Coupon: orNil(t.Coupon), SpendCap: (*int64)(t.SpendCap), Reason: t.Reason, ChangedBy: t.By, ChangedAt: shown(t.At),
	}
	if !t.TrialUntil.IsZero() {
		out.TrialUntil = shownOrNil(&t.TrialUntil)
	}
	return out
}

func planOut(p plan.Plan) gen.Plan {
	out := gen.Plan{
		Key: p.Key, Version: p.Catalogue, Rank: p.Rank, Title: p.Title, Summary: p.Summary, ByAgreement: p.ByAgreement, TrialDays: p.TrialDays,
		Capabilities: append([]string{}, p.Capabilities...), Limit: gen.PlanLimit{Then: gen.PlanLimitThen(p.Limit.Then), KeepDays: p.Limit.KeepDays},
	}
	if p.Limit.At > 0 {
		out.Limit.At = &p.Limit.At
	}
	out.Fees.Month = gen.AmountByCurrency{}
	for currency, fee := range p.Fees {
		out.Fees.Month[string(currency)] = int64(fee.Month)
		if fee.Year == nil {
			continue
		}
		if out.Fees.Year == nil {
			out.Fees.Year = &gen.AmountByCurrency{}
		}
		(*out.Fees.Year)[string(currency)] = int64(*fee.Year)
	}
	for _, m := range billing.Meters() {
		if price, ok := p.Prices[m.Name]; ok {
			out.Prices = append(out.Prices, priceOut(m, price))
		}
	}
	return out
}

func priceOut(m billing.Meter, p plan.Price) gen.MeterPrice {
	units := func(quantity int64) float64 { return float64(quantity) / float64(m.PerUnit) }
	out := gen.MeterPrice{Meter: string(m.Name), Title: m.Title, Unit: m.Unit, Tiers: []gen.PriceTier{}}
	if !p.Unlimited {
		included := units(p.Included)
		out.Included = &included
	}
	if p.Mode != "" {
		mode := gen.MeterPriceMode(p.Mode)
		out.Mode = &mode
	}
	above := p.Included
	for _, t := range p.Tiers {
		tier := gen.PriceTier{Above: units(above), Per: units(t.Per), Amounts: amountsOut(t.Amounts)}
		if t.UpTo > 0 {
			upTo := units(t.UpTo)
			tier.UpTo, above = &upTo, t.UpTo
		}
		out.Tiers = append(out.Tiers, tier)
	}
	return out
}

func amountsOut(amounts map[billing.Currency]billing.Amount) gen.AmountByCurrency {
	out := gen.AmountByCurrency{}
	for currency, amount := range amounts {
		out[string(currency)] = int64(amount)
	}
	return out
}

func billOut(b price.Bill) gen.Bill {
	return gen.Bill{Month: b.Period.String(), Currency: string(b.Currency), Total: int64(b.Total()), Lines: each(b.Lines, billLineOut)}
}

func billLineOut(l billing.Line) gen.BillLine {
	quantity := float64(l.Quantity)
	if m, ok := billing.MeterOf(l.Meter); ok {
		quantity /= float64(m.PerUnit)
	}
	return gen.BillLine{
		Kind: gen.BillLineKind(l.Kind), Text: l.Text, Plan: l.Plan, Meter: orNil(string(l.Meter)), From: shown(l.From), To: shown(l.To), Quantity: quantity,
		Tier: l.Tier, Unit: l.Unit, Amount: int64(l.Amount),
	}
}
