package schema

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/observatory/observatory/tenants"
)

// Proposal is a text that somebody wants to register, look up or compare.
type Proposal struct {
	Subject    string
	Type       Type // empty is Avro
	Text       string
	References []Reference
	Normalize  bool // bring it into its canonical form first, even if the settings do not say so
}

// RegisterInput is a Proposal to be registered.
type RegisterInput struct {
	Proposal
	ID      ID  // 0, or the ID that the schema must turn out to have
	Version int // 0 or Latest, or the version that it must turn out to be
}

// prepared is a Proposal that was parsed.
type prepared struct {
	Compiled
	digest [32]byte
	found  Schema // the registered schema that is the same; ID 0 when there is none
}

// prepare parses a proposal and looks for the same schema. Transactions are short: none is open while it parses.
func (r *Registry) prepare(ctx context.Context, tenant tenants.ID, p Proposal) (*prepared, error) {
	if err := CheckSubject(p.Subject); err != nil {
		return nil, err
	}
	text := Text{Type: cmp.Or(p.Type, Avro), Schema: p.Text}
	if err := text.CheckSize(); err != nil {
		return nil, err
	}
	if strings.ContainsRune(p.Text, 0) {
		return nil, Invalid("The schema contains a zero byte. Take it out.")
	}
	var references []Reference
	err := r.store.Tenant(ctx, tenant, func(tx Tx) error {
		settings, err := inForce(ctx, tx, p.Subject)
		if err != nil {
			return err
		}
		p.Normalize = p.Normalize || settings.normalizes()
		if references, err = pin(ctx, tx, p.References); err != nil {
			return err
		}
		text.Dependencies, err = resolve(ctx, tx, references)
		return err
	})
	if err != nil {
		return nil, err
	}
	parsed, err := r.parse(ctx, text)
	if err != nil {
		return nil, err
	}
	if p.Normalize {
		text.Schema = parsed.Canonical()
		if err := text.CheckSize(); err != nil {
			return nil, err
		}
		references = slices.SortedFunc(slices.Values(references), func(a, b Reference) int { return cmp.Compare(a.Name, b.Name) })
	}
	out := &prepared{
		Compiled: Compiled{Parsed: parsed, Schema: Schema{Type: text.Type, Text: text.Schema, References: references, Fingerprints: parsed.Fingerprints()}},
		digest:   digest(text, references),
	}
	out.found, err = r.find(ctx, tenant, func(tx Tx) (Schema, error) { return tx.SchemaByDigest(ctx, out.digest) })
	if errors.Is(err, ErrSchemaNotFound) {
		err = nil
	}
	return out, err
}

// Lookup finds the version of a subject that has the proposed schema: the newest that is shown. It returns
// ErrSubjectNotFound, ErrSchemaNotFound, or an Invalid fault for a schema that is malformed.
func (r *Registry) Lookup(ctx context.Context, tenant tenants.ID, p Proposal, show Show) (found Registered, err error) {
	it, err := r.prepare(ctx, tenant, p)
	if err != nil {
		return found, err
	}
	err = r.store.Tenant(ctx, tenant, func(tx Tx) error {
		shown, err := versionsOf(ctx, tx, p.Subject, show)
		if err != nil {
			return err
		}
		var ok bool
		if found.Version, ok = newestWith(shown, it.found.ID); !ok {
			return ErrSchemaNotFound
		}
		found.Schema = it.found
		return nil
	})
	return found, err
}

// Register makes a schema the next version of its subject. What the subject has already is returned as it is; of callers
// with the same schema at the same moment one registers it. Errors are CodeInvalid for a schema that is malformed,
// *IncompatibleError, ErrReadOnly, ErrNotNext, ErrRegistryFull, and those of somebody who may not.
func (r *Registry) Register(ctx context.Context, by tenants.By, in RegisterInput) (Registered, error) {
	if err := by.Principal.Require(tenants.ManageData); err != nil {
		return Registered{}, err
	}
	tenant := by.Principal.Tenant
	it, err := r.prepare(ctx, tenant, in.Proposal)
	if err != nil {
		return Registered{}, err
	}
	if it.found.ID != 0 {
		if found, err := r.registered(ctx, tenant, in, it.found); err != nil || found.Number != 0 {
			return found, err
		}
	}
	if err := r.warm(ctx, tenant, in.Subject); err != nil {
		return Registered{}, err
	}
	var made Registered
	err = r.change(ctx, by, func(tx Tx) (err error) {
		made, err = r.register(ctx, tx, by, in, it)
		return err
	})
	return made, err
}

// registered is the live version that has the schema already; its Number is 0 when there is none.
func (r *Registry) registered(ctx context.Context, tenant tenants.ID, in RegisterInput, s Schema) (found Registered, err error) {
	err = r.store.Tenant(ctx, tenant, func(tx Tx) error {
		all, err := tx.VersionsOf(ctx, in.Subject)
		if err != nil {
			return err
		}
		if v, ok := newestWith(only(all, ShowLive), s.ID); ok {
			found = Registered{Version: v, Schema: s}
			return in.check(found)
		}
		return nil
	})
	return found, err
}

// register is Register inside the tenant's turn.
func (r *Registry) register(ctx context.Context, tx Tx, by tenants.By, in RegisterInput, it *prepared) (Registered, error) {
	s, err := tx.SchemaByDigest(ctx, it.digest) // somebody may have been quicker
	known := err == nil
	if err != nil && !errors.Is(err, ErrSchemaNotFound) {
		return Registered{}, err
	}
	all, err := tx.VersionsOf(ctx, in.Subject)
	if err != nil {
		return Registered{}, err
	}
	live := only(all, ShowLive)
	if v, ok := newestWith(live, s.ID); known && ok {
		found := Registered{Version: v, Schema: s}
		return found, in.check(found)
	}
	settings, err := inForce(ctx, tx, in.Subject)
	if err != nil {
		return Registered{}, err
	}
	if err := settings.writable(); err != nil {
		return Registered{}, err
	}
	if err := r.room(ctx, tx, it, known, len(all)); err != nil {
		return Registered{}, err
	}
	conflicts, err := r.against(ctx, tx, by.Principal.Tenant, it.Compiled, settings.level(), live)
	if err != nil {
		return Registered{}, err
	}
	if len(conflicts) > 0 {
		return Registered{}, &IncompatibleError{Level: settings.level(), Conflicts: conflicts}
	}
	if !known {
		if s, err = r.addSchema(ctx, tx, it); err != nil {
			return Registered{}, err
		}
	}
	v := Version{Subject: in.Subject, Number: 1, Schema: s.ID, CreatedAt: r.now().UTC(), CreatedBy: by.Principal.Actor.Label}
	if len(all) > 0 {
		v.Number = all[len(all)-1].Number + 1
	}
	made := Registered{Version: v, Schema: s}
	if err := in.check(made); err != nil {
		return Registered{}, err
	}
	if err := tx.AddVersion(ctx, v); err != nil {
		return Registered{}, err
	}
	return made, tx.Audit(ctx, r.entry(by, "schema.registered", in.Subject, tenants.Details{
		"version": strconv.Itoa(v.Number), "schema_id": strconv.Itoa(int(s.ID)), "type": string(s.Type),
	}))
}

func (r *Registry) addSchema(ctx context.Context, tx Tx, it *prepared) (Schema, error) {
	s := it.Schema
	var err error
	if s.UUID, err = uuid.NewV7(); err != nil {
		return Schema{}, err
	}
	s.CreatedAt = r.now().UTC()
	s.ID, err = tx.AddSchema(ctx, s, it.digest)
	return s, err
}

// check refuses an ID or a version that the caller insists on and that the registry would not give.
func (in RegisterInput) check(v Registered) error {
	if in.ID > 0 && in.ID != v.Schema.ID || in.Version > 0 && in.Version != v.Number {
		return ErrNotNext
	}
	return nil
}

// room returns a schema_registry_full fault when there is no place for another version.
func (r *Registry) room(ctx context.Context, tx Tx, it *prepared, known bool, versions int) error {
	size, err := tx.Size(ctx)
	switch {
	case err != nil:
		return err
	case versions >= MaxSubjectVersions:
		return full("The subject has %d versions, which is the limit. Delete old ones for good, or use another subject.", MaxSubjectVersions)
	case size.Versions >= MaxVersions:
		return full("The registry has %d versions, which is the limit. Delete old ones for good.", MaxVersions)
	case !known && size.Schemas >= MaxSchemas:
		return full("The registry has %d schemas, which is the limit. Delete old ones for good.", MaxSchemas)
	case !known && size.Bytes+int64(len(it.Schema.Text)) > MaxBytes:
		return full("The schemas would be longer than %d bytes together, which is the limit. Delete old ones for good.", MaxBytes)
	}
	return nil
}

func newestWith(versions []Version, id ID) (Version, bool) {
	for _, v := range slices.Backward(versions) {
		if v.Schema == id {
			return v, true
		}
	}
	return Version{}, false
}
