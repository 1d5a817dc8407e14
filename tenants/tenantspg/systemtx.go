package tenantspg

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/tenants"
	"github.com/observatory/observatory/tenants/tenantspg/db"
)

// systemTx is tenants.SystemTx.
type systemTx struct {
	tx pgx.Tx
	q  *db.Queries
}

// Tenant goes on as observatory_app inside one tenant, and comes back to observatory_system.
func (s systemTx) Tenant(ctx context.Context, tenant tenants.ID, fn func(tenants.TenantTx) error) error {
	if err := s.become(ctx, "observatory_app", tenant.String()); err != nil {
		return err
	}
	err := fn(tenantTx{q: s.q})
	back := s.become(ctx, "observatory_system", "") // fails, and does not matter, where fn broke the transaction
	if err != nil {
		return err
	}
	return back
}

func (s systemTx) become(ctx context.Context, role, tenant string) error {
	_, err := s.tx.Exec(ctx, "SELECT set_config('role', $1, true), set_config('app.tenant_id', $2, true)", role, tenant)
	if err != nil {
		return fmt.Errorf("become %s: %w", role, err)
	}
	return nil
}

func (s systemTx) Tenants(ctx context.Context) ([]tenants.ID, error) {
	rows, err := s.q.ListTenantIDs(ctx)
	return pg.Each(rows, err, func(id uuid.UUID) tenants.ID { return tenants.ID(id) })
}

func (s systemTx) InvitationByHash(ctx context.Context, hash tenants.TokenHash) (tenants.Tenant, tenants.Invitation, error) {
	r, err := s.q.GetInvitationByHash(ctx, hash[:])
	if err != nil {
		return tenants.Tenant{}, tenants.Invitation{}, pg.OrNotFound(err, tenants.ErrInvitationInvalid)
	}
	tenant := tenants.Tenant{ID: tenants.ID(r.TenantID), Name: r.TenantName, Timezone: r.TenantTimezone, CreatedAt: r.TenantCreatedAt.UTC()}
	return tenant, tenants.Invitation{
		ID: tenants.InvitationID(r.ID), Email: r.Email, Role: tenants.Role(r.Role), InvitedBy: r.InvitedBy,
		CreatedAt: r.CreatedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(), AcceptedAt: pg.UTC(r.AcceptedAt), WithdrawnAt: pg.UTC(r.WithdrawnAt),
	}, nil
}

func (s systemTx) AddUser(ctx context.Context, c tenants.Credentials, emailKey string) error {
	err := s.q.AddUser(ctx, db.AddUserParams{
		ID: uuid.UUID(c.User.ID), Email: c.User.Email, EmailKey: emailKey, Name: c.User.Name, PasswordHash: c.PasswordHash,
		EmailVerifiedAt: c.User.EmailVerifiedAt, CreatedAt: c.User.CreatedAt,
	})
	return pg.OrTaken(err, tenants.ErrEmailTaken)
}

func (s systemTx) UserByEmail(ctx context.Context, emailKey string) (tenants.Credentials, error) {
	row, err := s.q.GetUserByEmail(ctx, emailKey)
	return toCredentials(row), pg.OrNotFound(err, tenants.ErrUserNotFound)
}

func (s systemTx) UserByID(ctx context.Context, id tenants.UserID) (tenants.Credentials, error) {
	row, err := s.q.GetUserByID(ctx, uuid.UUID(id))
	return toCredentials(row), pg.OrNotFound(err, tenants.ErrUserNotFound)
}

func (s systemTx) SetPassword(ctx context.Context, id tenants.UserID, hash string) error {
	n, err := s.q.SetPassword(ctx, db.SetPasswordParams{ID: uuid.UUID(id), PasswordHash: hash})
	return pg.MustTouch(n, err, tenants.ErrUserNotFound)
}

func (s systemTx) SetEmailVerified(ctx context.Context, id tenants.UserID, at time.Time) error {
	return s.q.SetEmailVerified(ctx, db.SetEmailVerifiedParams{ID: uuid.UUID(id), At: at})
}

func (s systemTx) Memberships(ctx context.Context, id tenants.UserID) ([]tenants.Membership, error) {
	rows, err := s.q.ListMemberships(ctx, uuid.UUID(id))
	return pg.Each(rows, err, func(r db.ListMembershipsRow) tenants.Membership {
		return tenants.Membership{
			Tenant: tenants.Tenant{
				ID: tenants.ID(r.ID), Name: r.Name, Timezone: r.Timezone, CreatedAt: r.CreatedAt.UTC(), Residency: textOrEmpty(r.Residency), ClosingAt: pg.UTC(r.ClosingAt),
			},
			Role: tenants.Role(r.Role), JoinedAt: r.JoinedAt.UTC(),
		}
	})
}

func (s systemTx) AddSession(ctx context.Context, n tenants.SessionRow) error {
	return s.q.AddSession(ctx, db.AddSessionParams{
		Hash: n.Hash[:], UserID: uuid.UUID(n.User), CurrentTenantID: orNull(n.Tenant),
		CreatedAt: n.CreatedAt, LastSeenAt: n.LastSeenAt, ExpiresAt: n.ExpiresAt,
	})
}

func (s systemTx) SessionByHash(ctx context.Context, hash tenants.TokenHash) (tenants.SessionRow, tenants.User, error) {
	r, err := s.q.GetSession(ctx, hash[:])
	if err != nil {
		return tenants.SessionRow{}, tenants.User{}, pg.OrNotFound(err, tenants.ErrSessionEnded)
	}
	row := tenants.SessionRow{
		Hash: hash, User: tenants.UserID(r.ID), CreatedAt: r.StartedAt.UTC(), LastSeenAt: r.LastSeenAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(),
	}
	if r.CurrentTenantID != nil {
		row.Tenant = tenants.ID(*r.CurrentTenantID)
	}
	return row, tenants.User{
		ID: tenants.UserID(r.ID), Email: r.Email, Name: r.Name, EmailVerifiedAt: pg.UTC(r.EmailVerifiedAt), CreatedAt: r.CreatedAt.UTC(),
	}, nil
}

func (s systemTx) TouchSession(ctx context.Context, hash tenants.TokenHash, at time.Time) error {
	return s.q.TouchSession(ctx, db.TouchSessionParams{Hash: hash[:], At: at})
}

func (s systemTx) SetSessionTenant(ctx context.Context, hash tenants.TokenHash, tenant tenants.ID) error {
	return s.q.SetSessionTenant(ctx, db.SetSessionTenantParams{Hash: hash[:], CurrentTenantID: orNull(tenant)})
}

func (s systemTx) EndSession(ctx context.Context, hash tenants.TokenHash) error {
	return s.q.EndSession(ctx, hash[:])
}

func (s systemTx) EndSessions(ctx context.Context, user tenants.UserID, but tenants.TokenHash) error {
	return s.q.EndSessions(ctx, db.EndSessionsParams{UserID: uuid.UUID(user), But: but[:]})
}

func (s systemTx) Sweep(ctx context.Context, now time.Time) (int64, error) {
	sessions, err := s.q.SweepSessions(ctx, db.SweepSessionsParams{Now: now, IdleSince: now.Add(-tenants.SessionIdle)})
	if err != nil {
		return 0, err
	}
	links, err := s.q.SweepLinks(ctx, now)
	if err != nil {
		return 0, err
	}
	mails, err := s.q.SweepMail(ctx, now.Add(-tenants.MailKept))
	return sessions + links + mails, err
}

func (s systemTx) AddLink(ctx context.Context, l tenants.Link) error {
	return s.q.AddLink(ctx, db.AddLinkParams{
		Hash: l.Hash[:], Kind: string(l.Kind), UserID: uuid.UUID(l.User), CreatedAt: l.CreatedAt, ExpiresAt: l.ExpiresAt,
	})
}

func (s systemTx) OpenLink(ctx context.Context, kind tenants.LinkKind, hash tenants.TokenHash, at time.Time) (tenants.Link, error) {
	r, err := s.q.GetOpenLink(ctx, db.GetOpenLinkParams{Hash: hash[:], Kind: string(kind), At: at})
	return tenants.Link{
		Hash: hash, Kind: kind, User: tenants.UserID(r.UserID), CreatedAt: r.CreatedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(),
	}, pg.OrNotFound(err, tenants.ErrLinkInvalid)
}

func (s systemTx) UseLink(ctx context.Context, kind tenants.LinkKind, hash tenants.TokenHash, at time.Time) (tenants.Link, error) {
	r, err := s.q.UseLink(ctx, db.UseLinkParams{Hash: hash[:], Kind: string(kind), At: at})
	return tenants.Link{
		Hash: hash, Kind: kind, User: tenants.UserID(r.UserID), CreatedAt: r.CreatedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(),
	}, pg.OrNotFound(err, tenants.ErrLinkInvalid)
}

func (s systemTx) DropLinks(ctx context.Context, user tenants.UserID, kind tenants.LinkKind) error {
	return s.q.DropLinks(ctx, db.DropLinksParams{UserID: uuid.UUID(user), Kind: string(kind)})
}

func (s systemTx) LockSigningKeys(ctx context.Context, exclusive bool) error {
	if exclusive {
		return s.q.LockSigningKeys(ctx)
	}
	return s.q.LockSigningKeysShared(ctx)
}

func (s systemTx) LiveSigningKeys(ctx context.Context) ([]tenants.SigningKey, error) {
	rows, err := s.q.ListLiveSigningKeys(ctx)
	return pg.Each(rows, err, func(r db.ListLiveSigningKeysRow) tenants.SigningKey {
		return tenants.SigningKey{KID: r.KID, Public: r.PublicKey, SealedPrivate: r.SealedPrivate, CreatedAt: r.CreatedAt.UTC()}
	})
}

func (s systemTx) AddSigningKey(ctx context.Context, k tenants.SigningKey) error {
	return s.q.AddSigningKey(ctx, db.AddSigningKeyParams{
		KID: k.KID, PublicKey: k.Public, SealedPrivate: k.SealedPrivate, CreatedAt: k.CreatedAt,
	})
}

func (s systemTx) RetireSigningKey(ctx context.Context, kid string, at time.Time) error {
	return s.q.RetireSigningKey(ctx, db.RetireSigningKeyParams{KID: kid, At: at})
}

func (s systemTx) KeysSignedWith(ctx context.Context, kid string, at time.Time) ([]tenants.APIKey, error) {
	rows, err := s.q.ListKeysSignedWith(ctx, db.ListKeysSignedWithParams{KID: kid, At: at})
	return pg.Each(rows, err, toKey)
}

func (s systemTx) AddMail(ctx context.Context, m tenants.MailRow) error {
	return s.q.AddMail(ctx, db.AddMailParams{
		ID: uuid.UUID(m.ID), Kind: string(m.Kind), Sealed: m.Sealed, CreatedAt: m.CreatedAt, ExpiresAt: m.ExpiresAt,
	})
}

func (s systemTx) ClaimMail(ctx context.Context, now, again time.Time, limit int) ([]tenants.MailRow, error) {
	rows, err := s.q.ClaimMail(ctx, db.ClaimMailParams{Now: now, Again: again, MaxRows: int32(limit)})
	slices.SortFunc(rows, func(a, b db.ClaimMailRow) int { return bytes.Compare(a.ID[:], b.ID[:]) }) // UPDATE returns them in any order
	return pg.Each(rows, err, func(r db.ClaimMailRow) tenants.MailRow {
		return tenants.MailRow{
			ID: tenants.MailID(r.ID), Kind: tenants.MailKind(r.Kind), Sealed: r.Sealed,
			CreatedAt: r.CreatedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(), Attempts: int(r.Attempts),
		}
	})
}

func (s systemTx) MailSent(ctx context.Context, id tenants.MailID, at time.Time) error {
	return s.q.MailSent(ctx, db.MailSentParams{ID: uuid.UUID(id), At: at})
}

func (s systemTx) MailFailed(ctx context.Context, id tenants.MailID, why string, again time.Time) error {
	return s.q.MailFailed(ctx, db.MailFailedParams{ID: uuid.UUID(id), Why: why, Again: again})
}

func (s systemTx) MailGivenUp(ctx context.Context, id tenants.MailID, why string, at time.Time) error {
	return s.q.MailGivenUp(ctx, db.MailGivenUpParams{ID: uuid.UUID(id), Why: why, At: at})
}

func toCredentials(r db.User) tenants.Credentials {
	return tenants.Credentials{
		User: tenants.User{
			ID: tenants.UserID(r.ID), Email: r.Email, Name: r.Name, EmailVerifiedAt: pg.UTC(r.EmailVerifiedAt), CreatedAt: r.CreatedAt.UTC(),
		},
		PasswordHash: r.PasswordHash,
	}
}

func orNull(id tenants.ID) *uuid.UUID {
	if id.IsZero() {
		return nil
	}
	u := uuid.UUID(id)
	return &u
}
