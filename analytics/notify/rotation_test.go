package notify_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/analytics/notify"
	"github.com/observatory/observatory/tenants"
)

func date(text string) notify.Date {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return notify.NewDate(t)
}

func zone(t require.TestingT, name string) *time.Location {
	z, err := time.LoadLocation(name)
	require.NoError(t, err)
	return z
}

// Weeks follow each other without gap or overlap, begin at the same time on the clocks, and everybody has their turn - also where
// the clocks change, change at midnight, or skip a whole day.
func TestShiftsFollowEachOther(t *testing.T) {
	t.Parallel()
	zones := []string{"UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia", "America/Havana", "Asia/Beirut", "Africa/Casablanca", "Antarctica/Troll"}
	rapid.Check(t, func(t *rapid.T) {
		s := notify.Schedule{
			Zone: zone(t, rapid.SampledFrom(zones).Draw(t, "zone")), Minute: rapid.IntRange(0, 1439).Draw(t, "minute"),
			First:   notify.NewDate(time.Date(2005, 1, rapid.IntRange(1, 9000).Draw(t, "first day"), 0, 0, 0, 0, time.UTC)),
			Members: make([]tenants.UserID, rapid.IntRange(1, 5).Draw(t, "members")),
		}
		for i := range s.Members {
			s.Members[i] = tenants.NewUserID()
		}
		at := time.Unix(rapid.Int64Range(1_100_000_000, 1_900_000_000).Draw(t, "at"), 0)
		shifts := s.Shifts(at, 60)
		require.False(t, shifts[0].From.After(at))
		require.True(t, shifts[0].To.After(at))
		turn := -1
		for i, m := range s.Members {
			if m == shifts[0].Member {
				turn = i
			}
		}
		for i, shift := range shifts {
			require.Equal(t, s.Members[(turn+i)%len(s.Members)], shift.Member)
			if i > 0 {
				require.Equal(t, shifts[i-1].To, shift.From)
			}
			length := shift.To.Sub(shift.From)
			require.LessOrEqual(t, (length - 7*24*time.Hour).Abs(), 25*time.Hour)
			local := shift.From.In(s.Zone)
			if local.Hour()*60+local.Minute() != s.Minute || local.Weekday() != s.Weekday() { // the clocks skipped it: right behind the gap
				_, before := local.Add(-time.Second).Zone()
				_, after := local.Zone()
				require.Greater(t, after, before, local)
			}
			for _, instant := range []time.Time{shift.From, shift.From.Add(length / 2), shift.To.Add(-time.Second)} {
				require.Equal(t, shift, s.Shift(instant), "an instant belongs to one shift")
			}
		}
	})
}

func TestHandOverAtAChangeOfTheClocks(t *testing.T) {
	t.Parallel()
	ada, bob := tenants.NewUserID(), tenants.NewUserID()
	for name, c := range map[string]struct {
		zone   string
		first  string
		minute int
		at     string
		from   string // of the shift that holds at
		member tenants.UserID
	}{
		"before the first hand-over, the last of the list is on call": {"Europe/Berlin", "2026-11-16", 540, "2026-11-16T07:59:59Z", "2026-11-09T08:00:00Z", bob},
		"at the hand-over":                           {"Europe/Berlin", "2026-11-16", 540, "2026-11-16T08:00:00Z", "2026-11-16T08:00:00Z", ada},
		"a second before the next":                   {"Europe/Berlin", "2026-11-16", 540, "2026-11-23T07:59:59Z", "2026-11-16T08:00:00Z", ada},
		"09:00 is an hour earlier in summer":         {"Europe/Berlin", "2026-03-23", 540, "2026-03-30T07:00:00Z", "2026-03-30T07:00:00Z", bob},
		"02:30 does not exist: 03:00":                {"Europe/Berlin", "2026-03-29", 150, "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z", ada},
		"02:30 comes twice: the first":               {"Europe/Berlin", "2026-10-25", 150, "2026-10-25T00:30:00Z", "2026-10-25T00:30:00Z", ada},
		"and not again at the second":                {"Europe/Berlin", "2026-10-25", 150, "2026-10-25T01:30:00Z", "2026-10-25T00:30:00Z", ada},
		"a Friday that Samoa skipped: next midnight": {"Pacific/Apia", "2011-12-30", 540, "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z", ada},
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		require.NoError(t, err)
		s := notify.Schedule{Zone: zone(t, c.zone), Minute: c.minute, First: date(c.first), Members: []tenants.UserID{ada, bob}}
		shift := s.Shift(at)
		require.Equal(t, c.from, shift.From.UTC().Format(time.RFC3339), name)
		require.Equal(t, c.member, shift.Member, name)
	}
}

// Renaming moves nobody's week; another order begins with its first member.
func TestChangingARotation(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	in := notify.RotationInput{Name: "On call", Timezone: "Europe/Berlin", Weekday: time.Friday, Minute: 17 * 60, Members: ids(h.ada, h.bob)}
	made, err := h.service.CreateRotation(t.Context(), h.by, in)
	require.NoError(t, err)
	require.Equal(t, "2026-11-13", made.Schedule.First.String(), "the last Friday")
	require.Equal(t, h.ada, h.service.OnCall(made).Member)
	h.pass(7 * 24 * time.Hour)
	require.Equal(t, h.bob, h.service.OnCall(made).Member)
	in.Name = "Night watch"
	renamed, err := h.service.ChangeRotation(t.Context(), h.by, made.ID, in)
	require.NoError(t, err)
	require.Equal(t, h.bob, h.service.OnCall(renamed).Member)
	in.Members = ids(h.ada)
	changed, err := h.service.ChangeRotation(t.Context(), h.by, made.ID, in)
	require.NoError(t, err)
	require.Equal(t, h.ada, h.service.OnCall(changed).Member)
	shifts, err := h.service.Shifts(t.Context(), h.tenant(), made.ID, 3)
	require.NoError(t, err)
	require.Len(t, shifts, 3)

	for _, bad := range []notify.RotationInput{
		{Name: "x", Timezone: "Europe/Nowhere", Members: ids(h.ada)},
		{Name: "x", Timezone: "Local", Members: ids(h.ada)},
		{Name: "x", Timezone: "UTC"},
		{Name: "x", Timezone: "UTC", Members: ids(h.ada, h.ada)},
		{Name: "x", Timezone: "UTC", Minute: 1440, Members: ids(h.ada)},
		{Name: "x", Timezone: "../etc/passwd", Members: ids(h.ada)},
	} {
		_, err := h.service.CreateRotation(t.Context(), h.by, bad)
		require.Error(t, err, bad)
	}
}
