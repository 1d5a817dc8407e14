package ingest

import (
	"strings"
	"time"

	"github.com/observatory/observatory/ingest/doc"
	"github.com/observatory/observatory/tenants"
)

// Suppression knows whose events must not be stored any more, and whose are to be held.
type Suppression interface {
	// Enter gives what holds now. Whoever acts on it calls Leave when what he did is in the log, or written down: a change is in force only
	// when everybody has left who entered before it.
	Enter() SuppressionView
	// Known is false while what holds is so long out of date that nobody can say who is not suppressed. Then events are held.
	Known() bool
}

// SuppressionView is what holds at one time.
type SuppressionView interface {
	// Of is what holds for a tenant's people; nil where nothing does, which is nearly always.
	Of(tenant tenants.ID) Judge
	// Empty tells whether nothing holds for anybody.
	Empty() bool
	Leave()
}

// Judge knows what holds for the people of one tenant.
type Judge interface {
	// Paths are the properties whose values are to be looked at, as in properties.phone.
	Paths() []string
	// Verdict judges an event by what it tells about people.
	Verdict(t Traces) Verdict
}

// Traces are what an event tells about people.
type Traces struct {
	UserID, AnonymousID []byte
	PreviousID          []byte // of an alias: who the user was before
	ReceivedAt          time.Time
	Entered             bool     // it was let in before, and judged then: only what was erased stays out
	Paths               []string // of the values
	Values              [][]byte // texts
}

// Verdict says what becomes of an event for the sake of the people whom it is about. Stronger verdicts are greater.
type Verdict uint8

// The verdicts. Their numbers stand in the log.
const (
	Pass        Verdict = iota
	HoldUnknown         // nobody can say now whether it may be stored
	HoldPerson          // its person's data is kept and not used
	Bar                 // it is not stored

	// Unlink comes on top of any but Bar: the event is somebody else's, and goes on without its anonymous ID.
	Unlink Verdict = 0x80

	// These are verdicts about the number of a tenant's events, and stand in admissions only.
	HoldQuota  Verdict = 0x40 // its plan allows no more
	HoldUnpaid Verdict = 0x41 // its invoices are not paid
)

// Codes of events that are not stored for the sake of their number.
const (
	CodeOverQuota = "over_quota" // its tenant has used up what its plan allows
	CodeUnpaid    = "unpaid"     // its tenant has not paid
	CodeExpired   = "expired"    // it was held for one of these reasons, until its time was over
)

// Codes of events that are not stored for the sake of people.
const (
	CodeSuppressed         = "suppressed"          // its person's data was erased, or nothing more of them is wanted
	CodeRestricted         = "restricted"          // its person's data is kept and not used
	CodeSuppressionUnknown = "suppression_unknown" // it is stored as soon as it is known that it may be
)

// outcome is the outcome of an event that is not stored because of the verdict.
func (v Verdict) outcome(index int) Outcome {
	switch v &^ Unlink {
	case Bar:
		return Outcome{Index: index, Status: Suppressed, Code: CodeSuppressed, Message: "Events of this person are not stored."}
	case HoldPerson:
		return Outcome{Index: index, Status: Held, Code: CodeRestricted, Message: "The data of this person is restricted: it is kept and not used."}
	default:
		return Outcome{Index: index, Status: Held, Code: CodeSuppressionUnknown, Message: "It could not be found out whether this event may be stored. It will be, as soon as it can."}
	}
}

// NoSuppression is for where nobody is suppressed.
type NoSuppression struct{}

// Enter implements Suppression.
func (NoSuppression) Enter() SuppressionView { return NoSuppression{} }

// Known implements Suppression.
func (NoSuppression) Known() bool { return true }

// Of implements SuppressionView.
func (NoSuppression) Of(tenants.ID) Judge { return nil }

// Empty implements SuppressionView.
func (NoSuppression) Empty() bool { return true }

// Leave implements SuppressionView.
func (NoSuppression) Leave() {}

// VerdictOf judges an event that is about to go into the log, or into the store.
func VerdictOf(who Judge, e *Event, receivedAt time.Time) Verdict {
	var properties, context doc.Doc
	return judge(who, e, parsed(&properties, e.Properties), parsed(&context, e.Context), receivedAt)
}

// ErasureOf judges an event that was let in before by what was erased: Bar, Unlink or Pass.
func ErasureOf(who Judge, e *Event, receivedAt time.Time) Verdict {
	return VerdictOf(entered{who}, e, receivedAt)
}

// entered asks a judge about what was let in before.
type entered struct{ Judge }

// Verdict implements Judge.
func (j entered) Verdict(t Traces) Verdict {
	t.Entered = true
	return j.Judge.Verdict(t)
}

func parsed(d *doc.Doc, text []byte) *doc.Node {
	root, err := d.Parse(text)
	if err != nil {
		return d.Empty()
	}
	return root
}

func judge(who Judge, e *Event, properties, context *doc.Node, receivedAt time.Time) Verdict {
	t := Traces{UserID: e.UserID, AnonymousID: e.AnonymousID, ReceivedAt: receivedAt}
	if e.Type == Alias {
		if previous := properties.Child("previous_id"); previous != nil {
			t.PreviousID = previous.Text()
		}
	}
	for _, path := range who.Paths() {
		root, rest := properties, strings.TrimPrefix(path, "properties.")
		if rest == path {
			root, rest = context, strings.TrimPrefix(path, "context.")
		}
		t.look(path, root, rest)
	}
	return who.Verdict(t)
}

// look finds the values at a path below a node. A name may hold dots, and a list stands for each of its elements.
func (t *Traces) look(path string, at *doc.Node, rest string) {
	switch at.Kind() {
	case doc.Object:
		for child := range at.Children() {
			key := string(child.Key())
			if rest == key {
				t.look(path, child, "")
			} else if behind, ok := strings.CutPrefix(rest, key); ok && strings.HasPrefix(behind, ".") {
				t.look(path, child, behind[1:])
			}
		}
	case doc.Array:
		for child := range at.Children() {
			t.look(path, child, rest)
		}
	default:
		if text := at.Text(); rest == "" && len(text) > 0 {
			t.Paths, t.Values = append(t.Paths, path), append(t.Values, text)
		}
	}
}

// Bars judges an item before anything of it is written: its properties and context are as they were sent. It tells whether nothing of the item is
// to be kept but its place and the verdict, which are what is left of it then: senders choose IDs, and may put a name into them. A rejected item
// is barred where it names somebody at all.
func (p *Preparation) Bars(item *Item, properties, context *doc.Node) (barred bool) {
	if p.Judge == nil {
		return false
	}
	e := &item.Event
	v := judge(p.Judge, e, properties, context, p.ReceivedAt)
	if v&Unlink != 0 && item.Rejection != nil {
		v = Bar
	}
	if v == Bar {
		*item = Item{Verdict: Bar}
		return true
	}
	if v&Unlink != 0 {
		e.AnonymousID = nil
	}
	item.Verdict = v &^ Unlink
	return false
}

// BarsRejected is Bars for an item that could not be read as an event: it is judged by what could be, and by what stands in its text.
func (p *Preparation) BarsRejected(item *Item, space *doc.Doc) (barred bool) {
	if p.Judge == nil {
		return false
	}
	none := new(doc.Doc).Empty()
	if p.Bars(item, none, none) {
		return true
	}
	root, err := space.Parse(item.Raw)
	if err != nil || root.Kind() != doc.Object {
		return false // its values are blanked
	}
	e := item.Event
	member := func(was []byte, names ...string) []byte {
		for _, name := range names {
			if n := root.Child(name); n != nil && len(was) == 0 {
				was = n.Text()
			}
		}
		return was
	}
	e.UserID = member(e.UserID, "user_id", "userId")
	e.AnonymousID = member(e.AnonymousID, "anonymous_id", "anonymousId")
	object := func(names ...string) *doc.Node {
		for _, name := range names {
			if n := root.Child(name); n != nil {
				return n
			}
		}
		return none
	}
	read := Item{Event: e, Rejection: item.Rejection, Raw: item.Raw, Format: item.Format}
	if !p.Bars(&read, object("properties", "traits"), object("context")) {
		return false
	}
	*item = read
	return true
}
