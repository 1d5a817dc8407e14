package contract

import (
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/contract/conform"
	"github.com/observatory/observatory/ingest/doc"
	"github.com/observatory/observatory/ingest/schema"
)

// Schemas are one tenant's schemas. They are read while events are accepted, so they must be in memory; they must not
// change while a Contract that was compiled from them is in use. Safe for concurrent use.
type Schemas interface {
	// Newest is the newest version of a subject; ok is false when there is none.
	Newest(subject string) (id int32, version int, parsed schema.Parsed, ok bool)
	// ByID is a version by its ID; ok is false when this tenant has none.
	ByID(id int32) (parsed schema.Parsed, ok bool)
	// ByFingerprint is the Avro schema with that CRC-64-AVRO fingerprint; ok is false when this tenant has none.
	ByFingerprint(rabin uint64) (id int32, parsed schema.Parsed, ok bool)
}

// MaxViolations bounds how many violations an event carries; those beyond it are counted.
const MaxViolations = 20

// Contract is a compiled policy. It is immutable and safe for concurrent use. What an event needs is compiled when the
// first one of that name comes, and kept.
type Contract struct {
	policy   Policy
	schemas  Schemas
	bindings map[string]*binding
	decoders sync.Map     // of decoderKey, to *conform.Decoder
	compiled atomic.Int64 // decoders since they were last forgotten
}

type binding struct {
	Binding
	once   sync.Once
	reader reader
}

// reader is the newest schema of a binding's subject.
type reader struct {
	id        int32
	parsed    schema.Parsed
	conformer conform.Conformer
	err       *ingest.Rejection // there is no such schema
}

// Compile makes a contract of a policy. A subject that has no version (any more) is no error here, so that a policy which
// was right once goes on to be applied: its events are treated as violating. Check tells beforehand. Errors:
// CodeInvalidPolicy.
func Compile(policy Policy, schemas Schemas) (*Contract, error) {
	if err := policy.validate(); err != nil {
		return nil, err
	}
	c := &Contract{policy: policy, schemas: schemas, bindings: make(map[string]*binding, len(policy.Events))}
	for _, b := range policy.Events {
		c.bindings[b.Event] = &binding{Binding: b}
	}
	return c, nil
}

// Check tells whether every subject that the policy looks at is there. Errors: CodeInvalidPolicy, naming the first that is not.
func Check(policy Policy, schemas Schemas) error {
	for i, b := range policy.Events {
		if b.Mode == Off {
			continue
		}
		if _, _, _, ok := schemas.Newest(b.Subject); !ok {
			return invalid("events", "events[%d].subject: there is no subject %s. Register its first version, or use mode \"off\".", i, quote(b.Subject))
		}
	}
	return nil
}

// Workspace is the memory of conforming, kept between events. One goroutine uses it at a time.
type Workspace struct {
	findings conform.Findings
	decoding conform.Decoding
}

// Conform fits an event to its schema: properties are changed in place, a payload is decoded into them (and removed from
// the event), and the event's Schema and Violations are set. The rejection says why the event is to be set aside; nil: it
// goes on. What Conform puts into properties is valid until the workspace is used again.
//
// Where a contract only warns, what fits is conformed and the rest stays as it was sent. A payload that cannot be decoded
// is rejected in every mode, and then stays with the event, for there is nothing else of it. So is what would exceed the
// limits of events.
func (c *Contract) Conform(w *Workspace, e *ingest.Event, properties *doc.Node) *ingest.Rejection {
	b := c.bindings[string(e.Name)]
	stranger := b == nil && c.policy.UnknownEvents == Quarantine
	checked := b != nil && b.Mode != Off
	if !checked && !stranger && e.Payload == nil {
		return nil
	}
	w.findings.Reset(properties, len(e.Properties), MaxViolations)
	var read *reader
	unknown := conform.Keep
	if checked {
		b.load(c.schemas)
		read, unknown = &b.reader, b.unknown()
	}
	conformed := false
	if e.Payload != nil {
		var rejection *ingest.Rejection
		if conformed, rejection = c.decode(w, read, unknown, e, properties); rejection != nil {
			return rejection
		}
	}
	switch {
	case stranger:
		return &ingest.Rejection{Code: ingest.CodeUnknownEvent, Message: "The contract does not know this event. Add it to the contract, or correct the name that the sender uses."}
	case !checked:
		return nil
	case read.err != nil:
		w.findings.Note(read.err.Code, "", read.err.Message)
	case !conformed:
		read.conformer.Conform(&w.findings, properties, unknown)
	}
	return b.judge(w, e)
}

// load compiles the newest schema of the subject, once.
func (b *binding) load(schemas Schemas) {
	b.once.Do(func() {
		b.reader.err = &ingest.Rejection{Code: ingest.CodeSchemaUnknown, Message: "The subject that this event is bound to has no schema. Register one, or change the contract."}
		id, _, parsed, ok := schemas.Newest(b.Subject)
		if !ok {
			return
		}
		b.reader.id, b.reader.parsed = id, parsed
		if b.reader.conformer, ok = conform.New(parsed.Native()); ok {
			b.reader.err = nil
		}
	})
}

func (b *binding) unknown() conform.Unknown {
	switch b.UnknownProperties {
	case Drop:
		return conform.Drop
	case Quarantine:
		return conform.Refuse
	default:
		return conform.Keep
	}
}

// judge decides what becomes of an event whose findings are complete.
func (b *binding) judge(w *Workspace, e *ingest.Event) *ingest.Rejection {
	e.Schema = b.reader.id
	if over := w.findings.Over(); over != nil {
		return &ingest.Rejection{Code: over.Code, Message: over.Message, Path: over.Path, Schema: b.reader.id}
	}
	list, total := w.findings.Violations()
	if total == 0 {
		return nil
	}
	if b.Mode == Warn {
		e.Violations = append(e.Violations[:0:0], list...)
		if total > len(list) {
			e.Violations[len(list)-1] = ingest.Violation{Code: ingest.CodeSchemaViolation, Message: fmt.Sprintf("and %d more", total-len(list)+1)}
		}
		return nil
	}
	first := list[0]
	if total > 1 {
		first.Message += ingest.MoreViolations + strconv.Itoa(total-1) + " more"
	}
	return &ingest.Rejection{Code: first.Code, Message: first.Message, Path: first.Path, Schema: b.reader.id}
}
