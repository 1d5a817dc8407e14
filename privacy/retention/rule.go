package retention

import (
	"slices"
	"time"
)

// Rule is a part of a policy on one day: what was received before a moment goes.
type Rule struct {
	Event    string    // empty: events of any name, but for those in Except
	Except   []string  // names that have a rule of their own
	Path     Path      // the property that goes; zero: the whole event
	KeepDays int       // from which Before was reckoned
	Before   time.Time // midnight UTC
}

// Whole tells whether whole events go.
func (r Rule) Whole() bool { return len(r.Path.Keys) == 0 }

// Covers tells whether the rule is for events of a name that were received then.
func (r Rule) Covers(event string, received time.Time) bool {
	if !received.Before(r.Before) {
		return false
	}
	if r.Event != "" {
		return event == r.Event
	}
	return !slices.Contains(r.Except, event)
}

// Rules are what the policy comes to on the day that begins at today, midnight UTC: first those for whole events. An event is kept for at
// least its days, and goes in the night after.
func (p Policy) Rules(today time.Time) []Rule {
	var rules []Rule
	add := func(event, path string, days int, except []string) {
		r := Rule{Event: event, Except: except, KeepDays: days, Before: today.AddDate(0, 0, -days)}
		if path != "" {
			r.Path, _ = ParsePath(path) // validated
		}
		rules = append(rules, r)
	}
	var named []string
	for _, e := range p.Events {
		named = append(named, e.Event)
		if e.KeepDays != nil {
			add(e.Event, "", *e.KeepDays, nil)
		}
	}
	if p.KeepDays > 0 {
		add("", "", p.KeepDays, named)
	}
	for _, r := range p.Properties {
		add(r.Event, r.Path, r.KeepDays, nil)
	}
	return rules
}

// Today is the midnight UTC that a moment's day began with.
func Today(now time.Time) time.Time { return now.UTC().Truncate(24 * time.Hour) }
