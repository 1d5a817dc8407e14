package tenantspg

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/tenants"
	"github.com/observatory/observatory/tenants/tenantspg/db"
)

// tenantTx is tenants.TenantTx: the transaction's role and setting narrow everything to one tenant.
type tenantTx struct{ q *db.Queries }

func (t tenantTx) Tenant(ctx context.Context) (tenants.Tenant, error) {
	row, err := t.q.GetTenant(ctx)
	return toTenant(row), pg.OrNotFound(err, tenants.ErrTenantNotFound)
}

func (t tenantTx) AddTenant(ctx context.Context, n tenants.Tenant) error {
	return t.q.AddTenant(ctx, db.AddTenantParams{ID: uuid.UUID(n.ID), Name: n.Name, Timezone: n.Timezone, CreatedAt: n.CreatedAt, Residency: textOrNull(n.Residency)})
}

func (t tenantTx) UpdateTenant(ctx context.Context, n tenants.Tenant) error {
	rows, err := t.q.UpdateTenant(ctx, db.UpdateTenantParams{Name: n.Name, Timezone: n.Timezone, Residency: textOrNull(n.Residency)})
	return pg.MustTouch(rows, err, tenants.ErrTenantNotFound)
}

func (t tenantTx) Members(ctx context.Context) ([]tenants.Member, error) {
	rows, err := t.q.ListMembers(ctx)
	return pg.Each(rows, err, func(r db.ListMembersRow) tenants.Member {
		return tenants.Member{
			User: tenants.User{
				ID: tenants.UserID(r.ID), Email: r.Email, Name: r.Name, EmailVerifiedAt: pg.UTC(r.EmailVerifiedAt), CreatedAt: r.CreatedAt.UTC(),
			},
			Role:     tenants.Role(r.Role),
			JoinedAt: r.JoinedAt.UTC(),
		}
	})
}

func (t tenantTx) AddMember(ctx context.Context, user tenants.UserID, role tenants.Role, at time.Time) error {
	err := t.q.AddMember(ctx, db.AddMemberParams{UserID: uuid.UUID(user), Role: string(role), JoinedAt: at})
	return pg.OrTaken(err, tenants.ErrAlreadyMember)
}

func (t tenantTx) SetMemberRole(ctx context.Context, user tenants.UserID, role tenants.Role) error {
	n, err := t.q.SetMemberRole(ctx, db.SetMemberRoleParams{Role: string(role), UserID: uuid.UUID(user)})
	return pg.MustTouch(n, err, tenants.ErrMemberNotFound)
}

func (t tenantTx) RemoveMember(ctx context.Context, user tenants.UserID) error {
	n, err := t.q.RemoveMember(ctx, uuid.UUID(user))
	return pg.MustTouch(n, err, tenants.ErrMemberNotFound)
}

func (t tenantTx) OpenInvitations(ctx context.Context) ([]tenants.Invitation, error) {
	rows, err := t.q.ListOpenInvitations(ctx)
	return pg.Each(rows, err, func(r db.ListOpenInvitationsRow) tenants.Invitation {
		return tenants.Invitation{
			ID: tenants.InvitationID(r.ID), Email: r.Email, Role: tenants.Role(r.Role), InvitedBy: r.InvitedBy,
			CreatedAt: r.CreatedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(),
		}
	})
}

func (t tenantTx) AddInvitation(ctx context.Context, i tenants.Invitation, hash tenants.TokenHash) error {
	return t.q.AddInvitation(ctx, db.AddInvitationParams{
		ID: uuid.UUID(i.ID), Email: i.Email, Role: string(i.Role), InvitedBy: i.InvitedBy, TokenHash: hash[:],
		CreatedAt: i.CreatedAt, ExpiresAt: i.ExpiresAt,
	})
}

func (t tenantTx) CloseInvitation(ctx context.Context, i tenants.Invitation) error {
	n, err := t.q.CloseInvitation(ctx, db.CloseInvitationParams{ID: uuid.UUID(i.ID), AcceptedAt: i.AcceptedAt, WithdrawnAt: i.WithdrawnAt})
	return pg.MustTouch(n, err, tenants.ErrInvitationNotFound)
}

func (t tenantTx) Sources(ctx context.Context) ([]tenants.Source, error) {
	rows, err := t.q.ListSources(ctx)
	return pg.Each(rows, err, toSource)
}

func (t tenantTx) Source(ctx context.Context, id tenants.SourceID) (tenants.Source, error) {
	row, err := t.q.GetSource(ctx, uuid.UUID(id))
	return toSource(row), pg.OrNotFound(err, tenants.ErrSourceNotFound)
}

func (t tenantTx) AddSource(ctx context.Context, s tenants.Source) error {
	return t.q.AddSource(ctx, db.AddSourceParams{
		ID: uuid.UUID(s.ID), Name: s.Name, Kind: string(s.Kind), Env: string(s.Env), CreatedAt: s.CreatedAt, ArchivedAt: s.ArchivedAt,
	})
}

func (t tenantTx) UpdateSource(ctx context.Context, s tenants.Source) error {
	n, err := t.q.UpdateSource(ctx, db.UpdateSourceParams{ID: uuid.UUID(s.ID), Name: s.Name, ArchivedAt: s.ArchivedAt})
	return pg.MustTouch(n, err, tenants.ErrSourceNotFound)
}

func (t tenantTx) Keys(ctx context.Context) ([]tenants.APIKey, error) {
	rows, err := t.q.ListKeys(ctx)
	return pg.Each(rows, err, toKey)
}

func (t tenantTx) Key(ctx context.Context, id tenants.KeyID) (tenants.APIKey, error) {
	row, err := t.q.GetKey(ctx, uuid.UUID(id))
	return toKey(row), pg.OrNotFound(err, tenants.ErrKeyNotFound)
}

func (t tenantTx) AddKey(ctx context.Context, k tenants.APIKey) error {
	scopes := make([]string, len(k.Scopes))
	for i, s := range k.Scopes {
		scopes[i] = string(s)
	}
	return t.q.AddKey(ctx, db.AddKeyParams{
		ID: uuid.UUID(k.ID), SourceID: uuid.UUID(k.Source), Kind: string(k.Kind), Name: k.Name, Scopes: scopes, Env: string(k.Env),
		Origins: notNil(k.Origins), KID: k.KID, Hint: k.Hint, CreatedAt: k.CreatedAt, CreatedBy: k.CreatedBy, ExpiresAt: k.ExpiresAt,
	})
}

func (t tenantTx) UpdateKey(ctx context.Context, k tenants.APIKey) error {
	n, err := t.q.UpdateKey(ctx, db.UpdateKeyParams{
		ID: uuid.UUID(k.ID), Name: k.Name, Origins: notNil(k.Origins), ExpiresAt: k.ExpiresAt, RevokedAt: k.RevokedAt,
	})
	return pg.MustTouch(n, err, tenants.ErrKeyNotFound)
}

func (t tenantTx) LockTenant(ctx context.Context) error { return t.q.LockTenant(ctx) }

func (t tenantTx) LastAudit(ctx context.Context) (int64, tenants.AuditHash, error) {
	row, err := t.q.LastAudit(ctx)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, tenants.AuditHash{}, nil
	}
	if err != nil {
		return 0, tenants.AuditHash{}, err
	}
	return row.Seq, tenants.AuditHash(row.Hash), nil
}

func (t tenantTx) AddAudit(ctx context.Context, e tenants.AuditEntry) error {
	details, err := json.Marshal(e.Details)
	if err != nil {
		return fmt.Errorf("encode audit details: %w", err)
	}
	return t.q.AddAudit(ctx, db.AddAuditParams{
		Seq: e.Seq, At: e.At, ActorKind: string(e.Actor.Kind), ActorID: e.Actor.ID, ActorLabel: e.Actor.Label, Action: e.Action,
		Target: e.Target, Details: details, CorrelationID: e.CorrelationID, PrevHash: e.PrevHash[:], Hash: e.Hash[:],
	})
}

func (t tenantTx) AuditBefore(ctx context.Context, seq int64, limit int) ([]tenants.AuditEntry, error) {
	rows, err := t.q.ListAuditBefore(ctx, db.ListAuditBeforeParams{Seq: seq, MaxRows: int32(limit)})
	return pg.Each(rows, err, toAuditEntry)
}

func (t tenantTx) AuditAfter(ctx context.Context, seq int64, limit int) ([]tenants.AuditEntry, error) {
	rows, err := t.q.ListAuditAfter(ctx, db.ListAuditAfterParams{Seq: seq, MaxRows: int32(limit)})
	return pg.Each(rows, err, toAuditEntry)
}

func toTenant(r db.Tenant) tenants.Tenant {
	return tenants.Tenant{
		ID: tenants.ID(r.ID), Name: r.Name, Timezone: r.Timezone, CreatedAt: r.CreatedAt.UTC(), Residency: textOrEmpty(r.Residency), ClosingAt: pg.UTC(r.ClosingAt),
	}
}

// textOrNull is NULL for a text that is empty.
func textOrNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func textOrEmpty(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

func toSource(r db.Source) tenants.Source {
	return tenants.Source{
		ID: tenants.SourceID(r.ID), Name: r.Name, Kind: tenants.SourceKind(r.Kind), Env: tenants.Env(r.Env),
		CreatedAt: r.CreatedAt.UTC(), ArchivedAt: pg.UTC(r.ArchivedAt),
	}
}

func toKey(r db.APIKey) tenants.APIKey {
	scopes := make(tenants.Scopes, len(r.Scopes))
	for i, s := range r.Scopes {
		scopes[i] = tenants.Scope(s)
	}
	return tenants.APIKey{
		ID: tenants.KeyID(r.ID), Tenant: tenants.ID(r.TenantID), Source: tenants.SourceID(r.SourceID), Kind: tenants.KeyKind(r.Kind),
		Name: r.Name, Scopes: scopes, Env: tenants.Env(r.Env), Origins: r.Origins, KID: r.KID, Hint: r.Hint,
		CreatedAt: r.CreatedAt.UTC(), CreatedBy: r.CreatedBy, ExpiresAt: pg.UTC(r.ExpiresAt), RevokedAt: pg.UTC(r.RevokedAt),
	}
}

// toAuditEntry takes a row as it is. One that was tampered with so much that it cannot be read becomes an entry whose hash
// is wrong, which is what Verify is to find.
func toAuditEntry(r db.AuditLog) tenants.AuditEntry {
	e := tenants.AuditEntry{
		Seq: r.Seq, At: r.At.UTC(), Actor: tenants.Actor{Kind: tenants.ActorKind(r.ActorKind), ID: r.ActorID, Label: r.ActorLabel},
		Action: r.Action, Target: r.Target, CorrelationID: r.CorrelationID,
	}
	copy(e.PrevHash[:], r.PrevHash)
	copy(e.Hash[:], r.Hash)
	if err := json.Unmarshal(r.Details, &e.Details); err != nil {
		e.Details = tenants.Details{"unreadable": string(r.Details)}
	}
	return e
}

func notNil(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
