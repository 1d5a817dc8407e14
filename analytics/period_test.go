package analytics

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestEarlierPeriod(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name       string
		comparison Comparison
		interval   Interval
		zone       string
		from, to   string // by the wall's clock
		want       [2]string
	}{
		{"a month", ComparePreviousPeriod, IntervalDay, "Europe/Berlin", "2024-05-01 00:00", "2024-06-01 00:00", [2]string{"2024-04-01 00:00", "2024-05-01 00:00"}},
		{"March, over the change of the clock", ComparePreviousPeriod, IntervalDay, "Europe/Berlin", "2024-03-01 00:00", "2024-04-01 00:00", [2]string{"2024-02-01 00:00", "2024-03-01 00:00"}},
		{"a quarter", ComparePreviousPeriod, IntervalMonth, "Europe/Berlin", "2024-01-01 00:00", "2024-04-01 00:00", [2]string{"2023-10-01 00:00", "2024-01-01 00:00"}},
		{"a year", ComparePreviousPeriod, IntervalMonth, "UTC", "2024-01-01 00:00", "2025-01-01 00:00", [2]string{"2023-01-01 00:00", "2024-01-01 00:00"}},
		{"a day of 23 hours", ComparePreviousPeriod, IntervalHour, "Europe/Berlin", "2024-03-31 00:00", "2024-04-01 00:00", [2]string{"2024-03-30 00:00", "2024-03-31 00:00"}},
		{"the day after it", ComparePreviousPeriod, IntervalHour, "Europe/Berlin", "2024-04-01 00:00", "2024-04-02 00:00", [2]string{"2024-03-31 00:00", "2024-04-01 00:00"}},
		{"a day without midnight", ComparePreviousPeriod, IntervalDay, "America/Sao_Paulo", "2017-10-15 01:00", "2017-10-16 00:00", [2]string{"2017-10-14 00:00", "2017-10-15 01:00"}},
		{"30 days that are no month", ComparePreviousPeriod, IntervalDay, "UTC", "2024-05-02 00:00", "2024-06-01 00:00", [2]string{"2024-04-02 00:00", "2024-05-02 00:00"}},
		{"a month so far", ComparePreviousPeriod, IntervalDay, "Europe/Berlin", "2024-05-01 00:00", "2024-05-03 12:30", [2]string{"2024-04-28 11:30", "2024-05-01 00:00"}},
		{"six hours over the change of the clock", ComparePreviousPeriod, IntervalHour, "Europe/Berlin", "2024-03-31 06:00", "2024-03-31 12:00", [2]string{"2024-03-30 23:00", "2024-03-31 06:00"}},

		{"a year before", ComparePreviousYear, IntervalDay, "Europe/Berlin", "2024-05-01 00:00", "2024-05-03 12:30", [2]string{"2023-05-01 00:00", "2023-05-03 12:30"}},
		{"a year before, across the change of the clock", ComparePreviousYear, IntervalDay, "Europe/Berlin", "2024-03-28 00:00", "2024-04-02 00:00", [2]string{"2023-03-28 00:00", "2023-04-02 00:00"}},
		{"a year before a leap day", ComparePreviousYear, IntervalDay, "UTC", "2024-02-29 00:00", "2024-03-01 00:00", [2]string{"2023-02-28 00:00", "2023-03-01 00:00"}},
		{"weeks a year before", ComparePreviousYear, IntervalWeek, "Europe/Berlin", "2024-03-25 00:00", "2024-04-08 00:00", [2]string{"2023-03-27 00:00", "2023-04-10 00:00"}},
		{"weeks that begin on a Tuesday", ComparePreviousYear, IntervalWeek, "UTC", "2024-03-26 00:00", "2024-04-08 00:00", [2]string{"2023-03-26 00:00", "2023-04-08 00:00"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			const layout = "2006-01-02 15:04"
			zone, err := time.LoadLocation(c.zone)
			require.NoError(t, err)
			from, err := time.ParseInLocation(layout, c.from, zone)
			require.NoError(t, err)
			to, err := time.ParseInLocation(layout, c.to, zone)
			require.NoError(t, err)
			got, err := c.comparison.earlier(Period{From: from.UTC(), To: to.UTC()}, c.interval, zone)
			require.NoError(t, err)
			require.Equal(t, c.want, [2]string{got.From.In(zone).Format(layout), got.To.In(zone).Format(layout)})
		})
	}
}
