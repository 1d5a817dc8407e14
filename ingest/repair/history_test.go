package repair_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/repair"
)

// lately is a replay of all events of the last hours.
func lately(names ...string) repair.Spec {
	return repair.Spec{Kind: repair.History, From: time.Now().UTC().Add(-3 * time.Hour), To: time.Now().UTC().Add(time.Hour), Events: names}
}

// Stored events run through the rules as they are now, into place: each is there once, where it was, and what does not fit stays as it is.
// Receipts and ledger stay as they are, and balance before the store has merged and after it.
func TestHistory(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.rules.lax.Store(true)
	var events []string
	const many = 2500 // more than two chunks, in several hours
	for i := range many {
		at := time.Now().UTC().Add(-time.Duration(i%4) * 30 * time.Minute).Format(time.RFC3339)
		events = append(events, fmt.Sprintf(`{"event":"sale","event_id":"%d","user_id":"u","timestamp":%q,"properties":{"amount":%d}}`, i, at, i))
	}
	var sent ingest.Acceptance
	for i := 0; i < many; i += 500 {
		sent = h.send(events[i : i+500]...)
	}
	h.settle() // in the same millisecond it would not be newer
	h.send(sale("misfit", `{}`), `{"event":"view","event_id":"v"}`)
	h.settle()
	before, ledger := h.stored(), h.balanced()
	require.Len(t, before, many+2)

	h.rules.lax.Store(false)
	h.rules.stamp.Store("one")
	rehearsed, err := h.service.Rehearse(t.Context(), h.by, lately(), 100)
	require.NoError(t, err)
	require.Equal(t, []int64{100, 99, 0, 1}, []int64{rehearsed.Events, rehearsed.WouldPass, rehearsed.Unchanged, rehearsed.WouldFail})
	require.Equal(t, before, h.stored())

	done := h.replay(lately("sale"))
	require.Equal(t, repair.Counts{Found: many + 1, Stored: many, StillQuarantined: 1}, done.Progress.Counts)
	require.Len(t, done.Progress.Problems, 1)
	after := h.stored()
	require.Len(t, after, many+2)
	for id, was := range before {
		now := after[id]
		require.Equal(t, map[bool]string{true: `{"stamp":"one"}`}[id != "misfit" && id != "v"], now.Facts, id)
		now.Facts = was.Facts
		require.Equal(t, was, now)
	}
	require.Equal(t, ledger, h.balanced())
	require.NotContains(t, h.statuses(sent), ingest.Quarantined)
	require.NoError(t, h.conn.Exec(t.Context(), "OPTIMIZE TABLE events FINAL"))
	require.Equal(t, ledger, h.balanced(), "once the rows that were replaced are gone")

	again := h.replay(lately("sale"))
	require.Equal(t, repair.Counts{Found: many + 1, Unchanged: many, StillQuarantined: 1}, again.Progress.Counts)

	h.rules.stamp.Store("two")
	require.Equal(t, int64(many+1), h.replay(lately()).Progress.Counts.Stored, "and the view")
	require.Equal(t, ledger, h.balanced())
	require.JSONEq(t, `{"stamp":"two"}`, h.stored()["v"].Facts)
	retry := h.send(sale("0", `{"amount":5}`))
	h.settle()
	require.Equal(t, []ingest.Status{ingest.Duplicate}, h.statuses(retry), "an ID is known all the while")
}

// What was found out of a part of the event that is forbidden by now goes with that part. Whoever prepares knows which facts stay.
func TestRerunKeepsNoFactsOfItsOwn(t *testing.T) {
	t.Parallel()
	var now rules
	now.lax.Store(true)
	now.stamp.Store("now")
	stored := repair.Stored{Event: ingest.Event{Name: []byte("view"), ID: []byte("v"), Facts: []byte(`{"utm_content":"maria.lopez@example.com"}`)}}
	all, done, err := repair.NewMender(&now).Rerun(t.Context(), []repair.Stored{stored})
	require.NoError(t, err)
	defer done()
	require.True(t, all[0].Changed)
	require.JSONEq(t, `{"stamp":"now"}`, string(all[0].Item.Event.Facts))
}

// An event that is deleted after it was read for a replay, and before it is written again, stays away.
func TestHistoryLeavesOutWhatIsGone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.send(sale("a", `{"amount":1}`), sale("b", `{"amount":2}`))
	h.settle()
	h.rules.stamp.Store("new")
	h.stop()
	events, err := h.store.Events(t.Context(), h.tenant(), repair.EventsInput{From: time.Now().Add(-time.Hour), To: time.Now().Add(time.Hour), Until: time.Now(), Limit: 10})
	require.NoError(t, err)
	require.Len(t, events, 2)
	set := &ingest.Settlement{Range: ingest.Range{ID: newUUID()}}
	for i := range events {
		e := &events[i]
		e.Facts = []byte(`{"stamp":"new"}`)
		set.Reruns = append(set.Reruns, ingest.StoredEvent{Header: &e.Header, Event: e.Event, Index: e.Index, Rerun: newUUID()})
	}
	require.NoError(t, h.conn.Exec(t.Context(), "DELETE FROM events WHERE event_id = 'a'"))
	for _, again := range []bool{false, true} {
		require.NoError(t, h.store.Writer(h.logID).Write(t.Context(), set, again))
		rows := h.stored()
		require.NotContains(t, rows, "a")
		require.JSONEq(t, `{"stamp":"new"}`, rows["b"].Facts)
	}
	h.start()
}

// A replay rests and goes on, or ends early, and one of its kind is open at a time.
func TestReplayIsPausedAndCancelled(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.send(sale("a", `{}`), sale("b", `{}`))
	h.settle()
	h.rules.lax.Store(true)
	h.rules.down.Store(true) // so that it cannot get anywhere
	spec := repair.Spec{Kind: repair.Repair, Cause: h.cause().ID}
	made, err := h.service.Create(t.Context(), h.by, spec)
	require.NoError(t, err)
	_, err = h.service.Create(t.Context(), h.by, spec)
	require.ErrorIs(t, err, repair.ErrReplayOpen)
	h.await(made.ID, repair.Running)
	paused, err := h.service.Pause(t.Context(), h.by, made.ID)
	require.NoError(t, err)
	require.Equal(t, repair.Pausing, paused.State)
	h.await(made.ID, repair.Paused)
	_, err = h.service.Create(t.Context(), h.by, spec)
	require.ErrorIs(t, err, repair.ErrReplayOpen)
	h.rules.down.Store(false)
	h.settle()
	require.Equal(t, int64(2), h.balanced().Quarantined)
	_, err = h.service.Resume(t.Context(), h.by, made.ID)
	require.NoError(t, err)
	require.Equal(t, int64(2), h.await(made.ID, repair.Done).Progress.Counts.Stored)
	for _, change := range []func() (repair.Replay, error){
		func() (repair.Replay, error) { return h.service.Pause(t.Context(), h.by, made.ID) },
		func() (repair.Replay, error) { return h.service.Resume(t.Context(), h.by, made.ID) },
		func() (repair.Replay, error) { return h.service.Cancel(t.Context(), h.by, made.ID) },
	} {
		_, err := change()
		require.ErrorIs(t, err, repair.ErrReplayState)
	}

	h.rules.down.Store(true)
	next, err := h.service.Create(t.Context(), h.by, lately())
	require.NoError(t, err)
	_, err = h.service.Cancel(t.Context(), h.by, next.ID)
	require.NoError(t, err)
	ended := h.await(next.ID, repair.Cancelled)
	require.NotNil(t, ended.EndedAt)
	list, err := h.service.List(t.Context(), h.tenant(), nil, 10)
	require.NoError(t, err)
	require.Len(t, list, 2)
	require.Equal(t, next.ID, list[0].ID)
	require.Equal(t, ingest.Counts{Received: 2, Stored: 2}, h.balanced())
}
