package api

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/analytics/alert"
	"github.com/observatory/observatory/api/gen"
	"github.com/observatory/observatory/tenants"
)

func (s *server) ListAlerts(ctx context.Context, r gen.ListAlertsRequestObject) (gen.ListAlertsResponseObject, error) {
	all, err := s.deps.Alerts.List(ctx, in(ctx).principal.Tenant)
	if err != nil {
		return nil, err
	}
	out := slices.DeleteFunc(each(all, alertOut), func(a gen.Alert) bool {
		return r.Params.State != nil && a.State != *r.Params.State || r.Params.Group != nil && a.Group != *r.Params.Group
	})
	return gen.ListAlerts200JSONResponse{Alerts: out}, nil
}

func (s *server) GetAlert(ctx context.Context, r gen.GetAlertRequestObject) (gen.GetAlertResponseObject, error) {
	found, err := s.deps.Alerts.Get(ctx, in(ctx).principal.Tenant, alert.RuleID(r.AlertId))
	return gen.GetAlert200JSONResponse(alertOut(found)), err
}

func (s *server) CreateAlert(ctx context.Context, r gen.CreateAlertRequestObject) (gen.CreateAlertResponseObject, error) {
	made, err := s.deps.Alerts.Create(ctx, in(ctx).by(), definitionIn(r.Body), r.Body.Enabled == nil || *r.Body.Enabled)
	return gen.CreateAlert201JSONResponse(alertOut(made)), err
}

func (s *server) UpdateAlert(ctx context.Context, r gen.UpdateAlertRequestObject) (gen.UpdateAlertResponseObject, error) {
	changed, err := s.deps.Alerts.Update(ctx, in(ctx).by(), alert.RuleID(r.AlertId), definitionIn(r.Body))
	return gen.UpdateAlert200JSONResponse(alertOut(changed)), err
}

func (s *server) DeleteAlert(ctx context.Context, r gen.DeleteAlertRequestObject) (gen.DeleteAlertResponseObject, error) {
	return gen.DeleteAlert204Response{}, s.deps.Alerts.Delete(ctx, in(ctx).by(), alert.RuleID(r.AlertId))
}

func (s *server) EnableAlert(ctx context.Context, r gen.EnableAlertRequestObject) (gen.EnableAlertResponseObject, error) {
	changed, err := s.deps.Alerts.SetEnabled(ctx, in(ctx).by(), alert.RuleID(r.AlertId), true)
	return gen.EnableAlert200JSONResponse(alertOut(changed)), err
}

func (s *server) DisableAlert(ctx context.Context, r gen.DisableAlertRequestObject) (gen.DisableAlertResponseObject, error) {
	changed, err := s.deps.Alerts.SetEnabled(ctx, in(ctx).by(), alert.RuleID(r.AlertId), false)
	return gen.DisableAlert200JSONResponse(alertOut(changed)), err
}

func (s *server) PreviewAlert(ctx context.Context, r gen.PreviewAlertRequestObject) (gen.PreviewAlertResponseObject, error) {
	days := alert.MaxPreviewDays
	if r.Params.Days != nil {
		days = *r.Params.Days
	}
	tenant := in(ctx).principal.Tenant
	done, err := s.trials.take(ctx, tenant) // it measures weeks
	if err != nil {
		return nil, err
	}
	defer done()
	p, err := s.deps.Alerts.Preview(ctx, tenant, definitionIn(r.Body), days)
	if err != nil {
		return nil, err
	}
	return gen.PreviewAlert200JSONResponse{
		From: p.From.UTC(), To: p.To.UTC(), Ticks: p.Ticks, TicksPerPoint: p.TicksPerPoint,
		Points: each(p.Points, func(p alert.PreviewPoint) gen.AlertPreviewPoint {
			return gen.AlertPreviewPoint{
				Tick: p.Tick.UTC(), Value: p.Value, Low: p.Low, High: p.High, ExpectedLow: p.ExpectedLow, ExpectedHigh: p.ExpectedHigh, State: alertState(p.Status, false),
			}
		}),
		Firings: each(p.Firings, func(f alert.PreviewFiring) gen.AlertFiring {
			return gen.AlertFiring{From: f.From.UTC(), To: shownOrNil(f.To), Flapping: f.Flapping}
		}),
	}, nil
}

func (s *server) ListAlertEvaluations(ctx context.Context, r gen.ListAlertEvaluationsRequestObject) (gen.ListAlertEvaluationsResponseObject, error) {
	to := deref(r.Params.To)
	if cursor := deref(r.Params.Cursor); cursor != "" {
		tick, _, err := openPlace(cursor)
		if err != nil {
			return nil, err
		}
		if to.IsZero() || tick.Before(to) {
			to = tick
		}
	}
	limit := pageSize(r.Params.Limit)
	found, err := s.deps.Alerts.Evaluations(ctx, in(ctx).principal.Tenant, alert.RuleID(r.AlertId), deref(r.Params.From), to, limit)
	if err != nil {
		return nil, err
	}
	out := gen.ListAlertEvaluations200JSONResponse{Evaluations: each(found, evaluationOut)}
	if len(found) == limit {
		out.NextCursor = orNil(place(found[limit-1].Tick, uuid.Nil))
	}
	return out, nil
}

func definitionIn(body *gen.NewAlert) alert.Definition {
	m, c := body.Measure, body.Condition
	d := alert.Definition{
		Name: body.Name,
		Measure: alert.Measure{
			Kind: alert.MeasureKind(m.Kind), Window: secondsIn(m.WindowSeconds), Event: deref(m.Event), Measure: analytics.Measure(deref(m.Measure)),
			Property: deref(m.Property), Filter: filterIn(m.Filters), OfEvent: deref(m.OfEvent), Amount: deref(m.Amount), Check: deref(m.CheckId),
		},
		Condition: alert.Condition{
			Kind: alert.ConditionKind(c.Kind), Direction: alert.Direction(deref(c.Direction)), Value: deref(c.Value), Against: alert.Against(deref(c.Against)), Deviations: deref(c.Deviations),
		},
		Interval: secondsIn(&body.IntervalSeconds), For: secondsIn(body.ForSeconds), Delay: alert.DefaultDelay, NoData: alert.NoData(deref(body.NoData)),
		Severity: alert.Severity(body.Severity), Group: deref(body.Group), Policy: body.EscalationId, Labels: deref(body.Labels),
	}
	if body.DelaySeconds != nil {
		d.Delay = secondsIn(body.DelaySeconds)
	}
	return d
}

func secondsIn(n *int) time.Duration { return time.Duration(deref(n)) * time.Second }

func secondsOut(d time.Duration) int { return int(d / time.Second) }

func alertOut(r alert.Rule) gen.Alert {
	muted := r.Last != nil && r.Last.Muted
	labels := gen.AlertLabels(r.Labels)
	if labels == nil {
		labels = gen.AlertLabels{}
	}
	out := gen.Alert{
		Id: uuid.UUID(r.ID), Name: r.Name, Measure: alertMeasureOut(r.Measure), Condition: alertConditionOut(r.Condition),
		IntervalSeconds: secondsOut(r.Interval), ForSeconds: secondsOut(r.For), DelaySeconds: secondsOut(r.Delay), NoData: gen.NoDataPolicy(r.NoData),
		Severity: gen.Severity(r.Severity), Group: r.Group, EscalationId: r.Policy, Labels: labels, Enabled: r.Enabled,
		State: alertState(r.State.Status, muted), Since: shown(r.State.Since), Flapping: r.State.Flapping, IncidentId: (*uuid.UUID)(r.Incident),
		CreatedAt: shown(r.CreatedAt), CreatedBy: r.CreatedBy, UpdatedAt: shown(r.UpdatedAt), UpdatedBy: r.UpdatedBy,
	}
	if r.Enabled {
		due := shown(r.DueAt())
		out.NextEvaluationAt = &due
	}
	if r.Last != nil {
		last := evaluationOut(*r.Last)
		out.LastEvaluation = &last
	}
	return out
}

func alertMeasureOut(m alert.Measure) gen.AlertMeasure {
	out := gen.AlertMeasure{
		Kind: gen.AlertMeasureKind(m.Kind), Event: orNil(m.Event), Property: orNil(m.Property), Filters: filterOut(m.Filter), OfEvent: orNil(m.OfEvent),
	}
	if m.Window != 0 {
		window := secondsOut(m.Window)
		out.WindowSeconds = &window
	}
	if m.Measure != "" {
		measure := gen.Measure(m.Measure)
		out.Measure = &measure
	}
	if m.Amount != 0 {
		out.Amount = &m.Amount
	}
	if m.Check != uuid.Nil {
		out.CheckId = &m.Check
	}
	return out
}

func alertConditionOut(c alert.Condition) gen.AlertCondition {
	out := gen.AlertCondition{Kind: gen.AlertConditionKind(c.Kind)}
	if c.Direction != "" {
		direction := gen.AlertConditionDirection(c.Direction)
		out.Direction = &direction
	}
	if c.Kind == alert.Threshold || c.Kind == alert.Change {
		out.Value = &c.Value
	}
	if c.Against != "" {
		against := gen.AlertConditionAgainst(c.Against)
		out.Against = &against
	}
	if c.Deviations != 0 {
		out.Deviations = &c.Deviations
	}
	return out
}

// filterOut is the opposite of filterIn.
func filterOut(f *analytics.Filter) *gen.Filter {
	if f == nil {
		return nil
	}
	out := gen.Filter{Not: filterOut(f.Not), Property: orNil(f.Property), Value: f.Value}
	if f.Operator != "" {
		operator := gen.FilterOperator(f.Operator)
		out.Operator = &operator
	}
	members := func(all []analytics.Filter) *[]gen.Filter {
		if all == nil {
			return nil
		}
		each := each(all, func(m analytics.Filter) gen.Filter { return *filterOut(&m) })
		return &each
	}
	out.And, out.Or = members(f.And), members(f.Or)
	return &out
}

func evaluationOut(e alert.Evaluation) gen.AlertEvaluation {
	return gen.AlertEvaluation{
		Tick: e.Tick.UTC(), Value: e.Value, Previous: e.Previous, ExpectedLow: e.Low, ExpectedHigh: e.High,
		State: alertState(e.Status, e.Muted), Note: e.Note, Missed: e.Missed, EvaluatedAt: shown(e.EvaluatedAt),
	}
}

func alertState(status alert.Status, muted bool) gen.AlertState {
	if status == alert.Firing && muted {
		return gen.AlertStateMuted
	}
	return gen.AlertState(status)
}

// place is a cursor into a list that is ordered by a time and an ID.
func place(at time.Time, id uuid.UUID) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(at.UnixMicro())) //nolint:gosec // after 1970
	return base64.RawURLEncoding.EncodeToString(append(b, id[:]...))
}

func openPlace(text string) (at time.Time, id uuid.UUID, err error) {
	const latest = 1 << 60 // microseconds; long after the year 9999, and far from where times overflow
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) != 8+16 {
		return at, id, tenants.ErrCursorInvalid
	}
	micros := binary.BigEndian.Uint64(b)
	if micros > latest {
		return at, id, tenants.ErrCursorInvalid
	}
	return time.UnixMicro(int64(micros)), uuid.UUID(b[8:]), nil //nolint:gosec // bounded
}
