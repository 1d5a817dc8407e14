package rollup_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/analytics/rollup"
)

func TestDue(t *testing.T) {
	t.Parallel()
	hour := time.Date(2026, time.May, 1, 10, 0, 0, 0, time.UTC)
	end := hour.Add(time.Hour)
	long := time.Unix(0, 0).UTC()
	for name, c := range map[string]struct {
		dirty rollup.Dirty
		due   bool
		age   time.Duration
	}{
		"an hour that is not over":             {rollup.Dirty{MarkedAt: hour.Add(time.Minute), ComputedAt: long, Now: end.Add(-time.Second)}, false, 0},
		"just after its end":                   {rollup.Dirty{MarkedAt: hour.Add(time.Minute), ComputedAt: long, Now: end.Add(59 * time.Second)}, false, 0},
		"a minute after its end":               {rollup.Dirty{MarkedAt: hour.Add(time.Minute), ComputedAt: long, Now: end.Add(time.Minute)}, true, 0},
		"an old hour at its first late event":  {rollup.Dirty{MarkedAt: end.Add(48 * time.Hour), ComputedAt: end.Add(time.Minute), Now: end.Add(48*time.Hour + time.Second)}, true, time.Second},
		"while more come":                      {rollup.Dirty{MarkedAt: end.Add(48 * time.Hour), ComputedAt: end.Add(48*time.Hour - time.Second), Now: end.Add(48*time.Hour + 4*time.Second)}, false, 4 * time.Second},
		"when no more come":                    {rollup.Dirty{MarkedAt: end.Add(48 * time.Hour), ComputedAt: end.Add(48*time.Hour - time.Second), Now: end.Add(48*time.Hour + 5*time.Second)}, true, 5 * time.Second},
		"when they come without end":           {rollup.Dirty{MarkedAt: end.Add(48 * time.Hour), ComputedAt: end.Add(48*time.Hour - 30*time.Second), Now: end.Add(48 * time.Hour)}, true, 0},
		"a batch is under way":                 {rollup.Dirty{Undecided: true, MarkedAt: end, ComputedAt: long, Now: end.Add(24 * time.Hour)}, false, 24*time.Hour - time.Minute},
		"an hour in the future, by some clock": {rollup.Dirty{MarkedAt: hour.Add(-10 * time.Hour), ComputedAt: long, Now: hour.Add(-time.Hour)}, false, 0},
	} {
		c.dirty.Hour = hour
		require.Equal(t, c.due, c.dirty.Due(), name)
		require.Equal(t, c.age, c.dirty.Age(), name)
	}
}
