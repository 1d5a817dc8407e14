// Package infer proposes a schema for an event that has none: it looks at events that were stored and says what they have
// in common, as a JSON Schema (2020-12) that all of them fit, and a report of what was seen.
package infer

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/doc"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// Bounds of what is remembered. Objects with more different keys than maxKeys are taken for maps.
const (
	maxNodes     = 5_000
	maxKeys      = 100
	maxValues    = 50 // different texts of one property
	maxValueSize = 64 // bytes of a text that may be one of an enum
)

// Rules by which a property is proposed to be an enum.
const (
	enumMost  = 12 // values
	enumLeast = 20 // texts seen
	enumEach  = 5  // texts seen for each value, on average
)

// Inference gathers what was seen. It is not safe for concurrent use; its memory is bounded, whatever is added.
type Inference struct {
	root  *node
	nodes int
	doc   doc.Doc
	full  bool // not every property could be remembered
}

// node is what was seen at one path.
type node struct {
	seen     int // values
	kinds    [kindCount]int
	members  map[string]*node
	any      *node // of a map's values
	elements *node
	values   map[string]int // texts; nil once there are too many or too long ones
	formats  formats        // that all texts were in
	texts    int
}

type kind int

const (
	null kind = iota
	boolean
	integer
	number
	text
	array
	object
	kindCount
)

func kindNames() [kindCount]string {
	return [kindCount]string{"null", "boolean", "integer", "number", "string", "array", "object"}
}

// New begins an inference.
func New() *Inference {
	in := &Inference{}
	in.root = in.node()
	return in
}

func (in *Inference) node() *node {
	if in.nodes >= maxNodes {
		in.full = true
		return nil
	}
	in.nodes++
	return &node{values: map[string]int{}, formats: allFormats}
}

// Add looks at the properties of one event: a JSON object, or nothing. Anything else is ignored.
func (in *Inference) Add(properties []byte) {
	n, err := in.doc.Parse(properties)
	if err != nil || n.Kind() != doc.Object {
		return
	}
	in.add(in.root, n)
}

func (in *Inference) add(to *node, n *doc.Node) {
	if to == nil {
		return
	}
	to.seen++
	switch n.Kind() {
	case doc.Null:
		to.kinds[null]++
	case doc.Bool:
		to.kinds[boolean]++
	case doc.Number:
		if bytes.ContainsAny(n.Raw(), ".eE") {
			to.kinds[number]++
		} else {
			to.kinds[integer]++
		}
	case doc.String:
		to.kinds[text]++
		to.text(n.Text())
	case doc.Array:
		to.kinds[array]++
		for e := range n.Children() {
			if to.elements == nil {
				to.elements = in.node()
			}
			in.add(to.elements, e)
		}
	case doc.Object:
		to.kinds[object]++
		in.object(to, n)
	}
}

func (in *Inference) object(to *node, n *doc.Node) {
	for c := range n.Children() {
		name := string(c.Key())
		if to.any == nil && to.members[name] == nil && (len(to.members) >= maxKeys || in.nodes >= maxNodes) {
			to.any = in.collapse(to.members)
			to.members = nil
		}
		if to.any != nil {
			in.add(to.any, c)
			continue
		}
		if to.members == nil {
			to.members = map[string]*node{}
		}
		if to.members[name] == nil {
			to.members[name] = in.node()
		}
		in.add(to.members[name], c)
	}
}

// collapse makes one of all members: they are a map's.
func (in *Inference) collapse(members map[string]*node) *node {
	all := &node{values: nil, formats: allFormats}
	for _, m := range members {
		all.merge(m)
		in.nodes--
	}
	in.nodes++
	return all
}

func (n *node) merge(o *node) {
	if o == nil {
		return
	}
	n.seen += o.seen
	n.texts += o.texts
	n.values = nil
	n.formats &= o.formats
	for k := range n.kinds {
		n.kinds[k] += o.kinds[k]
	}
	if o.elements != nil {
		if n.elements == nil {
			n.elements = &node{formats: allFormats}
		}
		n.elements.merge(o.elements)
	}
	if o.any != nil || n.any != nil {
		if n.any == nil {
			n.any = &node{formats: allFormats}
		}
		n.any.merge(o.any)
		for _, members := range []map[string]*node{n.members, o.members} {
			for _, m := range members {
				n.any.merge(m)
			}
		}
		n.members = nil
		return
	}
	for name, m := range o.members {
		if n.members == nil {
			n.members = map[string]*node{}
		}
		if had := n.members[name]; had != nil {
			had.merge(m)
		} else {
			n.members[name] = m
		}
	}
}

func (n *node) text(t []byte) {
	n.texts++
	if n.formats != 0 {
		n.formats &= formatsOf(t)
	}
	if n.values == nil {
		return
	}
	if len(t) > maxValueSize || len(n.values) >= maxValues && n.values[string(t)] == 0 {
		n.values = nil
		return
	}
	n.values[string(t)]++
}

// enum are the only texts of a property that looks like a choice among few; nil when it does not.
func (n *node) enum() []string {
	if n.values == nil || n.texts < enumLeast || len(n.values) > enumMost || len(n.values)*enumEach > n.texts || n.formats.name() != "" {
		return nil
	}
	var list []string
	for v := range n.values {
		if v == "" || strings.ContainsAny(v, "@\n") {
			return nil
		}
		list = append(list, v)
	}
	slices.Sort(list)
	return list
}

// types are the JSON Schema types that were seen.
func (n *node) types() []string {
	var list []string
	for k, name := range kindNames() {
		if n.kinds[k] > 0 && (kind(k) != integer || n.kinds[number] == 0) {
			list = append(list, name)
		}
	}
	return list
}

// schema is a value as JSON Schema writes it. The order of members is that of maps in encoding/json: by name.
func (n *node) schema() map[string]any {
	out := map[string]any{}
	if n == nil || n.seen == 0 {
		return out
	}
	types := n.types()
	if len(types) == 1 {
		out["type"] = types[0]
	} else {
		out["type"] = types
	}
	if n.kinds[text] > 0 {
		if enum := n.enum(); enum != nil && onlyOr(types, "string") {
			list := make([]any, 0, len(enum)+1)
			for _, v := range enum {
				list = append(list, v)
			}
			if n.kinds[null] > 0 {
				list = append(list, nil)
			}
			out["enum"] = list
			delete(out, "type")
		} else if name := n.formats.name(); name != "" {
			out["format"] = name
		}
	}
	if n.kinds[array] > 0 && n.elements != nil {
		out["items"] = n.elements.schema()
	}
	if n.kinds[object] > 0 {
		n.objectSchema(out)
	}
	return out
}

func (n *node) objectSchema(out map[string]any) {
	if n.any != nil {
		out["additionalProperties"] = n.any.schema()
		return
	}
	properties, required := map[string]any{}, []string{}
	for name, m := range n.members {
		properties[name] = m.schema()
		if m != nil && m.seen == n.kinds[object] {
			required = append(required, name)
		}
	}
	slices.Sort(required)
	out["properties"] = properties
	if len(required) > 0 {
		out["required"] = required
	}
}

// onlyOr tells whether there is that type and at most null besides.
func onlyOr(types []string, name string) bool {
	return !slices.ContainsFunc(types, func(t string) bool { return t != name && t != "null" })
}

// Proposal is what an inference comes to.
type Proposal struct {
	Schema     string     // a JSON Schema (2020-12)
	Events     int        // looked at
	Complete   bool       // every property is in the schema
	Properties []Property // by path
}

// Proposal proposes a schema for what was seen, and reports it. The title is the event's name.
func (in *Inference) Proposal(title string) (*Proposal, error) {
	schema := in.root.schema()
	schema["$schema"], schema["title"], schema["type"] = "https://json-schema.org/draft/2020-12/schema", title, "object"
	text, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the proposed schema: %w", err)
	}
	p := &Proposal{Schema: string(text), Events: in.root.seen, Complete: !in.full, Properties: []Property{}}
	in.root.report(p, "properties")
	slices.SortFunc(p.Properties, func(a, b Property) int { return strings.Compare(a.Path, b.Path) })
	return p, nil
}

// ErrNothingSeen is returned for an event of which none is stored.
var ErrNothingSeen = fault.New(fault.NotFound, "nothing_seen", "No event of that name is stored. Send some first, or correct the name.")

// Recent proposes a schema for the events of a name that were received last, `last` at most. Errors: ErrNothingSeen.
func Recent(ctx context.Context, samples ingest.Samples, tenant tenants.ID, event string, last int) (*Proposal, error) {
	found, err := samples.RecentEvents(ctx, tenant, event, min(last, ingest.MaxSamples))
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, ErrNothingSeen
	}
	in := New()
	for i := range found {
		in.Add(found[i].Properties)
	}
	return in.Proposal(event)
}
