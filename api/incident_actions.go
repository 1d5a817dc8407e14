package api

import (
	"context"

	"github.com/observatory/observatory/analytics/alert"
	"github.com/observatory/observatory/api/gen"
)

func (s *server) AcknowledgeIncident(ctx context.Context, r gen.AcknowledgeIncidentRequestObject) (gen.AcknowledgeIncidentResponseObject, error) {
	found, err := s.deps.Incidents.Acknowledge(ctx, in(ctx).by(), alert.IncidentID(r.IncidentId))
	return gen.AcknowledgeIncident200JSONResponse(incidentOut(found)), err
}

func (s *server) SnoozeIncident(ctx context.Context, r gen.SnoozeIncidentRequestObject) (gen.SnoozeIncidentResponseObject, error) {
	found, err := s.deps.Incidents.Snooze(ctx, in(ctx).by(), alert.IncidentID(r.IncidentId), r.Body.Until)
	return gen.SnoozeIncident200JSONResponse(incidentOut(found)), err
}

func (s *server) ResolveIncident(ctx context.Context, r gen.ResolveIncidentRequestObject) (gen.ResolveIncidentResponseObject, error) {
	var note string
	if r.Body != nil {
		note = deref(r.Body.Note)
	}
	found, err := s.deps.Incidents.Resolve(ctx, in(ctx).by(), alert.IncidentID(r.IncidentId), note)
	return gen.ResolveIncident200JSONResponse(incidentOut(found)), err
}
