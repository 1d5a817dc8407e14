package repair

import (
	"bytes"
	"context"
	"slices"

	"github.com/observatory/observatory/ingest"
)

// Rerun is what the rules as they are now make of a stored event.
type Rerun struct {
	// Item is the event as it would be stored now, or why it would not be accepted.
	Item    *ingest.Item
	Changed bool // otherwise than it is stored
}

// Rerun applies the rules of the tenant to events that are stored. What identifies an event and says where it lies (ID, name, time,
// receipt) stays as it is, and so does what was found out from a connection that is long gone. The outcomes, in the order
// of the events, are valid until done is called.
//
// Errors: those of ingest.Preparer.
func (m *Mender) Rerun(ctx context.Context, events []Stored) (all []Rerun, done func(), err error) {
	all = make([]Rerun, len(events))
	bySender := map[ingest.Sender][]int{}
	for i := range events {
		bySender[events[i].Sender] = append(bySender[events[i].Sender], i)
	}
	var dones []func()
	done = func() {
		for _, f := range dones {
			f()
		}
	}
	for sender, places := range bySender {
		items := make([]ingest.Item, len(places))
		for i, at := range places {
			items[i].Event = events[at].Event
			items[i].Event.Violations, items[i].Event.Schema = nil, 0
			items[i].Event.Redactions = slices.Clone(events[at].Redactions)
		}
		end, err := m.prepare.Prepare(ctx, &ingest.Preparation{Sender: sender, Items: items, Trial: m.trial})
		if err != nil {
			done()
			return nil, nil, err
		}
		dones = append(dones, end)
		for i, at := range places {
			settle(&items[i].Event, &events[at].Event)
			all[at] = Rerun{Item: &items[i], Changed: !same(&items[i].Event, &events[at].Event)}
		}
	}
	return all, done, nil
}

// settle gives an event back what must not change.
func settle(now, was *ingest.Event) {
	now.ID, now.Name, now.Type, now.Time, now.Client = was.ID, was.Name, was.Type, was.Time, was.Client
	now.Redactions = union(was.Redactions, now.Redactions)
	if len(now.Bot) == 0 {
		now.Bot = was.Bot
	}
}

// same tells whether two events would be stored alike. Objects are compared as texts.
func same(a, b *ingest.Event) bool {
	return bytes.Equal(a.UserID, b.UserID) && bytes.Equal(a.AnonymousID, b.AnonymousID) && bytes.Equal(a.SessionID, b.SessionID) &&
		bytes.Equal(a.Properties, b.Properties) && bytes.Equal(a.Context, b.Context) &&
		a.Schema == b.Schema && a.Policy == b.Policy && slices.Equal(a.Violations, b.Violations) && slices.Equal(a.Redactions, b.Redactions) &&
		bytes.Equal(a.Bot, b.Bot) && bytes.Equal(a.Facts, b.Facts)
}
