package analytics_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

func query() analytics.TrendsQuery {
	from := time.Date(2024, time.May, 1, 0, 0, 0, 0, time.UTC)
	return analytics.TrendsQuery{
		Measure: analytics.MeasureCount, Interval: analytics.IntervalDay, From: from, To: from.AddDate(0, 0, 7), Timezone: "Europe/Berlin",
	}
}

func TestTrendsQueryValidate(t *testing.T) {
	t.Parallel()
	require.NoError(t, query().Validate())
	zero := time.Time{}
	cases := []struct {
		name   string
		change func(q *analytics.TrendsQuery)
		code   fault.Code // "" is valid
	}{
		{"no measure", func(q *analytics.TrendsQuery) { q.Measure = "" }, analytics.CodeMeasureUnknown},
		{"unknown measure", func(q *analytics.TrendsQuery) { q.Measure = "mode" }, analytics.CodeMeasureUnknown},
		{"unknown interval", func(q *analytics.TrendsQuery) { q.Interval = "year" }, analytics.CodeIntervalUnknown},
		{"unknown comparison", func(q *analytics.TrendsQuery) { q.Compare = "next_year" }, analytics.CodeCompareUnknown},
		{"no time zone", func(q *analytics.TrendsQuery) { q.Timezone = "" }, tenants.ErrTimezoneUnknown.Code},
		{"this machine's time zone", func(q *analytics.TrendsQuery) { q.Timezone = "Local" }, tenants.ErrTimezoneUnknown.Code},
		{"unknown time zone", func(q *analytics.TrendsQuery) { q.Timezone = "Europe/Atlantis" }, tenants.ErrTimezoneUnknown.Code},
		{"a file for a time zone", func(q *analytics.TrendsQuery) { q.Timezone = "../../etc/passwd" }, tenants.ErrTimezoneUnknown.Code},
		{"from equals to", func(q *analytics.TrendsQuery) { q.To = q.From }, analytics.CodePeriodInvalid},
		{"from after to", func(q *analytics.TrendsQuery) { q.To = q.From.Add(-1) }, analytics.CodePeriodInvalid},
		{"no from", func(q *analytics.TrendsQuery) { q.From = zero }, analytics.CodePeriodInvalid},
		{"far future", func(q *analytics.TrendsQuery) { q.To = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC) }, analytics.CodePeriodInvalid},
		{"all of time by month", func(q *analytics.TrendsQuery) {
			q.From, q.To, q.Interval = analytics.EarliestTime(), analytics.LatestTime(), analytics.IntervalMonth
		}, ""},
		{"all of time by month, compared", func(q *analytics.TrendsQuery) {
			q.From, q.To, q.Interval, q.Compare = analytics.EarliestTime(), analytics.LatestTime(), analytics.IntervalMonth, analytics.ComparePreviousYear
		}, analytics.CodePeriodInvalid},
		{"too many buckets", func(q *analytics.TrendsQuery) { q.Interval, q.To = analytics.IntervalMinute, q.From.AddDate(0, 0, 7) }, analytics.ErrTooManyBuckets.Code},
		{"all of time by minute", func(q *analytics.TrendsQuery) {
			q.From, q.To, q.Interval = analytics.EarliestTime(), analytics.LatestTime(), analytics.IntervalMinute
		}, analytics.ErrTooManyBuckets.Code},
		{"too many points", func(q *analytics.TrendsQuery) {
			q.Interval, q.To, q.Breakdown, q.BreakdownLimit = analytics.IntervalMinute, q.From.Add(5000*time.Minute), "user_id", 21
		}, analytics.ErrTooManyPoints.Code},
		{"many points", func(q *analytics.TrendsQuery) {
			q.Interval, q.To, q.Breakdown, q.BreakdownLimit = analytics.IntervalMinute, q.From.Add(5000*time.Minute), "user_id", 20
		}, ""},
		{"sum of nothing", func(q *analytics.TrendsQuery) { q.Measure = analytics.MeasureSum }, analytics.CodePropertyInvalid},
		{"sum of text", func(q *analytics.TrendsQuery) { q.Measure, q.Property = analytics.MeasureSum, "user_id" }, analytics.CodePropertyInvalid},
		{"sum of no path", func(q *analytics.TrendsQuery) { q.Measure, q.Property = analytics.MeasureSum, "price" }, analytics.CodePropertyInvalid},
		{"sum", func(q *analytics.TrendsQuery) { q.Measure, q.Property = analytics.MeasureSum, "properties.price" }, ""},
		{"count of a property", func(q *analytics.TrendsQuery) { q.Property = "properties.price" }, analytics.CodePropertyInvalid},
		{"breakdown by no path", func(q *analytics.TrendsQuery) { q.Breakdown = "path" }, analytics.CodePropertyInvalid},
		{"breakdown limit below", func(q *analytics.TrendsQuery) { q.BreakdownLimit = -1 }, analytics.CodeLimitInvalid},
		{"breakdown limit above", func(q *analytics.TrendsQuery) { q.BreakdownLimit = 101 }, analytics.CodeLimitInvalid},
		{"filter", func(q *analytics.TrendsQuery) { q.Filter = &analytics.Filter{} }, analytics.CodeFilterInvalid},
		{"event's name", func(q *analytics.TrendsQuery) { q.Event = strings.Repeat("ä", 200) }, ""},
		{"event's name too long", func(q *analytics.TrendsQuery) { q.Event = strings.Repeat("ä", 201) }, analytics.CodePropertyInvalid},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			q := query()
			c.change(&q)
			err := q.Validate()
			if c.code == "" {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			require.Equal(t, c.code, fault.From(err).Code)
			require.Equal(t, fault.Invalid, fault.KindOf(err))
		})
	}
}

func TestEventsQueryValidate(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for code, q := range map[fault.Code]analytics.EventsQuery{
		analytics.CodeLimitInvalid:    {Limit: 501},
		analytics.CodePeriodInvalid:   {From: now, To: now},
		analytics.CodeFilterInvalid:   {Filter: &analytics.Filter{}},
		analytics.CodeCursorInvalid:   {Cursor: "x"},
		analytics.CodePropertyInvalid: {Event: "\xff"},
	} {
		require.Equal(t, code, fault.From(q.Validate()).Code)
	}
	require.Error(t, analytics.EventsQuery{Limit: -1}.Validate())
	require.NoError(t, analytics.EventsQuery{}.Validate())
	require.NoError(t, analytics.EventsQuery{Limit: 500, From: now.Add(-1), To: now}.Validate())
}
