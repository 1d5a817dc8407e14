package contract_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest/contract"
	"github.com/observatory/observatory/internal/fault"
)

func TestParse(t *testing.T) {
	t.Parallel()
	p, err := contract.Parse([]byte(`{"unknown_events":"quarantine","events":[{"event":"a","subject":"s"},{"event":"b"},{"event":"c","subject":"s","mode":"enforce","unknown_properties":"drop"}]}`))
	require.NoError(t, err)
	require.Equal(t, contract.Policy{UnknownEvents: contract.Quarantine, Events: []contract.Binding{
		{Event: "a", Subject: "s", Mode: contract.Warn, UnknownProperties: contract.Keep},
		{Event: "b", Mode: contract.Off, UnknownProperties: contract.Keep},
		{Event: "c", Subject: "s", Mode: contract.Enforce, UnknownProperties: contract.Drop},
	}}, p)

	p, err = contract.Parse([]byte(`{}`))
	require.NoError(t, err)
	require.Equal(t, contract.Default(), p)
	text, err := json.Marshal(p)
	require.NoError(t, err)
	require.JSONEq(t, `{"unknown_events":"allow","events":[]}`, string(text))
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	var many []string
	for i := range contract.MaxBindings + 1 {
		many = append(many, fmt.Sprintf(`{"event":"e%d"}`, i))
	}
	for in, says := range map[string]string{
		``:                             "not a complete JSON object",
		`null`:                         "not a JSON object",
		`{} {}`:                        "something follows",
		`{"unknown_events":"drop"}`:    `unknown_events: "drop" is not known`,
		`{"unknown_events":1}`:         "unknown_events: a number does not belong here",
		`{"events":{}}`:                "events: an object does not belong here. Put a list",
		`{"event":[]}`:                 `the member "event" is not known`,
		`{"events":[{"evnt":"a"}]}`:    `the member "evnt" is not known`,
		`{"events":[{"subject":"a"}]}`: "events[0].event: the event has no name",
		`{"events":[{"event":"a"},{"event":"a"}]}`:                                                       `events[1].event: "a" is bound at events[0] already`,
		`{"events":[{"event":"a","mode":"warn"}]}`:                                                       "events[0].subject: the event has no subject",
		`{"events":[{"event":"a","mode":"maybe"}]}`:                                                      `events[0].mode: "maybe" is not known`,
		`{"events":[{"event":"a","unknown_properties":"allow"}]}`:                                        `events[0].unknown_properties: "allow" is not known`,
		`{"events":[{"event":"` + strings.Repeat("x", 201) + `"}]}`:                                      "the name is 201 bytes long; 200 are allowed",
		`{"events":[{"event":"a","subject":"` + strings.Repeat("x", contract.MaxSubjectBytes+1) + `"}]}`: "bytes long",
		`{"events":[` + strings.Join(many, ",") + `]}`:                                                   "there are 1001 events; 1000 are allowed",
		"{\"unknown_events\":\"\xff\"}":                                                                  "not UTF-8",
		`{"unknown_events":"` + strings.Repeat("x", 1<<20) + `"}`:                                        "bytes long",
	} {
		_, err := contract.Parse([]byte(in))
		require.Error(t, err, in)
		require.Equal(t, fault.Invalid, fault.KindOf(err))
		require.Equal(t, contract.CodeInvalidPolicy, fault.From(err).Code)
		require.Contains(t, strings.ToLower(fault.From(err).Message), strings.ToLower(says), in)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"unknown_events":"allow","events":[{"event":"a","subject":"s","mode":"warn","unknown_properties":"keep"}]}`))
	f.Add([]byte(`{"events":[{"event":"a"},{"event":"a"}]}`))
	f.Add([]byte(`{"events":[{"event":{}}]} x`))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := contract.Parse(text)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Fatal(err)
			}
			return
		}
		again, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if q, err := contract.Parse(again); err != nil || fmt.Sprint(p) != fmt.Sprint(q) {
			t.Fatalf("%s: %v", again, err)
		}
		if _, err := contract.Compile(p, nil); err != nil {
			t.Fatal(err)
		}
	})
}
