package quota_test

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/billingpg"
	"github.com/observatory/observatory/billing/quota"
	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/eventlog"
	"github.com/observatory/observatory/ingest/sinkstate"
	"github.com/observatory/observatory/tenants"
)

var (
	errAway   = errors.New("PostgreSQL is away")
	errKilled = errors.New("killed")
)

// spot is a place in a request.
type spot struct {
	receipt ingest.ReceiptID
	index   int
}

// world is an installation with several nodes, one store and one PostgreSQL, and a tenant.
type world struct {
	t      *rapid.T
	book   billingpg.Quotas
	tenant tenants.ID
	now    time.Time
	away   bool // PostgreSQL
	nodes  []*node

	done     map[uuid.UUID]bool // ranges that are stored
	passing  map[uuid.UUID]bool // ranges that were begun while PostgreSQL was away
	stored   map[spot]string    // event ID
	held     map[spot]ingest.Replayed
	outcomes map[spot]int // how many times an event was said to be stored
	metered  int64        // of what is stored
	passed   int64        // of that, while PostgreSQL was away
	lost     int          // of two requests in one, those that came twice
	sent     map[spot]bool
	bots     map[spot]bool
}

// Claim implements quota.Claims.
func (w *world) Claim(ctx context.Context, log uuid.UUID, wanted []quota.Want) ([]quota.Grant, error) {
	if w.away {
		return nil, errAway
	}
	return w.book.Claim(ctx, log, wanted)
}

// Publish implements quota.Claims.
func (w *world) Publish(ctx context.Context, log uuid.UUID, counts []quota.Count) error {
	if w.away {
		return errAway
	}
	return w.book.Publish(ctx, log, counts)
}

// Write implements ingest.Store.
func (w *world) write(n *node, s *ingest.Settlement) error {
	if n.fails == "before" {
		return errKilled
	}
	if !w.done[s.Range.ID] {
		w.done[s.Range.ID] = true
		for i := range s.Events {
			e := &s.Events[i]
			at := spot{e.Receipt, e.Index}
			require.NotContains(w.t, w.stored, at, "stored twice")
			w.stored[at] = string(e.ID)
			delete(w.held, at)
			if len(e.Bot) == 0 {
				w.metered++
				if w.passing[s.Range.ID] {
					w.passed++
				}
			}
		}
		for i := range s.Held {
			h := &s.Held[i]
			at := spot{h.Receipt, h.Index}
			require.Equal(w.t, ingest.CodeOverQuota, h.Reason)
			require.Equal(w.t, h.ReceivedAt.AddDate(0, 0, 30).Truncate(time.Second), h.Until)
			require.Empty(w.t, h.Bot, "bots do not count")
			require.NotContains(w.t, w.held, at, "held twice")
			event := h.Event
			event.ID, event.Name = append([]byte(nil), h.ID...), append([]byte(nil), h.Name...)
			w.held[at] = ingest.Replayed{Source: h.Source, Key: h.Key, Receipt: h.Receipt, Index: h.Index, HeldAt: h.At, Event: event}
		}
		for _, r := range s.Receipts {
			for i := range r.EventIDs {
				w.outcomes[spot{r.Receipt, i}]++
			}
			for _, o := range r.Exceptions {
				if o.Status == ingest.Duplicate {
					w.lost++
				}
			}
		}
	}
	if n.fails == "after" {
		return errKilled
	}
	return nil
}

// node is one of the nodes, with a disk that outlives it.
type node struct {
	w     *world
	id    uuid.UUID
	disk  *vfs.MemFS
	log   *eventlog.Log
	state *sinkstate.State
	sink  *ingest.Sink
	gate  *quota.Gate
	fails string // where it dies next: "begin", "before" or "after" a batch is stored
}

func (n *node) start() {
	t := n.w.t
	var err error
	n.state, err = sinkstate.Open(sinkstate.Config{FS: n.disk, Dir: "sink", Secret: []byte("secret"), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	settled, _, err := n.state.Load()
	require.NoError(t, err)
	n.log, err = eventlog.Open(eventlog.Config{FS: n.disk, Dir: "log", Floor: settled, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	n.gate = quota.NewGate(quota.GateConfig{Log: n.id, Claims: n.w, Feed: n.w.book, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return n.w.now }})
	n.follow()
	n.sink, err = ingest.NewSink(ingest.SinkConfig{MaxBytes: 20_000}, ingest.SinkDeps{
		Log: n.log, State: beginning{n.state, n}, Store: storing{n}, Now: func() time.Time { return n.w.now }, Logger: slog.New(slog.DiscardHandler), Quota: asking{n.gate},
	})
	require.NoError(t, err)
}

// follow has the gate know what holds. What it knew lasts while PostgreSQL is away; one that starts then knows nothing.
func (n *node) follow() {
	if !n.w.away {
		require.NoError(n.w.t, n.gate.Refresh(context.Background()))
	}
}

func (n *node) stop() {
	require.NoError(n.w.t, n.log.Close())
	require.NoError(n.w.t, n.state.Close())
}

// kill cuts the power, and starts the node again on what that leaves of the disk.
func (n *node) kill() {
	left := n.disk.CrashClone(vfs.CrashCloneCfg{})
	n.stop()
	n.disk, n.fails = left, ""
	n.start()
}

// drain stores what the log holds. A node that dies meanwhile starts again.
func (n *node) drain() {
	if err := n.sink.Drain(context.Background()); err != nil {
		require.ErrorIs(n.w.t, err, errKilled)
		n.kill()
	}
}

// beginning is a state that dies when a range is begun, or notes whether PostgreSQL was away then.
type beginning struct {
	*sinkstate.State
	n *node
}

func (b beginning) Begin(r ingest.Range) error {
	if b.n.fails == "begin" {
		return errKilled
	}
	b.n.w.passing[r.ID] = b.n.w.away
	return b.State.Begin(r)
}

type storing struct{ n *node }

func (s storing) Write(_ context.Context, set *ingest.Settlement, _ bool) error {
	return s.n.w.write(s.n, set)
}

// asking is the ingest.Quota of a gate.
type asking struct{ *quota.Gate }

func (a asking) Admit(ctx context.Context, asked []ingest.Asked) (out []ingest.Admission) {
	batch := make([]quota.Want, len(asked))
	for i, q := range asked {
		batch[i] = quota.Want{Tenant: q.Tenant, Month: billing.PeriodOf(q.Month.From()), Counted: q.Before, Events: q.Events}
	}
	for _, g := range a.Gate.Admit(ctx, batch) {
		out = append(out, ingest.Admission{
			Metered: ingest.Metered{Tenant: g.Tenant, Month: ingest.MonthOf(g.Month.From), Events: g.Events}, Verdict: ingest.HoldQuota, KeepDays: g.KeepDays,
		})
	}
	return out
}

func (a asking) Settled(stored []ingest.Metered) {
	counts := make([]quota.Count, len(stored))
	for i, s := range stored {
		counts[i] = quota.Count{Tenant: s.Tenant, Month: billing.PeriodOf(s.Month.From()), Counted: s.Events}
	}
	a.Gate.Settled(counts)
}
