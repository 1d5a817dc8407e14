// Package certificate proves what was done about a request: a document that names every copy with what was counted before and after, signed
// with a key of the installation, which anybody can verify with the published half of the key.
package certificate

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/privacy"
)

// Format is the form of certificates, and stands in each.
const Format = "observatory-certificate/1"

// Certificate says what was done about a request, and what was found afterwards. It counts and names places, and holds no personal data:
// it may be shown to anybody, for good. Members may be added to this form; none changes its meaning.
type Certificate struct {
	Format     string      `json:"format"`
	Issuer     Issuer      `json:"issuer"`
	IssuedAt   time.Time   `json:"issued_at"`
	Tenant     Tenant      `json:"tenant"`
	Request    Request     `json:"request"`
	Barrier    *Barrier    `json:"barrier"` // null where nothing had to be waited for
	Copies     []Copy      `json:"copies"`
	Exceptions []Exception `json:"exceptions"` // what could not be done; none where the state is completed
	Statements []Statement `json:"statements"`
}

// Issuer is the installation that signs.
type Issuer struct {
	Name    string `json:"name"` // its public URL
	Version string `json:"version"`
}

// Tenant is the organisation whose request it was.
type Tenant struct {
	ID   uuid.UUID `json:"id"`
	Name string    `json:"name"`

	Residency string `json:"residency,omitempty"` // where its data is kept, when it has chosen a region
}

// Request is what was asked for.
type Request struct {
	ID          uuid.UUID     `json:"id"`
	Type        privacy.Type  `json:"type"`
	State       privacy.State `json:"state"`
	FiledAt     time.Time     `json:"filed_at"`
	CompletedAt time.Time     `json:"completed_at"`
	DueAt       time.Time     `json:"due_at"`
	Subjects    int           `json:"subjects"`   // how many were named
	Suppressed  bool          `json:"suppressed"` // whether nothing new of them is stored from then on
}

// Barrier is up to where all that had come in was stored before the copies were emptied.
type Barrier struct {
	ReceivedBefore time.Time `json:"received_before"` // by the clock of the node that received it, whatever time events claim
	Logs           []Log     `json:"logs"`
}

// Log is one log of events.
type Log struct {
	ID        uuid.UUID `json:"id"`
	Kind      string    `json:"kind"`
	End       int64     `json:"end"`       // the offset where it ended when nothing new of the subjects was let in any more
	At        time.Time `json:"at"`        // when that was, by the clock of its node
	Forgotten bool      `json:"forgotten"` // nothing before the offset is left in it
}

// Copy is one place where something about people is kept.
type Copy struct {
	Name     string            `json:"name"`
	State    privacy.StepState `json:"state"`
	Unit     string            `json:"unit"`
	Before   int64             `json:"before"`
	After    int64             `json:"after"`
	BeganAt  *time.Time        `json:"began_at"`
	HiddenAt *time.Time        `json:"hidden_at"` // since when nobody sees it
	EndedAt  *time.Time        `json:"ended_at"`  // when it was looked through and nothing was found, or given up
	Evidence privacy.Evidence  `json:"evidence"`
}

// Exception is what could not be done.
type Exception struct {
	Copy string `json:"copy"` // the name of a copy, or "log"
	Text string `json:"text"`
}

// Statement is what holds for every such request, and is not counted.
type Statement struct {
	About string `json:"about"` // such as "backups"
	Text  string `json:"text"`
}

// ErrNotOver is returned for a request that is not over, or was called off.
var ErrNotOver = fault.New(fault.Conflict, "certificate_not_yet", "A request has a certificate once it is completed.")

// Of is the certificate of a request that has its final state. Words that a failure left behind are not taken over: they may
// quote what failed.
func Of(r privacy.Request, tenant Tenant, issuer Issuer, at time.Time) (Certificate, error) {
	if !r.State.Final() || r.State == privacy.Cancelled {
		return Certificate{}, ErrNotOver
	}
	at = at.UTC().Truncate(time.Millisecond)
	c := Certificate{
		Format: Format, Issuer: issuer, IssuedAt: at, Tenant: tenant, Copies: []Copy{}, Exceptions: []Exception{}, Statements: statements(r.Type),
		Request: Request{
			ID: uuid.UUID(r.ID), Type: r.Type, State: r.State, FiledAt: milliseconds(r.FiledAt), CompletedAt: at, DueAt: milliseconds(r.Deadline),
			Subjects: r.Number, Suppressed: r.Type == privacy.Suppress || r.Type == privacy.Erase && r.Stay,
		},
	}
	if r.Position != nil {
		c.Barrier = &Barrier{ReceivedBefore: milliseconds(r.Position.ReceivedBefore), Logs: []Log{}}
		for _, l := range r.Position.Logs {
			c.Barrier.Logs = append(c.Barrier.Logs, Log{ID: l.Log, Kind: l.Kind, End: l.End, At: milliseconds(l.Clock), Forgotten: !l.Retired})
			if l.Retired {
				c.Exceptions = append(c.Exceptions, Exception{Copy: "log", Text: fmt.Sprintf(
					"The node with the log %s never came back. What lies on its disk before offset %d could not be reached.", l.Log, l.End)})
			}
		}
	}
	for _, s := range r.Steps {
		c.Copies = append(c.Copies, copyOf(s))
		if s.State != privacy.StepClear {
			c.Exceptions = append(c.Exceptions, exceptionOf(s))
		}
	}
	if r.State == privacy.Failed && len(c.Exceptions) == 0 {
		c.Exceptions = append(c.Exceptions, Exception{Text: "The request failed as a whole."})
	}
	return c, nil
}

func copyOf(s privacy.Step) Copy {
	c := Copy{
		Name: s.Copy, State: s.State, Unit: s.Before.Unit, Before: s.Before.Items, After: s.After,
		BeganAt: maybe(s.Began), HiddenAt: maybe(s.Erased), EndedAt: maybe(s.Ended), Evidence: s.Evidence,
	}
	if c.Evidence == nil {
		c.Evidence = privacy.Evidence{}
	}
	return c
}

func exceptionOf(s privacy.Step) Exception {
	e := Exception{Copy: s.Copy}
	switch {
	case s.State == privacy.StepWaiting:
		e.Text = "It could not be counted, so it is not known what is left."
	case s.After > 0:
		e.Text = fmt.Sprintf("Of %d %s %d are left.", s.Before.Items, s.Before.Unit, s.After)
	case s.Pending != "":
		e.Text = "Nobody sees it any more, but it was not seen to be gone from the disk."
	default:
		e.Text = "It could not be looked through to the end."
	}
	return e
}

// statements are what is not counted in any copy.
func statements(t privacy.Type) []Statement {
	if t != privacy.Erase && t != privacy.Offboard {
		return []Statement{}
	}
	return []Statement{
		{About: "backups", Text: "Backups that the operator makes of the databases are not rewritten. They end with their retention, and what was erased is erased again before a restored database is opened."},
		{About: "billing", Text: "Records of usage hold counts, and nothing that tells people apart."},
		{About: "server logs and traces", Text: "They hold no data of subjects."},
		{About: "suppression list", Text: "Keyed hashes of the identifiers stay, so that what was received before and comes back by any way is recognised and kept out."},
		{About: "recipients", Text: "What was delivered to others before, such as messages about incidents, is with them."},
	}
}

func milliseconds(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

func maybe(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := milliseconds(*t)
	return &u
}
