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
