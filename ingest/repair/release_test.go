package repair_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/repair"
)

func of(user, sale string) string { return strings.ReplaceAll(sale, "u-1", user) }

// release begins a release and waits until it is over.
func (h *house) release() repair.Replay {
	h.t.Helper()
	id, err := uuid.NewV7()
	require.NoError(h.t, err)
	releases := repair.NewReleases(h.jobs, h.store, time.Now)
	_, err = releases.Begin(h.t.Context(), h.tenant(), id, false)
	require.NoError(h.t, err)
	again, err := releases.Begin(h.t.Context(), h.tenant(), id, false)
	require.NoError(h.t, err)
	require.Equal(h.t, repair.ID(id), again.ID)
	return h.await(repair.ID(id), repair.Done)
}

// releases begins what the house begins by itself, and counts the releases there ever were.
func (h *house) releases() (n int) {
	h.t.Helper()
	require.NoError(h.t, repair.NewReleases(h.jobs, h.store, time.Now).BeginUnknown(h.t.Context()))
	all, err := h.service.List(h.t.Context(), h.tenant(), nil, 50)
	require.NoError(h.t, err)
	for _, r := range all {
		if r.Kind == repair.Release {
			n++
		}
	}
	return n
}

// began is the newest release.
func (h *house) began() repair.ID {
	h.t.Helper()
	all, err := h.service.List(h.t.Context(), h.tenant(), nil, 1)
	require.NoError(h.t, err)
	return all[0].ID
}

// held is how many events lie in the table of held events.
func (h *house) held() (n uint64) {
	h.t.Helper()
	require.NoError(h.t, h.conn.QueryRow(h.t.Context(), "SELECT count() FROM held_events").Scan(&n))
	return n
}

// What was held while nobody could say whether it may be stored is stored once it may be, under its own ID, time and receipt: not twice, not
// where its person was erased meanwhile, and not while they are suppressed or restricted.
func TestReleaseOfHeldEvents(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	amount := `{"amount":1}`
	h.inSink.unknown.Store(true)
	require.Zero(t, h.releases())
	first := h.send(of("u-1", sale("a", amount)), of("u-2", sale("b", amount)), of("u-3", sale("c", amount)), of("u-4", sale("f", amount)), of("u-1", sale("bad", `{}`)))
	second := h.send(of("u-1", sale("a", amount)), of("u-3", sale("d", amount)))
	h.settle()
	h.inSink.unknown.Store(false)
	h.send(of("u-1", sale("e", amount)))
	h.settle()
	require.Equal(t, []ingest.Status{ingest.Held, ingest.Held, ingest.Held, ingest.Held, ingest.Quarantined}, h.statuses(first))
	require.Equal(t, []ingest.Status{ingest.Duplicate, ingest.Held}, h.statuses(second), "what is held is known")
	require.Equal(t, ingest.Counts{Received: 8, Stored: 1, Duplicate: 1, Quarantined: 1, Held: 5}, h.balanced())
	require.Equal(t, uint64(5), h.held())
	for _, known := range []*suppressed{&h.inSink, &h.inRunner} {
		known.erased.Store("u-2")
		known.restricted.Store("u-3")
		known.barred.Store("u-4")
	}
	require.Equal(t, 1, h.releases())
	done := h.await(h.began(), repair.Done)
	require.Equal(t, int64(5), done.Progress.Counts.Found)
	require.Equal(t, int64(1), done.Progress.Counts.Stored)
	require.Equal(t, []ingest.Status{ingest.Stored, ingest.Suppressed, ingest.Held, ingest.Held, ingest.Quarantined}, h.statuses(first))
	require.Equal(t, ingest.Counts{Received: 8, Stored: 2, Duplicate: 1, Quarantined: 1, Suppressed: 1, Held: 3}, h.balanced())
	require.Equal(t, uint64(3), h.held(), "what was released is held no more")
	rows := h.stored()
	require.Equal(t, "u-1", rows["a"].User)
	require.Zero(t, rows["a"].Index)
	require.Less(t, rows["a"].ReceivedAt, rows["e"].ReceivedAt, "it has its own time")
	require.NotContains(t, rows, "b")
	require.NotContains(t, rows, "c")
	require.NotContains(t, rows, "f")
	require.Equal(t, 1, h.releases(), "what is held has had its turn")

	for _, known := range []*suppressed{&h.inSink, &h.inRunner} {
		known.restricted.Store("nobody")
		known.barred.Store("nobody")
	}
	h.forget() // a day is over, and d was sent again and stored
	third := h.send(of("u-3", sale("d", amount)))
	h.settle()
	require.Equal(t, []ingest.Status{ingest.Stored}, h.statuses(third))
	h.release()
	require.Equal(t, []ingest.Status{ingest.Duplicate, ingest.Duplicate}, h.statuses(second))
	require.Equal(t, ingest.Counts{Received: 9, Stored: 5, Duplicate: 2, Quarantined: 1, Suppressed: 1}, h.balanced())
	require.Zero(t, h.held())
	require.Contains(t, h.stored(), "c")
	require.Contains(t, h.stored(), "f")
}

// A node that dies while it releases stores nothing twice, and leaves nothing behind.
func TestReleaseIsCutShort(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.inSink.unknown.Store(true)
	var events []string
	for i := range 60 {
		events = append(events, sale(fmt.Sprint("e", i), `{"amount":1}`))
	}
	h.send(events...)
	h.settle()
	h.inSink.unknown.Store(false)
	id, err := uuid.NewV7()
	require.NoError(t, err)
	releases := repair.NewReleases(h.jobs, h.store, time.Now)
	h.stop()
	h.chunk = 7
	h.start()
	_, err = releases.Begin(t.Context(), h.tenant(), id, false)
	require.NoError(t, err)
	for range 3 {
		h.runner.Wake()
		h.stop()
		h.start()
	}
	h.await(repair.ID(id), repair.Done)
	require.Len(t, h.stored(), 60)
	require.Equal(t, ingest.Counts{Received: 60, Stored: 60}, h.balanced())
	require.Zero(t, h.held())
}
