package enrich

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/observatory/observatory/ingest/doc"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// Policy is what a tenant declares about enrichment: the document of kind "enrichment".
type Policy struct {
	Steps   []string // names of steps; without repetition
	Timeout time.Duration
	Sources map[tenants.SourceID]Service
}

// Service says which part of a system an event comes from. Empty fields are not known.
type Service struct {
	Name    string `json:"service,omitempty"`
	Stage   string `json:"stage,omitempty"`
	Version string `json:"version,omitempty"`
	Host    string `json:"host,omitempty"`
}

// MarshalJSON writes the document that Parse reads.
func (p Policy) MarshalJSON() ([]byte, error) {
	sources := make(map[string]Service, len(p.Sources))
	for id, s := range p.Sources {
		sources[id.String()] = s
	}
	steps := p.Steps
	if steps == nil {
		steps = []string{}
	}
	return json.Marshal(map[string]any{
		"steps": steps, "session": map[string]int{"timeout_minutes": int(p.Timeout / time.Minute)}, "sources": sources,
	})
}

// Bounds of a policy.
const (
	MaxPolicyBytes    = 256 << 10
	MaxSources        = 1000
	DefaultTimeout    = 30 * time.Minute
	maxTimeoutMinutes = 24 * 60
)

// Default is the policy of tenants that declare none: all steps.
func Default() Policy {
	p := Policy{Timeout: DefaultTimeout}
	for _, s := range steps {
		p.Steps = append(p.Steps, s.name)
	}
	return p
}

// Parse reads a policy strictly. What a document leaves out is as in Default. Errors: invalid_policy (Invalid); the message
// names the path and says what to do, and never repeats a value.
func Parse(document []byte) (Policy, error) {
	if len(document) > MaxPolicyBytes {
		return Policy{}, invalid("the document", "is larger than %d KB: declare fewer sources", MaxPolicyBytes>>10)
	}
	var d doc.Doc
	if !utf8.Valid(document) {
		return Policy{}, invalid("the document", "is not UTF-8: save it as UTF-8")
	}
	root, err := d.Parse(document)
	if err != nil || len(bytes.TrimSpace(document)) == 0 {
		return Policy{}, invalid("the document", "is not JSON: send one JSON object")
	}
	p := Default()
	r := policyReader{}
	r.object("", root, map[string]func(string, *doc.Node){
		"steps":   func(path string, n *doc.Node) { p.Steps = r.steps(path, n) },
		"session": func(path string, n *doc.Node) { p.Timeout = r.session(path, n) },
		"sources": func(path string, n *doc.Node) { p.Sources = r.sources(path, n) },
	})
	if r.err != nil {
		return Policy{}, r.err
	}
	return p, nil
}

func invalid(path, format string, args ...any) error {
	return fault.New(fault.Invalid, "invalid_policy", path+" "+format+".", args...)
}

// policyReader walks a document and keeps the first fault.
type policyReader struct{ err error }

func (r *policyReader) fail(path, format string, args ...any) {
	if r.err == nil {
		if path == "" {
			path = "the document"
		}
		r.err = invalid(strings.ReplaceAll(path, "%", "%%"), format, args...)
	}
}

// object gives each member of an object to the reader of its name.
func (r *policyReader) object(path string, n *doc.Node, members map[string]func(path string, n *doc.Node)) {
	if n.Kind() != doc.Object {
		r.fail(path, "must be an object")
		return
	}
	seen := make(map[string]bool, len(members))
	for m := range n.Children() {
		name := string(m.Key())
		read, known := members[name]
		switch {
		case !known:
			r.fail(within(path, name), "is not known here: remove it, or use one of %s", names(members))
		case seen[name]:
			r.fail(within(path, name), "stands twice: remove one")
		default:
			seen[name] = true
			read(within(path, name), m)
		}
	}
}

func (r *policyReader) steps(path string, n *doc.Node) []string {
	if n.Kind() != doc.Array {
		r.fail(path, "must be a list of steps")
		return nil
	}
	chosen := []string{}
	for el := range n.Children() {
		name := string(el.Text())
		at := slices.IndexFunc(steps[:], func(s step) bool { return s.name == name })
		switch {
		case el.Kind() != doc.String || at < 0:
			r.fail(path, "has something that is not a step: use %s", strings.Join(Default().Steps, ", "))
			return nil
		case slices.Contains(chosen, steps[at].name):
			r.fail(path, "has %s twice: remove one", steps[at].name)
			return nil
		}
		chosen = append(chosen, steps[at].name)
	}
	return chosen
}

func (r *policyReader) session(path string, n *doc.Node) time.Duration {
	timeout := DefaultTimeout
	r.object(path, n, map[string]func(string, *doc.Node){
		"timeout_minutes": func(path string, n *doc.Node) {
			var minutes int
			if err := json.Unmarshal(n.Raw(), &minutes); n.Kind() != doc.Number || err != nil || minutes < 1 || minutes > maxTimeoutMinutes {
				r.fail(path, "must be a whole number from 1 to %d", maxTimeoutMinutes)
				return
			}
			timeout = time.Duration(minutes) * time.Minute
		},
	})
	return timeout
}

func (r *policyReader) sources(path string, n *doc.Node) map[tenants.SourceID]Service {
	if n.Kind() != doc.Object {
		r.fail(path, "must be an object whose keys are the IDs of sources")
		return nil
	}
	if n.Len() > MaxSources {
		r.fail(path, "has more than %d sources: remove some", MaxSources)
		return nil
	}
	declared := make(map[tenants.SourceID]Service, n.Len())
	for m := range n.Children() {
		id, err := tenants.ParseSourceID(string(m.Key()))
		if err != nil {
			r.fail(path, "has a key that is not the ID of a source: expected a UUID")
			return nil
		}
		path := within(path, id.String())
		if _, twice := declared[id]; twice {
			r.fail(path, "stands twice: remove one")
			return nil
		}
		var s Service
		r.object(path, m, map[string]func(string, *doc.Node){
			"service": func(path string, n *doc.Node) { s.Name = r.text(path, n) },
			"stage":   func(path string, n *doc.Node) { s.Stage = r.text(path, n) },
			"version": func(path string, n *doc.Node) { s.Version = r.text(path, n) },
			"host":    func(path string, n *doc.Node) { s.Host = r.text(path, n) },
		})
		declared[id] = s
	}
	return declared
}

func (r *policyReader) text(path string, n *doc.Node) string {
	text := n.Text()
	if n.Kind() != doc.String || len(text) == 0 || len(text) > maxFact {
		r.fail(path, "must be a text of 1 to %d bytes", maxFact)
		return ""
	}
	return string(text)
}

// within is the path of a member. A name that nobody would choose is cut short.
func within(path, name string) string {
	name = cut(name, 64)
	if path == "" {
		return name
	}
	return path + "." + name
}

func names(members map[string]func(string, *doc.Node)) string {
	list := make([]string, 0, len(members))
	for name := range members {
		list = append(list, name)
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}
