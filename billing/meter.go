package billing

import (
	"math/big"
	"strings"
	"time"

	"github.com/observatory/observatory/tenants"
)

// MeterName names what is metered.
type MeterName string

// The meters that plans can put a price on.
const (
	Events       MeterName = "events"        // events stored, bots and synthetic tests not among them
	TrackedUsers MeterName = "tracked_users" // people with at least one such event in the month
	Storage      MeterName = "storage"       // what is stored, for as long as it is
	QueryTime    MeterName = "query_time"    // time that the store worked on questions
	Exports      MeterName = "exports"       // exports of data that were asked for
)

// The meters that nobody pays for.
const (
	BotEvents       MeterName = "bot_events"       // events stored that a bot caused
	SyntheticEvents MeterName = "synthetic_events" // events stored that a synthetic test caused
)

// Aggregation is how the quantities of hours make that of a month.
type Aggregation string

// The aggregations. Whichever it is, the quantities of hours are so cut that those of a month add up: of something unique, an hour counts what
// the month had not seen before it.
const (
	Count  Aggregation = "count"
	Sum    Aggregation = "sum"
	Unique Aggregation = "unique"
	Max    Aggregation = "max" // of an hour
)

// Meter declares one thing that is metered.
type Meter struct {
	Name        MeterName
	Title       string // as people read it
	Unit        string // in which it is shown and priced, in the plural
	PerUnit     int64  // quantities in a unit
	Base        string // what a quantity of 1 is
	Aggregation Aggregation
	Source      string // where it is counted, in words that a tenant understands
	Free        bool
	Recounted   bool // it can be counted again at any time; otherwise it was measured when it happened
}

// Meters are all that is metered, in the order in which people are shown them.
func Meters() []Meter {
	const day = 24
	return []Meter{
		{
			Name: Events, Title: "Events", Unit: "events", PerUnit: 1, Base: "event", Aggregation: Count, Recounted: true,
			Source: "events stored, by the hour in which they were received; an event that was held over quota, by the hour of its release",
		},
		{
			Name: TrackedUsers, Title: "Monthly tracked users", Unit: "users", PerUnit: 1, Base: "user", Aggregation: Unique, Recounted: true,
			Source: "different user IDs of such events, or anonymous IDs where there is no user ID, by the first hour of the calendar month in which they had one",
		},
		{
			Name: Storage, Title: "Storage", Unit: "GB-days", PerUnit: day * 1_000_000_000, Base: "byte stored for an hour", Aggregation: Max,
			Source: "bytes of the events that are stored, uncompressed, measured once an hour",
		},
		{
			Name: QueryTime, Title: "Query time", Unit: "seconds", PerUnit: 1000, Base: "millisecond", Aggregation: Sum,
			Source: "time that the store worked on questions of members and of keys",
		},
		{
			Name: Exports, Title: "Exports", Unit: "exports", PerUnit: 1, Base: "export", Aggregation: Count,
			Source: "exports of data that were asked for; those for a person who asks for their own data are free and not counted",
		},
		{
			Name: BotEvents, Title: "Events of bots", Unit: "events", PerUnit: 1, Base: "event", Aggregation: Count, Recounted: true, Free: true,
			Source: "events stored that a bot caused",
		},
		{
			Name: SyntheticEvents, Title: "Events of synthetic tests", Unit: "events", PerUnit: 1, Base: "event", Aggregation: Count, Recounted: true, Free: true,
			Source: "events stored that a synthetic test caused",
		},
	}
}

// MeterOf finds a meter by its name.
func MeterOf(name MeterName) (Meter, bool) {
	for _, m := range Meters() {
		if m.Name == name {
			return m, true
		}
	}
	return Meter{}, false
}

// Show writes a quantity in the meter's unit, without the unit: "1,000,000", or "12.346" of what has parts. At most three digits stand behind the
// point, rounded half away from zero.
func (m Meter) Show(quantity int64) string {
	text := new(big.Rat).SetFrac64(quantity, m.PerUnit).FloatString(3)
	whole, part, _ := strings.Cut(text, ".")
	for i := len(whole) - 3; i > 0 && whole[i-1] != '-'; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return strings.TrimSuffix(whole+"."+strings.TrimRight(part, "0"), ".")
}

// Reason says why an hour was booked again.
type Reason string

// The reasons.
const (
	Measured  Reason = "measured"  // the first time
	Ongoing   Reason = "ongoing"   // the hour was not over, or the log had not been carried up to its end
	Late      Reason = "late"      // events of the hour reached the store later, because it was away
	Replayed  Reason = "replay"    // events were repaired, or released, or history was written anew
	Duplicate Reason = "duplicate" // an event was sent again after more than a day, and took the place of the first
	Erased    Reason = "erasure"   // events were removed: at a person's request, or past their retention. The quantity stays
	Recounted Reason = "recount"   // none of these: counting again said otherwise
)

// Entry is a line of the usage ledger. Lines are added, never changed; the newest revision of an hour says what it comes to.
type Entry struct {
	Tenant   tenants.ID
	Meter    MeterName
	Hour     time.Time // its beginning
	Revision int       // from 1
	Quantity int64     // what the hour comes to: Found and Gone, of meters that are recounted
	Delta    int64     // against the revision before
	Found    int64     // what is in the store now
	Gone     int64     // what was counted before, and was removed on purpose since
	Reason   Reason
	At       time.Time // when it was booked
}

// HourUse is what an hour comes to by its newest revision.
type HourUse struct {
	Hour     time.Time
	Quantity int64
}
