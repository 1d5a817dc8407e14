package schema

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// Deps are what a Registry works with.
type Deps struct {
	Store   Store
	Formats map[Type]Format // all that are to be known
	Now     func() time.Time
}

// Registry is the service. It is safe for concurrent use.
type Registry struct {
	store   Store
	formats map[Type]Format
	now     func() time.Time
	cache   *cache
	turns   *turns
}

// NewRegistry makes a Registry. It reads nothing yet.
func NewRegistry(d Deps) *Registry {
	return &Registry{store: d.Store, formats: d.Formats, now: d.Now, cache: newCache(), turns: newTurns()}
}

// ByID finds a schema, or returns ErrSchemaNotFound.
func (r *Registry) ByID(ctx context.Context, tenant tenants.ID, id ID) (Schema, error) {
	return r.find(ctx, tenant, func(tx Tx) (Schema, error) { return tx.SchemaByID(ctx, id) })
}

// ByUUID finds a schema, or returns ErrSchemaNotFound.
func (r *Registry) ByUUID(ctx context.Context, tenant tenants.ID, id uuid.UUID) (Schema, error) {
	return r.find(ctx, tenant, func(tx Tx) (Schema, error) { return tx.SchemaByUUID(ctx, id) })
}

// ByFingerprint finds the oldest schema that has a fingerprint, or returns ErrSchemaNotFound. Others with the same one
// describe the same data.
func (r *Registry) ByFingerprint(ctx context.Context, tenant tenants.ID, f Fingerprint) (Schema, error) {
	return r.find(ctx, tenant, func(tx Tx) (Schema, error) { return tx.SchemaByFingerprint(ctx, f) })
}

func (r *Registry) find(ctx context.Context, tenant tenants.ID, look func(Tx) (Schema, error)) (s Schema, err error) {
	err = r.store.Tenant(ctx, tenant, func(tx Tx) (err error) {
		s, err = look(tx)
		return err
	})
	return s, err
}

// Newest is the highest ID that the tenant has; 0 when it has none.
func (r *Registry) Newest(ctx context.Context, tenant tenants.ID) (id ID, err error) {
	err = r.store.Tenant(ctx, tenant, func(tx Tx) (err error) {
		id, err = tx.Newest(ctx)
		return err
	})
	return id, err
}

// Subjects are the names of subjects with versions, in order.
func (r *Registry) Subjects(ctx context.Context, tenant tenants.ID, f Filter) (names []string, err error) {
	err = r.store.Tenant(ctx, tenant, func(tx Tx) (err error) {
		names, err = tx.Subjects(ctx, f)
		return err
	})
	return names, err
}

// Versions are those of one subject, oldest first, or ErrSubjectNotFound.
func (r *Registry) Versions(ctx context.Context, tenant tenants.ID, subject string, show Show) (shown []Version, err error) {
	if err := CheckSubject(subject); err != nil {
		return nil, err
	}
	err = r.store.Tenant(ctx, tenant, func(tx Tx) (err error) {
		shown, err = versionsOf(ctx, tx, subject, show)
		return err
	})
	return shown, err
}

// Latest stands for the newest version of a subject.
const Latest = -1

// Version is one version of a subject with its schema; number counts from 1 or is Latest. It returns ErrSubjectNotFound or
// ErrVersionNotFound.
func (r *Registry) Version(ctx context.Context, tenant tenants.ID, subject string, number int, show Show) (found Registered, err error) {
	if err := CheckSubject(subject); err != nil {
		return found, err
	}
	err = r.store.Tenant(ctx, tenant, func(tx Tx) (err error) {
		if found.Version, err = versionOf(ctx, tx, subject, number, show); err != nil {
			return err
		}
		found.Schema, err = tx.SchemaByID(ctx, found.Version.Schema)
		return err
	})
	return found, err
}

// VersionsWith are the versions, of any subject, that have a schema, or ErrSchemaNotFound.
func (r *Registry) VersionsWith(ctx context.Context, tenant tenants.ID, id ID, show Show) (shown []Version, err error) {
	err = r.store.Tenant(ctx, tenant, func(tx Tx) error {
		if _, err := tx.SchemaByID(ctx, id); err != nil {
			return err
		}
		all, err := tx.VersionsWith(ctx, id)
		shown = only(all, show)
		return err
	})
	return shown, err
}

// Referrers are the schemas that refer to a version: those of live versions, or with ShowAll also those of deleted ones.
func (r *Registry) Referrers(ctx context.Context, tenant tenants.ID, subject string, number int, show Show) (ids []ID, err error) {
	if err := CheckSubject(subject); err != nil {
		return nil, err
	}
	err = r.store.Tenant(ctx, tenant, func(tx Tx) error {
		v, err := versionOf(ctx, tx, subject, number, ShowAll)
		if err != nil {
			return err
		}
		ids, err = tx.Referrers(ctx, v, show != ShowLive)
		return err
	})
	return ids, err
}

// MaxPageBytes bounds the texts that All returns at once.
const MaxPageBytes = 16 << 20

// All are versions with their schemas, in the order of subjects and versions. It returns ErrPageTooLarge where their texts
// come to more than MaxPageBytes.
func (r *Registry) All(ctx context.Context, tenant tenants.ID, f Filter) (all []Registered, err error) {
	err = r.store.Tenant(ctx, tenant, func(tx Tx) error {
		versions, err := tx.AllVersions(ctx, f)
		if err != nil {
			return err
		}
		ids := make([]ID, len(versions))
		for i, v := range versions {
			ids[i] = v.Schema
		}
		lengths, err := tx.UsedBytes(ctx, ids)
		if err != nil {
			return err
		}
		total := 0
		for _, id := range ids { // a text is sent as often as it is used
			if total += lengths[id]; total > MaxPageBytes {
				return ErrPageTooLarge
			}
		}
		schemas, err := tx.SchemasByID(ctx, ids)
		if err != nil {
			return err
		}
		for _, v := range versions {
			all = append(all, Registered{Version: v, Schema: schemas[v.Schema]})
		}
		return nil
	})
	return all, err
}

func versionsOf(ctx context.Context, tx VersionRows, subject string, show Show) ([]Version, error) {
	all, err := tx.VersionsOf(ctx, subject)
	if err != nil {
		return nil, err
	}
	shown := only(all, show)
	if len(shown) == 0 {
		return nil, ErrSubjectNotFound
	}
	return shown, nil
}

func versionOf(ctx context.Context, tx VersionRows, subject string, number int, show Show) (Version, error) {
	if number != Latest && number < 1 {
		return Version{}, ErrVersionInvalid
	}
	shown, err := versionsOf(ctx, tx, subject, show)
	if err != nil {
		return Version{}, err
	}
	if number == Latest {
		return shown[len(shown)-1], nil
	}
	for _, v := range shown {
		if v.Number == number {
			return v, nil
		}
	}
	return Version{}, ErrVersionNotFound
}

func only(all []Version, show Show) []Version {
	shown := make([]Version, 0, len(all))
	for _, v := range all {
		if show.shows(v) {
			shown = append(shown, v)
		}
	}
	return shown
}

// change runs fn in a transaction of the caller's tenant in which nobody else changes the registry. It returns
// tenants.ErrPermissionDenied or a scope_missing fault for somebody who may not.
func (r *Registry) change(ctx context.Context, by tenants.By, fn func(Tx) error) error {
	if err := by.Principal.Require(tenants.ManageData); err != nil {
		return err
	}
	tenant := by.Principal.Tenant
	done, err := r.turns.take(ctx, tenant) // so that those who wait for the lock of a tenant hold at most one connection
	if err != nil {
		return err
	}
	defer done()
	return r.store.Tenant(ctx, tenant, func(tx Tx) error {
		if err := tx.Change(ctx); err != nil {
			return err
		}
		return fn(tx)
	})
}

// entry is one for the audit log.
func (r *Registry) entry(by tenants.By, action, subject string, details tenants.Details) tenants.AuditEntry {
	return tenants.AuditEntry{
		At: r.now(), Actor: by.Principal.Actor, Action: action, Target: "schema_subject:" + subject, Details: details, CorrelationID: by.CorrelationID,
	}
}

func full(format string, args ...any) error {
	return fault.New(ErrRegistryFull.Kind, ErrRegistryFull.Code, format, args...)
}
