package payment

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/tenants"
)

// Account is how a tenant stands, and who it is to the provider.
type Account struct {
	Tenant       tenants.ID
	Standing     Standing
	Since        time.Time  // when it got its standing; zero: it never had another
	Effective    Standing   // what took effect last
	OverdueSince *time.Time // when the oldest unpaid invoice was due; nil: none is overdue
	Reminded     int        // letters since then
	SuspendedBy  string     // the operator who has suspended it; "" is nobody

	Customer     string     // at the provider; "" is none
	MeteredFrom  *time.Time // hour from which on the provider is told of usage
	MeteredUntil *time.Time // what was booked before it has been looked at; nil: nothing has
	ReconciledAt *time.Time // when all of it was last compared; nil: never
	Subscription string
	Subscribed   string // what for; see subscribed
	Way          Way
	LookedAt     *time.Time // when the provider was last asked
	Error        string     // why the last look failed
}

// Checkout is a page on which somebody was to say how they pay.
type Checkout struct {
	ID     string
	Choice Choice
	By     string // label of who asked for it
	MadeAt time.Time
}

// Record is an invoice that the provider was told of.
type Record struct {
	Invoice  uuid.UUID
	BegunAt  time.Time // before it was told the first time
	Document Document  // its ID is empty until the provider has answered
	LookedAt *time.Time
	Error    string
}

// UsageState is how far the provider was told of usage.
type UsageState string

// The states.
const (
	Telling    UsageState = "telling" // what became of it is not known yet
	Told       UsageState = "told"
	TakingBack UsageState = "taking_back"
	TakenBack  UsageState = "taken_back"
	GivenUp    UsageState = "given_up" // the provider will never know; there is a Difference
)

// UsageRow is what the provider is told of an hour: what the hour comes to by a revision of the ledger, less what it was told before.
type UsageRow struct {
	Meter    billing.MeterName
	Hour     time.Time
	Revision int
	Part     int // above 0: in addition
	Quantity int64
	State    UsageState
	BegunAt  time.Time // before the first attempt to tell, or to tell anew
	ToldAt   *time.Time
}

// Name identifies a row at the provider, whose word for it is identifier: tenant, meter, hour, revision, and part where there is one.
func (u UsageRow) Name(tenant tenants.ID) string {
	name := fmt.Sprintf("%s/%s/%s/%d", tenant, u.Meter, u.Hour.UTC().Format("2006-01-02T15"), u.Revision)
	if u.Part > 0 {
		name += fmt.Sprintf(".%d", u.Part)
	}
	return name
}

// live says whether the provider has, or may have, counted a row.
func (u UsageRow) live() bool { return u.State == Told || u.State == Telling || u.State == TakingBack }

// Difference is an hour of which the provider has another quantity than the ledger.
type Difference struct {
	Meter   billing.MeterName
	Hour    time.Time
	Ours    int64
	Theirs  int64
	Reason  DifferenceReason
	FoundAt time.Time
}

// DifferenceReason is why an hour is not the same at the provider, and is not going to be.
type DifferenceReason string

// The reasons.
const (
	TooLateToTakeBack DifferenceReason = "too_late_to_take_back"
	TooOldToTell      DifferenceReason = "too_old_to_tell"
	UnknownOutcome    DifferenceReason = "unknown_outcome"
	MoreThanTold      DifferenceReason = "more_than_told" // somebody else told it
)

// Letter is a mail about money, to those who manage it.
type Letter struct {
	Subject string
	Before  []string
	Action  string
	Link    string
	After   []string
}

// Book is where payment keeps what it knows.
type Book interface {
	Account(ctx context.Context, tenant tenants.ID) (Account, error) // that of a tenant without one is OK
	// Become writes down that a tenant's standing has changed, or that it was reminded, with the entry of the audit log and, unless it is nil, a letter to every owner
	// and admin, all or nothing. It returns ErrMoved when the account is not as it was.
	Become(ctx context.Context, a, was Account, entry tenants.AuditEntry, letter *Letter) error
	// TookEffect writes down which standing took effect last.
	TookEffect(ctx context.Context, tenant tenants.ID, s Standing) error
	// SaveProvider writes down what of an account is the provider's, but for how far it was told of usage.
	SaveProvider(ctx context.Context, a Account) error

	// SaveMetered writes down how far the provider was told of usage, and when that was last compared.
	SaveMetered(ctx context.Context, tenant tenants.ID, until time.Time, reconciled *time.Time) error

	AddCheckout(ctx context.Context, tenant tenants.ID, c Checkout) error
	OpenCheckouts(ctx context.Context, tenant tenants.ID) ([]Checkout, error)
	EndCheckout(ctx context.Context, tenant tenants.ID, id string, state CheckoutState, at time.Time, why string) error

	Records(ctx context.Context, tenant tenants.ID, invoices []uuid.UUID) ([]Record, error) // of these invoices, and all that are open
	SaveRecord(ctx context.Context, tenant tenants.ID, r Record) error

	UsageBook
	Bells

	// Turn are the tenants that there may be something to do for: not in good standing, with an open checkout or record, or with a bell.
	Turn(ctx context.Context) ([]tenants.ID, error)
	// Metered are the tenants that the provider is told of usage of.
	Metered(ctx context.Context) ([]tenants.ID, error)
}

// UsageBook is what the provider was told of usage.
type UsageBook interface {
	UsageOpen(ctx context.Context, tenant tenants.ID) ([]UsageRow, error) // telling and taking back, the oldest first
	UsageOf(ctx context.Context, tenant tenants.ID, from, to time.Time) ([]UsageRow, error)
	AddUsage(ctx context.Context, tenant tenants.ID, u UsageRow) error
	SaveUsage(ctx context.Context, tenant tenants.ID, u UsageRow, why string) error // its state and times
	// SaveDifference writes a difference down, or one that is none any more. It says whether that is news.
	SaveDifference(ctx context.Context, tenant tenants.ID, d Difference) (news bool, err error)
	Differences(ctx context.Context, tenant tenants.ID) ([]Difference, error)
	// DifferencesOpen is how many there are, of all tenants.
	DifferencesOpen(ctx context.Context) (int, error)
}

// Bells are webhooks.
type Bells interface {
	// Ring writes down a webhook, and with it the job to look at whom it is about. known is false where it is about no customer of ours, and
	// again true for one that came before.
	Ring(ctx context.Context, e Event, at time.Time, job func(tenants.ID) jobs.Job) (known, again bool, err error)
	// Rung are the IDs of the webhooks about a customer that nobody has looked after.
	Rung(ctx context.Context, customer string) ([]string, error)
	Answered(ctx context.Context, ids []string, at time.Time) error
	// Sweep forgets webhooks from before a time.
	Sweep(ctx context.Context, before time.Time) (int64, error)
}

// subscribed says in one text what a subscription is for.
func subscribed(t billing.Terms) string {
	return strings.Join([]string{t.Plan, string(t.Interval), string(t.Currency)}, "/")
}
