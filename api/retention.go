package api

import (
	"context"

	"github.com/google/uuid"

	"github.com/observatory/observatory/api/gen"
	"github.com/observatory/observatory/privacy/retention"
	"github.com/observatory/observatory/tenants"
)

func (s *server) PreviewRetention(ctx context.Context, r gen.PreviewRetentionRequestObject) (gen.PreviewRetentionResponseObject, error) {
	var document []byte
	if r.Body.Document != nil {
		var err error
		if document, err = documentIn(*r.Body.Document); err != nil {
			return nil, err
		}
	}
	done, err := s.trials.take(ctx, in(ctx).principal.Tenant) // it reads all events of the tenant
	if err != nil {
		return nil, err
	}
	defer done()
	preview, err := s.deps.Retention.Preview(ctx, in(ctx).principal.Tenant, document)
	return gen.PreviewRetention200JSONResponse{Rules: each(preview.Results, retentionResultOut), Hours: preview.Hours}, err
}

func (s *server) ListRetentionRuns(ctx context.Context, r gen.ListRetentionRunsRequestObject) (gen.ListRetentionRunsResponseObject, error) {
	var before uuid.UUID
	if cursor := deref(r.Params.Cursor); cursor != "" {
		var err error
		if before, err = uuid.Parse(cursor); err != nil {
			return nil, tenants.ErrCursorInvalid
		}
	}
	limit := pageSize(r.Params.Limit)
	found, err := s.deps.Retention.List(ctx, in(ctx).principal.Tenant, retention.RunID(before), limit)
	if err != nil {
		return nil, err
	}
	out := gen.ListRetentionRuns200JSONResponse{Runs: each(found, retentionRunOut)}
	if len(found) == limit {
		out.NextCursor = orNil(found[limit-1].ID.String())
	}
	return out, nil
}

func (s *server) RunRetention(ctx context.Context, _ gen.RunRetentionRequestObject) (gen.RunRetentionResponseObject, error) {
	job, err := s.deps.Retention.RunNow(ctx, in(ctx).by())
	return gen.RunRetention202JSONResponse{JobId: job}, err
}

func retentionResultOut(r retention.Result) gen.RetentionRuleCounts {
	return gen.RetentionRuleCounts{
		Event: orNil(r.Event), Path: orNil(r.Path), KeepDays: r.KeepDays, Before: shown(r.Before),
		Counts: each(r.Counts, func(c retention.Count) gen.RetentionCount { return gen.RetentionCount{Copy: c.Copy, Items: c.Items} }),
	}
}

func retentionRunOut(r retention.Run) gen.RetentionRun {
	return gen.RetentionRun{
		Id: uuid.UUID(r.ID), PolicyVersion: r.Version, State: gen.RetentionRunState(r.State), Rules: each(r.Results, retentionResultOut),
		Evidence: r.Evidence, Error: r.Error, AskedBy: r.AskedBy, StartedAt: shown(r.Started), EndedAt: shownOrNil(r.Ended),
	}
}
