package pipeline

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/observatory/observatory/ingest/contract"
	"github.com/observatory/observatory/ingest/schema"
)

// DeclaredSchema is a schema of a tenant with the subjects that it is a version of.
type DeclaredSchema struct {
	ID         int32
	Type       schema.Type
	Text       string
	Rabin      uint64 // CRC-64-AVRO; 0 where there is none
	References []schema.Reference
	Versions   []DeclaredVersion
}

// DeclaredVersion is a place in a subject. One that is deleted is not the newest any more; what was written with it can still be read.
type DeclaredVersion struct {
	Subject string
	Version int
	Deleted bool
}

// tenantSchemas are one tenant's schemas in memory, compiled when they are first needed. It is the contract.Schemas of a tenant.
type tenantSchemas struct {
	formats map[schema.Type]schema.Format
	byID    map[int32]*tenantSchema
	newest  map[string]placed // by subject
	version map[schema.Reference]int32
	rabin   map[uint64]int32
}

type placed struct {
	id      int32
	version int
}

type tenantSchema struct {
	DeclaredSchema
	*compiled
}

// compiled is what a schema's text comes to. The text behind an ID never changes, so it outlives changes of what else is declared.
type compiled struct {
	once   sync.Once
	parsed schema.Parsed
	err    error
	ready  atomic.Bool // parsed is there
}

var _ contract.Schemas = (*tenantSchemas)(nil)

// newTenantSchemas takes over what before, which may be nil, has compiled.
func newTenantSchemas(formats map[schema.Type]schema.Format, declared []DeclaredSchema, before *tenantSchemas) *tenantSchemas {
	s := &tenantSchemas{
		formats: formats, byID: make(map[int32]*tenantSchema, len(declared)), newest: map[string]placed{},
		version: map[schema.Reference]int32{}, rabin: map[uint64]int32{},
	}
	for _, d := range declared {
		s.add(d, before)
	}
	return s
}

func (s *tenantSchemas) add(d DeclaredSchema, before *tenantSchemas) {
	c := new(compiled)
	if before != nil {
		if known, ok := before.byID[d.ID]; ok && known.ready.Load() {
			c = known.compiled
		}
	}
	s.byID[d.ID] = &tenantSchema{DeclaredSchema: d, compiled: c}
	if d.Rabin != 0 {
		s.rabin[d.Rabin] = d.ID
	}
	for _, v := range d.Versions {
		s.version[schema.Reference{Subject: v.Subject, Version: v.Version}] = d.ID
		if !v.Deleted && v.Version > s.newest[v.Subject].version {
			s.newest[v.Subject] = placed{d.ID, v.Version}
		}
	}
}

// Newest implements contract.Schemas.
func (s *tenantSchemas) Newest(subject string) (int32, int, schema.Parsed, bool) {
	at, ok := s.newest[subject]
	if !ok {
		return 0, 0, nil, false
	}
	parsed, ok := s.ByID(at.id)
	return at.id, at.version, parsed, ok
}

// ByFingerprint implements contract.Schemas.
func (s *tenantSchemas) ByFingerprint(rabin uint64) (int32, schema.Parsed, bool) {
	id, ok := s.rabin[rabin]
	if !ok {
		return 0, nil, false
	}
	parsed, ok := s.ByID(id)
	return id, parsed, ok
}

// ByID implements contract.Schemas.
func (s *tenantSchemas) ByID(id int32) (schema.Parsed, bool) {
	found, ok := s.byID[id]
	if !ok {
		return nil, false
	}
	found.once.Do(func() {
		found.err = errNotParsed // if this panics
		found.parsed, found.err = s.parse(&found.DeclaredSchema)
		found.ready.Store(found.err == nil)
	})
	return found.parsed, found.err == nil
}

var (
	errNoFormat  = errors.New("no such type of schema")
	errNotParsed = errors.New("the schema could not be read")
)

func (s *tenantSchemas) parse(d *DeclaredSchema) (schema.Parsed, error) {
	format, ok := s.formats[d.Type]
	if !ok {
		return nil, fmt.Errorf("%w: %s", errNoFormat, d.Type)
	}
	text := schema.Text{Type: d.Type, Schema: d.Text}
	if err := s.resolve(d.References, map[string]bool{}, &text.Dependencies); err != nil {
		return nil, err
	}
	return format.Parse(text)
}

var errNoReference = errors.New("a schema refers to a version that is not there")

// resolve lists what references lead to, each before what needs it. The registry refuses circles; here they merely end.
func (s *tenantSchemas) resolve(references []schema.Reference, seen map[string]bool, into *[]schema.Dependency) error {
	for _, r := range references {
		if seen[r.Name] {
			continue
		}
		seen[r.Name] = true
		id, ok := s.version[schema.Reference{Subject: r.Subject, Version: r.Version}]
		if !ok {
			return fmt.Errorf("%w: %s version %d", errNoReference, r.Subject, r.Version)
		}
		d := s.byID[id]
		if err := s.resolve(d.References, seen, into); err != nil {
			return err
		}
		*into = append(*into, schema.Dependency{Name: r.Name, Schema: d.Text})
	}
	return nil
}
