package flow_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/flow"
)

func is[T any](v T) *T { return &v }

func TestAStageIsJudgedByWhatWaitsAndWhetherItMoves(t *testing.T) {
	t.Parallel()
	rule := flow.Rule{Late: 10 * time.Second, Stuck: time.Minute, Idle: "Nothing waits.", Meanwhile: "Nothing is lost."}
	for name, c := range map[string]struct {
		figures flow.Figures
		err     error
		health  flow.Health
		why     string
	}{
		"nothing waits": {flow.Figures{Depth: is(int64(0)), PerSecond: is(0.0)}, nil, flow.OK, "Nothing waits."},
		"nothing known": {flow.Figures{}, nil, flow.OK, "Nothing waits."},
		"as usual": {
			flow.Figures{Depth: is(int64(1200)), PerSecond: is(40.0), Oldest: is(4 * time.Second)}, nil, flow.OK, "1,200 events wait, the oldest for 4 seconds.",
		},
		"one, just now":           {flow.Figures{Depth: is(int64(1)), Oldest: is(time.Millisecond)}, nil, flow.OK, "1 event waits, the oldest for less than a second."},
		"since when is not known": {flow.Figures{Depth: is(int64(3))}, nil, flow.OK, "3 events wait."},
		"late": {
			flow.Figures{Depth: is(int64(2)), PerSecond: is(.1), Oldest: is(90 * time.Second)},
			nil, flow.Slow,
			"2 events wait, the oldest for 1 minute; usually it is less than 10 seconds. Nothing is lost.",
		},
		"late, and worked on": {
			flow.Figures{Depth: is(int64(2)), InHand: is(int64(1)), PerSecond: is(0.0), Oldest: is(2 * time.Minute)},
			nil, flow.Slow,
			"2 events wait, the oldest for 2 minutes; usually it is less than 10 seconds. Nothing is lost.",
		},
		"nothing moves": {
			flow.Figures{Depth: is(int64(2)), InHand: is(int64(0)), PerSecond: is(0.0), Oldest: is(3 * time.Hour)},
			nil, flow.Stuck,
			"2 events wait, the oldest for 3 hours, and none has left of late. Nothing is lost.",
		},
		"nothing moves, not for long yet": {
			flow.Figures{Depth: is(int64(2)), PerSecond: is(0.0), Oldest: is(time.Minute)},
			nil, flow.Slow,
			"2 events wait, the oldest for 1 minute; usually it is less than 10 seconds. Nothing is lost.",
		},
		"nobody has counted": {
			flow.Figures{PerSecond: is(0.0), Oldest: is(2 * time.Minute)},
			nil, flow.Stuck,
			"Events wait, the oldest for 2 minutes, and none has left of late. Nothing is lost.",
		},
		"through, but late": {
			flow.Figures{Depth: is(int64(0)), PerSecond: is(1.0), Lag: is(48 * time.Hour)},
			nil, flow.Slow,
			"The latest took 2 days; usually it is less than 10 seconds. Nothing is lost.",
		},
		"away": {flow.Figures{}, errors.New("dial: refused"), flow.Stuck, "It does not answer. Nothing is lost."},
		"full": {
			flow.Figures{}, fmt.Errorf("look: %w", flow.Down("There is no room.")), flow.Stuck, "There is no room. Nothing is lost.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stages := flow.Look(t.Context(), uuid.Nil, []flow.Probe{{
				Name: "sink", Unit: flow.Events, Rule: rule,
				Measure: func(context.Context, uuid.UUID) (flow.Figures, error) { return c.figures, c.err },
			}})
			require.Equal(t, []flow.Stage{{Name: "sink", Unit: flow.Events, Figures: c.figures, Health: c.health, Why: c.why}}, stages)
		})
	}
}

func TestWhatIsNeverLateMayWait(t *testing.T) {
	t.Parallel()
	stages := flow.Look(t.Context(), uuid.Nil, []flow.Probe{{
		Name: "quarantine", Unit: flow.Events,
		Measure: func(context.Context, uuid.UUID) (flow.Figures, error) {
			return flow.Figures{Depth: is(int64(7)), PerSecond: is(0.0), Oldest: is(1000 * time.Hour)}, nil
		},
	}})
	require.Equal(t, flow.OK, stages[0].Health)
	require.Equal(t, "7 events wait, the oldest for 41 days.", stages[0].Why)
}

// One stage that hangs costs the others nothing, and tells that it does not answer.
func TestAStageThatHangsIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tenant, start := uuid.New(), time.Now()
		var asked uuid.UUID
		stages := flow.Look(t.Context(), tenant, []flow.Probe{
			{Name: "store", Unit: flow.Events, Measure: func(ctx context.Context, _ uuid.UUID) (flow.Figures, error) {
				<-ctx.Done()
				return flow.Figures{}, ctx.Err()
			}},
			{Name: "log", Unit: flow.Events, Measure: func(_ context.Context, who uuid.UUID) (flow.Figures, error) {
				asked = who
				return flow.Figures{}, nil
			}},
		})
		require.Equal(t, []flow.Health{flow.Stuck, flow.OK}, []flow.Health{stages[0].Health, stages[1].Health})
		require.Equal(t, tenant, asked)
		require.Equal(t, flow.Patience, time.Since(start))
	})
}
