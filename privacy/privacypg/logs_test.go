package privacypg_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/eventlog"
	"github.com/observatory/observatory/internal/follow"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/migrations"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/privacypg"
)

// patience bounds waiting for what must happen.
const patience = 30 * time.Second

// node is a node with a real log. Its sink is the test.
type node struct {
	*eventlog.Log
	settled atomic.Int64
	agent   *privacy.LogAgent
	id      uuid.UUID
	stop    func()
}

func (n *node) Sync(ctx context.Context) (int64, error) {
	end, err := n.Log.Sync(ctx)
	return int64(end), err
}

func (n *node) Settled() int64 { return n.settled.Load() }

func (n *node) Forget(before int64) (int64, error) {
	upTo, err := n.Log.Forget(ingest.Offset(before))
	return int64(upTo), err
}

func (n *node) add(t *testing.T, record string) {
	require.NoError(t, n.AppendLoosely(t.Context(), []byte(record)))
}

// settle stores everything that the log holds.
func (n *node) settle(t *testing.T) {
	end, err := n.Sync(t.Context())
	require.NoError(t, err)
	require.NoError(t, n.Trim(ingest.Offset(end)))
	n.settled.Store(end)
}

func startNode(t *testing.T, logs privacy.Logs, kind string, id uuid.UUID, host string, now func() time.Time) *node {
	log, err := eventlog.Open(eventlog.Config{FS: vfs.NewMem(), Dir: "log", Logger: testkit.Logger(t)})
	require.NoError(t, err)
	n := &node{Log: log, id: id}
	n.agent = privacy.NewLogAgent(privacy.LogAgentConfig{Log: id, Kind: kind, Host: host, Node: n, Logs: logs, Now: now, Logger: testkit.Logger(t)})
	require.NoError(t, n.agent.Begin(t.Context()))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.agent.Run(ctx) }()
	stopped := false
	n.stop = func() {
		if !stopped {
			stopped = true
			cancel()
			require.NoError(t, <-done)
		}
	}
	t.Cleanup(func() { n.stop(); log.Close() })
	return n
}

type world struct {
	logs     privacypg.Logs
	barriers *privacy.LogBarriers
	mark     func() follow.Mark // of a change that somebody writes now
}

func newWorld(t *testing.T) world {
	url := testkit.Postgres(t)
	require.NoError(t, pg.Migrate(t.Context(), url, migrations.Postgres()))
	pool, err := pg.Open(t.Context(), url, pg.Options{})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	logs := privacypg.NewLogs(pool)
	return world{logs: logs, barriers: privacy.NewLogBarriers(logs, logs, time.Now), mark: func() follow.Mark {
		var xid int64
		require.NoError(t, pool.AcrossTenants(t.Context(), func(tx pgx.Tx) error {
			return tx.QueryRow(t.Context(), "SELECT pg_current_xact_id()::text::bigint").Scan(&xid)
		}))
		return follow.Mark(xid + 1)
	}}
}

func (w world) barrier(t *testing.T, mark follow.Mark) (privacy.Position, bool, []string) {
	at, ready, waiting, err := w.barriers.Barrier(t.Context(), mark)
	require.NoError(t, err)
	require.Equal(t, ready, len(waiting) == 0)
	return at, ready, waiting
}

func (w world) eventually(t *testing.T, mark follow.Mark, want func(at privacy.Position, ready bool, waiting []string) bool) {
	t.Helper()
	require.Eventually(t, func() bool {
		at, ready, waiting, err := w.barriers.Barrier(t.Context(), mark)
		return err == nil && want(at, ready, waiting)
	}, patience, 20*time.Millisecond)
}

func TestBarrier(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ahead := func() time.Time { return time.Now().Add(time.Hour) }
	a := startNode(t, w.logs, privacy.LocalLog, uuid.New(), "a", time.Now)
	b := startNode(t, w.logs, privacy.LocalLog, uuid.New(), "b", ahead)
	for _, n := range []*node{a, b} {
		n.agent.Applied(w.mark(), false) // what there was at the start
	}
	a.add(t, "of the person")
	b.settle(t)

	mark := w.mark()
	_, ready, waiting := w.barrier(t, mark)
	require.False(t, ready)
	require.Len(t, waiting, 2, "no node has it in force")
	a.agent.Applied(mark, true)
	w.eventually(t, mark, func(_ privacy.Position, _ bool, waiting []string) bool { return len(waiting) == 1 })
	_, _, waiting = w.barrier(t, mark)
	require.Contains(t, waiting[0], b.id.String())
	require.Contains(t, waiting[0], "on b has not taken the suppression over")

	b.agent.Applied(w.mark(), true)
	applied := ahead()
	w.eventually(t, mark, func(_ privacy.Position, _ bool, waiting []string) bool {
		return len(waiting) == 1 && waiting[0][:4+36] == "Log "+a.id.String()
	})
	at, ready, waiting := w.barrier(t, mark)
	require.False(t, ready)
	require.Contains(t, waiting[0], "has still to store", "what was accepted before, loosely too, lies before the position")
	require.Len(t, at.Logs, 2)
	require.WithinRange(t, at.ReceivedBefore, applied.Add(-time.Minute), applied.Add(time.Minute), "the clock that is ahead counts")

	a.add(t, "of somebody else, later")
	a.settle(t)
	w.eventually(t, mark, func(_ privacy.Position, ready bool, _ []string) bool { return ready })
	all, err := a.Read(0, 1<<20)
	require.NoError(t, err)
	for _, e := range all {
		require.NotContains(t, string(e.Record), "of the person")
	}
	for _, n := range []*node{a, b} {
		n.add(t, "more")
		n.agent.Applied(w.mark(), true) // the logs grow, and the position stays
	}
	again, ready, _ := w.barrier(t, mark)
	require.True(t, ready)
	require.Equal(t, at, again)
}

// Suppressions that change again and again do not keep an older barrier from being passed.
func TestBarrierIsPassedUnderManyChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := startNode(t, w.logs, privacy.LocalLog, uuid.New(), "a", time.Now)
	n.add(t, "of the person")
	mark := w.mark()
	n.agent.Applied(mark, true)
	w.eventually(t, mark, func(at privacy.Position, _ bool, _ []string) bool { return len(at.Logs) == 1 })
	w.eventually(t, mark, func(_ privacy.Position, ready bool, _ []string) bool {
		n.settle(t)
		n.add(t, "not stored yet")
		n.agent.Applied(w.mark(), true)
		return ready
	})
}

func TestNodesThatEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	empty, crashed, full := startNode(t, w.logs, privacy.LocalLog, uuid.New(), "empty", time.Now), startNode(t, w.logs, privacy.LocalLog, uuid.New(), "crashed", time.Now), startNode(t, w.logs, privacy.LocalLog, uuid.New(), "full", time.Now)
	first := w.mark()
	for _, n := range []*node{empty, crashed, full} {
		n.add(t, "of the person")
		n.agent.Applied(first, true)
	}
	w.eventually(t, first, func(at privacy.Position, _ bool, _ []string) bool { return len(at.Logs) == 3 })
	empty.settle(t)
	for _, n := range []*node{empty, crashed, full} {
		n.stop()
	}
	require.NoError(t, empty.agent.End(t.Context()))
	require.NoError(t, full.agent.End(t.Context()))

	mark := w.mark()
	_, _, waiting := w.barrier(t, mark)
	require.Len(t, waiting, 2, "for the one whose log is empty nobody waits")
	require.ErrorIs(t, w.logs.Retire(t.Context(), uuid.New(), false), privacy.ErrNoLog)
	require.NoError(t, w.logs.Retire(t.Context(), crashed.id, false))
	require.NoError(t, w.logs.Retire(t.Context(), full.id, true))
	at, ready, _ := w.barrier(t, mark)
	require.True(t, ready)
	require.Len(t, at.Logs, 1)
	require.Equal(t, crashed.id, at.Logs[0].Log)
	require.True(t, at.Logs[0].Retired, "what it holds is out of reach")
	at, ready, _ = w.barrier(t, first)
	require.True(t, ready)
	for _, l := range at.Logs {
		require.Equal(t, l.Log == crashed.id, l.Retired)
	}

	back := startNode(t, w.logs, privacy.LocalLog, crashed.id, "crashed", time.Now)
	_, ready, waiting = w.barrier(t, w.mark())
	require.False(t, ready)
	require.Contains(t, waiting[0], back.id.String(), "a node that starts has to take the change over first")
	all, err := w.logs.List(t.Context())
	require.NoError(t, err)
	require.False(t, all[0].Retired, "it is in service again")
}

// A mark of another server, before a restore for example, says nothing about this one.
func TestMarksOfAnotherServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mark := w.mark()
	require.NoError(t, w.logs.Report(t.Context(), privacy.LogState{
		LogPosition: privacy.LogPosition{Log: uuid.New(), Kind: privacy.LocalLog, Host: "a", Clock: time.Now()}, Applied: mark + 1_000_000,
	}))
	_, ready, _ := w.barrier(t, mark)
	require.False(t, ready)
}

// Whoever restores an archive goes by what held when he began. Everybody who comes later waits until he has ended, or is known never to return.
func TestRestoreIsAwaited(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, end := range map[string]func(n *node){
		"ended":  func(n *node) { require.NoError(t, n.agent.End(t.Context())) },
		"killed": func(n *node) { require.NoError(t, w.logs.Retire(t.Context(), n.id, false)) },
	} {
		before := w.mark()
		n := startNode(t, w.logs, privacy.RestoreLog, uuid.New(), name, time.Now)
		n.agent.Applied(w.mark(), true)
		w.eventually(t, before, func(_ privacy.Position, ready bool, _ []string) bool { return ready })
		later := w.mark()
		_, ready, waiting := w.barrier(t, later)
		require.False(t, ready)
		require.Len(t, waiting, 1)
		require.Contains(t, waiting[0], "A restore on "+name)
		n.stop()
		end(n)
		at, ready, waiting := w.barrier(t, later)
		require.True(t, ready, waiting)
		require.Empty(t, at.Logs, "there is nothing in it to be looked through")
	}
}
