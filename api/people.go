package api

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/analytics/people"
	"github.com/observatory/observatory/api/gen"
)

func (s *server) ListPeople(ctx context.Context, r gen.ListPeopleRequestObject) (gen.ListPeopleResponseObject, error) {
	page, err := s.deps.People.List(ctx, in(ctx).principal.Tenant, people.ListQuery{
		ID: deref(r.Params.Id), Limit: deref(r.Params.Limit), Cursor: deref(r.Params.Cursor),
	})
	if err != nil {
		return nil, err
	}
	return gen.ListPeople200JSONResponse{
		People: each(page.People, func(p people.Summary) gen.Person {
			return gen.Person{
				Person: p.Person, Kind: personKind(p.User), Name: orNil(p.Name), Ids: p.IDs, Events: p.Events,
				FirstSeen: shown(p.FirstAt), LastSeen: shown(p.LastAt),
			}
		}),
		NextCursor: orNil(page.NextCursor),
	}, nil
}

func (s *server) GetPerson(ctx context.Context, r gen.GetPersonRequestObject) (gen.GetPersonResponseObject, error) {
	p, err := s.deps.People.Profile(ctx, in(ctx).principal.Tenant, r.Id, deref(r.Params.AsOf))
	if err != nil {
		return nil, err
	}
	out := gen.PersonProfile{
		Person: p.Person, Kind: personKind(p.IDs[0].User), Events: p.Events, FirstSeen: shown(p.FirstAt), LastSeen: shown(p.LastAt),
		AsOf: shown(p.AsOf), Truncated: p.Truncated, Traits: []gen.PersonTrait{},
		Ids: each(p.IDs, func(id people.ID) gen.PersonIdentity {
			return gen.PersonIdentity{
				Id: id.ID, Kind: personKind(id.User), LinkedAt: shownOrNil(id.LinkedAt), FirstSeen: shownOrNil(id.FirstAt), LastSeen: shownOrNil(id.LastAt), Events: id.Events,
			}
		}),
		Groups: each(p.Groups, func(g people.Group) gen.PersonGroup {
			traits, _ := json.Marshal(g.Traits) // JSON that was read before
			return gen.PersonGroup{GroupId: g.ID, Since: shown(g.Since), LastSeen: shown(g.LastAt), Traits: traits}
		}),
	}
	for key, trait := range p.Traits {
		out.Traits = append(out.Traits, gen.PersonTrait{Key: key, Value: trait.Value, At: shown(trait.At), EventId: trait.EventID})
	}
	slices.SortFunc(out.Traits, func(a, b gen.PersonTrait) int { return strings.Compare(a.Key, b.Key) })
	return gen.GetPerson200JSONResponse(out), nil
}

func (s *server) ListPersonEvents(ctx context.Context, r gen.ListPersonEventsRequestObject) (gen.ListPersonEventsResponseObject, error) {
	tenant := in(ctx).principal.Tenant
	page, err := s.deps.People.Timeline(ctx, tenant, people.TimelineQuery{
		ID: r.Id, AsOf: deref(r.Params.AsOf), Limit: deref(r.Params.Limit), Cursor: deref(r.Params.Cursor),
	})
	if err != nil {
		return nil, err
	}
	return gen.ListPersonEvents200JSONResponse{
		Events:     each(page.Events, func(e analytics.Event) gen.Event { return s.eventOut(tenant, e) }),
		NextCursor: orNil(page.NextCursor),
	}, nil
}

func (s *server) GetPersonHistory(ctx context.Context, r gen.GetPersonHistoryRequestObject) (gen.GetPersonHistoryResponseObject, error) {
	changes, err := s.deps.People.History(ctx, in(ctx).principal.Tenant, r.Id, deref(r.Params.AsOf))
	if err != nil {
		return nil, err
	}
	return gen.GetPersonHistory200JSONResponse{Changes: each(changes, func(c people.Change) gen.TraitChange {
		return gen.TraitChange{Key: c.Key, From: jsonOrNil(c.From), To: jsonOrNil(c.To), At: shown(c.At), EventId: c.EventID}
	})}, nil
}

func personKind(user bool) gen.PersonKind {
	if user {
		return gen.PersonKindUser
	}
	return gen.PersonKindAnonymous
}

func jsonOrNil(text json.RawMessage) *json.RawMessage {
	if text == nil {
		return nil
	}
	return &text
}
