package ingest

import (
	"fmt"
	"time"
)

// CodeDuplicate is the code of an event whose ID was stored before.
const CodeDuplicate = "duplicate_event_id"

// builder works out what a range of the log comes to. The same range gives the same settlement however often it is built,
// because the state that it asks changes only when the range is settled. It keeps its memory between ranges.
type builder struct {
	state   SinkState
	now     map[SeenKey]time.Time // first seen within this range
	seen    []Seen
	out     Settlement
	ledger  map[ledgerKey]int // place in out.Ledger
	rulings []Ruling          // of what is still to be settled
	entry   int               // that is being settled
	meters  map[meterKey]int  // place in metered
	metered []metering
}

type ledgerKey struct {
	Sender
	hour int64
}

func newBuilder(state SinkState) builder {
	return builder{state: state, now: map[SeenKey]time.Time{}, ledger: map[ledgerKey]int{}, meters: map[meterKey]int{}}
}

func (b *builder) settlement(r Range, entries []Entry) (*Settlement, error) {
	clear(b.now)
	clear(b.ledger)
	clear(b.meters)
	clear(b.out.Events)
	b.seen, b.rulings, b.metered = b.seen[:0], r.Rulings, b.metered[:0]
	b.out = Settlement{
		Range: r, Events: b.out.Events[:0], DeadLetters: b.out.DeadLetters[:0], Receipts: b.out.Receipts[:0], Ledger: b.out.Ledger[:0],
		Repairs: b.out.Repairs[:0], Reruns: b.out.Reruns[:0], Held: b.out.Held[:0],
	}
	for i, entry := range entries {
		b.entry = i
		settle := b.request
		if isReplay(entry.Record) {
			settle = b.replay
		}
		if err := settle(entry.Record); err != nil {
			return nil, fmt.Errorf("log offset %d: %w", entry.Offset, err)
		}
	}
	return &b.out, nil
}

// request settles the events of one record.
func (b *builder) request(record []byte) error {
	reader, err := ReadRecord(record)
	if err != nil {
		return err
	}
	header := reader.Header
	receipt := SettledReceipt{Header: &header, EventIDs: make([][]byte, 0, reader.Items)}
	counts, meter := b.countsOf(&header), b.meterOf(header.Tenant, header.ReceivedAt)
	var item Item
	for i := range reader.Items {
		if err := reader.Next(&item); err != nil {
			return err
		}
		outcome, err := b.event(&header, &item, i, meter)
		if err != nil {
			return err
		}
		if outcome.Status == Suppressed { // see Bars
			item.Event.ID = nil
		}
		receipt.EventIDs = append(receipt.EventIDs, item.Event.ID)
		b.out.Ledger[counts].Counts.Add(outcome.Status, 1)
		if outcome.Status != Stored {
			receipt.Exceptions = append(receipt.Exceptions, outcome)
		}
	}
	b.out.Receipts = append(b.out.Receipts, receipt)
	return nil
}

// event decides what becomes of one event. meter is where it counts if it is stored.
func (b *builder) event(header *Header, item *Item, index, meter int) (Outcome, error) {
	verdict := b.verdict(index, &item.Event, item.Verdict)
	if verdict == Bar {
		return verdict.outcome(index), nil
	}
	if r := item.Rejection; r != nil {
		b.out.DeadLetters = append(b.out.DeadLetters, DeadLetter{Header: header, Item: *item, Index: index})
		return Outcome{Index: index, Status: Quarantined, Code: r.Code, Message: r.Message}, nil
	}
	key := b.state.KeyOf(header.Sender, item.Event.ID)
	first, seen, err := b.firstSeen(key, header.ReceivedAt)
	if err != nil {
		return Outcome{}, err
	}
	if seen {
		return Outcome{Index: index, Status: Duplicate, Code: CodeDuplicate, Message: duplicateOf(first)}, nil
	}
	b.see(key, header.ReceivedAt)
	stored := StoredEvent{Header: header, Event: item.Event, Index: index}
	var outcome Outcome
	switch {
	case verdict != Pass:
		outcome = verdict.outcome(index)
	case !b.admits(meter, &item.Event):
		outcome = b.metered[meter].limit.outcome(index, header.ReceivedAt)
	}
	if outcome.Status == Held {
		b.out.Held = append(b.out.Held, HeldEvent{StoredEvent: stored, Reason: outcome.Code, At: header.ReceivedAt, Until: outcome.Until})
		return outcome, nil
	}
	b.out.Events = append(b.out.Events, stored)
	return Outcome{Index: index, Status: Stored}, nil
}

// verdict is what was ruled about an event of the entry in hand, now or when it was accepted. What is left of it after that is done here too.
func (b *builder) verdict(index int, e *Event, accepted Verdict) Verdict {
	verdict := accepted
	if b.out.Range.Unknown {
		verdict = max(verdict, HoldUnknown)
	}
	if len(b.rulings) > 0 && b.rulings[0].Entry == b.entry && b.rulings[0].Item == index {
		ruled := b.rulings[0].Verdict
		b.rulings = b.rulings[1:]
		if ruled&Unlink != 0 {
			e.AnonymousID = nil
		}
		verdict = max(verdict, ruled&^Unlink)
	}
	return verdict
}

func duplicateOf(first time.Time) string {
	return "An event with this ID was received at " + first.Format(time.RFC3339Nano) + "."
}

// firstSeen tells whether an event was stored, in this range or in the DuplicateWindow before at, and when it was received.
func (b *builder) firstSeen(key SeenKey, at time.Time) (first time.Time, seen bool, err error) {
	if first, seen = b.now[key]; seen {
		return first, true, nil
	}
	if first, seen, err = b.state.FirstSeen(key, at); err != nil {
		return first, false, fmt.Errorf("look for duplicates: %w", err)
	}
	return first, seen, nil
}

// see takes note of an event that is stored for the first time.
func (b *builder) see(key SeenKey, at time.Time) {
	b.now[key] = at
	b.seen = append(b.seen, Seen{Key: key, At: at})
}

// countsOf finds the ledger entry of a request's sender and hour.
func (b *builder) countsOf(h *Header) int {
	hour := h.ReceivedAt.Truncate(time.Hour)
	key := ledgerKey{Sender: Sender{Tenant: h.Tenant, Source: h.Source}, hour: hour.Unix()}
	at, ok := b.ledger[key]
	if !ok {
		at = len(b.out.Ledger)
		b.out.Ledger = append(b.out.Ledger, LedgerEntry{Sender: key.Sender, Hour: hour})
		b.ledger[key] = at
	}
	return at
}
