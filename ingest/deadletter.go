package ingest

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/google/uuid"
)

// DefaultKeepDays is how many days a rejected event stays in quarantine where the tenant has not said.
const DefaultKeepDays = 90

// DeadLetter is a rejected event on its way into quarantine.
type DeadLetter struct {
	*Header
	Item
	Index int
}

// Cause groups dead letters that break the same rule in the same place: by code, event, path (whatever the place in a list) and schema.
func (d *DeadLetter) Cause() uuid.UUID {
	return CauseOf(d.Rejection, d.Event.Name)
}

// CauseOf is the cause that events of a name which are rejected for that reason are grouped by.
func CauseOf(r *Rejection, event []byte) uuid.UUID {
	h := sha256.New()
	for _, part := range [...]string{r.Code, string(event), everyPlace(r.Path)} {
		h.Write(binary.AppendUvarint(nil, uint64(len(part))))
		h.Write([]byte(part))
	}
	h.Write(binary.AppendUvarint(nil, uint64(r.Schema))) //nolint:gosec // none is negative
	id := uuid.UUID(h.Sum(nil)[:16])
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80 // version 8: made as its maker likes (RFC 9562)
	return id
}

// everyPlace writes items[2].price as items[].price.
func everyPlace(path string) string {
	var out []byte
	inside := false
	for i := range len(path) {
		switch c := path[i]; {
		case c == '[':
			inside = true
			out = append(out, "[]"...)
		case c == ']':
			inside = false
		case !inside:
			out = append(out, c)
		}
	}
	return string(out)
}

// At is the event's time, or when it was received where it has none that could be read.
func (d *DeadLetter) At() time.Time {
	if t := d.Event.Time; !t.Before(EarliestTime()) && t.Before(d.ReceivedAt.Add(MaxClockAhead)) {
		return t
	}
	return d.ReceivedAt
}

// ExpiresAt is when it goes for good.
func (d *DeadLetter) ExpiresAt() time.Time {
	days := d.KeepDays
	if days == 0 {
		days = DefaultKeepDays
	}
	return d.ReceivedAt.AddDate(0, 0, days)
}
