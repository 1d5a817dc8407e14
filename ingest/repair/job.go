package repair

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/ingest"
)

// chunk is a part of a replay that went into the log.
type chunk struct {
	end    ingest.Offset // behind its record; 0 when there was nothing to append
	cursor Cursor        // behind its events
	counts Counts        // of those that were not appended
	sent   int64
	faults []Problem
}

// job is a replay while it is worked on.
type job struct {
	*Replay
	r        *Runner
	mapping  Mapping
	until    time.Time
	progress Progress
	cursor   Cursor // of what was read
	under    []chunk
	sent     int64 // settled, by this job
	base     base
	rate     rate
	noted    time.Time

	stored   map[string]time.Time // IDs of a lap that were stored before
	lapLeft  int
	lapUntil time.Time
}

// base is what there was when the job began.
type base struct{ outcomes, skipped int64 }

func newJob(r *Runner, claimed *Replay) *job {
	return &job{Replay: claimed, r: r, progress: claimed.Progress, cursor: claimed.Progress.Cursor, until: claimed.StartedAt.UTC()}
}

// run works until the replay is over, or somebody wants it to rest, or ctx ends.
func (j *job) run(ctx context.Context) error {
	var err error
	if j.mapping, err = j.Validate(); err != nil {
		return err
	}
	if err := j.begin(ctx); err != nil {
		return err
	}
	wanted, exhausted := j.State, false
	for {
		j.settle()
		if j.r.deps.Now().Sub(j.noted) >= noteEvery {
			if wanted, err = j.note(ctx); err != nil {
				return err
			}
		}
		switch resting := exhausted || wanted != Running; {
		case !resting && len(j.under) < underWay:
			if exhausted, err = j.next(ctx); err != nil {
				return err
			}
		case len(j.under) > 0:
			if err := j.await(ctx); err != nil {
				return err
			}
		default:
			return j.end(ctx, wanted)
		}
	}
}

// begin waits until whatever an earlier job has left in the log is settled, so that it is known what there is to do.
func (j *job) begin(ctx context.Context) error {
	if err := j.r.deps.Sink.WaitSettled(ctx, j.r.deps.Log.End()); err != nil {
		return err
	}
	if err := j.recount(ctx); err != nil {
		return err
	}
	j.base = base{outcomes: j.progress.Counts.Stored + j.progress.Counts.Duplicate, skipped: j.progress.Counts.Skipped}
	j.rate = rate{at: j.r.deps.Now(), done: j.progress.Counts.LookedAt()}
	if j.progress.Counts.Found > 0 {
		return nil
	}
	var err error
	switch j.Kind {
	case Repair:
		j.progress.Counts.Found, err = j.r.deps.Archive.CountDeadLetters(ctx, j.Tenant, j.letters(0))
	case History:
		j.progress.Counts.Found, err = j.r.deps.Archive.CountEvents(ctx, j.Tenant, j.events())
	case Release:
		j.progress.Counts.Found, err = j.r.deps.Archive.CountHeld(ctx, j.Tenant, j.held(0))
	}
	return err
}

// next reads a chunk and appends what comes of it.
func (j *job) next(ctx context.Context) (exhausted bool, err error) {
	var c *chunk
	switch j.Kind {
	case Repair:
		c, err = j.repair(ctx)
	case History:
		c, err = j.rerun(ctx)
	case Release:
		c, err = j.release(ctx)
	}
	if err != nil || c == nil {
		return c == nil, err
	}
	j.under = append(j.under, *c)
	j.cursor = c.cursor
	return false, nil
}

// append makes a chunk's events durable.
func (j *job) append(ctx context.Context, kind ingest.ReplayKind, events []ingest.Replayed) (ingest.Offset, error) {
	if len(events) == 0 {
		return 0, nil
	}
	record := ingest.AppendReplay(nil, ingest.ReplayHeader{
		Kind: kind, Tenant: j.Tenant, Replay: uuid.UUID(j.ID), At: j.r.deps.Now().UTC().Truncate(time.Millisecond),
	}, events)
	end, err := j.r.deps.Log.Append(ctx, record)
	if err != nil {
		return 0, fmt.Errorf("append replayed events to log: %w", err)
	}
	return end, nil
}

// passes tells whether an event may go into the log for the sake of the people whom it is about. One of somebody else goes without an anonymous ID
// that was erased; one that is only suppressed stays, because it may be all that tells whose it is.
func passes(judge ingest.Judge, e *ingest.Event, receipt ingest.ReceiptID) bool {
	if judge == nil {
		return true
	}
	fate := ingest.VerdictOf(judge, e, receipt.ReceivedAt())
	if fate&ingest.Unlink != 0 && ingest.ErasureOf(judge, e, receipt.ReceivedAt())&ingest.Unlink != 0 {
		e.AnonymousID = nil
	}
	return fate&^ingest.Unlink == ingest.Pass
}

// settle takes over what the sink has settled.
func (j *job) settle() {
	settled := j.r.deps.Sink.Settled()
	for len(j.under) > 0 && j.under[0].end <= settled {
		c := &j.under[0]
		p := &j.progress
		p.Cursor = c.cursor
		p.Counts.StillQuarantined += c.counts.StillQuarantined
		p.Counts.Unchanged += c.counts.Unchanged
		j.sent += c.sent
		j.base.skipped += c.counts.Skipped
		if j.Kind == History {
			p.Counts.Stored += c.sent
		}
		for _, f := range c.faults {
			p.Problems = addProblems(p.Problems, f)
		}
		j.under = j.under[1:]
	}
}

// await waits until the oldest chunk is settled, or it is time to write down how far the replay is.
func (j *job) await(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, noteEvery)
	defer cancel()
	err := j.r.deps.Sink.WaitSettled(limited, j.under[0].end)
	if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}

// recount asks the store what became of what was sent. What a job before this one has sent without writing it down is found that way.
func (j *job) recount(ctx context.Context) error {
	if j.Kind == History {
		return nil
	}
	stored, duplicate, err := j.r.deps.Archive.RepairedBy(ctx, j.Tenant, j.ID)
	if err != nil {
		return err
	}
	j.progress.Counts.Stored, j.progress.Counts.Duplicate = stored, duplicate
	return nil
}

// note writes down how far the replay is.
func (j *job) note(ctx context.Context) (State, error) {
	if err := j.count(ctx); err != nil {
		return "", err
	}
	j.progress.PerSecond = j.rate.per(j.r.deps.Now(), j.progress.Counts.LookedAt())
	j.noted = j.r.deps.Now()
	return j.r.deps.Queue.NoteReplay(ctx, j.r.deps.LogID, j.ID, j.progress, j.noted)
}

// count brings the counts up to date.
func (j *job) count(ctx context.Context) error {
	c := &j.progress.Counts
	underWay := int64(0)
	for i := range j.under {
		underWay += j.under[i].sent
	}
	c.Replayed = underWay
	if j.Kind == History {
		c.Skipped = j.base.skipped
		return nil
	}
	if err := j.recount(ctx); err != nil {
		return err
	}
	outcomes := c.Stored + c.Duplicate - j.base.outcomes
	c.Skipped = j.base.skipped + max(0, j.sent-outcomes) // the sink has left them out
	c.Replayed = max(0, underWay-max(0, outcomes-j.sent))
	return nil
}

// end writes down that the replay is over, or rests. Nothing of it is under way.
func (j *job) end(ctx context.Context, wanted State) error {
	if err := j.count(ctx); err != nil {
		return err
	}
	if j.Kind == Release {
		if err := j.r.deps.Archive.RemoveReleased(ctx, j.Tenant, j.ID, j.until); err != nil {
			return err
		}
	}
	j.progress.PerSecond = 0
	j.progress.Problems = sortedProblems(j.progress.Problems)
	state := Done
	switch wanted {
	case Pausing:
		state = Paused
	case Cancelling:
		state = Cancelled
	case Waiting, Running, Paused, Cancelled, Done, Failed: // its events are exhausted
	}
	return j.r.deps.Queue.EndReplay(ctx, j.r.deps.LogID, j.ID, state, j.progress, "", j.r.deps.Now())
}

// rate is how many events a second, over the last seconds.
type rate struct {
	at    time.Time
	done  int64
	value float64
}

func (r *rate) per(now time.Time, done int64) float64 {
	took := now.Sub(r.at).Seconds()
	if took <= 0 {
		return r.value
	}
	const weight = 0.3 // of the newest measurement
	measured := max(0, float64(done-r.done)/took)
	if r.value == 0 {
		r.value = measured
	}
	r.value += weight * (measured - r.value)
	r.at, r.done = now, done
	return r.value
}
