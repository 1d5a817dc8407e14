package api

import (
	"context"
	"time"

	openapi_types "github.com/oapi-codegen/runtime/types"

	"github.com/observatory/observatory/api/gen"
	"github.com/observatory/observatory/billing/quota"
)

func (s *server) GetQuota(ctx context.Context, _ gen.GetQuotaRequestObject) (gen.GetQuotaResponseObject, error) {
	view, err := s.deps.Quotas.View(ctx, in(ctx).principal.Tenant)
	if err != nil {
		return nil, err
	}
	return gen.GetQuota200JSONResponse(quotaOut(view)), nil
}

func (s *server) ReleaseHeld(ctx context.Context, _ gen.ReleaseHeldRequestObject) (gen.ReleaseHeldResponseObject, error) {
	if _, err := s.deps.Quotas.Release(ctx, in(ctx).by()); err != nil {
		return nil, err
	}
	view, err := s.deps.Quotas.View(ctx, in(ctx).principal.Tenant)
	if err != nil {
		return nil, err
	}
	return gen.ReleaseHeld202JSONResponse(quotaOut(view)), nil
}

func quotaOut(v quota.View) gen.Quota {
	out := gen.Quota{
		Month: v.Month.String(), Standing: gen.QuotaStanding(v.Standing), Used: v.Used, Releasing: !v.RaisedAt.IsZero() && len(v.Held) > 0,
		Held: each(v.Held, func(h quota.Held) gen.QuotaHeld {
			return gen.QuotaHeld{Reason: gen.QuotaHeldReason(h.Reason), Events: h.Events, Since: shown(h.Since), ExpiresFrom: shown(h.ExpireFrom), ExpiresTo: shown(h.ExpireTo)}
		}),
		Warnings: each(v.Warnings, func(w quota.Warning) gen.QuotaWarning {
			one := gen.QuotaWarning{Notice: gen.QuotaWarningNotice(w.Notice), Used: w.Used, Events: w.Events, At: shown(w.At)}
			if !w.Day.IsZero() {
				one.Day = &openapi_types.Date{Time: w.Day}
			}
			return one
		}),
	}
	if v.Limit != nil {
		then, events := gen.QuotaLimitThenOverage, v.Events(v.Month)
		if v.Limit.Hold {
			then = gen.QuotaLimitThenHold
			left := max(events-v.Used, 0)
			out.Left = &left
		}
		out.Limit = &gen.QuotaLimit{Events: events, Extra: events - v.Limit.Events, Then: then, KeepDays: v.Limit.KeepDays, Because: gen.QuotaLimitBecause(v.Limit.Because)}
	}
	if v.Expected >= 0 {
		out.Forecast = &gen.QuotaForecast{Expected: v.Expected, ReachedAt: timeOrNil(v.Reached)}
	}
	return out
}

// timeOrNil is a time as it is shown; nil: there is none.
func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = shown(t)
	return &t
}
