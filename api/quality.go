package api

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/analytics/quality"
	"github.com/observatory/observatory/api/gen"
)

func (s *server) GetQuality(ctx context.Context, _ gen.GetQualityRequestObject) (gen.GetQualityResponseObject, error) {
	all, err := s.deps.Quality.Summary(ctx, in(ctx).principal.Tenant)
	if err != nil {
		return nil, err
	}
	verdicts := map[quality.Verdict]int{}
	for _, st := range all {
		switch {
		case !st.Enabled:
		case st.Newest == nil:
			verdicts[quality.Unknown]++
		default:
			verdicts[st.Newest.Verdict]++
		}
	}
	return gen.GetQuality200JSONResponse{
		Verdicts: gen.QualityVerdicts{
			Pass: verdicts[quality.Pass], Warn: verdicts[quality.Warn], Fail: verdicts[quality.Fail], Unknown: verdicts[quality.Unknown],
		},
		Checks: each(all, func(st quality.Standing) gen.QualityStanding {
			out := gen.QualityStanding{Check: qualityCheckOut(st.Check)}
			if st.Newest != nil {
				newest := qualityResultOut(*st.Newest)
				out.Newest = &newest
			}
			return out
		}),
	}, nil
}

func (s *server) ListQualityChecks(ctx context.Context, _ gen.ListQualityChecksRequestObject) (gen.ListQualityChecksResponseObject, error) {
	all, err := s.deps.Quality.List(ctx, in(ctx).principal.Tenant)
	return gen.ListQualityChecks200JSONResponse{Checks: each(all, qualityCheckOut)}, err
}

func (s *server) CreateQualityCheck(ctx context.Context, r gen.CreateQualityCheckRequestObject) (gen.CreateQualityCheckResponseObject, error) {
	made, err := s.deps.Quality.Create(ctx, in(ctx).by(), qualityCheckIn(r.Body))
	return gen.CreateQualityCheck201JSONResponse(qualityCheckOut(made)), err
}

func (s *server) GetQualityCheck(ctx context.Context, r gen.GetQualityCheckRequestObject) (gen.GetQualityCheckResponseObject, error) {
	found, err := s.deps.Quality.Get(ctx, in(ctx).principal.Tenant, quality.ID(r.CheckId))
	return gen.GetQualityCheck200JSONResponse(qualityCheckOut(found)), err
}

func (s *server) UpdateQualityCheck(ctx context.Context, r gen.UpdateQualityCheckRequestObject) (gen.UpdateQualityCheckResponseObject, error) {
	changed, err := s.deps.Quality.Update(ctx, in(ctx).by(), quality.ID(r.CheckId), qualityCheckIn(r.Body))
	return gen.UpdateQualityCheck200JSONResponse(qualityCheckOut(changed)), err
}

func (s *server) DeleteQualityCheck(ctx context.Context, r gen.DeleteQualityCheckRequestObject) (gen.DeleteQualityCheckResponseObject, error) {
	return gen.DeleteQualityCheck204Response{}, s.deps.Quality.Remove(ctx, in(ctx).by(), quality.ID(r.CheckId))
}

func (s *server) ListQualityResults(ctx context.Context, r gen.ListQualityResultsRequestObject) (gen.ListQualityResultsResponseObject, error) {
	const usual = 7 * 24 * time.Hour
	to := s.deps.Now()
	if r.Params.To != nil {
		to = *r.Params.To
	}
	from := to.Add(-usual)
	if r.Params.From != nil {
		from = *r.Params.From
	}
	found, err := s.deps.Quality.Results(ctx, in(ctx).principal.Tenant, quality.ID(r.CheckId), from, to)
	return gen.ListQualityResults200JSONResponse{Results: each(found, qualityResultOut), From: shown(from), To: shown(to)}, err
}

// qualityCheckIn lays what was said over what is usual.
func qualityCheckIn(body *gen.NewQualityCheck) quality.Definition {
	d := quality.Usual(quality.Kind(body.Kind))
	d.Event, d.Property = deref(body.Event), deref(body.Property)
	if body.Name != nil {
		d.Name = *body.Name
	}
	if body.Tolerance != nil {
		d.Tolerance = *body.Tolerance
	}
	if body.MaxShare != nil {
		d.MaxShare = *body.MaxShare
	}
	if body.SlaSeconds != nil {
		d.SLA = time.Duration(*body.SlaSeconds) * time.Second
	}
	if body.IntervalSeconds != nil {
		d.Interval = time.Duration(*body.IntervalSeconds) * time.Second
	}
	if body.Enabled != nil {
		d.Enabled = *body.Enabled
	}
	return d
}

func qualityCheckOut(c quality.Check) gen.QualityCheck {
	out := gen.QualityCheck{
		Id: uuid.UUID(c.ID), Builtin: c.Builtin, Name: c.Name, Kind: gen.QualityKind(c.Kind), Event: orNil(c.Event), Property: orNil(c.Property),
		IntervalSeconds: int(c.Interval / time.Second), Enabled: c.Enabled,
		CreatedAt: shown(c.CreatedAt), CreatedBy: c.CreatedBy, UpdatedAt: shown(c.UpdatedAt), UpdatedBy: c.UpdatedBy,
	}
	switch c.Kind {
	case quality.Volume:
		out.Tolerance = &c.Tolerance
	case quality.Nulls:
		out.MaxShare = &c.MaxShare
	case quality.Freshness:
		seconds := int(c.SLA / time.Second)
		out.SlaSeconds = &seconds
	case quality.Ledger:
	}
	if c.Enabled {
		next := shown(c.Due(c.Next))
		out.NextAt = &next
	}
	return out
}

func qualityResultOut(r quality.Result) gen.QualityResult {
	return gen.QualityResult{
		At: shown(r.Tick), MeasuredAt: shown(r.MeasuredAt), Verdict: gen.QualityVerdict(r.Verdict),
		Value: r.Value, Expected: r.Expected, Low: r.Low, High: r.High, Explanation: r.Explanation,
		Samples: each(r.Samples, func(x quality.Sample) gen.QualitySample {
			return gen.QualitySample{From: shown(x.From), Value: x.Value}
		}),
	}
}
