package usage

import (
	"context"
	"fmt"
	"math"
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
	first := now.Truncate(time.Hour)
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
	weeks := weeksOf(m, used, first, running, period)
	if f.Weeks = len(weeks); f.Weeks == 0 {
		weeks = []week{average(used, first, running)}
	}
	sums := make([]float64, len(weeks)) // of what is ahead, as each of the weeks has it
	var mean, told float64
	for hour := running; hour.Before(period.To); hour = hour.Add(time.Hour) {
		share := 1.0
		if hour.Equal(running) {
			share = rest
		}
		for i, week := range weeks {
			n := share * week(hour)
			sums[i] += n
			mean += n / float64(len(weeks))
		}
		whole := math.Round(mean)
		f.Ahead = append(f.Ahead, billing.HourUse{Hour: hour, Quantity: int64(whole - told)})
		told = whole
	}
	least, most := slices.Min(sums), slices.Max(sums)
	if f.Weeks == 0 { // little is known: half of it, or twice as much
		least, most = least/2, 2*most
	}
	f.Expected, f.Low, f.High = f.SoFar+int64(told), f.SoFar+int64(math.Round(least)), f.SoFar+int64(math.Round(most))
	return f
}

// week tells what an hour ahead comes to.
type week func(hour time.Time) float64

// weeksOf are the weeks that hours ahead can be taken from: those from which on all usage is known. Hours that lie further ahead than a week are
// taken from the same hours, as many weeks earlier as it takes. Users are taken from the month before, as far into it as the hour is into this one.
func weeksOf(m billing.Meter, used map[time.Time]int64, first, running time.Time, period billing.Period) (all []week) {
	const days7 = 7 * 24 * time.Hour
	if m.Aggregation == billing.Unique {
		before := period.Before()
		if !first.After(before.From.Add(days7)) {
			all = append(all, func(hour time.Time) float64 { return float64(used[before.From.Add(hour.Sub(period.From))]) })
		}
		return all
	}
	for n := 1; n <= forecastWeeks && !running.Add(-time.Duration(n)*days7).Before(first); n++ {
		all = append(all, func(hour time.Time) float64 {
			at := hour.Add(-time.Duration(n) * days7)
			for !at.Before(running.Add(-time.Duration(n-1) * days7)) {
				at = at.Add(-days7)
			}
			return float64(used[at])
		})
	}
	return all
}

// average is a week of hours like those that there were.
func average(used map[time.Time]int64, first, running time.Time) week {
	var sum, hours float64
	for at := first; at.Before(running); at = at.Add(time.Hour) {
		sum, hours = sum+float64(used[at]), hours+1
	}
	return func(time.Time) float64 { return sum / max(hours, 1) }
}
