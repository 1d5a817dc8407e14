package pipeline

import (
	"context"
	"errors"
	"time"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/contract"
	"github.com/observatory/observatory/ingest/doc"
	"github.com/observatory/observatory/ingest/schema"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// Rehearsals try rules on stored events before they are published. Nothing is changed by them.
type Rehearsals struct {
	book     *Rulebook
	samples  ingest.Samples
	patience time.Duration
}

// rehearsalTime is how long a rehearsal goes on to look at events. Rules can be written that make each one take long, and others wait
// for their turn.
const rehearsalTime = 20 * time.Second

// NewRehearsals makes rehearsals.
func NewRehearsals(p *Pipeline, samples ingest.Samples) *Rehearsals {
	return &Rehearsals{book: p.book, samples: samples, patience: rehearsalTime}
}

// RehearsePolicy runs the last stored events, of one name or (empty) of any, through the tenant's rules with another policy of a kind. Errors: invalid_policy.
func (r *Rehearsals) RehearsePolicy(ctx context.Context, tenant tenants.ID, kind ingest.PolicyKind, document []byte, event string, last int) (*ingest.RehearsalReport, error) {
	if kind == ingest.RetentionPolicy {
		return nil, fault.New(fault.Invalid, "nothing_to_rehearse", "A retention policy changes nothing about events that are sent. POST /v1/privacy/retention/preview tells what it would remove.")
	}
	if err := r.book.CheckPolicy(ctx, tenant, kind, document); err != nil {
		return nil, err
	}
	declared, err := r.book.feed.DeclaredBy(ctx, tenant)
	if err != nil {
		return nil, err
	}
	rules, err := r.book.quiet().rules(declared, nil)
	if err != nil {
		return nil, err
	}
	if err := r.book.quiet().set(rules, declared, ingest.Policy{Kind: kind, Document: document}); err != nil {
		return nil, err
	}
	return r.run(ctx, tenant, rules, []string{event}, last)
}

// RehearseSchema runs the last stored events through the tenant's rules as if a schema were the newest version of a subject. Without an
// event name, those are taken that the contract binds to the subject. Errors: invalid_schema.
func (r *Rehearsals) RehearseSchema(ctx context.Context, tenant tenants.ID, subject string, typ schema.Type, text string, references []schema.Reference, event string, last int) (*ingest.RehearsalReport, error) {
	declared, err := r.book.feed.DeclaredBy(ctx, tenant)
	if err != nil {
		return nil, err
	}
	next := DeclaredSchema{ID: proposedID, Type: typ, Text: text, References: references}
	newest := 0
	for _, s := range declared.Schemas {
		for _, v := range s.Versions {
			if v.Subject == subject {
				newest = max(newest, v.Version)
			}
		}
	}
	next.Versions = []DeclaredVersion{{Subject: subject, Version: newest + 1}}
	declared.Schemas = append(declared.Schemas, next)
	if _, err := newTenantSchemas(r.book.compile.formats, declared.Schemas, nil).parse(&next); err != nil {
		if errors.Is(err, errNoReference) || errors.Is(err, errNoFormat) {
			err = schema.Invalid("The schema cannot be used: %s. Register what it refers to first.", err)
		}
		return nil, err
	}
	rules, err := r.book.quiet().rules(declared, nil)
	if err != nil {
		return nil, err
	}
	events, err := rules.bind(declared, subject, event)
	if err != nil {
		return nil, err
	}
	return r.run(ctx, tenant, rules, events, last)
}

// bind makes rules under which only the subject is looked at, strictly, and returns the events that it is for.
func (r *Rules) bind(d Declared, subject, event string) ([]string, error) {
	policy := contract.Default()
	for _, p := range d.Policies {
		if p.Kind != ingest.ContractPolicy {
			continue
		}
		declared, err := contract.Parse(p.Document)
		if err != nil {
			return nil, err
		}
		for _, b := range declared.Events {
			if b.Subject == subject && (event == "" || b.Event == event) {
				policy.Events = append(policy.Events, b)
			}
		}
	}
	if len(policy.Events) == 0 && event != "" {
		policy.Events = []contract.Binding{{Event: event, Subject: subject, UnknownProperties: contract.Keep}}
	}
	if len(policy.Events) == 0 {
		return nil, fault.New(fault.Invalid, "nothing_bound", "No event is bound to the subject. Name the event to rehearse with.")
	}
	events := make([]string, len(policy.Events))
	for i := range policy.Events {
		policy.Events[i].Mode = contract.Enforce
		events[i] = policy.Events[i].Event
	}
	var err error
	r.Contract, err = contract.Compile(policy, r.schemas)
	return events, err
}

// proposedID is the ID of a schema that is not registered.
const proposedID = 1<<31 - 1

// quiet compiles rules that remember nothing of the events that they see.
func (b *Rulebook) quiet() *compiler {
	c := *b.compile
	c.resources.Sessions = nil
	return &c
}

// run rehearses with at least one event of those that there are, and with as many as there is time for: the report tells how many.
func (r *Rehearsals) run(ctx context.Context, tenant tenants.ID, rules *Rules, events []string, last int) (*ingest.RehearsalReport, error) {
	rehearsal := ingest.NewRehearsal()
	over := time.Now().Add(r.patience)
	var s space
	for _, event := range events {
		samples, err := r.samples.RecentEvents(ctx, tenant, event, max(last/len(events), 1))
		if err != nil {
			return nil, err
		}
		for i := range samples {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			rehearsal.Add(rules.rehearse(&s, tenant, &samples[i]))
			if time.Now().After(over) {
				return rehearsal.Report(), nil
			}
		}
	}
	return rehearsal.Report(), nil
}

// rehearse applies the rules to one event.
func (r *Rules) rehearse(s *space, tenant tenants.ID, sample *ingest.Sample) ingest.Rehearsed {
	s.memory = s.memory[:0]
	out := ingest.Rehearsed{
		ID: string(sample.ID), Event: string(sample.Name), SDK: string(sample.Client.Name), Version: string(sample.Client.Version),
		Source: sample.Source.String(), Before: shown(&sample.Event),
	}
	item := ingest.Item{Event: sample.Event}
	item.Event.Schema, item.Event.Violations = 0, nil
	r.apply(s, &ingest.Preparation{Sender: ingest.Sender{Tenant: tenant, Source: sample.Source}}, &item)
	out.Rules = item.Event.Redactions
	if rejection := item.Rejection; rejection != nil {
		out.After = item.Raw
		out.Causes = []ingest.Violation{{Code: rejection.Code, Path: rejection.Path, Message: rejection.Message}}
		return out
	}
	out.After = shown(&item.Event)
	out.Causes = item.Event.Violations
	return out
}

// shown is an event as reports show it.
func shown(e *ingest.Event) []byte {
	var properties, context doc.Doc
	p, err := properties.Parse(e.Properties)
	if err != nil {
		p = properties.Empty()
	}
	c, err := context.Parse(e.Context)
	if err != nil {
		c = context.Empty()
	}
	b := canonical(e, p, c)
	if len(e.Facts) > 0 {
		b = append(append(append(b[:len(b)-1], `,"facts":`...), e.Facts...), '}')
	}
	return b
}
