package repair

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// MaxRehearsed bounds how many events a rehearsal looks at.
const MaxRehearsed = 1000

// Rehearsal is what a replay would do with the newest of its events.
type Rehearsal struct {
	Events    int64 // looked at: the sum of those below
	WouldPass int64 // would be stored; of history, otherwise than they are
	Unchanged int64 // of history
	WouldFail int64
	Unusable  int64 // nothing is left of them to repair
	Problems  []Problem
	Examples  []Example
}

// Example is one event before and after.
type Example struct {
	EventID  string
	Before   string
	After    []byte // JSON; nil where nothing came of it
	Problems []Problem
}

// examplesOfEach bounds the examples of those that would pass, and of those that would not.
const examplesOfEach = 5

// Rehearse tells what a replay of at most last of the newest events would do, and changes nothing.
//
// Errors: replay_invalid, mapping_invalid, those of ingest.Preparer, ErrPermissionDenied.
func (s *Service) Rehearse(ctx context.Context, by tenants.By, spec Spec, last int) (Rehearsal, error) {
	if err := by.Principal.Require(tenants.ManageData); err != nil {
		return Rehearsal{}, err
	}
	mapping, err := spec.Validate()
	if err != nil {
		return Rehearsal{}, err
	}
	if last < 1 || last > MaxRehearsed {
		return Rehearsal{}, fault.New(fault.Invalid, "replay_invalid", "A rehearsal looks at 1 to %d events.", MaxRehearsed)
	}
	tenant := by.Principal.Tenant
	if spec.Kind == History {
		return s.rehearseHistory(ctx, tenant, spec, last)
	}
	letters, err := s.store.DeadLetters(ctx, tenant, LettersInput{Cause: spec.Cause, Until: s.now(), Newest: true, Limit: last})
	if err != nil {
		return Rehearsal{}, err
	}
	all, done, err := s.mend.Mend(ctx, mapping, letters)
	if err != nil {
		return Rehearsal{}, err
	}
	defer done()
	var r Rehearsal
	passed, failed := 0, 0
	for i := range all {
		m := &all[i]
		e := Example{EventID: m.Letter.EventID, Before: string(m.Letter.Payload)}
		r.Events++
		switch {
		case m.Item == nil:
			r.Unusable++
			r.keep(e, &failed)
		case m.Item.Rejection != nil:
			r.WouldFail++
			r.Problems = addProblem(r.Problems, m.Item.Rejection)
			e.Problems = addProblem(nil, m.Item.Rejection)
			e.After = bytes.Clone(m.Text)
			r.keep(e, &failed)
		default:
			r.WouldPass++
			e.After = eventText(&m.Item.Event)
			r.keep(e, &passed)
		}
	}
	r.Problems = sortedProblems(r.Problems)
	return r, nil
}

func (r *Rehearsal) keep(e Example, so *int) {
	if *so < examplesOfEach {
		*so++
		r.Examples = append(r.Examples, e)
	}
}

func (s *Service) rehearseHistory(ctx context.Context, tenant tenants.ID, spec Spec, last int) (Rehearsal, error) {
	events, err := s.store.Events(ctx, tenant, EventsInput{From: spec.From, To: spec.To, Names: spec.Events, Until: s.now(), Newest: true, Limit: last})
	if err != nil {
		return Rehearsal{}, err
	}
	all, done, err := s.mend.Rerun(ctx, events)
	if err != nil {
		return Rehearsal{}, err
	}
	defer done()
	var r Rehearsal
	passed, failed := 0, 0
	for i := range all {
		e := Example{EventID: string(events[i].ID), Before: string(eventText(&events[i].Event))}
		r.Events++
		switch rerun := &all[i]; {
		case rerun.Item.Rejection != nil:
			r.WouldFail++
			r.Problems = addProblem(r.Problems, rerun.Item.Rejection)
			e.Problems = addProblem(nil, rerun.Item.Rejection)
			r.keep(e, &failed)
		case !rerun.Changed:
			r.Unchanged++
		default:
			r.WouldPass++
			e.After = eventText(&rerun.Item.Event)
			r.keep(e, &passed)
		}
	}
	r.Problems = sortedProblems(r.Problems)
	return r, nil
}

// eventText writes an event as people are shown it.
func eventText(e *ingest.Event) []byte {
	object := func(text []byte) json.RawMessage {
		if len(text) == 0 {
			return json.RawMessage("{}")
		}
		return text
	}
	shown := struct {
		Event       string          `json:"event"`
		Type        string          `json:"type"`
		EventID     string          `json:"event_id"`
		UserID      string          `json:"user_id,omitempty"`
		AnonymousID string          `json:"anonymous_id,omitempty"`
		SessionID   string          `json:"session_id,omitempty"`
		Timestamp   string          `json:"timestamp"`
		Properties  json.RawMessage `json:"properties"`
		Context     json.RawMessage `json:"context"`
		Facts       json.RawMessage `json:"facts"`
		Bot         string          `json:"bot,omitempty"`
	}{
		string(e.Name), e.Type.String(), string(e.ID), string(e.UserID), string(e.AnonymousID), string(e.SessionID),
		e.Time.UTC().Format("2006-01-02T15:04:05.000Z"), object(e.Properties), object(e.Context), object(e.Facts), string(e.Bot),
	}
	text, err := json.Marshal(shown)
	if err != nil { // the parts are JSON objects already
		return nil
	}
	return text
}
