package repair_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/repair"
)

func sale(id, properties string) string {
	return fmt.Sprintf(`{"event":"sale","event_id":%q,"user_id":"u-1","timestamp":%q,"properties":%s}`, id, time.Now().UTC().Add(-time.Minute).Format(time.RFC3339), properties)
}

// mapping puts sales right whose amount is called amout, and is a text.
func mapping() []repair.Step {
	return []repair.Step{
		{Op: "rename", From: "properties.amout", To: "properties.amount"},
		{Op: "convert", Path: "properties.amount", ToType: "number"},
		{Op: "default", Path: "properties.currency", Value: json.RawMessage(`"EUR"`)},
	}
}

// A group of events that broke the contract is put right: each is stored with the identity and the times that it always had, receipts and
// ledger move, and doing it again changes nothing.
func TestRepair(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	first := h.send(sale("good", `{"amount":1}`), sale("a", `{"amout":"12.5"}`), sale("b", `{"amout":"x"}`), `{"event":"view","event_id":"v"}`)
	second := h.send(sale("c", `{"amout":"3"}`), sale("c", `{"amout":"4"}`))
	h.settle()
	require.Equal(t, []ingest.Status{ingest.Stored, ingest.Quarantined, ingest.Quarantined, ingest.Stored}, h.statuses(first))
	before := h.balanced()
	require.Equal(t, ingest.Counts{Received: 6, Stored: 2, Quarantined: 4}, before)

	cause := h.cause()
	require.Equal(t, int64(4), cause.Open)
	require.Equal(t, ingest.Rejection{Code: ingest.CodeSchemaViolation, Message: "a number is expected", Path: "properties.amount", Schema: 7}, cause.Rejection)
	require.Equal(t, "sale", cause.Event)
	details, err := h.causes.Details(t.Context(), h.tenant(), cause.ID, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	require.NoError(t, err)
	require.Len(t, details.Examples, 4)
	require.Len(t, details.Trend, 1)
	require.Len(t, details.SenderList, 1)

	spec := repair.Spec{Kind: repair.Repair, Cause: cause.ID, Mapping: mapping()}
	rehearsed, err := h.service.Rehearse(t.Context(), h.by, spec, 1000)
	require.NoError(t, err)
	require.Equal(t, []int64{4, 3, 1, 0}, []int64{rehearsed.Events, rehearsed.WouldPass, rehearsed.WouldFail, rehearsed.Unusable})
	require.Equal(t, []repair.Problem{{Code: ingest.CodeSchemaViolation, Path: "properties.amount", Message: "a number is expected", Events: 1}}, rehearsed.Problems)
	require.Len(t, rehearsed.Examples, 4)
	require.Equal(t, before, h.balanced(), "a rehearsal changes nothing")

	done := h.replay(spec)
	require.Equal(t, repair.Counts{Found: 4, Stored: 2, Duplicate: 1, StillQuarantined: 1}, done.Progress.Counts)
	require.Equal(t, []ingest.Status{ingest.Stored, ingest.Stored, ingest.Quarantined, ingest.Stored}, h.statuses(first))
	require.Equal(t, []ingest.Status{ingest.Stored, ingest.Duplicate}, h.statuses(second))
	after := ingest.Counts{Received: 6, Stored: 4, Duplicate: 1, Quarantined: 1}
	require.Equal(t, after, h.balanced())
	rows := h.stored()
	require.Len(t, rows, 4)
	require.JSONEq(t, `{"amount":12.5,"currency":"EUR"}`, rows["a"].Properties)
	require.JSONEq(t, `{"amount":3,"currency":"EUR"}`, rows["c"].Properties)
	require.Equal(t, rows["good"].Time, rows["a"].Time)
	require.Equal(t, rows["good"].ReceivedAt, rows["a"].ReceivedAt)
	require.Equal(t, "u-1", rows["a"].User)
	require.Equal(t, uint16(1), rows["a"].Index)
	left, err := h.books.Quarantine(t.Context(), h.tenant(), cause.ID, ingest.QuarantineCursor{}, 10)
	require.NoError(t, err)
	require.Len(t, left, 1)
	require.Equal(t, "b", left[0].EventID)
	cause = h.cause()
	require.Equal(t, []int64{1, 3}, []int64{cause.Open, cause.Repaired})

	again := h.replay(spec)
	require.Equal(t, repair.Counts{Found: 1, StillQuarantined: 1}, again.Progress.Counts)
	require.Equal(t, after, h.balanced())

	h.rules.lax.Store(true)
	last := h.replay(repair.Spec{Kind: repair.Repair, Cause: cause.ID})
	require.Equal(t, repair.Counts{Found: 1, Stored: 1}, last.Progress.Counts)
	require.Equal(t, ingest.Counts{Received: 6, Stored: 5, Duplicate: 1}, h.balanced())

	// Once stored by a repair, an ID is known like any other.
	retry := h.send(sale("a", `{"amount":12.5}`))
	h.settle()
	require.Equal(t, []ingest.Status{ingest.Duplicate}, h.statuses(retry))
}

// What was sent again and stored meanwhile is a duplicate: whether the sink still knows its ID, or only the store does.
func TestRepairFindsWhatWasStoredMeanwhile(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	bad := h.send(sale("a", `{}`), sale("b", `{}`), sale("c", `{}`))
	h.send(sale("a", `{"amount":1}`))
	h.settle()
	cause := h.cause().ID
	h.forget()
	h.send(sale("b", `{"amount":2}`))
	h.settle()
	h.rules.lax.Store(true)
	done := h.replay(repair.Spec{Kind: repair.Repair, Cause: cause})
	require.Equal(t, repair.Counts{Found: 3, Stored: 1, Duplicate: 2}, done.Progress.Counts)
	require.Equal(t, []ingest.Status{ingest.Duplicate, ingest.Duplicate, ingest.Stored}, h.statuses(bad))
	require.Equal(t, ingest.Counts{Received: 5, Stored: 3, Duplicate: 2}, h.balanced())
	require.JSONEq(t, `{"amount":1}`, h.stored()["a"].Properties)
}

// What was deleted from the quarantine before its turn does not come back, nor is anything of a cancelled replay sent.
func TestRepairLeavesOutWhatIsGone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.send(sale("a", `{}`), sale("b", `{}`))
	h.settle()
	h.rules.lax.Store(true)
	h.stop()
	cause := h.cause().ID
	made, err := h.service.Create(t.Context(), h.by, repair.Spec{Kind: repair.Repair, Cause: cause})
	require.NoError(t, err)
	require.NoError(t, h.conn.Exec(t.Context(), "DELETE FROM dead_letters WHERE event_id = 'a'"))
	h.start()
	done := h.await(made.ID, repair.Done)
	require.Equal(t, int64(1), done.Progress.Counts.Stored)
	require.Contains(t, h.stored(), "b")
	require.NotContains(t, h.stored(), "a")
}

// Text that could not be read has nothing left to repair; an event that lacks its name, or has a time that is none, can be put right.
func TestRepairOfWhatCouldNotBeRead(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for sent, want := range map[string]struct {
		mapping []repair.Step
		counts  repair.Counts
	}{
		`{"event_id":"n","properties":{"name":"checkout"}}`:                  {[]repair.Step{{Op: "rename", From: "properties.name", To: "event"}}, repair.Counts{Found: 1, Stored: 1}},
		`{"event":"late","event_id":"t","timestamp":"1767268800"}`:           {[]repair.Step{{Op: "convert", Path: "timestamp", ToType: "date_time"}}, repair.Counts{Found: 1, Stored: 1}},
		`{"event":"never","event_id":"x","timestamp":"soon"}`:                {[]repair.Step{{Op: "drop", Path: "timestamp"}}, repair.Counts{Found: 1, Stored: 1}},
		`{"event":"more","event_id":"m","colour":"red"}`:                     {[]repair.Step{{Op: "rename", From: "colour", To: "properties.colour"}}, repair.Counts{Found: 1, Stored: 1}},
		`{"event":"long","event_id":"l","timestamp":"1999-01-01T00:00:00Z"}`: {nil, repair.Counts{Found: 1, StillQuarantined: 1}},
	} {
		got := h.send(sent)
		require.Len(t, got.Rejected, 1, sent)
		h.settle()
		all, err := h.causes.List(t.Context(), h.tenant(), time.Now().Add(-time.Hour), time.Now().Add(time.Hour), true)
		require.NoError(t, err)
		for _, cause := range all {
			if !strings.Contains(sent, cause.Event) {
				continue
			}
			done := h.replay(repair.Spec{Kind: repair.Repair, Cause: cause.ID, Mapping: want.mapping})
			require.Equal(t, want.counts, done.Progress.Counts, sent)
			break
		}
	}
	rows := h.stored()
	require.Len(t, rows, 4)
	require.Equal(t, "checkout", rows["n"].Event)
	require.Equal(t, time.Unix(1767268800, 0).UTC(), rows["t"].Time.UTC())
	require.Equal(t, rows["x"].ReceivedAt, rows["x"].Time)
	require.JSONEq(t, `{"colour":"red"}`, rows["m"].Properties)
	h.balanced()
}

// The events of somebody who was suppressed when they were read, or erased by when they were to be stored, stay out.
func TestRepairLeavesOutWhoIsSuppressed(t *testing.T) {
	t.Parallel()
	for name, who := range map[string]func(*house) *atomic.Value{
		"suppressed when they are read": func(h *house) *atomic.Value { return &h.inRunner.barred },
		"erased when they are read":     func(h *house) *atomic.Value { return &h.inRunner.erased },
		"erased when they are stored":   func(h *house) *atomic.Value { return &h.inSink.erased },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.send(sale("a", `{}`), strings.ReplaceAll(sale("b", `{}`), "u-1", "u-2"))
			h.send(sale("c", `{"amount":1}`))
			h.settle()
			cause := h.cause().ID
			h.rules.lax.Store(true)
			h.rules.stamp.Store("new")
			who(h).Store("u-1")
			done := h.replay(repair.Spec{Kind: repair.Repair, Cause: cause})
			require.Equal(t, repair.Counts{Found: 2, Stored: 1, Skipped: 1}, done.Progress.Counts)
			h.replay(lately())
			rows := h.stored()
			require.NotContains(t, rows, "a")
			require.Contains(t, rows, "b")
			require.Empty(t, rows["c"].Facts, "what is stored of them is not written again")
			require.Equal(t, ingest.Counts{Received: 3, Stored: 2, Quarantined: 1}, h.balanced())
		})
	}
}
