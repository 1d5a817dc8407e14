package usage_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/usage"
	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/tenants"
)

// key tells events apart, as the store does.
type key struct {
	name, id string
	hour     int64
}

// cell is a quantity of the ledger.
type cell struct {
	meter billing.MeterName
	hour  time.Time
}

// history is a tenant to which random things happen, and a model of what it used that knows nothing of how that is counted.
type history struct {
	*world
	tenant   tenants.ID
	now      time.Time
	visible  map[key]event
	removed  map[cell]map[ingest.ReceiptID]bool          // events that were removed, or are about to be
	users    map[time.Time]map[string]map[time.Time]bool // of these, by month: the hours of each
	pending  []removal                                   // that were broken off
	services []*usage.Service
	between  *func()
	failing  string
}

type removal struct {
	where   string
	matches func(event) bool
}

var errKilled = errors.New("killed")

// begin is when histories begin: near the end of a month, so that they go on in the next.
func begin() time.Time { return time.Date(2026, 10, 28, 12, 30, 0, 0, time.UTC) }

func newHistory(t *rapid.T, w *world) *history {
	h := &history{
		world: w, tenant: w.tenant(t), now: begin(), visible: map[key]event{},
		removed: map[cell]map[ingest.ReceiptID]bool{}, users: map[time.Time]map[string]map[time.Time]bool{}, between: new(func()),
	}
	fail := func(when string) error {
		if h.failing == when {
			h.failing = ""
			return errKilled
		}
		return nil
	}
	clock := func() time.Time { return h.now }
	h.services = []*usage.Service{w.service(clock, fail, h.between), w.plain(clock)}
	return h
}

func (e event) key() key { return key{e.name, e.id, e.time.Truncate(time.Hour).Unix()} }

func (e event) cell() cell {
	meter := billing.Events
	switch {
	case e.bot == "synthetic":
		meter = billing.SyntheticEvents
	case e.bot != "":
		meter = billing.BotEvents
	}
	return cell{meter, e.received.Truncate(time.Hour)}
}

// receive stores new events, some of them late, some received by a node whose clock is an hour off; some batches are written twice.
func (h *history) receive(t *rapid.T) {
	var events []event
	for range rapid.IntRange(1, 5).Draw(t, "events") {
		off := rapid.SampledFrom([]time.Duration{0, 0, 0, -time.Hour, time.Hour, -5 * time.Hour, -26 * time.Hour, -6 * 24 * time.Hour}).Draw(t, "off")
		received := h.now.Add(off)
		events = append(events, event{
			name: rapid.SampledFrom([]string{"sale", "view"}).Draw(t, "name"), id: uuid.NewString(), received: received, receipt: ingest.NewReceiptID(received, 1, true),
			time: received.Add(-rapid.SampledFrom([]time.Duration{0, time.Minute, 50 * time.Hour}).Draw(t, "age")),
			user: rapid.SampledFrom([]string{"u1", "u2", "u3", "a1", "a2", ""}).Draw(t, "user"),
			bot:  rapid.SampledFrom([]string{"", "", "", "crawler: x", "synthetic"}).Draw(t, "bot"),
		})
	}
	h.write(t, h.tenant, rapid.Bool().Draw(t, "again"), events, nil)
	for _, e := range events {
		h.visible[e.key()] = e
	}
}

// some picks an event that is stored.
func (h *history) some(t *rapid.T) (event, bool) {
	keys := slices.SortedFunc(maps.Keys(h.visible), func(a, b key) int { return h.visible[a].received.Compare(h.visible[b].received) })
	if len(keys) == 0 {
		return event{}, false
	}
	return h.visible[keys[rapid.IntRange(0, len(keys)-1).Draw(t, "which")]], true
}

// resend sends an event again: within a day it is recognised, later it takes the place of the first.
func (h *history) resend(t *rapid.T) {
	e, ok := h.some(t)
	if !ok {
		return
	}
	e.duplicate = h.now.Sub(e.received) < ingest.DuplicateWindow
	e.received, e.receipt = h.now, ingest.NewReceiptID(h.now, 1, true)
	h.write(t, h.tenant, false, []event{e}, nil)
	if !e.duplicate {
		h.visible[e.key()] = e
	}
}

// rewrite is a replay of history, which finds out that an event was a bot's, or was none.
func (h *history) rewrite(t *rapid.T) {
	e, ok := h.some(t)
	if !ok {
		return
	}
	e.bot, e.replay = rapid.SampledFrom([]string{"", "crawler: y"}).Draw(t, "now"), uuid.New()
	h.write(t, h.tenant, false, nil, []event{e})
	h.visible[e.key()] = e
}

// erase removes a person's events, or what is past its retention; it may be broken off at any point.
func (h *history) erase(t *rapid.T) {
	user := rapid.SampledFrom([]string{"u1", "u2", "a1"}).Draw(t, "whom")
	r := removal{fmt.Sprintf("user_id = '%s' OR anonymous_id = '%s'", user, user), func(e event) bool { return e.user == user }}
	if rapid.Bool().Draw(t, "by age") {
		before := h.now.Add(-time.Duration(rapid.IntRange(1, 100).Draw(t, "hours")) * time.Hour).Truncate(time.Second)
		r = removal{fmt.Sprintf("received_at < toDateTime(%d, 'UTC')", before.Unix()), func(e event) bool { return e.received.Before(before) }}
	}
	h.carryOut(t, r)
}

func (h *history) carryOut(t *rapid.T, r removal) {
	h.note(t, h.tenant, uuid.New(), r.where)
	for _, e := range h.visible {
		if r.matches(e) {
			h.count(e)
		}
	}
	switch rapid.SampledFrom([]string{"whole", "whole", "half", "none"}).Draw(t, "removed") {
	case "whole":
		h.remove(t, h.tenant, r.where)
		maps.DeleteFunc(h.visible, func(_ key, e event) bool { return r.matches(e) })
		return
	case "half":
		h.remove(t, h.tenant, "("+r.where+") AND event = 'sale'")
		maps.DeleteFunc(h.visible, func(_ key, e event) bool { return r.matches(e) && e.name == "sale" })
	}
	h.pending = append(h.pending, r)
}

// count takes note of an event that is about to be removed.
func (h *history) count(e event) {
	if h.removed[e.cell()] == nil {
		h.removed[e.cell()] = map[ingest.ReceiptID]bool{}
	}
	h.removed[e.cell()][e.receipt] = true
	if e.bot == "" && e.user != "" {
		addUser(h.users, e)
	}
}

func addUser(users map[time.Time]map[string]map[time.Time]bool, e event) {
	month := billing.PeriodOf(e.received).From
	if users[month] == nil {
		users[month] = map[string]map[time.Time]bool{}
	}
	if users[month][e.user] == nil {
		users[month][e.user] = map[time.Time]bool{}
	}
	users[month][e.user][e.received.Truncate(time.Hour)] = true
}

// resume takes up a removal that was broken off.
func (h *history) resume(t *rapid.T) {
	if len(h.pending) == 0 {
		return
	}
	r := h.pending[0]
	h.pending = h.pending[1:]
	h.carryOut(t, r)
}

// countDue does what the workers do every minute. A job may be killed before it has booked, or after.
func (h *history) countDue(t *rapid.T) {
	h.failing = rapid.SampledFrom([]string{"", "", "before", "after"}).Draw(t, "killed")
	if rapid.Bool().Draw(t, "two at once") {
		*h.between = func() {
			h.receive(t)
			h.countBy(t, h.services[1])
		}
	}
	h.countBy(t, h.services[0])
	h.failing, *h.between = "", nil
}

func (h *history) countBy(t *rapid.T, s *usage.Service) {
	work, err := s.Due(t.Context())
	require.NoError(t, err)
	for _, w := range work {
		if w.Tenant != h.tenant {
			continue
		}
		if _, err := s.CountHours(t.Context(), h.tenant, w.Hours); !errors.Is(err, errKilled) {
			require.NoError(t, err)
		}
		for _, p := range w.Months {
			if _, err := s.CountMonth(t.Context(), h.tenant, p); !errors.Is(err, errKilled) {
				require.NoError(t, err)
			}
		}
	}
}

func (h *history) pass(t *rapid.T) {
	h.now = h.now.Add(time.Duration(rapid.IntRange(1, 30).Draw(t, "hours")) * time.Hour)
}

// want is what every hour comes to by the model.
func (h *history) want() map[cell]int64 {
	counted := map[cell]map[ingest.ReceiptID]bool{}
	for c, receipts := range h.removed {
		counted[c] = maps.Clone(receipts)
	}
	users := map[time.Time]map[string]map[time.Time]bool{}
	for month, all := range h.users {
		users[month] = map[string]map[time.Time]bool{}
		for user, hours := range all {
			users[month][user] = maps.Clone(hours)
		}
	}
	for _, e := range h.visible {
		if counted[e.cell()] == nil {
			counted[e.cell()] = map[ingest.ReceiptID]bool{}
		}
		counted[e.cell()][e.receipt] = true
		if e.bot == "" && e.user != "" {
			addUser(users, e)
		}
	}
	want := map[cell]int64{}
	for c, receipts := range counted {
		want[c] = int64(len(receipts))
	}
	for _, all := range users {
		for _, hours := range all {
			want[cell{billing.TrackedUsers, slices.MinFunc(slices.Collect(maps.Keys(hours)), time.Time.Compare)}]++
		}
	}
	return want
}

func (h *history) months() []billing.Period {
	first := billing.PeriodOf(begin())
	return []billing.Period{first, first.Next()}
}

// ledger is what every hour comes to by the ledger, once what is to be counted is. What is 0 is left out.
func (h *history) ledger(t *rapid.T) map[cell]int64 {
	got := map[cell]int64{}
	for _, p := range h.months() {
		_, err := h.services[1].CountMonth(t.Context(), h.tenant, p)
		require.NoError(t, err)
	}
	for _, p := range h.months() {
		entries, err := h.store.Usage().Newest(t.Context(), h.tenant, p.From, p.To)
		require.NoError(t, err)
		for _, e := range entries {
			if e.Quantity != 0 {
				got[cell{e.Meter, e.Hour}] = e.Quantity
			}
		}
	}
	return got
}

// lookAtBooks finds what must never stand in a ledger.
func (h *history) lookAtBooks(t *rapid.T) {
	var bad int
	require.NoError(t, h.pool.WithTenant(t.Context(), uuid.UUID(h.tenant), func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), `
		SELECT count(*) FROM (
			SELECT quantity - coalesce(lag(quantity) OVER w, 0) <> delta OR revision <> 1 + coalesce(lag(revision) OVER w, 0) AS bad
			FROM usage_ledger WHERE tenant_id = $1 WINDOW w AS (PARTITION BY meter, hour ORDER BY revision)
		) AS lines WHERE bad`, uuid.UUID(h.tenant)).Scan(&bad)
	}))
	require.Zero(t, bad, "revisions follow each other, and so do their quantities")
}

// TestTheLedgerIsARecount lets random things happen to a tenant's events while they are counted by workers that are killed and overtake each
// other: the ledger is what a model counts that knows nothing of any of this.
func TestTheLedgerIsARecount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rapid.Check(t, func(t *rapid.T) {
		h := newHistory(t, w)
		for range rapid.IntRange(4, 12).Draw(t, "steps") {
			switch step := rapid.SampledFrom([]string{"receive", "receive", "resend", "rewrite", "erase", "resume", "count", "count", "pass", "merge"}).Draw(t, "step"); step {
			case "receive":
				h.receive(t)
			case "resend":
				h.resend(t)
			case "rewrite":
				h.rewrite(t)
			case "erase":
				before := h.want()
				h.erase(t)
				after := h.want()
				require.Equal(t, before, after, "what is removed counts still")
			case "resume":
				h.resume(t)
			case "count":
				h.countDue(t)
			case "merge":
				require.NoError(t, h.conn.Exec(t.Context(), "OPTIMIZE TABLE events FINAL"))
			case "pass":
				h.pass(t)
			}
		}
		require.Equal(t, h.want(), h.ledger(t))
		h.lookAtBooks(t)
	})
}
