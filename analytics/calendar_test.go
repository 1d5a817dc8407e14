package analytics_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/analytics"
)

func TestBucketsAroundChangesOfTheClock(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name     string
		zone     string
		interval analytics.Interval
		from, to string   // by the wall's clock
		starts   []string // by the wall's clock, with the offset
		end      string
	}{
		{
			name: "a day of 23 hours", zone: "Europe/Berlin", interval: analytics.IntervalDay, from: "2024-03-30 00:00", to: "2024-04-01 00:00",
			starts: []string{"2024-03-30T00:00+01:00", "2024-03-31T00:00+01:00"}, end: "2024-04-01T00:00+02:00",
		},
		{
			name: "a day of 25 hours", zone: "America/New_York", interval: analytics.IntervalDay, from: "2024-11-03 00:00", to: "2024-11-04 00:00",
			starts: []string{"2024-11-03T00:00-04:00"}, end: "2024-11-04T00:00-05:00",
		},
		{
			name: "the hour that is skipped", zone: "Europe/Berlin", interval: analytics.IntervalHour, from: "2024-03-31 01:00", to: "2024-03-31 05:00",
			starts: []string{"2024-03-31T01:00+01:00", "2024-03-31T03:00+02:00", "2024-03-31T04:00+02:00"}, end: "2024-03-31T05:00+02:00",
		},
		{
			name: "the hour that the clock shows twice", zone: "Europe/Berlin", interval: analytics.IntervalHour, from: "2024-10-27 01:30", to: "2024-10-27 03:30",
			starts: []string{"2024-10-27T01:00+02:00", "2024-10-27T02:00+02:00", "2024-10-27T02:00+01:00", "2024-10-27T03:00+01:00"}, end: "2024-10-27T04:00+01:00",
		},
		{
			name: "hours begin on the half hour of UTC", zone: "Asia/Kolkata", interval: analytics.IntervalHour, from: "2024-05-01 10:00", to: "2024-05-01 11:00",
			starts: []string{"2024-05-01T10:00+05:30"}, end: "2024-05-01T11:00+05:30",
		},
		{
			name: "set back by half an hour", zone: "Australia/Lord_Howe", interval: analytics.IntervalHour, from: "2024-04-07 00:00", to: "2024-04-07 03:00",
			starts: []string{"2024-04-07T00:00+11:00", "2024-04-07T01:00+11:00", "2024-04-07T01:30+10:30", "2024-04-07T02:00+10:30"}, end: "2024-04-07T03:00+10:30",
		},
		{
			name: "set forward by half an hour", zone: "Australia/Lord_Howe", interval: analytics.IntervalHour, from: "2024-10-06 01:00", to: "2024-10-06 04:00",
			starts: []string{"2024-10-06T01:00+10:30", "2024-10-06T02:30+11:00", "2024-10-06T03:00+11:00"}, end: "2024-10-06T04:00+11:00",
		},
		{
			name: "midnight is skipped", zone: "America/Sao_Paulo", interval: analytics.IntervalDay, from: "2017-10-14 00:00", to: "2017-10-16 00:00",
			starts: []string{"2017-10-14T00:00-03:00", "2017-10-15T01:00-02:00"}, end: "2017-10-16T00:00-02:00",
		},
		{
			name: "the hour before midnight comes twice", zone: "America/Sao_Paulo", interval: analytics.IntervalDay, from: "2018-02-17 12:00", to: "2018-02-18 12:00",
			starts: []string{"2018-02-17T00:00-02:00", "2018-02-18T00:00-03:00"}, end: "2018-02-19T00:00-03:00",
		},
		{
			name: "midnight is skipped in Cairo", zone: "Africa/Cairo", interval: analytics.IntervalDay, from: "2023-04-27 00:00", to: "2023-04-29 00:00",
			starts: []string{"2023-04-27T00:00+02:00", "2023-04-28T01:00+03:00"}, end: "2023-04-29T00:00+03:00",
		},
		{
			name: "midnight comes twice", zone: "America/Havana", interval: analytics.IntervalDay, from: "2023-11-04 00:00", to: "2023-11-06 00:00",
			starts: []string{"2023-11-04T00:00-04:00", "2023-11-05T00:00-04:00"}, end: "2023-11-06T00:00-05:00",
		},
		{
			name: "set back over midnight, a minute after it", zone: "America/St_Johns", interval: analytics.IntervalDay, from: "2010-11-06 12:00", to: "2010-11-07 12:00",
			starts: []string{"2010-11-06T00:00-02:30", "2010-11-07T00:00-02:30"}, end: "2010-11-08T00:00-03:30",
		},
		{
			name: "a date that was skipped", zone: "Pacific/Apia", interval: analytics.IntervalDay, from: "2011-12-29 00:00", to: "2012-01-01 00:00",
			starts: []string{"2011-12-29T00:00-10:00", "2011-12-31T00:00+14:00"}, end: "2012-01-01T00:00+14:00",
		},
		{
			name: "weeks begin on Monday", zone: "Europe/Berlin", interval: analytics.IntervalWeek, from: "2024-03-27 09:15", to: "2024-04-03 00:00",
			starts: []string{"2024-03-25T00:00+01:00", "2024-04-01T00:00+02:00"}, end: "2024-04-08T00:00+02:00",
		},
		{
			name: "a Sunday belongs to the week before", zone: "UTC", interval: analytics.IntervalWeek, from: "2024-03-31 23:59", to: "2024-04-01 00:00",
			starts: []string{"2024-03-25T00:00Z"}, end: "2024-04-01T00:00Z",
		},
		{
			name: "months over a leap day", zone: "America/New_York", interval: analytics.IntervalMonth, from: "2024-01-31 12:00", to: "2024-03-01 00:00",
			starts: []string{"2024-01-01T00:00-05:00", "2024-02-01T00:00-05:00"}, end: "2024-03-01T00:00-05:00",
		},
		{
			name: "the end of a leap year that no table reaches", zone: "Europe/Berlin", interval: analytics.IntervalDay, from: "2044-12-30 00:00", to: "2045-01-01 00:00",
			starts: []string{"2044-12-30T00:00+01:00", "2044-12-31T00:00+01:00"}, end: "2045-01-01T00:00+01:00",
		},
		{
			name: "minutes", zone: "Asia/Kathmandu", interval: analytics.IntervalMinute, from: "2024-05-01 10:00", to: "2024-05-01 10:02",
			starts: []string{"2024-05-01T10:00+05:45", "2024-05-01T10:01+05:45"}, end: "2024-05-01T10:02+05:45",
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			zone := zoneOf(t, c.zone)
			buckets, err := analytics.NewBuckets(c.interval, zone, wall(t, zone, c.from), wall(t, zone, c.to))
			require.NoError(t, err)
			const layout = "2006-01-02T15:04Z07:00"
			var starts []string
			for _, start := range buckets.Starts {
				starts = append(starts, start.Format(layout))
			}
			require.Equal(t, c.starts, starts)
			require.Equal(t, c.end, buckets.End.Format(layout))
		})
	}
}

func TestTooManyBuckets(t *testing.T) {
	t.Parallel()
	from := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	buckets, err := analytics.NewBuckets(analytics.IntervalMinute, time.UTC, from, from.Add(analytics.MaxBuckets*time.Minute))
	require.NoError(t, err)
	require.Len(t, buckets.Starts, analytics.MaxBuckets)
	_, err = analytics.NewBuckets(analytics.IntervalMinute, time.UTC, from, from.Add(analytics.MaxBuckets*time.Minute+1))
	require.ErrorIs(t, err, analytics.ErrTooManyBuckets)
}

// Walks through periods minute by minute and reads the clock on the wall: a second, slower calendar to compare with.
func TestBucketsAreWhatTheWallShows(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		zone := zoneOf(t, rapid.SampledFrom(zones()).Draw(t, "zone"))
		interval := rapid.SampledFrom(analytics.Intervals()).Draw(t, "interval")
		from := drawInstant(t, zone)
		to := from.Add(time.Duration(rapid.Int64Range(1, int64(3*24*time.Hour)).Draw(t, "length")))
		buckets, err := analytics.NewBuckets(interval, zone, from, to)
		require.NoError(t, err)

		ends := append(append([]time.Time{}, buckets.Starts[1:]...), buckets.End)
		require.False(t, buckets.Starts[0].After(from))
		require.True(t, ends[0].After(from))
		require.True(t, buckets.Starts[len(buckets.Starts)-1].Before(to))
		require.False(t, buckets.End.Before(to))

		// Begin early enough for the wall's latest date to be known.
		var label wallLabel
		first := buckets.Starts[0].Truncate(time.Minute).Add(-3 * time.Hour)
		n := -1
		for minute := first; minute.Before(buckets.End); minute = minute.Add(time.Minute) {
			last := label.bucket
			label = label.advance(interval, minute.In(zone))
			if minute.Before(buckets.Starts[0]) {
				continue
			}
			if n < 0 || label.bucket != last {
				n++
				require.Less(t, n, len(buckets.Starts), "the wall shows one more bucket at %s", minute.In(zone))
				require.Equal(t, minute.In(zone).String(), buckets.Starts[n].String())
			}
		}
		require.Equal(t, len(buckets.Starts)-1, n)
	})
}

// wallLabel is what all instants of one bucket have in common.
type wallLabel struct {
	date   string // the latest that the wall has shown
	bucket string
}

func (l wallLabel) advance(interval analytics.Interval, t time.Time) wallLabel {
	l.date = max(l.date, t.Format(time.DateOnly))
	day, _ := time.Parse(time.DateOnly, l.date)
	switch interval {
	case analytics.IntervalMinute:
		l.bucket = t.Format("2006-01-02 15:04 -0700")
	case analytics.IntervalHour:
		l.bucket = t.Format("2006-01-02 15 -0700")
	case analytics.IntervalDay:
		l.bucket = l.date
	case analytics.IntervalWeek:
		for day.Weekday() != time.Monday {
			day = day.AddDate(0, 0, -1)
		}
		l.bucket = day.Format(time.DateOnly)
	case analytics.IntervalMonth:
		l.bucket = day.Format("2006-01")
	}
	return wallLabel{date: l.date, bucket: l.bucket}
}

// zones have every kind of trouble between them.
func zones() []string {
	return []string{
		"UTC", "Europe/Berlin", "Europe/London", "America/New_York", "America/Sao_Paulo", "America/St_Johns", "America/Havana", "America/Asuncion",
		"Africa/Cairo", "Africa/Casablanca", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Gaza", "Asia/Tehran", "Atlantic/Azores",
		"Australia/Lord_Howe", "Pacific/Apia", "Pacific/Chatham", "Antarctica/Troll", "Pacific/Kiritimati",
	}
}

// drawInstant prefers the days around a change of the clock.
func drawInstant(t *rapid.T, zone *time.Location) time.Time {
	at := time.UnixMilli(rapid.Int64Range(0, 4_000_000_000_000).Draw(t, "instant")).In(zone)
	if _, change := at.ZoneBounds(); !change.IsZero() && rapid.Bool().Draw(t, "near a change") {
		at = change.Add(time.Duration(rapid.Int64Range(int64(-30*time.Hour), int64(30*time.Hour)).Draw(t, "away")))
	}
	return at.Truncate(time.Millisecond)
}

type failer interface {
	require.TestingT
	Helper()
}

func zoneOf(t failer, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	require.NoError(t, err)
	return zone
}

func wall(t failer, zone *time.Location, s string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", s, zone)
	require.NoError(t, err)
	return at
}
