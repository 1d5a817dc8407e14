package analyticspg

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/observatory/observatory/analytics/analyticspg/db"
	"github.com/observatory/observatory/analytics/notify"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/tenants"
)

// Notify is a notify.Store.
type Notify struct{ store *Store }

var (
	_ notify.Store = Notify{}
	_ notify.Tx    = notifyTx{}
)

// Notify gives the store as the port of the package notify.
func (s *Store) Notify() Notify { return Notify{s} }

// notifyTx is a notify.Tx; what is sent, and how far incidents have escalated, is in notify_delivery.go.
type notifyTx struct{ tx }

// Within implements notify.Store.
func (n Notify) Within(ctx context.Context, tenant tenants.ID, fn func(notify.Tx) error) error {
	return n.store.within(ctx, tenant, func(t tx) error { return fn(notifyTx{t}) })
}

func (t notifyTx) Lock(ctx context.Context) error { return t.q.LockNotifySettings(ctx) }

func (t notifyTx) Audit(ctx context.Context, e tenants.AuditEntry) error { return t.audit(ctx, e) }

func (t notifyTx) People(ctx context.Context) ([]notify.Person, error) {
	rows, err := t.q.ListNotifyPeople(ctx)
	return pg.Each(rows, err, func(r db.ListNotifyPeopleRow) notify.Person {
		return notify.Person{ID: tenants.UserID(r.ID), Email: r.Email, Verified: r.Verified}
	})
}

func (t notifyTx) Channels(ctx context.Context) ([]notify.Channel, error) {
	rows, err := t.q.ListChannels(ctx)
	return pg.Each(rows, err, func(r db.ListChannelsRow) notify.Channel { return toChannel(db.GetChannelRow(r)) })
}

func (t notifyTx) Channel(ctx context.Context, id notify.ChannelID) (notify.Channel, error) {
	row, err := t.q.GetChannel(ctx, uuid.UUID(id))
	return toChannel(row), pg.OrNotFound(err, notify.ErrNoSuchChannel)
}

func (t notifyTx) AddChannel(ctx context.Context, c notify.Channel) error {
	return pg.OrTaken(t.q.AddChannel(ctx, db.AddChannelParams{
		ID: uuid.UUID(c.ID), Name: c.Name, Kind: string(c.Kind), UrlHint: c.URLHint, Members: uuids(c.Members), Sealed: c.Sealed,
		CreatedAt: c.CreatedAt, CreatedBy: c.CreatedBy, SecretRotatedAt: c.SecretRotatedAt, OldSecretUntil: c.OldSecretUntil,
	}), notify.ErrNameTaken)
}

func (t notifyTx) SetChannel(ctx context.Context, c notify.Channel) error {
	n, err := t.q.SetChannel(ctx, db.SetChannelParams{
		ID: uuid.UUID(c.ID), Name: c.Name, UrlHint: c.URLHint, Members: uuids(c.Members), Sealed: c.Sealed, SecretRotatedAt: c.SecretRotatedAt, OldSecretUntil: c.OldSecretUntil,
	})
	return pg.OrTaken(pg.MustTouch(n, err, notify.ErrNoSuchChannel), notify.ErrNameTaken)
}

func (t notifyTx) DeleteChannel(ctx context.Context, id notify.ChannelID, at time.Time) error {
	n, err := t.q.DeleteChannel(ctx, db.DeleteChannelParams{ID: uuid.UUID(id), At: at})
	return pg.MustTouch(n, err, notify.ErrNoSuchChannel)
}

func toChannel(r db.GetChannelRow) notify.Channel {
	return notify.Channel{
		ID: notify.ChannelID(r.ID), Name: r.Name, Kind: notify.Kind(r.Kind), URLHint: r.UrlHint, Members: userIDs(r.Members), Sealed: r.Sealed,
		CreatedAt: r.CreatedAt.UTC(), CreatedBy: r.CreatedBy, SecretRotatedAt: pg.UTC(r.SecretRotatedAt), OldSecretUntil: pg.UTC(r.OldSecretUntil),
	}
}

func (t notifyTx) Policies(ctx context.Context) ([]notify.Policy, error) {
	rows, err := t.q.ListPolicies(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]notify.Policy, len(rows))
	for i, r := range rows {
		if all[i], err = toPolicy(db.GetPolicyRow(r)); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (t notifyTx) Policy(ctx context.Context, id notify.PolicyID) (notify.Policy, error) {
	row, err := t.q.GetPolicy(ctx, uuid.UUID(id))
	if err != nil {
		return notify.Policy{}, pg.OrNotFound(err, notify.ErrNoSuchPolicy)
	}
	return toPolicy(row)
}

func (t notifyTx) AddPolicy(ctx context.Context, p notify.Policy) error {
	plan, err := json.Marshal(p.Plan)
	if err != nil {
		return fmt.Errorf("encode policy: %w", err)
	}
	return pg.OrTaken(t.q.AddPolicy(ctx, db.AddPolicyParams{
		ID: uuid.UUID(p.ID), Name: p.Name, Plan: plan, CreatedAt: p.CreatedAt, CreatedBy: p.CreatedBy, UpdatedAt: p.UpdatedAt,
	}), notify.ErrNameTaken)
}

func (t notifyTx) SetPolicy(ctx context.Context, p notify.Policy) error {
	plan, err := json.Marshal(p.Plan)
	if err != nil {
		return fmt.Errorf("encode policy: %w", err)
	}
	n, err := t.q.SetPolicy(ctx, db.SetPolicyParams{ID: uuid.UUID(p.ID), Name: p.Name, Plan: plan, UpdatedAt: p.UpdatedAt})
	return pg.OrTaken(pg.MustTouch(n, err, notify.ErrNoSuchPolicy), notify.ErrNameTaken)
}

func (t notifyTx) DeletePolicy(ctx context.Context, id notify.PolicyID) error {
	n, err := t.q.DeletePolicy(ctx, uuid.UUID(id))
	return orInUse(pg.MustTouch(n, err, notify.ErrNoSuchPolicy), notify.ErrPolicyInUse)
}

func toPolicy(r db.GetPolicyRow) (notify.Policy, error) {
	p := notify.Policy{ID: notify.PolicyID(r.ID), Name: r.Name, CreatedAt: r.CreatedAt.UTC(), CreatedBy: r.CreatedBy, UpdatedAt: r.UpdatedAt.UTC()}
	if err := json.Unmarshal(r.Plan, &p.Plan); err != nil {
		return p, fmt.Errorf("read policy: %w", err)
	}
	return p, nil
}

func (t notifyTx) Rotations(ctx context.Context) ([]notify.Rotation, error) {
	rows, err := t.q.ListRotations(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]notify.Rotation, len(rows))
	for i, r := range rows {
		if all[i], err = toRotation(db.GetRotationRow(r)); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (t notifyTx) Rotation(ctx context.Context, id notify.RotationID) (notify.Rotation, error) {
	row, err := t.q.GetRotation(ctx, uuid.UUID(id))
	if err != nil {
		return notify.Rotation{}, pg.OrNotFound(err, notify.ErrNoSuchRotation)
	}
	return toRotation(row)
}

func (t notifyTx) AddRotation(ctx context.Context, r notify.Rotation) error {
	s := r.Schedule
	return pg.OrTaken(t.q.AddRotation(ctx, db.AddRotationParams{
		ID: uuid.UUID(r.ID), Name: r.Name, Timezone: s.Zone.String(), Minute: int32(s.Minute), FirstDay: toDate(s.First), Members: uuids(s.Members), //nolint:gosec // of a day
		CreatedAt: r.CreatedAt, CreatedBy: r.CreatedBy,
	}), notify.ErrNameTaken)
}

func (t notifyTx) SetRotation(ctx context.Context, r notify.Rotation) error {
	s := r.Schedule
	n, err := t.q.SetRotation(ctx, db.SetRotationParams{
		ID: uuid.UUID(r.ID), Name: r.Name, Timezone: s.Zone.String(), Minute: int32(s.Minute), FirstDay: toDate(s.First), Members: uuids(s.Members), //nolint:gosec // of a day
	})
	return pg.OrTaken(pg.MustTouch(n, err, notify.ErrNoSuchRotation), notify.ErrNameTaken)
}

func (t notifyTx) DeleteRotation(ctx context.Context, id notify.RotationID) error {
	n, err := t.q.DeleteRotation(ctx, uuid.UUID(id))
	return pg.MustTouch(n, err, notify.ErrNoSuchRotation)
}

func toRotation(r db.GetRotationRow) (notify.Rotation, error) {
	zone, err := time.LoadLocation(r.Timezone)
	if err != nil {
		return notify.Rotation{}, fmt.Errorf("read rotation: %w", err)
	}
	return notify.Rotation{
		ID: notify.RotationID(r.ID), Name: r.Name, CreatedAt: r.CreatedAt.UTC(), CreatedBy: r.CreatedBy,
		Schedule: notify.Schedule{Zone: zone, Minute: int(r.Minute), First: notify.NewDate(r.FirstDay.Time), Members: userIDs(r.Members)},
	}, nil
}

func toDate(d notify.Date) pgtype.Date { return pgtype.Date{Time: time.Time(d), Valid: true} }

func uuids(ids []tenants.UserID) []uuid.UUID {
	all := make([]uuid.UUID, len(ids))
	for i, id := range ids {
		all[i] = uuid.UUID(id)
	}
	return all
}

func userIDs(ids []uuid.UUID) []tenants.UserID {
	all := make([]tenants.UserID, len(ids))
	for i, id := range ids {
		all[i] = tenants.UserID(id)
	}
	return all
}
