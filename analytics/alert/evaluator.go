package alert

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
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
	store    Store
	values   *Values
	log      *slog.Logger
	patience time.Duration // with one rule
}

// NewEvaluator makes an Evaluator.
func NewEvaluator(store Store, values *Values, log *slog.Logger) *Evaluator {
	return &Evaluator{store: store, values: values, log: log, patience: patience}
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
	for len(due) > 0 && ctx.Err() == nil {
		steps, measured, failed := e.measure(ctx, tenant, due, now)
		errs = append(append(errs, failed...), e.settleAll(ctx, tenant, steps, now)...)
		due = due[measured:]
	}
	return errors.Join(errs...)
}

// How many rules are measured before their ticks are settled: so many that the ticks of a group are most often settled in the order in which they
// came, and so few that work is done even where every question takes long.
const (
	atOnce     = 50
	measureFor = 10 * time.Second
)

// A rule that takes long to be measured does not keep the others: it is left for later after this time. What has to be measured for each window
// anew is measured for a few ticks at a time, so that it gets on however many have come.
const (
	patience = 30 * time.Second
	fewTicks = 6
)

// turn notes which silences began or ended, and what that means for open incidents.
func turn(ctx context.Context, tx Tx, now time.Time) error {
	if err := tx.LockSilences(ctx); err != nil {
		return err
	}
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

// step is a tick of a rule that is to be settled.
type step struct {
	rule   Rule
	tick   time.Time
	sample Sample
	missed int
}

// measure measures the first of the rules, and says how many those were.
func (e *Evaluator) measure(ctx context.Context, tenant tenants.ID, rules []Rule, now time.Time) (steps []step, measured int, errs []error) {
	for began := time.Now(); measured < min(len(rules), atOnce) && (measured == 0 || time.Since(began) < measureFor); measured++ {
		rule := rules[measured]
		ticks, missed := rule.dueTicks(now)
		if !rule.Measure.adds() {
			ticks = ticks[:min(len(ticks), fewTicks)]
		}
		samples, err := e.samples(ctx, tenant, rule, ticks)
		if err != nil {
			errs = append(errs, fmt.Errorf("measure for the alert rule %s: %w", rule.ID, err))
			continue
		}
		for _, tick := range ticks {
			steps = append(steps, step{rule: rule, tick: tick, sample: samples(tick), missed: missed})
			missed = 0
		}
	}
	return steps, measured, errs
}

func (e *Evaluator) samples(ctx context.Context, tenant tenants.ID, r Rule, ticks []time.Time) (func(time.Time) Sample, error) {
	ctx, cancel := context.WithTimeout(ctx, e.patience)
	defer cancel()
	return e.values.samples(ctx, tenant, r.Definition, ticks)
}

// settleAll settles ticks in the order of time, so that what was missed opens and ends the incidents that it would have.
func (e *Evaluator) settleAll(ctx context.Context, tenant tenants.ID, steps []step, now time.Time) (errs []error) {
	slices.SortStableFunc(steps, func(a, b step) int { return a.tick.Compare(b.tick) })
	done := map[RuleID]bool{} // rules that somebody else moves on, or that failed
	for _, s := range steps {
		if done[s.rule.ID] {
			continue
		}
		mine, err := e.settle(ctx, tenant, s, now)
		if err != nil {
			errs = append(errs, fmt.Errorf("settle a tick of the alert rule %s: %w", s.rule.ID, err))
		}
		done[s.rule.ID] = !mine
	}
	return errs
}

// settle does all that follows from a tick, in one transaction. It returns false when there is nothing to do: somebody else was quicker, or
// the rule was changed since its value was measured.
func (e *Evaluator) settle(ctx context.Context, tenant tenants.ID, s step, now time.Time) (mine bool, err error) {
	var before, after State
	err = e.store.Within(ctx, tenant, func(tx Tx) error {
		r, err := tx.LockRule(ctx, s.rule.ID)
		if errors.Is(err, ErrNoSuchRule) {
			return nil
		}
		if err != nil {
			return err
		}
		expected := r.NextTick.Add(time.Duration(s.missed) * r.Interval)
		if !r.Enabled || r.Revision != s.rule.Revision || !expected.Equal(s.tick) {
			return nil
		}
		clock, err := tx.Clock(ctx)
		if err != nil {
			return err
		}
		if clock.Before(s.tick) {
			e.log.Warn("an alert rule was to be evaluated before its time: this worker's clock is ahead", "tick", s.tick, "clock", clock)
			return nil
		}
		mine, before = true, r.State
		after, err = s.move(ctx, tx, r, now)
		return err
	})
	switch {
	case err != nil:
		return false, err
	case mine && fired(before, after):
		e.log.Info("an alert fired", "rule", s.rule.ID, "tick", s.tick)
	case mine && ended(before, after):
		e.log.Info("an alert is resolved", "rule", s.rule.ID, "tick", s.tick)
	}
	return mine, nil
}

// move moves a rule, which is locked, over the tick.
func (s step) move(ctx context.Context, tx Tx, r Rule, now time.Time) (State, error) {
	before := r.State
	after, came := Evaluate(r.Definition, before, s.sample, s.tick)
	came.Missed, came.EvaluatedAt = s.missed, now
	if s.missed > 0 {
		came.Note = joined(fmt.Sprintf("%d ticks before this one were missed.", s.missed), came.Note)
	}
	if after.Status == Firing {
		silences, err := tx.SilencesNow(ctx, now)
		if err != nil {
			return after, err
		}
		came.Muted = silenced(silences, now, r.ID, r.Group, r.Severity)
	}
	r.State, r.NextTick = after, s.tick.Add(r.Interval)
	if err := tx.AddEvaluation(ctx, r.ID, came); err != nil {
		return after, err
	}
	if err := tell(ctx, tx, &r, before, came, now); err != nil {
		return after, err
	}
	return after, tx.SetRule(ctx, r)
}

// tell has the incident know what a tick came to.
func tell(ctx context.Context, tx Tx, r *Rule, before State, came Evaluation, now time.Time) error {
	if came.Missed > 0 && r.Incident != nil {
		text := fmt.Sprintf("%s was not evaluated for %d ticks before %s.", r.Name, came.Missed, came.Tick.UTC().Format("2 January 2006 15:04 UTC"))
		if err := tx.AddEntry(ctx, *r.Incident, entry(came.Tick, EntryMissed, text, r.details(came))); err != nil {
			return err
		}
	}
	switch {
	case fired(before, r.State):
		return open(ctx, tx, r, came, now)
	case ended(before, r.State):
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
