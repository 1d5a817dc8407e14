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

// clockChange finds the first instant after a, up to and including b, at which the clock is set forward or back. Changes
// that are undone within hours are not looked for; there were none since 1970.
//
// It probes, because time.Time.ZoneBounds cannot be relied on: where a rule and not a table says when the clock is set, it
// ends a leap year a day early (Go 1.26), and then is no end after the instant that was asked for.
func clockChange(a, b time.Time) (time.Time, bool) {
	const stride = 6 * time.Hour
	for a.Before(b) {
		probe := a.Add(stride)
		if probe.After(b) {
			probe = b
		}
		if offsetOf(a) != offsetOf(probe) {
			return changeBetween(a, probe), true
		}
		a = probe
	}
	return time.Time{}, false
}

// changeBetween halves the stretch between two instants of different offset. Clocks are set on whole seconds.
func changeBetween(a, b time.Time) time.Time {
	before := offsetOf(a)
	same, changed := a.Unix(), b.Unix()
	for same+1 < changed {
		middle := same + (changed-same)/2
		if offsetOf(time.Unix(middle, 0).In(a.Location())) == before {
			same = middle
		} else {
			changed = middle
		}
	}
	return time.Unix(changed, 0).In(a.Location())
}
