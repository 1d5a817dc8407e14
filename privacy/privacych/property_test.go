package privacych_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/tenants"
)

// Whatever comes, is written again, is merged and computed, and wherever those who erase are cut short: nothing of whoever was erased is
// left, in tables or files, and nobody else has lost anything. Chance decides what happens; the seed is in the test's name.
func TestErasureIsWholeAndNothingElse(t *testing.T) {
	t.Parallel()
	worlds := 8
	if os.Getenv("OBSERVATORY_TEST_LONG") == "1" {
		worlds = 500
	}
	h := openSearchable(t)
	erased := &history{}
	t.Run("worlds", func(t *testing.T) {
		for seed := range worlds {
			t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, h, uint64(seed), erased) //nolint:gosec // not negative
				for range 7 {
					w.step()
				}
				w.erase()
				w.look()
			})
		}
	})
	erased.isGone(t, h)
}

// history are all operations of all worlds.
type history struct {
	mu  sync.Mutex
	all []past
}

type past struct {
	tenant tenants.ID
	op     privacy.Operation
	names  []string // that stand nowhere any more
}

func (h *history) add(p past) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, p)
}

// isGone waits until nothing of any operation lies on the disk, and searches it.
func (h *history) isGone(t *testing.T, house house) {
	t.Helper()
	const long = time.Minute
	deadline := time.Now().Add(long)
	for _, p := range h.all {
		for _, c := range house.store.Copies() {
			for {
				v, err := c.Verify(t.Context(), p.tenant, p.op)
				require.NoError(t, err)
				require.Zero(t, v.Left, c.Name())
				if v.Pending == "" {
					break
				}
				require.True(t, time.Now().Before(deadline), "%s: %s", c.Name(), v.Pending)
				house.purge(t)
				time.Sleep(20 * time.Millisecond)
			}
		}
	}
	var names []string
	for _, p := range h.all {
		names = append(names, p.names...)
	}
	require.NotEmpty(t, names)
	require.Empty(t, house.searchAll(t, names))
}

// world is a tenant whose every event is known.
type world struct {
	t      *testing.T
	h      house
	chance *rand.Rand
	tenant tenants.ID
	clock  time.Time // when the next thing is received
	people []*human
	kiosk  string // an anonymous ID that many use
	erased *history

	events, held []event
	letters      []letter
}

type human struct {
	user, device, email string
	gone                bool
}

func newWorld(t *testing.T, h house, seed uint64, erased *history) *world {
	w := &world{
		t: t, h: h, chance: rand.New(rand.NewPCG(seed, 5)), tenant: tenants.ID(uuid.New()), kiosk: "kiosk-" + uuid.NewString(), //nolint:gosec // chance, not secrets
		clock: time.Now().UTC().Truncate(24 * time.Hour).Add(-24 * time.Hour), erased: erased,
	}
	for range 4 {
		id := uuid.NewString()
		w.people = append(w.people, &human{user: "user-" + id, device: "device-" + id, email: "mail-" + id + "@example.com"})
	}
	return w
}

func (w *world) step() {
	switch n := w.chance.IntN(20); {
	case n < 8:
		w.ingest(w.chance.IntN(10) + 1)
	case n < 9:
		w.retry()
	case n < 11:
		w.quarantine()
	case n < 12:
		w.hold()
	case n < 14:
		require.NoError(w.t, w.h.compute(w.t.Context(), w.tenant))
	case n < 15:
		w.merge()
	case n < 16:
		w.h.purge(w.t)
	case n < 18:
		w.erase()
	default:
		w.look()
	}
}

// somebody is who was not erased; nil when nobody is left.
func (w *world) somebody() *human {
	var left []*human
	for _, p := range w.people {
		if !p.gone {
			left = append(left, p)
		}
	}
	if len(left) == 0 {
		return nil
	}
	return left[w.chance.IntN(len(left))]
}

// now is later each time.
func (w *world) now() time.Time {
	w.clock = w.clock.Add(time.Second)
	return w.clock
}

// happening makes an event of somebody: signed in, or not yet, at home or where many are, at any time.
func (w *world) happening(p *human) event {
	e := event{tenant: w.tenant, id: uuid.NewString(), receivedAt: w.now(), properties: "{}", context: "{}"}
	e.time = e.receivedAt
	switch w.chance.IntN(8) {
	case 0:
		e.time = time.Date(2099, 1, 1, w.chance.IntN(24), 0, 0, 0, time.UTC)
	case 1:
		e.time = e.receivedAt.AddDate(0, -2, 0)
	}
	if w.chance.IntN(3) > 0 {
		e.user = p.user
	}
	switch w.chance.IntN(4) {
	case 0:
		e.anonymous = p.device
	case 1:
		e.anonymous = w.kiosk
	}
	if e.user == "" && w.chance.IntN(2) == 0 || e.user == p.user && w.chance.IntN(4) == 0 {
		e.properties = `{"plan":"free","email":" ` + strings.ToUpper(p.email[:4]) + p.email[4:] + `"}`
	}
	return e
}

func (w *world) ingest(n int) {
	var all []event
	for range n {
		if p := w.somebody(); p != nil {
			all = append(all, w.happening(p))
		}
	}
	if len(all) > 0 {
		w.h.put(w.t, "events", all...)
		w.events = append(w.events, all...)
	}
}

// retry sends a stored event again: the store has it twice until it merges.
func (w *world) retry() {
	if len(w.events) > 0 {
		w.h.put(w.t, "events", w.events[w.chance.IntN(len(w.events))])
	}
}

func (w *world) hold() {
	if p := w.somebody(); p != nil {
		e := w.happening(p)
		w.h.put(w.t, "held_events", e)
		w.held = append(w.held, e)
	}
}

func (w *world) quarantine() {
	p := w.somebody()
	if p == nil {
		return
	}
	payload := []string{
		`{"userId":"` + p.user + `","properties":{"n":"x"}}`, `{"batch":[{"anonymousId":"` + p.device + `"}]}`,
		`{"traits":{"email":"` + p.email + `"}}`, `broken ` + p.user + ` {`, `{"who":"nobody"}`,
	}[w.chance.IntN(5)]
	l := letter{tenant: w.tenant, payload: payload, receivedAt: w.now()}
	w.h.putLetters(w.t, l)
	w.letters = append(w.letters, l)
}

func (w *world) merge() { _ = w.h.conn.Exec(w.t.Context(), "OPTIMIZE TABLE events") } // where nothing can be merged it says so

// erase erases one or two people while events of others come in and parts are merged. It is cut short a few times.
func (w *world) erase() {
	p := w.somebody()
	if p == nil {
		return
	}
	subjects := privacy.Subjects{UserIDs: []string{p.user}, AnonymousIDs: []string{p.device}, Properties: []privacy.Identifier{{Kind: privacy.Property, Path: "properties.email", Value: p.email}}}
	names := []string{p.user, p.device, p.email}
	p.gone = true
	if other := w.somebody(); other != nil && w.chance.IntN(3) == 0 {
		other.gone = true
		subjects.UserIDs = append(subjects.UserIDs, other.user)
		names = append(names, other.user)
		if w.chance.IntN(2) == 0 {
			subjects.AnonymousIDs = append(subjects.AnonymousIDs, w.kiosk)
		}
	}
	op := privacy.Operation{ID: uuid.Must(uuid.NewV7()), Subjects: subjects, ReceivedBefore: w.now()}
	var coming []event
	for range 3 {
		if q := w.somebody(); q != nil {
			coming = append(coming, w.happening(q))
		}
	}
	cuts := make([]time.Duration, w.chance.IntN(3))
	for i := range cuts {
		cuts[i] = time.Duration(w.chance.IntN(80)) * time.Millisecond
	}
	done := make(chan error, 1)
	go func() {
		for _, e := range coming {
			if err := w.h.add("events", e); err != nil {
				done <- err
				return
			}
			_ = w.h.conn.Exec(w.t.Context(), "OPTIMIZE TABLE events")
		}
		done <- nil
	}()
	for _, cut := range cuts {
		ctx, cancel := context.WithTimeout(w.t.Context(), cut)
		_ = w.empty(ctx, op)
		cancel()
	}
	require.NoError(w.t, w.empty(w.t.Context(), op))
	require.NoError(w.t, <-done)
	w.events = append(w.events, coming...)
	w.events, w.held = without(w.events, op), without(w.held, op)
	w.letters = slices.DeleteFunc(w.letters, func(l letter) bool {
		return l.receivedAt.Before(op.ReceivedBefore) && slices.ContainsFunc(slices.Concat(subjects.UserIDs, subjects.AnonymousIDs, []string{p.email}), func(name string) bool { return strings.Contains(l.payload, name) })
	})
	w.erased.add(past{tenant: w.tenant, op: op, names: w.unnamed(names)})
}

// unnamed leaves out names that stand where nothing was to be erased: an event without an ID in which another person's address is.
func (w *world) unnamed(names []string) []string {
	return slices.DeleteFunc(names, func(name string) bool {
		return slices.ContainsFunc(slices.Concat(w.events, w.held), func(e event) bool {
			return e.user == name || e.anonymous == name || strings.Contains(strings.ToLower(e.properties), name)
		}) || slices.ContainsFunc(w.letters, func(l letter) bool { return strings.Contains(l.payload, name) })
	})
}

func (w *world) empty(ctx context.Context, op privacy.Operation) error {
	for _, c := range w.h.store.Copies() {
		if _, err := c.Erase(ctx, w.tenant, op); err != nil {
			return fmt.Errorf("%s: %w", c.Name(), err)
		}
	}
	return nil
}

// without is what is left of events, in the words of privacy.Subjects.
func without(all []event, op privacy.Operation) []event {
	var left []event
	for _, e := range all {
		if e.receivedAt.Before(op.ReceivedBefore) {
			theirs := slices.Contains(op.Subjects.UserIDs, e.user) || e.user == "" && slices.Contains(op.Subjects.AnonymousIDs, e.anonymous)
			for _, p := range op.Subjects.Properties {
				theirs = theirs || strings.Contains(strings.ToLower(e.properties), `"email":" `+p.Value+`"`)
			}
			if theirs {
				continue
			}
			if slices.Contains(op.Subjects.AnonymousIDs, e.anonymous) {
				e.anonymous = ""
			}
		}
		left = append(left, e)
	}
	return left
}

// look compares what everybody sees with what there should be.
func (w *world) look() {
	for table, all := range map[string][]event{"events FINAL": w.events, "held_events": w.held} {
		want := []string{}
		for _, e := range all {
			want = append(want, fmt.Sprint(e.id, e.user, e.anonymous, e.properties))
		}
		require.ElementsMatch(w.t, want, w.column("SELECT concat(event_id, user_id, anonymous_id, properties) FROM "+table))
	}
	want := []string{}
	for _, l := range w.letters {
		want = append(want, l.payload)
	}
	require.ElementsMatch(w.t, want, w.column("SELECT payload FROM dead_letters"))
}

func (w *world) column(sql string) []string {
	rows, err := w.h.conn.Query(w.t.Context(), sql+" WHERE tenant_id = {tenant:UUID}", named("tenant", w.tenant.String()))
	require.NoError(w.t, err)
	defer func() { require.NoError(w.t, rows.Close()) }()
	found := []string{}
	for rows.Next() {
		var value string
		require.NoError(w.t, rows.Scan(&value))
		found = append(found, value)
	}
	require.NoError(w.t, rows.Err())
	return found
}
