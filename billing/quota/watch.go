package quota

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/observatory/observatory/billing"
)

// expiresSoon is how long before events expire people are told.
const expiresSoon = 7 * 24 * time.Hour

// Watch has every tenant's quota be as its plan is, and warns those whose people should know something. It is called again and again; each warning
// is given once a month.
func (s *Service) Watch(ctx context.Context) error {
	return s.each(ctx, func(one Standings) error {
		q, err := s.Follow(ctx, one.Tenant)
		if err != nil {
			return err
		}
		one.Quota = q
		return s.warn(ctx, one)
	})
}

func (s *Service) warn(ctx context.Context, one Standings) error {
	now := s.time()
	month := billing.PeriodOf(now)
	give := func(n Notice, day time.Time) error {
		if slices.Contains(one.Given, n) {
			return nil
		}
		w := Warning{Notice: n, Used: one.Used, Day: day, At: now}
		if one.Limit != nil {
			w.Events = one.Events(month)
		}
		if err := s.deps.Book.Warn(ctx, one.Tenant, month, w); err != nil {
			return fmt.Errorf("warn: %w", err)
		}
		return nil
	}
	if one.Limit != nil {
		if err := s.warnOfUse(ctx, one, month, give); err != nil {
			return err
		}
	}
	if slices.Contains(one.Given, Expiring) || one.Limit == nil && one.Standing == Open {
		return nil
	}
	held, err := s.deps.Held.HeldFor(ctx, one.Tenant)
	if err != nil {
		return fmt.Errorf("count held events: %w", err)
	}
	for _, h := range held {
		if h.ExpireFrom.Sub(now) < expiresSoon {
			return give(Expiring, h.ExpireFrom)
		}
	}
	return nil
}

// warnOfUse gives the highest of the warnings about what is used; those below it say nothing new then.
func (s *Service) warnOfUse(ctx context.Context, one Standings, month billing.Period, give func(Notice, time.Time) error) error {
	events := one.Events(month)
	reached := slices.Contains(one.Given, Reached)
	switch {
	case one.Used == 0:
		return nil
	case one.Used >= events:
		return give(Reached, time.Time{})
	case one.Used >= share(events, 80) && !reached:
		return give(Most, time.Time{})
	case one.Used >= share(events, 50) && !reached && !slices.Contains(one.Given, Most):
		if err := give(Half, time.Time{}); err != nil {
			return err
		}
	}
	const little = 5 // % of the limit: who has used less than that is not looked at
	if one.Used < share(events, little) || slices.Contains(one.Given, Forecast) {
		return nil
	}
	_, day, known, err := s.deps.Forecast.Ahead(ctx, one.Tenant, month, one.Used, events)
	if err != nil {
		return fmt.Errorf("look ahead: %w", err)
	}
	if !known || day.IsZero() {
		return nil
	}
	return give(Forecast, day)
}

// share is so many per cent of a limit, rounded up.
func share(events, percent int64) int64 { return events/100*percent + (events%100*percent+99)/100 }

// Letter is what people are told by mail.
type Letter struct {
	Subject string
	Text    []string // paragraphs
}

// Letter writes a warning for those who manage an organisation.
func (w Warning) Letter(organisation string, month billing.Period) Letter {
	meter, _ := billing.MeterOf(billing.Events)
	in, events, used := month.From.Format("January 2006"), meter.Show(w.Events), meter.Show(w.Used)
	day := w.Day.Format("Monday, 2 January")
	switch w.Notice {
	case Half, Most:
		percent := map[Notice]string{Half: "50", Most: "80"}[w.Notice]
		return Letter{organisation + " has used " + percent + " % of its events of " + in, []string{
			"Of the " + events + " events that the plan of " + organisation + " has for " + in + ", " + used + " are used.",
		}}
	case Reached:
		return Letter{organisation + " has used all its events of " + in, []string{
			"The " + events + " events that the plan of " + organisation + " has for " + in + " are used.",
			"Nothing is lost: what becomes of further events stands on the page below. Where the plan holds them, they are stored under their own ID and time as soon as it allows more.",
		}}
	case Forecast:
		return Letter{organisation + " will have used its events of " + in + " on " + day, []string{
			"As it looks now, the " + events + " events that the plan of " + organisation + " has for " + in + " will be used on " + day + ". So far " + used + " are.",
		}}
	case Expiring:
		return Letter{"Events that are held for " + organisation + " expire from " + day + " on", []string{
			"Events that are kept aside for " + organisation + " go for good from " + day + " on, unless they are released before: by a plan that allows more, or once invoices are paid.",
		}}
	}
	return Letter{}
}
