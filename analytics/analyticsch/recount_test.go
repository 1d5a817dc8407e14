package analyticsch_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/tenants"
)

// Asks random questions about random events, after all that can happen to events (see history), and counts again in Go, from the
// documented rules alone: the answer is the same, whether rollups may give it or not. Beside them lie the same events in another tenant,
// and dead letters.
func TestTrendsAgreeWithARecount(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var rollups, events int64
	rapid.Check(t, func(t *rapid.T) {
		q := drawQuery(t)
		h := newHistory(t, b, q)
		h.happen()
		b.store(t, tenants.NewID(), append([]analytics.Event{{Time: q.From, UserID: "foreign", SessionID: "s1", Properties: object("x", 1e6)}}, eventsOf(h.facts)...)...)

		for range 3 {
			for _, q.Source = range []analytics.Source{analytics.SourceEvents, analytics.SourceAuto} {
				result, err := b.service.Trends(t.Context(), h.tenant, q)
				require.NoError(t, err)
				requireResult(t, recount{q: q, facts: h.facts}, result)
				if q.Source == analytics.SourceEvents {
					require.Zero(t, result.Explanation.RollupHours)
				}
				require.LessOrEqual(t, result.Explanation.RollupHours, 2*h.settledHours())
				rollups += result.Explanation.RollupHours
				events += result.Explanation.EventHours
			}
			drawQuestion(t, &q)
		}
	})
	require.Positive(t, rollups)
	require.Positive(t, events)
}

func requireResult(t *rapid.T, r recount, result analytics.TrendsResult) {
	t.Helper()
	q := r.q
	want := r.count(q.From, q.To)
	requireSeries(t, want.top(q.BreakdownLimit), result.Series, q, q.From, q.To)
	require.Equal(t, want.withoutNumber, result.Explanation.WithoutNumber)
	requireOther(t, want, q.BreakdownLimit, result.Other)
	if q.Compare == analytics.CompareNone {
		return
	}
	earlier := r.count(result.Compare.From, result.Compare.To)
	var groups []group
	for _, s := range result.Series {
		groups = append(groups, earlier.group(s.Breakdown))
	}
	requireSeries(t, groups, result.Compare.Series, q, result.Compare.From, result.Compare.To)
}

func drawFacts(t *rapid.T, q analytics.TrendsQuery) []fact {
	length := q.To.Sub(q.From)
	one := rapid.Custom(func(t *rapid.T) fact {
		f := fact{properties: map[string]any{}}
		for _, key := range []string{"x", "n", "a.b"} {
			if rapid.IntRange(0, 4).Draw(t, "has") > 0 {
				f.properties[key] = rapid.SampledFrom(jsonValues()).Draw(t, key)
			}
		}
		text, err := json.Marshal(f.properties)
		require.NoError(t, err)
		// From one period length before the query's to a bit after it.
		when := q.From.Add(drawDuration(t, "when", 2*length+length/8) - length)
		if rapid.IntRange(0, 4).Draw(t, "far") == 0 { // as far as sessions can reach, and a bit farther
			when = when.Add(drawDuration(t, "how far", 60*time.Hour) - 30*time.Hour)
		}
		f.event = analytics.Event{
			Name: rapid.SampledFrom([]string{"buy", "look"}).Draw(t, "name"), Time: when.Truncate(time.Millisecond), Properties: text,
			UserID:      rapid.SampledFrom([]string{"", "ada", "bob", "Cäsar"}).Draw(t, "user"),
			AnonymousID: rapid.SampledFrom([]string{"", "a1", "ada"}).Draw(t, "anonymous"),
			SessionID:   rapid.SampledFrom([]string{"", "s1", "s2", "s3"}).Draw(t, "session"),
			Bot:         rapid.SampledFrom([]string{"", "", "crawler"}).Draw(t, "bot"),
		}
		return f
	})
	some := rapid.SampledFrom([]int{0, 1, 20, 40}).Draw(t, "some")
	facts := rapid.SliceOfN(one, some, some+20).Draw(t, "facts")
	for i := range facts {
		facts[i].event.ID = fmt.Sprint("e", i)
	}
	return facts
}

// drawDuration draws a time of whole milliseconds below most, any as likely as any other. (rapid prefers small numbers.)
func drawDuration(t *rapid.T, name string, most time.Duration) time.Duration {
	share := 0.0
	for range 8 {
		share = (share + float64(rapid.IntRange(0, 9).Draw(t, name))) / 10
	}
	return time.Duration(share * float64(most)).Truncate(time.Millisecond)
}

func jsonValues() []any {
	return []any{
		nil, true, false, -2.0, 0.0, 1.0, 1.5, 2.0, 5.0, 7.5, 1e6, "", "5", "1.5", "true", "null", "Größe", "größe XL",
		[]any{"a", 1.0},
		[]any{},
		map[string]any{"y": 1.0},
		map[string]any{},
	}
}

func drawQuery(t *rapid.T) analytics.TrendsQuery {
	q := analytics.TrendsQuery{
		Timezone: rapid.SampledFrom([]string{
			"UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia",
		}).Draw(t, "zone"),
		Interval: rapid.SampledFrom(analytics.Intervals()).Draw(t, "interval"),
	}
	unit := map[analytics.Interval]time.Duration{
		analytics.IntervalMinute: time.Minute, analytics.IntervalHour: time.Hour, analytics.IntervalDay: 24 * time.Hour,
		analytics.IntervalWeek: 7 * 24 * time.Hour, analytics.IntervalMonth: 30 * 24 * time.Hour,
	}[q.Interval]
	location, err := time.LoadLocation(q.Timezone)
	require.NoError(t, err)
	// Within a year: a table of many months has many parts, and is slow.
	q.From = time.UnixMilli(rapid.Int64Range(1_500_000_000_000, 1_525_000_000_000).Draw(t, "from")).In(location)
	if _, change := q.From.ZoneBounds(); !change.IsZero() && rapid.Bool().Draw(t, "near a change of the clock") {
		q.From = change.Add(-drawDuration(t, "before", 3*unit))
	}
	if rapid.Bool().Draw(t, "aligned") {
		buckets, err := analytics.NewBuckets(q.Interval, location, q.From, q.From.Add(1))
		require.NoError(t, err)
		q.From = buckets.Starts[0]
	}
	q.To = q.From.Add(time.Millisecond + drawDuration(t, "length", 6*unit))
	if rapid.Bool().Draw(t, "whole") {
		q.To = q.To.Truncate(time.Hour).Add(time.Hour)
	}
	drawQuestion(t, &q)
	return q
}

// drawQuestion draws what is asked about a period. Half of the questions are such that rollups may know the answer.
func drawQuestion(t *rapid.T, q *analytics.TrendsQuery) {
	breakdowns := []string{"", "", "event", "properties.x"}
	known := rapid.Bool().Draw(t, "known")
	if !known {
		breakdowns = []string{"", "properties.x", `properties.a\.b`, "user_id", "event", "bot"}
	}
	q.Event = rapid.SampledFrom([]string{"", "buy"}).Draw(t, "event")
	q.Measure = rapid.SampledFrom(analytics.Measures()).Draw(t, "measure")
	q.Breakdown = rapid.SampledFrom(breakdowns).Draw(t, "breakdown")
	q.BreakdownLimit = rapid.IntRange(1, 6).Draw(t, "limit")
	q.Compare = rapid.SampledFrom([]analytics.Comparison{"", analytics.ComparePreviousPeriod, analytics.ComparePreviousYear}).Draw(t, "compare")
	q.Property, q.Filter = "", nil
	if q.Measure.OfProperty() {
		q.Property = rapid.SampledFrom([]string{"properties.x", "properties.n", `properties.a\.b`}).Draw(t, "property")
	}
	if !known && rapid.Bool().Draw(t, "filtered") {
		filter := drawFilter(t, rapid.IntRange(0, 3).Draw(t, "depth"))
		q.Filter = &filter
	}
}

func drawFilter(t *rapid.T, depth int) analytics.Filter {
	if depth > 0 && rapid.Bool().Draw(t, "group") {
		var members []analytics.Filter
		for range rapid.IntRange(1, 3).Draw(t, "members") {
			members = append(members, drawFilter(t, depth-1))
		}
		switch rapid.IntRange(0, 2).Draw(t, "kind") {
		case 0:
			return analytics.Filter{And: members}
		case 1:
			return analytics.Filter{Or: members}
		default:
			return analytics.Filter{Not: &members[0]}
		}
	}
	f := analytics.Filter{
		Property: rapid.SampledFrom([]string{"properties.x", "properties.n", `properties.a\.b`, "user_id", "anonymous_id", "event", "bot"}).Draw(t, "property"),
		Operator: rapid.SampledFrom(analytics.Operators()).Draw(t, "operator"),
	}
	text := rapid.SampledFrom([]string{"", "5", "1", "ada", "true", "GRÖ", "größe", "buy", "null", `["a",1]`})
	scalar := func() any {
		if !strings.HasPrefix(f.Property, "properties") {
			return text.Draw(t, "text")
		}
		return rapid.OneOf(text.AsAny(), rapid.SampledFrom([]any{-2.0, 0.0, 1.5, 5.0, true, false})).Draw(t, "scalar")
	}
	operator, _ := f.Operator.Opposite()
	switch operator {
	case analytics.OperatorIsSet:
	case analytics.OperatorEquals:
		f.Value = scalar()
	case analytics.OperatorIn:
		f.Value = []any{scalar(), scalar()}
	case analytics.OperatorContains, analytics.OperatorStartsWith, analytics.OperatorEndsWith:
		f.Value = text.Draw(t, "text")
	default:
		f.Property = "properties.n"
		f.Value = rapid.SampledFrom([]float64{-2, 0, 1.5, 5, 7}).Draw(t, "number")
	}
	return f
}

// recount answers a query the slow way.
type recount struct {
	q     analytics.TrendsQuery
	facts []fact
}

// recounted are the events of one period by breakdown value.
type recounted struct {
	q             analytics.TrendsQuery
	groups        []group
	withoutNumber int64
}

type group struct {
	breakdown *string
	facts     []fact
}

func (r recount) count(from, to time.Time) recounted {
	c := recounted{q: r.q}
	var matching []fact
	for _, f := range r.facts {
		if f.matches(r.q.Filter) && (r.q.Event == "" || f.event.Name == r.q.Event) {
			matching = append(matching, f)
		}
	}
	if r.q.Measure.OfSessions() {
		matching = sessionsOf(r.q.Breakdown, matching)
	}
	for _, f := range matching {
		if f.event.Time.Before(from) || !f.event.Time.Before(to) {
			continue
		}
		if _, ok := f.has(r.q.Property).(float64); r.q.Property != "" && !ok {
			c.withoutNumber++
		}
		var breakdown *string
		if v := f.has(r.q.Breakdown); r.q.Breakdown != "" && v != nil {
			breakdown = ptr(textOf(v))
		}
		i := slices.IndexFunc(c.groups, func(g group) bool { return sameText(g.breakdown, breakdown) })
		if i < 0 {
			i = len(c.groups)
			c.groups = append(c.groups, group{breakdown: breakdown})
		}
		c.groups[i].facts = append(c.groups[i].facts, f)
	}
	if r.q.Breakdown == "" && len(c.groups) == 0 {
		c.groups = []group{{}}
	}
	slices.SortFunc(c.groups, func(a, b group) int {
		return cmp.Or(compareNullsLast(c.measure(b.facts), c.measure(a.facts), -1), compareNullsLast(a.breakdown, b.breakdown, 1))
	})
	return c
}

// compareNullsLast compares a and b; nulls is 1 when a null is the greater one.
func compareNullsLast[T cmp.Ordered](a, b *T, nulls int) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return nulls
	case b == nil:
		return -nulls
	default:
		return cmp.Compare(*a, *b)
	}
}

func sameText(a, b *string) bool { return compareNullsLast(a, b, 1) == 0 }

func (c recounted) top(limit int) []group {
	if c.q.Breakdown == "" {
		return c.groups
	}
	return c.groups[:min(limit, len(c.groups))]
}

func (c recounted) group(breakdown *string) group {
	for _, g := range c.groups {
		if sameText(g.breakdown, breakdown) {
			return g
		}
	}
	return group{breakdown: breakdown}
}

func (c recounted) measure(facts []fact) *float64 { return measureOf(c.q, facts) }

func requireSeries(t *rapid.T, want []group, got []analytics.Series, q analytics.TrendsQuery, from, to time.Time) {
	t.Helper()
	require.Len(t, got, len(want))
	for i, s := range got {
		require.True(t, sameText(want[i].breakdown, s.Breakdown), "series %d is %v, want %v", i, text(s.Breakdown), text(want[i].breakdown))
		requireNumber(t, measureOf(q, want[i].facts), s.Total, q.Measure, "total")
		require.False(t, s.Points[0].Time.After(from))
		for n, p := range s.Points {
			end := to
			if n+1 < len(s.Points) {
				end = s.Points[n+1].Time
			}
			var within []fact
			for _, f := range want[i].facts {
				if !f.event.Time.Before(p.Time) && f.event.Time.Before(end) {
					within = append(within, f)
				}
			}
			requireNumber(t, measureOf(q, within), p.Value, q.Measure, p.Time.String())
		}
	}
}

func requireOther(t *rapid.T, want recounted, limit int, got *analytics.OtherValues) {
	t.Helper()
	top := want.top(limit)
	if len(top) == len(want.groups) {
		require.Nil(t, got)
		return
	}
	var facts []fact
	for _, g := range want.groups[len(top):] {
		facts = append(facts, g.facts...)
	}
	require.NotNil(t, got)
	require.Equal(t, int64(len(want.groups)-len(top)), got.Values)
	requireNumber(t, want.measure(facts), got.Total, want.q.Measure, "other")
}

func requireNumber(t *rapid.T, want, got *float64, m analytics.Measure, what string) {
	t.Helper()
	if want == nil {
		want = m.OfNothing()
	}
	if want == nil || got == nil {
		require.Equal(t, want, got, what)
		return
	}
	require.InDelta(t, *want, *got, 1e-9*max(1, math.Abs(*want)), what)
}

func text(s *string) string {
	if s == nil {
		return "null"
	}
	return fmt.Sprintf("%q", *s)
}
