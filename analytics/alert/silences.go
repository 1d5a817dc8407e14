package alert

import (
	"context"
	"fmt"
	"time"

	"github.com/observatory/observatory/tenants"
)

// Silences keep quiet for a while.
type Silences struct {
	store Store
	now   func() time.Time
}

// NewSilences makes the service.
func NewSilences(store Store, now func() time.Time) *Silences {
	return &Silences{store: store, now: now}
}

// List returns silences of a phase ("" is any), those that end last first, from a place on.
func (s *Silences) List(ctx context.Context, tenant tenants.ID, phase Phase, after SilenceCursor, limit int) (all []Silence, err error) {
	err = s.store.Within(ctx, tenant, func(tx Tx) (err error) {
		all, err = tx.Silences(ctx, phase, s.now(), after, limit)
		return err
	})
	return all, err
}

// Get returns a silence. Errors: ErrNoSuchSilence.
func (s *Silences) Get(ctx context.Context, tenant tenants.ID, id SilenceID) (found Silence, err error) {
	err = s.store.Within(ctx, tenant, func(tx Tx) (err error) {
		found, err = tx.Silence(ctx, id)
		return err
	})
	return found, err
}

// Create makes a silence. Errors: those of SilenceInput.Validate, ErrPermissionDenied.
func (s *Silences) Create(ctx context.Context, by tenants.By, in SilenceInput) (made Silence, err error) {
	err = s.change(ctx, by, &in, func(tx Tx, now time.Time) (Silence, string, error) {
		made = Silence{SilenceInput: in, ID: SilenceID(newID()), Phase: in.PhaseAt(now), CreatedAt: now, CreatedBy: by.Principal.Actor.Label}
		return made, "silence.created", tx.AddSilence(ctx, made)
	})
	return made, err
}

// Update replaces what a silence says. Errors: those of Create, ErrNoSuchSilence.
func (s *Silences) Update(ctx context.Context, by tenants.By, id SilenceID, in SilenceInput) (found Silence, err error) {
	err = s.change(ctx, by, &in, func(tx Tx, now time.Time) (_ Silence, _ string, err error) {
		if found, err = tx.Silence(ctx, id); err != nil {
			return found, "", err
		}
		found.SilenceInput, found.Phase = in, in.PhaseAt(now)
		return found, "silence.changed", tx.SetSilence(ctx, found)
	})
	return found, err
}

// Delete removes a silence, which thereby ends. Errors: ErrNoSuchSilence, ErrPermissionDenied.
func (s *Silences) Delete(ctx context.Context, by tenants.By, id SilenceID) error {
	return s.change(ctx, by, nil, func(tx Tx, _ time.Time) (Silence, string, error) {
		found, err := tx.Silence(ctx, id)
		if err != nil {
			return found, "", err
		}
		return found, "silence.deleted", tx.DeleteSilence(ctx, id)
	})
}

// change makes a change, has open incidents follow, and notes it in the audit log.
func (s *Silences) change(ctx context.Context, by tenants.By, in *SilenceInput, fn func(Tx, time.Time) (Silence, string, error)) error {
	if err := by.Principal.Require(tenants.ManageAlerts); err != nil {
		return err
	}
	now := s.now().UTC().Truncate(time.Microsecond)
	if in != nil {
		*in = in.normal()
		if err := in.Validate(now); err != nil {
			return err
		}
	}
	err := s.store.Within(ctx, by.Principal.Tenant, func(tx Tx) error {
		if err := tx.LockSilences(ctx); err != nil {
			return err
		}
		changed, action, err := fn(tx, now)
		if err != nil {
			return err
		}
		if err := muteAll(ctx, tx, now); err != nil {
			return err
		}
		return tx.Audit(ctx, changed.audit(by, action, now))
	})
	if err != nil {
		return fmt.Errorf("change silences: %w", err)
	}
	return nil
}
