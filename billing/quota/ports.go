package quota

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/internal/follow"
	"github.com/observatory/observatory/tenants"
)

// Plans knows what limit a tenant has agreed to.
type Plans interface {
	// Limit is what holds at a time; nil: as many events as it likes.
	Limit(ctx context.Context, tenant tenants.ID, at time.Time) (*Limit, error)
}

// Forecaster looks ahead.
type Forecaster interface {
	// Ahead says how many events the meter "events" will have counted at the end of the month, and when it will have counted that many: zero
	// where not this month. known is false where there is too little to tell.
	Ahead(ctx context.Context, tenant tenants.ID, month billing.Period, used, events int64) (expected int64, reached time.Time, known bool, err error)
}

// HeldEvents are the events that are kept aside.
type HeldEvents interface {
	// HeldFor counts those of a tenant that are held for the reasons of this package, by reason.
	HeldFor(ctx context.Context, tenant tenants.ID) ([]Held, error)
}

// Releases have held events stored.
type Releases interface {
	// Release begins a release, or tells how it goes on: done is true when all that was held before it began has had its turn. Errors: a
	// Conflict while another release of the tenant is not over.
	Release(ctx context.Context, tenant tenants.ID, id uuid.UUID) (done bool, err error)
}

// Count is how many events a log has stored of a tenant in a month, and up to how many it may without asking.
type Count struct {
	Tenant  tenants.ID
	Month   billing.Period
	Counted int64
	Claimed int64
}

// Grant is the answer to a claim.
type Grant struct {
	Quota   Quota
	Claimed int64 // up to how many events the log may store of the tenant in the month now
}

// Claims is where nodes agree.
type Claims interface {
	// Claim is asked to let a log store more: Counted and as many events as each wants. It grants what there is, and where there is enough a
	// little more. The order of what comes back is that of what was asked.
	Claim(ctx context.Context, log uuid.UUID, wanted []Want) ([]Grant, error)
	// Publish writes down what a log has stored, and what it still claims.
	Publish(ctx context.Context, log uuid.UUID, counts []Count) error
}

// Want is what a log asks for.
type Want struct {
	Tenant  tenants.ID
	Month   billing.Period
	Counted int64 // what it has stored
	Events  int64 // how many more it has now
}

// Feed is where a Gate learns what holds. An error means that it cannot be reached now.
type Feed interface {
	// QuotaChanges returns the quotas that changed after the call that returned the mark since, and possibly a few more; for the zero mark, and
	// whenever in doubt, all.
	QuotaChanges(ctx context.Context, since follow.Mark) (Changes, error)
	// ListenQuotas calls changed after every change, and whenever it may have missed one, until ctx ends. A call may be lost.
	ListenQuotas(ctx context.Context, changed func())
}

// Changes is what a Gate takes over.
type Changes struct {
	Quotas   []Quota
	Complete bool        // there are no others
	Mark     follow.Mark // for the next call
}

// Standings is how a tenant stands with its quota, as far as it takes to know whom to warn.
type Standings struct {
	Quota
	Used  int64
	Given []Notice // this month
}

// Book is where quotas are kept.
type Book interface {
	// Find returns the quota of a tenant, which where none was kept has no limit.
	Find(ctx context.Context, tenant tenants.ID) (Quota, error)
	// Change has a quota changed, by one at a time, and writes the entry into the tenant's audit log where anything changed.
	Change(ctx context.Context, tenant tenants.ID, at time.Time, change func(Quota) (Quota, *tenants.AuditEntry)) (Quota, error)
	// Used is how many events all logs have stored of a tenant in a month.
	Used(ctx context.Context, tenant tenants.ID, month billing.Period) (int64, error)
	// Raised returns the quotas of which a release is due.
	Raised(ctx context.Context) ([]Quota, error)
	// Quotas returns all tenants.
	Quotas(ctx context.Context, month billing.Period) ([]Standings, error)
	// Released writes down how far the release is that was due since was, unless another is due by now. A zero raised: none is due any more.
	Released(ctx context.Context, tenant tenants.ID, was, raised time.Time, release *uuid.UUID) error
	// Warnings are those that were given in a month, in their order.
	Warnings(ctx context.Context, tenant tenants.ID, month billing.Period) ([]Warning, error)
	// Warn gives a warning, unless it was given in that month, and has it mailed to those who manage the tenant.
	Warn(ctx context.Context, tenant tenants.ID, month billing.Period, w Warning) error
}
