// Package contract is what a tenant has agreed with the senders of its events: which events there are, which schema each
// of them keeps to, and what becomes of one that does not. It stands first among the rules on the way of an event,
// between the decoder and redaction: an event is conformed to its schema, noted as violating it, or set aside.
package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/schema"
	"github.com/observatory/observatory/internal/fault"
)

// Kind is the policy's kind.
const Kind = "contract"

// Bounds of a policy.
const (
	MaxBindings     = 1000
	MaxNameBytes    = ingest.MaxNameBytes // of an event
	MaxSubjectBytes = schema.MaxSubjectBytes
	maxPolicyBytes  = 1 << 20
)

// CodeInvalidPolicy is the code of every fault that Parse, Compile and Check return.
const CodeInvalidPolicy fault.Code = "invalid_policy"

// Mode says what becomes of an event that does not fit its schema.
type Mode string

// The modes.
const (
	Off     Mode = "off"     // it is not looked at
	Warn    Mode = "warn"    // it is stored, and carries its violations
	Enforce Mode = "enforce" // it is set aside
)

// Unknown says what becomes of something that the contract does not describe.
type Unknown string

// What may become of unknown events (Allow or Quarantine) and of unknown properties (Keep, Drop or Quarantine).
const (
	Allow      Unknown = "allow"
	Keep       Unknown = "keep"
	Drop       Unknown = "drop"
	Quarantine Unknown = "quarantine"
)

// Policy is the policy document of kind `contract`.
type Policy struct {
	UnknownEvents Unknown   `json:"unknown_events"` // Allow or Quarantine
	Events        []Binding `json:"events"`
}

// Binding binds an event to a subject of the schema registry.
type Binding struct {
	Event             string  `json:"event"`              // its name, 1 to MaxNameBytes
	Subject           string  `json:"subject"`            // may be empty when Mode is Off
	Mode              Mode    `json:"mode"`               // when left out: Warn, or Off without a subject
	UnknownProperties Unknown `json:"unknown_properties"` // when left out: Keep
}

// Default is the policy of a tenant that has declared none: every event is welcome, and none is looked at.
func Default() Policy { return Policy{UnknownEvents: Allow, Events: []Binding{}} }

// Parse reads a policy document. Unknown and repeated members are refused. Errors: CodeInvalidPolicy, naming the path and
// what to do.
func Parse(document []byte) (Policy, error) {
	p := Policy{UnknownEvents: Allow}
	if len(document) > maxPolicyBytes {
		return Policy{}, invalid("", "the policy is %d bytes long; %d are allowed. Bind fewer events.", len(document), maxPolicyBytes)
	}
	if !utf8.Valid(document) {
		return Policy{}, invalid("", "the policy is not UTF-8. Save it as UTF-8.")
	}
	d := json.NewDecoder(bytes.NewReader(document))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return Policy{}, malformed(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Policy{}, invalid("", "something follows the policy. Send one JSON object.")
	}
	if !bytes.HasPrefix(bytes.TrimLeft(document, " \t\r\n"), []byte("{")) {
		return Policy{}, invalid("", "the policy is not a JSON object. Send {\"unknown_events\":\"allow\",\"events\":[]}.")
	}
	for i := range p.Events {
		p.Events[i].complete()
	}
	if p.Events == nil {
		p.Events = []Binding{}
	}
	if err := p.validate(); err != nil {
		return Policy{}, err
	}
	return p, nil
}

// complete fills in what was left out.
func (b *Binding) complete() {
	if b.Mode == "" {
		if b.Mode = Warn; b.Subject == "" {
			b.Mode = Off
		}
	}
	if b.UnknownProperties == "" {
		b.UnknownProperties = Keep
	}
}

func (p *Policy) validate() error {
	if p.UnknownEvents != Allow && p.UnknownEvents != Quarantine {
		return invalid("unknown_events", `%s is not known. Use "allow" or "quarantine".`, quote(string(p.UnknownEvents)))
	}
	if len(p.Events) > MaxBindings {
		return invalid("events", "there are %d events; %d are allowed. Leave out those that need no schema.", len(p.Events), MaxBindings)
	}
	seen := make(map[string]int, len(p.Events))
	for i := range p.Events {
		b := &p.Events[i]
		at := fmt.Sprintf("events[%d]", i)
		if err := b.validate(at); err != nil {
			return err
		}
		if first, twice := seen[b.Event]; twice {
			return invalid(at+".event", "%s is bound at events[%d] already. Remove one of them.", quote(b.Event), first)
		}
		seen[b.Event] = i
	}
	return nil
}

func (b *Binding) validate(at string) error {
	switch {
	case b.Event == "":
		return invalid(at+".event", "the event has no name. Give the name that its senders use.")
	case len(b.Event) > MaxNameBytes:
		return invalid(at+".event", "the name is %d bytes long; %d are allowed.", len(b.Event), MaxNameBytes)
	case len(b.Subject) > MaxSubjectBytes:
		return invalid(at+".subject", "the subject is %d bytes long; %d are allowed.", len(b.Subject), MaxSubjectBytes)
	}
	switch b.Mode {
	case Off:
	case Warn, Enforce:
		if b.Subject == "" {
			return invalid(at+".subject", `the event has no subject. Name one of the schema registry, or use mode "off".`)
		}
	default:
		return invalid(at+".mode", `%s is not known. Use "off", "warn" or "enforce".`, quote(string(b.Mode)))
	}
	switch b.UnknownProperties {
	case Keep, Drop, Quarantine:
		return nil
	default:
		return invalid(at+".unknown_properties", `%s is not known. Use "keep", "drop" or "quarantine".`, quote(string(b.UnknownProperties)))
	}
}

// invalid makes the fault of a policy that cannot be used.
func invalid(path, format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	if path == "" {
		return fault.New(fault.Invalid, CodeInvalidPolicy, "%s%s", strings.ToUpper(text[:1]), text[1:])
	}
	return fault.New(fault.Invalid, CodeInvalidPolicy, "%s: %s", path, text)
}

// malformed makes the fault of text that is not a policy document at all.
func malformed(err error) error {
	var wrong *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &wrong):
		return invalid(wrong.Field, "%s does not belong here. Put %s.", article(wrong.Value), article(jsonName(wrong.Type.Kind().String())))
	case errors.As(err, &syntax):
		return invalid("", "the policy is not JSON: byte %d cannot stand there.", syntax.Offset)
	case strings.HasPrefix(err.Error(), "json: unknown field "):
		return invalid("", "the member %s is not known. Use unknown_events and events; within events: event, subject, mode, unknown_properties.", strings.TrimPrefix(err.Error(), "json: unknown field "))
	default:
		return invalid("", "the policy is not a complete JSON object.")
	}
}

func jsonName(kind string) string {
	switch kind {
	case "slice":
		return "list"
	case "struct":
		return "object"
	default:
		return kind
	}
}

func article(name string) string {
	if strings.ContainsAny(name[:1], "aeio") {
		return "an " + name
	}
	return "a " + name
}

// quote shows a short piece of what was sent.
func quote(text string) string {
	const most = 60
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return fmt.Sprintf("%q", text)
}
