// Package flow tells how work goes through Observatory, stage by stage: how much waits, how fast it leaves, how long it
// takes, and whether that is well. Nothing of it is stored: stages are measured when somebody looks.
package flow

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Health tells whether a stage does what it should.
type Health string

// The healths, from good to bad.
const (
	OK    Health = "ok"
	Slow  Health = "slow"  // it moves, but somebody waits longer than they should
	Stuck Health = "stuck" // something waits and nothing moves, or nobody answers
)

// Figures are what is measured of a stage. Nil is not known, or has no meaning there.
type Figures struct {
	Depth     *int64         // items that wait
	InHand    *int64         // items that are being worked on
	PerSecond *float64       // items that left, as of late
	Lag       *time.Duration // that the latest items took, from coming in to leaving
	Oldest    *time.Duration // that the item which has waited the longest has waited
}

// Stage is a stage as somebody sees it.
type Stage struct {
	Name string
	Unit Unit
	Figures
	Health Health
	Why    string // a sentence or two
}

// Unit is what waits in a stage, in the plural.
type Unit string

// The units.
const (
	Events  Unit = "events"
	Hours   Unit = "hours"
	Rules   Unit = "rules"
	Replays Unit = "replays"
	Jobs    Unit = "jobs"
)

// Edge is a way that work takes.
type Edge struct{ From, To string }

// Probe measures one stage.
type Probe struct {
	Name string
	Unit Unit
	Rule Rule
	// Measure asks for the figures of a tenant. An error means that the stage does not answer, unless it is Down.
	Measure func(ctx context.Context, tenant uuid.UUID) (Figures, error)
}

// Down is the error of a stage that answers, and does not do what it should. It says why in a sentence, which is shown.
type Down string

func (d Down) Error() string { return string(d) }

// Patience is how long a stage may take to answer.
const Patience = 2 * time.Second

// Look measures all stages at once, and returns them in the order of the probes.
func Look(ctx context.Context, tenant uuid.UUID, probes []Probe) []Stage {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	stages := make([]Stage, len(probes))
	var group sync.WaitGroup
	for i, p := range probes {
		group.Go(func() {
			f, err := p.Measure(ctx, tenant)
			health, why := p.Rule.judge(p.Unit, f, err)
			stages[i] = Stage{Name: p.Name, Unit: p.Unit, Figures: f, Health: health, Why: why}
		})
	}
	group.Wait()
	return stages
}
