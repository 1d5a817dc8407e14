package pipeline

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/contract"
	"github.com/observatory/observatory/ingest/doc"
	"github.com/observatory/observatory/ingest/enrich"
	"github.com/observatory/observatory/ingest/schema"
)

// Pipeline is the ingest.Preparer that applies each tenant's rules.
type Pipeline struct {
	book   *Rulebook
	spaces sync.Pool // of *space
}

// Deps are what a pipeline works with.
type Deps struct {
	Feed      Feed
	Formats   map[schema.Type]schema.Format
	Resources enrich.Resources
	Retention func(document []byte) error // checks policies of this kind, which another domain applies
	Logger    *slog.Logger
	Now       func() time.Time
}

// New makes a pipeline with an empty rulebook: call its Refresh to fill it and Run to keep it fresh.
func New(cfg Config, deps Deps) *Pipeline {
	return &Pipeline{
		book:   newRulebook(cfg, deps),
		spaces: sync.Pool{New: func() any { return new(space) }},
	}
}

// Rulebook holds the rules that the pipeline applies.
func (p *Pipeline) Rulebook() *Rulebook { return p.book }

// space is the memory in which one request is prepared.
type space struct {
	properties, context doc.Doc
	conforming          contract.Workspace
	memory              []byte // of what is written anew; never written twice while a request is in hand
}

// Prepare implements ingest.Preparer.
func (p *Pipeline) Prepare(_ context.Context, in *ingest.Preparation) (func(), error) {
	rules, err := p.book.Rules(in.Sender.Tenant)
	if err != nil {
		return nil, err
	}
	in.KeepDays = rules.KeepDays
	s := p.spaces.Get().(*space) //nolint:forcetypeassert // the pool holds nothing else
	s.memory = s.memory[:0]
	for i := range in.Items {
		rules.apply(s, in, &in.Items[i])
	}
	return func() { p.spaces.Put(s) }, nil
}

// apply makes of an item what the rules say. The order matters: the contract is about what was sent, nothing is found out from what
// is redacted, and what is set aside is redacted like everything else. People are known by what was sent, payloads included.
func (r *Rules) apply(s *space, in *ingest.Preparation, item *ingest.Item) {
	e := &item.Event
	if item.Rejection != nil {
		if in.BarsRejected(item, &s.context) {
			return
		}
		e.Policy = r.redaction
		r.Redactor.Rejected(item)
		s.setSDK(in, item)
		return
	}
	e.Policy = r.redaction
	properties, context := object(&s.properties, &e.Properties), object(&s.context, &e.Context)
	if item.Rejection = r.Contract.Conform(&s.conforming, e, properties); item.Rejection != nil {
		if in.Bars(item, properties, context) {
			return
		}
		r.setAside(item, properties, context)
		s.setSDK(in, item)
		return
	}
	if in.Bars(item, properties, context) {
		return
	}
	r.Redactor.Event(e, properties, context)
	s.memory = r.Enricher.Apply(enrich.Input{
		Tenant: in.Sender.Tenant, Source: in.Sender.Source, Client: &in.Client, Event: e, Context: context, Properties: properties, Trial: in.Trial,
	}, s.memory)
	e.Properties = s.text(&s.properties, properties, e.Properties)
	e.Context = s.text(&s.context, context, e.Context)
}

// object reads an object. The decoder lets nothing else through; if it ever did, what nobody can look into would not be stored.
func object(d *doc.Doc, text *[]byte) *doc.Node {
	root, err := d.Parse(*text)
	if err != nil || root.Kind() != doc.Object {
		*text = nil
		return d.Empty()
	}
	return root
}

// setAside keeps an event that breaks the contract as an event of our own dialect, so that it can be put right and sent again. Of a
// payload that could not be decoded nothing is kept.
func (r *Rules) setAside(item *ingest.Item, properties, context *doc.Node) {
	item.Format, item.Raw = ingest.FormatNative, nil
	if item.Event.Payload != nil {
		item.Format = ingest.FormatBinary
	} else {
		item.Raw = canonical(&item.Event, properties, context)
	}
	r.Redactor.Rejected(item)
}

// setSDK notes which library made an event that is set aside, by what is left of it after redaction.
func (s *space) setSDK(in *ingest.Preparation, item *ingest.Item) {
	var context *doc.Node
	if root, err := s.context.Parse(item.Raw); err == nil && root.Kind() == doc.Object {
		context = root.Child("context")
	}
	enrich.SetSDK(&in.Client, &item.Event, context)
}

// text is a document after it was changed, or the text that it was read from.
func (s *space) text(d *doc.Doc, root *doc.Node, was []byte) []byte {
	if !d.Changed() {
		return was
	}
	if root.Len() == 0 {
		return nil
	}
	at := len(s.memory)
	s.memory = root.Append(s.memory)
	return s.memory[at:len(s.memory):len(s.memory)]
}

// canonical writes an event as JSON in our own dialect, with its type, which the dialect takes back when the event is replayed.
func canonical(e *ingest.Event, properties, context *doc.Node) []byte {
	b := append(make([]byte, 0, 256+len(e.Properties)+len(e.Context)), '{')
	member := func(name string, value []byte) {
		if len(value) == 0 {
			return
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), name...), '"', ':')
		b = doc.AppendString(b, value)
	}
	member("event", e.Name)
	if e.Type != ingest.Track {
		member("type", []byte(e.Type.String()))
	}
	member("event_id", e.ID)
	member("user_id", e.UserID)
	member("anonymous_id", e.AnonymousID)
	member("session_id", e.SessionID)
	member("timestamp", []byte(e.Time.UTC().Format("2006-01-02T15:04:05.000Z")))
	if properties.Len() > 0 {
		b = properties.Append(append(b, `,"properties":`...))
	}
	if context.Len() > 0 {
		b = context.Append(append(b, `,"context":`...))
	}
	return append(bytes.TrimSpace(b), '}')
}
