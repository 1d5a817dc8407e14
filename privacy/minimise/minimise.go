// Package minimise finds out which of the collected data nobody uses. Questions say which properties they are about (see Recorder); a report
// lays that beside what events carry, and says what to do about the rest.
package minimise

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/observatory/observatory/tenants"
)

// Report is what a tenant collects, and what of it is used.
type Report struct {
	Days   int
	Since  *time.Time // when the first use was recorded; nil: none was
	Events []Event    // the most frequent first
}

// Event is what events of one name carry.
type Event struct {
	Name       string
	Events     int64 // received in the time of the report
	Looked     int64 // how many of them were looked into
	Properties []Property
}

// Property is a value that events carry.
type Property struct {
	Path     string
	Share    float64    // of events that carry it, 0 to 1
	Bytes    int64      // names and values in the events of that time, before compression
	LastUsed *time.Time // nil: never
	Uses     int64
	Action   Action
	Rule     map[string]any // to be added to a policy; nil for nothing
}

// Action is what to do about a property.
type Action string

// The actions.
const (
	Nothing Action = "none"
	Redact  Action = "redact" // never used: take it out before anything is stored
	Retain  Action = "retain" // not used for long: take it out after a while
)

// Found is what lies in the store.
type Found struct {
	Event  string
	Events int64
	Looked int64
	Paths  []Carried
}

// Carried is a property in those events that were looked into.
type Carried struct {
	Path  string
	Count int64
	Bytes int64
}

// Use is how often, and when last, somebody asked about a property. An empty event: about events of any name.
type Use struct {
	Event, Path string
	First, Last time.Time
	Uses        int64
}

// Store knows what events carry.
type Store interface {
	// Carried looks into events that were received since then, of one name or (empty) of the most frequent ones.
	Carried(ctx context.Context, tenant tenants.ID, event string, since time.Time) ([]Found, error)
}

// Ledger keeps uses.
type Ledger interface {
	// Record adds uses to those that there are.
	Record(ctx context.Context, tenant tenants.ID, uses []Use) error
	// Uses lists all of a tenant.
	Uses(ctx context.Context, tenant tenants.ID) ([]Use, error)
}

// Service makes reports.
type Service struct {
	store  Store
	ledger Ledger
	now    func() time.Time
}

// New makes a Service.
func New(store Store, ledger Ledger, now func() time.Time) *Service {
	return &Service{store: store, ledger: ledger, now: now}
}

// Report looks back a number of days, at events of one name or (empty) of the most frequent ones.
func (s *Service) Report(ctx context.Context, tenant tenants.ID, event string, days int) (Report, error) {
	since := s.now().AddDate(0, 0, -days)
	uses, err := s.ledger.Uses(ctx, tenant)
	if err != nil {
		return Report{}, fmt.Errorf("read what was used: %w", err)
	}
	found, err := s.store.Carried(ctx, tenant, event, since)
	if err != nil {
		return Report{}, fmt.Errorf("look at what events carry: %w", err)
	}
	r := Report{Days: days}
	for _, u := range uses {
		if r.Since == nil || u.First.Before(*r.Since) {
			r.Since = &u.First
		}
	}
	for _, f := range found {
		e := Event{Name: f.Event, Events: f.Events, Looked: f.Looked}
		for _, c := range f.Paths {
			e.Properties = append(e.Properties, judge(f, c, uses, since, days))
		}
		slices.SortFunc(e.Properties, func(a, b Property) int { return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Path, b.Path)) })
		r.Events = append(r.Events, e)
	}
	slices.SortFunc(r.Events, func(a, b Event) int { return cmp.Or(cmp.Compare(b.Events, a.Events), cmp.Compare(a.Name, b.Name)) })
	return r, nil
}

// judge lays what is known of the uses of a property beside it. Redaction knows no names of events, so it is for what is used nowhere.
func judge(f Found, c Carried, uses []Use, since time.Time, days int) Property {
	scale := float64(f.Events) / float64(max(f.Looked, 1))
	p := Property{Path: c.Path, Share: float64(c.Count) / float64(max(f.Looked, 1)), Bytes: int64(float64(c.Bytes) * scale), Action: Nothing}
	elsewhere := false
	for _, u := range uses {
		switch {
		case !touches(u.Path, c.Path):
		case u.Event != "" && u.Event != f.Event:
			elsewhere = true
		default:
			p.Uses += u.Uses
			if p.LastUsed == nil || u.Last.After(*p.LastUsed) {
				p.LastUsed = &u.Last
			}
		}
	}
	switch {
	case p.LastUsed != nil && !p.LastUsed.Before(since):
	case p.LastUsed == nil && !elsewhere:
		p.Action, p.Rule = Redact, map[string]any{"name": "unused-" + slug(c.Path), "path": c.Path, "action": "drop"}
	default:
		p.Action, p.Rule = Retain, map[string]any{"event": f.Event, "path": c.Path, "keep_days": days}
	}
	return p
}

// touches tells whether somebody who asked for one path has used the other: itself, what lies in it, or what it lies in.
func touches(used, path string) bool {
	return used == path || strings.HasPrefix(used, path+".") || strings.HasPrefix(path, used+".")
}

// slug makes a name for a rule of a path. What no name may hold is left out, and a hash keeps such names apart.
func slug(path string) string {
	const most = 40
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r == '.', r == '_', r == '-':
			return '-'
		}
		return -1
	}, path)
	h := fnv.New32a()
	h.Write([]byte(path))
	return fmt.Sprintf("%s-%08x", name[:min(len(name), most)], h.Sum32())
}
