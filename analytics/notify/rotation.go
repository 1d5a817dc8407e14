package notify

import (
	"fmt"
	"time"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// Rotation is a group of people who take turns, a week each. They hand over on the same weekday, at the same time on the
// clocks of one time zone: a week with a change of the clocks is an hour shorter or longer.
type Rotation struct {
	ID        RotationID
	Name      string
	Schedule  Schedule
	CreatedAt time.Time
	CreatedBy string
}

// Schedule is when a rotation hands over, and to whom.
type Schedule struct {
	Zone    *time.Location
	Minute  int              // of the day at which is handed over, on the zone's clocks: 0 to 1439
	First   Date             // of a hand-over to Members[0]; its weekday is that of every hand-over
	Members []tenants.UserID // in the order of their weeks
}

// Shift is a week of one person.
type Shift struct {
	Member   tenants.UserID
	From, To time.Time // To is exclusive
}

// The faults of rotations.
var (
	ErrNoSuchRotation = fault.New(fault.NotFound, "rotation_not_found", "There is no such rotation.")
	ErrRotationInUse  = fault.New(fault.Conflict, "rotation_in_use", "An escalation policy uses this rotation. Take it out of the policy first.")
)

// Shift is the shift that holds the instant.
func (s Schedule) Shift(at time.Time) Shift { return s.shift(s.week(at)) }

// Shifts are the shift that holds the instant and those after it, n in all.
func (s Schedule) Shifts(at time.Time, n int) []Shift {
	week := s.week(at)
	all := make([]Shift, n)
	for i := range all {
		all[i] = s.shift(week + i)
	}
	return all
}

func (s Schedule) shift(week int) Shift {
	turn := week % len(s.Members)
	if turn < 0 {
		turn += len(s.Members)
	}
	return Shift{Member: s.Members[turn], From: s.handOver(week), To: s.handOver(week + 1)}
}

// week counts the hand-overs from the first one, which is 0, to the last before or at the instant.
func (s Schedule) week(at time.Time) int {
	week := floorDiv(s.First.daysTo(dateOf(at.In(s.Zone))), 7)
	for s.handOver(week).After(at) {
		week--
	}
	for !s.handOver(week + 1).After(at) {
		week++
	}
	return week
}

// handOver is the instant at which the clocks first show the time of the hand-over on its day, or, where they skip it, a later time.
func (s Schedule) handOver(week int) time.Time {
	year, month, day := time.Time(s.First).AddDate(0, 0, 7*week).Date()
	want := time.Date(year, month, day, 0, s.Minute, 0, 0, time.UTC)
	t := time.Date(year, month, day, 0, s.Minute, 0, 0, s.Zone)
	begin, end := t.ZoneBounds()
	switch shown := onClock(t); {
	case shown.After(want): // skipped, and t lies behind the gap
		return begin
	case shown.Before(want): // skipped, and t lies before the gap
		return end
	case !begin.IsZero(): // shown twice, perhaps
		_, offset := t.Zone()
		_, before := begin.Add(-time.Nanosecond).Zone()
		if earlier := t.Add(time.Duration(offset-before) * time.Second); earlier.Before(begin) && onClock(earlier).Equal(want) {
			return earlier
		}
	}
	return t
}

// onClock is what the clocks show, as if it were UTC.
func onClock(t time.Time) time.Time {
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	return time.Date(year, month, day, hour, minute, second, t.Nanosecond(), time.UTC)
}

// Date is a day of the calendar, as midnight UTC.
type Date time.Time

// NewDate is the day of that time on its own clocks.
func NewDate(t time.Time) Date { return dateOf(t) }

func dateOf(t time.Time) Date {
	year, month, day := t.Date()
	return Date(time.Date(year, month, day, 0, 0, 0, 0, time.UTC))
}

func (d Date) daysTo(o Date) int { return int(time.Time(o).Sub(time.Time(d)).Hours()) / 24 }

// String is the date as in 2026-11-21.
func (d Date) String() string { return time.Time(d).Format(time.DateOnly) }

// lastOn is the date itself or the last one before it on that weekday.
func (d Date) lastOn(day time.Weekday) Date {
	back := (int(time.Time(d).Weekday()) - int(day) + 7) % 7
	return Date(time.Time(d).AddDate(0, 0, -back))
}

// Weekday of every hand-over.
func (s Schedule) Weekday() time.Weekday { return time.Time(s.First).Weekday() }

// Clock is the time of the hand-over, as in 09:00.
func (s Schedule) Clock() string { return fmt.Sprintf("%02d:%02d", s.Minute/60, s.Minute%60) }

func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// RotationInput is a new rotation, or a changed one.
type RotationInput struct {
	Name     string
	Timezone string // IANA name
	Weekday  time.Weekday
	Minute   int // of the day
	Members  []tenants.UserID
	StartsOn *Date // a day in the first member's week; nil: today
}

// schedule checks the input. Errors: tenants.ErrTimezoneUnknown, rotation_invalid.
func (in RotationInput) schedule(now time.Time) (Schedule, error) {
	const longest = 64
	zone, err := time.LoadLocation(in.Timezone)
	if err != nil || in.Timezone == "" || in.Timezone == "Local" || len(in.Timezone) > longest {
		return Schedule{}, tenants.ErrTimezoneUnknown
	}
	const minutes = 24 * 60
	if in.Minute < 0 || in.Minute >= minutes || in.Weekday < time.Sunday || in.Weekday > time.Saturday {
		return Schedule{}, fault.New(fault.Invalid, "rotation_invalid", "The hand-over needs a weekday and a time between 00:00 and 23:59.")
	}
	starts := dateOf(now.In(zone))
	if in.StartsOn != nil {
		starts = *in.StartsOn
		if y := time.Time(starts).Year(); y < 2000 || y > 2200 {
			return Schedule{}, fault.New(fault.Invalid, "rotation_invalid", "A rotation starts between the years 2000 and 2200.")
		}
	}
	return Schedule{Zone: zone, Minute: in.Minute, First: starts.lastOn(in.Weekday), Members: in.Members}, nil
}
