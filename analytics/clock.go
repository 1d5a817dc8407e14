package analytics

import "time"

// offsetOf is how far the wall's clock is ahead of UTC at an instant.
func offsetOf(t time.Time) time.Duration {
	_, seconds := t.Zone()
	return time.Duration(seconds) * time.Second
}

// sinceStep is how far the wall's clock has gone since its last multiple of step.
func sinceStep(t time.Time, step time.Duration) time.Duration {
	wall := t.Add(offsetOf(t)).UnixNano()
	since := wall % int64(step)
	if since < 0 {
		since += int64(step)
	}
	return time.Duration(since)
}

// clockChange finds the instant after a, up to and including b, at which the clock is set forward or back. The two are at most
// three days apart: no zone has set its clock twice within six days since 1970.
//
// It halves the stretch, because time.Time.ZoneBounds cannot be relied on: where a rule and not a table says when the
// clock is set, it ends leap years a day early (Go 1.26), so that on that day its end is not after the instant asked for.
func clockChange(a, b time.Time) (time.Time, bool) {
	before := offsetOf(a)
	if before == offsetOf(b) {
		return time.Time{}, false
	}
	same, changed := a.Unix(), b.Unix() // clocks are set on whole seconds
	for same+1 < changed {
		middle := same + (changed-same)/2
		if offsetOf(time.Unix(middle, 0).In(a.Location())) == before {
			same = middle
		} else {
			changed = middle
		}
	}
	return time.Unix(changed, 0).In(a.Location()), true
}
