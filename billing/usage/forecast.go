package usage

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/tenants"
)

// Forecast is what a meter will come to by the end of a month if things go on as in the weeks before. It is an estimate and says how good one.
type Forecast struct {
	Meter    billing.MeterName
	SoFar    int64
	Expected int64 // at the end of the month
	Low      int64 // as the slowest of the weeks went
	High     int64 // as the fastest did
	Weeks    int   // that it was made from; 0: there is less than a week, so the average of what there is was taken
	Ahead    []billing.HourUse
}

// Reaches tells in which hour the meter will have come to an amount; ok is false when it will not in this month.
func (f Forecast) Reaches(amount int64) (hour time.Time, ok bool) {
	sum := f.SoFar
	for _, h := range f.Ahead {
		if sum += h.Quantity; sum >= amount {
			return h.Hour, true
		}
	}
	return time.Time{}, false
}

// forecastWeeks is how far a forecast looks back.
const forecastWeeks = 4

// Forecast estimates what every meter comes to by the end of the period that now lies in. Hours ahead are taken from the same hours of the week in
// up to four weeks before; tracked users, of whom there are ever fewer new ones as a month goes on, from the same hours of the month before.
// Meters that have nothing are left out.
func (s *Service) Forecast(ctx context.Context, tenant tenants.ID) ([]Forecast, error) {
	now := s.now().UTC()
	period := billing.PeriodOf(now)
	from := now.Truncate(time.Hour).AddDate(0, 0, -7*forecastWeeks)
	if before := period.Before().From; before.Before(from) {
		from = before
	}
	entries, err := s.books.Newest(ctx, tenant, from, period.To)
	if err != nil {
		return nil, fmt.Errorf("read the usage ledger: %w", err)
	}
	history := map[billing.MeterName]map[time.Time]int64{}
	for _, e := range entries {
		if history[e.Meter] == nil {
			history[e.Meter] = map[time.Time]int64{}
		}
		history[e.Meter][e.Hour.UTC()] = e.Quantity
	}
	var all []Forecast
	for _, m := range billing.Meters() {
		if used := history[m.Name]; len(used) > 0 {
			all = append(all, forecast(m, used, period, now))
		}
	}
	return all, nil
}

func forecast(m billing.Meter, used map[time.Time]int64, period billing.Period, now time.Time) Forecast {
	f := Forecast{Meter: m.Name}
	first := now
	for hour, n := range used {
		if !hour.Before(period.From) && hour.Before(period.To) {
			f.SoFar += n
		}
		if hour.Before(first) {
			first = hour
		}
	}
	running := now.Truncate(time.Hour)
	rest := 1 - float64(now.Sub(running))/float64(time.Hour) // of the running hour
	f.Low, f.High = f.SoFar, f.SoFar
	var low, mean, high float64
	weeks := weeksOf(m, first, running, period)
	f.Weeks = len(weeks)
	for hour := running; hour.Before(period.To); hour = hour.Add(time.Hour) {
		share := 1.0
		if hour.Equal(running) {
			share = rest
		}
		least, average, most := expected(used, hour, weeks, first, running)
		low, mean, high = low+share*least, mean+share*average, high+share*most
		f.Ahead = append(f.Ahead, billing.HourUse{Hour: hour, Quantity: int64(mean+0.5) - f.Expected})
		f.Expected = int64(mean + 0.5)
	}
	f.Expected += f.SoFar
	f.Low += int64(low + 0.5)
	f.High += int64(high + 0.5)
	return f
}

// weeksOf are how far back the hours lie that an hour ahead is taken from, as long as there is usage that old.
func weeksOf(m billing.Meter, first, running time.Time, period billing.Period) []time.Duration {
	const week = 7 * 24 * time.Hour
	if m.Aggregation == billing.Unique {
		if month := period.From.Sub(period.Before().From); !first.After(period.Before().From.Add(week)) {
			return []time.Duration{month}
		}
		return nil
	}
	var weeks []time.Duration
	for n := 1; n <= forecastWeeks && !running.Add(-time.Duration(n)*week).Before(first.Truncate(time.Hour)); n++ {
		weeks = append(weeks, time.Duration(n)*week)
	}
	return weeks
}

// expected is what an hour ahead may come to: at least, on average, and at most.
func expected(used map[time.Time]int64, hour time.Time, weeks []time.Duration, first, running time.Time) (least, average, most float64) {
	if len(weeks) == 0 {
		hours := running.Sub(first.Truncate(time.Hour)) / time.Hour
		if hours <= 0 {
			return 0, 0, 0
		}
		var sum int64
		for at, n := range used {
			if at.Before(running) {
				sum += n
			}
		}
		average = float64(sum) / float64(hours)
		return average / 2, average, average * 2 //nolint:mnd // little is known: half of it, or twice as much
	}
	var all []float64
	for _, back := range weeks {
		for at := hour.Add(-back); ; at = at.Add(-back) {
			if at.Before(running) {
				all = append(all, float64(used[at]))
				break
			}
		}
	}
	for _, n := range all {
		average += n / float64(len(all))
	}
	return slices.Min(all), average, slices.Max(all)
}
