package repair

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/doc"
	"github.com/observatory/observatory/ingest/wire"
	"github.com/observatory/observatory/tenants"
)

// Letter is a dead letter as it is read back: what was kept of the event.
type Letter struct {
	ingest.Header // of the request that it came with
	Index         int
	EventID       string
	Type          ingest.Type
	Time          time.Time
	Code          string
	Client        [2]string // name and version of the sender's library
	Redactions    []string
	Format        ingest.Format
	Payload       []byte
}

func (l *Letter) cursor() Cursor {
	return Cursor{ReceivedAt: l.ReceivedAt, Receipt: l.Receipt, Index: l.Index}
}

// Mended is what became of a dead letter under a mapping and the rules.
type Mended struct {
	Letter *Letter
	// Item is the event, or why it does not fit. Nil: nothing is left of it that could be put right.
	Item *ingest.Item
	// Text is the event after the mapping, before the rules.
	Text    []byte
	retimed bool // the mapping has changed its time
}

// Mender puts dead letters right. It may be used by several goroutines.
type Mender struct {
	prepare ingest.Preparer
	trial   bool
}

// NewMender makes a mender.
func NewMender(prepare ingest.Preparer) *Mender { return &Mender{prepare: prepare} }

// newTrial makes a mender whose events will not be stored.
func newTrial(prepare ingest.Preparer) *Mender { return &Mender{prepare: prepare, trial: true} }

// Mend applies a mapping to dead letters of one tenant, reads them as events again, and applies the rules of the tenant to
// them. The outcomes, in the order of the letters, are valid until done is called.
//
// Errors: those of ingest.Preparer.
func (m *Mender) Mend(ctx context.Context, mapping Mapping, letters []Letter) (all []Mended, done func(), err error) {
	all = make([]Mended, len(letters))
	var native, segment dialect
	var d doc.Doc
	for i := range letters {
		l := &letters[i]
		all[i].Letter = l
		into := &native
		switch l.Format {
		case ingest.FormatNative:
		case ingest.FormatSegment:
			into = &segment
		case ingest.FormatText, ingest.FormatBinary:
			continue
		}
		root, err := d.Parse(l.Payload)
		if err != nil || root.Kind() != doc.Object {
			continue
		}
		before := timeText(root)
		if !mapping.apply(root) {
			all[i].Item = &ingest.Item{Rejection: &ingest.Rejection{
				Code: ingest.CodeEventTooLarge, Message: fmt.Sprintf("The mapping makes the event larger than %d bytes.", ingest.MaxEventBytes),
			}}
			all[i].identify()
			continue
		}
		all[i].retimed = !bytes.Equal(before, timeText(root))
		if l.Format == ingest.FormatSegment && root.Child("type") == nil && l.Type != 0 {
			root.Member("type").SetString(l.Type.String()) // a call on its own has it in its address
		}
		all[i].Text = into.add(root, i)
	}
	if err := native.read((*wire.Decoder).Decode, "[", "]", all); err != nil {
		return nil, nil, err
	}
	decodeSegment := func(d *wire.Decoder, body []byte) (*ingest.Batch, error) {
		r, err := d.DecodeSegment(body, 0)
		return r.Batch, err
	}
	if err := segment.read(decodeSegment, `{"batch":[`, `]}`, all); err != nil {
		return nil, nil, err
	}
	return m.applyRules(ctx, all)
}

// dialect gathers events of one dialect, to be decoded at once.
type dialect struct {
	body []byte
	ends []int // of each event in the body
	of   []int // places of their letters
}

func (d *dialect) add(root *doc.Node, letter int) []byte {
	if len(d.of) > 0 {
		d.body = append(d.body, ',')
	}
	at := len(d.body)
	d.body = root.Append(d.body)
	d.of = append(d.of, letter)
	d.ends = append(d.ends, len(d.body))
	return d.body[at:len(d.body):len(d.body)]
}

// read decodes what was gathered.
func (d *dialect) read(decode func(*wire.Decoder, []byte) (*ingest.Batch, error), before, after string, all []Mended) error {
	if len(d.of) == 0 {
		return nil
	}
	body := append(append([]byte(before), d.body...), after...)
	batch, err := decode(wire.NewDecoder(), body)
	if err != nil {
		return fmt.Errorf("read mended events: %w", err)
	}
	if len(batch.Items) != len(d.of) {
		return fmt.Errorf("read mended events: %d of %d", len(batch.Items), len(d.of))
	}
	for i, at := range d.of {
		item := &batch.Items[i]
		all[at].Item = item
		all[at].identify()
	}
	return nil
}

func timeText(root *doc.Node) []byte {
	if n := root.Child("timestamp"); n != nil {
		return n.Append(nil)
	}
	return nil
}

// identify gives an event back what it had when it was received.
func (m *Mended) identify() {
	l, item := m.Letter, m.Item
	e := &item.Event
	e.ID = []byte(l.EventID)
	e.Client = ingest.SDK{Name: []byte(l.Client[0]), Version: []byte(l.Client[1])}
	e.Redactions = l.Redactions
	e.Time = m.timeOf(e.Time)
	if item.Rejection == nil && (e.Time.Before(ingest.EarliestTime()) || e.Time.After(l.ReceivedAt.Add(ingest.MaxClockAhead))) {
		item.Rejection = &ingest.Rejection{
			Code: ingest.CodeTimestampOutOfRange, Path: "timestamp",
			Message: fmt.Sprintf("The time is out of range: from %s to one day ahead.", ingest.EarliestTime().Format(time.DateOnly)),
		}
	}
}

// timeOf is when the event happened: by its own time where that has just been put right, else by what was made of it when
// it was received, which knew the error of the sender's clock.
func (m *Mended) timeOf(own time.Time) time.Time {
	l := m.Letter
	switch {
	case own.IsZero() && m.retimed:
		return l.ReceivedAt
	case own.IsZero(), !m.retimed && !l.Time.Equal(l.ReceivedAt): // the latter stands for a time that could not be used
		return l.Time
	}
	return own.UTC().Truncate(time.Millisecond)
}

type senderKey struct {
	source tenants.SourceID
	key    tenants.KeyID
}

// applyRules prepares the events of each sender.
func (m *Mender) applyRules(ctx context.Context, all []Mended) ([]Mended, func(), error) {
	bySender := map[senderKey][]int{}
	for i := range all {
		if all[i].Item != nil {
			key := senderKey{all[i].Letter.Source, all[i].Letter.Key}
			bySender[key] = append(bySender[key], i)
		}
	}
	var dones []func()
	done := func() {
		for _, f := range dones {
			f()
		}
	}
	for _, places := range bySender {
		items := make([]ingest.Item, len(places))
		for i, at := range places {
			items[i] = *all[at].Item
		}
		end, err := m.prepare.Prepare(ctx, &ingest.Preparation{Sender: all[places[0]].Letter.Sender, Items: items, Trial: m.trial})
		if err != nil {
			done()
			return nil, nil, err
		}
		dones = append(dones, end)
		for i, at := range places {
			items[i].Event.Redactions = union(all[at].Letter.Redactions, items[i].Event.Redactions)
			all[at].Item = &items[i]
		}
	}
	return all, done, nil
}

// union is what either list holds, in order.
func union(a, b []string) []string {
	out := append([]string(nil), a...)
next:
	for _, s := range b {
		for _, t := range out {
			if s == t {
				continue next
			}
		}
		out = append(out, s)
	}
	return out
}
