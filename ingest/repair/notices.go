package repair

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/tenants"
)

// NewCause is a cause that a tenant's events had lately.
type NewCause struct {
	Tenant    tenants.ID
	Cause     uuid.UUID
	Code      string
	FirstSeen time.Time
}

// Notices tell a tenant's owners and admins, once, of each new cause for which its events are rejected.
type Notices struct {
	seen   SeenCauses
	ledger NoticeLedger
	wanted func(ctx context.Context, tenant tenants.ID) (bool, error)
	now    func() time.Time
}

// SeenCauses finds causes among the dead letters.
type SeenCauses interface {
	// NewCauses finds, for all tenants, the causes of what was received from since on.
	NewCauses(ctx context.Context, since time.Time) ([]NewCause, error)
}

// NoticeLedger remembers which causes somebody was told of.
type NoticeLedger interface {
	// NoteCauses adds causes of a tenant that are not known yet.
	NoteCauses(ctx context.Context, tenant tenants.ID, causes []NewCause, now time.Time) error
	// Untold are the tenants that have causes of which nobody was told.
	Untold(ctx context.Context) ([]tenants.ID, error)
	// Tell queues mail about those causes to the tenant's owners and admins, and marks the causes as told, in one transaction. Without mail it
	// only marks them. It does nothing while the last mail is younger than pause.
	Tell(ctx context.Context, tenant tenants.ID, mail bool, pause time.Duration, now time.Time) error
}

const (
	lookBack    = 48 * time.Hour   // for causes; a worker that was away for longer tells of those that still come
	noticePause = 15 * time.Minute // between two mails to a tenant: what is new meanwhile comes in one
)

// NewNotices makes the service. wanted tells whether a tenant's policy asks for notices.
func NewNotices(seen SeenCauses, ledger NoticeLedger, wanted func(ctx context.Context, tenant tenants.ID) (bool, error), now func() time.Time) *Notices {
	return &Notices{seen: seen, ledger: ledger, wanted: wanted, now: now}
}

// Send notes new causes and tells of them. Whatever is cut short is made good by the next call, and nobody is told twice. One tenant's trouble
// does not keep the others from being told.
func (n *Notices) Send(ctx context.Context) error {
	now := n.now().UTC()
	found, err := n.seen.NewCauses(ctx, now.Add(-lookBack))
	if err != nil {
		return fmt.Errorf("look for new causes: %w", err)
	}
	var troubles []error
	for len(found) > 0 { // sorted by tenant
		of := found[0].Tenant
		end := slices.IndexFunc(found, func(c NewCause) bool { return c.Tenant != of })
		if end < 0 {
			end = len(found)
		}
		troubles = append(troubles, n.ledger.NoteCauses(ctx, of, found[:end], now))
		found = found[end:]
	}
	untold, err := n.ledger.Untold(ctx)
	troubles = append(troubles, err)
	for _, tenant := range untold {
		mail, err := n.wanted(ctx, tenant)
		if err == nil {
			err = n.ledger.Tell(ctx, tenant, mail, noticePause, now)
		}
		troubles = append(troubles, err)
	}
	return errors.Join(troubles...)
}
