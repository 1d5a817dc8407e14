package ingest

import (
	"context"
	"time"

	"github.com/observatory/observatory/tenants"
)

// Month is a calendar month in UTC: 12 times its year, and how many months of that lie before it.
type Month int32

// MonthOf is the month that an instant lies in.
func MonthOf(t time.Time) Month {
	year, month, _ := t.UTC().Date()
	return Month(12*year + int(month) - 1) //nolint:gosec // far below 2^31
}

// From is its beginning.
func (m Month) From() time.Time {
	return time.Date(int(m)/12, time.Month(m%12+1), 1, 0, 0, 0, 0, time.UTC)
}

// Metered counts the events of a tenant that are metered in a month: stored, and of neither bots nor synthetic tests.
type Metered struct {
	Tenant tenants.ID
	Month  Month
	Events int64
}

// Admission limits how many events of a range are stored.
type Admission struct {
	Metered          // so many are stored, those that come first
	Verdict  Verdict // of the others: HoldQuota, or HoldUnpaid, which holds what is not metered as well
	KeepDays int     // how long those are held
}

// outcome is the outcome of an event that is not admitted.
func (a *Admission) outcome(index int, receivedAt time.Time) Outcome {
	out := Outcome{Index: index, Status: Held, Until: receivedAt.AddDate(0, 0, a.KeepDays).Truncate(time.Second)}
	if a.Verdict == HoldUnpaid {
		out.Code, out.Message = CodeUnpaid, "It is kept aside because an invoice is unpaid, and stored once it is paid."
	} else {
		out.Code, out.Message = CodeOverQuota, "It is kept aside because this month's events are used up, and stored once the plan allows more."
	}
	return out
}

// Asked is what a range would add to what its log has stored. Events: 0 where it has only some that are not metered.
type Asked struct {
	Metered
	Before int64 // what the log has stored of the same tenant and month
}

// Quota knows how many events tenants may have stored.
type Quota interface {
	// Admit is asked before a range is begun. It returns what of it may not be stored in full, and takes no longer than a second or two: where
	// it cannot be found out, events pass.
	Admit(ctx context.Context, asked []Asked) []Admission
	// Settled is told how many events the log has stored by now, of those tenants and months of which a range had some.
	Settled(stored []Metered)
}

// metering is what a range has of a tenant and month so far.
type metering struct {
	Metered
	limit *Admission // nil: all are admitted
}

type meterKey struct {
	tenant tenants.ID
	month  Month
}

// meterOf finds the place of what is metered of a tenant at a time.
func (b *builder) meterOf(tenant tenants.ID, at time.Time) int {
	key := meterKey{tenant: tenant, month: MonthOf(at)}
	place, ok := b.meters[key]
	if ok {
		return place
	}
	m := metering{Metered: Metered{Tenant: tenant, Month: key.month}}
	for i := range b.out.Range.Admissions {
		if a := &b.out.Range.Admissions[i]; a.Tenant == tenant && a.Month == key.month {
			m.limit = a
		}
	}
	place = len(b.metered)
	b.metered, b.meters[key] = append(b.metered, m), place
	return place
}

// admits tells whether an event may be stored for the sake of its tenant's quota, and counts it if so.
func (b *builder) admits(meter int, e *Event) bool {
	m, counts := &b.metered[meter], isMetered(e)
	if m.limit != nil && m.Events >= m.limit.Events && (counts || m.limit.Verdict == HoldUnpaid) {
		return false
	}
	if counts {
		m.Events++
	}
	return true
}

// isMetered tells whether an event counts as usage once it is stored. Those of bots and of synthetic tests do not: enrichment takes note of both.
func isMetered(e *Event) bool { return len(e.Bot) == 0 }

// admit asks for what a range has, and builds the range's settlement: once more where not all of it is admitted.
func (s *Sink) admit(ctx context.Context, r *Range, entries []Entry) (*Settlement, error) {
	settlement, err := s.build.settlement(*r, entries)
	if err != nil {
		return nil, err
	}
	s.asked = s.asked[:0]
	for i := range s.build.metered {
		m := s.build.metered[i].Metered
		s.asked = append(s.asked, Asked{Metered: m, Before: s.deps.State.MeteredOf(m.Tenant, m.Month)})
	}
	if len(s.asked) == 0 {
		return settlement, nil
	}
	if r.Admissions = s.deps.Quota.Admit(ctx, s.asked); len(r.Admissions) == 0 {
		return settlement, nil
	}
	return s.build.settlement(*r, entries)
}

// settle writes down that the range in hand is stored, and tells the quota what that comes to.
func (s *Sink) settle() error {
	s.metered = s.metered[:0]
	for i := range s.build.metered {
		if m := s.build.metered[i].Metered; m.Events > 0 {
			s.metered = append(s.metered, m)
		}
	}
	state := s.deps.State
	if err := state.Settle(s.begun.To, s.build.seen, s.metered); err != nil {
		return err
	}
	if !s.told {
		s.told = true
		s.deps.Quota.Settled(state.Metered())
		return nil
	}
	for i := range s.metered {
		s.metered[i].Events = state.MeteredOf(s.metered[i].Tenant, s.metered[i].Month)
	}
	s.deps.Quota.Settled(s.metered)
	return nil
}

// NoQuota is for where nobody has a limit.
type NoQuota struct{}

// Admit implements Quota.
func (NoQuota) Admit(context.Context, []Asked) []Admission { return nil }

// Settled implements Quota.
func (NoQuota) Settled([]Metered) {}
