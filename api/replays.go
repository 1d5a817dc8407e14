package api

import (
	"context"
	"encoding/json"
	"math"

	"github.com/google/uuid"

	"github.com/observatory/observatory/api/gen"
	"github.com/observatory/observatory/ingest/repair"
	"github.com/observatory/observatory/tenants"
)

func (s *server) CreateReplay(ctx context.Context, r gen.CreateReplayRequestObject) (gen.CreateReplayResponseObject, error) {
	spec, err := specIn(r.Body)
	if err != nil {
		return nil, err
	}
	made, err := s.deps.Replays.Create(ctx, in(ctx).by(), spec)
	return gen.CreateReplay201JSONResponse(replayOut(made)), err
}

func (s *server) RehearseReplay(ctx context.Context, r gen.RehearseReplayRequestObject) (gen.RehearseReplayResponseObject, error) {
	spec, err := specIn(r.Body)
	if err != nil {
		return nil, err
	}
	last := repair.MaxRehearsed
	if r.Params.Last != nil {
		last = *r.Params.Last
	}
	done, err := s.trials.take(ctx, in(ctx).principal.Tenant)
	if err != nil {
		return nil, err
	}
	defer done()
	rehearsed, err := s.deps.Replays.Rehearse(ctx, in(ctx).by(), spec, last)
	if err != nil {
		return nil, err
	}
	return gen.RehearseReplay200JSONResponse{
		Events: rehearsed.Events, WouldPass: rehearsed.WouldPass, Unchanged: rehearsed.Unchanged, WouldFail: rehearsed.WouldFail, Unusable: rehearsed.Unusable,
		Problems: each(rehearsed.Problems, problemOut),
		Examples: each(rehearsed.Examples, func(e repair.Example) gen.ReplayExample {
			out := gen.ReplayExample{EventId: readable(e.EventID), Before: readable(e.Before), Problems: each(e.Problems, problemOut)}
			if e.After != nil {
				after := json.RawMessage(e.After)
				out.After = &after
			}
			return out
		}),
	}, nil
}

func (s *server) ListReplays(ctx context.Context, r gen.ListReplaysRequestObject) (gen.ListReplaysResponseObject, error) {
	var before *repair.ID
	if cursor := deref(r.Params.Cursor); cursor != "" {
		id, err := uuid.Parse(cursor)
		if err != nil {
			return nil, tenants.ErrCursorInvalid
		}
		before = (*repair.ID)(&id)
	}
	limit := pageSize(r.Params.Limit)
	found, err := s.deps.Replays.List(ctx, in(ctx).principal.Tenant, before, limit)
	if err != nil {
		return nil, err
	}
	out := gen.ListReplays200JSONResponse{Replays: each(found, replayOut)}
	if len(found) == limit {
		out.NextCursor = orNil(found[limit-1].ID.String())
	}
	return out, nil
}

func (s *server) GetReplay(ctx context.Context, r gen.GetReplayRequestObject) (gen.GetReplayResponseObject, error) {
	found, err := s.deps.Replays.Get(ctx, in(ctx).principal.Tenant, repair.ID(r.ReplayId))
	return gen.GetReplay200JSONResponse(replayOut(found)), err
}

func (s *server) PauseReplay(ctx context.Context, r gen.PauseReplayRequestObject) (gen.PauseReplayResponseObject, error) {
	found, err := s.deps.Replays.Pause(ctx, in(ctx).by(), repair.ID(r.ReplayId))
	return gen.PauseReplay200JSONResponse(replayOut(found)), err
}

func (s *server) ResumeReplay(ctx context.Context, r gen.ResumeReplayRequestObject) (gen.ResumeReplayResponseObject, error) {
	found, err := s.deps.Replays.Resume(ctx, in(ctx).by(), repair.ID(r.ReplayId))
	return gen.ResumeReplay200JSONResponse(replayOut(found)), err
}

func (s *server) CancelReplay(ctx context.Context, r gen.CancelReplayRequestObject) (gen.CancelReplayResponseObject, error) {
	found, err := s.deps.Replays.Cancel(ctx, in(ctx).by(), repair.ID(r.ReplayId))
	return gen.CancelReplay200JSONResponse(replayOut(found)), err
}

// specIn reads what somebody asks for.
func specIn(body *gen.NewReplay) (repair.Spec, error) {
	spec := repair.Spec{
		Kind: repair.Kind(body.Kind), Cause: deref(body.Cause), From: deref(body.From).UTC(), To: deref(body.To).UTC(), Events: deref(body.Events),
	}
	for _, step := range deref(body.Mapping) {
		in := repair.Step{
			Op: string(step.Op), Path: deref(step.Path), From: deref(step.From), To: deref(step.To), ToType: string(deref(step.ToType)),
			Separator: deref(step.Separator), Into: deref(step.Into),
		}
		if step.Value != nil {
			value, err := json.Marshal(step.Value)
			if err != nil {
				return spec, err
			}
			in.Value = value
		}
		spec.Mapping = append(spec.Mapping, in)
	}
	return spec, nil
}

func stepOut(step repair.Step) gen.MappingStep {
	out := gen.MappingStep{
		Op: gen.MappingStepOp(step.Op), Path: orNil(step.Path), From: orNil(step.From), To: orNil(step.To), Separator: orNil(step.Separator),
	}
	if step.ToType != "" {
		to := gen.MappingStepToType(step.ToType)
		out.ToType = &to
	}
	if step.Value != nil {
		var value any = step.Value
		out.Value = &value
	}
	if step.Into != nil {
		out.Into = &step.Into
	}
	return out
}

func problemOut(p repair.Problem) gen.ReplayProblem {
	return gen.ReplayProblem{Code: p.Code, Path: p.Path, Message: p.Message, Events: p.Events}
}

func replayOut(r repair.Replay) gen.Replay {
	c := r.Progress.Counts
	out := gen.Replay{
		Id: uuid.UUID(r.ID), Kind: gen.ReplayKind(r.Kind), State: gen.ReplayState(r.State),
		Mapping: each(r.Mapping, stepOut), Events: append([]string{}, r.Events...), Problems: each(r.Progress.Problems, problemOut),
		Counts: gen.ReplayCounts{
			Found: c.Found, LookedAt: c.LookedAt(), Replayed: c.Replayed, Stored: c.Stored, Duplicate: c.Duplicate,
			StillQuarantined: c.StillQuarantined, Skipped: c.Skipped, Unchanged: c.Unchanged,
		},
		Progress: r.Share(), SecondsLeft: secondsLeft(r),
		CreatedAt: shown(r.CreatedAt), CreatedBy: r.CreatedBy, StartedAt: shownOrNil(r.StartedAt), EndedAt: shownOrNil(r.EndedAt), Error: orNil(r.Error),
	}
	if r.State == repair.Running {
		out.PerSecond = r.Progress.PerSecond
	}
	switch r.Kind {
	case repair.Repair:
		out.Cause = &r.Cause
	case repair.History:
		out.From, out.To = &r.From, &r.To
	case repair.Release:
	}
	return out
}

func secondsLeft(r repair.Replay) *int {
	left, known := r.TimeLeft()
	if !known {
		return nil
	}
	seconds := int(math.Ceil(left.Seconds()))
	return &seconds
}
