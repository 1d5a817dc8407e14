package alert

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// Bounds of a preview.
const (
	MaxPreviewDays = 30
	maxPoints      = 2000
	previewFor     = time.Minute // then it is too expensive
)

// Preview is what a rule would have done.
type Preview struct {
	From, To      time.Time // the first tick and the last
	Ticks         int
	TicksPerPoint int
	Points        []PreviewPoint
	Firings       []PreviewFiring // oldest first
}

// PreviewPoint stands for up to TicksPerPoint ticks. The worst status of them is shown: firing before pending before resolved before ok.
type PreviewPoint struct {
	Tick                      time.Time // the last of them
	Value                     *float64  // at that tick
	Low, High                 *float64  // of the values of all of them; nil where none had one
	ExpectedLow, ExpectedHigh *float64  // at that tick
	Status                    Status
}

// PreviewFiring is an episode.
type PreviewFiring struct {
	From     time.Time
	To       *time.Time // nil: it goes on
	Flapping bool
}

// Preview evaluates a definition at every tick of the past days, 1 to MaxPreviewDays, with the machine that evaluates rules live. Errors: those of
// Definition.Validate, analytics.ErrTooExpensive, and what else keeps the values from being measured.
func (s *Rules) Preview(ctx context.Context, tenant tenants.ID, d Definition, days int) (Preview, error) {
	if days < 1 || days > MaxPreviewDays {
		return Preview{}, fault.New(fault.Invalid, "invalid_period", "A preview takes 1 to %d days.", MaxPreviewDays)
	}
	d = d.withDefaults()
	if err := d.Validate(); err != nil {
		return Preview{}, err
	}
	var ticks []time.Time
	last := s.now().UTC().Add(-d.Delay).Truncate(d.Interval)
	for tick := d.tickAfter(last.AddDate(0, 0, -days)); !tick.After(last); tick = tick.Add(d.Interval) {
		ticks = append(ticks, tick)
	}
	limited, cancel := context.WithTimeout(ctx, previewFor)
	defer cancel()
	samples, err := s.values.samples(limited, tenant, d, ticks)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return Preview{}, analytics.ErrTooExpensive
	}
	if err != nil {
		return Preview{}, err
	}
	if first := samples(ticks[0]); first.Fault != "" { // then all have it
		return Preview{}, fault.New(fault.Invalid, "preview_impossible", "%s", first.Fault)
	}
	return preview(d, ticks, samples), nil
}

func preview(d Definition, ticks []time.Time, samples func(time.Time) Sample) Preview {
	p := Preview{From: ticks[0], To: ticks[len(ticks)-1], Ticks: len(ticks), TicksPerPoint: (len(ticks) + maxPoints - 1) / maxPoints}
	var state State
	for i, tick := range ticks {
		before := state
		after, came := Evaluate(d, before, samples(tick), tick)
		state = after
		switch {
		case fired(before, after):
			p.Firings = append(p.Firings, PreviewFiring{From: tick})
		case ended(before, after):
			p.Firings[len(p.Firings)-1].To = &tick
		}
		if after.Flapping {
			p.Firings[len(p.Firings)-1].Flapping = true
		}
		if i%p.TicksPerPoint == 0 {
			p.Points = append(p.Points, PreviewPoint{Status: OK})
		}
		p.Points[len(p.Points)-1].take(came)
	}
	return p
}

func (p *PreviewPoint) take(e Evaluation) {
	p.Tick, p.Value, p.ExpectedLow, p.ExpectedHigh = e.Tick, e.Value, e.Low, e.High
	if e.Value != nil {
		low, high := *e.Value, *e.Value
		if p.Low != nil {
			low, high = math.Min(*p.Low, low), math.Max(*p.High, high)
		}
		p.Low, p.High = &low, &high
	}
	order := []Status{OK, Resolved, Pending, Firing}
	if slices.Index(order, e.Status) > slices.Index(order, p.Status) {
		p.Status = e.Status
	}
}
