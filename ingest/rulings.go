package ingest

import (
	"fmt"

	"github.com/observatory/observatory/ingest/doc"
	"github.com/observatory/observatory/tenants"
)

// rulings judges the events of a range by what was erased by now. They were judged by all that held when they went into the log; who was
// suppressed or restricted later has them stored, and an erasure or restriction finds them behind its barrier. Only the entries of tenants for
// whose people something holds are looked into.
func rulings(view SuppressionView, entries []Entry) (all []Ruling, err error) {
	if view.Empty() {
		return nil, nil
	}
	for i, entry := range entries {
		if len(entry.Record) < 17 {
			return nil, fmt.Errorf("log offset %d: %w", entry.Offset, errRecord)
		}
		who := view.Of(tenants.ID(entry.Record[1:17])) // there in every kind of record
		if who == nil {
			continue
		}
		judge := entered{who}
		add := func(item int, v Verdict) {
			if v != Pass {
				all = append(all, Ruling{Entry: i, Item: item, Verdict: v})
			}
		}
		if isReplay(entry.Record) {
			err = ruleReplay(judge, entry.Record, add)
		} else {
			err = ruleRequest(judge, entry.Record, add)
		}
		if err != nil {
			return nil, fmt.Errorf("log offset %d: %w", entry.Offset, err)
		}
	}
	return all, nil
}

func ruleRequest(judge Judge, record []byte, add func(item int, v Verdict)) error {
	reader, err := ReadRecord(record)
	if err != nil {
		return err
	}
	p := Preparation{Judge: judge, ReceivedAt: reader.ReceivedAt}
	var item Item
	var space doc.Doc
	for i := range reader.Items {
		if err := reader.Next(&item); err != nil {
			return err
		}
		switch {
		case item.Verdict == Bar: // already
		case item.Rejection == nil:
			add(i, VerdictOf(judge, &item.Event, reader.ReceivedAt))
		case p.BarsRejected(&item, &space):
			add(i, Bar)
		}
	}
	return nil
}

func ruleReplay(judge Judge, record []byte, add func(item int, v Verdict)) error {
	reader, err := ReadReplay(record)
	if err != nil {
		return err
	}
	var e Replayed
	for i := range reader.Events {
		if err := reader.Next(&e); err != nil {
			return err
		}
		if e.Verdict != Bar {
			add(i, VerdictOf(judge, &e.Event, e.Receipt.ReceivedAt()))
		}
	}
	return nil
}
