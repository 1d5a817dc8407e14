package analyticsch_test

import (
	"cmp"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/observatory/observatory/analytics"
)

// The documented rules of filters and measures, once more in Go and the slow way.

// fact is an event with its properties taken apart.
type fact struct {
	event      analytics.Event
	properties map[string]any
	session    session // where the fact is not one event, but the first of a session
}

// session is what its events come to.
type session struct {
	events int
	lasted time.Duration
}

// has is what the event has at a path: nil when missing.
func (f fact) has(path string) any {
	switch path {
	case "user_id":
		return missingIfEmpty(f.event.UserID)
	case "bot":
		return missingIfEmpty(f.event.Bot)
	case "anonymous_id":
		return missingIfEmpty(f.event.AnonymousID)
	case "event":
		return f.event.Name
	default:
		return f.properties[strings.ReplaceAll(strings.TrimPrefix(path, "properties."), `\`, "")]
	}
}

func missingIfEmpty(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// textOf is the text of what is not missing.
func textOf(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	if v == 1e6 {
		return "1000000"
	}
	return string(text)
}

func (f fact) matches(filter *analytics.Filter) bool {
	switch {
	case filter == nil:
		return true
	case filter.And != nil:
		return !slices.ContainsFunc(filter.And, func(m analytics.Filter) bool { return !f.matches(&m) })
	case filter.Or != nil:
		return slices.ContainsFunc(filter.Or, func(m analytics.Filter) bool { return f.matches(&m) })
	case filter.Not != nil:
		return !f.matches(filter.Not)
	}
	operator, negative := filter.Operator.Opposite()
	return compareValue(f.has(filter.Property), operator, filter.Value) != negative
}

func compareValue(has any, operator analytics.Operator, value any) bool {
	if has == nil {
		return false
	}
	number, isNumber := has.(float64)
	lower := strings.ToLower(textOf(has))
	switch operator {
	case analytics.OperatorEquals:
		if s, ok := value.(string); ok {
			return textOf(has) == s
		}
		return has == value
	case analytics.OperatorIn:
		return slices.ContainsFunc(value.([]any), func(v any) bool { return compareValue(has, analytics.OperatorEquals, v) })
	case analytics.OperatorContains:
		return strings.Contains(lower, strings.ToLower(value.(string)))
	case analytics.OperatorStartsWith:
		return strings.HasPrefix(lower, strings.ToLower(value.(string)))
	case analytics.OperatorEndsWith:
		return strings.HasSuffix(lower, strings.ToLower(value.(string)))
	case analytics.OperatorGreater:
		return isNumber && number > value.(float64)
	case analytics.OperatorGreaterOrEqual:
		return isNumber && number >= value.(float64)
	case analytics.OperatorLess:
		return isNumber && number < value.(float64)
	case analytics.OperatorLessOrEqual:
		return isNumber && number <= value.(float64)
	case analytics.OperatorIsSet:
		return true
	default:
		panic(operator)
	}
}

func measureOf(q analytics.TrendsQuery, facts []fact) *float64 {
	var numbers []float64
	people := map[string]bool{}
	sum := 0.0
	for _, f := range facts {
		if person := cmp.Or(f.event.UserID, f.event.AnonymousID); person != "" {
			people[person] = true
		}
		if n, ok := f.has(q.Property).(float64); ok {
			numbers = append(numbers, n)
			sum += n
		}
	}
	slices.Sort(numbers)
	switch {
	case q.Measure == analytics.MeasureCount:
		return ptr(float64(len(facts)))
	case q.Measure == analytics.MeasureUniqueUsers:
		return ptr(float64(len(people)))
	case q.Measure.OfSessions():
		return measureOfSessions(q.Measure, facts)
	case q.Measure == analytics.MeasureSum:
		return &sum
	case len(numbers) == 0:
		return nil
	case q.Measure == analytics.MeasureAvg:
		return ptr(sum / float64(len(numbers)))
	case q.Measure == analytics.MeasureMin:
		return &numbers[0]
	case q.Measure == analytics.MeasureMax:
		return &numbers[len(numbers)-1]
	}
	level := map[analytics.Measure]float64{analytics.MeasureP50: 0.5, analytics.MeasureP95: 0.95, analytics.MeasureP99: 0.99}[q.Measure]
	rank := level * float64(len(numbers)-1)
	below := int(math.Floor(rank))
	above := min(below+1, len(numbers)-1)
	return ptr(numbers[below] + (rank-float64(below))*(numbers[above]-numbers[below]))
}

func measureOfSessions(m analytics.Measure, sessions []fact) *float64 {
	bounced, seconds := 0.0, 0.0
	for _, s := range sessions {
		if s.session.events == 1 {
			bounced++
		}
		seconds += s.session.lasted.Seconds()
	}
	switch {
	case m == analytics.MeasureSessions:
		return ptr(float64(len(sessions)))
	case len(sessions) == 0:
		return nil
	case m == analytics.MeasureBounceRate:
		return ptr(bounced / float64(len(sessions)))
	default:
		return ptr(seconds / float64(len(sessions)))
	}
}

// sessionsOf puts together the sessions of events; with a breakdown, those of the events of each value. Each is its first event.
func sessionsOf(breakdown string, facts []fact) (sessions []fact) {
	of := map[string][]fact{}
	for _, f := range facts {
		if f.event.SessionID != "" {
			k := f.event.SessionID
			if v := f.has(breakdown); breakdown != "" && v != nil {
				k += " " + textOf(v)
			}
			of[k] = append(of[k], f)
		}
	}
	for _, events := range of {
		slices.SortFunc(events, func(a, b fact) int { return a.event.Time.Compare(b.event.Time) })
		var last time.Time // hour of the event before
		for i, first := range events {
			hour := first.event.Time.Truncate(time.Hour)
			if i == 0 || hour.Sub(last) > 24*time.Hour {
				first.session = session{}
				for _, f := range events[i:] {
					if f.event.Time.Truncate(time.Hour).Sub(hour) < 24*time.Hour {
						first.session.events++
						first.session.lasted = f.event.Time.Sub(first.event.Time)
					}
				}
				sessions = append(sessions, first)
			}
			last = hour
		}
	}
	return sessions
}
