package analytics

import (
	"encoding/base64"
	"encoding/binary"
	"time"
)

// Position is a place in the order of events: Time, then ReceivedAt, Index and Tie, all descending.
type Position struct {
	Time       time.Time // to the millisecond, like ReceivedAt
	ReceivedAt time.Time
	Index      uint16 // in the request
	Tie        uint64 // from the event's ID and name; the store makes it
}

// A cursor is a position as fixed-width bytes, so that it is short however long an event's ID is. It tells nothing that the
// last event of the page did not, and what it is used with stays within the tenant and filter of the request.
const (
	cursorVersion = 1
	cursorSize    = 1 + 8 + 8 + 2 + 8
)

// Cursor is the position as a text that callers can keep.
func (p Position) Cursor() string {
	b := make([]byte, 0, cursorSize)
	b = append(b, cursorVersion)
	b = binary.BigEndian.AppendUint64(b, uint64(p.Time.UnixMilli()))
	b = binary.BigEndian.AppendUint64(b, uint64(p.ReceivedAt.UnixMilli()))
	b = binary.BigEndian.AppendUint16(b, p.Index)
	b = binary.BigEndian.AppendUint64(b, p.Tie)
	return base64.RawURLEncoding.EncodeToString(b)
}

// ParseCursor returns ErrCursorInvalid for everything that Cursor does not write.
func ParseCursor(s string) (Position, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != cursorSize || b[0] != cursorVersion {
		return Position{}, ErrCursorInvalid
	}
	p := Position{
		Time:       time.UnixMilli(int64(binary.BigEndian.Uint64(b[1:]))).UTC(),
		ReceivedAt: time.UnixMilli(int64(binary.BigEndian.Uint64(b[9:]))).UTC(),
		Index:      binary.BigEndian.Uint16(b[17:]),
		Tie:        binary.BigEndian.Uint64(b[19:]),
	}
	for _, t := range []time.Time{p.Time, p.ReceivedAt} {
		if t.Before(EarliestTime()) || t.After(LatestTime()) {
			return Position{}, ErrCursorInvalid
		}
	}
	return p, nil
}
