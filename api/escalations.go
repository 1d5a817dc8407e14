package api

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
	openapi_types "github.com/oapi-codegen/runtime/types"

	"github.com/observatory/observatory/analytics/alert"
	"github.com/observatory/observatory/analytics/notify"
	"github.com/observatory/observatory/api/gen"
	"github.com/observatory/observatory/internal/fault"
)

func (s *server) ListEscalations(ctx context.Context, _ gen.ListEscalationsRequestObject) (gen.ListEscalationsResponseObject, error) {
	all, err := s.deps.Notify.Policies(ctx, in(ctx).principal.Tenant)
	return gen.ListEscalations200JSONResponse{Escalations: each(all, escalationOut)}, err
}

func (s *server) GetEscalation(ctx context.Context, r gen.GetEscalationRequestObject) (gen.GetEscalationResponseObject, error) {
	found, err := s.deps.Notify.Policy(ctx, in(ctx).principal.Tenant, notify.PolicyID(r.EscalationId))
	return gen.GetEscalation200JSONResponse(escalationOut(found)), err
}

func (s *server) CreateEscalation(ctx context.Context, r gen.CreateEscalationRequestObject) (gen.CreateEscalationResponseObject, error) {
	made, err := s.deps.Notify.CreatePolicy(ctx, in(ctx).by(), r.Body.Name, planIn(r.Body))
	return gen.CreateEscalation201JSONResponse(escalationOut(made)), err
}

func (s *server) UpdateEscalation(ctx context.Context, r gen.UpdateEscalationRequestObject) (gen.UpdateEscalationResponseObject, error) {
	changed, err := s.deps.Notify.ChangePolicy(ctx, in(ctx).by(), notify.PolicyID(r.EscalationId), r.Body.Name, planIn(r.Body))
	return gen.UpdateEscalation200JSONResponse(escalationOut(changed)), err
}

func (s *server) DeleteEscalation(ctx context.Context, r gen.DeleteEscalationRequestObject) (gen.DeleteEscalationResponseObject, error) {
	return gen.DeleteEscalation204Response{}, s.deps.Notify.DeletePolicy(ctx, in(ctx).by(), notify.PolicyID(r.EscalationId))
}

func (s *server) GetIncidentEscalation(ctx context.Context, r gen.GetIncidentEscalationRequestObject) (gen.GetIncidentEscalationResponseObject, error) {
	found, err := s.deps.Notify.Situation(ctx, in(ctx).principal.Tenant, alert.IncidentID(r.IncidentId))
	out := gen.GetIncidentEscalation200JSONResponse{
		PolicyId: (*uuid.UUID)(found.Policy), State: gen.EscalationProgressState(found.State), Round: found.Round, NextAt: shownOrNil(found.DueAt),
		NextTargets: each(found.Next, targetOut),
	}
	if found.Taken > 0 {
		out.Step = &found.Taken
	}
	return out, err
}

func (s *server) ListRotations(ctx context.Context, _ gen.ListRotationsRequestObject) (gen.ListRotationsResponseObject, error) {
	all, err := s.deps.Notify.Rotations(ctx, in(ctx).principal.Tenant)
	return gen.ListRotations200JSONResponse{Rotations: each(all, s.rotationOut)}, err
}

func (s *server) GetRotation(ctx context.Context, r gen.GetRotationRequestObject) (gen.GetRotationResponseObject, error) {
	found, err := s.deps.Notify.Rotation(ctx, in(ctx).principal.Tenant, notify.RotationID(r.RotationId))
	if err != nil {
		return nil, err
	}
	return gen.GetRotation200JSONResponse(s.rotationOut(found)), nil
}

func (s *server) CreateRotation(ctx context.Context, r gen.CreateRotationRequestObject) (gen.CreateRotationResponseObject, error) {
	input, err := rotationIn(r.Body)
	if err != nil {
		return nil, err
	}
	made, err := s.deps.Notify.CreateRotation(ctx, in(ctx).by(), input)
	if err != nil {
		return nil, err
	}
	return gen.CreateRotation201JSONResponse(s.rotationOut(made)), nil
}

func (s *server) UpdateRotation(ctx context.Context, r gen.UpdateRotationRequestObject) (gen.UpdateRotationResponseObject, error) {
	input, err := rotationIn(r.Body)
	if err != nil {
		return nil, err
	}
	changed, err := s.deps.Notify.ChangeRotation(ctx, in(ctx).by(), notify.RotationID(r.RotationId), input)
	if err != nil {
		return nil, err
	}
	return gen.UpdateRotation200JSONResponse(s.rotationOut(changed)), nil
}

func (s *server) DeleteRotation(ctx context.Context, r gen.DeleteRotationRequestObject) (gen.DeleteRotationResponseObject, error) {
	return gen.DeleteRotation204Response{}, s.deps.Notify.DeleteRotation(ctx, in(ctx).by(), notify.RotationID(r.RotationId))
}

func (s *server) ListShifts(ctx context.Context, r gen.ListShiftsRequestObject) (gen.ListShiftsResponseObject, error) {
	weeks := 8
	if r.Params.Weeks != nil {
		weeks = *r.Params.Weeks
	}
	shifts, err := s.deps.Notify.Shifts(ctx, in(ctx).principal.Tenant, notify.RotationID(r.RotationId), weeks)
	return gen.ListShifts200JSONResponse{Shifts: each(shifts, shiftOut)}, err
}

func planIn(body *gen.NewEscalation) notify.Plan {
	const usualPause = 15 * time.Minute
	plan := notify.Plan{Repeat: deref(body.Repeat), RepeatAfter: usualPause}
	if body.RepeatAfterSeconds != nil {
		plan.RepeatAfter = time.Duration(*body.RepeatAfterSeconds) * time.Second
	}
	plan.Steps = each(body.Steps, func(step gen.EscalationStep) notify.Step {
		return notify.Step{Delay: time.Duration(step.DelaySeconds) * time.Second, Targets: each(step.Targets, func(t gen.EscalationTarget) notify.Target {
			return notify.Target{Kind: notify.TargetKind(t.Kind), ID: t.Id}
		})}
	})
	return plan
}

func escalationOut(p notify.Policy) gen.Escalation {
	return gen.Escalation{
		Id: uuid.UUID(p.ID), Name: p.Name, Repeat: p.Plan.Repeat, RepeatAfterSeconds: seconds(p.Plan.RepeatAfter), CreatedAt: shown(p.CreatedAt), UpdatedAt: shown(p.UpdatedAt),
		Steps: each(p.Plan.Steps, func(step notify.Step) gen.EscalationStep {
			return gen.EscalationStep{DelaySeconds: seconds(step.Delay), Targets: each(step.Targets, targetOut)}
		}),
	}
}

func targetOut(t notify.Target) gen.EscalationTarget {
	return gen.EscalationTarget{Kind: gen.EscalationTargetKind(t.Kind), Id: t.ID}
}

func seconds(d time.Duration) int { return int(d / time.Second) }

func rotationIn(body *gen.NewRotation) (notify.RotationInput, error) {
	input := notify.RotationInput{Name: body.Name, Timezone: body.Timezone, Members: users(body.Members)}
	handOver, err := time.Parse("15:04", body.Time)
	if err != nil {
		return input, fault.New(fault.Invalid, "invalid_request", "The `time` must be as in 09:00.").Because(err)
	}
	input.Minute = handOver.Hour()*60 + handOver.Minute()
	for day := time.Sunday; day <= time.Saturday; day++ {
		if strings.EqualFold(day.String(), string(body.Weekday)) {
			input.Weekday = day
		}
	}
	if body.StartsOn != nil {
		starts := notify.NewDate(body.StartsOn.Time)
		input.StartsOn = &starts
	}
	return input, nil
}

func (s *server) rotationOut(r notify.Rotation) gen.Rotation {
	return gen.Rotation{
		Id: uuid.UUID(r.ID), Name: r.Name, Timezone: r.Schedule.Zone.String(), Weekday: gen.Weekday(strings.ToLower(r.Schedule.Weekday().String())),
		Time: r.Schedule.Clock(), Members: each(r.Schedule.Members, userIDOut), StartsOn: openapi_types.Date{Time: time.Time(r.Schedule.First)},
		OnCall: shiftOut(s.deps.Notify.OnCall(r)), CreatedAt: shown(r.CreatedAt),
	}
}

func shiftOut(shift notify.Shift) gen.Shift {
	return gen.Shift{Member: uuid.UUID(shift.Member), From: shown(shift.From), To: shown(shift.To)}
}
