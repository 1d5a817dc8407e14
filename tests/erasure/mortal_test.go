package erasure_test

import (
	"context"
	"io"
	"iter"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/follow"
	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/internal/objects"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/archive"
	"github.com/observatory/observatory/tenants"
)

// fuse ends a worker at one of the things that he does to the world: that one is done or not, those behind it are not.
type fuse struct {
	mu    sync.Mutex
	left  int  // deeds until then; negative: he lives
	after bool // the last one is done, and nobody is told
}

func (f *fuse) deed(do func() error) error {
	f.mu.Lock()
	dead, last := f.left == 0, f.left == 1
	if f.left > 0 {
		f.left--
	}
	f.mu.Unlock()
	if dead || last && !f.after {
		return errDead
	}
	err := do()
	if last {
		return errDead
	}
	return err
}

// mortalRequests also tell whom requests are about.
type mortalRequests struct {
	privacy.Requests
	*fuse
	about func(privacy.ID, []privacy.Person)
}

func (m mortalRequests) Change(ctx context.Context, tenant tenants.ID, id privacy.ID, fn func(*privacy.Request) (privacy.Change, error)) (r privacy.Request, err error) {
	err = m.deed(func() error {
		r, err = m.Requests.Change(ctx, tenant, id, func(r *privacy.Request) (privacy.Change, error) {
			c, err := fn(r)
			if len(c.People) > 0 {
				m.about(id, c.People)
			}
			return c, err
		})
		return err
	})
	return r, err
}

type mortalSuppressions struct {
	privacy.Suppressions
	*fuse
}

func (m mortalSuppressions) Put(ctx context.Context, tenant tenants.ID, request uuid.UUID, entries []privacy.Entry) (mark follow.Mark, err error) {
	err = m.deed(func() error {
		mark, err = m.Suppressions.Put(ctx, tenant, request, entries)
		return err
	})
	return mark, err
}

type mortalCopy struct {
	privacy.Copy
	*fuse
}

func (m mortalCopy) Erase(ctx context.Context, tenant tenants.ID, op privacy.Operation) (e privacy.Evidence, err error) {
	err = m.deed(func() error {
		e, err = m.Copy.Erase(ctx, tenant, op)
		return err
	})
	return e, err
}

type mortalCertifier struct {
	privacy.Certifier
	*fuse
}

func (m mortalCertifier) Certify(ctx context.Context, r privacy.Request) (e privacy.Evidence, err error) {
	err = m.deed(func() error {
		e, err = m.Certifier.Certify(ctx, r)
		return err
	})
	return e, err
}

type mortalExporter struct {
	privacy.Exporter
	*fuse
}

func (m mortalExporter) Export(ctx context.Context, tenant tenants.ID, op privacy.Operation) (e privacy.Evidence, err error) {
	err = m.deed(func() error {
		e, err = m.Exporter.Export(ctx, tenant, op)
		return err
	})
	return e, err
}

type mortalStorage struct {
	archive.Storage
	*fuse
}

func (m mortalStorage) Create(ctx context.Context, key string) (w *objects.Writer, err error) {
	err = m.deed(func() error {
		w, err = m.Storage.Create(ctx, key)
		return err
	})
	return w, err
}

func (m mortalStorage) Put(ctx context.Context, key string, body io.Reader) (n int64, sum string, err error) {
	err = m.deed(func() error {
		n, sum, err = m.Storage.Put(ctx, key, body)
		return err
	})
	return n, sum, err
}

func (m mortalStorage) Delete(ctx context.Context, key string) error {
	return m.deed(func() error { return m.Storage.Delete(ctx, key) })
}

func (m mortalStorage) ForgetDead(ctx context.Context, prefix string, dead func(string) bool) (n int, err error) {
	err = m.deed(func() error {
		n, err = m.Storage.ForgetDead(ctx, prefix, dead)
		return err
	})
	return n, err
}

func (m mortalStorage) List(ctx context.Context, prefix string) iter.Seq2[objects.Object, error] {
	if err := m.deed(func() error { return nil }); err != nil {
		return func(yield func(objects.Object, error) bool) { yield(objects.Object{}, err) }
	}
	return m.Storage.List(ctx, prefix)
}

type mortalIndex struct {
	archive.Index
	*fuse
}

func (m mortalIndex) Publish(ctx context.Context, tenant tenants.ID, epoch int64, put func(context.Context) (*archive.Manifest, error)) error {
	return m.deed(func() error { return m.Index.Publish(ctx, tenant, epoch, put) })
}

func (m mortalIndex) Advance(ctx context.Context, tenant tenants.ID) error {
	return m.deed(func() error { return m.Index.Advance(ctx, tenant) })
}

func (m mortalIndex) Cleaned(ctx context.Context, tenant tenants.ID, date string, generation int64) error {
	return m.deed(func() error { return m.Index.Cleaned(ctx, tenant, date, generation) })
}

// driver carries requests out for as long as the fuse lets it.
func (h *house) driver(f *fuse, about func(privacy.ID, []privacy.Person)) (*privacy.Driver, error) {
	archived, err := h.archive(mortalStorage{h.files, f}, mortalIndex{h.control.Archives(), f})
	if err != nil {
		return nil, err
	}
	var copies []privacy.Copy
	for _, c := range h.copies(archived) {
		copies = append(copies, mortalCopy{c, f})
	}
	return privacy.NewDriver(privacy.DriverDeps{
		Requests: mortalRequests{h.requests, f, about}, Resolver: h.resolver, Suppressions: mortalSuppressions{h.control.Suppressions(), f}, Standings: h.control.Suppressions(),
		Barriers: privacy.NewLogBarriers(h.logs, h.logs, time.Now), Copies: copies, Exporter: mortalExporter{h.exports, f}, Certifier: mortalCertifier{h.proofs, f},
		Now: time.Now, Logger: h.logger,
	})
}

// work has a worker do something for a tenant, who dies at some deed or is cut short at some moment, or neither.
func (x *history) work(ctx context.Context, do func(ctx context.Context, f *fuse, run *jobs.Run) error) error {
	f := &fuse{left: -1}
	if x.hazards.Load() {
		x.luck.Lock()
		kind, deeds, after, limit := x.dice.IntN(3), 1+x.dice.IntN(40), x.dice.IntN(2) == 0, time.Duration(x.dice.IntN(600))*time.Millisecond
		x.luck.Unlock()
		switch kind {
		case 0:
			f.left, f.after = deeds, after
		case 1:
			limited, cancel := context.WithTimeout(ctx, limit)
			defer cancel()
			ctx = limited
		}
	}
	return do(ctx, f, jobs.Unwatched(uuid.UUID(x.tenant)))
}
