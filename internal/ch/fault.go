package ch

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/observatory/observatory/internal/fault"
)

// What goes wrong at the event store, in words that anybody may see.
var (
	ErrTooExpensive = fault.New(fault.Invalid, "query_too_expensive", "The query needs more time or memory than it may use. Ask for a shorter time range, fewer breakdowns, or a longer interval.")
	ErrUnavailable  = fault.New(fault.Unavailable, "event_store_unavailable", "The event store does not answer. Try again in a moment.").After(time.Second)
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
		refused *clickhouse.Exception
		network net.Error
	)
	switch {
	case errors.As(err, &refused):
		return classifyCode(refused.Code, refused.Message)
	case errors.As(err, &network), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed),
		errors.Is(err, context.DeadlineExceeded), errors.Is(err, clickhouse.ErrAcquireConnTimeout),
		errors.Is(err, clickhouse.ErrConnectionClosed), errors.Is(err, clickhouse.ErrAcquireConnNoAddress):
		return ErrUnavailable
	}
	return nil
}

// classifyCode reads an error code of the server (system.errors lists them).
func classifyCode(code int32, message string) *fault.Error {
	switch code {
	case 158, 159, 160, 307, 396: // too many rows, timeout, too slow, too many bytes, too many rows or bytes
		return ErrTooExpensive
	case 241: // memory limit: of this query, or of the whole server and then somebody else's doing
		if strings.Contains(strings.ToLower(message), "(total)") {
			return ErrUnavailable
		}
		return ErrTooExpensive
	case 202, 203, 209, 210, 236, 243, 252, 279, 394, 425, 439: // too many queries, network, aborted, disk full, too many parts, no server, cancelled
		return ErrUnavailable
	}
	return nil
}
