package ingest

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
)

// Bounds of a rehearsal's report. What is beyond them is counted and not listed.
const (
	MaxRehearsedSenders  = 100
	MaxRehearsedCauses   = 100
	MaxRehearsedRules    = 200
	MaxRehearsedExamples = 10 // events before and after, and IDs of each cause
)

// RehearsalReport says what proposed rules would make of events that are stored already. Nothing is changed by it.
type RehearsalReport struct {
	Events    int64              `json:"events"`    // looked at
	Passed    int64              `json:"passed"`    // as they are
	Changed   int64              `json:"changed"`   // would be stored otherwise than they are, and break nothing
	Violating int64              `json:"violating"` // break a rule
	BySender  []RehearsedSender  `json:"by_sender"` // most violating first
	ByCause   []RehearsedCause   `json:"by_cause"`  // most frequent first
	ByRule    []RehearsedRule    `json:"by_rule"`   // of redaction, the one that changed most events first
	Examples  []RehearsedExample `json:"examples"`
}

// RehearsedSender is what the events of one version of one sender's library, in one source, did.
type RehearsedSender struct {
	SDK       string `json:"sdk"`     // empty when it did not say
	Version   string `json:"version"` // of the library
	Source    string `json:"source"`  // ID
	Events    int64  `json:"events"`
	Violating int64  `json:"violating"`
}

// RehearsedCause is one way in which events break the rules.
type RehearsedCause struct {
	Code    string   `json:"code"`
	Path    string   `json:"path"` // with [*] for any element of a list
	Message string   `json:"message"`
	Events  int64    `json:"events"`
	IDs     []string `json:"examples"` // event IDs
}

// RehearsedRule is one rule of redaction, and how many events it changed something in.
type RehearsedRule struct {
	Rule   string `json:"rule"` // its name
	Events int64  `json:"events"`
}

// RehearsedExample is one event, before and after. Both are JSON objects; After is what would be stored, or kept aside.
type RehearsedExample struct {
	ID     string   `json:"event_id"`
	Event  string   `json:"event"`
	Before RawJSON  `json:"before"`
	After  RawJSON  `json:"after"`
	Causes []string `json:"causes"` // codes of what it breaks
	Rules  []string `json:"rules"`  // names of the rules of redaction that changed something in it
}

// RawJSON is JSON text that is written into a report as it is; null when empty.
type RawJSON []byte

// MarshalJSON writes the text.
func (r RawJSON) MarshalJSON() ([]byte, error) {
	if len(r) == 0 {
		return []byte("null"), nil
	}
	return r, nil
}

// UnmarshalJSON keeps a copy of the text.
func (r *RawJSON) UnmarshalJSON(text []byte) error {
	*r = bytes.Clone(text)
	return nil
}

// Rehearsed is what became of one event in a rehearsal. Its bytes are copied where they are kept.
type Rehearsed struct {
	ID            string
	Event         string
	SDK           string
	Version       string
	Source        string
	Before, After []byte // JSON objects
	Causes        []Violation
	Rules         []string // of redaction, that changed something; without repetition
}

// Rehearsal adds up what became of the events. It is not safe for concurrent use. Its memory is bounded by the bounds of
// the report, however many events there are.
type Rehearsal struct {
	report  RehearsalReport
	senders map[RehearsedSender]*RehearsedSender // by SDK, version and source
	causes  map[causeKey]*RehearsedCause
	rules   map[string]int64
}

// MoreViolations comes between the first violation of an event that is set aside and the number of those that are not told.
const MoreViolations = "; and "

type causeKey struct{ code, path, message string }

// NewRehearsal begins a rehearsal.
func NewRehearsal() *Rehearsal {
	return &Rehearsal{senders: map[RehearsedSender]*RehearsedSender{}, causes: map[causeKey]*RehearsedCause{}, rules: map[string]int64{}}
}

// Add counts one event.
func (r *Rehearsal) Add(e Rehearsed) {
	r.report.Events++
	violating, changed := len(e.Causes) > 0, !bytes.Equal(e.Before, e.After)
	switch {
	case violating:
		r.report.Violating++
	case changed:
		r.report.Changed++
	default:
		r.report.Passed++
	}
	if s := r.sender(&e); s != nil {
		s.Events++
		if violating {
			s.Violating++
		}
	}
	r.count(&e)
	for _, rule := range e.Rules {
		if _, known := r.rules[rule]; known || len(r.rules) < MaxRehearsedRules {
			r.rules[rule]++
		}
	}
	if (violating || changed) && len(r.report.Examples) < MaxRehearsedExamples {
		example := RehearsedExample{ID: e.ID, Event: e.Event, Before: bytes.Clone(e.Before), After: bytes.Clone(e.After), Causes: []string{}, Rules: append([]string{}, e.Rules...)}
		for i := range e.Causes {
			if !slices.Contains(example.Causes, e.Causes[i].Code) {
				example.Causes = append(example.Causes, e.Causes[i].Code)
			}
		}
		r.report.Examples = append(r.report.Examples, example)
	}
}

func (r *Rehearsal) sender(e *Rehearsed) *RehearsedSender {
	key := RehearsedSender{SDK: e.SDK, Version: e.Version, Source: e.Source}
	s := r.senders[key]
	if s == nil && len(r.senders) < MaxRehearsedSenders {
		s = new(RehearsedSender)
		*s = key
		r.senders[key] = s
	}
	return s
}

// count counts each cause of an event once.
func (r *Rehearsal) count(e *Rehearsed) {
	var seen []causeKey
	for i := range e.Causes {
		v := &e.Causes[i]
		message, _, _ := strings.Cut(v.Message, MoreViolations)
		key := causeKey{v.Code, AnyElement(v.Path), message}
		if slices.Contains(seen, key) {
			continue
		}
		seen = append(seen, key)
		c := r.causes[key]
		if c == nil {
			if len(r.causes) >= MaxRehearsedCauses {
				continue
			}
			c = &RehearsedCause{Code: key.code, Path: key.path, Message: key.message, IDs: []string{}}
			r.causes[key] = c
		}
		c.Events++
		if len(c.IDs) < MaxRehearsedExamples {
			c.IDs = append(c.IDs, e.ID)
		}
	}
}

// Report is what was added up so far.
func (r *Rehearsal) Report() *RehearsalReport {
	report := r.report
	report.BySender = make([]RehearsedSender, 0, len(r.senders))
	for _, s := range r.senders {
		report.BySender = append(report.BySender, *s)
	}
	slices.SortFunc(report.BySender, func(a, b RehearsedSender) int {
		return cmp.Or(cmp.Compare(b.Violating, a.Violating), cmp.Compare(b.Events, a.Events),
			strings.Compare(a.SDK, b.SDK), strings.Compare(a.Version, b.Version), strings.Compare(a.Source, b.Source))
	})
	report.ByCause = make([]RehearsedCause, 0, len(r.causes))
	for _, c := range r.causes {
		report.ByCause = append(report.ByCause, *c)
	}
	slices.SortFunc(report.ByCause, func(a, b RehearsedCause) int {
		return cmp.Or(cmp.Compare(b.Events, a.Events), strings.Compare(a.Code, b.Code), strings.Compare(a.Path, b.Path), strings.Compare(a.Message, b.Message))
	})
	report.ByRule = make([]RehearsedRule, 0, len(r.rules))
	for rule, events := range r.rules {
		report.ByRule = append(report.ByRule, RehearsedRule{Rule: rule, Events: events})
	}
	slices.SortFunc(report.ByRule, func(a, b RehearsedRule) int {
		return cmp.Or(cmp.Compare(b.Events, a.Events), strings.Compare(a.Rule, b.Rule))
	})
	report.Examples = append([]RehearsedExample{}, r.report.Examples...)
	return &report
}

// AnyElement replaces the places in lists in a property's path by [*], so that the same flaw at different places counts
// as one: properties.items[2].price becomes properties.items[*].price.
func AnyElement(path string) string {
	if !strings.Contains(path, "[") {
		return path
	}
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		b.WriteByte(path[i])
		if path[i] != '[' {
			continue
		}
		end := i + 1
		for end < len(path) && path[end] >= '0' && path[end] <= '9' {
			end++
		}
		if end > i+1 && end < len(path) && path[end] == ']' {
			b.WriteByte('*')
			i = end - 1
		}
	}
	return b.String()
}
