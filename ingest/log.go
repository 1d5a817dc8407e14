package ingest

import (
	"context"

	"github.com/observatory/observatory/internal/fault"
)

// Offset is a place in the log. Offsets grow; the difference of two says nothing.
type Offset int64

// ErrLogFull is returned when the disk has no room left for the log.
var ErrLogFull = fault.New(fault.Unavailable, "log_full", "There is no room to keep events safe right now, so this request was not accepted. Send it again later.")

// ErrLogUnavailable is returned when the log cannot be written for any other reason.
var ErrLogUnavailable = fault.New(fault.Unavailable, "log_unavailable", "Events cannot be kept safe right now, so this request was not accepted. Send it again later.")

// Entry is a record in the log. Next is the offset of the one behind it.
type Entry struct {
	Offset, Next Offset
	Record       []byte
}

// Log is the durable log: the promise behind an acknowledgement, and the source of truth of everything behind it.
type Log interface {
	// Append adds a record and returns the offset behind it once the record is durable: it survives kill -9 and power loss.
	// Where ctx ends first the record may or may not become durable. Errors: ErrLogFull, ErrLogUnavailable.
	Append(ctx context.Context, record []byte) (Offset, error)
	// AppendLoosely adds a record and does not wait until it is durable.
	AppendLoosely(ctx context.Context, record []byte) error
	// Read returns durable entries from an offset on: at least one if there is one, then as many as fit into maxBytes. The
	// entries are valid until the next Read. Offset 0 is the oldest entry that is kept.
	Read(from Offset, maxBytes int) ([]Entry, error)
	// Wait returns when there is a durable entry behind the offset, or with ctx's error.
	Wait(ctx context.Context, after Offset) error
	// End is the offset behind the newest durable entry.
	End() Offset
	// Sync returns the end of the log as soon as everything that was added before the call is durable, or was refused: also what was added
	// loosely. Errors: ErrLogFull, ErrLogUnavailable.
	Sync(ctx context.Context) (Offset, error)
	// Trim says that no entry before the offset will be read again. What lies before it may be removed.
	Trim(before Offset) error
	// Forget is Trim where it matters that nothing is left: of all entries before the offset every byte is to be removed. It returns up to
	// where that is so. Entries that are behind the offset and not trimmed may keep some of it in place, but none does that is added later: it
	// gets as far as it was asked to, when it is called again, once everything is trimmed that was in the log when it was called first.
	Forget(before Offset) (Offset, error)
	Close() error
}
