package quality

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// The words of explanations.

// String is as in "Fri 20 Nov, 09:00 to 10:00 (Europe/Berlin)".
func (s Span) String() string {
	const day, hour = "Mon 2 Jan", "15:04"
	to := s.To.Format(hour)
	if s.To.YearDay() != s.From.YearDay() {
		to = s.To.Format(day + ", " + hour)
	}
	return s.From.Format(day+", "+hour) + " to " + to + " (" + s.From.Location().String() + ")"
}

// numberText groups digits, as in 12,345, and shows a fraction of small numbers only.
func numberText(n float64) string {
	if n != math.Trunc(n) && math.Abs(n) < 100 {
		return strconv.FormatFloat(n, 'f', 1, 64)
	}
	digits := strconv.FormatFloat(math.Abs(n), 'f', 0, 64)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	if n < 0 {
		return "-" + digits
	}
	return digits
}

// shareText is a percentage with up to two places; what is not nothing is not shown as 0%.
func shareText(share float64) string {
	if share > 0 && share < 0.0001 {
		return "less than 0.01%"
	}
	return strconv.FormatFloat(math.Round(share*10_000)/100, 'f', -1, 64) + "%"
}

func plural(n float64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return numberText(n) + " " + many
}

// eventText is "event" or "events", with the name where there is one.
func eventText(n float64, name string) string {
	word := "events"
	if n == 1 {
		word = "event"
	}
	if name != "" {
		return strconv.Quote(name) + " " + word
	}
	return word
}

func countText(n float64, name string) string {
	if n == 0 {
		return "No " + eventText(0, name)
	}
	return numberText(n) + " " + eventText(n, name)
}

// weeksText says which days samples are of, oldest first.
func weeksText(samples []Sample) string {
	days := make([]string, 0, len(samples))
	for i := len(samples) - 1; i >= 0; i-- {
		days = append(days, samples[i].From.Format("2 Jan"))
	}
	return strings.Join(days, ", ")
}

// lengthText is a whole number of the largest unit that fits, as in "15 minutes".
func lengthText(d time.Duration) string {
	for _, unit := range []struct {
		length time.Duration
		name   string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		if d >= unit.length && d%unit.length == 0 {
			return plural(float64(d/unit.length), unit.name, unit.name+"s")
		}
	}
	return plural(math.Floor(d.Seconds()), "second", "seconds")
}

// ageText is about how long, as in "3 h 20 min".
func ageText(d time.Duration) string {
	d = max(d, 0)
	switch {
	case d < time.Minute:
		return plural(math.Floor(d.Seconds()), "second", "seconds")
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	default:
		return fmt.Sprintf("%d days %d h", int(d.Hours())/24, int(d.Hours())%24)
	}
}

func listOf[T any](all []T, text func(T) string) string { return someOf(all, len(all), text) }

// someOf lists the first few, and says how many more there are.
func someOf[T any](all []T, shown int, text func(T) string) string {
	var texts []string
	for _, one := range all[:min(shown, len(all))] {
		texts = append(texts, text(one))
	}
	if more := len(all) - shown; more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(texts, ", ")
}
