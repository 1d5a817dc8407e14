package api

import (
	"context"

	"github.com/google/uuid"

	"github.com/observatory/observatory/analytics/alert"
	"github.com/observatory/observatory/api/gen"
)

func (s *server) ListSilences(ctx context.Context, r gen.ListSilencesRequestObject) (gen.ListSilencesResponseObject, error) {
	var after alert.SilenceCursor
	if cursor := deref(r.Params.Cursor); cursor != "" {
		at, id, err := openPlace(cursor)
		if err != nil {
			return nil, err
		}
		after = alert.SilenceCursor{To: at, ID: alert.SilenceID(id)}
	}
	limit := pageSize(r.Params.Limit)
	found, err := s.deps.Silences.List(ctx, in(ctx).principal.Tenant, alert.Phase(deref(r.Params.Phase)), after, limit)
	if err != nil {
		return nil, err
	}
	out := gen.ListSilences200JSONResponse{Silences: each(found, s.silenceOut)}
	if len(found) == limit {
		out.NextCursor = orNil(place(found[limit-1].To, uuid.UUID(found[limit-1].ID)))
	}
	return out, nil
}

func (s *server) GetSilence(ctx context.Context, r gen.GetSilenceRequestObject) (gen.GetSilenceResponseObject, error) {
	found, err := s.deps.Silences.Get(ctx, in(ctx).principal.Tenant, alert.SilenceID(r.SilenceId))
	return gen.GetSilence200JSONResponse(s.silenceOut(found)), err
}

func (s *server) CreateSilence(ctx context.Context, r gen.CreateSilenceRequestObject) (gen.CreateSilenceResponseObject, error) {
	made, err := s.deps.Silences.Create(ctx, in(ctx).by(), silenceIn(r.Body))
	return gen.CreateSilence201JSONResponse(s.silenceOut(made)), err
}

func (s *server) UpdateSilence(ctx context.Context, r gen.UpdateSilenceRequestObject) (gen.UpdateSilenceResponseObject, error) {
	changed, err := s.deps.Silences.Update(ctx, in(ctx).by(), alert.SilenceID(r.SilenceId), silenceIn(r.Body))
	return gen.UpdateSilence200JSONResponse(s.silenceOut(changed)), err
}

func (s *server) DeleteSilence(ctx context.Context, r gen.DeleteSilenceRequestObject) (gen.DeleteSilenceResponseObject, error) {
	return gen.DeleteSilence204Response{}, s.deps.Silences.Delete(ctx, in(ctx).by(), alert.SilenceID(r.SilenceId))
}

func silenceIn(body *gen.NewSilence) alert.SilenceInput {
	return alert.SilenceInput{
		Rules:      each(deref(body.Rules), func(id uuid.UUID) alert.RuleID { return alert.RuleID(id) }),
		Groups:     deref(body.Groups),
		Severities: each(deref(body.Severities), func(s gen.Severity) alert.Severity { return alert.Severity(s) }),
		From:       body.StartsAt, To: body.EndsAt, Reason: body.Reason,
	}
}

func (s *server) silenceOut(x alert.Silence) gen.Silence {
	return gen.Silence{
		Id:         uuid.UUID(x.ID),
		Rules:      each(x.Rules, func(id alert.RuleID) uuid.UUID { return uuid.UUID(id) }),
		Groups:     append([]string{}, x.Groups...),
		Severities: each(x.Severities, func(s alert.Severity) gen.Severity { return gen.Severity(s) }),
		StartsAt:   shown(x.From), EndsAt: shown(x.To), Reason: x.Reason, Phase: gen.SilencePhase(x.PhaseAt(s.deps.Now())),
		CreatedAt: shown(x.CreatedAt), CreatedBy: x.CreatedBy,
	}
}
