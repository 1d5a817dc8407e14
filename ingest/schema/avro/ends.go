package avroformat

import "github.com/observatory/observatory/ingest/schema"

// checkEnds refuses records that hold themselves without a way out: no data of finite length fits them. Records are tried
// in the order in which they were closed, so that only cycles need another round.
func (p *parser) checkEnds() error {
	ends := make(map[*node]bool, len(p.records))
	for changed := true; changed; {
		changed = false
		for _, n := range p.records {
			if !ends[n] && allEnd(n, ends) {
				ends[n], changed = true, true
			}
		}
	}
	for _, n := range p.records {
		if !ends[n] {
			return p.fail("", "the record %s holds itself without end. Make the field that leads back to it a union with null, an array or a map.", schema.Shorten(n.name))
		}
	}
	return nil
}

func allEnd(n *node, ends map[*node]bool) bool {
	for _, f := range n.fields {
		if !hasEnd(f.typ, ends) {
			return false
		}
	}
	return true
}

func hasEnd(n *node, ends map[*node]bool) bool {
	switch n.kind {
	case kindRecord:
		return ends[n]
	case kindUnion:
		for _, b := range n.branches {
			if hasEnd(b, ends) {
				return true
			}
		}
		return false
	default:
		return true
	}
}
