package repair

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/doc"
	"github.com/observatory/observatory/internal/fault"
)

// Bounds of a mapping.
const (
	MaxSteps      = 50
	maxPathBytes  = 500
	maxValueBytes = 4 << 10
	maxSeparator  = 20
	maxPieces     = 20 // of a text that is split
)

// Step is one change to a quarantined event, as people write it. Op says which of the other fields it needs.
type Step struct {
	Op        string          `json:"op"`
	Path      string          `json:"path,omitempty"`
	From      string          `json:"from,omitempty"`
	To        string          `json:"to,omitempty"`
	ToType    string          `json:"to_type,omitempty"`
	Value     json.RawMessage `json:"value,omitempty"`
	Separator string          `json:"separator,omitempty"`
	Into      []string        `json:"into,omitempty"`
}

// Mapping is a list of steps that were checked. It may be used by several goroutines.
type Mapping struct{ steps []step }

// step changes an event, whose document's root it is given.
type step interface{ apply(root *doc.Node) }

// Compile checks the steps of a mapping.
//
// Errors: mapping_invalid (Invalid), which names the step and says what to do.
func Compile(steps []Step) (Mapping, error) {
	var m Mapping
	if len(steps) > MaxSteps {
		return m, fault.New(fault.Invalid, "mapping_invalid", "The mapping has %d steps; %d are allowed.", len(steps), MaxSteps)
	}
	for i := range steps {
		compiled, err := steps[i].compile()
		if err != nil {
			return Mapping{}, fault.New(fault.Invalid, "mapping_invalid", "Step %d of the mapping: %s", i+1, err)
		}
		m.steps = append(m.steps, compiled)
	}
	return m, nil
}

// maxMapped bounds an event between two steps: a list of objects has room for many long names and values.
const maxMapped = 2 * ingest.MaxEventBytes

// apply changes an event, whose document's root it is given. fits is false where a step makes the event far larger than an event may
// be; no further step is done then.
func (m Mapping) apply(root *doc.Node) (fits bool) {
	for _, s := range m.steps {
		s.apply(root)
		if sizeOf(root) > maxMapped {
			return false
		}
	}
	return true
}

// sizeOf is about how many bytes a document takes as text.
func sizeOf(n *doc.Node) int {
	size := len(n.Key()) + len(n.Raw()) + 2
	for c := range n.Children() {
		size += sizeOf(c)
	}
	return size
}

func (s *Step) compile() (step, error) {
	switch s.Op {
	case "rename":
		return s.compileRename()
	case "convert":
		at, err := target("path", s.Path)
		convert, known := conversions()[s.ToType]
		if err == nil && !known {
			err = fmt.Errorf("`to_type` must be string, number, integer, boolean or date_time")
		}
		return convertStep{at, convert}, err
	case "default":
		at, err := target("path", s.Path)
		if err == nil {
			err = checkValue(s.Value)
		}
		if err == nil && len(at) > 0 && at[len(at)-1].index != notElement {
			err = fmt.Errorf("`path` must end with a name")
		}
		return defaultStep{at, s.Value}, err
	case "drop":
		at, err := target("path", s.Path)
		return dropStep{at}, err
	case "split":
		return s.compileSplit()
	case "set_event":
		var name string
		if json.Unmarshal(s.Value, &name) != nil || name == "" || len(name) > ingest.MaxNameBytes || !utf8.ValidString(name) {
			return nil, fmt.Errorf("`value` must be an event's name of at most %d bytes", ingest.MaxNameBytes)
		}
		return setEventStep{name}, nil
	}
	return nil, fmt.Errorf("`op` must be rename, convert, default, drop, split or set_event")
}

func (s *Step) compileRename() (step, error) {
	from, err := target("from", s.From)
	if err != nil {
		return nil, err
	}
	to, err := target("to", s.To)
	if err != nil {
		return nil, err
	}
	within, err := common(from, to)
	return renameStep{from[:within], from[within:], to[within:]}, err
}

func (s *Step) compileSplit() (step, error) {
	from, err := target("path", s.Path)
	if err != nil {
		return nil, err
	}
	if s.Separator == "" || len(s.Separator) > maxSeparator {
		return nil, fmt.Errorf("`separator` must have from 1 to %d bytes", maxSeparator)
	}
	if len(s.Into) < 2 || len(s.Into) > maxPieces {
		return nil, fmt.Errorf("`into` must name from 2 to %d places", maxPieces)
	}
	split := splitStep{separator: s.Separator}
	for _, text := range s.Into {
		into, err := target("into", text)
		if err != nil {
			return nil, err
		}
		within, err := common(from, into)
		if err != nil {
			return nil, err
		}
		split.within, split.from, split.into = from[:within], from[within:], append(split.into, into[within:])
	}
	return split, nil
}

// target reads a path that a step may change.
func target(field, text string) (path, error) {
	p, ok := parsePath(text)
	switch {
	case len(text) > maxPathBytes || !utf8.ValidString(text) || !ok:
		return nil, fmt.Errorf("`%s` must be a path such as properties.items[*].price", field)
	case slices.Contains([]string{"event_id", "messageId"}, p[0].name):
		return nil, fmt.Errorf("an event keeps its ID; `%s` must not name it", field)
	case p[0].name == "payload":
		return nil, fmt.Errorf("a payload is not kept, so `%s` cannot name it", field)
	}
	return p, nil
}

// common is how many parts two paths share, up to the last [*]: a value moves within its own element only.
func common(from, to path) (int, error) {
	n := from.wild()
	if to.wild() != n || len(to) < n || !from[:n].equal(to[:n]) {
		return 0, fmt.Errorf("both paths must be the same up to the last [*]")
	}
	if len(to) == n || len(from) == n {
		return 0, fmt.Errorf("a path must not end with [*] here")
	}
	return n, nil
}

func checkValue(value json.RawMessage) error {
	var d doc.Doc
	if _, err := d.Parse(value); err != nil || len(value) == 0 || len(value) > maxValueBytes || !utf8.Valid(value) {
		return fmt.Errorf("`value` must be a JSON value of at most %d bytes", maxValueBytes)
	}
	return nil
}

type renameStep struct{ within, from, to path }

func (s renameStep) apply(root *doc.Node) {
	s.within.each(root, func(n *doc.Node) {
		from := s.from.find(n)
		if from == nil || s.from.equal(s.to) {
			return
		}
		raw := from.Append(nil)
		if len(s.to) > len(s.from) && s.from.equal(s.to[:len(s.from)]) {
			from.SetNull() // into itself: amount becomes amount.value
		}
		to := s.to.make(n)
		if to == nil {
			return
		}
		if len(s.to) <= len(s.from) || !s.from.equal(s.to[:len(s.from)]) {
			from.Remove()
		}
		_ = to.SetRaw(raw) // was a document, and nests deeper than allowed only where the decoder says so
	})
}

type defaultStep struct {
	at    path
	value json.RawMessage
}

func (s defaultStep) apply(root *doc.Node) {
	within, added := s.at.wild(), 0
	s.at[:within].each(root, func(n *doc.Node) {
		if added > maxMapped {
			return // it does not fit any more
		}
		if there := s.at[within:].find(n); there != nil && there.Kind() != doc.Null {
			return
		}
		if to := s.at[within:].make(n); to != nil {
			_ = to.SetRaw(s.value) // was checked
			added += len(s.value)
		}
	})
}

type dropStep struct{ at path }

func (s dropStep) apply(root *doc.Node) {
	s.at.each(root, func(n *doc.Node) { n.Remove() })
}

type splitStep struct {
	within, from path
	separator    string
	into         []path
}

func (s splitStep) apply(root *doc.Node) {
	s.within.each(root, func(n *doc.Node) {
		from := s.from.find(n)
		if from == nil || from.Kind() != doc.String {
			return
		}
		parts := strings.SplitN(string(from.Text()), s.separator, len(s.into))
		from.Remove()
		for i, text := range parts {
			if text = strings.TrimSpace(text); text == "" {
				continue
			}
			if to := s.into[i].make(n); to != nil {
				to.SetString(text)
			}
		}
	})
}

type setEventStep struct{ name string }

func (s setEventStep) apply(root *doc.Node) { root.Member("event").SetString(s.name) }
