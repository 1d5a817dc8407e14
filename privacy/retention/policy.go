// Package retention ends the life of data: a tenant's policy says how many days events are kept, all or those of one name, and from when on
// single properties are taken out of the events that stay. Every night it is applied to every copy.
//
// Days are counted from when an event was received, by our clock, and never from the time that it claims: an event that is dated 2099
// goes like any other, and so does one that comes back from quarantine or from an archive.
package retention

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"github.com/observatory/observatory/internal/fault"
)

// Bounds of a policy.
const (
	MaxDays       = 36500 // a hundred years
	MaxRules      = 500   // for events, and as many for properties
	MaxEventName  = 200   // characters
	MaxPathLength = 300   // characters
)

// Policy is what a tenant declares. The zero policy, which is the default, keeps everything.
type Policy struct {
	KeepDays   int            `json:"keep_days,omitempty"` // of events that no rule names; 0: for ever
	Events     []EventRule    `json:"events,omitempty"`
	Properties []PropertyRule `json:"properties,omitempty"`
}

// EventRule is for events of one name, in place of the policy's KeepDays.
type EventRule struct {
	Event    string `json:"event"`
	KeepDays *int   `json:"keep_days"` // nil: for ever
}

// PropertyRule takes a property out of events that are kept.
type PropertyRule struct {
	Event    string `json:"event,omitempty"` // empty: of every event
	Path     string `json:"path"`            // as ParsePath reads it
	KeepDays int    `json:"keep_days"`
}

// Parse reads the document of a policy. Errors: invalid_policy, which names the place and says what to do.
func Parse(document []byte) (Policy, error) {
	var p Policy
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&p); err != nil {
		return Policy{}, invalid(`The document must be a JSON object such as {"keep_days": 400, "events": [{"event": "Page Viewed", "keep_days": 90}], "properties": [{"path": "properties.phone", "keep_days": 30}]}.`).Because(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Policy{}, invalid("The document goes on behind its end. Send one JSON object.")
	}
	return p, p.validate(document)
}

func (p Policy) validate(document []byte) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(document, &fields); err != nil || fields == nil {
		return invalid("The document must be a JSON object.")
	}
	if _, said := fields["keep_days"]; said {
		if err := checkDays("keep_days", p.KeepDays); err != nil {
			return err
		}
	}
	if len(p.Events) > MaxRules || len(p.Properties) > MaxRules {
		return invalid("A policy has at most %d rules for events, and as many for properties.", MaxRules)
	}
	for i, r := range p.Events {
		place := fmt.Sprintf("events[%d]", i)
		switch {
		case r.Event == "" || utf8.RuneCountInString(r.Event) > MaxEventName:
			return invalid("%s: `event` must have 1 to %d characters.", place, MaxEventName)
		case slices.ContainsFunc(p.Events[:i], func(o EventRule) bool { return o.Event == r.Event }):
			return invalid("%s: there is a rule for this event already.", place)
		case r.KeepDays == nil:
			continue
		}
		if err := checkDays(place+".keep_days", *r.KeepDays); err != nil {
			return err
		}
	}
	for i, r := range p.Properties {
		place := fmt.Sprintf("properties[%d]", i)
		if utf8.RuneCountInString(r.Event) > MaxEventName {
			return invalid("%s: `event` must have at most %d characters.", place, MaxEventName)
		}
		if _, err := ParsePath(r.Path); err != nil {
			return invalid("%s: %s", place, fault.From(err).Message)
		}
		if slices.ContainsFunc(p.Properties[:i], func(o PropertyRule) bool { return o.Event == r.Event && o.Path == r.Path }) {
			return invalid("%s: there is a rule for this property already.", place)
		}
		if err := checkDays(place+".keep_days", r.KeepDays); err != nil {
			return err
		}
	}
	return nil
}

func checkDays(place string, days int) error {
	if days < 1 || days > MaxDays {
		return invalid("%s: a whole number of days from 1 to %d.", place, MaxDays)
	}
	return nil
}

func invalid(format string, args ...any) *fault.Error {
	return fault.New(fault.Invalid, "invalid_policy", format, args...)
}
