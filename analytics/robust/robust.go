// Package robust says what is usual for a number, from a few earlier ones of which some may be wrong: a holiday or an outage
// among them moves a mean far, and a median hardly.
package robust

import (
	"math"
	"slices"
)

const (
	// MinSamples is how many finite samples it takes to say what is usual.
	MinSamples = 3
	// Tolerance is how many spreads from the middle are still usual, where nobody says otherwise.
	Tolerance = 3.0

	// sigma makes a standard deviation of the median absolute deviation of samples that are normally distributed: 1/Φ⁻¹(3/4).
	sigma = 1.4826
	// leastSpread is the least spread, as a share of the middle: a handful of samples may agree by chance.
	leastSpread = 0.02
)

// Median is the middle of the samples, or the mean of the two in the middle. It is NaN without samples. Those that are not finite are left out.
func Median(samples []float64) float64 { return median(known(samples)) }

// MAD is the median absolute deviation: the median of how far the samples are from their median. It is NaN without samples.
func MAD(samples []float64) float64 {
	samples = known(samples)
	middle := median(samples)
	for i, s := range samples {
		samples[i] = math.Abs(s - middle)
	}
	slices.Sort(samples)
	return median(samples)
}

// Expected says what is usual after these samples: from low to high, both included, around mid. ok is false when there are too few.
func Expected(samples []float64) (mid, low, high float64, ok bool) {
	return Around(samples, Tolerance)
}

// Around is Expected with a tolerance, in spreads, of the caller's. A spread is the MAD, scaled to a standard deviation, and at least
// 2 % of the middle.
func Around(samples []float64, tolerance float64) (mid, low, high float64, ok bool) {
	samples = known(samples)
	if len(samples) < MinSamples {
		return 0, 0, 0, false
	}
	mid = median(samples)
	width := tolerance * max(sigma*MAD(samples), leastSpread*math.Abs(mid))
	return mid, mid - width, mid + width, true
}

// known are the finite samples, sorted, in a slice of their own.
func known(samples []float64) []float64 {
	finite := make([]float64, 0, len(samples))
	for _, s := range samples {
		if !math.IsNaN(s) && !math.IsInf(s, 0) {
			finite = append(finite, s)
		}
	}
	slices.Sort(finite)
	return finite
}

func median(sorted []float64) float64 {
	n := len(sorted)
	switch {
	case n == 0:
		return math.NaN()
	case n%2 == 1:
		return sorted[n/2]
	default:
		return sorted[n/2-1]/2 + sorted[n/2]/2 // halved first: their sum may be too large for a float64
	}
}
