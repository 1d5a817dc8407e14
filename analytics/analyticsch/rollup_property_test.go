package analyticsch_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/analytics/analyticsch"
	"github.com/observatory/observatory/analytics/rollup"
	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/ingestch"
	"github.com/observatory/observatory/tenants"
)

// Whatever happens to events and whoever dies meanwhile, in the end rollups are what a recount comes to, nothing is dirty, and the look-back
// finds nothing. Chance decides what happens; the seed is in the test's name.
func TestRollupsSettle(t *testing.T) {
	t.Parallel()
	worlds := 2
	if os.Getenv("OBSERVATORY_TEST_LONG") == "1" {
		worlds = 100
	}
	b := newBench(t)
	for seed := range worlds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			w := newRollupWorld(t, b, uint64(seed)) //nolint:gosec // not negative
			for range 50 {
				w.step()
				if w.chance.IntN(6) == 0 {
					w.look()
				}
			}
			w.settle()
		})
	}
}

// rollupWorld is a tenant's events as they should be, and two nodes that store them.
type rollupWorld struct {
	t       *testing.T
	bench   bench
	rollups *analyticsch.Rollups
	chance  *rand.Rand
	tenant  tenants.ID
	hours   []time.Time
	nodes   [2]*rollupNode
	unsaid  []time.Time // hours from which rows were deleted, by somebody who died before he marked them
}

// rollupNode has a log of its own. Events with the same key come by the same node, or nobody could tell which of them stays.
type rollupNode struct {
	writer *ingestch.Writer
	end    ingest.Offset
	begun  *ingest.Settlement            // whose outcome is not known
	events map[string]ingest.StoredEvent // by sorting key
	sent   int
}

func newRollupWorld(t *testing.T, b bench, seed uint64) *rollupWorld {
	w := &rollupWorld{
		t: t, bench: b, rollups: b.rollups(), chance: rand.New(rand.NewPCG(seed, 4)), tenant: tenants.NewID(), //nolint:gosec // chance, not secrets
		hours: []time.Time{at(t, "2024-04-30 22:00"), at(t, "2024-04-30 23:00"), at(t, "2024-05-01 00:00"), at(t, "2024-05-19 07:00")},
	}
	for i := range w.nodes {
		w.nodes[i] = &rollupNode{writer: ingestch.New(b.conn).Writer(uuid.New()), events: map[string]ingest.StoredEvent{}}
	}
	return w
}

func (w *rollupWorld) step() {
	node := w.nodes[w.chance.IntN(len(w.nodes))]
	switch n := w.chance.IntN(12); {
	case n < 4:
		w.store(node, &ingest.Settlement{Events: w.newEvents(node)})
	case n < 6:
		w.store(node, &ingest.Settlement{Reruns: w.changed(node)})
	case n < 7:
		w.delete(node)
	case n < 11:
		w.recompute(w.chance.IntN(3) == 0)
	default:
		require.NoError(w.t, w.rollups.Clean(w.t.Context(), now().Add(-time.Duration(w.chance.IntN(2))*time.Hour)))
	}
}

// look is what a reader sees at any moment: what is in force is what the events come to, even while batches have been cut short.
func (w *rollupWorld) look() {
	served, err := w.rollups.Served(w.t.Context(), w.tenant, w.hours[0], now())
	require.NoError(w.t, err)
	served = slices.DeleteFunc(served, func(h rollup.Served) bool {
		return slices.ContainsFunc(w.unsaid, func(t time.Time) bool { return t.Truncate(time.Hour).Equal(h.Hour) })
	})
	found, err := w.rollups.Compare(w.t.Context(), w.tenant, served)
	require.NoError(w.t, err)
	require.Empty(w.t, found)
}

// dying ends soon, at any moment.
func (w *rollupWorld) dying() (context.Context, context.CancelFunc) {
	return context.WithTimeout(w.t.Context(), time.Duration(w.chance.IntN(30_000))*time.Microsecond)
}

// newEvents are in any order; some have the key of an event that came before.
func (w *rollupWorld) newEvents(node *rollupNode) []ingest.StoredEvent {
	var events []ingest.StoredEvent
	taken := map[string]bool{}
	header := &ingest.Header{
		Sender: ingest.Sender{Tenant: w.tenant, Source: tenants.SourceID(uuid.New())}, ReceivedAt: now(),
		Receipt: ingest.NewReceiptID(now(), 1, true),
	}
	for i := range 1 + w.chance.IntN(30) {
		node.sent++
		e := ingest.Event{
			Type: ingest.Track, Name: pick(w, "buy", "look"), ID: fmt.Appendf(nil, "%p %d", node, node.sent),
			Time: w.hours[w.chance.IntN(len(w.hours))].Add(time.Duration(w.chance.IntN(3_600_000)) * time.Millisecond),
		}
		if old := w.any(node); old != nil && w.chance.IntN(4) == 0 {
			e.Name, e.ID, e.Time = old.Name, old.ID, old.Time.Truncate(time.Hour).Add(time.Duration(w.chance.IntN(3_600_000))*time.Millisecond)
		}
		if w.chance.IntN(10) == 0 && len(e.Name) == 3 {
			e.Type = ingest.Alias
		}
		w.fill(&e)
		stored := ingest.StoredEvent{Header: header, Event: e, Index: i}
		if key := storedKey(stored); !taken[key] {
			taken[key] = true
			events = append(events, stored)
		}
	}
	return events
}

// fill says who did what.
func (w *rollupWorld) fill(e *ingest.Event) {
	e.UserID, e.AnonymousID, e.SessionID = pick(w, "", "ada", "bob"), pick(w, "", "a1", "a2", "ada"), pick(w, "", "s1", "s2")
	e.Properties = pick(w, `{}`, `{"x":1}`, `{"x":-2.5,"y":"a"}`, `{"x":1e6,"z":0.1}`, `{"x":"5","y":true}`, `{"x":null,"y":["a",1]}`, `{"previous_id":"old","x":3}`, `{"previous_id":"ada"}`)
}

func pick(w *rollupWorld, texts ...string) []byte { return []byte(texts[w.chance.IntN(len(texts))]) }

func (w *rollupWorld) any(node *rollupNode) *ingest.StoredEvent {
	keys := slices.Sorted(maps.Keys(node.events))
	if len(keys) == 0 {
		return nil
	}
	e := node.events[keys[w.chance.IntN(len(keys))]]
	return &e
}

// changed are stored events as other rules make them.
func (w *rollupWorld) changed(node *rollupNode) (events []ingest.StoredEvent) {
	for range w.chance.IntN(10) {
		if e := w.any(node); e != nil && !slices.ContainsFunc(events, func(o ingest.StoredEvent) bool { return storedKey(o) == storedKey(*e) }) {
			w.fill(&e.Event)
			e.Rerun = uuid.New()
			events = append(events, *e)
		}
	}
	return events
}

func storedKey(e ingest.StoredEvent) string {
	return fmt.Sprintf("%s %s %s", e.Time.Truncate(time.Hour).Format(time.DateTime), e.Name, e.ID)
}

// store stores a batch, once the one before is, or dies over either.
func (w *rollupWorld) store(node *rollupNode, set *ingest.Settlement) {
	if node.begun == nil {
		node.end += ingest.Offset(1 + w.chance.IntN(1000))
		set.Range = ingest.Range{ID: uuid.New(), To: node.end}
		w.send(node, set, false)
		return
	}
	w.send(node, node.begun, true)
}

func (w *rollupWorld) send(node *rollupNode, set *ingest.Settlement, again bool) {
	ctx, cancel := w.t.Context(), func() {}
	dies := w.chance.IntN(3) == 0
	if dies {
		ctx, cancel = w.dying()
	}
	defer cancel()
	if err := node.writer.Write(ctx, set, again); err != nil {
		require.True(w.t, dies, "%v", err)
		node.begun = set
		return
	}
	node.begun = nil
	for _, e := range slices.Concat(set.Events, set.Reruns) {
		node.events[storedKey(e)] = e
	}
}

// delete removes rows, and marks their hours or dies before it does. It waits for a batch whose outcome is not known.
func (w *rollupWorld) delete(node *rollupNode) {
	e := w.any(node)
	if e == nil || node.begun != nil {
		return
	}
	require.NoError(w.t, w.bench.conn.Exec(w.t.Context(), "ALTER TABLE events DELETE WHERE tenant_id = ? AND event_id = ? SETTINGS mutations_sync = 2", uuid.UUID(w.tenant), string(e.ID)))
	for key, other := range node.events {
		if string(other.ID) == string(e.ID) {
			delete(node.events, key)
			w.unsaid = append(w.unsaid, other.Time)
		}
	}
	if w.chance.IntN(2) == 0 {
		w.say()
	}
}

func (w *rollupWorld) say() {
	require.NoError(w.t, w.rollups.MarkHours(w.t.Context(), w.tenant, w.unsaid))
	w.unsaid = nil
}

func breakdownsOfWorld() []string { return []string{"anonymous_id", "properties.y"} }

// recompute computes what is dirty, or some of it, or dies over it.
func (w *rollupWorld) recompute(dies bool) (found int) {
	ctx, cancel := w.t.Context(), func() {}
	if dies {
		ctx, cancel = w.dying()
	}
	defer cancel()
	dirty, err := w.rollups.DirtyOf(ctx, w.tenant)
	if dies && err != nil {
		return 0
	}
	require.NoError(w.t, err)
	var hours []time.Time
	for _, d := range dirty {
		hours = append(hours, d.Hour)
	}
	_, err = w.rollups.Recompute(ctx, w.tenant, hours, breakdownsOfWorld())
	if !dies {
		require.NoError(w.t, err)
	}
	return len(hours)
}

// settle lets everybody come back and end what he was doing, and checks what it has come to.
func (w *rollupWorld) settle() {
	t := w.t
	for _, node := range w.nodes {
		if node.begun != nil {
			require.NoError(t, node.writer.Write(t.Context(), node.begun, true))
			for _, e := range slices.Concat(node.begun.Events, node.begun.Reruns) {
				node.events[storedKey(e)] = e
			}
		}
	}
	w.say()
	w.recompute(false)
	require.Zero(t, w.recompute(false), "nothing is left to do")

	var events []analytics.Event
	for _, node := range w.nodes {
		for _, e := range node.events {
			events = append(events, analytics.Event{
				ID: string(e.ID), Name: string(e.Name), Type: e.Type.String(), Time: e.Time, UserID: string(e.UserID), AnonymousID: string(e.AnonymousID),
				SessionID: string(e.SessionID), Properties: e.Properties,
			})
		}
	}
	slices.SortFunc(events, func(a, b analytics.Event) int { return cmp.Compare(a.ID, b.ID) })
	require.NotEmpty(t, events)
	requireFigures(t, recountRollups(events, breakdownsOfWorld()...), rollupsInForce(t, w.bench.conn, w.tenant))
	require.Empty(t, w.bench.compare(t, w.tenant))
}
