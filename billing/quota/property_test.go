package quota_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/billingpg"
	"github.com/observatory/observatory/billing/quota"
	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tenants"
)

// send has a node accept a request, of which some events are bots' and some are sent twice.
func (w *world) send(n *node, size int) {
	w.now = w.now.Add(time.Second)
	receipt := ingest.NewReceiptID(w.now, size, true)
	header := ingest.Header{Sender: ingest.Sender{Tenant: w.tenant}, Receipt: receipt, ReceivedAt: receipt.ReceivedAt()}
	items := make([]ingest.Item, size)
	for i := range items {
		items[i].Event = ingest.Event{Type: ingest.Track, Name: []byte("sale"), ID: fmt.Appendf(nil, "%s-%d", uuid.UUID(receipt), i), Time: w.now}
		at := spot{receipt, i}
		w.sent[at] = true
		switch {
		case i%11 == 3:
			items[i].Event.Bot = []byte("declared")
			w.bots[at] = true
		case i%13 == 5:
			items[i].Event.ID = items[i-1].Event.ID
		}
	}
	_, err := n.log.Append(context.Background(), ingest.AppendRecord(nil, header, items))
	require.NoError(w.t, err)
}

// release puts all that is held into the log of a node.
func (w *world) release(n *node) {
	if len(w.held) == 0 {
		return
	}
	events := make([]ingest.Replayed, 0, len(w.held))
	for _, e := range w.held {
		events = append(events, e)
	}
	_, err := n.log.Append(context.Background(), ingest.AppendReplay(nil, ingest.ReplayHeader{
		Kind: ingest.QuotaRelease, Tenant: w.tenant, Replay: uuid.New(), At: w.now,
	}, events))
	require.NoError(w.t, err)
}

func (w *world) limit(events int64) {
	_, err := w.book.Change(context.Background(), w.tenant, w.now, func(q quota.Quota) (quota.Quota, *tenants.AuditEntry) {
		q.Limit = &quota.Limit{Events: events, Hold: true, KeepDays: 30, Because: quota.OfPlan}
		return q, nil
	})
	require.NoError(w.t, err)
	for _, n := range w.nodes {
		n.follow()
	}
}

// check holds what is stored against the limit.
func (w *world) check(limit int64) {
	for at := range w.sent {
		_, stored := w.stored[at]
		_, held := w.held[at]
		require.False(w.t, stored && held, "stored and held")
		require.LessOrEqual(w.t, w.outcomes[at], 1)
	}
	for at := range w.bots {
		require.NotContains(w.t, w.held, at)
	}
	require.LessOrEqual(w.t, w.metered-w.passed, limit, "more than the limit, and PostgreSQL was there")
	if len(w.held) > 0 {
		require.GreaterOrEqual(w.t, w.metered, limit-limit/100, "held too early")
	}
}

// TestQuotaHolds has several nodes store events of a tenant, die, lose their disks' caches, lose PostgreSQL and come back, while claims are given
// back now and then. Whatever happens, the limit is not exceeded but by what passed while PostgreSQL was away, next to nothing is held too early,
// and every event is stored or held, once. With more room what was held is stored, once.
func TestQuotaHolds(t *testing.T) {
	t.Parallel()
	pool, err := pg.Open(t.Context(), testkit.Postgres(t), pg.Options{MaxConns: 4})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	rapid.Check(t, func(t *rapid.T) {
		w := &world{
			t: t, book: billingpg.New(pool).Quotas(nil, slog.New(slog.DiscardHandler)), tenant: tenants.NewID(), now: time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC),
			done: map[uuid.UUID]bool{}, passing: map[uuid.UUID]bool{}, stored: map[spot]string{}, held: map[spot]ingest.Replayed{}, outcomes: map[spot]int{},
			sent: map[spot]bool{}, bots: map[spot]bool{},
		}
		require.NoError(t, pool.WithTenant(context.Background(), uuid.UUID(w.tenant), func(tx pgx.Tx) error {
			_, err := tx.Exec(context.Background(), "INSERT INTO tenants (id, name, timezone, created_at) VALUES ($1, 'T', 'UTC', now())", uuid.UUID(w.tenant))
			return err
		}))
		for range rapid.IntRange(1, 3).Draw(t, "nodes") {
			w.nodes = append(w.nodes, &node{w: w, id: uuid.New(), disk: vfs.NewCrashableMem()})
		}
		limit := int64(rapid.IntRange(50, 800).Draw(t, "limit"))
		w.limit0(limit)
		for _, n := range w.nodes {
			n.start()
		}
		for range rapid.IntRange(10, 60).Draw(t, "steps") {
			n := w.nodes[rapid.IntRange(0, len(w.nodes)-1).Draw(t, "node")]
			switch rapid.SampledFrom([]string{"send", "send", "send", "drain", "drain", "publish", "kill", "fail", "away", "back", "back"}).Draw(t, "step") {
			case "send":
				w.send(n, rapid.IntRange(1, 60).Draw(t, "events"))
			case "drain":
				n.drain()
			case "publish":
				_ = n.gate.Publish(context.Background()) // fails while PostgreSQL is away
			case "kill":
				n.kill()
			case "fail":
				n.fails = rapid.SampledFrom([]string{"begin", "before", "after"}).Draw(t, "fails")
				n.drain()
			case "away":
				w.away = w.away || rapid.IntRange(0, 2).Draw(t, "seldom") == 0
			case "back":
				w.away = false
				w.now = w.now.Add(3 * time.Second)
				for _, n := range w.nodes {
					n.follow()
				}
			}
		}
		w.settle()
		w.check(limit)

		limit += int64(rapid.IntRange(0, 200).Draw(t, "more room"))
		w.limit(limit)
		w.release(w.nodes[0])
		w.release(w.nodes[0]) // a release that was cut short and begins again
		w.settle()
		w.check(limit)

		w.limit(1 << 40)
		w.release(w.nodes[len(w.nodes)-1])
		w.settle()
		require.Empty(t, w.held)
		require.Len(t, w.stored, len(w.sent)-w.lost, "every event is stored once, but for those that came twice")
		counted, err := w.book.Used(context.Background(), w.tenant, billing.PeriodOf(w.now))
		require.NoError(t, err)
		require.Equal(t, w.metered, counted)
		for _, n := range w.nodes {
			n.stop()
		}
	})
}

// settle has PostgreSQL come back, and every node store what it has.
func (w *world) settle() {
	w.away = false
	w.now = w.now.Add(3 * time.Second)
	for _, n := range w.nodes {
		n.fails = ""
		n.follow()
		n.drain()
		require.NoError(w.t, n.gate.Publish(context.Background()))
	}
}

// limit0 is limit for nodes that have not begun.
func (w *world) limit0(events int64) {
	nodes := w.nodes
	w.nodes = nil
	w.limit(events)
	w.nodes = nodes
}
