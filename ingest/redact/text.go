package redact

import (
	"bytes"
	"slices"

	"github.com/observatory/observatory/ingest/doc"
)

// Where a text stands decides what may become of it.
type place uint8

const (
	inDocument place = iota // the value of a property
	inProse                 // a message, a user agent
	inName                  // the name of an event or a member: it is masked, whatever the rule says
)

// maxPasses bounds how often a text is looked at again after it changed: what is taken out may lay open what it hid.
const maxPasses = 4

// span is a part of a text that a rule has taken.
type span struct {
	start, end int
	with       string
	stays      bool // the rule leaves it as it is, or it is a pseudonym or token already
}

// text redacts the parts of a text that detectors find, or that are values of names that key rules match.
func (w *work) text(text []byte, at place) (out []byte, changed bool) {
	for range maxPasses {
		next, ok := w.pass(text, at)
		if !ok {
			break
		}
		text, changed = next, true
	}
	return text, changed
}

func (w *work) pass(text []byte, at place) (out []byte, changed bool) {
	t := look(text)
	if t.plain() {
		return text, false
	}
	if t.bits&document != 0 && at != inName && w.level < maxNested {
		if out, changed, ok := w.document(text); ok {
			return out, changed
		}
	}
	w.spans = w.spans[:0]
	if t.word >= minPseudonym {
		w.protect(text)
	}
	plain := view{text: text}
	if len(w.r.keyed) > 0 && t.bits&(equals|colon) != 0 {
		w.pairs(&plain, at)
	}
	if t.bits&(percent|backslash) != 0 {
		w.decoded(plain, 0, at)
	}
	w.detect(&plain, t, at)
	return w.render(text)
}

// decoded looks at what a text says once its escapes are undone, innermost first.
func (w *work) decoded(v view, layer int, at place) {
	if layer == maxLayers || !w.layers[layer].decode(v) {
		return
	}
	inner := &w.layers[layer]
	t := look(inner.text)
	if len(w.r.keyed) > 0 && t.bits&(equals|colon) != 0 {
		w.pairs(inner, at)
	}
	w.decoded(*inner, layer+1, at)
	w.detect(inner, t, at)
}

// detect lets the detectors look at a text, in the order of their rules.
func (w *work) detect(v *view, t traits, at place) {
	for _, i := range w.r.detecting {
		r := &w.r.rules[i]
		if w.version && r.detector.versions && quadEnd(v.text, 0) == len(v.text) {
			continue
		}
		for k := range r.detector.find {
			f := &r.detector.find[k]
			if !t.meets(&f.needs) {
				continue
			}
			for from := 0; from < len(v.text); {
				start, end := f.find(v.text, from)
				if start < 0 {
					break
				}
				w.claim(v, start, end, i, at)
				from = end
			}
		}
	}
}

// claim takes a part of a text for a rule, unless another has some of it.
func (w *work) claim(v *view, start, end, rule int, at place) {
	value := v.text[start:end]
	s := span{start: v.at(start), end: v.at(end)}
	i, _ := slices.BinarySearchFunc(w.spans, s.start, func(have span, start int) int { return have.end - start - 1 })
	if i < len(w.spans) && w.spans[i].start < s.end {
		return
	}
	r := &w.r.rules[rule]
	switch {
	case r.action == allow:
		s.stays = true
	case r.detector == nil:
		s.with = r.value(value, w.r.sealer)
	case at == inName:
		s.with = r.detector.masked(value, r.keep)
	default:
		s.with = r.part(value, w.r.sealer)
	}
	s.stays = s.stays || s.with == string(value)
	if !s.stays {
		w.touch(rule)
	}
	w.spans = slices.Insert(w.spans, i, s)
}

// protect keeps pseudonyms and tokens from being redacted again.
func (w *work) protect(text []byte) {
	for from := 0; from < len(text); {
		start, end := findPseudonym(text, from)
		if start < 0 {
			return
		}
		w.spans = append(w.spans, span{start: start, end: end, stays: true})
		from = end
	}
}

func (w *work) render(text []byte) (out []byte, changed bool) {
	w.spans = slices.DeleteFunc(w.spans, func(s span) bool { return s.stays })
	if len(w.spans) == 0 {
		return text, false
	}
	out = make([]byte, 0, len(text)+32)
	from := 0
	for _, s := range w.spans {
		out = append(append(out, text[from:s.start]...), s.with...)
		from = s.end
	}
	return append(out, text[from:]...), true
}

// anyDetector finds the first rule whose detector finds anything in a text.
func (w *work) anyDetector(text []byte) int {
	t := look(text)
	found := w.firstFound(text, t)
	if t.bits&(percent|backslash) != 0 {
		v := view{text: text}
		for layer := 0; layer < maxLayers && w.layers[layer].decode(v); layer++ {
			v = w.layers[layer]
			t = look(v.text)
			found = min(found, w.firstFound(v.text, t))
		}
	}
	return found
}

func (w *work) firstFound(text []byte, t traits) int {
	for _, i := range w.r.detecting {
		if w.r.rules[i].detector.finds(text, t) {
			return i
		}
	}
	return none
}

// document redacts a text that is a JSON document itself, as such. ok is false when it is none.
func (w *work) document(text []byte) (out []byte, changed, ok bool) {
	d := &w.nested[w.level]
	n, err := d.Parse(bytes.TrimSpace(text))
	if err != nil || n.Kind() != doc.Object && n.Kind() != doc.Array {
		return nil, false, false
	}
	w.level++
	version := w.version
	w.version = false
	w.children(n, none, nil)
	w.version = version
	w.level--
	if !d.Changed() {
		return text, false, true
	}
	return n.Append(nil), true, true
}
