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
	"github.com/observatory/observatory/analytics/notify"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/tenants"
)

// Due implements notify.Store.
func (n Notify) Due(ctx context.Context, now time.Time, limit int) (all []notify.Due, err error) {
	err = n.store.pool.AcrossTenants(ctx, func(t pgx.Tx) error {
		rows, err := db.New(t).ListDueEscalations(ctx, db.ListDueEscalationsParams{Now: now, MaxRows: int32(limit)}) //nolint:gosec // small
		all, err = pg.Each(rows, err, func(r db.ListDueEscalationsRow) notify.Due {
			return notify.Due{Tenant: tenants.ID(r.TenantID), Incident: alert.IncidentID(r.ID)}
		})
		return err
	})
	return all, err
}

// Claim implements notify.Store.
func (n Notify) Claim(ctx context.Context, now, again time.Time, perTenant, limit int) (all []notify.Claimed, err error) {
	err = n.store.pool.AcrossTenants(ctx, func(t pgx.Tx) error {
		q := db.New(t)
		if err := q.CancelPointlessDeliveries(ctx, now); err != nil {
			return err
		}
		rows, err := q.ClaimDeliveries(ctx, db.ClaimDeliveriesParams{Now: now, Again: again, PerTenant: int32(perTenant), MaxRows: int32(limit)}) //nolint:gosec // small
		if err != nil || len(rows) == 0 {
			return err
		}
		all = make([]notify.Claimed, len(rows))
		ids := make([]uuid.UUID, len(rows))
		for i, r := range rows {
			ids[i] = r.ID
			all[i] = notify.Claimed{Tenant: tenants.ID(r.TenantID), Attempt: int(r.Attempts), Delivery: notify.Delivery{
				ID: notify.DeliveryID(r.ID), Kind: notify.DeliveryKind(r.Kind), Incident: r.IncidentID, Channel: (*notify.ChannelID)(r.ChannelID),
				Member: (*tenants.UserID)(r.MemberID), Rotation: (*notify.RotationID)(r.RotationID), Step: int(r.Step), Round: int(r.Round),
				State: notify.Waiting, MaxAttempts: int(r.MaxAttempts), CreatedAt: r.CreatedAt.UTC(),
			}}
			if err := json.Unmarshal(r.Notice, &all[i].Notice); err != nil {
				return fmt.Errorf("read message: %w", err)
			}
		}
		return q.AddClaimedAttempts(ctx, db.AddClaimedAttemptsParams{Deliveries: ids, Now: now})
	})
	return all, err
}

// Sweep implements notify.Store.
func (n Notify) Sweep(ctx context.Context, before time.Time) (count int64, err error) {
	err = n.store.pool.AcrossTenants(ctx, func(t pgx.Tx) (err error) {
		count, err = db.New(t).SweepDeliveries(ctx, before)
		return err
	})
	return count, err
}

func (t notifyTx) AddDelivery(ctx context.Context, d notify.Delivery) (bool, error) {
	notice, err := json.Marshal(d.Notice)
	if err != nil {
		return false, fmt.Errorf("encode message: %w", err)
	}
	n, err := t.q.AddDelivery(ctx, db.AddDeliveryParams{
		ID: uuid.UUID(d.ID), Kind: string(d.Kind), IncidentID: d.Incident, ChannelID: (*uuid.UUID)(d.Channel), MemberID: (*uuid.UUID)(d.Member), RotationID: (*uuid.UUID)(d.Rotation),
		Recipient: d.Recipient(), Step: int32(d.Step), Round: int32(d.Round), Notice: notice, Attempts: int32(len(d.Attempts)), MaxAttempts: int32(d.MaxAttempts), //nolint:gosec // small
		NextAt: *d.NextAt, CreatedAt: d.CreatedAt,
	})
	if err != nil {
		return false, err
	}
	for _, a := range d.Attempts {
		if err := t.q.AddDeliveryAttempt(ctx, db.AddDeliveryAttemptParams{DeliveryID: uuid.UUID(d.ID), Attempt: int32(a.Number), At: a.At}); err != nil { //nolint:gosec // small
			return false, err
		}
	}
	return n > 0, nil
}

func (t notifyTx) Settle(ctx context.Context, id notify.DeliveryID, a notify.Attempt, state notify.DeliveryState, next *time.Time, now time.Time) (bool, error) {
	in := db.SettleDeliveryParams{ID: uuid.UUID(id), Attempt: int32(a.Number), State: string(state), NextAt: next} //nolint:gosec // small
	if state != notify.Waiting {
		in.EndedAt = &now
	}
	n, err := t.q.SettleDelivery(ctx, in)
	if err != nil || n == 0 {
		return false, err
	}
	out := db.SettleAttemptParams{DeliveryID: uuid.UUID(id), Attempt: in.Attempt, Outcome: string(a.Outcome), Answer: a.Answer, Error: a.Error}
	if a.Elapsed != nil {
		ms := a.Elapsed.Milliseconds()
		out.ElapsedMs = &ms
	}
	if a.Status != nil {
		status := int32(*a.Status) //nolint:gosec // of HTTP
		out.Status = &status
	}
	return true, t.q.SettleAttempt(ctx, out)
}

func (t notifyTx) Deliveries(ctx context.Context, q notify.DeliveriesQuery) ([]notify.Delivery, error) {
	in := db.ListDeliveriesParams{Before: uuid.Max, IncidentID: q.Incident, ChannelID: (*uuid.UUID)(q.Channel), State: string(q.State), MaxRows: int32(q.Limit)} //nolint:gosec // a page
	if q.Before != nil {
		in.Before = uuid.UUID(*q.Before)
	}
	return t.deliveries(ctx, in)
}

func (t notifyTx) Delivery(ctx context.Context, id notify.DeliveryID) (notify.Delivery, error) {
	found, err := t.deliveries(ctx, db.ListDeliveriesParams{Before: uuid.Max, ID: (*uuid.UUID)(&id), MaxRows: 1})
	if err == nil && len(found) == 0 {
		err = pgx.ErrNoRows
	}
	if err != nil {
		return notify.Delivery{}, err
	}
	return found[0], nil
}

func (t notifyTx) deliveries(ctx context.Context, in db.ListDeliveriesParams) ([]notify.Delivery, error) {
	rows, err := t.q.ListDeliveries(ctx, in)
	if err != nil {
		return nil, err
	}
	all := make([]notify.Delivery, len(rows))
	ids := make([]uuid.UUID, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
		all[i] = notify.Delivery{
			ID: notify.DeliveryID(r.ID), Kind: notify.DeliveryKind(r.Kind), Incident: r.IncidentID, Channel: (*notify.ChannelID)(r.ChannelID),
			Member: (*tenants.UserID)(r.MemberID), Rotation: (*notify.RotationID)(r.RotationID), Step: int(r.Step), Round: int(r.Round),
			State: notify.DeliveryState(r.State), MaxAttempts: int(r.MaxAttempts), CreatedAt: r.CreatedAt.UTC(), EndedAt: pg.UTC(r.EndedAt), NextAt: pg.UTC(r.NextAt),
		}
		if r.ChannelName != nil {
			all[i].ChannelName = *r.ChannelName
		}
		if err := json.Unmarshal(r.Notice, &all[i].Notice); err != nil {
			return nil, fmt.Errorf("read message: %w", err)
		}
	}
	attempts, err := t.q.ListDeliveryAttempts(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, a := range attempts {
		i := slices.Index(ids, a.DeliveryID)
		all[i].Attempts = append(all[i].Attempts, toAttempt(a))
	}
	return all, nil
}

func toAttempt(r db.ListDeliveryAttemptsRow) notify.Attempt {
	a := notify.Attempt{Number: int(r.Attempt), At: r.At.UTC(), Outcome: notify.Outcome(r.Outcome), Answer: r.Answer, Error: r.Error}
	if r.ElapsedMs != nil {
		elapsed := time.Duration(*r.ElapsedMs) * time.Millisecond
		a.Elapsed = &elapsed
	}
	if r.Status != nil {
		status := int(*r.Status)
		a.Status = &status
	}
	return a
}

func (t notifyTx) Destination(ctx context.Context, d notify.Delivery) (to notify.Destination, err error) {
	if d.Member != nil {
		people, err := t.People(ctx)
		if i := slices.IndexFunc(people, func(p notify.Person) bool { return p.ID == *d.Member }); i >= 0 {
			to.Person = &people[i]
		}
		return to, err
	}
	channel, err := t.Channel(ctx, *d.Channel)
	if errors.Is(err, notify.ErrNoSuchChannel) {
		return to, nil
	}
	to.Channel = &channel
	return to, err
}

func (t notifyTx) Told(ctx context.Context, incident alert.IncidentID) ([]notify.Delivery, error) {
	rows, err := t.q.ListTold(ctx, (*uuid.UUID)(&incident))
	return pg.Each(rows, err, func(r db.ListToldRow) notify.Delivery {
		d := notify.Delivery{Channel: (*notify.ChannelID)(r.ChannelID), Member: (*tenants.UserID)(r.MemberID), Rotation: (*notify.RotationID)(r.RotationID)}
		if r.ChannelName != nil {
			d.ChannelName = *r.ChannelName
		}
		return d
	})
}

func (t notifyTx) CountTests(ctx context.Context, since time.Time) (int, error) {
	n, err := t.q.CountTests(ctx, since)
	return int(n), err
}

func (t notifyTx) LockEscalation(ctx context.Context, incident alert.IncidentID) error {
	return t.q.LockEscalation(ctx, incident.String())
}

func (t notifyTx) Escalation(ctx context.Context, incident alert.IncidentID) (*notify.Progress, error) {
	row, err := t.q.GetEscalation(ctx, uuid.UUID(incident))
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	return &notify.Progress{Round: int(row.Round), Taken: int(row.Taken), DueAt: pg.UTC(row.DueAt), Over: row.Over}, nil
}

func (t notifyTx) SetEscalation(ctx context.Context, incident alert.IncidentID, p notify.Progress, now time.Time) error {
	return t.q.SetEscalation(ctx, db.SetEscalationParams{
		IncidentID: uuid.UUID(incident), Round: int32(p.Round), Taken: int32(p.Taken), DueAt: p.DueAt, Over: p.Over, Now: now, //nolint:gosec // small
	})
}

func (t notifyTx) Hasten(ctx context.Context, incident alert.IncidentID, step, round int, now time.Time) (bool, error) {
	n, err := t.q.HastenEscalation(ctx, db.HastenEscalationParams{IncidentID: uuid.UUID(incident), Taken: int32(step), Round: int32(round), Now: now}) //nolint:gosec // small
	return n > 0, err
}

func (t notifyTx) Incident(ctx context.Context, id alert.IncidentID) (alert.Incident, []alert.Entry, error) {
	row, err := t.q.GetNotifiedIncident(ctx, uuid.UUID(id))
	if err != nil {
		return alert.Incident{}, nil, pg.OrNotFound(err, alert.ErrNoSuchIncident)
	}
	i := alert.Incident{
		ID: id, Tenant: tenants.ID(row.TenantID), GroupKey: row.GroupKey, Title: row.Title, Severity: alert.Severity(row.Severity), State: alert.IncidentState(row.State),
		OpenedAt: row.OpenedAt.UTC(), ResolvedAt: pg.UTC(row.ResolvedAt), AcknowledgedAt: pg.UTC(row.AcknowledgedAt), SnoozedUntil: pg.UTC(row.SnoozedUntil),
		Policy: row.PolicyID, Muted: row.Muted,
	}
	rules, err := t.q.ListNotifiedRules(ctx, uuid.UUID(id))
	i.Rules, err = pg.Each(rules, err, func(r db.ListNotifiedRulesRow) alert.IncidentRule {
		return alert.IncidentRule{Rule: alert.RuleID(r.RuleID), Name: r.Name, Severity: alert.Severity(r.Severity)}
	})
	if err != nil {
		return i, nil, err
	}
	rows, err := t.q.LastFired(ctx, uuid.UUID(id))
	if err != nil {
		return i, nil, err
	}
	fired := make([]alert.Entry, len(rows))
	for n, r := range rows {
		fired[n].Text = r.Text
		if err := json.Unmarshal(r.Details, &fired[n].Details); err != nil {
			return i, nil, fmt.Errorf("read timeline: %w", err)
		}
	}
	return i, fired, nil
}

func (t notifyTx) AddEntry(ctx context.Context, id alert.IncidentID, e alert.Entry) error {
	details, err := json.Marshal(e.Details)
	if err != nil {
		return fmt.Errorf("encode timeline: %w", err)
	}
	return t.q.AddNotifyEntry(ctx, db.AddNotifyEntryParams{ID: e.ID, IncidentID: uuid.UUID(id), At: e.At, Kind: string(e.Kind), Text: e.Text, Details: details})
}

// orInUse replaces a violated foreign key by the domain's own word for it.
func orInUse(err, used error) error {
	if errors.Is(pg.Fault(err), pg.ErrInUse) {
		return used
	}
	return err
}
