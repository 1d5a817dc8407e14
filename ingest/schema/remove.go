package schema

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/observatory/observatory/tenants"
)

// RemoveSubject deletes all versions of a subject and returns their numbers. At first that is soft: they are hidden, but
// can still be found by ID. Once that is done, permanent takes them away, and with them the schemas that nothing else
// uses. It returns ErrSubjectNotFound, ErrSubjectDeleted, ErrSubjectNotDeleted, ErrReferenced, ErrReadOnly, and the errors
// of somebody who may not.
func (r *Registry) RemoveSubject(ctx context.Context, by tenants.By, subject string, permanent bool) (numbers []int, err error) {
	if err := CheckSubject(subject); err != nil {
		return nil, err
	}
	var gone []Version
	err = r.change(ctx, by, func(tx Tx) error {
		all, err := versionsOf(ctx, tx, subject, ShowAll)
		if err != nil {
			return err
		}
		gone = all
		switch live := only(all, ShowLive); {
		case permanent && len(live) > 0:
			return ErrSubjectNotDeleted
		case !permanent && len(live) == 0:
			return ErrSubjectDeleted
		case !permanent:
			gone = live
		}
		if err := r.remove(ctx, tx, gone, permanent); err != nil {
			return err
		}
		if !permanent {
			if err := tx.SetSettings(ctx, subject, Settings{}); err != nil {
				return err
			}
		}
		return tx.Audit(ctx, r.entry(by, removal("schema_subject", permanent), subject, tenants.Details{"versions": list(gone)}))
	})
	if err != nil {
		return nil, err
	}
	r.forget(by.Principal.Tenant, gone, permanent)
	for _, v := range gone {
		numbers = append(numbers, v.Number)
	}
	return numbers, nil
}

// RemoveVersion deletes one version of a subject, or the Latest, and returns its number. For soft and permanent see
// RemoveSubject. It returns ErrSubjectNotFound, ErrVersionNotFound, ErrVersionDeleted, ErrVersionNotDeleted, ErrReferenced,
// ErrReadOnly, and the errors of somebody who may not.
func (r *Registry) RemoveVersion(ctx context.Context, by tenants.By, subject string, number int, permanent bool) (int, error) {
	if err := CheckSubject(subject); err != nil {
		return 0, err
	}
	var gone Version
	err := r.change(ctx, by, func(tx Tx) error {
		show := ShowAll
		if number == Latest && !permanent {
			show = ShowLive
		}
		v, err := versionOf(ctx, tx, subject, number, show)
		switch {
		case err != nil:
			return err
		case permanent && v.Live():
			return ErrVersionNotDeleted
		case !permanent && !v.Live():
			return ErrVersionDeleted
		}
		gone = v
		if err := r.remove(ctx, tx, []Version{v}, permanent); err != nil {
			return err
		}
		return tx.Audit(ctx, r.entry(by, removal("schema_version", permanent), subject, tenants.Details{"version": strconv.Itoa(v.Number)}))
	})
	if err != nil {
		return 0, err
	}
	r.forget(by.Principal.Tenant, []Version{gone}, permanent)
	return gone.Number, nil
}

// remove deletes versions of one subject, newest first, since newer ones may refer to older ones.
func (r *Registry) remove(ctx context.Context, tx Tx, versions []Version, permanent bool) error {
	settings, err := inForce(ctx, tx, versions[0].Subject)
	if err != nil {
		return err
	}
	if err := settings.writable(); err != nil {
		return err
	}
	for _, v := range slices.Backward(versions) {
		referrers, err := tx.Referrers(ctx, v, permanent)
		switch {
		case err != nil:
			return err
		case len(referrers) > 0:
			return ErrReferenced
		case permanent:
			err = tx.RemoveVersion(ctx, v)
		default:
			err = tx.HideVersion(ctx, v, r.now().UTC())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// forget takes what was deleted for good out of this node's cache. Others may know it longer, which does no harm: an ID is
// never given to another schema.
func (r *Registry) forget(tenant tenants.ID, versions []Version, permanent bool) {
	if !permanent {
		return
	}
	for _, v := range versions {
		r.cache.drop(cacheKey{tenant, v.Schema})
	}
}

func removal(what string, permanent bool) string {
	if permanent {
		return what + ".removed"
	}
	return what + ".deleted"
}

func list(versions []Version) string {
	numbers := make([]string, len(versions))
	for i, v := range versions {
		numbers[i] = strconv.Itoa(v.Number)
	}
	return strings.Join(numbers, ", ")
}
