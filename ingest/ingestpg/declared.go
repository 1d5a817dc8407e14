package ingestpg

import (
	"context"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/ingestpg/db"
	"github.com/observatory/observatory/ingest/pipeline"
	"github.com/observatory/observatory/ingest/schema"
	"github.com/observatory/observatory/internal/follow"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/tenants"
)

var _ pipeline.Feed = (*Store)(nil)

// Declared implements pipeline.Feed. A mark is the lowest transaction number that was still running when it was taken: rows from
// that number on are all that the earlier call can have missed.
func (s *Store) Declared(ctx context.Context, since follow.Mark) (pipeline.Changes, error) {
	var changes pipeline.Changes
	var changed []uuid.UUID
	err := s.pool.AcrossTenants(ctx, func(t pgx.Tx) error {
		q := db.New(t)
		xmin, err := q.SnapshotXmin(ctx) // before the rows: a transaction that ends in between is then seen twice, not never
		if err != nil {
			return err
		}
		changes.Mark = follow.Mark(xmin)
		since, changes.Complete = since.Resume(changes.Mark)
		changed, err = q.ListDeclaringTenants(ctx, int64(since))
		return err
	})
	if err != nil {
		s.pool.Reset() // the network may have forgotten all connections, and each would cost another refresh
		return changes, err
	}
	for _, tenant := range changed {
		declared, err := s.DeclaredBy(ctx, tenants.ID(tenant))
		if err != nil {
			return changes, err
		}
		changes.Tenants = append(changes.Tenants, declared)
	}
	return changes, nil
}

// ListenDeclared implements pipeline.Feed.
func (s *Store) ListenDeclared(ctx context.Context, changed func()) {
	s.pool.Listen(ctx, s.log, []string{"observatory_policies", "observatory_schemas"}, func(pg.Notification) { changed() })
}

// DeclaredBy implements pipeline.Feed.
func (s *Store) DeclaredBy(ctx context.Context, tenant tenants.ID) (pipeline.Declared, error) {
	d := pipeline.Declared{Tenant: tenant, Secrets: 1}
	err := s.within(ctx, tenant, func(t tx) error {
		policies, err := t.q.ListPolicies(ctx)
		d.Policies, err = pg.Each(policies, err, func(r db.ListPoliciesRow) ingest.Policy {
			return toPolicy(ingest.PolicyKind(r.Kind), db.ListPolicyVersionsRow{
				Version: r.Version, Document: r.Document, Note: r.Note, CreatedAt: r.CreatedAt, CreatedBy: r.CreatedBy,
			})
		})
		if err != nil {
			return err
		}
		secrets, err := t.q.ListRedactionSecrets(ctx)
		if err != nil {
			return err
		}
		for _, secret := range secrets {
			d.Secrets = max(d.Secrets, int(secret.Version))
		}
		d.Schemas, err = t.declaredSchemas(ctx)
		return err
	})
	return d, err
}

func (t tx) declaredSchemas(ctx context.Context) ([]pipeline.DeclaredSchema, error) {
	rows, err := t.q.ListDeclaredSchemas(ctx)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	all := make([]pipeline.DeclaredSchema, len(rows))
	for i, r := range rows {
		all[i] = pipeline.DeclaredSchema{ID: r.ID, Type: schema.Type(r.Type), Text: r.Text}
		if r.Rabin != nil {
			all[i].Rabin = uint64(*r.Rabin) //nolint:gosec // its bits
		}
	}
	// A schema that was registered between two of these queries is passed over: its change is told by the next call.
	change := func(id int32, add func(*pipeline.DeclaredSchema)) {
		if i, ok := slices.BinarySearchFunc(all, id, func(d pipeline.DeclaredSchema, id int32) int { return int(d.ID) - int(id) }); ok {
			add(&all[i])
		}
	}
	versions, err := t.q.ListDeclaredVersions(ctx)
	if err != nil {
		return nil, err
	}
	for _, v := range versions {
		change(v.SchemaID, func(d *pipeline.DeclaredSchema) {
			d.Versions = append(d.Versions, pipeline.DeclaredVersion{Subject: v.Subject, Version: int(v.Version), Deleted: v.Deleted})
		})
	}
	references, err := t.q.ListDeclaredReferences(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range references {
		change(r.SchemaID, func(d *pipeline.DeclaredSchema) {
			d.References = append(d.References, schema.Reference{Name: r.Name, Subject: r.Subject, Version: int(r.Version)})
		})
	}
	return all, nil
}
