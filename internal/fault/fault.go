// Package fault is the one error type of Observatory. Domains return it, adapters translate driver errors into it, and
// the edge maps its code to an HTTP or gRPC status. An error that is not a fault is "internal": its text is logged and
// never shown.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what sort of failure it was; it decides the HTTP status. The zero kind is Internal.
type Kind int

// The kinds, with the HTTP status that each becomes.
const (
	Internal        Kind = iota // 500
	Invalid                     // 400: the request is malformed or breaks a rule
	Unauthenticated             // 401: no credentials, or credentials that are not valid (any more)
	Forbidden                   // 403: valid credentials that do not allow this
	NotFound                    // 404: not there, or not there for this tenant
	Conflict                    // 409: it exists already, or it changed meanwhile
	TooLarge                    // 413
	RateLimited                 // 429
	Unavailable                 // 503: something behind is down or full; try again
	PaymentRequired             // 402: an invoice is to be paid first
)

// Code is a stable, documented identifier of one error, in snake case, for example "email_taken". Clients may switch on it.
type Code string

// Error is what a caller may be told.
type Error struct {
	Kind       Kind
	Code       Code
	Message    string        // one sentence for people: what happened and what to do
	RetryAfter time.Duration // 0 when trying again later makes no difference
	cause      error
}

// New makes a fault. The message is formatted and must hold nothing that the caller may not see.
func New(kind Kind, code Code, format string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Because returns a copy that wraps cause, which is logged and never shown.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// After returns a copy that asks the caller to wait for d before trying again.
func (e *Error) After(d time.Duration) *Error {
	c := *e
	c.RetryAfter = d
	return &c
}

func (e *Error) Error() string {
	if e.cause != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Message, e.cause)
	}
	return fmt.Sprintf("%s: %s", e.Code, e.Message)
}

func (e *Error) Unwrap() error { return e.cause }

// Is makes errors.Is match faults of the same code.
func (e *Error) Is(target error) bool {
	var t *Error
	return errors.As(target, &t) && t.Code == e.Code
}

// From finds the fault in err's chain. An error without one becomes an internal fault that wraps it.
func From(err error) *Error {
	var f *Error
	if errors.As(err, &f) {
		return f
	}
	return New(Internal, "internal", "Something went wrong on our side. Nothing that was acknowledged is lost. Try again, and quote the correlation ID if it persists.").Because(err)
}

// KindOf is the kind of the fault in err's chain, Internal when there is none.
func KindOf(err error) Kind { return From(err).Kind }
