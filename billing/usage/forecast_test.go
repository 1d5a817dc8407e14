package usage_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/billingch"
	"github.com/observatory/observatory/billing/usage"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tenants"
)

// used is a ledger in which a meter has a quantity in every hour.
type used struct {
	usage.Books
	meter    billing.MeterName
	from     time.Time
	to       time.Time
	quantity func(hour time.Time) int64
}

func (u used) Newest(_ context.Context, _ tenants.ID, from, to time.Time) (all []billing.Entry, err error) {
	for hour := u.from; hour.Before(u.to); hour = hour.Add(time.Hour) {
		if !hour.Before(from) && hour.Before(to) {
			all = append(all, billing.Entry{Meter: u.meter, Hour: hour, Revision: 1, Quantity: u.quantity(hour)})
		}
	}
	return all, nil
}

func forecastOf(t *testing.T, now time.Time, u used) usage.Forecast {
	t.Helper()
	s := usage.New(usage.Deps{Books: u, Counter: &billingch.Counter{}, Jobs: noJobs{}, Now: func() time.Time { return now }, Logger: testkit.Logger(t)})
	all, err := s.Forecast(t.Context(), tenants.NewID())
	require.NoError(t, err)
	require.Len(t, all, 1)
	return all[0]
}

// Whoever uses the same every week is told the month to the event, and the hour in which a limit is reached.
func TestForecastOfSteadyWeeks(t *testing.T) {
	t.Parallel()
	weekday := func(hour time.Time) int64 {
		if hour.Weekday() == time.Sunday {
			return 0
		}
		return int64(10 + hour.Hour())
	}
	now := time.Date(2026, 11, 12, 9, 0, 0, 0, time.UTC)
	period := billing.PeriodOf(now)
	var month, before int64
	for hour := period.From; hour.Before(period.To); hour = hour.Add(time.Hour) {
		month += weekday(hour)
		if hour.Before(now) {
			before += weekday(hour)
		}
	}
	f := forecastOf(t, now, used{meter: billing.Events, from: now.AddDate(0, 0, -40), to: now, quantity: weekday})
	require.Equal(t, 4, f.Weeks)
	require.Equal(t, before, f.SoFar)
	require.Equal(t, []int64{month, month, month}, []int64{f.Low, f.Expected, f.High})

	at, ok := f.Reaches(before + weekday(now) + 1)
	require.True(t, ok)
	require.Equal(t, now.Add(time.Hour), at)
	_, ok = f.Reaches(month + 1)
	require.False(t, ok)
}

// Weeks that differ give a span, with the average between its ends.
func TestForecastOfGrowth(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 15, 0, 0, 0, 0, time.UTC)
	f := forecastOf(t, now, used{meter: billing.Events, from: now.AddDate(0, 0, -14), to: now, quantity: func(hour time.Time) int64 {
		if hour.Before(now.AddDate(0, 0, -7)) {
			return 1
		}
		return 3
	}})
	const hours = 16 * 24
	require.Equal(t, 2, f.Weeks)
	require.Equal(t, []int64{f.SoFar + hours, f.SoFar + 2*hours, f.SoFar + 3*hours}, []int64{f.Low, f.Expected, f.High})
}

// Of a few hours nobody can say much, and the forecast says so.
func TestForecastOfAFewHours(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 15, 12, 0, 0, 0, time.UTC)
	f := forecastOf(t, now, used{meter: billing.Events, from: now.Add(-5 * time.Hour), to: now, quantity: func(time.Time) int64 { return 2 }})
	const ahead = 15*24 + 12
	require.Zero(t, f.Weeks)
	require.Equal(t, []int64{10, 10 + ahead, 10 + 2*ahead, 10 + 4*ahead}, []int64{f.SoFar, f.Low, f.Expected, f.High})
}

// New users of a month become fewer: those ahead are taken from the month before.
func TestForecastOfUsers(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	fewer := func(hour time.Time) int64 {
		if hour.Day() <= 10 {
			return 4
		}
		return 1
	}
	f := forecastOf(t, now, used{meter: billing.TrackedUsers, from: billing.PeriodOf(now).Before().From, to: now, quantity: fewer})
	require.Equal(t, 10*24*4+20*24, int(f.Expected))
}
