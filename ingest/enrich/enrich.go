// Package enrich finds out what an event does not say itself: browser and system, whether a program sent it, country and
// city, how the visitor came, which session it belongs to, which service made it. It is the last thing that happens to an
// event before the log, after redaction, so that nothing that was taken out can come back as a fact.
//
// What is found goes into Event.Facts, apart from the sender's own data, which stays as it was sent. A tenant chooses the
// steps by declaration (Policy). A new step is one file and one line in the table of steps.
package enrich

import (
	"slices"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/doc"
	"github.com/observatory/observatory/tenants"
)

// Names of the steps, as policies write them.
const (
	StepUserAgent = "user_agent"
	StepBot       = "bot"
	StepGeo       = "geo"
	StepCampaign  = "campaign"
	StepSession   = "session"
	StepService   = "service"
)

type step struct {
	name  string
	apply func(*Enricher, *subject)
	facts []string // that it finds
	// whether it looks beyond the event, at its connection or at what this process remembers, which are gone when the event is done again
	beyond bool
}

// steps are in the order in which they are applied, whatever the order in a policy: a step may build upon one before it,
// and facts always stand in the same order.
var steps = [...]step{ //nolint:gochecknoglobals // a constant table
	{StepUserAgent, (*Enricher).userAgent, []string{"browser", "browser_version", "os", "os_version", "device"}, true},
	{StepBot, (*Enricher).bot, nil, true},
	{StepGeo, (*Enricher).geo, []string{"country", "region", "city"}, true},
	{StepCampaign, (*Enricher).campaign, append([]string{"click_id", "referrer_domain", "channel"}, utmFacts[:]...), false},
	{StepSession, (*Enricher).session, []string{"session_new"}, true},
	{StepService, (*Enricher).service, []string{"service", "stage", "service_version", "host"}, false},
}

// Resources is what steps look things up in. They are shared by all tenants of a process. What is nil is not there, and
// the step that wants it does nothing.
type Resources struct {
	Agents      *Agents
	Geo         *Geo
	DataCentres *Ranges
	Sessions    *Sessions
}

// Enricher applies a policy. It never changes, and many goroutines may use it.
type Enricher struct {
	policy    Policy
	steps     []step
	resources Resources
}

// Compile makes the enricher of a policy. Resources without Agents get some of their own.
func (p Policy) Compile(r Resources) *Enricher {
	if r.Agents == nil {
		r.Agents = NewAgents(nil)
	}
	e := &Enricher{policy: p, resources: r}
	for _, s := range steps {
		if slices.Contains(p.Steps, s.name) {
			e.steps = append(e.steps, s)
		}
	}
	return e
}

// Input is an event to be enriched: conformed and redacted already, with its time and ID set.
type Input struct {
	Tenant     tenants.ID
	Source     tenants.SourceID
	Client     *ingest.Client // nil: nothing is known about the connection
	Event      *ingest.Event
	Context    *doc.Node // Event.Context, parsed; nil: there is none
	Properties *doc.Node // Event.Properties, parsed; nil: there are none
	Trial      bool      // the event will not be stored: no session is found for it
}

// Apply sets the event's Facts, Bot and Client, and its SessionID where the sender gave none. What these hold is appended to
// memory, which is returned, or never changes. The event must be one that is accepted, or Trial: the session memory learns from it.
//
// An event that was enriched before, and is done again, may come without its connection. A step that looks there and finds
// nothing now leaves what it found then. What came out of the event itself goes with it: it may be forbidden by now.
func (e *Enricher) Apply(in Input, memory []byte) []byte {
	s := subject{Input: in}
	before := in.Event.Facts
	s.facts.begin(memory)
	s.setSDK()
	for _, step := range e.steps {
		at := len(s.facts.buf)
		if step.apply(e, &s); step.beyond && len(s.facts.buf) == at && len(before) > 0 {
			s.facts.keep(before, step.facts)
		}
	}
	s.Event.Facts, memory = s.facts.end()
	if s.sessionID != (sessionID{}) {
		at := len(memory)
		memory = append(memory, s.sessionID[:]...)
		s.Event.SessionID = memory[at:len(memory):len(memory)]
	}
	return memory
}
