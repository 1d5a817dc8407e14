package privacypg

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/privacypg/db"
	"github.com/observatory/observatory/tenants"
	"github.com/observatory/observatory/tenants/tenantspg"
)

// Lookout is a privacy.Lookout.
type Lookout struct {
	store *Store
	mails *tenants.Outbox
}

var _ privacy.Lookout = Lookout{}

// Lookout gives the store as a privacy.Lookout whose mails are of that outbox.
func (s *Store) Lookout(mails *tenants.Outbox) Lookout { return Lookout{store: s, mails: mails} }

// Awake implements privacy.Lookout.
func (l Lookout) Awake(ctx context.Context) (all []privacy.Ref, err error) {
	err = l.store.pool.AcrossTenants(ctx, func(t pgx.Tx) error {
		rows, err := db.New(t).ListAwakeRequests(ctx)
		for _, r := range rows {
			all = append(all, privacy.Ref{Tenant: tenants.ID(r.TenantID), ID: privacy.ID(r.ID)})
		}
		return err
	})
	return all, err
}

// Overdue implements privacy.Lookout.
func (l Lookout) Overdue(ctx context.Context, now time.Time) (untold []privacy.Ref, overdue int, err error) {
	err = l.store.pool.AcrossTenants(ctx, func(t pgx.Tx) error {
		rows, err := db.New(t).ListOverdueRequests(ctx, now)
		if err != nil {
			return err
		}
		for _, r := range rows {
			untold = append(untold, privacy.Ref{Tenant: tenants.ID(r.TenantID), ID: privacy.ID(r.ID)})
		}
		n, err := db.New(t).CountOverdueRequests(ctx, now)
		overdue = int(n)
		return err
	})
	return untold, overdue, err
}

// Tell implements privacy.Lookout.
func (l Lookout) Tell(ctx context.Context, r privacy.Ref, now time.Time) error {
	const worth = 7 * 24 * time.Hour
	return l.store.pool.AcrossTenants(ctx, func(t pgx.Tx) error {
		q := db.New(t)
		n, err := q.MarkRequestTold(ctx, db.MarkRequestToldParams{ID: uuid.UUID(r.ID), Now: now}) // and locks it: whoever comes second tells nobody
		if err != nil || n == 0 {
			return err
		}
		people, err := q.ListPrivacyManagers(ctx, uuid.UUID(r.Tenant))
		if err != nil {
			return err
		}
		for _, p := range people {
			row, err := l.mails.Enclose(tenants.Notice{
				Kind: tenants.MailPrivacy, To: p.Email, Subject: "A privacy request is overdue at " + p.Organisation,
				Before: []string{"The deadline of a request about people whose data " + p.Organisation + " keeps has passed, and the request is not completed."},
				Action: "See what it waits for", Link: l.mails.Page("privacy", "requests", r.ID.String()).String(),
				After: []string{"You get this mail because you manage the organisation, once for each request and deadline."},
			}, now.Add(worth))
			if err != nil {
				return err
			}
			if err := tenantspg.AddMail(ctx, t, row); err != nil {
				return err
			}
		}
		return nil
	})
}
