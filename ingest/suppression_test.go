package ingest_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/doc"
	"github.com/observatory/observatory/tenants"
)

// standing is what holds for somebody, as a plain reading of the rules has it.
type standing struct {
	barred, restricted bool
	erased             time.Time
}

// registry says what holds, for user IDs, devices and phone numbers.
type registry struct {
	all     map[string]standing
	unknown bool
}

func (r *registry) Enter() ingest.SuppressionView { return r.copy() }
func (r *registry) Known() bool                   { return !r.unknown }
func (r *registry) copy() *registry               { return &registry{all: maps.Clone(r.all), unknown: r.unknown} }
func (r *registry) Leave()                        {}
func (r *registry) Empty() bool                   { return len(r.all) == 0 }
func (r *registry) Of(tenants.ID) ingest.Judge    { return r }
func (r *registry) Paths() []string               { return []string{"properties.phone"} }

func (r *registry) Verdict(t ingest.Traces) ingest.Verdict {
	phone := ""
	for _, v := range t.Values {
		phone = string(v)
	}
	if t.Entered {
		return r.entered(string(t.UserID), string(t.AnonymousID), phone, t.ReceivedAt)
	}
	return r.verdict(string(t.UserID), string(t.AnonymousID), phone, t.ReceivedAt)
}

// entered is the verdict about what was let in before: only what was erased stays out.
func (r *registry) entered(user, device, phone string, received time.Time) ingest.Verdict {
	erased := registry{all: map[string]standing{}}
	for name, s := range r.all {
		erased.all[name] = standing{erased: s.erased}
	}
	return erased.verdict(user, device, phone, received)
}

func (r *registry) verdict(user, device, phone string, received time.Time) ingest.Verdict {
	of := func(name string) ingest.Verdict {
		s := r.all[name]
		switch {
		case s.barred || received.Before(s.erased):
			return ingest.Bar
		case s.restricted:
			return ingest.HoldPerson
		}
		return ingest.Pass
	}
	who := "user " + user
	if user == "" {
		who = "device " + device
	}
	v := max(of(who), of("phone "+phone))
	if v != ingest.Bar && user != "" && of("device "+device) == ingest.Bar {
		v |= ingest.Unlink
	}
	return v
}

// judging asks about every event, as the pipeline does, and changes nothing else.
type judging struct{}

func (judging) Prepare(_ context.Context, in *ingest.Preparation) (func(), error) {
	var properties, space doc.Doc
	for i := range in.Items {
		if in.Items[i].Rejection != nil {
			in.BarsRejected(&in.Items[i], &space)
			continue
		}
		root, err := properties.Parse(in.Items[i].Event.Properties)
		if err != nil {
			return nil, err
		}
		in.Bars(&in.Items[i], root, new(doc.Doc).Empty())
	}
	return func() {}, nil
}

// Of an event that is not stored nothing is kept but that there was one.
func TestBarredKeepsNothing(t *testing.T) {
	t.Parallel()
	who := &registry{all: map[string]standing{"user u1": {barred: true}, "device d1": {barred: true}}}
	for _, rejection := range []*ingest.Rejection{nil, {Code: ingest.CodeWrongType}} {
		item := ingest.Item{Rejection: rejection, Event: ingest.Event{ID: []byte("e-17"), UserID: []byte("u1"), AnonymousID: []byte("d1")}}
		root := new(doc.Doc).Empty()
		require.True(t, (&ingest.Preparation{Judge: who}).Bars(&item, root, root))
		require.Equal(t, ingest.Item{Verdict: ingest.Bar}, item)
	}
}

// noting is a state of the sink that remembers what was known when each range was begun.
type noting struct {
	ingest.SinkState
	w *privateWorld
}

func (n noting) Begin(r ingest.Range) error {
	n.w.known[r.ID] = n.w.registry.copy()
	return n.SinkState.Begin(r)
}

// spot is a place in a request.
type spot struct {
	receipt ingest.ReceiptID
	index   int
}

// person is what an event was sent with.
type person struct{ id, user, device, phone string }

func (p person) row(device string) string {
	return strings.Join([]string{p.id, p.user, device, p.phone}, " ")
}

// cabinet is a store in memory.
type cabinet struct {
	w        *privateWorld
	fails    func() (before, after bool)
	batches  map[uuid.UUID]string
	events   map[spot]string
	held     map[spot]time.Time // since when
	heldRows map[spot]ingest.Replayed
	letters  map[spot]string
	outcomes map[spot]ingest.Status
	batchOf  map[spot]uuid.UUID
	ledger   ingest.Counts
	done     map[uuid.UUID]bool
	reruns   map[spot]uuid.UUID
	released map[spot]bool
}

func stored(e *ingest.Event) string {
	var d doc.Doc
	phone := ""
	if root, err := d.Parse(e.Properties); err == nil {
		if n := root.Child("phone"); n != nil {
			phone = string(n.Text())
		}
	}
	return person{string(e.ID), string(e.UserID), "", phone}.row(string(e.AnonymousID))
}

// Write implements ingest.Store.
func (c *cabinet) Write(_ context.Context, s *ingest.Settlement, again bool) error {
	if c.w.dead() {
		return errShelf
	}
	before, after := c.fails()
	if before {
		return errShelf
	}
	t := c.w.t
	contents := fmt.Sprint(s.Range, len(s.Events), len(s.Held), len(s.DeadLetters), s.Ledger)
	for i := range s.Events {
		contents += "\n" + stored(&s.Events[i].Event)
	}
	for i := range s.Held {
		contents += "\nheld " + s.Held[i].Reason + stored(&s.Held[i].Event)
	}
	if was, tried := c.batches[s.Range.ID]; tried {
		require.Equal(t, was, contents, "a batch changes")
		require.True(t, again)
	}
	c.batches[s.Range.ID] = contents
	if c.done[s.Range.ID] {
		return nil
	}
	c.done[s.Range.ID] = true
	known := c.w.known[s.Range.ID]
	for i := range s.Events {
		e := &s.Events[i]
		at := spot{e.Receipt, e.Index}
		require.NotContains(t, c.events, at, "stored twice")
		c.events[at] = stored(&e.Event)
		c.w.mayKnow(known, at, e.ReceivedAt, ingest.Pass)
	}
	for i := range s.Reruns {
		at := spot{s.Reruns[i].Receipt, s.Reruns[i].Index}
		c.reruns[at] = s.Range.ID
		c.w.mayKnow(known, at, s.Reruns[i].ReceivedAt, ingest.Pass)
		if _, there := c.events[at]; there {
			c.events[at] = stored(&s.Reruns[i].Event)
		}
	}
	for i := range s.Held {
		h := &s.Held[i]
		at := spot{h.Receipt, h.Index}
		c.held[at] = h.At
		c.heldRows[at] = ingest.Replayed{Source: h.Source, Key: h.Key, Receipt: h.Receipt, Index: h.Index, HeldAt: h.At, Event: copied(h.Event)}
	}
	for i := range s.DeadLetters {
		c.letters[spot{s.DeadLetters[i].Receipt, s.DeadLetters[i].Index}] = string(s.DeadLetters[i].Raw)
	}
	for _, r := range s.Receipts {
		for i := range r.EventIDs {
			c.outcomes[spot{r.Receipt, i}] = ingest.Stored
			c.batchOf[spot{r.Receipt, i}] = s.Range.ID
		}
		for _, o := range r.Exceptions {
			c.outcomes[spot{r.Receipt, o.Index}] = o.Status
		}
	}
	for _, r := range s.Repairs {
		at := spot{r.Receipt, r.Index}
		require.Contains(t, c.held, at, "what is released was held")
		delete(c.held, at)
		delete(c.heldRows, at)
		c.outcomes[at], c.released[at] = r.Status, true
	}
	for _, l := range s.Ledger {
		c.ledger = c.ledger.Plus(l.Counts)
	}
	if after {
		return errShelf
	}
	return nil
}

func copied(e ingest.Event) ingest.Event {
	for _, field := range []*[]byte{&e.Name, &e.ID, &e.UserID, &e.AnonymousID, &e.Properties} {
		*field = slices.Clone(*field)
	}
	return e
}

// privateWorld is a world with people in it.
type privateWorld struct {
	*world
	registry registry
	known    map[uuid.UUID]*registry // when a range was begun
	shelf    *cabinet
	sent     map[spot]person
	accepted map[spot]ingest.Verdict // what was ruled when it was accepted
	rejected map[spot]bool
	copies   []ingest.Replayed // of events that were stored once, as an archive has them
}

func newPrivateWorld(t *rapid.T) *privateWorld {
	w := &privateWorld{
		known: map[uuid.UUID]*registry{}, sent: map[spot]person{}, accepted: map[spot]ingest.Verdict{}, rejected: map[spot]bool{},
		registry: registry{all: map[string]standing{}},
	}
	w.shelf = &cabinet{
		w: w, fails: func() (bool, bool) { return false, false }, batches: map[uuid.UUID]string{}, events: map[spot]string{}, held: map[spot]time.Time{},
		heldRows: map[spot]ingest.Replayed{}, letters: map[spot]string{}, outcomes: map[spot]ingest.Status{}, batchOf: map[spot]uuid.UUID{},
		done: map[uuid.UUID]bool{}, reruns: map[spot]uuid.UUID{}, released: map[spot]bool{},
	}
	w.world = &world{t: t, disk: vfs.NewCrashableMem(), now: time.Date(2026, 1, 31, 20, 0, 0, 0, time.UTC), promised: map[string]accepted{}}
	w.with = func(sink *ingest.SinkDeps, collector *ingest.CollectorDeps) {
		sink.Store, sink.State, sink.Suppression = w.shelf, noting{sink.State, w}, &w.registry
		collector.Prepare, collector.Suppression = judging{}, &w.registry
	}
	w.start()
	return w
}

// mayKnow checks that what becomes of an event is what was known to be erased when its batch was begun.
func (w *privateWorld) mayKnow(known *registry, at spot, received time.Time, want ingest.Verdict) {
	p, ok := w.sent[at]
	if !ok {
		return // it was not acknowledged before the process died
	}
	require.Equal(w.t, want, known.entered(p.user, p.device, p.phone, received)&^ingest.Unlink, "%+v", p)
	require.False(w.t, known.unknown)
}

func (w *privateWorld) send(t *rapid.T) {
	some := func(label, of string) string {
		if rapid.IntRange(0, 2).Draw(t, "has "+label) == 0 {
			return ""
		}
		return of + rapid.SampledFrom([]string{"1", "2", "3"}).Draw(t, label)
	}
	var people []person
	batch := &ingest.Batch{}
	rejects := map[int]bool{}
	for i := range rapid.IntRange(1, 6).Draw(t, "events") {
		p := person{id: uuid.NewString(), user: some("user", "u"), device: some("device", "d"), phone: some("phone", "p")}
		e := ingest.Event{Type: ingest.Track, Name: []byte("e"), ID: []byte(p.id), UserID: []byte(p.user), AnonymousID: []byte(p.device), Properties: fmt.Appendf(nil, `{"phone":%q}`, p.phone)}
		item := ingest.Item{Event: e}
		if rapid.IntRange(0, 7).Draw(t, "bad") == 0 {
			rejects[i] = true
			item.Rejection = &ingest.Rejection{Code: ingest.CodeWrongType, Message: "m"}
			item.Event = ingest.Event{ID: e.ID}
			item.Raw = fmt.Appendf(nil, `{"event":5,"user_id":%q,"anonymous_id":%q,"properties":{"phone":%q}}`, p.user, p.device, p.phone)
		}
		people = append(people, p)
		batch.Items = append(batch.Items, item)
	}
	ruled := make([]ingest.Verdict, len(people))
	for i, p := range people {
		ruled[i] = w.registry.verdict(p.user, p.device, p.phone, w.now)
		if rejects[i] && ruled[i]&ingest.Unlink != 0 {
			ruled[i] = ingest.Bar
		}
		if !rejects[i] && w.registry.unknown {
			ruled[i] = max(ruled[i]&^ingest.Unlink, ingest.HoldUnknown) | ruled[i]&ingest.Unlink
		}
	}
	answer, err := w.collector.Accept(context.Background(), ingest.AcceptInput{Sender: ingest.Sender{Tenant: tenants.ID{15: 1}}, Batch: batch})
	require.NoError(t, err)
	id, err := receiptsOf().Open(tenants.ID{15: 1}, answer.Receipt)
	require.NoError(t, err)
	for i, p := range people {
		if ruled[i] == ingest.Bar {
			w.notOnDisk(t, p)
		}
	}
	if w.dead() {
		return
	}
	for i, p := range people {
		at := spot{id, i}
		w.sent[at], w.accepted[at], w.rejected[at] = p, ruled[i], rejects[i]
	}
}

// notOnDisk looks through the log for an event that must not be there: its ID stands in it alone.
func (w *privateWorld) notOnDisk(t *rapid.T, p person) {
	names, err := w.disk.List("log")
	require.NoError(t, err)
	for _, name := range names {
		f, err := w.disk.Open("log/" + name)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		require.NoError(t, err)
		content, err := io.ReadAll(f)
		require.NoError(t, err)
		require.NoError(t, f.Close())
		if _, behind, ok := strings.Cut(string(content), p.id); ok && p.user+p.device != "" {
			require.False(t, strings.HasPrefix(behind, string(rune(len(p.user)))+p.user+string(rune(len(p.device)))+p.device), "%+v is in the log", p)
		}
	}
}

// let are those of replayed events that may go into the log. A release says of those that were erased that they go for good.
func (w *privateWorld) let(kind ingest.ReplayKind, events []ingest.Replayed) (all []ingest.Replayed) {
	for _, e := range events {
		p := w.sent[spot{e.Receipt, e.Index}]
		received := e.Receipt.ReceivedAt()
		erased := w.registry.entered(p.user, p.device, p.phone, received)
		switch {
		case w.registry.verdict(p.user, p.device, p.phone, received)&^ingest.Unlink == ingest.Pass:
			if erased&ingest.Unlink != 0 {
				e.Event.AnonymousID = nil
			}
			all = append(all, e)
		case erased == ingest.Bar && kind == ingest.ReleaseReplay:
			e.Verdict = ingest.Bar
			all = append(all, e)
		}
	}
	return all
}

// replay brings something back by way of the log.
func (w *privateWorld) replay(kind ingest.ReplayKind, events []ingest.Replayed) {
	events = w.let(kind, events)
	if len(events) == 0 {
		return
	}
	_, err := w.log.Append(context.Background(), ingest.AppendReplay(nil, ingest.ReplayHeader{Kind: kind, Tenant: tenants.ID{15: 1}, Replay: uuid.New(), At: w.now}, events))
	require.NoError(w.t, err)
}

func (w *privateWorld) carry() {
	if err := w.sink.Drain(context.Background()); err != nil {
		require.ErrorIs(w.t, err, errShelf)
	}
}

// carryAll carries until nothing is left.
func (w *privateWorld) carryAll() {
	w.shelf.fails = func() (bool, bool) { return false, false }
	for range 2 {
		w.revive()
		w.carry()
	}
	w.revive()
	require.Equal(w.t, w.log.End(), w.sink.Settled())
}

// erase erases somebody behind a barrier. Meanwhile is what happens while they are only suppressed.
func (w *privateWorld) erase(name string, meanwhile func()) {
	s := w.registry.all[name]
	s.barred = true
	w.registry.all[name] = s
	w.carryAll() // the barrier
	for at, p := range w.sent {
		_, isStored := w.shelf.events[at]
		if isStored && w.accepted[at]&ingest.Unlink == 0 && !at.receipt.ReceivedAt().Before(s.erased) && name == "device "+p.device {
			require.Equal(w.t, p.row(p.device), w.shelf.events[at], "nothing else may tell who it is that has the device")
		}
	}
	meanwhile()
	w.revive()
	w.out(name)
	w.carryAll() // and again: what was let in meanwhile, and may be in a batch that was begun
	w.remove(name)
}

// out says that what is received before now is out for ever.
func (w *privateWorld) out(name string) {
	s := w.registry.all[name]
	s.barred, s.erased = true, w.now.Add(time.Millisecond)
	w.registry.all[name] = s
}

// remove empties the store of somebody.
func (w *privateWorld) remove(name string) {
	for at, p := range w.sent {
		theirs := name == "user "+p.user || p.user == "" && name == "device "+p.device || name == "phone "+p.phone
		_, isStored := w.shelf.events[at]
		_, isHeld := w.shelf.held[at]
		switch {
		case theirs && isStored:
			delete(w.shelf.events, at)
			w.shelf.ledger.Stored--
			w.shelf.ledger.Received--
		case theirs && isHeld:
			delete(w.shelf.held, at)
			delete(w.shelf.heldRows, at)
			w.shelf.ledger.Held--
			w.shelf.ledger.Received--
		case isStored && name == "device "+p.device:
			w.shelf.events[at] = p.row("")
		}
		if theirs {
			delete(w.shelf.letters, at)
		}
	}
	w.now = w.now.Add(2 * time.Millisecond)
}

func (w *privateWorld) check() {
	t := w.t
	for at, p := range w.sent {
		status, settled := w.shelf.outcomes[at]
		require.True(t, settled, "an acknowledged request is lost")
		row, isStored := w.shelf.events[at]
		_, isHeld := w.shelf.held[at]
		require.False(t, isStored && isHeld)
		begun := w.known[w.shelf.batchOf[at]]
		received := at.receipt.ReceivedAt()
		ruled := begun.entered(p.user, p.device, p.phone, received)
		if w.rejected[at] && ruled&ingest.Unlink != 0 {
			ruled = ingest.Bar
		}
		verdict := max(w.accepted[at]&^ingest.Unlink, ruled&^ingest.Unlink)
		if begun.unknown {
			verdict = max(verdict, ingest.HoldUnknown)
		}
		switch {
		case verdict == ingest.Bar:
			require.Equal(t, ingest.Suppressed, status, "%+v", p)
			require.False(t, isStored || isHeld)
			require.NotContains(t, w.shelf.letters, at)
		case w.rejected[at]:
			require.Equal(t, ingest.Quarantined, status)
		case verdict != ingest.Pass:
			require.Contains(t, []ingest.Status{ingest.Held, ingest.Stored, ingest.Suppressed}, status)
			require.True(t, status != ingest.Stored || w.shelf.released[at], "what was held is stored though nobody has released it")
			require.Equal(t, status == ingest.Suppressed, !isStored && !isHeld && !w.erased(p, received) || status == ingest.Suppressed)
		default:
			require.Equal(t, ingest.Stored, status)
			require.True(t, isStored || w.erased(p, received), "somebody else lost an event: %+v", p)
		}
		if isStored {
			require.Contains(t, []string{p.row(p.device), p.row("")}, row)
			if row != p.row(p.device) {
				require.True(t, w.accepted[at]&ingest.Unlink != 0 || received.Before(w.registry.all["device "+p.device].erased), "a device is gone that was not erased: %+v", p)
			}
			require.False(t, w.erased(p, received), "an erased event is there: %+v", p)
			if received.Before(w.registry.all["device "+p.device].erased) && p.user != "" {
				require.Equal(t, p.row(""), row, "an erased device is there")
			}
		}
		if isHeld {
			require.False(t, w.erased(p, received), "an erased event is held: %+v", p)
		}
	}
	require.True(t, w.shelf.ledger.Balanced(), "%+v", w.shelf.ledger)
	require.Equal(t, int64(len(w.shelf.events)), w.shelf.ledger.Stored)
	require.Equal(t, int64(len(w.shelf.held)), w.shelf.ledger.Held)
}

func (w *privateWorld) erased(p person, received time.Time) bool {
	before := func(name string) bool { return received.Before(w.registry.all[name].erased) }
	return before("user "+p.user) && p.user != "" || p.user == "" && before("device "+p.device) || before("phone "+p.phone)
}

// Whatever is said about people, whenever the process dies, and whatever comes back by a replay: an event has the outcome that was known
// when it was accepted, unless it was erased when its batch was begun; nothing of somebody who is suppressed reaches the disk; nothing that was erased is
// there again; nobody else loses anything; and the ledger balances.
func TestSuppressionProperty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newPrivateWorld(t)
		defer func() {
			_ = w.log.Close()
			_ = w.state.Close()
		}()
		somebody := func(t *rapid.T) string {
			return rapid.SampledFrom([]string{"user u", "device d", "phone p"}).Draw(t, "kind") + rapid.SampledFrom([]string{"1", "2", "3"}).Draw(t, "who")
		}
		held := func() []ingest.Replayed {
			return slices.SortedFunc(maps.Values(w.shelf.heldRows), func(a, b ingest.Replayed) int {
				return strings.Compare(string(a.Event.ID), string(b.Event.ID))
			})
		}
		carry := func(t *rapid.T) {
			w.shelf.fails = func() (bool, bool) {
				return rapid.IntRange(0, 3).Draw(t, "fails before") == 0, rapid.IntRange(0, 3).Draw(t, "fails after") == 0
			}
			w.carry()
			w.shelf.fails = func() (bool, bool) { return false, false }
		}
		t.Repeat(map[string]func(*rapid.T){
			"send": func(t *rapid.T) {
				w.revive()
				w.now = w.now.Add(time.Duration(rapid.IntRange(1, 600_000).Draw(t, "ms")) * time.Millisecond)
				for range rapid.IntRange(1, 4).Draw(t, "requests") {
					w.send(t)
				}
			},
			"say": func(t *rapid.T) {
				name := somebody(t)
				s := w.registry.all[name]
				s.barred, s.restricted = false, false
				switch rapid.SampledFrom([]string{"free", "suppress", "restrict"}).Draw(t, "what") {
				case "suppress":
					s.barred = true
				case "restrict":
					s.restricted = true
				}
				w.registry.all[name] = s
			},
			"erase": func(t *rapid.T) {
				switch {
				case w.registry.unknown:
				case rapid.IntRange(0, 3).Draw(t, "retired") == 0: // the log of a node that is down: nobody waits for it, and it comes back
					w.carryAll()
					w.send(t)
					name := somebody(t)
					w.out(name)
					w.remove(name)
				default:
					w.revive()
					w.erase(somebody(t), func() {
						if rapid.Bool().Draw(t, "replays meanwhile") {
							w.replay(ingest.HistoryReplay, w.copies)
							w.replay(ingest.ReleaseReplay, held())
						}
						if rapid.Bool().Draw(t, "carries meanwhile") {
							carry(t)
						}
					})
				}
			},
			"lose touch": func(t *rapid.T) { w.registry.unknown = rapid.IntRange(0, 3).Draw(t, "lost") == 0 },
			"carry": func(t *rapid.T) {
				w.revive()
				carry(t)
			},
			"release": func(t *rapid.T) {
				w.revive()
				all := held()
				for range rapid.IntRange(1, 2).Draw(t, "times") { // a runner that died does it again
					w.replay(ingest.ReleaseReplay, all)
				}
			},
			"archive": func(t *rapid.T) {
				for _, at := range slices.SortedFunc(maps.Keys(w.shelf.events), func(a, b spot) int {
					return cmp.Or(bytes.Compare(a.receipt[:], b.receipt[:]), cmp.Compare(a.index, b.index))
				}) {
					if p, ok := w.sent[at]; ok && w.shelf.events[at] == p.row(p.device) {
						w.copies = append(w.copies, ingest.Replayed{Receipt: at.receipt, Index: at.index, Event: ingest.Event{
							Type: ingest.Track, Name: []byte("e"), ID: []byte(p.id), UserID: []byte(p.user), AnonymousID: []byte(p.device), Properties: fmt.Appendf(nil, `{"phone":%q}`, p.phone),
						}})
					}
				}
			},
			"restore": func(*rapid.T) {
				w.revive()
				w.replay(ingest.HistoryReplay, w.copies)
			},
			"restart": func(*rapid.T) {
				w.revive()
				w.stop()
				w.start()
			},
			"cut": func(t *rapid.T) {
				w.revive()
				w.mu.Lock()
				defer w.mu.Unlock()
				w.cutIn = rapid.IntRange(1, 40).Draw(t, "operations")
				w.keep = vfs.CrashCloneCfg{UnsyncedDataPercent: rapid.SampledFrom([]int{0, 100}).Draw(t, "kept"), RNG: rand.New(rand.NewPCG(1, 2))} //nolint:gosec // chance, not secrets
			},
		})
		w.carryAll()
		w.check()
	})
}
