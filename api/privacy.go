package api

import (
	"context"
	"strconv"

	"github.com/google/uuid"

	"github.com/observatory/observatory/api/gen"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/tenants"
)

func (s *server) CreatePrivacyRequest(ctx context.Context, r gen.CreatePrivacyRequestRequestObject) (gen.CreatePrivacyRequestResponseObject, error) {
	subjects, err := subjectsIn(r.Body.Subjects)
	if err != nil {
		return nil, err
	}
	filed, err := s.deps.Privacy.File(ctx, in(ctx).by(), privacy.Filing{
		Type: privacy.Type(r.Body.Type), Subjects: subjects, Note: deref(r.Body.Note), Suppress: r.Body.Suppress == nil || *r.Body.Suppress,
		Confirm: deref(r.Body.Confirm), Key: deref(r.Params.IdempotencyKey), Origin: privacy.ByMember,
	})
	return gen.CreatePrivacyRequest202JSONResponse(s.privacyRequestOut(filed)), err
}

func (s *server) ListPrivacyRequests(ctx context.Context, r gen.ListPrivacyRequestsRequestObject) (gen.ListPrivacyRequestsResponseObject, error) {
	var before *privacy.ID
	if cursor := deref(r.Params.Cursor); cursor != "" {
		id, err := uuid.Parse(cursor)
		if err != nil {
			return nil, tenants.ErrCursorInvalid
		}
		before = (*privacy.ID)(&id)
	}
	filter := privacy.Filter{Type: privacy.Type(deref(r.Params.Type))}
	for _, state := range deref(r.Params.State) {
		filter.States = append(filter.States, privacy.State(state))
	}
	limit := pageSize(r.Params.Limit)
	found, err := s.deps.Privacy.List(ctx, in(ctx).principal.Tenant, filter, before, limit)
	if err != nil {
		return nil, err
	}
	out := gen.ListPrivacyRequests200JSONResponse{Requests: each(found, s.privacyRequestOut)}
	if len(found) == limit {
		out.NextCursor = orNil(found[limit-1].ID.String())
	}
	return out, nil
}

func (s *server) GetPrivacyRequest(ctx context.Context, r gen.GetPrivacyRequestRequestObject) (gen.GetPrivacyRequestResponseObject, error) {
	found, moments, err := s.deps.Privacy.Get(ctx, in(ctx).principal.Tenant, privacy.ID(r.RequestId))
	if err != nil {
		return nil, err
	}
	out, err := s.privacyDetailsOut(found, moments)
	return gen.GetPrivacyRequest200JSONResponse(out), err
}

func (s *server) ListPrivacySubjects(ctx context.Context, r gen.ListPrivacySubjectsRequestObject) (gen.ListPrivacySubjectsResponseObject, error) {
	from := 0
	if cursor := deref(r.Params.Cursor); cursor != "" {
		var err error
		if from, err = strconv.Atoi(cursor); err != nil || from < 0 || from > privacy.MaxSubjects {
			return nil, tenants.ErrCursorInvalid
		}
	}
	limit := pageSize(r.Params.Limit)
	found, err := s.deps.Privacy.People(ctx, in(ctx).by(), privacy.ID(r.RequestId), from, limit)
	if err != nil {
		return nil, err
	}
	out := gen.ListPrivacySubjects200JSONResponse{People: each(found, privacyPersonOut)}
	if len(found) == limit {
		out.NextCursor = orNil(strconv.Itoa(from + limit))
	}
	return out, nil
}

func (s *server) ApprovePrivacyRequest(ctx context.Context, r gen.ApprovePrivacyRequestRequestObject) (gen.ApprovePrivacyRequestResponseObject, error) {
	var more []privacy.Identifier
	if r.Body != nil && r.Body.Subjects != nil {
		var err error
		if more, err = subjectsIn(*r.Body.Subjects); err != nil {
			return nil, err
		}
	}
	found, err := s.deps.Privacy.Approve(ctx, in(ctx).by(), privacy.ID(r.RequestId), more)
	return gen.ApprovePrivacyRequest200JSONResponse(s.privacyRequestOut(found)), err
}

func (s *server) CancelPrivacyRequest(ctx context.Context, r gen.CancelPrivacyRequestRequestObject) (gen.CancelPrivacyRequestResponseObject, error) {
	found, err := s.deps.Privacy.Cancel(ctx, in(ctx).by(), privacy.ID(r.RequestId))
	return gen.CancelPrivacyRequest200JSONResponse(s.privacyRequestOut(found)), err
}

func (s *server) ExtendPrivacyRequest(ctx context.Context, r gen.ExtendPrivacyRequestRequestObject) (gen.ExtendPrivacyRequestResponseObject, error) {
	found, err := s.deps.Privacy.Extend(ctx, in(ctx).by(), privacy.ID(r.RequestId), r.Body.Until, r.Body.Reason)
	return gen.ExtendPrivacyRequest200JSONResponse(s.privacyRequestOut(found)), err
}

func (s *server) PreviewPrivacyRequest(ctx context.Context, r gen.PreviewPrivacyRequestRequestObject) (gen.PreviewPrivacyRequestResponseObject, error) {
	subjects, err := subjectsIn(r.Body.Subjects)
	if err != nil {
		return nil, err
	}
	found, err := s.deps.Privacy.Preview(ctx, in(ctx).by(), subjects)
	if err != nil {
		return nil, err
	}
	return gen.PreviewPrivacyRequest200JSONResponse{
		People: each(found.People, privacyPersonOut),
		Copies: each(found.Copies, func(h privacy.CopyHolding) gen.PrivacyHolding {
			return gen.PrivacyHolding{Copy: h.Copy, Items: h.Items, Unit: h.Unit}
		}),
	}, nil
}

func (s *server) ListPrivacyDeadlines(ctx context.Context, _ gen.ListPrivacyDeadlinesRequestObject) (gen.ListPrivacyDeadlinesResponseObject, error) {
	const most = 500
	found, err := s.deps.Privacy.Deadlines(ctx, in(ctx).principal.Tenant, most)
	if err != nil {
		return nil, err
	}
	out := gen.ListPrivacyDeadlines200JSONResponse{Requests: each(found, s.privacyRequestOut), Open: len(found)}
	for i := range found {
		if found[i].Overdue(s.deps.Now()) {
			out.Overdue++
		}
	}
	return out, nil
}

// subjectsIn reads whom somebody names.
func subjectsIn(given []gen.PrivacySubject) ([]privacy.Identifier, error) {
	out := make([]privacy.Identifier, len(given))
	for i, g := range given {
		var named []privacy.Identifier
		name := func(kind privacy.Kind, value *string) {
			if value != nil {
				named = append(named, privacy.Identifier{Kind: kind, Value: *value})
			}
		}
		name(privacy.UserID, g.UserId)
		name(privacy.AnonymousID, g.AnonymousId)
		name(privacy.Email, g.Email)
		if g.Property != nil || g.Value != nil {
			named = append(named, privacy.Identifier{Kind: privacy.Property, Path: deref(g.Property), Value: deref(g.Value)})
		}
		if len(named) != 1 {
			return nil, privacy.ErrSubjectInvalid
		}
		out[i] = named[0]
	}
	return out, nil
}

func subjectOut(i privacy.Identifier) gen.PrivacySubject {
	switch i.Kind {
	case privacy.UserID:
		return gen.PrivacySubject{UserId: &i.Value}
	case privacy.AnonymousID:
		return gen.PrivacySubject{AnonymousId: &i.Value}
	case privacy.Email:
		return gen.PrivacySubject{Email: &i.Value}
	case privacy.Property:
	}
	return gen.PrivacySubject{Property: &i.Path, Value: &i.Value}
}

func privacyPersonOut(p privacy.Person) gen.PrivacyPerson {
	return gen.PrivacyPerson{
		Given: subjectOut(p.Given), UserIds: append([]string{}, p.UserIDs...), AnonymousIds: append([]string{}, p.AnonymousIDs...),
		Properties: each(p.Properties, subjectOut), Events: p.Events, FirstSeen: shownOrNil(p.First), LastSeen: shownOrNil(p.Last),
	}
}
