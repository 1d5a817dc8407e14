package alert

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// evaluationsKept is how long evaluations can be looked at.
const evaluationsKept = 35 * 24 * time.Hour

// Evaluator moves rules on, tick by tick. Any number of them may work at once, and any may die: a tick is settled in one transaction, which
// only the first of them can make.
type Evaluator struct {
	store  Store
	values *Values
	log    *slog.Logger
}

// NewEvaluator makes an Evaluator.
func NewEvaluator(store Store, values *Values, log *slog.Logger) *Evaluator {
	return &Evaluator{store: store, values: values, log: log}
}

// Due lists the tenants for which there is something to do.
func (e *Evaluator) Due(ctx context.Context, now time.Time) ([]tenants.ID, error) {
	return e.store.Due(ctx, now)
}

// Sweep deletes evaluations that are too old to be looked at.
func (e *Evaluator) Sweep(ctx context.Context, now time.Time) error {
	_, err := e.store.DeleteEvaluations(ctx, now.Add(-evaluationsKept))
	return err
}

// EvaluateTenant does all that is due in a tenant: it notes which silences began and ended, and evaluates every tick that has come. A rule that
// cannot be measured at the moment is left for later, and does not keep the others: its error comes back when all is done.
func (e *Evaluator) EvaluateTenant(ctx context.Context, tenant tenants.ID, now time.Time) error {
	var due []Rule
	err := e.store.Within(ctx, tenant, func(tx Tx) (err error) {
		if err := turn(ctx, tx, now); err != nil {
			return err
		}
		due, err = tx.DueRules(ctx, now)
		return err
	})
	if err != nil {
		return fmt.Errorf("find the rules that are due: %w", err)
	}
	var errs []error
	for _, rule := range due {
		if err := e.evaluate(ctx, tenant, rule, now); err != nil {
			errs = append(errs, fmt.Errorf("evaluate the alert rule %s: %w", rule.ID, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(errs...)
}

// turn notes which silences began or ended, and what that means for open incidents.
func turn(ctx context.Context, tx Tx, now time.Time) error {
	silences, err := tx.SilencesNow(ctx, now)
	if err != nil {
		return err
	}
	turned := false
	for _, s := range silences {
		if phase := s.PhaseAt(now); phase != s.Phase {
			s.Phase, turned = phase, true
			if err := tx.SetSilence(ctx, s); err != nil {
				return err
			}
		}
	}
	if !turned {
		return nil
	}
	return muteAll(ctx, tx, now)
}

// muteAll looks at every open incident after a silence was changed.
func muteAll(ctx context.Context, tx Tx, now time.Time) error {
	open, err := tx.LockOpenIncidents(ctx)
	if err != nil {
		return err
	}
	for i := range open {
		if err := mute(ctx, tx, &open[i], now); err != nil {
			return err
		}
	}
	return nil
}

func (e *Evaluator) evaluate(ctx context.Context, tenant tenants.ID, rule Rule, now time.Time) error {
	ticks, missed := rule.dueTicks(now)
	samples, err := e.values.samples(ctx, tenant, rule.Definition, ticks)
	if err != nil {
		return err
	}
	for _, tick := range ticks {
		mine, err := e.settle(ctx, tenant, rule, tick, samples(tick), missed, now)
		if err != nil || !mine {
			return err
		}
		missed = 0
	}
	return nil
}

// settle does all that follows from a tick, in one transaction. It returns false when there is nothing to do: somebody else was quicker, or
// the rule was changed since its value was measured.
func (e *Evaluator) settle(ctx context.Context, tenant tenants.ID, rule Rule, tick time.Time, sample Sample, missed int, now time.Time) (mine bool, err error) {
	err = e.store.Within(ctx, tenant, func(tx Tx) error {
		r, err := tx.LockRule(ctx, rule.ID)
		if errors.Is(err, ErrNoSuchRule) {
			return nil
		}
		if err != nil {
			return err
		}
		expected := r.NextTick.Add(time.Duration(missed) * r.Interval)
		if !r.Enabled || r.Revision != rule.Revision || !expected.Equal(tick) {
			return nil
		}
		clock, err := tx.Clock(ctx)
		if err != nil {
			return err
		}
		if clock.Before(tick) {
			e.log.Warn("an alert rule was to be evaluated before its time: this worker's clock is ahead", "tick", tick, "clock", clock)
			return nil
		}
		mine = true
		return e.move(ctx, tx, r, tick, sample, missed, now)
	})
	return mine && err == nil, err
}

func (e *Evaluator) move(ctx context.Context, tx Tx, r Rule, tick time.Time, sample Sample, missed int, now time.Time) error {
	before := r.State
	after, came := Evaluate(r.Definition, before, sample, tick)
	came.Missed, came.EvaluatedAt = missed, now
	if missed > 0 {
		came.Note = joined(fmt.Sprintf("%d ticks before this one were missed.", missed), came.Note)
	}
	if after.Status == Firing {
		silences, err := tx.SilencesNow(ctx, now)
		if err != nil {
			return err
		}
		came.Muted = silenced(silences, now, r.ID, r.Group, r.Severity)
	}
	r.State, r.NextTick = after, tick.Add(r.Interval)
	if err := tx.AddEvaluation(ctx, r.ID, came); err != nil {
		return err
	}
	if err := e.tell(ctx, tx, &r, before, came, now); err != nil {
		return err
	}
	return tx.SetRule(ctx, r)
}

// tell has the incident know what a tick came to.
func (e *Evaluator) tell(ctx context.Context, tx Tx, r *Rule, before State, came Evaluation, now time.Time) error {
	if came.Missed > 0 && r.Incident != nil {
		text := fmt.Sprintf("%s was not evaluated for %d ticks before %s.", r.Name, came.Missed, came.Tick.UTC().Format("2 January 2006 15:04 UTC"))
		if err := tx.AddEntry(ctx, *r.Incident, entry(came.Tick, EntryMissed, text, r.details(came))); err != nil {
			return err
		}
	}
	switch {
	case fired(before, r.State):
		e.log.Info("an alert fired", "rule", r.ID, "tick", came.Tick, "muted", came.Muted)
		return open(ctx, tx, r, came, now)
	case ended(before, r.State):
		e.log.Info("an alert is resolved", "rule", r.ID, "tick", came.Tick)
		return closePart(ctx, tx, r, came.Tick, now, r.Name+" is resolved.", r.details(came))
	case r.State.Flapping && !before.Flapping && r.Incident != nil:
		text := r.Name + " changes too often. It keeps firing until it has been quiet for a while."
		return tx.AddEntry(ctx, *r.Incident, entry(came.Tick, EntryFlapping, text, r.details(came)))
	}
	return nil
}

// passing tells whether trying again later may help. What a question is too expensive for, or a rule that makes no sense any more, will not get
// better: such a tick is settled, with what went wrong in its note.
func passing(err error) bool {
	kind := fault.KindOf(err)
	return !errors.Is(err, analytics.ErrTooExpensive) && (kind == fault.Unavailable || kind == fault.Internal || kind == fault.RateLimited)
}

func joined(a, b string) string {
	if b == "" {
		return a
	}
	return a + " " + b
}
