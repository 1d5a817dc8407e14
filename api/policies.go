package api

import (
	"context"
	"encoding/json"
	"time"

	"github.com/observatory/observatory/api/gen"
	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// Rehearser tries rules on stored events without changing anything.
type Rehearser interface {
	// RehearsePolicy runs the last stored events, of one name or (empty) of any, through a policy. Errors: those of publishing it.
	RehearsePolicy(ctx context.Context, tenant tenants.ID, kind ingest.PolicyKind, document []byte, event string, last int) (*ingest.RehearsalReport, error)
}

func (s *server) GetPolicy(ctx context.Context, r gen.GetPolicyRequestObject) (gen.GetPolicyResponseObject, error) {
	kind, err := ingest.ParsePolicyKind(string(r.Kind))
	if err != nil {
		return nil, err
	}
	p, err := s.deps.Policies.Newest(ctx, in(ctx).principal.Tenant, kind)
	if err != nil {
		return nil, err
	}
	out, err := policyOut(p)
	return gen.GetPolicy200JSONResponse(out), err
}

func (s *server) ListPolicyVersions(ctx context.Context, r gen.ListPolicyVersionsRequestObject) (gen.ListPolicyVersionsResponseObject, error) {
	kind, err := ingest.ParsePolicyKind(string(r.Kind))
	if err != nil {
		return nil, err
	}
	all, err := s.deps.Policies.Versions(ctx, in(ctx).principal.Tenant, kind)
	if err != nil {
		return nil, err
	}
	out := gen.ListPolicyVersions200JSONResponse{Versions: make([]gen.Policy, len(all))}
	if out.DefaultPolicy, err = policyOut(s.deps.Policies.Default(kind)); err != nil {
		return nil, err
	}
	for i, p := range all {
		if out.Versions[i], err = policyOut(p); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s *server) PublishPolicy(ctx context.Context, r gen.PublishPolicyRequestObject) (gen.PublishPolicyResponseObject, error) {
	kind, err := ingest.ParsePolicyKind(string(r.Kind))
	if err != nil {
		return nil, err
	}
	document, err := documentIn(r.Body.Document)
	if err != nil {
		return nil, err
	}
	done, err := s.trials.take(ctx, in(ctx).principal.Tenant) // checking reads all of the tenant's schemas
	if err != nil {
		return nil, err
	}
	defer done()
	p, err := s.deps.Policies.Publish(ctx, in(ctx).by(), ingest.PublishInput{
		Kind: kind, Document: document, Note: orZero(r.Body.Note), Base: r.Body.BaseVersion,
	})
	if err != nil {
		return nil, err
	}
	out, err := policyOut(p)
	return gen.PublishPolicy200JSONResponse(out), err
}

func (s *server) RehearsePolicy(ctx context.Context, r gen.RehearsePolicyRequestObject) (gen.RehearsePolicyResponseObject, error) {
	const usual = 1000
	kind, err := ingest.ParsePolicyKind(string(r.Kind))
	if err != nil {
		return nil, err
	}
	document, err := documentIn(r.Body.Document)
	if err != nil {
		return nil, err
	}
	last := usual
	if r.Body.Last != nil {
		last = *r.Body.Last
	}
	done, err := s.trials.take(ctx, in(ctx).principal.Tenant)
	if err != nil {
		return nil, err
	}
	defer done()
	report, err := s.deps.Rehearsals.RehearsePolicy(ctx, in(ctx).principal.Tenant, kind, document, orZero(r.Body.Event), last)
	if err != nil {
		return nil, err
	}
	out, err := rehearsalOut(report)
	return gen.RehearsePolicy200JSONResponse(out), err
}

func documentIn(document gen.PolicyDocument) ([]byte, error) {
	text, err := json.Marshal(document)
	if err != nil {
		return nil, fault.New(fault.Invalid, "invalid_policy", "The document is not a JSON object.").Because(err)
	}
	return text, nil
}

func policyOut(p ingest.Policy) (gen.Policy, error) {
	out := gen.Policy{Kind: gen.PolicyKind(p.Kind), Version: p.Version, Note: p.Note, CreatedBy: p.CreatedBy}
	if !p.CreatedAt.IsZero() {
		at := p.CreatedAt.Truncate(time.Millisecond)
		out.CreatedAt = &at
	}
	return out, json.Unmarshal(p.Document, &out.Document)
}

// rehearsalOut is a report in the contract's types, which have its form.
func rehearsalOut(report *ingest.RehearsalReport) (out gen.RehearsalReport, err error) {
	text, err := json.Marshal(report)
	if err != nil {
		return out, err
	}
	return out, json.Unmarshal(text, &out)
}
