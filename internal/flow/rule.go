package flow

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Rule says what is usual of a stage, and what it means when it is not.
type Rule struct {
	Late      time.Duration // an item that waits or takes longer is late; 0: nothing is ever late here
	Stuck     time.Duration // when something has waited for longer and nothing leaves, the stage is stuck; at least Late
	Idle      string        // what to say when nothing waits; a sentence
	Meanwhile string        // what it means for the data when the stage is not well; a sentence
}

// judge tells how a stage is from what was measured of it.
func (r Rule) judge(unit Unit, f Figures, err error) (health Health, why string) {
	if err != nil {
		said := Down("It does not answer.")
		errors.As(err, &said)
		return Stuck, said.Error() + " " + r.Meanwhile
	}
	depth, oldest, lag := deref(f.Depth), deref(f.Oldest), deref(f.Lag)
	waits := depth > 0 || oldest > 0
	moves := f.PerSecond == nil || *f.PerSecond > 0 || deref(f.InHand) > 0
	switch {
	case r.Late > 0 && waits && oldest > r.Stuck && !moves:
		return Stuck, fmt.Sprintf("%s, the oldest for %s, and none has left of late. %s", waiting(unit, f.Depth), span(oldest), r.Meanwhile)
	case r.Late > 0 && waits && oldest > r.Late:
		return Slow, fmt.Sprintf("%s, the oldest for %s; usually it is less than %s. %s", waiting(unit, f.Depth), span(oldest), span(r.Late), r.Meanwhile)
	case r.Late > 0 && lag > r.Late:
		return Slow, fmt.Sprintf("The latest took %s; usually it is less than %s. %s", span(lag), span(r.Late), r.Meanwhile)
	case waits && oldest > 0:
		return OK, fmt.Sprintf("%s, the oldest for %s.", waiting(unit, f.Depth), span(oldest))
	case waits:
		return OK, waiting(unit, f.Depth) + "."
	}
	return OK, r.Idle
}

// waiting counts what waits: "1 event waits", "12 events wait", or "Events wait" where nobody has counted.
func waiting(unit Unit, depth *int64) string {
	switch n := deref(depth); {
	case depth == nil || n == 0:
		return strings.ToUpper(string(unit[:1])) + string(unit[1:]) + " wait"
	case n == 1:
		return "1 " + strings.TrimSuffix(string(unit), "s") + " waits"
	default:
		return fmt.Sprintf("%s %s wait", thousands(n), unit)
	}
}

func thousands(n int64) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// span says a duration in its largest unit, rounded down: "4 seconds", "3 minutes".
func span(d time.Duration) string {
	const day = 24 * time.Hour
	for _, u := range []struct {
		length time.Duration
		name   string
	}{{day, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		if d >= u.length {
			return count(int64(d/u.length), u.name)
		}
	}
	if d < time.Second {
		return "less than a second"
	}
	return count(int64(d/time.Second), "second")
}

func count(n int64, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}

func deref[T any](p *T) (value T) {
	if p != nil {
		value = *p
	}
	return value
}
