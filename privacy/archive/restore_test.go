package archive_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/internal/objects"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/privacy/archive"
	"github.com/observatory/observatory/privacy/archive/archivech"
	"github.com/observatory/observatory/tenants"
)

// empty is the store of a new installation.
func (h *house) empty() *archivech.Store {
	h.t.Helper()
	conn, err := ch.Open(h.t.Context(), testkit.ClickHouse(h.t))
	require.NoError(h.t, err)
	h.t.Cleanup(func() { conn.Close() })
	return archivech.New(conn)
}

func everybody(context.Context, tenants.ID, *archive.Event) (archive.Verdict, error) {
	return archive.Verdict{}, nil
}

// What is restored is what was archived, under its own IDs and times, without those who must not come back; and once, however often.
func TestRestore(t *testing.T) {
	t.Parallel()
	h := newHouse(t, t.TempDir())
	h.encrypt(true)
	noon := yesterday().Add(12 * time.Hour)
	a, b, gone, held, shared := event("anna", "d", noon), event("", "device", noon.Add(time.Hour)), event("gone", "", noon), event("held", "", noon), event("other", "gone", noon)
	early := event("anna", "", noon.AddDate(0, 0, -3))
	h.put(a, b, gone, held, shared, early)
	h.write()
	identity, err := h.service.Identity(t.Context(), h.tenant)
	require.NoError(t, err)
	there := h.empty()
	into := tenants.ID(uuid.New())
	in := archive.RestoreInput{
		Tenant: h.tenant, From: noon.Truncate(24 * time.Hour), To: noon.AddDate(0, 0, 1), Into: into, Identity: identity, Target: there,
		Judge: func(_ context.Context, tenant tenants.ID, e *archive.Event) (archive.Verdict, error) {
			require.Equal(t, into, tenant)
			return archive.Verdict{Out: e.UserID == "gone", Hold: e.UserID == "held", Unlink: e.AnonymousID == "gone"}, nil
		},
	}
	killed := in
	killed.Target = &dyingTarget{Target: there, left: 1}
	_, err = archive.Restore(t.Context(), h.storage, killed)
	require.ErrorIs(t, err, objects.ErrUnavailable)
	hours, err := there.Hours(t.Context(), into, "")
	require.NoError(t, err)
	require.True(t, hours[0].Undecided, "nobody takes what there is for the whole")

	all, err := archive.Restore(t.Context(), h.storage, in)
	require.NoError(t, err)
	require.Len(t, all, 1)
	r := all[0]
	require.Equal(t, []int64{5, 1, 1, 1}, []int64{r.Archived, r.Out, r.Held, r.Unlinked})
	require.EqualValues(t, 3, r.Stored+r.Present)
	shared.AnonymousID = ""
	require.Equal(t, byID(a, b, shared), h.stored(there, into))
	hours, err = there.Hours(t.Context(), into, "")
	require.NoError(t, err)
	for _, hour := range hours {
		require.False(t, hour.Undecided)
	}
	all, err = archive.Restore(t.Context(), h.storage, in)
	require.NoError(t, err)
	require.Zero(t, all[0].Stored)
	require.EqualValues(t, 3, all[0].Present)
	require.Equal(t, byID(a, b, shared), h.stored(there, into))

	in.Identity = nil
	_, err = archive.Restore(t.Context(), h.storage, in)
	require.ErrorIs(t, err, archive.ErrLocked)
}

// dyingTarget does some calls.
type dyingTarget struct {
	archive.Target
	left int
}

func (d *dyingTarget) Insert(ctx context.Context, tenant tenants.ID, events []archive.Event) error {
	if d.left--; d.left <= 0 {
		return objects.ErrUnavailable
	}
	return d.Target.Insert(ctx, tenant, events)
}

// A drill shows that a store that is rebuilt holds what the archive holds, and whether that is what the store holds now.
func TestDrill(t *testing.T) {
	t.Parallel()
	h := newHouse(t, t.TempDir())
	noon := yesterday().Add(12 * time.Hour)
	rerun := event("rerun", "", noon)
	rerun.RerunID = uuid.NewString()
	h.put(event("anna", "", noon), event("bert", "", noon.Add(time.Hour)), event("carl", "", noon.AddDate(0, 0, -1)), rerun)
	h.write()
	h.put(event("late", "", noon))
	scratch := h.empty()
	all, err := archive.Drill(t.Context(), h.storage, archive.RestoreInput{Tenant: h.tenant, Target: scratch, Judge: everybody}, scratch, h.events)
	require.NoError(t, err)
	require.Len(t, all, 2)
	for i, want := range []int64{1, 3} {
		require.True(t, all[i].Equal)
		require.Equal(t, want, all[i].Rebuilt.Rows)
	}
	require.True(t, all[0].Same)
	require.False(t, all[1].Same, "an event has come since")
	require.EqualValues(t, 4, all[1].Live.Rows)

	// The drill can fail.
	damaged := h.empty()
	all, err = archive.Drill(t.Context(), h.storage, archive.RestoreInput{Tenant: h.tenant, Target: changing{damaged}, Judge: everybody}, damaged, h.events)
	require.NoError(t, err)
	require.False(t, all[0].Equal)
}

// changing changes what it stores.
type changing struct{ archive.Target }

func (c changing) Insert(ctx context.Context, tenant tenants.ID, events []archive.Event) error {
	events[0].Properties = "{}"
	return c.Target.Insert(ctx, tenant, events)
}

// Whatever is wrong with an archive, a check finds.
func TestCheck(t *testing.T) {
	t.Parallel()
	noon := yesterday().Add(12 * time.Hour)
	date := noon.Format(time.DateOnly)
	for name, damage := range map[string]func(h *house, folder string, m archive.Manifest){
		"a byte is another": func(h *house, folder string, m archive.Manifest) {
			text, err := h.storage.Read(h.t.Context(), folder+m.Files[0].Name)
			require.NoError(h.t, err)
			text[len(text)/2] ^= 1
			_, _, err = h.storage.Put(h.t.Context(), folder+m.Files[0].Name, bytes.NewReader(text))
			require.NoError(h.t, err)
		},
		"a file is gone": func(h *house, folder string, m archive.Manifest) {
			require.NoError(h.t, h.storage.Delete(h.t.Context(), folder+m.Files[0].Name))
		},
		"a manifest is no manifest": func(h *house, folder string, _ archive.Manifest) {
			_, _, err := h.storage.Put(h.t.Context(), folder+"manifest.json", bytes.NewReader([]byte("{")))
			require.NoError(h.t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, t.TempDir())
			h.put(event("anna", "", noon))
			h.write()
			h.check()
			damage(h, "events/tenant="+h.tenant.String()+"/date="+date+"/", h.manifest(date))
			faults := 0
			require.NoError(t, archive.Check(t.Context(), h.storage, h.tenant, nil, func(c archive.Checked) { faults += len(c.Faults) }))
			require.Equal(t, 1, faults)
			_, err := archive.Restore(t.Context(), h.storage, archive.RestoreInput{Tenant: h.tenant, Target: h.empty(), Judge: everybody})
			require.Error(t, err)
		})
	}
}

// A digest is of the events, in whatever order.
func TestDigest(t *testing.T) {
	t.Parallel()
	noon := yesterday()
	a, b := event("a", "", noon), event("b", "", noon)
	var one, other, changed archive.Digest
	one.Add(&a)
	one.Add(&b)
	other.Add(&b)
	other.Add(&a)
	require.True(t, one.Same(other))
	require.Equal(t, one.String(), other.String())
	b.ViolationsCode = []string{"typ", "e"}
	changed.Add(&a)
	changed.Add(&b)
	require.False(t, one.Same(changed))
}
