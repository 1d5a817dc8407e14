// Package redact takes out of events what their tenant says must never be stored. It stands behind conforming and before
// enriching, and before anything is written: what a policy forbids reaches neither log, store, quarantine nor queue.
//
// A Policy is the document that a tenant declares; compiled with the tenant's secrets it is a Redactor.
package redact

import (
	"slices"
	"sync"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/doc"
)

// Redacted stands where a part of a text was dropped, and where an action did not know what to do with a value.
const Redacted = "[redacted]"

// Redactor applies one policy. It does not change and is used by many goroutines at once.
type Redactor struct {
	rules     []compiled
	keyed     []int       // rules that look at names
	detecting []int       // rules that look at texts
	numeric   []int       // those of them that look at numbers, too
	root      []pathState // of the rules that look at paths, before the first name
	sealer    *sealer
	works     sync.Pool // of *work
}

// Event redacts an accepted event: its name, identifiers and violations, and the two documents in place. Either document may be
// nil. Event.Redactions becomes the sorted names of the rules that changed something.
func (r *Redactor) Event(e *ingest.Event, properties, context *doc.Node) {
	w := r.work()
	w.event(e)
	w.top(properties, "properties")
	w.top(context, "context")
	e.Redactions = w.touchedRules()
	r.works.Put(w)
}

// Rejected redacts an item that is set aside: what could be read of the event, the reason, and Raw according to Format. Raw that
// cannot be read as its format says becomes text, of which only the structure is left. The properties, context and payload of the
// event are forgotten: Raw is what is kept of them.
func (r *Redactor) Rejected(item *ingest.Item) {
	w := r.work()
	e := &item.Event
	if item.Rejection != nil {
		w.rejection(item)
	}
	w.event(e)
	w.raw(item)
	e.Properties, e.Context, e.Payload = nil, nil, nil
	e.Redactions = w.touchedRules()
	r.works.Put(w)
}

// Text redacts a text that belongs to no event, such as the name of a sender's library. It returns the text itself when there is
// nothing to redact.
func (r *Redactor) Text(text []byte) []byte {
	w := r.work()
	out, _ := w.text(text, inProse)
	r.works.Put(w)
	return out
}

// Identifier is what a user's or a session's identifier becomes on its way into the store; the identifier itself when no rule
// forbids it. field is its name in an event: user_id, anonymous_id, session_id or event_id. Whoever looks for a person by the
// identifier that the sender knows asks this first.
func (r *Redactor) Identifier(field string, id []byte) []byte {
	w := r.work()
	out := w.identifier(field, id)
	r.works.Put(w)
	return out
}

// Hash is the pseudonym that the action hash gives to a text under each of the tenant's secrets, the newest first.
func (r *Redactor) Hash(text []byte) []string { return r.sealer.hashes(text) }

// Reveal undoes the action tokenise. Errors: ErrNotAToken, ErrSecretUnknown.
func (r *Redactor) Reveal(token string) (string, error) { return r.sealer.reveal(token) }

// work is the memory of one goroutine that redacts.
type work struct {
	r       *Redactor
	names   map[string]verdict
	keys    map[string]int // first key rule of a name
	touched ruleSet
	states  []pathState // of the nodes on the way from the root
	spans   []span      // in their order, none overlaps another
	layers  [maxLayers]view
	nested  [maxNested]doc.Doc
	level   int // of documents within texts
	version bool
}

func (r *Redactor) work() *work {
	w := r.works.Get().(*work) //nolint:forcetypeassert // the pool holds nothing else
	w.touched = ruleSet{}
	return w
}

// ruleSet holds a bit for each rule.
type ruleSet [(MaxRules + 63) / 64]uint64

func (w *work) touch(rule int) { w.touched[rule/64] |= 1 << (rule % 64) }

func (w *work) touchedRules() []string {
	var names []string
	for i := range w.r.rules {
		if w.touched[i/64]&(1<<(i%64)) != 0 {
			names = append(names, w.r.rules[i].Name)
		}
	}
	slices.Sort(names)
	return names
}

// event redacts what stands beside the documents.
func (w *work) event(e *ingest.Event) {
	e.Name = w.name(e.Name)
	e.ID = w.identifier("event_id", e.ID)
	e.UserID = w.identifier("user_id", e.UserID)
	e.AnonymousID = w.identifier("anonymous_id", e.AnonymousID)
	e.SessionID = w.identifier("session_id", e.SessionID)
	e.Client.Name, _ = w.text(e.Client.Name, inProse)
	e.Client.Version = w.versionText(e.Client.Version)
	for i, v := range e.Violations {
		path, message := w.str(v.Path), w.str(v.Message)
		if path != v.Path || message != v.Message {
			e.Violations = slices.Clone(e.Violations) // they may be shared
			e.Violations[i].Path, e.Violations[i].Message = path, message
		}
	}
}

// name redacts the name of an event, which is always masked: it must not vanish.
func (w *work) name(name []byte) []byte {
	out, changed := w.text(name, inName)
	if changed && len(out) > ingest.MaxNameBytes {
		out = cut(out, ingest.MaxNameBytes)
	}
	return out
}

// identifier makes a pseudonym of an identifier that a rule speaks of, so that two people do not become one.
func (w *work) identifier(field string, id []byte) []byte {
	if len(id) == 0 {
		return id
	}
	rule := none
	if len(w.r.root) > 0 {
		var states []pathState
		states, rule = w.step(w.r.root, []byte(field), none)
		w.states = w.states[:len(w.states)-len(states)]
	}
	if rule == none {
		rule = w.anyDetector(id)
	}
	if rule == none || isPseudonym(id) {
		return id
	}
	switch w.r.rules[rule].action {
	case allow:
		return id
	case tokenise:
		if token := w.r.sealer.token(id); len(token) <= ingest.MaxIDBytes {
			w.touch(rule)
			return []byte(token)
		}
	default:
	}
	w.touch(rule)
	return []byte(w.r.sealer.hash(id))
}

func (w *work) str(s string) string {
	if s == "" {
		return s
	}
	out, changed := w.text([]byte(s), inProse)
	if !changed {
		return s
	}
	return string(out)
}

func (w *work) versionText(text []byte) []byte {
	w.version = true
	out, _ := w.text(text, inProse)
	w.version = false
	return out
}
