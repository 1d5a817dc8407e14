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
	Verdict  Verdict // of the others: HoldQuota or HoldUnpaid
	KeepDays int     // how long those are held
}

// Asked is what a range would add to what its log has stored.
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

// NoQuota is for where nobody has a limit.
type NoQuota struct{}

// Admit implements Quota.
func (NoQuota) Admit(context.Context, []Asked) []Admission { return nil }

// Settled implements Quota.
func (NoQuota) Settled([]Metered) {}
