package erasure_test

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/observatory/observatory/cmd/observatory/bridge"
	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/eventlog"
	"github.com/observatory/observatory/ingest/repair"
	"github.com/observatory/observatory/ingest/sinkstate"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/suppress"
)

// node accepts events, carries them into the store, and replays them.
type node struct {
	disk      *disk
	log       *eventlog.Log
	state     *sinkstate.State
	sink      *ingest.Sink
	agent     *privacy.LogAgent
	collector *ingest.Collector
	cancel    context.CancelFunc
	running   sync.WaitGroup
}

// newNode starts a node on what lies on a disk, in the order in which a server starts.
func newNode(ctx context.Context, h *house, d *disk) (n *node, err error) {
	n = &node{disk: d}
	fs := d.fs()
	if n.state, err = sinkstate.Open(sinkstate.Config{FS: fs, Dir: "sink", Secret: h.secret, Logger: h.logger}); err != nil {
		return nil, err
	}
	settled, _, err := n.state.Load()
	if err != nil {
		return nil, err
	}
	if n.log, err = eventlog.Open(eventlog.Config{FS: fs, Dir: "log", SegmentBytes: 20_000, Floor: settled, Logger: h.logger}); err != nil {
		return nil, err
	}
	n.agent = privacy.NewLogAgent(privacy.LogAgentConfig{
		Log: h.log, Kind: privacy.LocalLog, Host: "test", Node: bridge.NodeLog(n.log, func() ingest.Offset { return n.sink.Settled() }), Logs: mortalLogs{h.logs, d}, Now: time.Now, Logger: h.logger,
	})
	set := suppress.NewSet(suppress.Config{Keys: h.keys, Feed: h.control, Applied: n.agent.Applied, Log: h.logger, Now: time.Now})
	suppression := bridge.Suppression(set)
	n.sink, err = ingest.NewSink(ingest.SinkConfig{MaxBytes: 30_000, Interval: 200 * time.Millisecond}, ingest.SinkDeps{
		Log: gatedLog{n.log, &h.reads}, State: mortalState{n.state, d}, Store: gatedStore{mortalStore{h.store.Writer(h.log), d}, &h.writes}, Now: time.Now, Logger: h.logger, Suppression: suppression,
	})
	if err != nil {
		return nil, err
	}
	n.collector = ingest.NewCollector(ingest.CollectorDeps{
		Log: n.log, Prepare: h.pipeline, Receipts: h.receipts, Limits: ingest.NewRateLimits(0), Suppression: suppression, Now: time.Now,
	})
	runner := repair.NewRunner(repair.RunnerDeps{
		Queue: h.declared, Archive: h.store, Prepare: h.pipeline, Suppression: suppression, Log: n.log, LogID: h.log, Sink: n.sink, Now: time.Now, Logger: h.logger, ChunkEvents: 7,
	})
	ctx, n.cancel = context.WithCancel(ctx)
	if err := errors.Join(n.agent.Begin(ctx), set.Refresh(ctx)); err != nil {
		return nil, err
	}
	for _, run := range []func(context.Context) error{n.sink.Run, runner.Run, n.agent.Run, set.Run} {
		n.running.Go(func() { _ = run(ctx) })
	}
	return n, nil
}

// stop ends the node. One that is alive stores what it has, and says that it ends.
func (n *node) stop(ctx context.Context) (err error) {
	n.cancel()
	n.running.Wait()
	if n.disk.alive() == nil {
		err = errors.Join(n.sink.Drain(ctx), n.agent.End(ctx))
	}
	_ = n.log.Close() // of the dead nobody expects anything
	_ = n.state.Close()
	return err
}
