package api

import (
	"context"
	"time"

	"github.com/observatory/observatory/api/gen"
	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/payment"
)

func (s *server) GetPayment(ctx context.Context, _ gen.GetPaymentRequestObject) (gen.GetPaymentResponseObject, error) {
	st, err := s.deps.Payment.State(ctx, in(ctx).by())
	return gen.GetPayment200JSONResponse(paymentOut(st)), err
}

func (s *server) CreateCheckout(ctx context.Context, r gen.CreateCheckoutRequestObject) (gen.CreateCheckoutResponseObject, error) {
	var c payment.Choice
	if r.Body.Plan != nil {
		c.Plan = *r.Body.Plan
	}
	if r.Body.Interval != nil {
		c.Interval = billing.Interval(*r.Body.Interval)
	}
	if r.Body.Currency != nil {
		parsed, err := billing.ParseCurrency(*r.Body.Currency)
		if err != nil {
			return nil, err
		}
		c.Currency = parsed
	}
	page, err := s.deps.Payment.Checkout(ctx, in(ctx).by(), c)
	return gen.CreateCheckout201JSONResponse(pageOut(page)), err
}

func (s *server) CreatePortal(ctx context.Context, _ gen.CreatePortalRequestObject) (gen.CreatePortalResponseObject, error) {
	page, err := s.deps.Payment.Portal(ctx, in(ctx).by())
	return gen.CreatePortal201JSONResponse(pageOut(page)), err
}

func paymentOut(st payment.State) gen.Payment {
	out := gen.Payment{
		Provider: st.Provider, Standing: gen.PaymentStanding(st.Standing), Since: knownTime(st.Since), SuspendedBy: orNil(st.SuspendedBy),
		Owed: each(st.Owed, owedOut), Step: gen.PaymentStep(st.Step), Differences: each(st.Differences, differenceOut), LookedAt: shownOrNil(st.LookedAt),
	}
	if st.Way.Kind != "" {
		out.Way = &gen.PaymentWay{Brand: st.Way.Brand, Kind: st.Way.Kind, Last4: st.Way.Last4, Until: shownOrNil(st.Way.Until)}
	}
	if !st.Next.IsZero() {
		out.Next = &gen.PaymentNext{At: shown(st.Next), Standing: gen.PaymentStanding(st.Worse)}
	}
	return out
}

func owedOut(o payment.Owed) gen.PaymentOwed {
	out := gen.PaymentOwed{Currency: string(o.Currency), Amount: int64(o.Amount)}
	for _, v := range o.Invoices {
		out.Invoices = append(out.Invoices, gen.PaymentOwedInvoice{
			Id: v.ID, Number: v.Number, Amount: int64(v.Amount), Tax: int64(v.Tax), IssuedAt: shown(v.IssuedAt), DueAt: shown(v.DueAt),
			Page: orNil(v.Page), Declined: orNil(v.Declined),
		})
	}
	return out
}

func differenceOut(d payment.Difference) gen.PaymentDifference {
	return gen.PaymentDifference{
		Meter: string(d.Meter), Hour: shown(d.Hour), Ours: d.Ours, Theirs: d.Theirs, Reason: gen.PaymentDifferenceReason(d.Reason), FoundAt: shown(d.FoundAt),
	}
}

func pageOut(p payment.Page) gen.PaymentPage {
	return gen.PaymentPage{Url: p.URL, Until: knownTime(p.Until)}
}

// knownTime is a time as it is shown, or nil for the zero time.
func knownTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return shownOrNil(&t)
}
