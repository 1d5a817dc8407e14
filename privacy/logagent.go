package privacy

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/follow"
)

// NodeLog is the durable log of a node, with the sink behind it. Offsets grow.
type NodeLog interface {
	// Sync returns the end of the log once everything that was added before is durable, or was refused.
	Sync(ctx context.Context) (end int64, err error)
	// Settled is the offset before which everything is stored.
	Settled() int64
	// Forget removes every byte of what lies before the offset, and returns up to where that is done. It is called again until it is.
	Forget(before int64) (upTo int64, err error)
}

// LogAgentConfig says whose agent it is, and what it works with.
type LogAgentConfig struct {
	Log    uuid.UUID
	Kind   string // LocalLog, KafkaLog or RestoreLog
	Host   string
	Node   NodeLog
	Logs   Logs
	Now    func() time.Time
	Logger *slog.Logger
}

// How often an agent looks.
const (
	agentBusy  = 200 * time.Millisecond // while something is to be stored, forgotten or reported
	agentTells = 2 * time.Second        // while somebody may be waiting
	agentIdle  = 10 * time.Second
)

// LogAgent looks after the log of one node: whenever the suppressions change it takes note of where in the log the change came into force,
// has the log forget what is before that as soon as it is stored, and tells how far it is.
type LogAgent struct {
	cfg  LogAgentConfig
	kick chan struct{}

	mu      sync.Mutex
	mark    follow.Mark // that was applied last
	changed bool        // since the position was taken

	state  LogState // of Run only, as are the rest
	target int64    // what is to be forgotten next: it stands still until it is, however often the position moves
	told   LogState // what was reported last
}

// NewLogAgent makes an agent. Begin, then Run it, then End.
func NewLogAgent(cfg LogAgentConfig) *LogAgent {
	a := &LogAgent{cfg: cfg, kick: make(chan struct{}, 1), changed: true}
	a.state.LogPosition = LogPosition{Log: cfg.Log, Kind: cfg.Kind, Host: cfg.Host}
	return a
}

// Begin says that the node is there and has nothing in force yet. It comes before the suppressions are read for the first time: whoever changes
// them later either waits for this node or is heard by it.
func (a *LogAgent) Begin(ctx context.Context) error {
	a.state.Clock, a.state.Settled = a.cfg.Now(), a.cfg.Node.Settled()
	return a.tell(ctx)
}

// Applied says that what was changed before the mark is in force on this node: no request is being accepted under what held before. changed
// tells whether that was any change at all. It returns at once.
func (a *LogAgent) Applied(mark follow.Mark, changed bool) {
	a.mu.Lock()
	a.mark, a.changed = mark, a.changed || changed
	changed = a.changed
	a.mu.Unlock()
	if !changed {
		return
	}
	select {
	case a.kick <- struct{}{}:
	default: // it is going to look
	}
}

// Run looks after the log until ctx ends, and returns nil then. A database or disk that fails is tried again.
func (a *LogAgent) Run(ctx context.Context) error {
	failing := false
	for {
		pause, err := a.look(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil && !failing { // once: it may go on for long
			a.cfg.Logger.Warn("how far this node's log is cannot be told; requests of data subjects wait", "error", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return nil
		case <-a.kick:
		case <-time.After(pause):
		}
	}
}

// look does what is to be done, and returns when to look again.
func (a *LogAgent) look(ctx context.Context) (time.Duration, error) {
	if err := a.position(ctx); err != nil {
		return agentBusy, err
	}
	if a.state.Applied == 0 {
		return agentBusy, nil
	}
	if err := a.forget(); err != nil {
		return agentBusy, err
	}
	since := a.cfg.Now().Sub(a.told.SeenAt)
	behind := a.state.Forgotten < a.state.End
	if progressed(a.told, a.state) || behind && since >= agentTells || since >= agentIdle {
		if err := a.tell(ctx); err != nil {
			return time.Second, err
		}
	}
	if behind {
		return agentBusy, nil
	}
	return agentIdle, nil
}

// position takes note of where in the log a change came into force.
func (a *LogAgent) position(ctx context.Context) error {
	a.mu.Lock()
	mark, changed := a.mark, a.changed
	if mark != 0 {
		a.changed = false
	}
	a.mu.Unlock()
	if mark == 0 {
		return nil
	}
	if changed {
		end, err := a.cfg.Node.Sync(ctx)
		if err != nil {
			a.mu.Lock()
			a.changed = true
			a.mu.Unlock()
			return err
		}
		a.state.End, a.state.Clock = end, a.cfg.Now()
	}
	a.state.Applied = mark
	return nil
}

// forget removes what is before the position, once that is stored.
func (a *LogAgent) forget() (err error) {
	a.state.Settled = a.cfg.Node.Settled()
	if a.state.Forgotten >= a.target {
		a.target = a.state.End
	}
	if a.state.Forgotten < a.target && a.state.Settled >= a.target {
		a.state.Forgotten, err = a.cfg.Node.Forget(a.target)
	}
	return err
}

// progressed tells whether something happened that somebody may wait for.
func progressed(before, now LogState) bool {
	return now.LogPosition != before.LogPosition || now.Empty != before.Empty ||
		(now.Settled >= now.End) != (before.Settled >= before.End) || now.Forgotten != before.Forgotten
}

func (a *LogAgent) tell(ctx context.Context) error {
	if err := a.cfg.Logs.Report(ctx, a.state); err != nil {
		return err
	}
	a.told = a.state
	a.told.SeenAt = a.cfg.Now()
	return nil
}

// End says that the node ends: nothing is accepted any more, and Run has ended. Where everything is stored the log is emptied, so that nobody
// waits for the node until it starts again.
func (a *LogAgent) End(ctx context.Context) error {
	end, err := a.cfg.Node.Sync(ctx)
	if err != nil {
		return err
	}
	a.state.Settled, a.state.Clock = a.cfg.Node.Settled(), a.cfg.Now()
	if a.state.Settled >= end {
		if a.state.Forgotten, err = a.cfg.Node.Forget(end); err != nil {
			return err
		}
		a.state.Empty = a.state.Forgotten >= end
	}
	return a.tell(ctx)
}
