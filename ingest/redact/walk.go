package redact

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/observatory/observatory/ingest/doc"
)

const (
	maxNested     = 2    // documents as texts within documents
	maxNames      = 2048 // that are remembered
	maxKeyMatched = 256  // bytes of a name that patterns look at
)

// verdict is what is known of a member's name. Names come again and again, so that it is remembered.
type verdict struct {
	rule    int    // the first rule whose key pattern matches; none
	renamed string // what the name becomes; empty: it stays
	touched ruleSet
	version bool // its values are versions, which may look like IP addresses
}

// top redacts a document that is a member of the event.
func (w *work) top(n *doc.Node, name string) {
	if n == nil {
		return
	}
	states, rule := w.step(w.r.root, []byte(name), none)
	if rule != none && w.r.rules[rule].action == drop {
		w.touch(rule)
		n.SetObject()
	} else {
		w.children(n, rule, states)
	}
	w.states = w.states[:0]
}

func (w *work) children(parent *doc.Node, rule int, states []pathState) {
	for c := range parent.Children() {
		w.visit(c, rule, states)
	}
}

// visit redacts a value and what it holds. rule is the first one that matches what it lies in.
func (w *work) visit(n *doc.Node, rule int, above []pathState) {
	begin := len(w.states)
	key := n.Key()
	var v verdict
	if key != nil {
		v = w.verdict(key)
		rule = min(rule, v.rule)
		if v.renamed != "" {
			key = []byte(v.renamed) // rules go by the name that stays
		}
	}
	states, rule := w.step(above, key, rule)
	removed := false
	switch n.Kind() {
	case doc.Object, doc.Array:
		if rule != none && w.r.rules[rule].action == drop {
			w.remove(n, rule)
			removed = true
		} else {
			w.children(n, rule, states)
		}
	default:
		w.version = v.version
		removed = w.scalar(n, rule)
		w.version = false
	}
	if v.renamed != "" && !removed {
		for i, bits := range v.touched {
			w.touched[i] |= bits
		}
		rename(n, v.renamed)
	}
	w.states = w.states[:begin]
}

func (w *work) remove(n *doc.Node, rule int) {
	w.touch(rule)
	n.Remove()
}

// rename gives a member a name that none of its neighbours has.
func rename(n *doc.Node, name string) {
	unique := name
	for i := 2; ; i++ {
		if other := n.Parent().Child(unique); other == nil || other == n {
			break
		}
		unique = name + " (" + strconv.Itoa(i) + ")"
	}
	n.Rename(unique)
}

// scalar redacts a value that holds no others, and tells whether it took it out.
func (w *work) scalar(n *doc.Node, rule int) (removed bool) {
	if rule == none {
		switch n.Kind() {
		case doc.String:
			return w.string(n)
		case doc.Number:
			return w.number(n)
		default:
			return false
		}
	}
	if n.Kind() == doc.String || n.Kind() == doc.Number {
		rule = w.earlierDetector(n, rule)
	}
	r := &w.r.rules[rule]
	switch {
	case r.action == allow:
		return false
	case r.action == drop:
		w.remove(n, rule)
		return true
	case n.Kind() == doc.Null, r.action == truncate && n.Kind() == doc.Bool:
		return false
	}
	text := n.Text()
	if out := r.apply(text, w.r.sealer); out != string(text) {
		w.touch(rule)
		if r.action == truncate && n.Kind() == doc.Number && out != Redacted { // which becomes of numbers that nothing can hold
			n.SetNumber(out)
		} else {
			n.SetString(out)
		}
	}
	return false
}

func (w *work) string(n *doc.Node) (removed bool) {
	text := n.Text()
	out, changed := w.text(text, inDocument)
	switch {
	case !changed:
		return false
	case string(out) == Redacted:
		n.Remove()
		return true
	}
	n.SetString(string(out))
	return false
}

// number looks at a number with the detectors of what may be written as one: 4111111111111111, and also 4.111111111111111e15.
func (w *work) number(n *doc.Node) (removed bool) {
	raw := n.Raw()
	if len(w.r.numeric) == 0 || len(raw) < 9 {
		return false
	}
	raw = integer(raw)
	for _, i := range w.r.numeric {
		r := &w.r.rules[i]
		if !r.detector.is(raw, look(raw)) {
			continue
		}
		switch r.action {
		case allow:
		case drop:
			w.remove(n, i)
			return true
		default:
			w.touch(i)
			n.SetString(r.part(raw, w.r.sealer))
		}
		return false
	}
	return false
}

// integer writes a number that is whole and has nine digits or more without point and exponent; any other as it is.
func integer(literal []byte) []byte {
	if !bytes.ContainsAny(literal, ".eE") {
		return literal
	}
	f, err := strconv.ParseFloat(string(literal), 64)
	if err != nil || f < 1e8 || f >= 1<<63 || f != float64(int64(f)) {
		return literal
	}
	return strconv.AppendInt(nil, int64(f), 10)
}

// earlierDetector finds the first detector before rule that matches the whole of a value, or whose action has made it what it is;
// otherwise it returns rule.
func (w *work) earlierDetector(n *doc.Node, rule int) int {
	if len(w.r.detecting) == 0 || w.r.detecting[0] > rule {
		return rule
	}
	number := n.Kind() == doc.Number
	text := bytes.TrimSpace(n.Text())
	if number {
		text = integer(text)
	}
	t := look(text)
	for _, i := range w.r.detecting {
		if i > rule {
			break
		}
		r := &w.r.rules[i]
		if (!number || r.detector.numbers) && r.detector.is(text, t) {
			return i
		}
		if r.action == mask && isMasked(text) || (r.action == hash || r.action == tokenise) && isPseudonym(text) {
			return i
		}
	}
	return rule
}

// verdict looks at a name.
func (w *work) verdict(name []byte) verdict {
	if v, ok := w.names[string(name)]; ok {
		return v
	}
	outer := w.touched
	w.touched = ruleSet{}
	var v verdict
	stays, changed := w.text(name, inName)
	if changed {
		v.renamed = string(stays)
	}
	v.rule = w.keyRule(stays)
	v.touched = w.touched
	w.touched = outer
	lower := bytes.ToLower(cut(name, maxKeyMatched))
	v.version = bytes.Contains(lower, []byte("version")) || bytes.Contains(lower, []byte("build"))
	if len(name) <= maxKeyMatched {
		if len(w.names) >= maxNames {
			clear(w.names)
		}
		w.names[string(name)] = v
	}
	return v
}

// keyRule finds the first rule whose pattern matches a name.
func (w *work) keyRule(name []byte) int {
	if len(w.r.keyed) == 0 {
		return none
	}
	if rule, ok := w.keys[string(name)]; ok {
		return rule
	}
	rule := none
	looked := withoutMarks(cut(name, maxKeyMatched))
	for _, i := range w.r.keyed {
		if w.r.rules[i].key.Match(looked) {
			rule = i
			break
		}
	}
	if len(name) <= maxKeyMatched {
		if len(w.keys) >= maxNames {
			clear(w.keys)
		}
		w.keys[string(name)] = rule
	}
	return rule
}

// withoutMarks is a name without what redaction has put there, which patterns must not look at: its letters say nothing.
func withoutMarks(name []byte) []byte {
	name = bytes.ReplaceAll(name, []byte(Redacted), nil)
	for from := 0; ; {
		start, end := findPseudonym(name, from)
		if start < 0 {
			return name
		}
		name = slices.Concat(name[:start], name[end:])
		from = start
	}
}
