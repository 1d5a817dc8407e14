package api

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/api/gen"
	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/tenants"
)

func (s *server) QueryTrends(ctx context.Context, r gen.QueryTrendsRequestObject) (gen.QueryTrendsResponseObject, error) {
	tenant := in(ctx).principal.Tenant
	zone, err := s.timezone(ctx, tenant, deref(r.Body.Timezone))
	if err != nil {
		return nil, err
	}
	result, err := s.deps.Analytics.Trends(ctx, tenant, analytics.TrendsQuery{
		Event: deref(r.Body.Event), Measure: analytics.Measure(r.Body.Measure), Property: deref(r.Body.Property),
		Interval: analytics.Interval(r.Body.Interval), From: r.Body.From, To: r.Body.To, Timezone: zone,
		Filter: filterIn(r.Body.Filters), Breakdown: deref(r.Body.Breakdown), BreakdownLimit: deref(r.Body.BreakdownLimit),
		Compare: analytics.Comparison(deref(r.Body.Compare)), Source: analytics.Source(deref(r.Body.Source)),
	})
	if err != nil {
		return nil, err
	}
	return gen.QueryTrends200JSONResponse(trendsOut(result)), nil
}

// timezone is the one that was asked for, or else the organization's.
func (s *server) timezone(ctx context.Context, tenant tenants.ID, asked string) (string, error) {
	if asked != "" {
		return asked, nil
	}
	t, err := s.deps.Tenants.Organisation.Get(ctx, tenant)
	return t.Timezone, err
}

func filterIn(f *gen.Filter) *analytics.Filter {
	if f == nil {
		return nil
	}
	out := analytics.Filter{
		Not: filterIn(f.Not), Property: deref(f.Property), Operator: analytics.Operator(deref(f.Operator)), Value: f.Value,
	}
	if f.And != nil {
		out.And = each(*f.And, func(m gen.Filter) analytics.Filter { return *filterIn(&m) })
	}
	if f.Or != nil {
		out.Or = each(*f.Or, func(m gen.Filter) analytics.Filter { return *filterIn(&m) })
	}
	return &out
}

func trendsOut(r analytics.TrendsResult) gen.TrendsResult {
	out := gen.TrendsResult{Series: each(r.Series, seriesOut), Timezone: r.Timezone, Explanation: explanationOut(r.Explanation)}
	if r.Compare != nil {
		out.Compare = &gen.ComparedSeries{From: r.Compare.From, To: r.Compare.To, Series: each(r.Compare.Series, seriesOut)}
	}
	if r.Other != nil {
		out.Other = &gen.OtherValues{Values: r.Other.Values, Total: r.Other.Total}
	}
	return out
}

func seriesOut(x analytics.Series) gen.Series {
	return gen.Series{Breakdown: x.Breakdown, Total: x.Total, Points: each(x.Points, func(p analytics.Point) gen.Point {
		out := gen.Point{Time: p.Time, Value: p.Value}
		if p.Partial {
			out.Partial = &p.Partial
		}
		return out
	})}
}

func explanationOut(e analytics.Explanation) gen.Explanation {
	return gen.Explanation{
		Query: e.Query, Parameters: &e.Parameters, ComputedAt: shown(e.ComputedAt), FreshUntil: shownOrNil(e.FreshUntil),
		ElapsedMs: float64(e.Elapsed) / float64(time.Millisecond), RowsRead: e.RowsRead, Estimated: e.Estimated,
		FromRollupsHours: e.RollupHours, FromEventsHours: e.EventHours,
		LeftOut: gen.LeftOut{Quarantined: e.Quarantined, WithoutNumber: e.WithoutNumber},
	}
}

func (s *server) QueryEvents(ctx context.Context, r gen.QueryEventsRequestObject) (gen.QueryEventsResponseObject, error) {
	tenant := in(ctx).principal.Tenant
	page, err := s.deps.Analytics.Events(ctx, tenant, analytics.EventsQuery{
		Event: deref(r.Body.Event), Filter: filterIn(r.Body.Filters), From: deref(r.Body.From), To: deref(r.Body.To),
		Limit: deref(r.Body.Limit), Cursor: deref(r.Body.Cursor),
	})
	if err != nil {
		return nil, err
	}
	return gen.QueryEvents200JSONResponse{
		Events:     each(page.Events, func(e analytics.Event) gen.Event { return s.eventOut(tenant, e) }),
		NextCursor: orNil(page.NextCursor),
	}, nil
}

func (s *server) GetEvent(ctx context.Context, r gen.GetEventRequestObject) (gen.GetEventResponseObject, error) {
	tenant := in(ctx).principal.Tenant
	e, err := s.deps.Analytics.Event(ctx, tenant, r.Event)
	if err != nil {
		return nil, err
	}
	return gen.GetEvent200JSONResponse(s.detailOut(tenant, e)), nil
}

func (s *server) detailOut(tenant tenants.ID, d analytics.EventDetail) gen.EventDetail {
	e := s.eventOut(tenant, d.Event)
	return gen.EventDetail{
		EventId: e.EventId, Event: e.Event, Type: gen.EventDetailType(e.Type), Time: e.Time, ReceivedAt: e.ReceivedAt,
		UserId: e.UserId, AnonymousId: e.AnonymousId, SessionId: e.SessionId, SourceId: e.SourceId,
		Properties: e.Properties, Context: e.Context, Facts: e.Facts, Bot: e.Bot, SdkName: e.SdkName, SdkVersion: e.SdkVersion,
		CorrelationId: e.CorrelationId, Receipt: e.Receipt,
		SchemaId: int64(d.SchemaID), PolicyVersion: int64(d.PolicyVersion), Redactions: append([]string{}, d.Redactions...),
		Violations: each(d.Violations, func(v analytics.Violation) gen.EventViolation {
			return gen.EventViolation{Code: v.Code, Path: v.Path, Message: v.Message}
		}),
	}
}

func (s *server) eventOut(tenant tenants.ID, e analytics.Event) gen.Event {
	return gen.Event{
		EventId: e.ID, Event: e.Name, Type: gen.EventType(e.Type), Time: e.Time.UTC(), ReceivedAt: e.ReceivedAt.UTC(),
		UserId: e.UserID, AnonymousId: e.AnonymousID, SessionId: e.SessionID, SourceId: uuid.UUID(e.SourceID),
		Properties: objectOut(e.Properties), Context: objectOut(e.Context), Facts: objectOut(e.Facts),
		Bot: e.Bot, SdkName: e.SDKName, SdkVersion: e.SDKVersion, CorrelationId: e.CorrelationID,
		Receipt: s.deps.Books.SealedReceipt(tenant, ingest.ReceiptID(e.ReceiptID)),
	}
}

func objectOut(text json.RawMessage) json.RawMessage {
	if len(text) == 0 {
		return json.RawMessage("{}")
	}
	return text
}

func (s *server) GetCatalog(ctx context.Context, r gen.GetCatalogRequestObject) (gen.GetCatalogResponseObject, error) {
	c, err := s.deps.Analytics.Catalog(ctx, in(ctx).principal.Tenant, deref(r.Params.From), deref(r.Params.To))
	if err != nil {
		return nil, err
	}
	return gen.GetCatalog200JSONResponse{Events: each(c.Events, func(e analytics.CatalogEvent) gen.CatalogEvent {
		return gen.CatalogEvent{
			Event: e.Name, Type: e.Type, Count: e.Count, FirstSeen: e.FirstSeen.UTC(), LastSeen: e.LastSeen.UTC(),
			Properties: each(e.Properties, func(p analytics.CatalogProperty) gen.CatalogProperty {
				return gen.CatalogProperty{
					Name: p.Name, Share: p.Share, Examples: append([]string{}, p.Examples...),
					Types: each(p.Types, func(t string) gen.CatalogPropertyTypes { return gen.CatalogPropertyTypes(t) }),
				}
			}),
		}
	})}, nil
}
