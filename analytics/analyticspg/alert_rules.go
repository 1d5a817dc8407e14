package analyticspg

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/analytics/alert"
	"github.com/observatory/observatory/analytics/analyticspg/db"
	"github.com/observatory/observatory/internal/pg"
)

// alertSpec is the part of a definition that is kept as JSON. Durations are in seconds.
type alertSpec struct {
	Measure struct {
		Kind     alert.MeasureKind `json:"kind"`
		Window   int64             `json:"window"`
		Event    string            `json:"event,omitempty"`
		Measure  analytics.Measure `json:"measure,omitempty"`
		Property string            `json:"property,omitempty"`
		Filter   *analytics.Filter `json:"filter,omitempty"`
		OfEvent  string            `json:"of_event,omitempty"`
		Amount   int64             `json:"amount,omitempty"`
		Check    uuid.UUID         `json:"check,omitzero"`
	} `json:"measure"`
	Condition struct {
		Kind       alert.ConditionKind `json:"kind"`
		Direction  alert.Direction     `json:"direction,omitempty"`
		Value      float64             `json:"value"`
		Against    alert.Against       `json:"against,omitempty"`
		Deviations float64             `json:"deviations,omitempty"`
	} `json:"condition"`
	For    int64        `json:"for"`
	Delay  int64        `json:"delay"`
	NoData alert.NoData `json:"no_data"`
}

// alertMemory is the part of a state that is kept as JSON.
type alertMemory struct {
	WrongSince time.Time `json:"wrong_since,omitzero"`
	LastTick   time.Time `json:"last_tick,omitzero"`
	Changes    uint32    `json:"changes,omitempty"`
	Flapping   bool      `json:"flapping,omitempty"`
	Quiet      int       `json:"quiet,omitempty"`
}

// CountRules implements alert.Tx.
func (t alertTx) CountRules(ctx context.Context) (int, error) {
	if err := t.lock(ctx, "alert rules"); err != nil {
		return 0, err
	}
	n, err := t.q.CountAlertRules(ctx)
	return int(n), err
}

// AddRule implements alert.Tx.
func (t alertTx) AddRule(ctx context.Context, r alert.Rule) error {
	row, err := fromRule(r)
	if err != nil {
		return err
	}
	return orNoPolicy(t.q.AddAlertRule(ctx, db.AddAlertRuleParams{
		ID: row.ID, Name: row.Name, Spec: row.Spec, IntervalS: row.IntervalS, Severity: row.Severity, GroupLabel: row.GroupLabel, PolicyID: row.PolicyID,
		Labels: row.Labels, Enabled: row.Enabled, Revision: row.Revision, CreatedAt: row.CreatedAt, CreatedBy: row.CreatedBy, UpdatedAt: row.UpdatedAt, UpdatedBy: row.UpdatedBy,
		NextTick: row.NextTick, DueAt: row.DueAt, State: row.State, Since: row.Since, Memory: row.Memory,
	}))
}

// SetRule implements alert.Tx.
func (t alertTx) SetRule(ctx context.Context, r alert.Rule) error {
	row, err := fromRule(r)
	if err != nil {
		return err
	}
	return orNoPolicy(t.q.SetAlertRule(ctx, db.SetAlertRuleParams{
		ID: row.ID, Name: row.Name, Spec: row.Spec, IntervalS: row.IntervalS, Severity: row.Severity, GroupLabel: row.GroupLabel, PolicyID: row.PolicyID,
		Labels: row.Labels, Enabled: row.Enabled, Revision: row.Revision, UpdatedAt: row.UpdatedAt, UpdatedBy: row.UpdatedBy,
		NextTick: row.NextTick, DueAt: row.DueAt, State: row.State, Since: row.Since, Memory: row.Memory, IncidentID: row.IncidentID,
	}))
}

// orNoPolicy names the only thing that a rule refers to by its caller's choice.
func orNoPolicy(err error) error {
	if errors.Is(pg.Fault(err), pg.ErrInUse) {
		return alert.ErrNoSuchPolicy
	}
	return err
}

// Rule implements alert.Tx.
func (t alertTx) Rule(ctx context.Context, id alert.RuleID) (alert.Rule, error) {
	row, err := t.q.GetAlertRule(ctx, uuid.UUID(id))
	if err != nil {
		return alert.Rule{}, pg.OrNotFound(err, alert.ErrNoSuchRule)
	}
	r, err := toRule(row)
	if err != nil {
		return r, err
	}
	last, err := t.Evaluations(ctx, id, time.Time{}, farAhead(), 1)
	if len(last) == 1 {
		r.Last = &last[0]
	}
	return r, err
}

// LockRule implements alert.Tx.
func (t alertTx) LockRule(ctx context.Context, id alert.RuleID) (alert.Rule, error) {
	row, err := t.q.LockAlertRule(ctx, uuid.UUID(id))
	if err != nil {
		return alert.Rule{}, pg.OrNotFound(err, alert.ErrNoSuchRule)
	}
	return toRule(row)
}

// Rules implements alert.Tx.
func (t alertTx) Rules(ctx context.Context) ([]alert.Rule, error) {
	rows, err := t.q.ListAlertRules(ctx)
	if err != nil {
		return nil, err
	}
	rules, err := toRules(rows)
	if err != nil {
		return nil, err
	}
	evaluations, err := t.q.ListLastAlertEvaluations(ctx)
	if err != nil {
		return nil, err
	}
	last := make(map[alert.RuleID]*alert.Evaluation, len(evaluations))
	for _, row := range evaluations {
		e := toEvaluation(row)
		last[alert.RuleID(row.RuleID)] = &e
	}
	for i := range rules {
		rules[i].Last = last[rules[i].ID]
	}
	return rules, nil
}

// DueRules implements alert.Tx.
func (t alertTx) DueRules(ctx context.Context, now time.Time) ([]alert.Rule, error) {
	rows, err := t.q.ListDueAlertRules(ctx, now)
	if err != nil {
		return nil, err
	}
	return toRules(rows)
}

// DeleteRule implements alert.Tx.
func (t alertTx) DeleteRule(ctx context.Context, id alert.RuleID) error {
	return t.q.DeleteAlertRule(ctx, uuid.UUID(id))
}

// AddEvaluation implements alert.Tx.
func (t alertTx) AddEvaluation(ctx context.Context, rule alert.RuleID, e alert.Evaluation) error {
	return t.q.AddAlertEvaluation(ctx, db.AddAlertEvaluationParams{
		RuleID: uuid.UUID(rule), Tick: e.Tick, Value: e.Value, Previous: e.Previous, ExpectedLow: e.Low, ExpectedHigh: e.High,
		State: string(e.Status), Muted: e.Muted, Note: e.Note, Missed: int32(e.Missed), EvaluatedAt: e.EvaluatedAt, //nolint:gosec // minutes
	})
}

// Evaluations implements alert.Tx.
func (t alertTx) Evaluations(ctx context.Context, rule alert.RuleID, from, to time.Time, limit int) ([]alert.Evaluation, error) {
	rows, err := t.q.ListAlertEvaluations(ctx, db.ListAlertEvaluationsParams{RuleID: uuid.UUID(rule), FromTick: from, ToTick: to, MaxRows: int32(limit)}) //nolint:gosec // a page
	return pg.Each(rows, err, toEvaluation)
}

func toEvaluation(row db.AlertEvaluation) alert.Evaluation {
	return alert.Evaluation{
		Tick: row.Tick.UTC(), Value: row.Value, Previous: row.Previous, Low: row.ExpectedLow, High: row.ExpectedHigh, Status: alert.Status(row.State),
		Muted: row.Muted, Note: row.Note, Missed: int(row.Missed), EvaluatedAt: row.EvaluatedAt.UTC(),
	}
}

func fromRule(r alert.Rule) (row db.AlertRule, err error) {
	m, c := r.Measure, r.Condition
	spec := alertSpec{For: seconds(r.For), Delay: seconds(r.Delay), NoData: r.NoData}
	spec.Measure.Kind, spec.Measure.Window, spec.Measure.Event, spec.Measure.Measure, spec.Measure.Property = m.Kind, seconds(m.Window), m.Event, m.Measure, m.Property
	spec.Measure.Filter, spec.Measure.OfEvent, spec.Measure.Amount, spec.Measure.Check = m.Filter, m.OfEvent, m.Amount, m.Check
	spec.Condition.Kind, spec.Condition.Direction, spec.Condition.Value, spec.Condition.Against, spec.Condition.Deviations = c.Kind, c.Direction, c.Value, c.Against, c.Deviations
	labels := r.Labels
	if labels == nil {
		labels = map[string]string{}
	}
	row = db.AlertRule{
		ID: uuid.UUID(r.ID), Name: r.Name, IntervalS: int32(seconds(r.Interval)), Severity: string(r.Severity), GroupLabel: r.Group, PolicyID: r.Policy, //nolint:gosec // a day
		Enabled: r.Enabled, Revision: int32(r.Revision), CreatedAt: r.CreatedAt, CreatedBy: r.CreatedBy, UpdatedAt: r.UpdatedAt, UpdatedBy: r.UpdatedBy, //nolint:gosec // counted from 1
		NextTick: r.NextTick, DueAt: r.DueAt(), State: string(r.State.Status), Since: r.State.Since, IncidentID: (*uuid.UUID)(r.Incident),
	}
	s := r.State
	for _, part := range []struct {
		to    *[]byte
		value any
	}{
		{&row.Spec, spec},
		{&row.Labels, labels},
		{&row.Memory, alertMemory{WrongSince: s.WrongSince, LastTick: s.LastTick, Changes: s.Changes, Flapping: s.Flapping, Quiet: s.Quiet}},
	} {
		if *part.to, err = json.Marshal(part.value); err != nil {
			return row, fmt.Errorf("encode alert rule: %w", err)
		}
	}
	return row, nil
}

func toRules(rows []db.AlertRule) (rules []alert.Rule, err error) {
	rules = make([]alert.Rule, len(rows))
	for i, row := range rows {
		if rules[i], err = toRule(row); err != nil {
			return nil, err
		}
	}
	return rules, nil
}

func toRule(row db.AlertRule) (alert.Rule, error) {
	var (
		spec   alertSpec
		memory alertMemory
		labels map[string]string
	)
	err := errors.Join(json.Unmarshal(row.Spec, &spec), json.Unmarshal(row.Memory, &memory), json.Unmarshal(row.Labels, &labels))
	if err != nil {
		return alert.Rule{}, fmt.Errorf("read alert rule %s: %w", row.ID, err)
	}
	m, c := spec.Measure, spec.Condition
	return alert.Rule{
		Definition: alert.Definition{
			Name: row.Name,
			Measure: alert.Measure{
				Kind: m.Kind, Window: duration(m.Window), Event: m.Event, Measure: m.Measure, Property: m.Property,
				Filter: m.Filter, OfEvent: m.OfEvent, Amount: m.Amount, Check: m.Check,
			},
			Condition: alert.Condition{Kind: c.Kind, Direction: c.Direction, Value: c.Value, Against: c.Against, Deviations: c.Deviations},
			Interval:  duration(int64(row.IntervalS)), For: duration(spec.For), Delay: duration(spec.Delay), NoData: spec.NoData,
			Severity: alert.Severity(row.Severity), Group: row.GroupLabel, Policy: row.PolicyID, Labels: labels,
		},
		ID: alert.RuleID(row.ID), Enabled: row.Enabled, Revision: int(row.Revision),
		CreatedAt: row.CreatedAt.UTC(), CreatedBy: row.CreatedBy, UpdatedAt: row.UpdatedAt.UTC(), UpdatedBy: row.UpdatedBy,
		NextTick: row.NextTick.UTC(), Incident: (*alert.IncidentID)(row.IncidentID),
		State: alert.State{
			Status: alert.Status(row.State), Since: row.Since.UTC(), WrongSince: memory.WrongSince, LastTick: memory.LastTick,
			Changes: memory.Changes, Flapping: memory.Flapping, Quiet: memory.Quiet,
		},
	}, nil
}

func seconds(d time.Duration) int64  { return int64(d / time.Second) }
func duration(s int64) time.Duration { return time.Duration(s) * time.Second }
