package archive

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"time"

	"filippo.io/age"

	"github.com/observatory/observatory/internal/objects"
	"github.com/observatory/observatory/tenants"
)

// edit is a change of one day: what was there, and what is to be there.
type edit struct {
	tenant  tenants.ID
	settled Tenant
	base    Manifest
	files   []File // in place of those of their hours
}

// begin reads what a change of a day goes by. It comes before anything else is read: whoever erases makes what was read before worthless.
func (s *Service) begin(ctx context.Context, tenant tenants.ID, date string) (*edit, error) {
	settled, err := s.Index.Tenant(ctx, tenant)
	if err != nil {
		return nil, err
	}
	base, err := readManifest(ctx, s.Storage, tenant, date)
	if err != nil {
		return nil, err
	}
	return &edit{tenant: tenant, settled: settled, base: base}, nil
}

// create begins a file of the next generation.
func (s *Service) create(ctx context.Context, e *edit, hour int, marks []Mark) (*fileWriter, File, error) {
	f := File{Hour: hour, Recipient: e.settled.recipient(), Marks: marks}
	f.Name = fileName(hour, e.base.Generation+1, f.Recipient != "")
	w, err := createFile(ctx, s.Storage, dayFolder(e.tenant, e.base.Date)+f.Name, f.Recipient)
	return w, f, err
}

// commit puts the new manifest in force, and removes what it does not name. ErrOvertaken when the day or the epoch has changed since begin.
func (s *Service) commit(ctx context.Context, e *edit) error {
	next := e.base.with(e.files, s.Now())
	next.Residency = e.settled.Residency
	err := s.Index.Publish(ctx, e.tenant, e.settled.Epoch, func(ctx context.Context) (*Manifest, error) {
		now, err := readManifest(ctx, s.Storage, e.tenant, e.base.Date)
		if err != nil {
			return nil, err
		}
		if now.Generation != e.base.Generation {
			return nil, ErrOvertaken
		}
		return &next, writeManifest(ctx, s.Storage, &next)
	})
	if err != nil {
		s.discard(ctx, e)
		return err
	}
	return s.clean(ctx, e.tenant, e.base.Date)
}

// discard removes the files of a change that came to nothing. Where that fails too they are removed with the next change of the day: no
// manifest will name them.
func (s *Service) discard(ctx context.Context, e *edit) {
	now, err := readManifest(context.WithoutCancel(ctx), s.Storage, e.tenant, e.base.Date)
	if err != nil {
		return
	}
	for _, f := range e.files {
		if f.Name != "" && !now.names(f.Name) { // the manifest may be there although we were not told
			_ = s.Storage.Delete(context.WithoutCancel(ctx), dayFolder(e.tenant, e.base.Date)+f.Name)
		}
	}
}

// clean removes the files of a day that count for nothing and never will, and keeps in the index what the manifest says.
func (s *Service) clean(ctx context.Context, tenant tenants.ID, date string) error {
	m, err := readManifest(ctx, s.Storage, tenant, date)
	if err != nil {
		return err
	}
	for o, err := range s.Storage.List(ctx, dayFolder(tenant, date)) {
		if err != nil {
			return err
		}
		if dead(&m, path.Base(o.Key)) {
			if err := s.Storage.Delete(ctx, o.Key); err != nil {
				return err
			}
		}
	}
	return s.Index.Cleaned(ctx, tenant, date, m.Generation)
}

// dead tells whether no manifest will ever name a file: one of this generation or a later one would have to.
func dead(m *Manifest, name string) bool {
	generation, ours := generationOf(name)
	return ours && generation <= m.Generation && !m.names(name)
}

// WriteDay writes the hours of a day that have changed, as they are now. It returns how many hours and events it wrote; ErrOvertaken
// when it has to be called again.
func (s *Service) WriteDay(ctx context.Context, tenant tenants.ID, date string) (hours int, events int64, err error) {
	e, err := s.begin(ctx, tenant, date)
	if err != nil {
		return 0, 0, err
	}
	all, err := s.Source.Hours(ctx, tenant, date) // before the events: what comes in between has other marks, and is written again
	if err != nil {
		return 0, 0, err
	}
	known, err := s.Index.Days(ctx, tenant, date)
	if err != nil {
		return 0, 0, err
	}
	if known[date].Generation != e.base.Generation { // the index was lost, or a writer died before it was told
		if err := s.know(ctx, e); err != nil {
			return 0, 0, err
		}
	}
	began := s.Now()
	for _, h := range all {
		if !s.due(h, Day{Manifest: e.base}, e.settled.recipient()) {
			continue
		}
		f, err := s.writeHour(ctx, e, h)
		if err != nil {
			s.discard(ctx, e)
			if errors.Is(err, objects.ErrNotFound) { // somebody who has changed the day has removed what was written in vain, or replaced what was read
				err = ErrOvertaken.Because(err)
			}
			return 0, 0, fmt.Errorf("archive the hour from %s: %w", h.At.Format(time.RFC3339), err)
		}
		e.files = append(e.files, f)
		events += f.Rows
	}
	if len(e.files) == 0 {
		return 0, 0, s.clean(ctx, tenant, date)
	}
	if err := s.commit(ctx, e); err != nil {
		return 0, 0, err
	}
	s.metrics.wrote(e.files, s.Now().Sub(began))
	return len(e.files), events, nil
}

// know has the index know the manifest that there is.
func (s *Service) know(ctx context.Context, e *edit) error {
	return s.Index.Publish(ctx, e.tenant, e.settled.Epoch, func(ctx context.Context) (*Manifest, error) {
		now, err := readManifest(ctx, s.Storage, e.tenant, e.base.Date)
		if err != nil || now.Generation == 0 {
			return nil, err
		}
		return &now, nil
	})
}

// writeHour writes the file of an hour, or keeps the one that there is where that holds the same. Where what the file before was written from is not part of what there is now (the store is a new
// one, or an older state of it), its events are kept beside those of the store, which win where both have one.
func (s *Service) writeHour(ctx context.Context, e *edit, h Hour) (f File, err error) {
	before, there := e.base.file(h.At.Hour())
	w, f, err := s.create(ctx, e, h.At.Hour(), h.Marks)
	if err != nil {
		return f, err
	}
	var seen map[Key]struct{}
	if there && before.Name != "" && !covers(h.Marks, before.Marks) {
		seen = map[Key]struct{}{}
	}
	err = s.Source.Events(ctx, e.tenant, h.At, h.At.Add(time.Hour), func(events []Event) error {
		if seen != nil {
			for i := range events {
				seen[events[i].key()] = struct{}{}
			}
		}
		return w.add(events)
	})
	if err == nil && seen != nil {
		err = s.keep(ctx, e, before, seen, w)
	}
	if err != nil {
		w.abort()
		return f, err
	}
	if there && before.Name != "" && before.Recipient == f.Recipient && before.Rows == w.digest.Rows && before.Digest == w.digest.String() {
		w.abort() // not the events have changed, but who goes by which ID, for example
		before.Marks = h.Marks
		return before, nil
	}
	return finish(w, f)
}

// finish closes a file. Of an hour without events there is none.
func finish(w *fileWriter, f File) (File, error) {
	if w.digest.Rows == 0 {
		w.abort()
		return File{Hour: f.Hour, Marks: f.Marks}, nil
	}
	return f, w.close(&f)
}

// keep writes the events of a file that are not among those that were seen.
func (s *Service) keep(ctx context.Context, e *edit, before File, seen map[Key]struct{}, w *fileWriter) error {
	identity, err := s.identityFor(e, before)
	if err != nil {
		return err
	}
	file, err := openFile(ctx, s.Storage, dayFolder(e.tenant, e.base.Date)+before.Name, before, identity)
	if err != nil {
		return err
	}
	return eachEvent(file.RowGroups(), func(events []Event) error {
		events = slices.DeleteFunc(slices.Clone(events), func(e Event) bool {
			_, ok := seen[e.key()]
			return ok
		})
		return w.add(events)
	})
}

func (s *Service) identityFor(e *edit, f File) (age.Identity, error) {
	if f.Recipient == "" {
		return nil, nil //nolint:nilnil // none is needed
	}
	return s.open(e.tenant, e.settled)
}

// covers tells whether every log has got at least as far in new marks as in old ones: what was there is still part of what is there.
func covers(now, before []Mark) bool {
	for _, b := range before {
		if !slices.ContainsFunc(now, func(n Mark) bool { return n.Log == b.Log && n.Stored >= b.Stored }) {
			return false
		}
	}
	return true
}

// Write writes everything that a tenant's archive lacks. between is called after each day with how many days are done and how many there are
// at least, and what it returns ends the work.
func (s *Service) Write(ctx context.Context, tenant tenants.ID, between func(done, total int) error) error {
	var failed error
	done, skip := 0, map[string]bool{}
	for {
		lacks, err := s.dueOf(ctx, tenant)
		if err != nil {
			return errors.Join(failed, err)
		}
		lacks = slices.DeleteFunc(lacks, func(w work) bool { return skip[w.date] })
		if len(lacks) == 0 {
			return failed
		}
		w := lacks[0]
		skip[w.date] = true // once in a run: what changes meanwhile is found again
		_, _, err = s.WriteDay(ctx, tenant, w.date)
		if err != nil && !errors.Is(err, ErrOvertaken) {
			if ctx.Err() != nil {
				return err
			}
			failed = errors.Join(failed, err) // of a day, which keeps no other from being written
		}
		done++
		if err := between(done, done+len(lacks)-1); err != nil {
			return err
		}
	}
}
