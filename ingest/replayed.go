package ingest

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/tenants"
)

// ReplayKind is what is done with events that go through the log again.
type ReplayKind uint8

// The kinds. Their numbers are the first byte of records, apart from every version of a request's record.
const (
	RepairReplay  ReplayKind = 0xf1 // takes events out of quarantine
	HistoryReplay ReplayKind = 0xf2 // replaces stored events by what the rules make of them now
	ReleaseReplay ReplayKind = 0xf3 // stores events that were held
	QuotaRelease  ReplayKind = 0xf4 // stores events that were held for their number, or as unpaid: metered when they are released
)

// releases tells whether a replay is about events that were held.
func (k ReplayKind) releases() bool { return k == ReleaseReplay || k == QuotaRelease }

// ReplayHeader says what the events of a replay's record have in common.
type ReplayHeader struct {
	Kind   ReplayKind
	Tenant tenants.ID
	Replay uuid.UUID
	At     time.Time // when the record was made; milliseconds, UTC
}

// Replayed is an event that goes through the log again, with the identity and the times that it was received with.
type Replayed struct {
	Source        tenants.SourceID
	Key           tenants.KeyID
	Receipt       ReceiptID
	Index         int // in the request that it was received in
	CorrelationID string
	Event         Event
	// StoredAt is when an event with its ID was received that is stored; zero when there is none, as far as the store knows.
	StoredAt time.Time
	// Of a release only: since when it was held, and Bar where it must not be stored any more, so that nothing of it goes with it but its ID.
	HeldAt  time.Time
	Verdict Verdict
}

// The record of a replay:
//
//	kind 1 byte | tenant, replay 16 bytes each | at, int64 ms | number of events
//	then each: source, key, receipt 16 bytes each | stored at, int64 ms, 0: not stored | of a release: held at, int64 ms | index | correlation ID | the event, as in the record of a request

// AppendReplay appends the record of events of a replay to dst.
func AppendReplay(dst []byte, h ReplayHeader, events []Replayed) []byte {
	dst = append(dst, byte(h.Kind))
	dst = append(dst, h.Tenant[:]...)
	dst = append(dst, h.Replay[:]...)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(h.At.UnixMilli())) //nolint:gosec // after 1970
	dst = appendNumber(dst, len(events))
	for i := range events {
		e := &events[i]
		dst = append(dst, e.Source[:]...)
		dst = append(dst, e.Key[:]...)
		dst = append(dst, e.Receipt[:]...)
		var stored int64
		if !e.StoredAt.IsZero() {
			stored = e.StoredAt.UnixMilli()
		}
		dst = binary.LittleEndian.AppendUint64(dst, uint64(stored)) //nolint:gosec // after 1970
		if h.Kind.releases() {
			dst = binary.LittleEndian.AppendUint64(dst, uint64(e.HeldAt.UnixMilli())) //nolint:gosec // after 1970
		}
		dst = appendNumber(dst, e.Index)
		dst = appendText(dst, e.CorrelationID)
		dst = appendItem(dst, &Item{Event: e.Event, Verdict: e.Verdict})
	}
	return dst
}

// isReplay tells the record of a replay from that of a request.
func isReplay(record []byte) bool {
	return len(record) > 0 && ReplayKind(record[0]) >= RepairReplay && ReplayKind(record[0]) <= QuotaRelease
}

// ReplayReader walks over the record of a replay. What it returns points into the record.
type ReplayReader struct {
	ReplayHeader
	Events int // in the record
	r      RecordReader
}

// ReadReplay begins to read the record of a replay.
func ReadReplay(b []byte) (ReplayReader, error) {
	const fixed = 1 + 2*16 + 8
	var r ReplayReader
	if !isReplay(b) || len(b) < fixed {
		return r, errRecord
	}
	r.Kind = ReplayKind(b[0])
	copy(r.Tenant[:], b[1:])
	copy(r.Replay[:], b[17:])
	r.At = time.UnixMilli(int64(binary.LittleEndian.Uint64(b[33:]))).UTC() //nolint:gosec // was one
	r.r.rest = b[fixed:]
	var err error
	r.Events, err = r.r.number(len(r.r.rest))
	return r, err
}

// Next reads the next event; call it Events times.
func (r *ReplayReader) Next(e *Replayed) error {
	const fixed = 3*16 + 8
	*e = Replayed{}
	b := r.r.rest
	if len(b) < fixed {
		return errRecord
	}
	copy(e.Source[:], b)
	copy(e.Key[:], b[16:])
	copy(e.Receipt[:], b[32:])
	if stored := int64(binary.LittleEndian.Uint64(b[48:])); stored != 0 { //nolint:gosec // was one
		e.StoredAt = time.UnixMilli(stored).UTC()
	}
	r.r.rest = b[fixed:]
	if r.Kind.releases() {
		if len(r.r.rest) < 8 {
			return errRecord
		}
		e.HeldAt = time.UnixMilli(int64(binary.LittleEndian.Uint64(r.r.rest))).UTC() //nolint:gosec // was one
		r.r.rest = r.r.rest[8:]
	}
	var err error
	if e.Index, err = r.r.number(math.MaxUint16); err != nil {
		return err
	}
	if e.CorrelationID, err = r.r.string(); err != nil {
		return err
	}
	var item Item
	if err := r.r.Next(&item); err != nil {
		return err
	}
	if item.Rejection != nil || item.Verdict != Pass && !r.Kind.releases() {
		return errRecord
	}
	e.Event, e.Verdict = item.Event, item.Verdict
	return nil
}

// header is the header of the request that the event was received in.
func (r *ReplayReader) header(e *Replayed) *Header {
	return &Header{
		Sender: Sender{Tenant: r.Tenant, Source: e.Source, Key: e.Key}, Receipt: e.Receipt, ReceivedAt: e.Receipt.ReceivedAt(), CorrelationID: e.CorrelationID,
	}
}

// Repair is the outcome of a dead letter that was replayed, or of an event that was held.
type Repair struct {
	*Header
	Index   int
	Replay  uuid.UUID
	At      time.Time
	Status  Status // Stored or Duplicate; of what was held also Suppressed
	Held    bool   // it was held
	Message string // why it is not stored; empty when it is
}

// repairKey marks a dead letter as repaired in the sink's state. No event ID is like it: those are UTF-8.
func repairKey(receipt ReceiptID, index int) []byte {
	key := append([]byte("\xffrepair"), receipt[:]...)
	return binary.BigEndian.AppendUint16(key, uint16(index)) //nolint:gosec // at most MaxEvents
}

// replay settles the events of a replay's record.
func (b *builder) replay(record []byte) error {
	reader, err := ReadReplay(record)
	if err != nil {
		return err
	}
	var e Replayed
	for i := range reader.Events {
		if err := reader.Next(&e); err != nil {
			return err
		}
		header := reader.header(&e)
		switch verdict := b.verdict(i, &e.Event, e.Verdict); {
		case reader.Kind.releases():
			err = b.release(&reader.ReplayHeader, header, &e, verdict)
		case verdict != Pass:
			// It stays where it is: what is there of it is for the erasure.
		case reader.Kind == HistoryReplay:
			b.countsOf(header) // the batch is in the ledger, for whoever counts its rows
			b.out.Reruns = append(b.out.Reruns, StoredEvent{Header: header, Event: e.Event, Index: e.Index, Rerun: reader.Replay})
		default:
			err = b.repair(&reader.ReplayHeader, header, &e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// repair settles a dead letter that was put right, once. Its ID is known from then on for as long as if it had been received now.
func (b *builder) repair(replay *ReplayHeader, header *Header, e *Replayed) error {
	once := b.state.KeyOf(header.Sender, repairKey(e.Receipt, e.Index))
	if _, done, err := b.firstSeen(once, replay.At); err != nil || done {
		return err
	}
	out := Repair{Header: header, Index: e.Index, Replay: replay.Replay, At: replay.At}
	key := b.state.KeyOf(header.Sender, e.Event.ID)
	first, seen, err := b.firstSeen(key, replay.At)
	if err != nil {
		return err
	}
	if !seen && !e.StoredAt.IsZero() {
		first, seen = e.StoredAt, true
	}
	if !seen && !b.admits(b.meterOf(header.Tenant, header.ReceivedAt), &e.Event) {
		return nil // it stays where it is
	}
	b.see(once, replay.At)
	counts := &b.out.Ledger[b.countsOf(header)].Counts
	counts.Quarantined--
	if seen {
		counts.Duplicate++
		out.Status, out.Message = Duplicate, duplicateOf(first)
	} else {
		counts.Stored++
		b.see(key, replay.At)
		b.out.Events = append(b.out.Events, StoredEvent{Header: header, Event: e.Event, Index: e.Index})
	}
	b.out.Repairs = append(b.out.Repairs, out)
	return nil
}

// heldKey marks an event that was held as released, in the sink's state. It may be held again later.
func heldKey(e *Replayed) []byte {
	key := append([]byte("\xffheld"), e.Receipt[:]...)
	key = binary.BigEndian.AppendUint16(key, uint16(e.Index))               //nolint:gosec // at most MaxEvents
	return binary.BigEndian.AppendUint64(key, uint64(e.HeldAt.UnixMilli())) //nolint:gosec // after 1970
}

// release settles an event that was held, once: it is stored, or goes for good where its person's data was erased meanwhile. What is still to be
// held stays so.
func (b *builder) release(replay *ReplayHeader, header *Header, e *Replayed, verdict Verdict) error {
	if verdict != Pass && verdict != Bar {
		return nil
	}
	once := b.state.KeyOf(header.Sender, heldKey(e))
	if _, done, err := b.firstSeen(once, replay.At); err != nil || done {
		return err
	}
	stored := StoredEvent{Header: header, Event: e.Event, Index: e.Index}
	if replay.Kind == QuotaRelease {
		stored.MeteredAt = replay.At
		if verdict == Pass && e.StoredAt.IsZero() && !b.admits(b.meterOf(header.Tenant, replay.At), &e.Event) {
			return nil
		}
	}
	b.see(once, replay.At)
	out := Repair{Header: header, Index: e.Index, Replay: replay.Replay, At: replay.At, Status: Stored, Held: true}
	counts := &b.out.Ledger[b.countsOf(header)].Counts
	counts.Held--
	switch {
	case verdict == Bar:
		counts.Suppressed++
		out.Status, out.Message = Suppressed, verdict.outcome(0).Message
	case !e.StoredAt.IsZero():
		counts.Duplicate++
		out.Status, out.Message = Duplicate, duplicateOf(e.StoredAt)
	default:
		counts.Stored++
		b.see(b.state.KeyOf(header.Sender, e.Event.ID), replay.At)
		b.out.Events = append(b.out.Events, stored)
		if replay.Kind == QuotaRelease { // the hour that it counts in has changed, for whoever counts usage
			b.countsOf(&Header{Sender: header.Sender, ReceivedAt: replay.At})
		}
	}
	b.out.Repairs = append(b.out.Repairs, out)
	return nil
}
