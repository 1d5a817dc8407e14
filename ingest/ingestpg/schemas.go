package ingestpg

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/ingest/ingestpg/db"
	"github.com/observatory/observatory/ingest/schema"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/tenants"
)

// Schemas is the store of the schema registry.
func (s *Store) Schemas() schema.Store { return schemas{s} }

type schemas struct{ *Store }

// Tenant implements schema.Store.
func (s schemas) Tenant(ctx context.Context, tenant tenants.ID, fn func(schema.Tx) error) error {
	return s.within(ctx, tenant, func(t tx) error { return fn(schemaTx{t}) })
}

// schemaTx is schema.Tx.
type schemaTx struct{ tx }

func (t schemaTx) Change(ctx context.Context) error { return t.q.ChangeRegistry(ctx) }

func (t schemaTx) Size(ctx context.Context) (schema.Size, error) {
	r, err := t.q.MeasureRegistry(ctx)
	return schema.Size{Schemas: r.Schemas, Bytes: r.Bytes, Versions: r.Versions, Settings: r.Settings}, err
}

func (t schemaTx) AddSchema(ctx context.Context, s schema.Schema, digest [sha256.Size]byte) (schema.ID, error) {
	row := db.AddSchemaParams{
		Uuid: s.UUID, Type: string(s.Type), Text: s.Text, Digest: digest[:], Fingerprint: s.Fingerprints.SHA256[:], CreatedAt: s.CreatedAt,
	}
	if s.Fingerprints.HasRabin {
		row.Rabin = new(asSigned(s.Fingerprints.Rabin))
	}
	id, err := t.q.AddSchema(ctx, row)
	if err != nil {
		return 0, err
	}
	for i, r := range s.References {
		err := t.q.AddSchemaReference(ctx, db.AddSchemaReferenceParams{
			SchemaID: id, Position: int16(i), Name: r.Name, Subject: r.Subject, Version: int32(r.Version), //nolint:gosec // bounded by schema.MaxDependencies and by how versions are counted
		})
		if errors.Is(pg.Fault(err), pg.ErrInUse) {
			return 0, schema.ErrReferenceMissing
		}
		if err != nil {
			return 0, err
		}
	}
	return schema.ID(id), nil
}

func (t schemaTx) SchemaByID(ctx context.Context, id schema.ID) (schema.Schema, error) {
	row, err := t.q.GetSchema(ctx, int32(id))
	return t.withReferences(ctx, row, err)
}

func (t schemaTx) SchemaByUUID(ctx context.Context, id uuid.UUID) (schema.Schema, error) {
	row, err := t.q.GetSchemaByUUID(ctx, id)
	return t.withReferences(ctx, row, err)
}

func (t schemaTx) SchemaByDigest(ctx context.Context, digest [sha256.Size]byte) (schema.Schema, error) {
	row, err := t.q.GetSchemaByDigest(ctx, digest[:])
	return t.withReferences(ctx, row, err)
}

func (t schemaTx) SchemaByFingerprint(ctx context.Context, f schema.Fingerprint) (schema.Schema, error) {
	if f.Short {
		row, err := t.q.GetSchemaByRabin(ctx, asSigned(f.Rabin))
		return t.withReferences(ctx, row, err)
	}
	row, err := t.q.GetSchemaByFingerprint(ctx, f.SHA256[:])
	return t.withReferences(ctx, row, err)
}

func (t schemaTx) SchemasByID(ctx context.Context, ids []schema.ID) (map[schema.ID]schema.Schema, error) {
	rows, err := t.q.ListSchemas(ctx, numbers(ids))
	if err != nil {
		return nil, err
	}
	found := make(map[schema.ID]schema.Schema, len(rows))
	for _, r := range rows {
		found[schema.ID(r.ID)] = toSchema(r)
	}
	references, err := t.q.ListSchemaReferences(ctx, numbers(ids))
	for _, r := range references {
		s := found[schema.ID(r.SchemaID)]
		s.References = append(s.References, schema.Reference{Name: r.Name, Subject: r.Subject, Version: int(r.Version)})
		found[s.ID] = s
	}
	return found, err
}

func (t schemaTx) UsedBytes(ctx context.Context, ids []schema.ID) (map[schema.ID]int, error) {
	rows, err := t.q.ListSchemaLengths(ctx, numbers(ids))
	lengths := make(map[schema.ID]int, len(rows))
	for _, r := range rows {
		lengths[schema.ID(r.ID)] = int(r.Length)
	}
	return lengths, err
}

func (t schemaTx) Newest(ctx context.Context) (schema.ID, error) {
	id, err := t.q.NewestSchema(ctx)
	return schema.ID(id), err
}

func (t schemaTx) Subjects(ctx context.Context, f schema.Filter) ([]string, error) {
	offset, limit := page(f)
	return t.q.ListSubjects(ctx, db.ListSubjectsParams{Prefix: f.Prefix, Show: string(f.Show), SkipRows: offset, MaxRows: limit})
}

func (t schemaTx) AllVersions(ctx context.Context, f schema.Filter) ([]schema.Version, error) {
	offset, limit := page(f)
	rows, err := t.q.ListAllVersions(ctx, db.ListAllVersionsParams{
		Prefix: f.Prefix, Show: string(f.Show), LatestOnly: f.LatestOnly, SkipRows: offset, MaxRows: limit,
	})
	return pg.Each(rows, err, toVersion)
}

func (t schemaTx) VersionsOf(ctx context.Context, subject string) ([]schema.Version, error) {
	rows, err := t.q.ListVersions(ctx, subject)
	return pg.Each(rows, err, toVersion)
}

func (t schemaTx) VersionsWith(ctx context.Context, id schema.ID) ([]schema.Version, error) {
	rows, err := t.q.ListVersionsOfSchema(ctx, int32(id))
	return pg.Each(rows, err, toVersion)
}

func (t schemaTx) AddVersion(ctx context.Context, v schema.Version) error {
	return t.q.AddVersion(ctx, db.AddVersionParams{
		Subject: v.Subject, Version: int32(v.Number), SchemaID: int32(v.Schema), CreatedAt: v.CreatedAt, CreatedBy: v.CreatedBy, //nolint:gosec // the registry bounds versions
	})
}

func (t schemaTx) HideVersion(ctx context.Context, v schema.Version, at time.Time) error {
	n, err := t.q.HideVersion(ctx, db.HideVersionParams{At: at, Subject: v.Subject, Version: int32(v.Number)}) //nolint:gosec // the registry bounds versions
	return pg.MustTouch(n, err, schema.ErrVersionNotFound)
}

func (t schemaTx) RemoveVersion(ctx context.Context, v schema.Version) error {
	n, err := t.q.RemoveVersion(ctx, db.RemoveVersionParams{Subject: v.Subject, Version: int32(v.Number)}) //nolint:gosec // the registry bounds versions
	if errors.Is(pg.Fault(err), pg.ErrInUse) {
		return schema.ErrReferenced
	}
	if err := pg.MustTouch(n, err, schema.ErrVersionNotFound); err != nil {
		return err
	}
	return t.q.RemoveUnusedSchema(ctx, int32(v.Schema))
}

func (t schemaTx) Referrers(ctx context.Context, v schema.Version, deleted bool) ([]schema.ID, error) {
	rows, err := t.q.ListReferrers(ctx, db.ListReferrersParams{Subject: v.Subject, Version: int32(v.Number), Deleted: deleted}) //nolint:gosec // the registry bounds versions
	return pg.Each(rows, err, func(id int32) schema.ID { return schema.ID(id) })
}

func (t schemaTx) Settings(ctx context.Context, subject string) (schema.Settings, error) {
	row, err := t.q.GetSettings(ctx, subject)
	if err := pg.OrNotFound(err, nil); err != nil {
		return schema.Settings{}, err
	}
	return schema.Settings{Level: (*schema.Level)(row.Compatibility), Normalize: row.Normalize, Mode: (*schema.Mode)(row.Mode)}, nil
}

func (t schemaTx) SetSettings(ctx context.Context, subject string, s schema.Settings) error {
	if s.IsZero() {
		return t.q.RemoveSettings(ctx, subject)
	}
	return t.q.SetSettings(ctx, db.SetSettingsParams{
		Subject: subject, Compatibility: (*string)(s.Level), Normalize: s.Normalize, Mode: (*string)(s.Mode),
	})
}

func (t schemaTx) withReferences(ctx context.Context, row db.Schema, err error) (schema.Schema, error) {
	if err != nil {
		return schema.Schema{}, pg.OrNotFound(err, schema.ErrSchemaNotFound)
	}
	s := toSchema(row)
	references, err := t.q.ListSchemaReferences(ctx, []int32{row.ID})
	s.References, err = pg.Each(references, err, func(r db.ListSchemaReferencesRow) schema.Reference {
		return schema.Reference{Name: r.Name, Subject: r.Subject, Version: int(r.Version)}
	})
	return s, err
}

func toSchema(r db.Schema) schema.Schema {
	s := schema.Schema{ID: schema.ID(r.ID), UUID: r.Uuid, Type: schema.Type(r.Type), Text: r.Text, CreatedAt: r.CreatedAt.UTC()}
	copy(s.Fingerprints.SHA256[:], r.Fingerprint)
	if r.Rabin != nil {
		s.Fingerprints.Rabin, s.Fingerprints.HasRabin = uint64(*r.Rabin), true //nolint:gosec // asSigned backwards
	}
	return s
}

func toVersion(r db.SchemaVersion) schema.Version {
	return schema.Version{
		Subject: r.Subject, Number: int(r.Version), Schema: schema.ID(r.SchemaID), CreatedAt: r.CreatedAt.UTC(), CreatedBy: r.CreatedBy, DeletedAt: pg.UTC(r.DeletedAt),
	}
}

// asSigned keeps the bits: PostgreSQL has no unsigned numbers.
func asSigned(n uint64) int64 { return int64(n) } //nolint:gosec // meant

func numbers(ids []schema.ID) []int32 {
	all := make([]int32, len(ids))
	for i, id := range ids {
		all[i] = int32(id)
	}
	return all
}

// page is the filter's as the queries take it.
func page(f schema.Filter) (offset, limit int32) {
	if f.Limit <= 0 || f.Limit > schema.MaxVersions {
		f.Limit = schema.MaxVersions
	}
	return int32(min(f.Offset, schema.MaxVersions)), int32(f.Limit) //nolint:gosec // both are bounded here
}
