package api

import (
	"context"
	"encoding/json"
	"fmt"
	"mime"

	"github.com/observatory/observatory/api/gen"
	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/contract/infer"
	"github.com/observatory/observatory/ingest/contract/stub"
	"github.com/observatory/observatory/ingest/schema"
	"github.com/observatory/observatory/tenants"
)

// What can be done with schemas beyond keeping them, which the registry does (registry.go): propose one, try one, and
// write code for one.

// SchemaRehearser tries schemas on stored events without changing anything.
type SchemaRehearser interface {
	// RehearseSchema runs the last stored events through the contract as if a schema were the newest version of a subject. Without an
	// event name, those are taken that the contract binds to the subject. Errors: invalid_schema, nothing_bound.
	RehearseSchema(ctx context.Context, tenant tenants.ID, subject string, typ schema.Type, text string, references []schema.Reference, event string, last int) (*ingest.RehearsalReport, error)
}

const usualSamples = 1000

func (s *server) InferSchema(ctx context.Context, r gen.InferSchemaRequestObject) (gen.InferSchemaResponseObject, error) {
	last := usualSamples
	if r.Body.Last != nil {
		last = *r.Body.Last
	}
	done, err := s.trials.take(ctx, in(ctx).principal.Tenant)
	if err != nil {
		return nil, err
	}
	defer done()
	p, err := infer.Recent(ctx, s.deps.Samples, in(ctx).principal.Tenant, r.Body.Event, last)
	if err != nil {
		return nil, err
	}
	out := gen.InferSchema200JSONResponse{Events: p.Events, Complete: p.Complete}
	out.Proposal.Type, out.Proposal.Schema = gen.InferredSchemaProposalTypeJSON, p.Schema
	properties, err := json.Marshal(p.Properties)
	if err != nil {
		return nil, fmt.Errorf("write what was seen: %w", err)
	}
	return out, json.Unmarshal(properties, &out.Properties)
}

func (s *server) RehearseSchema(ctx context.Context, r gen.RehearseSchemaRequestObject) (gen.RehearseSchemaResponseObject, error) {
	if err := schema.CheckSubject(r.Subject); err != nil {
		return nil, err
	}
	typ, last := schema.Avro, usualSamples
	if r.Body.SchemaType != nil {
		typ = schema.Type(*r.Body.SchemaType)
	}
	if r.Body.Last != nil {
		last = *r.Body.Last
	}
	var references []schema.Reference
	if r.Body.References != nil {
		for _, each := range *r.Body.References {
			references = append(references, schema.Reference{Name: each.Name, Subject: each.Subject, Version: each.Version})
		}
	}
	done, err := s.trials.take(ctx, in(ctx).principal.Tenant)
	if err != nil {
		return nil, err
	}
	defer done()
	report, err := s.deps.Trials.RehearseSchema(ctx, in(ctx).principal.Tenant, r.Subject, typ, r.Body.Schema, references, orZero(r.Body.Event), last)
	if err != nil {
		return nil, err
	}
	out, err := rehearsalOut(report)
	return gen.RehearseSchema200JSONResponse(out), err
}

func (s *server) GetSchemaStub(ctx context.Context, r gen.GetSchemaStubRequestObject) (gen.GetSchemaStubResponseObject, error) {
	tenant, subject := in(ctx).principal.Tenant, r.Subject
	found, err := s.deps.Schemas.Version(ctx, tenant, subject, schema.Latest, schema.ShowLive)
	if err != nil {
		return nil, err
	}
	compiled, err := s.deps.Schemas.Compiled(ctx, tenant, found.Schema.ID)
	if err != nil {
		return nil, err
	}
	event := subject
	if r.Params.Event != nil {
		event = *r.Params.Event
	}
	name, text, err := stub.Write(stub.Input{
		Native: compiled.Parsed.Native(), Text: found.Schema.Text, Subject: subject, Version: found.Number, Event: event, Lang: stub.Language(r.Params.Lang),
	})
	if err != nil {
		return nil, err
	}
	return gen.GetSchemaStub200TextResponse{
		Body:    text,
		Headers: gen.GetSchemaStub200ResponseHeaders{ContentDisposition: new(mime.FormatMediaType("attachment", map[string]string{"filename": name}))},
	}, nil
}
