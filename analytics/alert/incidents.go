package alert

import (
	"context"
	"fmt"
	"time"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// Incidents are what went wrong, and what people did about it.
type Incidents struct {
	store Store
	now   func() time.Time
}

// NewIncidents makes the service.
func NewIncidents(store Store, now func() time.Time) *Incidents {
	return &Incidents{store: store, now: now}
}

const (
	maxEntries = 1000 // that a timeline shows
	maxSnooze  = 30 * 24 * time.Hour
	maxNote    = 500 // characters
)

// List returns incidents with their rules, newest first.
func (s *Incidents) List(ctx context.Context, tenant tenants.ID, q IncidentsQuery) (all []Incident, err error) {
	err = s.store.Within(ctx, tenant, func(tx Tx) (err error) {
		all, err = tx.Incidents(ctx, q)
		return err
	})
	return all, err
}

// Get returns an incident and its timeline, oldest first. Errors: ErrNoSuchIncident.
func (s *Incidents) Get(ctx context.Context, tenant tenants.ID, id IncidentID) (found Incident, timeline []Entry, err error) {
	err = s.store.Within(ctx, tenant, func(tx Tx) (err error) {
		if found, err = tx.Incident(ctx, id); err != nil {
			return err
		}
		timeline, err = tx.Entries(ctx, id, maxEntries)
		return err
	})
	return found, timeline, err
}

// Acknowledge says that somebody looks after an open incident. Doing it again changes nothing. Errors: ErrNoSuchIncident, ErrIncidentResolved, ErrPermissionDenied.
func (s *Incidents) Acknowledge(ctx context.Context, by tenants.By, id IncidentID) (Incident, error) {
	return s.act(ctx, by, id, func(i *Incident, now time.Time) *Entry {
		if i.AcknowledgedAt != nil {
			return nil
		}
		i.AcknowledgedAt, i.AcknowledgedBy = &now, by.Principal.Actor.Label
		e := entry(now, EntryAcknowledged, "Acknowledged.", nil)
		return &e
	})
}

// Snooze puts off telling anybody of an open incident, until a time in the next 30 days. It may be changed by doing it again. Errors: a
// fault with the code invalid_snooze, and those of Acknowledge.
func (s *Incidents) Snooze(ctx context.Context, by tenants.By, id IncidentID, until time.Time) (Incident, error) {
	until = until.UTC().Truncate(time.Microsecond)
	if now := s.now(); !until.After(now) || until.Sub(now) > maxSnooze {
		return Incident{}, fault.New(fault.Invalid, "invalid_snooze", "Snooze until a time in the next 30 days.")
	}
	return s.act(ctx, by, id, func(i *Incident, now time.Time) *Entry {
		i.SnoozedUntil = &until
		e := entry(now, EntrySnoozed, "Snoozed until "+until.Format("2 January 2006 15:04 UTC")+".", map[string]string{"until": until.Format(time.RFC3339)})
		return &e
	})
}

// Resolve ends an open incident. Its rules stay as they are: one that still fires opens another incident only after it was resolved by itself.
// The note, which may be empty, has at most 500 characters. Errors: a fault with the code invalid_note, and those of Acknowledge.
func (s *Incidents) Resolve(ctx context.Context, by tenants.By, id IncidentID, note string) (Incident, error) {
	if !short(note, maxNote) {
		return Incident{}, fault.New(fault.Invalid, "invalid_note", "A note has at most %d characters.", maxNote)
	}
	return s.act(ctx, by, id, func(i *Incident, now time.Time) *Entry {
		i.State, i.ResolvedAt, i.ResolvedBy = IncidentResolved, &now, by.Principal.Actor.Label
		for r := range i.Rules {
			if i.Rules[r].ResolvedAt == nil {
				i.Rules[r].ResolvedAt = &now
			}
		}
		text := "Resolved."
		if note != "" {
			text += " " + note
		}
		e := entry(now, EntryResolved, text, nil)
		return &e
	})
}

// AddEntry adds a line to the timeline of an incident, with an ID of its own where it has none. Errors: ErrNoSuchIncident.
func (s *Incidents) AddEntry(ctx context.Context, tenant tenants.ID, id IncidentID, e Entry) error {
	e = entry(e.At, e.Kind, e.Text, e.Details).by(e.Actor)
	return s.store.Within(ctx, tenant, func(tx Tx) error {
		if _, err := tx.Incident(ctx, id); err != nil {
			return err
		}
		return tx.AddEntry(ctx, id, e)
	})
}

func (e Entry) by(actor string) Entry {
	e.Actor = actor
	return e
}

// act lets a person change an open incident; fn returns what the timeline says of it, or nil when nothing changes.
func (s *Incidents) act(ctx context.Context, by tenants.By, id IncidentID, fn func(*Incident, time.Time) *Entry) (found Incident, err error) {
	if err := by.Principal.Require(tenants.ManageAlerts); err != nil {
		return Incident{}, err
	}
	now := s.now().UTC().Truncate(time.Microsecond)
	err = s.store.Within(ctx, by.Principal.Tenant, func(tx Tx) (err error) {
		if found, err = tx.LockIncident(ctx, id); err != nil {
			return err
		}
		if found.State == IncidentResolved {
			return ErrIncidentResolved
		}
		e := fn(&found, now)
		if e == nil {
			return nil
		}
		for _, r := range found.Rules {
			if err := tx.SetIncidentRule(ctx, id, r); err != nil {
				return err
			}
		}
		if err := tx.SetIncident(ctx, found); err != nil {
			return err
		}
		return tx.AddEntry(ctx, id, e.by(by.Principal.Actor.Label))
	})
	if err != nil {
		return Incident{}, fmt.Errorf("change the incident: %w", err)
	}
	return found, nil
}
