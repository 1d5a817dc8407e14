package api

import (
	"context"
	"time"

	"github.com/oapi-codegen/runtime/types"

	"github.com/observatory/observatory/api/gen"
	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/usage"
	"github.com/observatory/observatory/ingest"
)

func (s *server) GetUsage(ctx context.Context, r gen.GetUsageRequestObject) (gen.GetUsageResponseObject, error) {
	tenant, running := in(ctx).principal.Tenant, billing.PeriodOf(s.deps.Now())
	period, err := monthOr(r.Params.Month, running)
	if err != nil {
		return nil, err
	}
	month, err := s.deps.Usage.Month(ctx, tenant, period)
	if err != nil {
		return nil, err
	}
	ahead := map[billing.MeterName]usage.Forecast{}
	if period == running {
		forecasts, err := s.deps.Usage.Forecast(ctx, tenant)
		if err != nil {
			return nil, err
		}
		for _, f := range forecasts {
			ahead[f.Meter] = f
		}
	}
	return gen.GetUsage200JSONResponse(monthOut(month, ahead, s.deps.Now())), nil
}

// monthOr reads a month as in 2026-11, "" is the running one. Errors: errMonth.
func monthOr(text *string, running billing.Period) (billing.Period, error) {
	if deref(text) == "" {
		return running, nil
	}
	at, err := time.Parse("2006-01", *text)
	if err != nil || at.After(running.From) {
		return running, errMonth
	}
	return billing.PeriodOf(at), nil
}

func monthOut(m usage.Month, ahead map[billing.MeterName]usage.Forecast, now time.Time) gen.UsageMonth {
	out := gen.UsageMonth{
		Month: m.Period.String(), From: m.Period.From, To: m.Period.To, AsOf: shown(now), Complete: m.State.Complete,
		Free: gen.FreeUsage{
			Duplicate: m.Free.Duplicate, Quarantined: m.Free.Quarantined, Suppressed: m.Free.Suppressed, Held: m.Free.Held,
			Bots: m.Meters[billing.BotEvents].Quantity, Synthetic: m.Meters[billing.SyntheticEvents].Quantity,
		},
	}
	if !m.State.CountedAt.IsZero() {
		at := shown(m.State.CountedAt)
		out.CountedAt = &at
	}
	for _, meter := range billing.Meters() {
		used := m.Meters[meter.Name]
		row := gen.UsageMeter{
			Meter: gen.MeterName(meter.Name), Title: meter.Title, Unit: meter.Unit, PerUnit: meter.PerUnit, Base: meter.Base, Source: meter.Source, Free: meter.Free,
			Quantity: used.Quantity, ThisHour: thisHour(m.Period, used.Hours, now), Days: daysOut(used.Hours), Corrected: used.Corrected,
		}
		if f, ok := ahead[meter.Name]; ok {
			row.Forecast = &gen.UsageForecast{Expected: f.Expected, Low: f.Low, High: f.High, Weeks: f.Weeks, Days: daysOut(f.Ahead)}
		}
		out.Meters = append(out.Meters, row)
	}
	return out
}

// thisHour is what the hour that runs came to; nil where it is not of the month.
func thisHour(month billing.Period, hours []billing.HourUse, now time.Time) *int64 {
	if billing.PeriodOf(now) != month {
		return nil
	}
	sum, running := int64(0), now.Truncate(time.Hour)
	for _, h := range hours {
		if h.Hour.Equal(running) {
			sum += h.Quantity
		}
	}
	return &sum
}

// daysOut adds hours up by day.
func daysOut(hours []billing.HourUse) []gen.UsageDay {
	days := []gen.UsageDay{}
	for _, h := range hours {
		if h.Quantity == 0 {
			continue
		}
		day := h.Hour.UTC().Truncate(24 * time.Hour)
		if last := len(days) - 1; last < 0 || !days[last].Day.Equal(day) {
			days = append(days, gen.UsageDay{Day: types.Date{Time: day}})
		}
		days[len(days)-1].Quantity += h.Quantity
	}
	return days
}

func (s *server) ListUsageHours(ctx context.Context, r gen.ListUsageHoursRequestObject) (gen.ListUsageHoursResponseObject, error) {
	const day = 24 * time.Hour
	to := s.deps.Now().UTC().Truncate(time.Hour).Add(time.Hour)
	if r.Params.To != nil {
		to = r.Params.To.UTC()
	}
	from := to.Add(-day)
	if r.Params.From != nil {
		from = r.Params.From.UTC()
	}
	from = from.Truncate(time.Hour)
	entries, err := s.deps.Usage.Revisions(ctx, in(ctx).principal.Tenant, billing.MeterName(r.Params.Meter), from, to)
	if err != nil {
		return nil, err
	}
	out := gen.ListUsageHours200JSONResponse{Meter: r.Params.Meter, From: from, To: to, Hours: []gen.UsageHour{}}
	for _, e := range entries {
		if last := len(out.Hours) - 1; last < 0 || !out.Hours[last].Hour.Equal(e.Hour) {
			out.Hours = append(out.Hours, gen.UsageHour{Hour: e.Hour})
		}
		hour := &out.Hours[len(out.Hours)-1]
		hour.Quantity = e.Quantity
		hour.Revisions = append(hour.Revisions, revisionOut(e))
		out.Quantity += e.Delta
	}
	return out, nil
}

func revisionOut(e billing.Entry) gen.UsageRevision {
	return gen.UsageRevision{
		Revision: e.Revision, Quantity: e.Quantity, Delta: e.Delta, Found: e.Found, Gone: e.Gone, Reason: gen.UsageRevisionReason(e.Reason), At: shown(e.At),
	}
}

func (s *server) SampleUsageEvents(ctx context.Context, r gen.SampleUsageEventsRequestObject) (gen.SampleUsageEventsResponseObject, error) {
	const few = 20
	limit := few
	if r.Params.Limit != nil {
		limit = *r.Params.Limit
	}
	tenant := in(ctx).principal.Tenant
	events, stored, err := s.deps.Usage.Sample(ctx, tenant, billing.MeterName(r.Params.Meter), r.Params.Hour, limit)
	if err != nil {
		return nil, err
	}
	return gen.SampleUsageEvents200JSONResponse{
		Meter: r.Params.Meter, Hour: r.Params.Hour.UTC().Truncate(time.Hour), Stored: stored,
		Events: each(events, func(e usage.Event) gen.UsageEvent {
			return gen.UsageEvent{
				EventId: e.ID, Event: e.Name, Receipt: s.deps.Books.SealedReceipt(tenant, ingest.ReceiptID(e.Receipt)), Index: e.Index, ReceivedAt: shown(e.ReceivedAt),
			}
		}),
	}, nil
}
