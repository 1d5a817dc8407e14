package archive_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/objects/objectstest"
	"github.com/observatory/observatory/privacy/archive"
)

func byID(events ...archive.Event) map[string]archive.Event {
	all := map[string]archive.Event{}
	for _, e := range events {
		all[e.EventID] = e
	}
	return all
}

// Hours are written once they are settled, whole, and anew when they change.
func TestSettledHoursAreWritten(t *testing.T) {
	t.Parallel()
	for name, address := range map[string]string{"folder": t.TempDir(), "s3": objectstest.S3(t, false)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, address)
			noon := yesterday().Add(12 * time.Hour)
			date := noon.Format(time.DateOnly)
			a, b, c := event("anna", "", noon), event("", "device", noon.Add(time.Minute)), event("carl", "d", noon.Add(3*time.Hour))
			now := event("dora", "", time.Now())
			ahead := event("eve", "", time.Date(2099, 1, 2, 3, 4, 5, 0, time.UTC))
			h.put(a, b, c, now, ahead)
			h.write()
			require.Equal(t, byID(a, b, c, ahead), h.archived(), "not the hour that is not over")
			m := h.manifest(date)
			require.EqualValues(t, 1, m.Generation)
			require.EqualValues(t, 3, m.Rows)
			require.Len(t, m.Files, 2)
			h.check()

			h.write()
			require.Equal(t, m, h.manifest(date), "nothing has changed")

			h.mark(h.tenant, h.offset.Add(100), 0, []archive.Event{a})
			h.mark(h.tenant, 0, h.offset.Load(), []archive.Event{a})
			h.write()
			marked := h.manifest(date)
			require.EqualValues(t, 2, marked.Generation)
			require.NotEqual(t, m.Files[0].Marks, marked.Files[0].Marks)
			require.Equal(t, m.Files[0].Name, marked.Files[0].Name, "the file holds what there is")

			late := event("late", "", noon.Add(2*time.Minute))
			h.put(late)
			h.mark(h.tenant, 1000, 0, []archive.Event{c}) // a batch is under way
			h.write()
			next := h.manifest(date)
			require.EqualValues(t, 3, next.Generation)
			require.Equal(t, m.Files[1], next.Files[1], "nobody knows what that hour holds")
			require.NotEqual(t, m.Files[0].Name, next.Files[0].Name)
			require.Equal(t, byID(a, b, c, ahead, late), h.archived())
			h.check()

			state, err := h.service.State(t.Context(), h.tenant)
			require.NoError(t, err)
			require.EqualValues(t, 5, state.Rows)
			require.EqualValues(t, 3, state.Files)
			require.Zero(t, state.Waiting)
			require.Equal(t, 2099, state.Newest.Year())
		})
	}
}

// Files are encrypted with a key of the tenant where it wants that, those that are there already too; and without the key there is nothing.
func TestEncryption(t *testing.T) {
	t.Parallel()
	h := newHouse(t, t.TempDir())
	noon := yesterday().Add(12 * time.Hour)
	date := noon.Format(time.DateOnly)
	a := event("anna", "", noon)
	h.put(a)
	h.write()
	h.encrypt(true)
	h.write()
	m := h.manifest(date)
	require.EqualValues(t, 2, m.Generation)
	require.Regexp(t, `\.parquet\.age$`, m.Files[0].Name)
	require.Regexp(t, `^age1`, m.Files[0].Recipient)
	require.Equal(t, byID(a), h.archived())
	h.check()
	text, err := h.storage.Read(t.Context(), "events/tenant="+h.tenant.String()+"/date="+date+"/"+m.Files[0].Name)
	require.NoError(t, err)
	require.Contains(t, string(text), "age-encryption.org/v1")
	require.NotContains(t, string(text), "anna")
	_, err = archive.ReadAll(t.Context(), h.storage, h.tenant, nil)
	require.ErrorIs(t, err, archive.ErrLocked)

	h.encrypt(false)
	h.write()
	require.Empty(t, h.manifest(date).Files[0].Recipient)
	require.Equal(t, byID(a), h.archived())

	h.encrypt(true)
	h.write()
	files, err := h.service.Remove(t.Context(), h.tenant)
	require.NoError(t, err)
	require.Equal(t, 2, files, "the manifest and a file")
	_, err = h.service.Key(t.Context(), h.tenant)
	require.ErrorIs(t, err, archive.ErrLocked)
	days, err := archive.Days(t.Context(), h.storage, h.tenant)
	require.NoError(t, err)
	for _, date := range days { // folders stay where nothing but a folder is
		require.Zero(t, h.manifest(date).Generation)
	}
}

// A store that has lost its events takes none from the archive: both are kept.
func TestANewStoreDoesNotOverwriteTheArchive(t *testing.T) {
	t.Parallel()
	h := newHouse(t, t.TempDir())
	noon := yesterday().Add(12 * time.Hour)
	a, b := event("anna", "", noon), event("bert", "", noon)
	h.put(a, b)
	h.write()
	for _, table := range []string{"events", "marks"} {
		require.NoError(t, h.conn.Exec(t.Context(), "TRUNCATE TABLE "+table))
	}
	h.log = uuid.New()
	c := event("carl", "", noon)
	again := b
	again.SessionID = "newer"
	h.put(c, again)
	h.write()
	require.Equal(t, byID(a, again, c), h.archived())
	h.check()
}

// The index can be lost.
func TestTheIndexIsFilledAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t, t.TempDir())
	noon := yesterday().Add(12 * time.Hour)
	h.put(event("anna", "", noon))
	h.write()
	m := h.manifest(noon.Format(time.DateOnly))
	require.NoError(t, h.index.Remove(t.Context(), h.tenant))
	h.write()
	require.Equal(t, m, h.manifest(noon.Format(time.DateOnly)))
	totals, err := h.index.Totals(t.Context(), h.tenant)
	require.NoError(t, err)
	require.EqualValues(t, 1, totals.Rows)
	due, err := h.service.Due(t.Context())
	require.NoError(t, err)
	require.NotContains(t, due, h.tenant)
}
