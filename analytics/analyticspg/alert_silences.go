package analyticspg

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/analytics/alert"
	"github.com/observatory/observatory/analytics/analyticspg/db"
	"github.com/observatory/observatory/internal/pg"
)

// LockSilences implements alert.Tx.
func (t alertTx) LockSilences(ctx context.Context) error { return t.lock(ctx, "silences") }

// AddSilence implements alert.Tx.
func (t alertTx) AddSilence(ctx context.Context, s alert.Silence) error {
	rules, groups, severities := named(s.SilenceInput)
	return t.q.AddSilence(ctx, db.AddSilenceParams{
		ID: uuid.UUID(s.ID), Rules: rules, Groups: groups, Severities: severities, StartsAt: s.From, EndsAt: s.To, Reason: s.Reason,
		Phase: string(s.Phase), CreatedAt: s.CreatedAt, CreatedBy: s.CreatedBy,
	})
}

// SetSilence implements alert.Tx.
func (t alertTx) SetSilence(ctx context.Context, s alert.Silence) error {
	rules, groups, severities := named(s.SilenceInput)
	return t.q.SetSilence(ctx, db.SetSilenceParams{
		ID: uuid.UUID(s.ID), Rules: rules, Groups: groups, Severities: severities, StartsAt: s.From, EndsAt: s.To, Reason: s.Reason, Phase: string(s.Phase),
	})
}

// named are the lists of a silence, which are never null in the table.
func named(in alert.SilenceInput) (rules []uuid.UUID, groups, severities []string) {
	rules, severities = make([]uuid.UUID, len(in.Rules)), make([]string, len(in.Severities))
	for i, id := range in.Rules {
		rules[i] = uuid.UUID(id)
	}
	for i, severity := range in.Severities {
		severities[i] = string(severity)
	}
	return rules, append([]string{}, in.Groups...), severities
}

// Silence implements alert.Tx.
func (t alertTx) Silence(ctx context.Context, id alert.SilenceID) (alert.Silence, error) {
	row, err := t.q.GetSilence(ctx, uuid.UUID(id))
	if err != nil {
		return alert.Silence{}, pg.OrNotFound(err, alert.ErrNoSuchSilence)
	}
	return toSilence(row), nil
}

// Silences implements alert.Tx.
func (t alertTx) Silences(ctx context.Context, phase alert.Phase, now time.Time, after alert.SilenceCursor, limit int) ([]alert.Silence, error) {
	if after.To.IsZero() {
		after.To = farAhead()
	}
	rows, err := t.q.ListSilences(ctx, db.ListSilencesParams{
		Phase: string(phase), Now: now, AfterEndsAt: after.To, AfterID: uuid.UUID(after.ID), MaxRows: int32(limit), //nolint:gosec // a page
	})
	return pg.Each(rows, err, toSilence)
}

// SilencesNow implements alert.Tx.
func (t alertTx) SilencesNow(ctx context.Context, now time.Time) ([]alert.Silence, error) {
	rows, err := t.q.ListSilencesNow(ctx, now)
	return pg.Each(rows, err, toSilence)
}

// DeleteSilence implements alert.Tx.
func (t alertTx) DeleteSilence(ctx context.Context, id alert.SilenceID) error {
	return t.q.DeleteSilence(ctx, uuid.UUID(id))
}

func toSilence(row db.Silence) alert.Silence {
	s := alert.Silence{
		SilenceInput: alert.SilenceInput{Groups: row.Groups, From: row.StartsAt.UTC(), To: row.EndsAt.UTC(), Reason: row.Reason},
		ID:           alert.SilenceID(row.ID), Phase: alert.Phase(row.Phase), CreatedAt: row.CreatedAt.UTC(), CreatedBy: row.CreatedBy,
	}
	for _, id := range row.Rules {
		s.Rules = append(s.Rules, alert.RuleID(id))
	}
	for _, severity := range row.Severities {
		s.Severities = append(s.Severities, alert.Severity(severity))
	}
	return s
}
