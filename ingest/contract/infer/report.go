package infer

import (
	"slices"
	"strings"
)

// maxReported bounds the properties in a report.
const maxReported = 1_000

// Property is what was seen at one path.
type Property struct {
	Path     string      `json:"path"`     // as in properties.items[*].price; * stands for the keys of a map
	Seen     int         `json:"seen"`     // values
	Share    float64     `json:"share"`    // of the objects around it that have it, from 0 to 1
	Required bool        `json:"required"` // all of them have it
	Types    []TypeShare `json:"types"`    // most frequent first
	Format   string      `json:"format"`   // that all texts are in; empty: none
	Values   []string    `json:"values"`   // the only texts, where they look like a choice among few; nil where they do not
	Distinct int         `json:"distinct"` // different texts; 0 where there are too many to be counted, or none
	Conflict string      `json:"conflict"` // what does not go together; empty: nothing
}

// TypeShare is how often a property is of a type.
type TypeShare struct {
	Type  string  `json:"type"`
	Share float64 `json:"share"` // from 0 to 1
}

// report adds what was seen beneath a path.
func (n *node) report(p *Proposal, path string) {
	if n == nil {
		return
	}
	for name, m := range n.members {
		m.property(p, path+"."+name, n.kinds[object])
	}
	if n.any != nil {
		n.any.property(p, path+".*", 0)
	}
	if n.elements != nil {
		n.elements.property(p, path+"[*]", 0)
	}
}

// property adds what was seen at a path. around is the number of objects that might have it; 0 when that means nothing.
func (n *node) property(p *Proposal, path string, around int) {
	if n == nil || len(p.Properties) >= maxReported {
		p.Complete = false
		return
	}
	out := Property{Path: path, Seen: n.seen, Share: 1, Types: []TypeShare{}, Distinct: len(n.values), Conflict: n.conflict()}
	if around > 0 {
		out.Share, out.Required = float64(n.seen)/float64(around), n.seen == around
	}
	for k, name := range kindNames() {
		if n.kinds[k] > 0 {
			out.Types = append(out.Types, TypeShare{Type: name, Share: float64(n.kinds[k]) / float64(n.seen)})
		}
	}
	slices.SortStableFunc(out.Types, func(a, b TypeShare) int {
		switch {
		case a.Share > b.Share:
			return -1
		case a.Share < b.Share:
			return 1
		default:
			return 0
		}
	})
	if n.texts > 0 {
		out.Format = n.formats.name()
		if onlyOr(n.types(), "string") {
			out.Values = n.enum()
		}
	}
	p.Properties = append(p.Properties, out)
	n.report(p, path)
}

// conflict says which types are mixed that seldom belong together.
func (n *node) conflict() string {
	var types []string
	for _, t := range n.types() {
		if t != "null" {
			types = append(types, t)
		}
	}
	if len(types) < 2 {
		return ""
	}
	return strings.Join(types, " and ") + " are mixed"
}
