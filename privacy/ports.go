package privacy

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/follow"
	"github.com/observatory/observatory/tenants"
)

// What the driver of a request works with, besides the copies. Each method may be called again after a crash with the same outcome.

// Person is somebody by every ID under which they go.
type Person struct {
	Given    Identifier
	Subjects            // Given included, in every form in which it may be stored
	Events   int64      // theirs that are stored
	First    *time.Time // the time of the earliest of these; nil when there is none
	Last     *time.Time
	Prior    []Entry `json:",omitempty"` // of a request: what held before it, where that was not Free
}

// Resolver finds out who is meant.
type Resolver interface {
	// Resolve answers one Person for each identifier, in their order. Of somebody who is not known it holds the identifier alone.
	Resolve(ctx context.Context, tenant tenants.ID, given []Identifier) ([]Person, error)
}

// Standing is what becomes of a person's events that come.
type Standing string

// The standings.
const (
	Free       Standing = "none"       // they are stored, again
	Barred     Standing = "suppressed" // they are not stored
	Restricted Standing = "restricted" // they are held
)

// Entry is an identifier and what becomes of the events that have it.
type Entry struct {
	Identifier // not of the kind Email: in which properties it is, the resolver has said
	Standing   Standing
	Erased     *time.Time // what was received before stays out for ever, also once they are free; nil, or earlier than is said already: as it is
	Person     int        // which of the request's persons, from 0: who frees one identifier, frees those that came with it
}

// Suppressions decide whose events are stored.
type Suppressions interface {
	// Put writes the entries of a request. They are in force on a node once it has applied the mark that comes back; the same entries again
	// get a mark that is as high or higher. An entry that is Free also frees
	// whatever an earlier request put for the same person as its identifier.
	Put(ctx context.Context, tenant tenants.ID, request uuid.UUID, entries []Entry) (follow.Mark, error)
}

// LogPosition is up to where one log may hold something of the subjects.
type LogPosition struct {
	Log     uuid.UUID `json:"log"`
	Host    string    `json:"host"`
	Kind    string    `json:"kind"`           // local or kafka
	End     int64     `json:"end"`            // offset: what comes behind it was accepted under the new rules
	Clock   time.Time `json:"clock"`          // of the node, when it had applied them
	Retired bool      `json:"retired"`        // it never came back to say that it has forgotten what is before End
	Text    string    `json:"text,omitempty"` // what else there is to say about it, for the certificate
}

// Position is the barrier of a request.
type Position struct {
	Logs           []LogPosition `json:"logs"`
	ReceivedBefore time.Time     `json:"received_before"` // later than every Clock
}

// Barriers say when nothing before a position is on its way any more.
type Barriers interface {
	// Barrier is ready when every log has applied the mark, stored what came before, and forgotten it. Until then waiting names what it waits
	// for, in words. Once it was ready for a mark, it stays so and the position is the same.
	Barrier(ctx context.Context, mark follow.Mark) (position Position, ready bool, waiting []string, err error)
}

// Holder is a Copy that can set aside what it has, for a restriction.
type Holder interface {
	Copy
	// Hold moves what there is of the subjects to where nothing reads it, until it is released.
	Hold(ctx context.Context, tenant tenants.ID, op Operation) (Evidence, error)
}

// Releases give back what was held of people whose data may be used again.
type Releases interface {
	// Release stores what is held of a tenant and need not be any more, under its own IDs and times. What was erased meanwhile does not come
	// back. It is called again with the same request until it is done.
	Release(ctx context.Context, tenant tenants.ID, request uuid.UUID) (e Evidence, done bool, err error)
}

// Exporter writes the file that a person has a right to.
type Exporter interface {
	// Export makes the file of the operation's subjects, unless it is there. The evidence tells its counts and hashes.
	Export(ctx context.Context, tenant tenants.ID, op Operation) (Evidence, error)
}

// Certifier signs what a request has come to.
type Certifier interface {
	// Certify keeps a certificate of the request, one and always the same, and answers what the audit log is to say about it. It is called
	// when every step has ended, just before the request gets its final state, which is r.State already.
	Certify(ctx context.Context, r Request) (Evidence, error)
}
