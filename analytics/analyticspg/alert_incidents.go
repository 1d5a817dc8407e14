package analyticspg

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/observatory/observatory/analytics/alert"
	"github.com/observatory/observatory/analytics/analyticspg/db"
	"github.com/observatory/observatory/internal/pg"
)

// LockGroup implements alert.Tx.
func (t alertTx) LockGroup(ctx context.Context, groupKey string) error {
	return t.lock(ctx, "incident "+groupKey)
}

// OpenIncident implements alert.Tx.
func (t alertTx) OpenIncident(ctx context.Context, groupKey string) (*alert.Incident, error) {
	row, err := t.q.LockOpenIncidentOfGroup(ctx, groupKey)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil //nolint:nilnil // there is none
	}
	found, err := t.withRules(ctx, []db.Incident{row}, err)
	if err != nil {
		return nil, err
	}
	return &found[0], nil
}

// LockIncident implements alert.Tx.
func (t alertTx) LockIncident(ctx context.Context, id alert.IncidentID) (alert.Incident, error) {
	row, err := t.q.LockIncident(ctx, uuid.UUID(id))
	return t.incident(ctx, row, err)
}

// Incident implements alert.Tx.
func (t alertTx) Incident(ctx context.Context, id alert.IncidentID) (alert.Incident, error) {
	row, err := t.q.GetIncident(ctx, uuid.UUID(id))
	return t.incident(ctx, row, err)
}

func (t alertTx) incident(ctx context.Context, row db.Incident, err error) (alert.Incident, error) {
	found, err := t.withRules(ctx, []db.Incident{row}, pg.OrNotFound(err, alert.ErrNoSuchIncident))
	if err != nil {
		return alert.Incident{}, err
	}
	return found[0], nil
}

// LockOpenIncidents implements alert.Tx.
func (t alertTx) LockOpenIncidents(ctx context.Context) ([]alert.Incident, error) {
	rows, err := t.q.LockOpenIncidents(ctx)
	return t.withRules(ctx, rows, err)
}

// Incidents implements alert.Tx.
func (t alertTx) Incidents(ctx context.Context, q alert.IncidentsQuery) ([]alert.Incident, error) {
	in := db.ListIncidentsParams{
		State: string(q.State), Severity: string(q.Severity), Event: q.Event, FromTime: q.From, ToTime: q.To,
		AfterOpenedAt: q.After.OpenedAt, AfterID: uuid.UUID(q.After.ID), MaxRows: int32(q.Limit), //nolint:gosec // a page
	}
	if q.To.IsZero() {
		in.ToTime = farAhead()
	}
	if q.After.OpenedAt.IsZero() {
		in.AfterOpenedAt = farAhead()
	}
	if id := uuid.UUID(q.Rule); id != uuid.Nil {
		in.RuleID = &id
	}
	rows, err := t.q.ListIncidents(ctx, in)
	return t.withRules(ctx, rows, err)
}

// farAhead is later than anything that happens.
func farAhead() time.Time { return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC) }

// withRules reads the rules of incidents, unless there was an error.
func (t alertTx) withRules(ctx context.Context, rows []db.Incident, err error) ([]alert.Incident, error) {
	if err != nil {
		return nil, err
	}
	ids := make([]uuid.UUID, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
	}
	parts, err := t.q.ListIncidentRules(ctx, ids)
	if err != nil {
		return nil, err
	}
	all := make([]alert.Incident, len(rows))
	for i, row := range rows {
		all[i] = toIncident(row)
		for _, p := range parts {
			if p.IncidentID == row.ID {
				all[i].Rules = append(all[i].Rules, alert.IncidentRule{
					Rule: alert.RuleID(p.RuleID), Name: p.Name, Event: p.Event, Severity: alert.Severity(p.Severity), Group: p.GroupLabel,
					FiredAt: p.FiredAt.UTC(), ResolvedAt: pg.UTC(p.ResolvedAt),
				})
			}
		}
	}
	return all, nil
}

func toIncident(row db.Incident) alert.Incident {
	i := alert.Incident{
		ID: alert.IncidentID(row.ID), GroupKey: row.GroupKey, Title: row.Title, Severity: alert.Severity(row.Severity), State: alert.IncidentState(row.State),
		OpenedAt: row.OpenedAt.UTC(), ResolvedAt: pg.UTC(row.ResolvedAt), AcknowledgedAt: pg.UTC(row.AcknowledgedAt), SnoozedUntil: pg.UTC(row.SnoozedUntil),
		Policy: row.PolicyID, Muted: row.Muted,
	}
	i.Tenant = [16]byte(row.TenantID)
	if row.ResolvedBy != nil {
		i.ResolvedBy = *row.ResolvedBy
	}
	if row.AcknowledgedBy != nil {
		i.AcknowledgedBy = *row.AcknowledgedBy
	}
	return i
}

// AddIncident implements alert.Tx.
func (t alertTx) AddIncident(ctx context.Context, i alert.Incident, createdAt time.Time) error {
	return t.q.AddIncident(ctx, db.AddIncidentParams{
		ID: uuid.UUID(i.ID), GroupKey: i.GroupKey, Title: i.Title, Severity: string(i.Severity), State: string(i.State), OpenedAt: i.OpenedAt,
		PolicyID: i.Policy, Muted: i.Muted, CreatedAt: createdAt,
	})
}

// SetIncident implements alert.Tx.
func (t alertTx) SetIncident(ctx context.Context, i alert.Incident) error {
	in := db.SetIncidentParams{
		ID: uuid.UUID(i.ID), Title: i.Title, Severity: string(i.Severity), State: string(i.State), ResolvedAt: i.ResolvedAt,
		AcknowledgedAt: i.AcknowledgedAt, SnoozedUntil: i.SnoozedUntil, PolicyID: i.Policy, Muted: i.Muted,
	}
	if i.ResolvedBy != "" {
		in.ResolvedBy = &i.ResolvedBy
	}
	if i.AcknowledgedAt != nil {
		in.AcknowledgedBy = &i.AcknowledgedBy
	}
	return t.q.SetIncident(ctx, in)
}

// SetIncidentRule implements alert.Tx.
func (t alertTx) SetIncidentRule(ctx context.Context, id alert.IncidentID, r alert.IncidentRule) error {
	return t.q.SetIncidentRule(ctx, db.SetIncidentRuleParams{
		IncidentID: uuid.UUID(id), RuleID: uuid.UUID(r.Rule), Name: r.Name, Event: r.Event, Severity: string(r.Severity), GroupLabel: r.Group,
		FiredAt: r.FiredAt, ResolvedAt: r.ResolvedAt,
	})
}

// AddEntry implements alert.Tx.
func (t alertTx) AddEntry(ctx context.Context, id alert.IncidentID, e alert.Entry) error {
	if e.Details == nil {
		e.Details = map[string]string{}
	}
	details, err := json.Marshal(e.Details)
	if err != nil {
		return fmt.Errorf("encode timeline entry: %w", err)
	}
	return t.q.AddIncidentEntry(ctx, db.AddIncidentEntryParams{
		ID: e.ID, IncidentID: uuid.UUID(id), At: e.At, Kind: string(e.Kind), Actor: e.Actor, Text: e.Text, Details: details,
	})
}

// Entries implements alert.Tx.
func (t alertTx) Entries(ctx context.Context, id alert.IncidentID, limit int) ([]alert.Entry, error) {
	rows, err := t.q.ListIncidentEntries(ctx, db.ListIncidentEntriesParams{IncidentID: uuid.UUID(id), MaxRows: int32(limit)}) //nolint:gosec // a thousand
	if err != nil {
		return nil, err
	}
	slices.Reverse(rows)
	all := make([]alert.Entry, len(rows))
	for i, row := range rows {
		all[i] = alert.Entry{ID: row.ID, At: row.At.UTC(), Kind: alert.EntryKind(row.Kind), Actor: row.Actor, Text: row.Text}
		if err := json.Unmarshal(row.Details, &all[i].Details); err != nil {
			return nil, fmt.Errorf("read timeline entry: %w", err)
		}
	}
	return all, nil
}
