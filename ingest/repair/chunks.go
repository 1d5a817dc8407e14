package repair

import (
	"context"
	"time"

	"github.com/observatory/observatory/ingest"
)

// letters are the dead letters that the job has not read yet.
func (j *job) letters(limit int) LettersInput {
	return LettersInput{Cause: j.Cause, After: j.cursor, Until: j.until, Limit: limit}
}

// events are the stored events that the job has not read yet.
func (j *job) events() EventsInput {
	return EventsInput{From: j.From, To: j.To, Names: j.Events, After: j.cursor, Until: j.until, Limit: j.r.deps.ChunkEvents}
}

// repair reads dead letters, puts them right, and appends those that fit the rules now. Nil: none is left.
func (j *job) repair(ctx context.Context) (*chunk, error) {
	err := j.lap(ctx, func(ctx context.Context) (map[string]time.Time, error) {
		return j.r.deps.Archive.StoredIDs(ctx, j.Tenant, j.letters(lapEvents))
	})
	if err != nil {
		return nil, err
	}
	letters, err := j.r.deps.Archive.DeadLetters(ctx, j.Tenant, j.letters(j.r.deps.ChunkEvents))
	if err != nil || len(letters) == 0 {
		return nil, err
	}
	letters = withinBytes(letters)
	j.lapLeft -= len(letters)
	all, done, err := j.r.mend.Mend(ctx, j.mapping, letters)
	if err != nil {
		return nil, err
	}
	defer done()
	view := j.r.deps.Suppression.Enter()
	defer view.Leave() // when it is in the log
	judge := view.Of(j.Tenant)
	c := &chunk{cursor: letters[len(letters)-1].cursor()}
	events := make([]ingest.Replayed, 0, len(all))
	for i := range all {
		switch m := &all[i]; {
		case m.Item == nil:
			c.counts.Skipped++
		case m.Item.Rejection != nil:
			c.counts.StillQuarantined++
			c.faults = addProblem(c.faults, m.Item.Rejection)
		case !passes(judge, &m.Item.Event, m.Letter.Receipt):
			c.counts.Skipped++
		default:
			l := m.Letter
			events = append(events, ingest.Replayed{
				Source: l.Source, Key: l.Key, Receipt: l.Receipt, Index: l.Index, CorrelationID: l.CorrelationID,
				Event: m.Item.Event, StoredAt: j.stored[l.EventID],
			})
		}
	}
	c.sent = int64(len(events))
	c.end, err = j.append(ctx, ingest.RepairReplay, events)
	return c, err
}

// lap looks up, for many events at once, whether one with the same ID is stored already. All that was received before the lap is
// stored when it looks; what is received after it the sink knows.
func (j *job) lap(ctx context.Context, lookUp func(context.Context) (map[string]time.Time, error)) error {
	if j.lapLeft > 0 && j.r.deps.Now().Before(j.lapUntil) {
		return nil
	}
	if err := j.r.deps.Sink.WaitSettled(ctx, j.r.deps.Log.End()); err != nil {
		return err
	}
	var err error
	j.lapLeft, j.lapUntil = lapEvents, j.r.deps.Now().Add(lapTime)
	j.stored, err = lookUp(ctx)
	return err
}

// withinBytes cuts a chunk short whose payloads are large. At least one letter is left.
func withinBytes(letters []Letter) []Letter {
	size := 0
	for i := range letters {
		if size += len(letters[i].Payload); size > chunkBytes && i > 0 {
			return letters[:i]
		}
	}
	return letters
}

// rerun reads stored events, runs them through the rules, and appends those that come out otherwise than they are stored. Nil: none
// is left.
func (j *job) rerun(ctx context.Context) (*chunk, error) {
	events, err := j.r.deps.Archive.Events(ctx, j.Tenant, j.events())
	if err != nil || len(events) == 0 {
		return nil, err
	}
	all, done, err := j.r.mend.Rerun(ctx, events)
	if err != nil {
		return nil, err
	}
	defer done()
	view := j.r.deps.Suppression.Enter()
	defer view.Leave() // when it is in the log
	judge := view.Of(j.Tenant)
	c := &chunk{cursor: events[len(events)-1].cursor()}
	changed := make([]ingest.Replayed, 0, len(all))
	for i := range all {
		switch rerun := &all[i]; {
		case rerun.Item.Rejection != nil:
			c.counts.StillQuarantined++
			c.faults = addProblem(c.faults, rerun.Item.Rejection)
		case !rerun.Changed:
			c.counts.Unchanged++
		case !passes(judge, &rerun.Item.Event, events[i].Receipt):
			c.counts.Skipped++
		default:
			e := &events[i]
			changed = append(changed, ingest.Replayed{
				Source: e.Source, Key: e.Key, Receipt: e.Receipt, Index: e.Index, CorrelationID: e.CorrelationID, Event: rerun.Item.Event,
			})
		}
	}
	c.sent = int64(len(changed))
	c.end, err = j.append(ctx, ingest.HistoryReplay, changed)
	return c, err
}
