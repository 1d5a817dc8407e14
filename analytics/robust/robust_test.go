package robust_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/analytics/robust"
)

func TestMedianAndMAD(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		samples     []float64
		median, mad float64
	}{
		{[]float64{7}, 7, 0},
		{[]float64{9, 1}, 5, 4},
		{[]float64{1, 1, 2, 2, 4, 6, 9}, 2, 1},
		{[]float64{math.MaxFloat64, math.MaxFloat64}, math.MaxFloat64, 0},
		{[]float64{1, math.NaN(), 3, math.Inf(1), 2}, 2, 1},
	} {
		require.InDelta(t, c.median, robust.Median(c.samples), 0, "%v", c.samples)
		require.InDelta(t, c.mad, robust.MAD(c.samples), 0, "%v", c.samples)
	}
	require.True(t, math.IsNaN(robust.Median(nil)))
	require.True(t, math.IsNaN(robust.MAD(nil)))
}

func TestExpected(t *testing.T) {
	t.Parallel()
	_, _, _, ok := robust.Expected([]float64{1, 2, math.NaN()})
	require.False(t, ok, "two samples are too few")

	mid, low, high, ok := robust.Expected([]float64{100, 100, 100})
	require.True(t, ok)
	require.Equal(t, []float64{100, 94, 106}, []float64{mid, low, high}, "samples that agree leave some room")

	mid, low, high, _ = robust.Around([]float64{80, 90, 100, 110, 120}, 2)
	require.InDelta(t, 100, mid, 0)
	require.InDelta(t, 100-2*14.826, low, 1e-9)
	require.InDelta(t, 100+2*14.826, high, 1e-9)
}

// As long as fewer than half of the samples are wrong, what is expected stays within the others, whatever the wrong ones are.
func TestFewWrongSamplesDoNotMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		right := rapid.SliceOfN(rapid.Float64Range(-1000, 1000), 3, 8).Draw(t, "right")
		wrong := rapid.SliceOfN(rapid.Float64Range(-1e12, 1e12), 0, len(right)-1).Draw(t, "wrong")
		all := rapid.Permutation(slices.Concat(right, wrong)).Draw(t, "all")
		before := slices.Clone(all)

		mid, low, high, ok := robust.Expected(all)
		if !ok || mid < slices.Min(right) || mid > slices.Max(right) {
			t.Fatalf("the middle of %v is %v", all, mid)
		}
		if low > mid || high < mid || mid-low > 3*1.4826*2000+1e-6 {
			t.Fatalf("the band of %v is %v to %v", all, low, high)
		}
		if !slices.Equal(before, all) {
			t.Fatal("the samples were changed")
		}
	})
}
