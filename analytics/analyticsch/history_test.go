package analyticsch_test

import (
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/tenants"
)

// history is what happens to a tenant's events before a question is asked: they arrive in batches, over two logs, in any order and some of
// them again; some are deleted, a batch may be under way, and every now and then some hours are rolled up.
type history struct {
	t      *rapid.T
	b      bench
	tenant tenants.ID

	coming []fact // not stored yet
	facts  []fact // stored, each as it is now
	logs   []uuid.UUID
	marks  map[time.Time]map[uuid.UUID]uint64 // what was begun, by hour and log
	rolled map[time.Time]map[uuid.UUID]uint64 // the marks that an hour's rollup is made of
	open   map[time.Time]map[uuid.UUID]bool   // by hour, the logs whose newest batch is under way
}

func newHistory(t *rapid.T, b bench, q analytics.TrendsQuery) *history {
	return &history{
		t: t, b: b, tenant: tenants.NewID(), coming: rapid.Permutation(drawFacts(t, q)).Draw(t, "order"),
		logs:  []uuid.UUID{{}, uuid.New(), uuid.New()}, // the first is for changes that come by none
		marks: map[time.Time]map[uuid.UUID]uint64{}, rolled: map[time.Time]map[uuid.UUID]uint64{}, open: map[time.Time]map[uuid.UUID]bool{},
	}
}

func (h *history) happen() {
	if rapid.IntRange(0, 3).Draw(h.t, "history") == 0 { // as it is before there are any rollups
		h.arrive(len(h.coming))
		return
	}
	h.arrive(len(h.coming) - rapid.IntRange(0, len(h.coming)/4).Draw(h.t, "late"))
	h.rollUp()
	for range rapid.IntRange(0, 3).Draw(h.t, "steps") {
		switch rapid.SampledFrom([]string{"late", "again", "deleted", "rolled up"}).Draw(h.t, "step") {
		case "late":
			h.arrive(rapid.IntRange(0, len(h.coming)).Draw(h.t, "how many"))
		case "again":
			h.arriveAgain()
		case "deleted":
			h.delete()
		default:
			h.rollUp()
		}
	}
}

// arrive stores the next so many facts as a batch.
func (h *history) arrive(n int) {
	var batch []fact
	batch, h.coming = h.coming[:n], h.coming[n:]
	h.batch(batch)
	h.facts = append(h.facts, batch...)
}

// arriveAgain stores events once more, changed, within the hour in which they were: with the ID that they had, they take their place.
func (h *history) arriveAgain() {
	chosen := h.choose("again")
	batch := make([]fact, 0, len(chosen))
	for _, i := range chosen {
		f := &h.facts[i]
		other := h.facts[rapid.IntRange(0, len(h.facts)-1).Draw(h.t, "like")]
		f.properties, f.event.Properties, f.event.UserID = other.properties, other.event.Properties, other.event.UserID
		f.event.Time = f.event.Time.Truncate(time.Hour).Add(time.Duration(rapid.Int64Range(0, 3_599_999).Draw(h.t, "when")) * time.Millisecond)
		batch = append(batch, *f)
	}
	h.batch(batch)
}

// batch stores a batch as the sink does: marks before and after. Some are seen under way.
func (h *history) batch(batch []fact) {
	if len(batch) == 0 {
		return
	}
	log := rapid.SampledFrom(h.logs[1:]).Draw(h.t, "log")
	underWay := rapid.IntRange(0, 5).Draw(h.t, "under way") == 0
	h.mark(log, batch, !underWay)
	h.b.store(h.t, h.tenant, eventsOf(batch)...)
}

func (h *history) delete() {
	chosen := h.choose("deleted")
	if len(chosen) == 0 {
		return
	}
	var gone []fact
	var ids []string
	for _, i := range chosen {
		gone = append(gone, h.facts[i])
		ids = append(ids, h.facts[i].event.ID)
	}
	h.facts = slices.DeleteFunc(h.facts, func(f fact) bool { return slices.Contains(ids, f.event.ID) })
	require.NoError(h.t, h.b.conn.Exec(h.t.Context(), "DELETE FROM events WHERE tenant_id = ? AND event_id IN ? SETTINGS mutations_sync = 1, lightweight_deletes_sync = 1", uuid.UUID(h.tenant), ids))
	h.mark(uuid.UUID{}, gone, true)
}

// choose draws some of the facts, by index.
func (h *history) choose(what string) []int {
	if len(h.facts) == 0 {
		return nil
	}
	return rapid.SliceOfNDistinct(rapid.IntRange(0, len(h.facts)-1), 0, 5, rapid.ID[int]).Draw(h.t, what)
}

// mark raises the marks of the hours in which something happens. A log's batches are stored one after the other: one that is stored says
// that those before it are.
func (h *history) mark(log uuid.UUID, facts []fact, done bool) {
	hours := hoursOf(facts)
	require.NotEmpty(h.t, hours)
	batch, err := h.b.conn.PrepareBatch(h.t.Context(), "INSERT INTO marks (tenant_id, hour, log_id, begun, stored, marked_at)")
	require.NoError(h.t, err)
	for _, hour := range hours {
		if h.marks[hour] == nil {
			h.marks[hour], h.open[hour] = map[uuid.UUID]uint64{}, map[uuid.UUID]bool{}
		}
		h.marks[hour][log]++
		h.open[hour][log] = !done
		begun, stored := h.marks[hour][log], h.marks[hour][log]
		if !done {
			stored = 0
		}
		require.NoError(h.t, batch.Append(uuid.UUID(h.tenant), hour, log, begun, stored, now()))
	}
	require.NoError(h.t, batch.Send())
}

// rollUp computes the rollups of some hours, among them one without events. Those with a batch under way stay as they are.
func (h *history) rollUp() {
	hours := hoursOf(h.facts)
	if len(hours) == 0 {
		return
	}
	hours = append(hours, hours[0].Add(-time.Hour))
	if rapid.Bool().Draw(h.t, "some") {
		hours = rapid.Permutation(hours).Draw(h.t, "hours")[:(len(hours)+1)/2]
	}
	breakdowns := [][]string{{"properties.x", "bot"}, {"properties.x", `properties.a\.b`, "user_id", "bot"}, nil}
	done, err := h.b.rollups().Recompute(h.t.Context(), h.tenant, hours, rapid.SampledFrom(breakdowns).Draw(h.t, "breakdowns"))
	require.NoError(h.t, err)
	for _, hour := range hours {
		underWay := slices.Contains(slices.Collect(maps.Values(h.open[hour])), true)
		require.Equal(h.t, underWay, slices.ContainsFunc(done.Undecided, hour.Equal), "a batch is under way in %s", hour)
		if !underWay {
			h.rolled[hour] = maps.Clone(h.marks[hour])
		}
	}
}

// settledHours is how many hours rollups may answer for.
func (h *history) settledHours() (n int64) {
	for hour, marks := range h.rolled {
		if maps.Equal(marks, h.marks[hour]) {
			n++
		}
	}
	return n
}

func eventsOf(facts []fact) (events []analytics.Event) {
	for _, f := range facts {
		events = append(events, f.event)
	}
	return events
}

func hoursOf(facts []fact) []time.Time {
	hours := map[time.Time]bool{}
	for _, f := range facts {
		hours[f.event.Time.UTC().Truncate(time.Hour)] = true
	}
	return slices.SortedFunc(maps.Keys(hours), time.Time.Compare)
}
