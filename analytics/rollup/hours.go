package rollup

import "time"

// Limits of what a rollup holds. An hour that has more lacks that part altogether, and says so among its gaps.
const (
	MaxValues  = 1000 // of a breakdown, per event name and hour
	MaxNumbers = 100  // properties with numbers, per event name and hour
)

// GapNumbers is the gap of an hour without rows in rollup_numbers.
const GapNumbers = "numbers"

// GapValues is the gap of an hour without rows in rollup_values for a path.
func GapValues(path string) string { return "values:" + path }

// Computed is what a recompute has come to.
type Computed struct {
	Hours     int         // whose rollup is of now
	Events    int64       // in these hours
	Undecided []time.Time // left alone, since a batch of theirs is under way
	TooMuch   []time.Time // that take too much each by itself
}
