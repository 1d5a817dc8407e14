package api

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/observatory/observatory/analytics/alert"
	"github.com/observatory/observatory/api/gen"
	"github.com/observatory/observatory/internal/fault"
)

func (s *server) ListIncidents(ctx context.Context, r gen.ListIncidentsRequestObject) (gen.ListIncidentsResponseObject, error) {
	p := r.Params
	q := alert.IncidentsQuery{
		State: alert.IncidentState(deref(p.State)), Severity: alert.Severity(deref(p.Severity)), Rule: alert.RuleID(deref(p.AlertId)), Event: deref(p.Event),
		From: deref(p.From).UTC(), To: deref(p.To).UTC(), Limit: pageSize(p.Limit),
	}
	if !q.To.IsZero() && !q.From.Before(q.To) {
		return nil, fault.New(fault.Invalid, "invalid_period", "`from` must lie before `to`.")
	}
	if cursor := deref(p.Cursor); cursor != "" {
		at, id, err := openPlace(cursor)
		if err != nil {
			return nil, err
		}
		q.After = alert.IncidentCursor{OpenedAt: at, ID: alert.IncidentID(id)}
	}
	found, err := s.deps.Incidents.List(ctx, in(ctx).principal.Tenant, q)
	if err != nil {
		return nil, err
	}
	out := gen.ListIncidents200JSONResponse{Incidents: each(found, incidentOut)}
	if len(found) == q.Limit {
		last := found[q.Limit-1]
		out.NextCursor = orNil(place(last.OpenedAt, uuid.UUID(last.ID)))
	}
	return out, nil
}

func (s *server) GetIncident(ctx context.Context, r gen.GetIncidentRequestObject) (gen.GetIncidentResponseObject, error) {
	found, timeline, err := s.deps.Incidents.Get(ctx, in(ctx).principal.Tenant, alert.IncidentID(r.IncidentId))
	if err != nil {
		return nil, err
	}
	return gen.GetIncident200JSONResponse{Incident: incidentOut(found), Entries: each(timeline, func(e alert.Entry) gen.IncidentEntry {
		return gen.IncidentEntry{Id: e.ID, At: shown(e.At), Kind: string(e.Kind), Actor: e.Actor, Text: e.Text, Details: e.Details}
	})}, nil
}

func incidentOut(i alert.Incident) gen.Incident {
	label, _ := strings.CutPrefix(i.GroupKey, "group:")
	if label == i.GroupKey {
		label = ""
	}
	return gen.Incident{
		Id: uuid.UUID(i.ID), Title: i.Title, Severity: gen.Severity(i.Severity), State: gen.IncidentState(i.State), Group: label, Events: eventsOf(i),
		OpenedAt: shown(i.OpenedAt), ResolvedAt: shownOrNil(i.ResolvedAt), ResolvedBy: orNil(i.ResolvedBy),
		AcknowledgedAt: shownOrNil(i.AcknowledgedAt), AcknowledgedBy: orNil(i.AcknowledgedBy), SnoozedUntil: shownOrNil(i.SnoozedUntil),
		EscalationId: i.Policy, Muted: i.Muted,
		Rules: each(i.Rules, func(r alert.IncidentRule) gen.IncidentRule {
			return gen.IncidentRule{
				AlertId: uuid.UUID(r.Rule), Name: r.Name, Event: orNil(r.Event), Severity: gen.Severity(r.Severity), FiredAt: shown(r.FiredAt), ResolvedAt: shownOrNil(r.ResolvedAt),
			}
		}),
	}
}

// eventsOf are the names of the events that an incident is about; none when one of its rules is about all, or about something else.
func eventsOf(i alert.Incident) []string {
	events := []string{}
	for _, r := range i.Rules {
		if r.Event == "" {
			return []string{}
		}
		if !slices.Contains(events, r.Event) {
			events = append(events, r.Event)
		}
	}
	return events
}
