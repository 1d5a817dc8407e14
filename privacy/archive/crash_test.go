package archive_test

import (
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/objects"
	"github.com/observatory/observatory/internal/objects/objectstest"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/archive"
	"github.com/observatory/observatory/tenants"
)

// dyingStorage and dyingIndex belong to a process that is killed between two calls.
type dyingStorage struct {
	archive.Storage
	*dying
}

func (d dyingStorage) Create(ctx context.Context, key string) (w *objects.Writer, err error) {
	err = d.call(func() error { w, err = d.Storage.Create(ctx, key); return err })
	return w, err
}

func (d dyingStorage) Put(ctx context.Context, key string, body io.Reader) (n int64, sum string, err error) {
	err = d.call(func() error { n, sum, err = d.Storage.Put(ctx, key, body); return err })
	return n, sum, err
}

func (d dyingStorage) Read(ctx context.Context, key string) ([]byte, error) {
	if err := d.call(func() error { return nil }); err != nil {
		return nil, err
	}
	return d.Storage.Read(ctx, key)
}

func (d dyingStorage) OpenRange(ctx context.Context, key string, from, length int64) (r io.ReadCloser, err error) {
	err = d.call(func() error { return nil })
	if err != nil {
		return nil, err
	}
	return d.Storage.OpenRange(ctx, key, from, length)
}

func (d dyingStorage) Delete(ctx context.Context, key string) error {
	return d.call(func() error { return d.Storage.Delete(ctx, key) })
}

func (d dyingStorage) ForgetDead(ctx context.Context, prefix string, dead func(string) bool) (n int, err error) {
	err = d.call(func() error { n, err = d.Storage.ForgetDead(ctx, prefix, dead); return err })
	return n, err
}

func (d dyingStorage) List(ctx context.Context, prefix string) iter.Seq2[objects.Object, error] {
	if err := d.call(func() error { return nil }); err != nil {
		return func(yield func(objects.Object, error) bool) { yield(objects.Object{}, err) }
	}
	return d.Storage.List(ctx, prefix)
}

type dyingIndex struct {
	archive.Index
	*dying
}

func (d dyingIndex) Publish(ctx context.Context, tenant tenants.ID, epoch int64, put func(context.Context) (*archive.Manifest, error)) error {
	return d.call(func() error { return d.Index.Publish(ctx, tenant, epoch, put) })
}

func (d dyingIndex) Advance(ctx context.Context, tenant tenants.ID) error {
	return d.call(func() error { return d.Index.Advance(ctx, tenant) })
}

func (d dyingIndex) Cleaned(ctx context.Context, tenant tenants.ID, date string, generation int64) error {
	return d.call(func() error { return d.Index.Cleaned(ctx, tenant, date, generation) })
}

// killed runs something in processes that die at their first call, their second and so on, until one lives. check is called after each.
func (h *house) killed(run func(*archive.Service) error, check func()) int {
	h.t.Helper()
	step := 1
	if os.Getenv("OBSERVATORY_TEST_LONG") == "" {
		step = 3
	}
	for n := 1; ; n += step {
		for _, after := range []bool{false, true} {
			if step > 1 && after == (n%2 == 0) {
				continue
			}
			d := &dying{left: n, after: after}
			err := run(h.serve(dyingStorage{h.storage, d}, dyingIndex{h.index, d}))
			if d.called < n {
				require.NoError(h.t, err)
				return n
			}
			check()
		}
	}
}

// Whatever dies in the middle of writing, the archive holds each event once, whole hours, of before or of now.
func TestWritingIsKilled(t *testing.T) {
	t.Parallel()
	addresses := map[string]string{"folder": t.TempDir()}
	if os.Getenv("OBSERVATORY_TEST_LONG") != "" {
		addresses["s3"] = objectstest.S3(t, false)
	}
	for name, address := range addresses {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, address)
			noon := yesterday().Add(12 * time.Hour)
			a, b := event("anna", "", noon), event("bert", "", noon.Add(time.Hour))
			h.put(a, b)
			h.write()
			late := 0
			want := byID(a, b)
			steps := h.killed(func(s *archive.Service) error {
				late++ // each has something to write
				c := event(fmt.Sprintf("late-%d", late), "", noon)
				h.put(c)
				want[c.EventID] = c
				return s.Write(t.Context(), h.tenant, func(int, int) error { return nil })
			}, func() {
				got := h.archived()
				for id, e := range got {
					require.Equal(t, want[id], e)
				}
				require.Subset(t, got, byID(a, b))
			})
			require.Greater(t, steps, 6)
			h.write()
			require.Equal(t, want, h.archived())
			h.check()
		})
	}
}

// Whatever dies in the middle of an erasure, nothing of the person is left once it has been done again, in files that nobody names neither;
// and nobody else has lost anything.
func TestErasingIsKilled(t *testing.T) {
	t.Parallel()
	h := newHouse(t, t.TempDir())
	noon := yesterday().Add(12 * time.Hour)
	kept := map[string]archive.Event{}
	n := 0
	steps := h.killed(func(s *archive.Service) error {
		n++
		who := fmt.Sprintf("gone-%d", n)
		other := event("other", "", noon.Add(time.Duration(n%3)*time.Hour))
		kept[other.EventID] = other
		h.put(event(who, "", noon), event("", who+"-device", noon.Add(time.Hour)), other)
		h.write()
		op := privacy.Operation{Subjects: privacy.Subjects{UserIDs: []string{who}, AnonymousIDs: []string{who + "-device"}}, ReceivedBefore: time.Now()}
		_, err := s.Copy().Erase(t.Context(), h.tenant, op)
		h.erased(op) // from the store, as the copy of the events does
		return err
	}, func() {
		who := fmt.Sprintf("gone-%d", n)
		op := privacy.Operation{Subjects: privacy.Subjects{UserIDs: []string{who}, AnonymousIDs: []string{who + "-device"}}, ReceivedBefore: time.Now()}
		_, err := h.service.Copy().Erase(t.Context(), h.tenant, op)
		require.NoError(t, err)
		v, err := h.service.Copy().Verify(t.Context(), h.tenant, op)
		require.NoError(t, err)
		require.Zero(t, v.Left)
		require.Equal(t, kept, h.archived())
		h.check()
	})
	require.Greater(t, steps, 8)
}

// Who has read the store before an erasure cannot publish what he read after it.
func TestAnErasureOvertakesAWriter(t *testing.T) {
	t.Parallel()
	h := newHouse(t, t.TempDir())
	noon := yesterday().Add(12 * time.Hour)
	gone, stays := event("gone", "", noon), event("stays", "", noon)
	h.put(gone, stays)
	op := privacy.Operation{Subjects: privacy.Subjects{UserIDs: []string{"gone"}}, ReceivedBefore: time.Now()}
	slow := h.serve(overtaken{h.storage, func() {
		h.erased(op)
		_, err := h.service.Copy().Erase(t.Context(), h.tenant, op)
		require.NoError(t, err)
	}}, h.index)
	_, _, err := slow.WriteDay(t.Context(), h.tenant, noon.Format(time.DateOnly))
	require.ErrorIs(t, err, archive.ErrOvertaken)
	v, err := h.service.Copy().Verify(t.Context(), h.tenant, op)
	require.NoError(t, err)
	require.Zero(t, v.Left)
	h.check()
	h.write()
	require.Equal(t, byID(stays), h.archived())
}

// overtaken has something happen when the first file has been begun.
type overtaken struct {
	archive.Storage
	then func()
}

func (o overtaken) Create(ctx context.Context, key string) (*objects.Writer, error) {
	w, err := o.Storage.Create(ctx, key)
	o.then()
	return w, err
}
