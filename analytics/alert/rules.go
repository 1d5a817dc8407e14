package alert

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/observatory/observatory/tenants"
)

// Rules are what tenants watch.
type Rules struct {
	store  Store
	values *Values
	now    func() time.Time
}

// NewRules makes the service.
func NewRules(store Store, values *Values, now func() time.Time) *Rules {
	return &Rules{store: store, values: values, now: now}
}

func (s *Rules) clock() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

// List returns all rules of a tenant, by name.
func (s *Rules) List(ctx context.Context, tenant tenants.ID) (all []Rule, err error) {
	err = s.store.Within(ctx, tenant, func(tx Tx) (err error) {
		all, err = tx.Rules(ctx)
		return err
	})
	return all, err
}

// Get returns a rule. Errors: ErrNoSuchRule.
func (s *Rules) Get(ctx context.Context, tenant tenants.ID, id RuleID) (found Rule, err error) {
	err = s.store.Within(ctx, tenant, func(tx Tx) (err error) {
		found, err = tx.Rule(ctx, id)
		return err
	})
	return found, err
}

// Evaluations lists what came of the ticks of a rule with from <= tick < to, newest first; zero times are open. Errors: ErrNoSuchRule.
func (s *Rules) Evaluations(ctx context.Context, tenant tenants.ID, id RuleID, from, to time.Time, limit int) (all []Evaluation, err error) {
	const farAhead = 100 * 366 * 24 * time.Hour
	if to.IsZero() {
		to = s.now().Add(farAhead)
	}
	err = s.store.Within(ctx, tenant, func(tx Tx) error {
		if _, err := tx.Rule(ctx, id); err != nil {
			return err
		}
		all, err = tx.Evaluations(ctx, id, from, to, limit)
		return err
	})
	return all, err
}

// Create makes a rule, which is evaluated from the next tick on. Errors: those of Definition.Validate, ErrTooManyRules, ErrNoSuchPolicy, ErrPermissionDenied.
func (s *Rules) Create(ctx context.Context, by tenants.By, d Definition, enabled bool) (Rule, error) {
	if err := by.Principal.Require(tenants.ManageAlerts); err != nil {
		return Rule{}, err
	}
	d = d.withDefaults()
	if err := d.Validate(); err != nil {
		return Rule{}, err
	}
	now, who := s.clock(), by.Principal.Actor.Label
	r := Rule{
		Definition: d, ID: RuleID(newID()), Enabled: enabled, Revision: 1, CreatedAt: now, CreatedBy: who, UpdatedAt: now, UpdatedBy: who,
		NextTick: d.tickAfter(now), State: State{Status: OK, Since: now},
	}
	err := s.store.Within(ctx, by.Principal.Tenant, func(tx Tx) error {
		if n, err := tx.CountRules(ctx); err != nil || n >= MaxRules {
			return orElse(err, ErrTooManyRules)
		}
		if err := tx.AddRule(ctx, r); err != nil {
			return err
		}
		return tx.Audit(ctx, r.audit(by, "alert.created", now))
	})
	if err != nil {
		return Rule{}, fmt.Errorf("create alert rule: %w", err)
	}
	return r, nil
}

// Update replaces the definition of a rule. When values are judged otherwise than before, the rule begins anew. Errors: those of Create, ErrNoSuchRule.
func (s *Rules) Update(ctx context.Context, by tenants.By, id RuleID, d Definition) (Rule, error) {
	d = d.withDefaults()
	if err := d.Validate(); err != nil {
		return Rule{}, err
	}
	return s.change(ctx, by, id, "alert.changed", func(tx Tx, r *Rule, now time.Time) error {
		before := r.Definition
		r.Definition = d
		if before.judgedAlike(d) {
			return nil
		}
		return s.restart(ctx, tx, r, now, before.Name+" was changed and begins anew.", by)
	})
}

// SetEnabled lets a rule rest, or be evaluated from the next tick on. Errors: ErrNoSuchRule, ErrPermissionDenied.
func (s *Rules) SetEnabled(ctx context.Context, by tenants.By, id RuleID, enabled bool) (Rule, error) {
	action := "alert.disabled"
	if enabled {
		action = "alert.enabled"
	}
	return s.change(ctx, by, id, action, func(tx Tx, r *Rule, now time.Time) error {
		if r.Enabled == enabled {
			return errUnchanged
		}
		r.Enabled = enabled
		return s.restart(ctx, tx, r, now, r.Name+" was disabled.", by)
	})
}

// errUnchanged ends a change that would change nothing.
var errUnchanged = errors.New("nothing changes")

// restart puts a rule back to its beginning and ends its part in an incident.
func (s *Rules) restart(ctx context.Context, tx Tx, r *Rule, now time.Time, text string, by tenants.By) error {
	r.State, r.NextTick = State{Status: OK, Since: now}, r.tickAfter(now)
	return closePart(ctx, tx, r, now, now, text, map[string]string{"alert_id": r.ID.String(), "by": by.Principal.Actor.Label})
}

func (s *Rules) change(ctx context.Context, by tenants.By, id RuleID, action string, fn func(Tx, *Rule, time.Time) error) (changed Rule, err error) {
	if err := by.Principal.Require(tenants.ManageAlerts); err != nil {
		return Rule{}, err
	}
	now := s.clock()
	err = s.store.Within(ctx, by.Principal.Tenant, func(tx Tx) error {
		r, err := tx.LockRule(ctx, id)
		if err != nil {
			return err
		}
		if err := fn(tx, &r, now); err != nil {
			return err
		}
		r.Revision++
		r.UpdatedAt, r.UpdatedBy = now, by.Principal.Actor.Label
		if err := tx.SetRule(ctx, r); err != nil {
			return err
		}
		return tx.Audit(ctx, r.audit(by, action, now))
	})
	if err != nil && !errors.Is(err, errUnchanged) {
		return Rule{}, err
	}
	return s.Get(ctx, by.Principal.Tenant, id)
}

// Delete removes a rule and its evaluations; incidents stay. Errors: ErrNoSuchRule, ErrPermissionDenied.
func (s *Rules) Delete(ctx context.Context, by tenants.By, id RuleID) error {
	if err := by.Principal.Require(tenants.ManageAlerts); err != nil {
		return err
	}
	now := s.clock()
	return s.store.Within(ctx, by.Principal.Tenant, func(tx Tx) error {
		r, err := tx.LockRule(ctx, id)
		if err != nil {
			return err
		}
		if err := closePart(ctx, tx, &r, now, now, r.Name+" was deleted.", map[string]string{"alert_id": id.String(), "by": by.Principal.Actor.Label}); err != nil {
			return err
		}
		if err := tx.DeleteRule(ctx, id); err != nil {
			return err
		}
		return tx.Audit(ctx, r.audit(by, "alert.deleted", now))
	})
}

func orElse(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}
