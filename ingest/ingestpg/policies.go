package ingestpg

import (
	"context"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/ingestpg/db"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/tenants"
)

var _ ingest.PolicyStore = (*Store)(nil)

// Policy implements ingest.PolicyStore.
func (s *Store) Policy(ctx context.Context, tenant tenants.ID, kind ingest.PolicyKind) (found ingest.Policy, err error) {
	err = s.within(ctx, tenant, func(t tx) error {
		row, err := t.q.GetPolicy(ctx, string(kind))
		found = toPolicy(kind, db.ListPolicyVersionsRow(row))
		return pg.OrNotFound(err, ingest.ErrNoSuchPolicy)
	})
	return found, err
}

// PolicyVersions implements ingest.PolicyStore.
func (s *Store) PolicyVersions(ctx context.Context, tenant tenants.ID, kind ingest.PolicyKind, limit int) (all []ingest.Policy, err error) {
	err = s.within(ctx, tenant, func(t tx) error {
		rows, err := t.q.ListPolicyVersions(ctx, db.ListPolicyVersionsParams{Kind: string(kind), MaxRows: int32(limit)}) //nolint:gosec // a few hundred
		all, err = pg.Each(rows, err, func(r db.ListPolicyVersionsRow) ingest.Policy { return toPolicy(kind, r) })
		return err
	})
	return all, err
}

// AddPolicy implements ingest.PolicyStore.
func (s *Store) AddPolicy(ctx context.Context, tenant tenants.ID, p ingest.Policy, entry tenants.AuditEntry) error {
	return s.within(ctx, tenant, func(t tx) error {
		err := t.q.AddPolicy(ctx, db.AddPolicyParams{
			Kind: string(p.Kind), Version: int32(p.Version), Document: p.Document, Note: p.Note, CreatedAt: p.CreatedAt, CreatedBy: p.CreatedBy, //nolint:gosec // counted from 1
		})
		if err != nil {
			return pg.OrTaken(err, ingest.ErrPolicyChanged)
		}
		return t.Audit(ctx, entry)
	})
}

func toPolicy(kind ingest.PolicyKind, r db.ListPolicyVersionsRow) ingest.Policy {
	return ingest.Policy{Kind: kind, Version: int(r.Version), Document: r.Document, Note: r.Note, CreatedAt: r.CreatedAt.UTC(), CreatedBy: r.CreatedBy}
}
