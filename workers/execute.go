package workers

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"strings"
	"time"

	"github.com/hibiken/asynq"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/internal/pg"
)

const claimLimit = 5 * time.Second

var errTimeout = errors.New("it took too long")

// receive does the job that a message is about, unless somebody else has it. What it cannot find out, because the ledger is
// away, is left to a later message.
func (w *Workers) receive(ctx context.Context, queue jobs.Queue, t *asynq.Task) {
	m, err := decode(queue, t)
	if err != nil {
		w.Logger.Warn("a message in Redis is none of ours", "error", err)
		return
	}
	h, ok := w.handlers[m.Kind]
	if !ok {
		return // of another version of the program, whose workers are sent a message soon
	}
	w.held.enter()
	defer w.held.leave()
	w.slots[queue] <- struct{}{} // asynq gives up jobs that ours does not, when Redis is away for long
	defer func() { <-w.slots[queue] }()
	if w.draining.Load() {
		return
	}
	before := time.Now()
	limited, cancel := context.WithTimeout(ctx, claimLimit)
	claim, err := w.Ledger.Claim(limited, m, w.self.ID)
	cancel()
	if err != nil {
		w.Logger.Warn("a job could not be claimed; a later message does it", "job", m.ID, "kind", m.Kind, "error", err)
		return
	}
	if claim != nil {
		w.do(ctx, h, *claim, before.Add(w.Ledger.Lease()))
	}
}

// do runs the handler and writes down how it went.
func (w *Workers) do(ctx context.Context, h Handler, c jobs.Claim, until time.Time) {
	run, end := context.WithCancelCause(ctx)
	defer end(nil)
	w.held.add(c.Held, end, until)
	defer w.held.remove(c.Held)
	limit := h.timeout
	if c.Left != nil {
		limit = min(limit, *c.Left)
	}
	run, cancel := context.WithTimeoutCause(run, limit, errTimeout)
	defer cancel()

	began := time.Now()
	err := call(run, h, jobs.NewRun(c, w.Ledger, w.draining.Load))
	took := time.Since(began)
	e := judge(err, context.Cause(run), c, limit)
	w.runs.WithLabelValues(c.Kind, string(e.Outcome)).Inc()
	w.took.WithLabelValues(c.Kind).Observe(took.Seconds())
	log := w.Logger.With("job", c.ID, "kind", c.Kind, "attempt", c.Attempt, "took", took, "correlation_id", c.Correlation)
	if e.Outcome == jobs.OutcomeFailed {
		log.Error("a job failed", "error", e.Cause, "permanent", e.Permanent)
	}
	switch err := w.end(ctx, c.Held, e); {
	case errors.Is(err, jobs.ErrLost) && e.Outcome == jobs.OutcomeOK:
		log.Debug("a job was ended in the transaction of its effect, or taken away") // the ledger knows which
	case errors.Is(err, jobs.ErrLost):
		log.Warn("a job was taken away while it ran")
	case err != nil:
		log.Error("how a job went could not be written down; it runs again when its lease is over", "outcome", e.Outcome, "error", err)
	}
	if w.more.Load() {
		w.lookSoon()
	}
}

// call makes an error of a panic.
func call(ctx context.Context, h Handler, r *jobs.Run) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return h.run(ctx, r)
}

// judge says how an attempt ended: by what the handler returned, and by why its context ended.
func judge(err, ended error, c jobs.Claim, limit time.Duration) jobs.Ending {
	if err == nil {
		return jobs.Ending{Outcome: jobs.OutcomeOK}
	}
	after, yielded := jobs.Yielded(err)
	switch {
	case yielded:
		return jobs.Ending{Outcome: jobs.OutcomeYielded, After: after}
	case errors.Is(err, jobs.ErrPaused):
		return jobs.Ending{Outcome: jobs.OutcomePaused}
	case errors.Is(err, jobs.ErrCancelled), errors.Is(ended, jobs.ErrCancelled):
		return jobs.Ending{Outcome: jobs.OutcomeCancelled}
	case errors.Is(ended, errInterrupted), errors.Is(ended, jobs.ErrLost), errors.Is(err, jobs.ErrLost):
		return jobs.Ending{Outcome: jobs.OutcomeInterrupted, Error: "Its worker had to stop.", Cause: clean(err.Error())}
	}
	e := jobs.Ending{
		Outcome: jobs.OutcomeFailed, Error: clean(fault.From(err).Message), Cause: clean(err.Error()),
		Permanent: jobs.IsPermanent(err), After: jobs.Backoff(c.Failures+1, rand.Float64()), //nolint:gosec // nobody gains by guessing
	}
	if errors.Is(ended, errTimeout) {
		e.Error = fmt.Sprintf("It took longer than %s.", limit.Round(time.Millisecond))
		e.Permanent = c.Left != nil && limit == *c.Left // its deadline
	}
	return e
}

// clean makes a text that PostgreSQL takes, of a length that a person reads.
func clean(text string) string {
	const most = 8 << 10
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + " ..."
	}
	return text
}

// end writes down how an attempt ended. While the ledger is away it tries again, until the process has no time left: the
// job is done, and would otherwise be done a second time.
func (w *Workers) end(ctx context.Context, held jobs.Held, e jobs.Ending) error {
	const pause = 300 * time.Millisecond
	for {
		limited, cancel := context.WithTimeout(ctx, claimLimit)
		err := w.Ledger.End(limited, held, e)
		cancel()
		if !errors.Is(err, pg.ErrUnavailable) && !errors.Is(err, pg.ErrChanged) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}
