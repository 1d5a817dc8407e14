package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/observatory/observatory/internal/objects"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/tenants"
)

// Copy is the archive as one of the copies from which people are removed. Files are rewritten from themselves, not from the store, which may
// hold less.
type Copy struct{ s *Service }

var _ privacy.Copy = Copy{}

// Copy is the archive as a copy.
func (s *Service) Copy() Copy { return Copy{s} }

// Name implements privacy.Copy.
func (Copy) Name() string { return "archive" }

// found is what a look through files has come to.
type found struct {
	files, opened    int64 // there are, and had to be read beyond their bloom filters
	theirs, carried  int64 // events of the subjects, and of others with an anonymous ID of theirs
	rewritten, whole int64 // files that were written anew, and files that were removed altogether
}

// Find implements privacy.Copy. It counts events.
func (c Copy) Find(ctx context.Context, tenant tenants.ID, op privacy.Operation) (privacy.Holding, error) {
	all, err := c.count(ctx, tenant, op)
	return privacy.Holding{Items: all.theirs + all.carried, Unit: "events"}, err
}

func (c Copy) count(ctx context.Context, tenant tenants.ID, op privacy.Operation) (all found, err error) {
	w, err := newWho(op)
	if err != nil {
		return found{}, err
	}
	dates, err := Days(ctx, c.s.Storage, tenant)
	if err != nil {
		return found{}, err
	}
	for _, date := range dates {
		var of found
		err := again(func() error {
			of = found{}
			e, err := c.s.begin(ctx, tenant, date)
			if err != nil {
				return err
			}
			for _, f := range e.base.Files {
				if _, err := c.look(ctx, e, f, &w, &of); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return found{}, fmt.Errorf("look through the archive of %s: %w", date, err)
		}
		all.files, all.opened, all.theirs, all.carried = all.files+of.files, all.opened+of.opened, all.theirs+of.theirs, all.carried+of.carried
	}
	return all, nil
}

// again does something anew when files that were read have been replaced meanwhile.
func again(f func() error) error {
	const attempts = 10
	var err error
	for range attempts {
		if err = f(); !errors.Is(err, objects.ErrNotFound) && !errors.Is(err, ErrOvertaken) {
			return err
		}
	}
	return err
}

// look counts what a file holds of the subjects.
func (c Copy) look(ctx context.Context, e *edit, f File, w *who, all *found) (any bool, err error) {
	if f.Name == "" || w.nobody() {
		return false, nil
	}
	all.files++
	file, err := c.open(ctx, e, f)
	if err != nil {
		return false, err
	}
	groups, err := w.groups(file, f)
	if err != nil || len(groups) == 0 {
		return false, err
	}
	all.opened++
	chunk := make([]trace, 1000)
	for _, group := range groups {
		rows := parquet.NewGenericRowGroupReader[trace](group)
		for {
			clear(chunk)
			n, err := rows.Read(chunk)
			for i := range chunk[:n] {
				theirs, carried := w.look(&chunk[i])
				if theirs {
					all.theirs++
				}
				if carried {
					all.carried++
				}
				any = any || theirs || carried
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return any, errors.Join(broken(err), rows.Close())
			}
		}
		if err := rows.Close(); err != nil {
			return any, broken(err)
		}
	}
	return any, nil
}

func (c Copy) open(ctx context.Context, e *edit, f File) (*parquet.File, error) {
	identity, err := c.s.identityFor(e, f)
	if err != nil {
		return nil, err
	}
	return openFile(ctx, c.s.Storage, dayFolder(e.tenant, e.base.Date)+f.Name, f, identity)
}

// Erase implements privacy.Copy. Whoever has read the store before, and has not published what he read, does so in vain from here on.
func (c Copy) Erase(ctx context.Context, tenant tenants.ID, op privacy.Operation) (privacy.Evidence, error) {
	w, err := newWho(op)
	if err != nil {
		return nil, err
	}
	if err := c.s.Index.Advance(ctx, tenant); err != nil {
		return nil, fmt.Errorf("stop what is being written to the archive: %w", err)
	}
	dates, err := Days(ctx, c.s.Storage, tenant)
	if err != nil {
		return nil, err
	}
	var all found
	for _, date := range dates {
		var of found
		if err := again(func() (err error) { of, err = c.eraseDay(ctx, tenant, date, &w); return err }); err != nil {
			return nil, fmt.Errorf("erase from the archive of %s: %w", date, err)
		}
		all.files, all.theirs, all.carried = all.files+of.files, all.theirs+of.theirs, all.carried+of.carried
		all.rewritten, all.whole = all.rewritten+of.rewritten, all.whole+of.whole
	}
	if err := c.sweep(ctx, tenant, dates); err != nil {
		return nil, fmt.Errorf("sweep the archive: %w", err)
	}
	return privacy.Evidence{
		"files": all.files, "files_rewritten": all.rewritten, "files_removed": all.whole, "events_removed": all.theirs, "events_unlinked": all.carried,
	}, nil
}

func (c Copy) eraseDay(ctx context.Context, tenant tenants.ID, date string, w *who) (all found, err error) {
	e, err := c.s.begin(ctx, tenant, date)
	if err != nil {
		return all, err
	}
	for _, f := range e.base.Files {
		some, err := c.look(ctx, e, f, w, &all)
		if err == nil && some {
			err = c.rewrite(ctx, e, f, w, &all)
		}
		if err != nil {
			c.s.discard(ctx, e)
			return all, err
		}
	}
	if len(e.files) == 0 {
		return all, c.s.clean(ctx, tenant, date)
	}
	return all, c.s.commit(ctx, e)
}

// rewrite writes a file without the subjects.
func (c Copy) rewrite(ctx context.Context, e *edit, f File, w *who, all *found) error {
	file, err := c.open(ctx, e, f)
	if err != nil {
		return err
	}
	to, next, err := c.s.create(ctx, e, f.Hour, f.Marks)
	if err != nil {
		return err
	}
	err = eachEvent(file.RowGroups(), func(events []Event) error {
		left := make([]Event, 0, len(events))
		for _, event := range events {
			theirs, carried := w.look(&trace{event.Type, event.UserID, event.AnonymousID, event.ReceivedAt, event.Properties, event.Context})
			if carried {
				event.AnonymousID = ""
			}
			if !theirs {
				left = append(left, event)
			}
		}
		return to.add(left)
	})
	if err != nil {
		to.abort()
		return err
	}
	if next, err = finish(to, next); err != nil {
		return err
	}
	if next.Name == "" {
		all.whole++
	} else {
		all.rewritten++
	}
	e.files = append(e.files, next)
	c.s.metrics.rewritten.Inc()
	return nil
}

// sweep removes what is left of files that count for nothing: those that were replaced, and those whose writing was cut short, or is about to
// end in vain. Where somebody may still have them named, the manifest is written anew, so that he cannot.
func (c Copy) sweep(ctx context.Context, tenant tenants.ID, dates []string) error {
	for _, date := range dates {
		if err := again(func() error { return c.sweepDay(ctx, tenant, date) }); err != nil {
			return err
		}
	}
	for {
		young, err := c.forget(ctx, tenant)
		if err != nil || len(young) == 0 {
			return err
		}
		for date := range young {
			if err := again(func() error { return c.overtake(ctx, tenant, date) }); err != nil {
				return err
			}
		}
	}
}

func (c Copy) sweepDay(ctx context.Context, tenant tenants.ID, date string) error {
	m, err := readManifest(ctx, c.s.Storage, tenant, date)
	if err != nil {
		return err
	}
	for o, err := range c.s.Storage.List(ctx, dayFolder(tenant, date)) {
		if err != nil {
			return err
		}
		if generation, ours := generationOf(path.Base(o.Key)); ours && generation > m.Generation {
			return c.overtake(ctx, tenant, date)
		}
	}
	return c.s.clean(ctx, tenant, date)
}

// overtake writes a manifest anew as it is: who was about to has to begin again.
func (c Copy) overtake(ctx context.Context, tenant tenants.ID, date string) error {
	e, err := c.s.begin(ctx, tenant, date)
	if err != nil {
		return err
	}
	return c.s.commit(ctx, e)
}

// forget removes what the storage itself keeps of files that are dead, and returns the days of which files are being written.
func (c Copy) forget(ctx context.Context, tenant tenants.ID) (young map[string]bool, err error) {
	manifests := map[string]*Manifest{}
	young = map[string]bool{}
	var failed error
	_, err = c.s.Storage.ForgetDead(ctx, tenantFolder(tenant), func(key string) bool {
		folder, name := path.Split(key)
		generation, ours := generationOf(name)
		date, ok := strings.CutPrefix(path.Base(folder), "date=")
		if !ours || !ok {
			return false
		}
		m, ok := manifests[date]
		if !ok {
			read, err := readManifest(ctx, c.s.Storage, tenant, date)
			failed = errors.Join(failed, err)
			m = &read
			manifests[date] = m
		}
		if generation > m.Generation {
			young[date] = true
		}
		return dead(m, name)
	})
	return young, errors.Join(err, failed)
}

// Verify implements privacy.Copy.
func (c Copy) Verify(ctx context.Context, tenant tenants.ID, op privacy.Operation) (privacy.Verification, error) {
	dates, err := Days(ctx, c.s.Storage, tenant)
	if err != nil {
		return privacy.Verification{}, err
	}
	if err := c.sweep(ctx, tenant, dates); err != nil {
		return privacy.Verification{}, fmt.Errorf("sweep the archive: %w", err)
	}
	all, err := c.count(ctx, tenant, op)
	if err != nil {
		return privacy.Verification{}, err
	}
	return privacy.Verification{
		Left:     all.theirs + all.carried,
		Evidence: privacy.Evidence{"days": int64(len(dates)), "files": all.files, "files_read_beyond_bloom_filters": all.opened},
	}, nil
}
