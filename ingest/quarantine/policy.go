// Package quarantine holds the `quarantine` policy of a tenant: how long events that were not accepted are kept, and
// whether somebody is told of new causes.
package quarantine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/internal/fault"
)

// MaxKeepDays bounds how long a rejected event may be kept.
const MaxKeepDays = 365

const maxDocumentBytes = 1 << 10

// Policy is what a tenant has declared.
type Policy struct {
	KeepDays int  `json:"keep_days"` // from 1 to MaxKeepDays; of events that are rejected from then on
	Notify   bool `json:"notify"`    // mail owners and admins once when events begin to be rejected for a new cause
}

// Default is the policy of a tenant that has declared none.
func Default() Policy { return Policy{KeepDays: ingest.DefaultKeepDays, Notify: true} }

// Parse reads the document of a policy; what it leaves out is as in Default.
//
// Errors: invalid_policy (Invalid), which names the field and says what to do.
func Parse(document []byte) (Policy, error) {
	if len(document) > maxDocumentBytes {
		return Policy{}, invalid("The document has %d bytes; %d are allowed.", len(document), maxDocumentBytes)
	}
	var fields map[string]json.RawMessage
	decoder := json.NewDecoder(bytes.NewReader(document))
	if err := decoder.Decode(&fields); err != nil || fields == nil {
		return Policy{}, invalid(`The document must be a JSON object such as {"keep_days": 90, "notify": true}.`)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Policy{}, invalid("The document goes on behind its end. Send one JSON object.")
	}
	p := Default()
	for name, value := range fields {
		switch name {
		case "keep_days":
			if err := json.Unmarshal(value, &p.KeepDays); err != nil || string(value) == "null" || p.KeepDays < 1 || p.KeepDays > MaxKeepDays {
				return Policy{}, invalid("`keep_days` must be a whole number from 1 to %d.", MaxKeepDays)
			}
		case "notify":
			if err := json.Unmarshal(value, &p.Notify); err != nil || string(value) == "null" {
				return Policy{}, invalid("`notify` must be true or false.")
			}
		default:
			return Policy{}, invalid("%.40q is not a field of this policy. It has `keep_days` and `notify`.", name)
		}
	}
	return p, nil
}

func invalid(format string, args ...any) error {
	return fault.New(fault.Invalid, "invalid_policy", "%s", fmt.Sprintf(format, args...))
}
