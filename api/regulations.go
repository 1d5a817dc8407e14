package api

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/api/gen"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/tenants"
)

// Requests in the shape of Segment's Public API, for tools that speak it. What they know as a stream are our copies.

func (s *server) CreateRegulation(ctx context.Context, r gen.CreateRegulationRequestObject) (gen.CreateRegulationResponseObject, error) {
	filing := privacy.Filing{Origin: privacy.BySegment}
	switch r.Body.RegulationType {
	case gen.SUPPRESSWITHDELETE, gen.SUPPRESSWITHDELETEINTERNAL:
		filing.Type, filing.Suppress = privacy.Erase, true
	case gen.DELETEONLY, gen.DELETEINTERNAL:
		filing.Type = privacy.Erase
	case gen.SUPPRESSONLY:
		filing.Type = privacy.Suppress
	case gen.UNSUPPRESS:
		filing.Type = privacy.Unsuppress
	default:
		return nil, fault.New(fault.Invalid, "regulation_unknown", "There is no regulation of the type %s.", r.Body.RegulationType)
	}
	kind := privacy.UserID
	if r.Body.SubjectType == gen.ANONYMOUSID {
		kind = privacy.AnonymousID
	}
	filing.Subjects = each(r.Body.SubjectIds, func(id string) privacy.Identifier { return privacy.Identifier{Kind: kind, Value: id} })
	filed, err := s.deps.Privacy.File(ctx, in(ctx).by(), filing)
	var out gen.CreateRegulation200JSONResponse
	out.Data.RegulateId = uuid.UUID(filed.ID)
	return out, err
}

func (s *server) GetRegulation(ctx context.Context, r gen.GetRegulationRequestObject) (gen.GetRegulationResponseObject, error) {
	found, _, err := s.deps.Privacy.Get(ctx, in(ctx).principal.Tenant, privacy.ID(r.RegulateId))
	if err != nil {
		return nil, err
	}
	var out gen.GetRegulation200JSONResponse
	out.Data.Regulation = gen.Regulation{
		Id: uuid.UUID(found.ID), WorkspaceId: uuid.UUID(found.Tenant), OverallStatus: regulationStatus(found.State), CreatedAt: shown(found.FiledAt), FinishedAt: shownOrNil(found.Ended),
	}
	stream := gen.RegulationStream{Id: "observatory", DestinationStatus: make([]gen.RegulationDestination, 0, len(found.Steps))}
	for _, step := range found.Steps {
		of := gen.RegulationDestination{Name: step.Copy, Id: step.Copy, Status: stepStatus(step.State), ErrString: step.Error}
		if step.Ended != nil {
			of.FinishedAt = shown(*step.Ended).Format(time.RFC3339Nano)
		}
		stream.DestinationStatus = append(stream.DestinationStatus, of)
	}
	out.Data.Regulation.StreamStatus = []gen.RegulationStream{stream}
	return out, nil
}

func (s *server) DeleteRegulation(ctx context.Context, r gen.DeleteRegulationRequestObject) (gen.DeleteRegulationResponseObject, error) {
	_, err := s.deps.Privacy.Cancel(ctx, in(ctx).by(), privacy.ID(r.RegulateId))
	var out gen.DeleteRegulation200JSONResponse
	out.Data.Status = gen.SUCCESS
	return out, err
}

func (s *server) ListRegulations(ctx context.Context, r gen.ListRegulationsRequestObject) (gen.ListRegulationsResponseObject, error) {
	page := deref(r.Params.Pagination)
	var before *privacy.ID
	if cursor := deref(page.Cursor); cursor != "" {
		id, err := uuid.Parse(cursor)
		if err != nil {
			return nil, tenants.ErrCursorInvalid
		}
		before = (*privacy.ID)(&id)
	}
	var filter privacy.Filter
	if want := deref(r.Params.Status); want != "" {
		for _, state := range privacy.States() {
			if regulationStatus(state) == want {
				filter.States = append(filter.States, state)
			}
		}
	}
	var out gen.ListRegulations200JSONResponse
	out.Data.Regulations, out.Data.Pagination.Current = []gen.RegulationEntry{}, deref(page.Cursor)
	if filter.States == nil && deref(r.Params.Status) != "" {
		return out, nil // a status that ours never have
	}
	limit := pageSize(page.Count)
	found, err := s.deps.Privacy.List(ctx, in(ctx).principal.Tenant, filter, before, limit)
	if err != nil {
		return nil, err
	}
	for _, f := range found {
		if entry, ok := regulationOut(f); ok {
			people, err := s.deps.Privacy.People(ctx, in(ctx).by(), f.ID, 0, pageSize(nil))
			if err != nil {
				return nil, err
			}
			for _, p := range people {
				entry.Subjects = append(entry.Subjects, p.Given.Value)
			}
			out.Data.Regulations = append(out.Data.Regulations, entry)
		}
	}
	if len(found) == limit {
		out.Data.Pagination.Next = orNil(found[limit-1].ID.String())
	}
	return out, nil
}

// regulationOut is a request as a regulation; ok is false for one that Segment has no word for, such as an export.
func regulationOut(r privacy.Request) (entry gen.RegulationEntry, ok bool) {
	entry = gen.RegulationEntry{
		Id: uuid.UUID(r.ID), SubjectType: "USER_ID", Subjects: []string{}, Status: regulationStatus(r.State), CreatedAt: shown(r.FiledAt), FinishedAt: shownOrNil(r.Ended),
	}
	switch {
	case r.Type == privacy.Erase && r.Stay:
		entry.RegulationType = gen.SUPPRESSWITHDELETE
	case r.Type == privacy.Erase:
		entry.RegulationType = gen.DELETEONLY
	case r.Type == privacy.Suppress:
		entry.RegulationType = gen.SUPPRESSONLY
	case r.Type == privacy.Unsuppress:
		entry.RegulationType = gen.UNSUPPRESS
	default:
		return entry, false
	}
	return entry, true
}

func regulationStatus(s privacy.State) gen.RegulationStatus {
	switch s {
	case privacy.Received:
		return gen.INITIALIZED
	case privacy.Completed:
		return gen.FINISHED
	case privacy.Exceptions:
		return gen.PARTIALSUCCESS
	case privacy.Failed:
		return gen.FAILED
	case privacy.Cancelled:
		return gen.INVALID
	default:
		return gen.RUNNING
	}
}

func stepStatus(s privacy.StepState) gen.RegulationStatus {
	switch s {
	case privacy.StepWaiting:
		return gen.INITIALIZED
	case privacy.StepClear:
		return gen.FINISHED
	case privacy.StepFailed:
		return gen.FAILED
	default:
		return gen.RUNNING
	}
}
