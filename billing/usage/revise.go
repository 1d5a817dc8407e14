package usage

import (
	"slices"
	"time"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/tenants"
)

// Known is what the ledger said before a count.
type Known struct {
	Newest []billing.Entry    // of the hours that were counted
	Hours  map[time.Time]Seen // of those that were counted before
	Month  *Seen              // where a month was counted: how far it had been counted as a whole
}

// Revise compares a count with what the ledger says, and returns the revisions that follow. What was counted after this count began is left as it
// is: two workers may count the same hour, and the one that looked later knows better.
func Revise(tenant tenants.ID, known Known, c Counted) []billing.Entry {
	type place struct {
		meter billing.MeterName
		hour  time.Time
	}
	newest, counted := map[place]billing.Entry{}, map[place]Count{}
	for _, e := range known.Newest {
		newest[place{e.Meter, e.Hour}] = e
	}
	for _, n := range c.Counts {
		counted[place{n.Meter, n.Hour}] = n
	}
	var all []billing.Entry
	for _, meter := range c.Meters {
		for hour := c.From; hour.Before(c.To); hour = hour.Add(time.Hour) {
			before, now := newest[place{meter, hour}], counted[place{meter, hour}]
			if c.outdated(known, meter, hour) || before.Found == now.Found && before.Gone == now.Gone {
				continue
			}
			e := billing.Entry{
				Tenant: tenant, Meter: meter, Hour: hour, Revision: before.Revision + 1, Quantity: now.Found + now.Gone, Found: now.Found, Gone: now.Gone, At: c.At,
			}
			e.Delta = e.Quantity - before.Quantity
			e.Reason = reason(before, e, known.Hours[hour], c.Changes[hour])
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b billing.Entry) int { return a.Hour.Compare(b.Hour) })
	return all
}

// outdated tells whether somebody has looked later.
func (c Counted) outdated(known Known, meter billing.MeterName, hour time.Time) bool {
	m, _ := billing.MeterOf(meter)
	switch {
	case !m.Recounted:
		return false
	case meter == billing.TrackedUsers:
		return known.Month != nil && known.Month.At.After(c.Seen)
	}
	return known.Hours[hour].At.After(c.Seen)
}

// reason finds out why an hour comes to something else. seen is how far it had been counted before.
func reason(before, now billing.Entry, seen Seen, change Change) billing.Reason {
	switch {
	case !seen.Closed && before.Revision == 0:
		return billing.Measured
	case !seen.Closed:
		return billing.Ongoing
	case now.Gone > before.Gone && now.Delta == 0:
		return billing.Erased
	case change.Moved.After(seen.At) && change.Moved.After(change.Received): // the last of both says why
		return billing.Replayed
	case now.Delta > 0 && change.Received.After(seen.At):
		return billing.Late
	case change.Moved.After(seen.At):
		return billing.Replayed
	case now.Delta < 0 && now.Meter != billing.TrackedUsers: // nothing else takes an event out of an hour
		return billing.Duplicate
	case change.Removed.After(seen.At):
		return billing.Erased
	}
	return billing.Recounted
}
