package usage

import (
	"context"
	"time"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/tenants"
)

// Ledger is where usage is booked. Hours are whole ones in UTC; from is inclusive, to is not.
type Ledger interface {
	// Newest returns the newest revision of every meter's hours that have one, by meter and hour.
	Newest(ctx context.Context, tenant tenants.ID, from, to time.Time) ([]billing.Entry, error)
	// Revisions returns all revisions of a meter's hours, by hour and revision.
	Revisions(ctx context.Context, tenant tenants.ID, meter billing.MeterName, from, to time.Time) ([]billing.Entry, error)
	// Corrections sums, by meter, what was booked to hours after these were closed.
	Corrections(ctx context.Context, tenant tenants.ID, from, to time.Time) (map[billing.MeterName]int64, error)
	// State tells how far the counting of a month is.
	State(ctx context.Context, tenant tenants.ID, period billing.Period) (State, error)
}

// Books is a Ledger that can be written to.
type Books interface {
	Ledger
	// Book adds a revision for everything that comes to something else than its newest one says, and notes how far the counting is. One that
	// counts later sees what was booked before; two at once wait for each other. A tenant that is being erased is passed over: booked is nil.
	Book(ctx context.Context, tenant tenants.ID, c Counted) (booked []billing.Entry, err error)
	// Seen tells how far the counting of these hours is; those that were never counted are not among them.
	Seen(ctx context.Context, tenant tenants.ID, hours []time.Time) (map[time.Time]Seen, error)
	// OpenHours are hours of all tenants that begin before an instant and are not closed, some thousand at most.
	OpenHours(ctx context.Context, before time.Time) (map[tenants.ID][]time.Time, error)
	// OpenMonths are months of all tenants that have hours since then and are not closed.
	OpenMonths(ctx context.Context, since time.Time) ([]MonthState, error)
	// Metered are the tenants that have hours since then.
	Metered(ctx context.Context, since time.Time) ([]tenants.ID, error)
	// Consumers are the tenants of which consumption was written down for hours since then.
	Consumers(ctx context.Context, since time.Time) ([]tenants.ID, error)
	// Stored sums what Weight says of all hours of a tenant up to one, that one included.
	Stored(ctx context.Context, tenant tenants.ID, upTo time.Time) (int64, error)
	// Weighed are the tenants that have something stored, with the last hour for which their storage was booked; zero: never.
	Weighed(ctx context.Context) (map[tenants.ID]time.Time, error)
	// Carried is up to when everything that was acknowledged by any node is stored; zero when nobody knows.
	Carried(ctx context.Context) (time.Time, error)
}

// Counter counts in the store of events. What it counts are the events that are stored and those that were removed on purpose, each once: whether a
// removal is half done or was broken off makes no difference.
type Counter interface {
	// Now is the store's clock, by which Due goes.
	Now(ctx context.Context) (time.Time, error)
	// Due are the hours of all tenants about which something was written down since then.
	Due(ctx context.Context, since time.Time) ([]Due, error)
	// Changes tells when something was last written down about each of a tenant's hours.
	Changes(ctx context.Context, tenant tenants.ID, from, to time.Time) (map[time.Time]Change, error)
	// Count counts the events of hours by meter; hours without any are not among what it returns.
	Count(ctx context.Context, tenant tenants.ID, from, to time.Time) ([]Count, error)
	// Users counts the people of a month by the first hour in which they had an event that counts.
	Users(ctx context.Context, tenant tenants.ID, period billing.Period) ([]Count, error)
	// Weigh sums the bytes of the events that count and are stored, by hour.
	Weigh(ctx context.Context, tenant tenants.ID, from, to time.Time) ([]Weight, error)
	// Free counts what came and is not billed, because it was not stored.
	Free(ctx context.Context, tenant tenants.ID, from, to time.Time) (Free, error)
	// Sample returns some of the events that a meter counted in an hour, those of the smallest IDs first, and how many there are.
	Sample(ctx context.Context, tenant tenants.ID, meter billing.MeterName, hour time.Time, limit int) ([]Event, int64, error)
}

// Consumption is what a tenant used that no event tells of: query time and exports.
type Consumption interface {
	// Consumed is what a tenant consumed of a resource, by the hour. Hours without are absent.
	Consumed(ctx context.Context, tenant tenants.ID, r billing.Resource, from, to time.Time) ([]billing.HourUse, error)
}
