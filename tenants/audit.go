package tenants

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/observatory/observatory/internal/fault"
)

// AuditEntry is one change in a tenant. Entries are numbered from 1 without gaps, and each carries the hash of the one
// before it, so that none can be changed, removed or slipped in without every later hash being wrong.
type AuditEntry struct {
	Seq           int64
	At            time.Time // microseconds
	Actor         Actor
	Action        string // what was done, as in "api_key.revoked"
	Target        string // what it was done to, as in "api_key:0198..."
	Details       Details
	CorrelationID string // of the request that asked for it
	PrevHash      AuditHash
	Hash          AuditHash
}

// Details are what a change was about. They hold no secrets and nothing about data subjects; the e-mail addresses of
// members and of people invited to be members are allowed. Values are texts, so that they hash the same everywhere.
type Details map[string]string

// AuditHash is a SHA-256. The first entry's PrevHash is all zeros.
type AuditHash [sha256.Size]byte

// String is the hash in hexadecimal.
func (h AuditHash) String() string { return hex.EncodeToString(h[:]) }

// ErrCursorInvalid is returned for a cursor that no page gave out.
var ErrCursorInvalid = fault.New(fault.Invalid, "cursor_invalid", "This cursor is not valid. Start again from the first page.")

// ChainHash is the hash that the entry must have in the log of the given tenant: SHA-256 over these fields, each preceded
// by its length in bytes as eight bytes big-endian:
//
//	"observatory audit 1", the tenant's ID (16 bytes), PrevHash, Seq (8 bytes), At in microseconds since 1970 (8 bytes),
//	the actor's kind, ID and label, Action, Target, CorrelationID, and then name and value of each detail by name.
func (e AuditEntry) ChainHash(tenant ID) AuditHash {
	h := sha256.New()
	field := func(b []byte) {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(b)))
		h.Write(length[:])
		h.Write(b)
	}
	number := func(n int64) {
		var b [8]byte
		binary.BigEndian.PutUint64(b[:], uint64(n))
		field(b[:])
	}
	field([]byte("observatory audit 1"))
	field(tenant[:])
	field(e.PrevHash[:])
	number(e.Seq)
	number(e.At.UnixMicro())
	for _, text := range []string{string(e.Actor.Kind), e.Actor.ID, e.Actor.Label, e.Action, e.Target, e.CorrelationID} {
		field([]byte(text))
	}
	for _, name := range slices.Sorted(maps.Keys(e.Details)) {
		field([]byte(name))
		field([]byte(e.Details[name]))
	}
	return AuditHash(h.Sum(nil))
}

// AuditRows are a tenant's audit log.
type AuditRows interface {
	// LockTenant makes other changes of this tenant wait until the transaction ends. Every change takes it first: it keeps
	// the log without gaps, and lets rules such as "the last owner stays" look before they act.
	LockTenant(ctx context.Context) error
	LastAudit(ctx context.Context) (seq int64, hash AuditHash, err error) // 0 and zeros for an empty log
	AddAudit(ctx context.Context, e AuditEntry) error
	AuditBefore(ctx context.Context, seq int64, limit int) ([]AuditEntry, error) // newest first
	AuditAfter(ctx context.Context, seq int64, limit int) ([]AuditEntry, error)  // oldest first
}

// AppendAudit adds an entry to the log inside a transaction that holds the tenant's lock. Seq, PrevHash and Hash are
// filled in. Texts are made fit for storage first: valid UTF-8, no NUL, the correlation ID at most 128 bytes.
func AppendAudit(ctx context.Context, tx AuditRows, tenant ID, e AuditEntry) (AuditEntry, error) {
	seq, prev, err := tx.LastAudit(ctx)
	if err != nil {
		return AuditEntry{}, err
	}
	e.Seq, e.PrevHash = seq+1, prev
	e.At = e.At.UTC().Truncate(time.Microsecond)
	e.Actor.Label, e.Target = storable(e.Actor.Label), storable(e.Target)
	if e.CorrelationID = storable(e.CorrelationID); len(e.CorrelationID) > 128 {
		e.CorrelationID = storable(e.CorrelationID[:128])
	}
	details := make(Details, len(e.Details))
	for name, value := range e.Details {
		details[storable(name)] = storable(value)
	}
	e.Details = details
	e.Hash = e.ChainHash(tenant)
	return e, tx.AddAudit(ctx, e)
}

func storable(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// Audit is the service for reading audit logs.
type Audit struct{ service }

// AuditPage is part of a log, newest first.
type AuditPage struct {
	Entries []AuditEntry
	Next    string // cursor of the next page; empty on the last
}

// MaxAuditPage is the longest page.
const MaxAuditPage = 500

// List returns at most limit entries (1 to MaxAuditPage; others are brought into the range) that come after the cursor;
// an empty cursor starts at the newest entry. It returns ErrCursorInvalid.
func (a *Audit) List(ctx context.Context, tenant ID, cursor string, limit int) (AuditPage, error) {
	before := int64(1<<63 - 1)
	if cursor != "" {
		var err error
		if before, err = strconv.ParseInt(cursor, 10, 64); err != nil || before < 1 {
			return AuditPage{}, ErrCursorInvalid
		}
	}
	limit = min(max(limit, 1), MaxAuditPage)
	var page AuditPage
	err := a.store.Tenant(ctx, tenant, func(tx TenantTx) (err error) {
		page.Entries, err = tx.AuditBefore(ctx, before, limit)
		return err
	})
	if n := len(page.Entries); n == limit && page.Entries[n-1].Seq > 1 {
		page.Next = strconv.FormatInt(page.Entries[n-1].Seq, 10)
	}
	return page, err
}

// AuditVerification is the outcome of checking a log.
type AuditVerification struct {
	OK       bool
	Entries  int64     // that were checked and hold
	Head     AuditHash // of the last entry that holds; who notes it can later prove that nothing up to it was changed
	BrokenAt int64     // Seq of the first entry that does not hold; 0 when all do
}

// Verify walks a tenant's whole log and computes every hash again.
//
// A chain cannot prove by itself that its newest entries were not cut off: compare Head or Entries with a note of before.
func (a *Audit) Verify(ctx context.Context, tenant ID) (AuditVerification, error) {
	const batch = 1000
	v := AuditVerification{OK: true}
	err := a.store.Tenant(ctx, tenant, func(tx TenantTx) error {
		for {
			entries, err := tx.AuditAfter(ctx, v.Entries, batch)
			if err != nil {
				return err
			}
			for _, e := range entries {
				if e.Seq != v.Entries+1 || e.PrevHash != v.Head || e.Hash != e.ChainHash(tenant) {
					v.OK, v.BrokenAt = false, v.Entries+1
					return nil
				}
				v.Entries, v.Head = e.Seq, e.Hash
			}
			if len(entries) < batch {
				return nil
			}
		}
	})
	return v, err
}

// Tenants returns the IDs of all tenants, in order, for commands that go over all logs.
func (a *Audit) Tenants(ctx context.Context) ([]ID, error) {
	var all []ID
	err := a.store.System(ctx, func(sys SystemTx) (err error) {
		all, err = sys.Tenants(ctx)
		return err
	})
	return all, err
}

// The targets of audit entries.

func targetTenant(id ID) string               { return "tenant:" + id.String() }
func targetUser(id UserID) string             { return "user:" + id.String() }
func targetSource(id SourceID) string         { return "source:" + id.String() }
func targetKey(id KeyID) string               { return "api_key:" + id.String() }
func targetInvitation(id InvitationID) string { return "invitation:" + id.String() }

// changed is the detail of a field that may have changed: its new value, and its old one as field_before.
func changed(field, before, after string) Details { return Details{}.and(field, before, after) }

func (d Details) and(field, before, after string) Details {
	if before != after {
		d[field], d[field+"_before"] = after, before
	}
	return d
}

func list(texts []string) string { return strings.Join(texts, ", ") }
