package tenants

import (
	"context"
	"time"

	"github.com/observatory/observatory/internal/fault"
)

// Source is one sender of events: a site, an app, or a fleet of sensors. Its keys carry its ID, and so do its events.
type Source struct {
	ID         SourceID
	Name       string
	Kind       SourceKind
	Env        Env // what a new key of it gets unless told otherwise
	CreatedAt  time.Time
	ArchivedAt *time.Time // nil while in use
}

// SourceKind is what sort of thing sends.
type SourceKind string

// The kinds of sources.
const (
	SourceSite   SourceKind = "site"
	SourceApp    SourceKind = "app"
	SourceSensor SourceKind = "sensor"
)

// Env separates live traffic from rehearsals. It is a claim of a key and a column of its events.
type Env string

// The environments.
const (
	Production  Env = "production"
	Staging     Env = "staging"
	Development Env = "development"
)

// The faults of a source.
var (
	ErrSourceNotFound    = fault.New(fault.NotFound, "source_not_found", "There is no such source.")
	ErrSourceArchived    = fault.New(fault.Conflict, "source_archived", "This source is archived. Choose another one.")
	ErrSourceKindUnknown = fault.New(fault.Invalid, "source_kind_unknown", "The kind of a source must be site, app or sensor.")
	ErrEnvUnknown        = fault.New(fault.Invalid, "environment_unknown", "The environment must be production, staging or development.")
)

// ParseSourceKind reads a kind of source, or returns ErrSourceKindUnknown.
func ParseSourceKind(s string) (SourceKind, error) {
	switch k := SourceKind(s); k {
	case SourceSite, SourceApp, SourceSensor:
		return k, nil
	}
	return "", ErrSourceKindUnknown
}

// ParseEnv reads an environment, or returns ErrEnvUnknown.
func ParseEnv(s string) (Env, error) {
	switch e := Env(s); e {
	case Production, Staging, Development:
		return e, nil
	}
	return "", ErrEnvUnknown
}

// SourceRows are a tenant's sources. Source returns ErrSourceNotFound.
type SourceRows interface {
	Sources(ctx context.Context) ([]Source, error) // oldest first
	Source(ctx context.Context, id SourceID) (Source, error)
	AddSource(ctx context.Context, s Source) error
	UpdateSource(ctx context.Context, s Source) error
}

// Sources is the service for sources. Its changes need ManageSources.
type Sources struct{ service }

// List returns the sources, archived ones included, oldest first.
func (s *Sources) List(ctx context.Context, tenant ID) ([]Source, error) {
	var list []Source
	err := s.store.Tenant(ctx, tenant, func(tx TenantTx) (err error) {
		list, err = tx.Sources(ctx)
		return err
	})
	return list, err
}

// Get returns one source, or ErrSourceNotFound.
func (s *Sources) Get(ctx context.Context, tenant ID, id SourceID) (Source, error) {
	var found Source
	err := s.store.Tenant(ctx, tenant, func(tx TenantTx) (err error) {
		found, err = tx.Source(ctx, id)
		return err
	})
	return found, err
}

// CreateSourceInput is a new source. An empty Env is production.
type CreateSourceInput struct {
	Name string
	Kind SourceKind
	Env  Env
}

// Validate tidies the input, or returns ErrNameInvalid, ErrSourceKindUnknown or ErrEnvUnknown.
func (in *CreateSourceInput) Validate() (err error) {
	if in.Name, err = cleanName(in.Name); err != nil {
		return err
	}
	if _, err = ParseSourceKind(string(in.Kind)); err != nil {
		return err
	}
	if in.Env == "" {
		in.Env = Production
	}
	_, err = ParseEnv(string(in.Env))
	return err
}

// Create adds a source. Keys are created separately.
func (s *Sources) Create(ctx context.Context, by By, in CreateSourceInput) (Source, error) {
	if err := by.Principal.Require(ManageSources); err != nil {
		return Source{}, err
	}
	if err := in.Validate(); err != nil {
		return Source{}, err
	}
	added := Source{ID: NewSourceID(), Name: in.Name, Kind: in.Kind, Env: in.Env, CreatedAt: s.time()}
	err := s.change(ctx, by, func(tx TenantTx, record recorder) error { return addSource(ctx, tx, record, added) })
	return added, err
}

func addSource(ctx context.Context, tx TenantTx, record recorder, s Source) error {
	if err := tx.AddSource(ctx, s); err != nil {
		return err
	}
	return record("source.created", targetSource(s.ID), Details{"name": s.Name, "kind": string(s.Kind), "environment": string(s.Env)})
}

// Rename gives a source another name. It returns ErrSourceNotFound or ErrNameInvalid.
func (s *Sources) Rename(ctx context.Context, by By, id SourceID, name string) (Source, error) {
	if err := by.Principal.Require(ManageSources); err != nil {
		return Source{}, err
	}
	name, err := cleanName(name)
	if err != nil {
		return Source{}, err
	}
	var renamed Source
	err = s.change(ctx, by, func(tx TenantTx, record recorder) error {
		before, err := tx.Source(ctx, id)
		if err != nil {
			return err
		}
		renamed = before
		if renamed.Name = name; before.Name == name {
			return nil
		}
		if err := tx.UpdateSource(ctx, renamed); err != nil {
			return err
		}
		return record("source.renamed", targetSource(id), changed("name", before.Name, name))
	})
	return renamed, err
}

// Archive takes a source out of use and revokes its keys at once. Its events stay. Archiving again changes nothing.
func (s *Sources) Archive(ctx context.Context, by By, id SourceID) (Source, error) {
	if err := by.Principal.Require(ManageSources); err != nil {
		return Source{}, err
	}
	var archived Source
	err := s.change(ctx, by, func(tx TenantTx, record recorder) (err error) {
		archived, err = tx.Source(ctx, id)
		if err != nil || archived.ArchivedAt != nil {
			return err
		}
		now := s.time()
		archived.ArchivedAt = &now
		if err := tx.UpdateSource(ctx, archived); err != nil {
			return err
		}
		if err := record("source.archived", targetSource(id), Details{"name": archived.Name}); err != nil {
			return err
		}
		return revokeKeys(ctx, tx, record, now, "source archived", func(k APIKey) bool { return k.Source == id })
	})
	if err == nil {
		s.keysChanged(ctx)
	}
	return archived, err
}
