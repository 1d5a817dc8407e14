package ingestpg

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/observatory/observatory/ingest/ingestpg/db"
	"github.com/observatory/observatory/ingest/repair"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/tenants"
	"github.com/observatory/observatory/tenants/tenantspg"
)

// Notices is a repair.NoticeLedger.
type Notices struct {
	store *Store
	mails *tenants.Outbox
}

var _ repair.NoticeLedger = (*Notices)(nil)

// Notices gives the store as a repair.NoticeLedger whose mails are of that outbox.
func (s *Store) Notices(mails *tenants.Outbox) *Notices { return &Notices{store: s, mails: mails} }

// NoteCauses implements repair.NoticeLedger.
func (n *Notices) NoteCauses(ctx context.Context, tenant tenants.ID, causes []repair.NewCause, now time.Time) error {
	in := db.NoteCausesParams{TenantID: uuid.UUID(tenant), Now: now}
	for _, c := range causes {
		in.Causes, in.Codes, in.FirstSeen = append(in.Causes, c.Cause), append(in.Codes, c.Code), append(in.FirstSeen, c.FirstSeen)
	}
	return n.store.pool.AcrossTenants(ctx, func(t pgx.Tx) error { return db.New(t).NoteCauses(ctx, in) })
}

// Untold implements repair.NoticeLedger.
func (n *Notices) Untold(ctx context.Context) (all []tenants.ID, err error) {
	err = n.store.pool.AcrossTenants(ctx, func(t pgx.Tx) error {
		rows, err := db.New(t).ListUnnotifiedTenants(ctx)
		all, err = pg.Each(rows, err, func(id uuid.UUID) tenants.ID { return tenants.ID(id) })
		return err
	})
	return all, err
}

// Tell implements repair.NoticeLedger.
func (n *Notices) Tell(ctx context.Context, tenant tenants.ID, mail bool, pause time.Duration, now time.Time) error {
	return n.store.pool.AcrossTenants(ctx, func(t pgx.Tx) error {
		q, id := db.New(t), uuid.UUID(tenant)
		untold, err := q.ListUnnotifiedCauses(ctx, id) // and locks them: whoever comes second finds none
		if err != nil || len(untold) == 0 {
			return err
		}
		if mail {
			last, err := q.LastNotified(ctx, id)
			if err != nil || now.Sub(last) < pause {
				return err
			}
			if err := n.mail(ctx, t, id, untold); err != nil {
				return err
			}
		}
		return q.MarkNotified(ctx, db.MarkNotifiedParams{TenantID: id, Now: now})
	})
}

func (n *Notices) mail(ctx context.Context, t pgx.Tx, tenant uuid.UUID, untold []db.ListUnnotifiedCausesRow) error {
	people, err := db.New(t).ListDataManagers(ctx, tenant)
	if err != nil {
		return err
	}
	var codes []string
	for _, c := range untold {
		if !slices.Contains(codes, c.Code) {
			codes = append(codes, c.Code)
		}
	}
	for _, p := range people {
		row, err := n.mails.Quarantine(tenants.QuarantineNotice{To: p.Email, Organisation: p.Organisation, Causes: len(untold), Codes: codes})
		if err != nil {
			return err
		}
		if err := tenantspg.AddMail(ctx, t, row); err != nil {
			return err
		}
	}
	return nil
}
