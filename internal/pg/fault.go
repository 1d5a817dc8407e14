package pg

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"

	"github.com/observatory/observatory/internal/fault"
)

// What goes wrong at the database, in words that anybody may see.
var (
	ErrNotFound    = fault.New(fault.NotFound, "not_found", "There is no such thing here.")
	ErrExists      = fault.New(fault.Conflict, "already_exists", "It exists already.")
	ErrInUse       = fault.New(fault.Conflict, "reference_broken", "It refers to something that is not there, or something still refers to it.")
	ErrInvalid     = fault.New(fault.Invalid, "invalid_value", "A value is not acceptable.")
	ErrChanged     = fault.New(fault.Conflict, "changed_meanwhile", "It was changed by somebody else at the same moment. Try again.")
	ErrUnavailable = fault.New(fault.Unavailable, "control_plane_unavailable", "The control plane does not answer. Try again in a moment.").After(time.Second)
)

// Fault translates an error of the driver into a fault, which wraps it. Faults and errors that it does not know, and a
// cancelled context, are returned as they are.
func Fault(err error) error {
	var known *fault.Error
	if err == nil || errors.As(err, &known) || errors.Is(err, context.Canceled) {
		return err
	}
	if f := classify(err); f != nil {
		return f.Because(err)
	}
	return err
}

func classify(err error) *fault.Error {
	var (
		refused *pgconn.PgError
		connect *pgconn.ConnectError
		network net.Error
	)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return ErrNotFound
	case errors.As(err, &refused):
		return classifyState(refused.Code)
	case errors.As(err, &connect), errors.As(err, &network), pgconn.SafeToRetry(err),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed),
		errors.Is(err, context.DeadlineExceeded), errors.Is(err, puddle.ErrClosedPool):
		return ErrUnavailable
	}
	return nil
}

// classifyState reads an SQLSTATE, https://www.postgresql.org/docs/current/errcodes-appendix.html.
func classifyState(state string) *fault.Error {
	switch state {
	case "23505", "23P01": // unique, exclusion
		return ErrExists
	case "23503":
		return ErrInUse
	case "23514": // check
		return ErrInvalid
	case "40001", "40P01": // serialization, deadlock
		return ErrChanged
	case "57014", "57P01", "57P02", "57P03", "57P05", "25006": // timed out, shutting down, crashed, starting, idle, standby
		return ErrUnavailable
	}
	switch {
	case strings.HasPrefix(state, "22"): // bad data: out of range, not UTF-8, a zero byte
		return ErrInvalid
	case strings.HasPrefix(state, "08"), strings.HasPrefix(state, "53"), strings.HasPrefix(state, "58"): // connection, resources, disk
		return ErrUnavailable
	}
	return nil
}
