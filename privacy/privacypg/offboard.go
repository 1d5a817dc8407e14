package privacypg

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/observatory/observatory/internal/follow"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/internal/seal"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/offboard"
	"github.com/observatory/observatory/privacy/privacypg/db"
	"github.com/observatory/observatory/tenants"
	"github.com/observatory/observatory/tenants/tenantspg"
)

// Offboardings is an offboard.Book.
type Offboardings struct {
	*Store
	mails  *tenants.Outbox
	sealer seal.Sealer
}

var _ offboard.Book = Offboardings{}

// Offboardings gives the store as the book of who leaves. sealer is for this purpose alone.
func (s *Store) Offboardings(mails *tenants.Outbox, sealer seal.Sealer) Offboardings {
	return Offboardings{Store: s, mails: mails, sealer: sealer}
}

// Ask implements offboard.Book.
func (s Offboardings) Ask(ctx context.Context, l offboard.Leaving, entry tenants.AuditEntry) error {
	return s.within(ctx, l.Tenant, func(t tx) error {
		in := db.AddOffboardingParams{
			ID: l.ID, TenantName: l.Name, State: string(l.State), AskedAt: l.AskedAt, AskedBy: l.AskedBy, EraseAt: l.EraseAt, ChangedAt: l.Changed,
		}
		if l.Residency != "" {
			in.Residency = &l.Residency
		}
		if err := t.q.AddOffboarding(ctx, in); err != nil {
			return pg.OrTaken(err, offboard.ErrLeaving)
		}
		if err := t.q.CloseTenant(ctx, &l.AskedAt); err != nil {
			return err
		}
		return t.Audit(ctx, entry)
	})
}

// Cancel implements offboard.Book.
func (s Offboardings) Cancel(ctx context.Context, tenant tenants.ID, now time.Time, entry tenants.AuditEntry) (l offboard.Leaving, err error) {
	err = s.within(ctx, tenant, func(t tx) error {
		n, err := t.q.CancelOffboarding(ctx, now)
		if err != nil {
			return err
		}
		if l, err = s.newest(ctx, t); err != nil {
			return err
		}
		switch {
		case n == 0 && l.State.Final():
			return offboard.ErrNotLeaving
		case n == 0:
			return offboard.ErrBegun
		}
		if err := t.q.CloseTenant(ctx, nil); err != nil {
			return err
		}
		return t.Audit(ctx, entry)
	})
	return l, err
}

// Newest implements offboard.Book.
func (s Offboardings) Newest(ctx context.Context, tenant tenants.ID) (l offboard.Leaving, err error) {
	err = s.within(ctx, tenant, func(t tx) error {
		l, err = s.newest(ctx, t)
		return err
	})
	return l, err
}

// Open implements offboard.Book.
func (s Offboardings) Open(ctx context.Context, now time.Time) (open []tenants.ID, err error) {
	err = s.pool.AcrossTenants(ctx, func(t pgx.Tx) error {
		rows, err := db.New(t).ListOpenOffboardings(ctx, now)
		open, err = pg.Each(rows, err, func(id uuid.UUID) tenants.ID { return tenants.ID(id) })
		return err
	})
	return open, err
}

// Begin implements offboard.Book.
func (s Offboardings) Begin(ctx context.Context, l offboard.Leaving, now time.Time) (begun offboard.Leaving, err error) {
	err = s.within(ctx, l.Tenant, func(t tx) error {
		rows, err := t.q.ListPeopleOfTenant(ctx)
		if err != nil {
			return err
		}
		var owners []string
		people := make([]uuid.UUID, len(rows))
		for i, r := range rows {
			people[i] = r.UserID
			if r.Role == string(tenants.RoleOwner) {
				owners = append(owners, r.Email)
			}
		}
		text, err := json.Marshal(owners)
		if err != nil {
			return fmt.Errorf("encode the owners: %w", err)
		}
		n, err := t.q.BeginErasingTenant(ctx, db.BeginErasingTenantParams{ID: l.ID, Now: now, People: people, Owners: s.sealer.Seal(text, l.ID.String())})
		if err := pg.MustTouch(n, err, offboard.ErrNotLeaving); err != nil {
			return err
		}
		begun, err = s.newest(ctx, t)
		return err
	})
	return begun, err
}

// Save implements offboard.Book.
func (s Offboardings) Save(ctx context.Context, l offboard.Leaving) error {
	in, err := savedOffboarding(l)
	if err != nil {
		return err
	}
	return s.within(ctx, l.Tenant, func(t tx) error {
		n, err := t.q.SaveOffboarding(ctx, in)
		return pg.MustTouch(n, err, offboard.ErrNotLeaving)
	})
}

// Dropped implements offboard.Book.
func (s Offboardings) Dropped(ctx context.Context, l offboard.Leaving) error {
	return s.within(ctx, l.Tenant, func(t tx) error { return t.q.DropOffboardingExport(ctx, l.ID) })
}

// Exported implements offboard.Book.
func (s Offboardings) Exported(ctx context.Context, l offboard.Leaving, link offboard.TokenHash, letter offboard.Letter) error {
	return s.pool.AcrossTenants(ctx, func(outside pgx.Tx) error {
		var owners []string
		err := inside(ctx, outside, l.Tenant, func(t tx) error {
			n, err := t.q.KeepOffboardingExport(ctx, db.KeepOffboardingExportParams{
				ID: l.ID, ExportObject: l.Export.Object, ExportBytes: l.Export.Bytes, ExportDigest: l.Export.SHA256, ExportUntil: *l.Export.Until, ExportToken: link[:],
			})
			if err := pg.MustTouch(n, err, offboard.ErrNotLeaving); err != nil {
				return err
			}
			rows, err := t.q.ListPeopleOfTenant(ctx)
			for _, r := range rows {
				if r.Role == string(tenants.RoleOwner) {
					owners = append(owners, r.Email)
				}
			}
			return err
		})
		if err != nil {
			return err
		}
		return s.mail(ctx, outside, owners, letter, *l.Export.Until)
	})
}

// End implements offboard.Book.
func (s Offboardings) End(ctx context.Context, l offboard.Leaving, link offboard.TokenHash, letter offboard.Letter, entry tenants.AuditEntry) error {
	const worth = 30 * 24 * time.Hour
	saved, err := savedOffboarding(l)
	if err != nil {
		return err
	}
	return s.pool.AcrossTenants(ctx, func(outside pgx.Tx) error {
		err := inside(ctx, outside, l.Tenant, func(t tx) error {
			n, err := t.q.EndOffboarding(ctx, db.EndOffboardingParams{ID: l.ID, State: saved.State, Now: *l.Ended, Steps: saved.Steps, CertificateToken: link[:]})
			if err := pg.MustTouch(n, err, offboard.ErrNotLeaving); err != nil {
				return err
			}
			if err := t.q.BuryTenant(ctx, *l.Ended); err != nil {
				return err
			}
			return t.Audit(ctx, entry)
		})
		if err != nil {
			return err
		}
		return s.mail(ctx, outside, l.Owners, letter, l.Ended.Add(worth))
	})
}

// mail adds a letter to each of the owners.
func (s Offboardings) mail(ctx context.Context, outside pgx.Tx, owners []string, letter offboard.Letter, until time.Time) error {
	for _, to := range owners {
		row, err := s.mails.Enclose(tenants.Notice{
			Kind: "offboarding", To: to, Subject: letter.Subject, Before: letter.Before, Action: letter.Action, Link: letter.Link, After: letter.After,
		}, until)
		if err != nil {
			return err
		}
		if err := tenantspg.AddMail(ctx, outside, row); err != nil {
			return err
		}
	}
	return nil
}

// inside goes on inside one tenant, in the same transaction, and comes back.
func inside(ctx context.Context, outside pgx.Tx, tenant tenants.ID, fn func(tx) error) error {
	const become = "SELECT set_config('role', $1, true), set_config('app.tenant_id', $2, true)"
	if _, err := outside.Exec(ctx, become, "observatory_app", tenant.String()); err != nil {
		return fmt.Errorf("go inside a tenant: %w", err)
	}
	if err := fn(tx{pgx: outside, q: db.New(outside), tenant: tenant}); err != nil {
		return err
	}
	if _, err := outside.Exec(ctx, become, "observatory_system", ""); err != nil {
		return fmt.Errorf("come back from a tenant: %w", err)
	}
	return nil
}

// ByExportLink implements offboard.Book.
func (s Offboardings) ByExportLink(ctx context.Context, link offboard.TokenHash) (l offboard.Leaving, err error) {
	return s.byLink(ctx, link, (*db.Queries).TenantOfExportToken, func(r db.Offboarding) []byte { return r.ExportToken })
}

// ByCertificateLink implements offboard.Book.
func (s Offboardings) ByCertificateLink(ctx context.Context, link offboard.TokenHash) (l offboard.Leaving, err error) {
	return s.byLink(ctx, link, (*db.Queries).TenantOfCertificateToken, func(r db.Offboarding) []byte { return r.CertificateToken })
}

func (s Offboardings) byLink(ctx context.Context, link offboard.TokenHash, find func(*db.Queries, context.Context, []byte) (uuid.UUID, error), of func(db.Offboarding) []byte) (l offboard.Leaving, err error) {
	var tenant uuid.UUID
	err = s.pool.AcrossTenants(ctx, func(t pgx.Tx) error {
		tenant, err = find(db.New(t), ctx, link[:])
		return pg.OrNotFound(err, offboard.ErrLink)
	})
	if err != nil {
		return offboard.Leaving{}, err
	}
	err = s.within(ctx, tenants.ID(tenant), func(t tx) error {
		row, err := t.q.NewestOffboarding(ctx)
		if err != nil {
			return pg.OrNotFound(err, offboard.ErrLink)
		}
		if !bytes.Equal(of(row), link[:]) {
			return offboard.ErrLink
		}
		l, err = s.toLeaving(row)
		return err
	})
	return l, err
}

func (s Offboardings) newest(ctx context.Context, t tx) (offboard.Leaving, error) {
	row, err := t.q.NewestOffboarding(ctx)
	if err != nil {
		return offboard.Leaving{}, pg.OrNotFound(err, offboard.ErrNotLeaving)
	}
	return s.toLeaving(row)
}

func savedOffboarding(l offboard.Leaving) (in db.SaveOffboardingParams, err error) {
	in = db.SaveOffboardingParams{ID: l.ID, State: string(l.State), ChangedAt: l.Changed, Waiting: l.Waiting, Error: l.Error, Mark: int64(l.Mark)}
	if l.Position != nil {
		if in.Position, err = json.Marshal(l.Position); err != nil {
			return in, fmt.Errorf("encode a position: %w", err)
		}
	}
	steps := l.Steps
	if steps == nil {
		steps = []privacy.Step{}
	}
	if in.Steps, err = json.Marshal(steps); err != nil {
		return in, fmt.Errorf("encode steps: %w", err)
	}
	return in, nil
}

func (s Offboardings) toLeaving(r db.Offboarding) (offboard.Leaving, error) {
	l := offboard.Leaving{
		ID: r.ID, Tenant: tenants.ID(r.TenantID), Name: r.TenantName, State: privacy.State(r.State), AskedAt: r.AskedAt.UTC(), AskedBy: r.AskedBy,
		EraseAt: r.EraseAt.UTC(), Changed: r.ChangedAt.UTC(), Ended: pg.UTC(r.EndedAt), Waiting: r.Waiting, Error: r.Error, Mark: follow.Mark(r.Mark),
		Export: offboard.Export{Until: pg.UTC(r.ExportUntil)},
	}
	if r.Residency != nil {
		l.Residency = *r.Residency
	}
	if r.ExportObject != nil {
		l.Export.Object = *r.ExportObject
	}
	if r.ExportDigest != nil {
		l.Export.Bytes, l.Export.SHA256 = *r.ExportBytes, *r.ExportDigest
	}
	for _, id := range r.People {
		l.People = append(l.People, tenants.UserID(id))
	}
	if r.Position != nil {
		if err := json.Unmarshal(r.Position, &l.Position); err != nil {
			return l, fmt.Errorf("read a position: %w", err)
		}
	}
	if err := json.Unmarshal(r.Steps, &l.Steps); err != nil {
		return l, fmt.Errorf("read steps: %w", err)
	}
	if r.Owners != nil {
		text, err := s.sealer.Open(r.Owners, r.ID.String())
		if err != nil {
			return l, fmt.Errorf("open the owners: %w", err)
		}
		if err := json.Unmarshal(text, &l.Owners); err != nil {
			return l, fmt.Errorf("read the owners: %w", err)
		}
	}
	return l, nil
}
