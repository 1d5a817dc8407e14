package billing

import (
	"time"

	"github.com/observatory/observatory/tenants"
)

// Interval is how often the fee of a plan is due. Usage is due every month.
type Interval string

// The intervals. The fee of a month is due at its end, in proportion to the hours; that of a year at the beginning of the year, and what is not
// used of it is credited.
const (
	Monthly Interval = "month"
	Yearly  Interval = "year"
)

// Terms are what holds between a tenant and the one who runs the installation, from an hour on. They are never changed: other terms follow.
type Terms struct {
	Tenant     tenants.ID
	Revision   int       // from 1
	From       time.Time // a whole hour. The hour in which terms change is priced by the last ones of it
	Plan       string    // its key
	Catalogue  int       // version of the file of plans that it was agreed to under: a plan stays as it was for those who have it
	Currency   Currency
	Interval   Interval
	TrialUntil time.Time // fees and usage before it cost nothing; zero: no trial
	Coupon     string    // code; "" is none
	SpendCap   *Amount   // of a month, before tax; events beyond it are held. nil: none
	Reason     string    // why it changed: signed up, upgraded, downgraded, operator, unpaid, ...
	By         string    // who changed it
	At         time.Time
}
