package api

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/api/gen"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/tenants"
)

// Jobs is the ledger of work, as far as a tenant looks at it and looks after it.
type Jobs interface {
	jobs.History
	jobs.Control
}

func (s *server) ListJobs(ctx context.Context, r gen.ListJobsRequestObject) (gen.ListJobsResponseObject, error) {
	filter := jobs.Filter{
		Kind: deref(r.Params.Kind), Queue: jobs.Queue(deref(r.Params.Queue)), Parent: r.Params.Parent,
		States: each(deref(r.Params.State), func(s gen.JobState) jobs.State { return jobs.State(s) }),
		From:   deref(r.Params.From), To: deref(r.Params.To), Limit: pageSize(r.Params.Limit),
	}
	if cursor := deref(r.Params.Cursor); cursor != "" {
		id, err := uuid.Parse(cursor)
		if err != nil {
			return nil, tenants.ErrCursorInvalid
		}
		filter.Before = &id
	}
	found, err := s.deps.Jobs.List(ctx, in(ctx).tenant(), filter)
	if err != nil {
		return nil, err
	}
	out := gen.ListJobs200JSONResponse{Jobs: each(found, jobOut)}
	if len(found) == filter.Limit {
		out.NextCursor = orNil(found[len(found)-1].ID.String())
	}
	return out, nil
}

func (s *server) GetJob(ctx context.Context, r gen.GetJobRequestObject) (gen.GetJobResponseObject, error) {
	found, err := s.deps.Jobs.Job(ctx, in(ctx).tenant(), r.JobId)
	if err != nil {
		return nil, err
	}
	out := gen.GetJob200JSONResponse{Job: jobOut(found.Record), Children: each(found.Children, jobOut)}
	if found.ParentJob != nil {
		parent := jobOut(*found.ParentJob)
		out.Parent = &parent
	}
	return out, nil
}

func (s *server) RetryJob(ctx context.Context, r gen.RetryJobRequestObject) (gen.RetryJobResponseObject, error) {
	found, err := s.deps.Jobs.Retry(ctx, in(ctx).tenant(), r.JobId, in(ctx).principal.Actor.Label)
	return gen.RetryJob200JSONResponse(jobOut(found)), err
}

func (s *server) PauseJob(ctx context.Context, r gen.PauseJobRequestObject) (gen.PauseJobResponseObject, error) {
	found, err := s.deps.Jobs.Pause(ctx, in(ctx).tenant(), r.JobId, in(ctx).principal.Actor.Label)
	return gen.PauseJob200JSONResponse(jobOut(found)), err
}

func (s *server) ResumeJob(ctx context.Context, r gen.ResumeJobRequestObject) (gen.ResumeJobResponseObject, error) {
	found, err := s.deps.Jobs.Resume(ctx, in(ctx).tenant(), r.JobId, in(ctx).principal.Actor.Label)
	return gen.ResumeJob200JSONResponse(jobOut(found)), err
}

func (s *server) CancelJob(ctx context.Context, r gen.CancelJobRequestObject) (gen.CancelJobResponseObject, error) {
	found, err := s.deps.Jobs.Cancel(ctx, in(ctx).tenant(), r.JobId, in(ctx).principal.Actor.Label)
	return gen.CancelJob200JSONResponse(jobOut(found)), err
}

func jobOut(j jobs.Record) gen.Job {
	out := gen.Job{
		Id: j.ID, Kind: j.Kind, Queue: gen.JobQueue(j.Queue), State: gen.JobState(j.State), Wanted: gen.JobWanted(j.Wanted), Params: paramsOut(j.Params),
		RunAt: shown(j.RunAt), DeadlineAt: shownOrNil(j.Deadline), Attempts: j.Attempts, Failures: j.Failures, MaxAttempts: j.MaxAttempts,
		ParentId: j.Parent, CorrelationId: j.Correlation, CreatedAt: shown(j.CreatedAt), CreatedBy: j.CreatedBy,
		AskedAt: shownOrNil(j.AskedAt), AskedBy: orNil(j.AskedBy), StartedAt: shownOrNil(j.StartedAt), EndedAt: shownOrNil(j.EndedAt),
		Error: orNil(j.Error), Tries: each(j.Tries, attemptOut),
	}
	if p := j.Progress; p != nil {
		out.Progress = &gen.JobProgress{Done: p.Done, Note: orNil(p.Note)}
		if p.Total > 0 {
			out.Progress.Total = &p.Total
		}
	}
	return out
}

// paramsOut are parameters as an object; a job without any has none.
func paramsOut(text json.RawMessage) map[string]any {
	params := map[string]any{}
	if json.Unmarshal(text, &params) != nil || params == nil {
		return map[string]any{}
	}
	return params
}

func attemptOut(a jobs.Attempt) gen.JobAttempt {
	return gen.JobAttempt{
		Attempt: a.Number, Worker: a.Worker, StartedAt: shown(a.StartedAt), EndedAt: shownOrNil(a.EndedAt), Outcome: gen.JobAttemptOutcome(a.Outcome), Error: orNil(a.Error),
	}
}

func (s *server) GetJobDurations(ctx context.Context, r gen.GetJobDurationsRequestObject) (gen.GetJobDurationsResponseObject, error) {
	p, err := spellsOf(r.Params, s.deps.Now())
	if err != nil {
		return nil, err
	}
	found, err := s.deps.Jobs.Durations(ctx, in(ctx).tenant(), deref(r.Params.Kind), p.from, p.to, p.bucket)
	if err != nil {
		return nil, err
	}
	out := gen.GetJobDurations200JSONResponse{From: shown(p.from), To: shown(p.to), Interval: p.interval, Kinds: []gen.JobDurations{}}
	for _, spell := range found {
		if n := len(out.Kinds); n == 0 || out.Kinds[n-1].Kind != spell.Kind {
			out.Kinds = append(out.Kinds, gen.JobDurations{Kind: spell.Kind})
		}
		last := &out.Kinds[len(out.Kinds)-1]
		last.Spells = append(last.Spells, spellOut(spell))
	}
	return out, nil
}

func spellOut(s jobs.Spell) gen.JobSpell {
	out := gen.JobSpell{Time: shown(s.Start), Count: s.Count, Failed: s.Failed}
	if s.Ended > 0 {
		out.P50Seconds, out.P95Seconds, out.MaxSeconds = secondsOrNil(&s.P50), secondsOrNil(&s.P95), secondsOrNil(&s.Max)
	}
	return out
}

// spells are the buckets that durations are asked for.
type spells struct {
	from, to time.Time
	interval gen.GetJobDurations200JSONResponseBodyInterval
	bucket   time.Duration
}

// spellsOf fills in what was left out.
func spellsOf(p gen.GetJobDurationsParams, now time.Time) (spells, error) {
	const day, longest, most = 24 * time.Hour, 31 * 24 * time.Hour, 2000
	out := spells{to: now}
	if p.To != nil {
		out.to = *p.To
	}
	out.from = out.to.Add(-day)
	if p.From != nil {
		out.from = *p.From
	}
	length := out.to.Sub(out.from)
	if length <= 0 || length > longest {
		return out, fault.New(fault.Invalid, "invalid_period", "`from` must lie before `to`, by 31 days at most.")
	}
	switch {
	case p.Interval != nil:
		out.interval = gen.GetJobDurations200JSONResponseBodyInterval(*p.Interval)
	case length <= 3*time.Hour:
		out.interval = "minute"
	case length <= 5*day:
		out.interval = "hour"
	default:
		out.interval = "day"
	}
	out.bucket = map[gen.GetJobDurations200JSONResponseBodyInterval]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": day}[out.interval]
	if length > most*out.bucket {
		return out, fault.New(fault.Invalid, "invalid_interval", "That would be more than 2,000 buckets. Ask for a longer interval or a shorter period.")
	}
	return out, nil
}
