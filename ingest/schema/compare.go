package schema

import (
	"context"
	"errors"
	"slices"

	"github.com/observatory/observatory/tenants"
)

// Comparison says how a proposed schema gets on with versions of its subject.
type Comparison struct {
	Level     Level
	Conflicts []Conflict // none when it is compatible; at most MaxIncompatibilities
}

// Compare checks a proposal by its subject's level: against one version (or Latest), or with number 0 against those that
// registering it would look at. A subject without versions is compatible with everything, unless a certain version was
// asked for, which is ErrSubjectNotFound or ErrVersionNotFound. Nothing is changed.
func (r *Registry) Compare(ctx context.Context, tenant tenants.ID, p Proposal, number int) (c Comparison, err error) {
	it, err := r.prepare(ctx, tenant, p)
	if err != nil {
		return c, err
	}
	if err := r.warm(ctx, tenant, p.Subject); err != nil {
		return c, err
	}
	err = r.store.Tenant(ctx, tenant, func(tx Tx) error {
		settings, err := inForce(ctx, tx, p.Subject)
		if err != nil {
			return err
		}
		c.Level = settings.level()
		if number != 0 {
			v, err := versionOf(ctx, tx, p.Subject, number, ShowLive)
			if number == Latest && errors.Is(err, ErrSubjectNotFound) {
				return nil
			}
			if err != nil {
				return err
			}
			existing, err := r.compiledIn(ctx, tx, tenant, v.Schema)
			if err != nil {
				return err
			}
			c.Conflicts = c.Level.conflicts(it.Compiled, v.Number, *existing)
			return nil
		}
		all, err := tx.VersionsOf(ctx, p.Subject)
		if err != nil {
			return err
		}
		c.Conflicts, err = r.against(ctx, tx, tenant, it.Compiled, c.Level, only(all, ShowLive))
		return err
	})
	return c, err
}

// against compares a proposal with the live versions that its level looks at, newest first.
func (r *Registry) against(ctx context.Context, tx Tx, tenant tenants.ID, proposed Compiled, level Level, live []Version) ([]Conflict, error) {
	var all []Conflict
	for _, v := range looksAt(level, live) {
		existing, err := r.compiledIn(ctx, tx, tenant, v.Schema)
		if err != nil {
			return nil, err
		}
		all = append(all, level.conflicts(proposed, v.Number, *existing)...)
		if len(all) >= MaxIncompatibilities {
			return all[:MaxIncompatibilities], nil
		}
	}
	return all, nil
}

// looksAt are the versions that a level compares with, newest first.
func looksAt(level Level, live []Version) []Version {
	newestFirst := slices.Clone(live)
	slices.Reverse(newestFirst)
	switch {
	case level == None:
		return nil
	case level.transitive():
		return newestFirst
	default:
		return newestFirst[:min(len(newestFirst), 1)]
	}
}

// warm compiles what a subject's level will compare with, before the transaction in which everybody else waits.
func (r *Registry) warm(ctx context.Context, tenant tenants.ID, subject string) error {
	var versions []Version
	err := r.store.Tenant(ctx, tenant, func(tx Tx) error {
		settings, err := inForce(ctx, tx, subject)
		if err != nil {
			return err
		}
		all, err := tx.VersionsOf(ctx, subject)
		versions = looksAt(settings.level(), only(all, ShowLive))
		return err
	})
	if err != nil {
		return err
	}
	for _, v := range versions {
		if _, err := r.Compiled(ctx, tenant, v.Schema); err != nil && !errors.Is(err, ErrSchemaNotFound) { // it may be deleted by now
			return err
		}
	}
	return nil
}
