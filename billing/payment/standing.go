package payment

import (
	"time"

	"github.com/observatory/observatory/billing/plan"
)

// Standing is how a tenant stands with its payments.
type Standing string

// The standings, each worse than the one before.
const (
	OK         Standing = "ok"
	PastDue    Standing = "past_due"   // an invoice is overdue; everything works
	Restricted Standing = "restricted" // events are acknowledged and held, and stored once it has paid
	Suspended  Standing = "suspended"  // events are refused
)

// judge says how a tenant stands at a time whose oldest unpaid invoice was due then; nil: it owes nothing. next is when it gets worse unless it
// pays, and worse what it is then; the zero time when it does not get worse by itself.
func judge(d plan.Dunning, due *time.Time, now time.Time) (standing Standing, next time.Time, worse Standing) {
	if due == nil {
		return OK, time.Time{}, OK
	}
	restricted, suspended := due.Add(d.Restrict), due.Add(d.Suspend)
	switch {
	case now.Before(*due):
		return OK, *due, PastDue
	case now.Before(restricted):
		return PastDue, restricted, Restricted
	case now.Before(suspended):
		return Restricted, suspended, Suspended
	}
	return Suspended, time.Time{}, Suspended
}

// reminders is how many reminders are due.
func reminders(d plan.Dunning, due *time.Time, now time.Time) (n int) {
	for _, after := range d.Remind {
		if due != nil && !now.Before(due.Add(after)) {
			n++
		}
	}
	return n
}

// worseThan says whether a standing is worse than another.
func (s Standing) worseThan(other Standing) bool { return s.rank() > other.rank() }

func (s Standing) rank() int {
	switch s {
	case PastDue:
		return 1
	case Restricted:
		return 2
	case Suspended:
		return 3
	case OK:
	}
	return 0
}
