// Package offboard lets an organisation leave. From the moment when its owner asks for it nothing is accepted for the tenant and no key of
// it works. What there is is written into a last export, the grace time goes by, and then every copy of the whole tenant is erased and looked
// through again. What stays is the audit log, the certificates, and the row that says so.
package offboard

import (
	"context"
	"io"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/internal/follow"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/tenants"
)

// Leaving is one time that an organisation leaves. Its states are those of privacy.State from Received, the grace time, on.
type Leaving struct {
	ID        uuid.UUID
	Tenant    tenants.ID
	Name      string // of the organisation, which is gone afterwards
	Residency string
	State     privacy.State
	AskedAt   time.Time
	AskedBy   string    // label
	EraseAt   time.Time // not before
	Changed   time.Time // when it got its state
	Ended     *time.Time
	Waiting   string            // what it waits for, in words; empty when for nothing
	Error     string            // why the last attempt failed, in words
	Mark      follow.Mark       // that the barrier is about; 0 before
	Position  *privacy.Position // nil before every log is past the barrier
	Steps     []privacy.Step    // by the order in which they are done; empty before EraseAt
	People    []tenants.UserID  // members, whose accounts go unless they belong to another organisation
	Owners    []string          // their addresses, until they were told of the end
	Export    Export
}

// Export is the file with everything.
type Export struct {
	Object string // in the object storage; empty before it is made and after it is removed
	Bytes  int64
	SHA256 string // hex
	Until  *time.Time
}

const (
	// ExportLives is how long the last export can be downloaded after the tenant was to be erased.
	ExportLives = 14 * 24 * time.Hour
	// settleTime is how long after the request somebody may still be let in: nodes learn of it within 5 seconds, or cannot be waited for by the
	// barrier either, because they do not reach PostgreSQL.
	settleTime = 10 * time.Second
)

// The faults of leaving.
var (
	ErrNotLeaving   = fault.New(fault.NotFound, "not_leaving", "This organization is not leaving.")
	ErrLeaving      = fault.New(fault.Conflict, "already_leaving", "This organization is leaving already.")
	ErrNameMismatch = fault.New(fault.Invalid, "name_mismatch", "Type in the name of the organization, exactly as it is.")
	ErrBegun        = fault.New(fault.Conflict, "offboarding_begun", "The grace time is over: the organization is being erased.")
	ErrLink         = fault.New(fault.NotFound, "link_invalid", "This link does not work, or does not work any more.")
)

// TokenHash is the SHA-256 of a mailed token.
type TokenHash [32]byte

// Letter is a mail to the owners. Link holds the token in place.
type Letter struct {
	Subject       string
	Before, After []string
	Action, Link  string
}

// Book keeps who leaves. Each change is a transaction.
type Book interface {
	// Ask adds it, closes the tenant, and writes the audit entry. ErrLeaving when the tenant is leaving.
	Ask(ctx context.Context, l Leaving, entry tenants.AuditEntry) error
	// Cancel ends what is in its grace time at now, and opens the tenant again. ErrNotLeaving, ErrBegun.
	Cancel(ctx context.Context, tenant tenants.ID, now time.Time, entry tenants.AuditEntry) (Leaving, error)
	// Newest is the newest of a tenant. ErrNotLeaving.
	Newest(ctx context.Context, tenant tenants.ID) (Leaving, error)
	// Open lists the tenants whose leaving is not over, and those whose export has expired at now.
	Open(ctx context.Context, now time.Time) ([]tenants.ID, error)
	// Begin goes on from the grace time to State Barrier, before another mark, at now, unless it was called off meanwhile (ErrNotLeaving). It notes who the members and owners are.
	Begin(ctx context.Context, l Leaving, now time.Time) (Leaving, error)
	// Save writes down how far it is. ErrNotLeaving when it is over.
	Save(ctx context.Context, l Leaving) error
	// Dropped writes down that the export is removed.
	Dropped(ctx context.Context, l Leaving) error
	// Exported writes down the export and the hash of its link, and mails the letter to the owners.
	// ErrNotLeaving when it was called off meanwhile.
	Exported(ctx context.Context, l Leaving, link TokenHash, letter Letter) error
	// End writes down the end, the hash of the certificate's link and the audit entry, takes the name off the tenant, and mails the letter to
	// the owners that are noted.
	End(ctx context.Context, l Leaving, link TokenHash, letter Letter, entry tenants.AuditEntry) error
	// ByExportLink and ByCertificateLink find what a mailed link leads to. ErrLink.
	ByExportLink(ctx context.Context, link TokenHash) (Leaving, error)
	ByCertificateLink(ctx context.Context, link TokenHash) (Leaving, error)
}

// Copy is one place that holds something of a tenant. Each method may be called again after a crash, with the same outcome.
type Copy interface {
	// Name is as in privacy.Copy.
	Name() string
	// Count tells how much of the tenant there is.
	Count(ctx context.Context, tenant tenants.ID) (privacy.Holding, error)
	// Erase removes all of it, or begins to.
	Erase(ctx context.Context, l Leaving) (privacy.Evidence, error)
	// Verify counts again. Pending says what is still to be removed from the disk.
	Verify(ctx context.Context, l Leaving) (privacy.Verification, error)
}

// Bills are what a tenant owes. They outlive it.
type Bills interface {
	// Settle makes the last invoice of a tenant that is about to be erased. waiting says in words for what it has to wait; "" when it is made.
	Settle(ctx context.Context, tenant tenants.ID) (waiting string, err error)
}

// Tables writes out rows of a tenant as JSON, one per line.
type Tables interface {
	// Tables lists what there is, by the name that a file of it has.
	Tables(ctx context.Context, tenant tenants.ID) ([]string, error)
	// Write writes one of them, and returns how many rows it has.
	Write(ctx context.Context, tenant tenants.ID, table string, w io.Writer) (rows int64, err error)
}
