package privacy

import (
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/internal/follow"
	"github.com/observatory/observatory/tenants"
)

// ID identifies a request. It is a UUIDv7.
type ID uuid.UUID

func (id ID) String() string { return uuid.UUID(id).String() }

// Request is what somebody asked for, and how far it is.
type Request struct {
	ID     ID
	Tenant tenants.ID
	Type   Type
	State  State
	Note   string // the tenant's own words; it names no subject
	Stay   bool   // of an erasure: the subjects stay suppressed when it is over
	Number int    // of subjects

	FiledAt  time.Time
	FiledBy  tenants.Actor
	Origin   Origin
	Deadline time.Time // by law a month after it was filed
	Extended string    // why the deadline was moved; "" when it was not
	Approval *Approval // nil: waits for somebody to approve

	Resolved bool        // it has been found out who the subjects are
	Mark     follow.Mark // of the suppressions that the barrier is about; 0 before
	Position *Position   // nil before every log is past the barrier
	Closing  follow.Mark // of the erased suppressions that the logs are awaited for before the first copy is emptied; 0 before, and after
	Waiting  string      // what it waits for, in words; "" when for nothing
	Changed  time.Time   // when it got its state
	Ended    *time.Time
	Error    string     // why it failed, in words that the tenant may see
	Asleep   bool       // nothing is to be done until somebody does something: it waits for approval, or is over
	Told     *time.Time // when the owners and admins were told that it is overdue

	Steps []Step // by the order in which they are done; empty in lists and before copies are worked on
}

// Origin is how a request came in.
type Origin string

// The origins.
const (
	ByMember  Origin = "member"  // of the organisation, or its API key
	ByForm    Origin = "form"    // by the subject, on the public page
	BySegment Origin = "segment" // through Segment's interface
)

// Approval is somebody's word that a request is to be carried out.
type Approval struct {
	At time.Time
	By string // label; of requests that need no further word, of who filed them
}

// Overdue tells whether the deadline has passed.
func (r *Request) Overdue(now time.Time) bool { return !r.State.Final() && now.After(r.Deadline) }

// Step is one copy's part in a request.
type Step struct {
	Copy     string
	State    StepState
	Before   Holding  // counted before anything was erased
	After    int64    // items that were left when it was looked through last
	Pending  string   // what is still to be removed from the disk
	Evidence Evidence // of erasing and of looking through
	Began    *time.Time
	Erased   *time.Time // invisible since
	Ended    *time.Time
	Failing  *time.Time // since when each attempt has failed; nil: the last did not
	Error    string     // why
}

// StepState is how far a copy is.
type StepState string

// The states of steps, in their order. The last two are final.
const (
	StepWaiting StepState = "waiting"
	StepCounted StepState = "counted" // Before is known
	StepErased  StepState = "erased"  // invisible; for an export, written; for a restriction, held
	StepClear   StepState = "clear"   // nothing is left, on the disk neither
	StepFailed  StepState = "failed"  // it was tried for as long as makes sense
)

// Final tells whether nothing happens to the step any more.
func (s StepState) Final() bool { return s == StepClear || s == StepFailed }

// Moment is an entry of a request's history.
type Moment struct {
	At    time.Time
	State State
	Actor string // label of a person or key; "": Observatory itself
	Text  string // what happened, without personal data
}

// The faults of requests.
var (
	ErrNoSuchRequest   = fault.New(fault.NotFound, "privacy_request_not_found", "There is no such request.")
	ErrRequestInvalid  = fault.New(fault.Invalid, "privacy_request_invalid", "A request has a type, and names 1 to %d subjects.", MaxSubjects)
	ErrNoteTelling     = fault.New(fault.Invalid, "privacy_note_telling", "The note holds an identifier of a subject. It is kept after the subject is erased, so it must not name anybody.")
	ErrNotCancellable  = fault.New(fault.Conflict, "privacy_request_begun", "The request cannot be called off any more: copies are being worked on, or it is over.")
	ErrNotApprovable   = fault.New(fault.Conflict, "privacy_request_not_waiting", "The request does not wait for approval.")
	ErrExtension       = fault.New(fault.Invalid, "privacy_extension_invalid", "A deadline is moved once, by a reason, to a later day that is at most three months after the request was filed.")
	ErrSubjectBusy     = fault.New(fault.Conflict, "privacy_subject_busy", "Another request about one of the subjects is being carried out. Wait until it is over, or call it off.")
	ErrRequestOver     = fault.New(fault.Conflict, "privacy_request_over", "The request is over.")
	ErrIdempotencyUsed = fault.New(fault.Conflict, "idempotency_key_used", "This Idempotency-Key came with another request before.")
	ErrRequestsOpen    = fault.New(fault.Conflict, "privacy_requests_open", "Too many requests are not over yet. Put more subjects into one request, or wait.")
)
