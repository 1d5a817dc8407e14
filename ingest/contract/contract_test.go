package contract_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/contract"
	"github.com/observatory/observatory/internal/fault"
)

const checkout = `{"type":"object","required":["total"],"properties":{"total":{"type":"number"},"currency":{"enum":["EUR","USD"],"default":"EUR"}}}`

func TestModes(t *testing.T) {
	t.Parallel()
	r := newRegistry()
	r.add("checkout", jsonSchema(t, `{}`))
	id := r.add("checkout", jsonSchema(t, checkout))
	c := compile(t, r, `{"events":[
		{"event":"enforced","subject":"checkout","mode":"enforce"},
		{"event":"warned","subject":"checkout","mode":"warn"},
		{"event":"off","subject":"checkout","mode":"off"},
		{"event":"closed","subject":"checkout","mode":"enforce","unknown_properties":"quarantine"},
		{"event":"pruned","subject":"checkout","mode":"enforce","unknown_properties":"drop"},
		{"event":"gone","subject":"none","mode":"enforce"},
		{"event":"gone_warned","subject":"none","mode":"warn"}
	]}`)

	o := conform(t, c, "enforced", `{"total":"12.50","currency":"usd","x":1}`, nil)
	require.Nil(t, o.rejection)
	exactly(t, `{"total":12.50,"currency":"USD","x":1}`, o.properties)
	require.Equal(t, id, o.Schema)

	o = conform(t, c, "enforced", `{"total":"cheap","currency":"GBP"}`, nil)
	require.Equal(t, &ingest.Rejection{Code: "schema_violation", Path: "properties.currency", Message: `must be one of "EUR", "USD"; and 1 more`, Schema: id}, o.rejection)

	o = conform(t, c, "warned", `{"total":"cheap","currency":"usd"}`, nil)
	require.Nil(t, o.rejection)
	exactly(t, `{"total":"cheap","currency":"USD"}`, o.properties, "what fits is conformed, the rest stays")
	require.Equal(t, []ingest.Violation{{Code: "schema_violation", Path: "properties.total", Message: "must be a number"}}, o.Violations)
	require.Equal(t, id, o.Schema)

	o = conform(t, c, "off", `{"total":"12.50"}`, nil)
	require.Nil(t, o.rejection)
	exactly(t, `{"total":"12.50"}`, o.properties)
	require.Zero(t, o.Schema)

	o = conform(t, c, "closed", `{"total":1,"extra":2}`, nil)
	require.Equal(t, "unknown_property", o.rejection.Code)
	require.Equal(t, "properties.extra", o.rejection.Path)

	o = conform(t, c, "pruned", `{"total":1,"extra":2}`, nil)
	require.Nil(t, o.rejection)
	exactly(t, `{"total":1,"currency":"EUR"}`, o.properties)

	require.Equal(t, "schema_unknown", conform(t, c, "gone", `{}`, nil).rejection.Code)
	o = conform(t, c, "gone_warned", `{}`, nil)
	require.Nil(t, o.rejection)
	require.Equal(t, "schema_unknown", o.Violations[0].Code)

	require.Nil(t, conform(t, c, "stranger", `{}`, nil).rejection)
}

func TestUnknownEvents(t *testing.T) {
	t.Parallel()
	c := compile(t, newRegistry(), `{"unknown_events":"quarantine","events":[{"event":"known"}]}`)
	require.Nil(t, conform(t, c, "known", `{"a":1}`, nil).rejection)
	o := conform(t, c, "stranger", `{"a":1}`, nil)
	require.Equal(t, "unknown_event", o.rejection.Code)
	require.NotContains(t, o.rejection.Message, "stranger")
}

func TestManyViolations(t *testing.T) {
	t.Parallel()
	r := newRegistry()
	r.add("s", jsonSchema(t, `{"properties":{"a":{"items":{"type":"number"}}}}`))
	c := compile(t, r, `{"events":[{"event":"warned","subject":"s","mode":"warn"},{"event":"enforced","subject":"s","mode":"enforce"}]}`)
	in := `{"a":[` + strings.Repeat(`"x",`, 99) + `"x"]}`
	o := conform(t, c, "warned", in, nil)
	require.Len(t, o.Violations, contract.MaxViolations)
	require.Equal(t, "and 81 more", o.Violations[19].Message)
	require.Contains(t, conform(t, c, "enforced", in, nil).rejection.Message, "and 99 more")
}

// An event that would exceed the limits is refused in every mode.
func TestLimitsHoldInEveryMode(t *testing.T) {
	t.Parallel()
	r := newRegistry()
	r.add("s", jsonSchema(t, `{"properties":{"a":{"items":{"properties":{"b":{"default":"`+strings.Repeat("x", 1000)+`"}}}}}}`))
	c := compile(t, r, `{"events":[{"event":"e","subject":"s","mode":"warn"}]}`)
	o := conform(t, c, "e", `{"a":[`+strings.Repeat(`{},`, 100)+`{}]}`, nil)
	require.Equal(t, "event_too_large", o.rejection.Code)
}

func TestFramedJSON(t *testing.T) {
	t.Parallel()
	r := newRegistry()
	v1 := r.add("checkout", jsonSchema(t, `{}`))
	v2 := r.add("checkout", jsonSchema(t, checkout))
	c := compile(t, r, `{"unknown_events":"quarantine","events":[{"event":"e","subject":"checkout","mode":"enforce"},{"event":"free"}]}`)

	o := conform(t, c, "e", ``, framed(v1, `{"total":"1"}`))
	require.Nil(t, o.rejection)
	exactly(t, `{"total":1,"currency":"EUR"}`, o.properties)
	require.Equal(t, v2, o.Schema)
	require.Nil(t, o.Payload)

	o = conform(t, c, "free", ``, framed(v1, `{"total":"1"}`))
	require.Nil(t, o.rejection)
	exactly(t, `{"total":"1"}`, o.properties)
	require.Equal(t, v1, o.Schema)

	o = conform(t, c, "stranger", ``, framed(v1, `{"total":"1"}`))
	require.Equal(t, "unknown_event", o.rejection.Code)
	exactly(t, `{"total":"1"}`, o.properties, "so that it can be repaired")

	for payload, code := range map[string]string{
		"":                       "payload_invalid",
		"x":                      "payload_invalid",
		"\x00\x00":               "payload_invalid",
		"\xc3\x01":               "payload_invalid",
		"\x00\x00\x00\x00\x63{}": "schema_unknown",
		"\x00\x00\x00\x00\x00{}": "schema_unknown",
		"\x00\xff\xff\xff\xff{}": "schema_unknown",
		"\xc3\x01\x01\x02\x03\x04\x05\x06\x07\x08{}": "schema_unknown",
		"\x00\x00\x00\x00\x01":                       "payload_invalid",
		"\x00\x00\x00\x00\x01[]":                     "payload_invalid",
		"\x00\x00\x00\x00\x01{\"a\":1,\"a\":2}":      "payload_invalid",
		"\x00\x00\x00\x00\x01{\"a\":1e999}":          "payload_invalid",
		"\x00\x00\x00\x00\x01{\"a\":\"\xff\"}":       "payload_invalid",
		"\x00\x00\x00\x00\x01{\"a\":" + strings.Repeat("[", 31) + strings.Repeat("]", 31) + "}": "too_deep",
		string(framed(v1, manyKeys())):                       "too_many_keys",
		string(framed(v1, strings.Repeat(" ", 33<<10)+"{}")): "event_too_large",
	} {
		o := conform(t, c, "e", ``, []byte(payload))
		require.NotNil(t, o.rejection, "%q", payload)
		require.Equal(t, code, o.rejection.Code, "%q", payload)
		require.NotNil(t, o.Payload)
	}
}

func manyKeys() string {
	var members []string
	for i := range ingest.MaxKeys + 1 {
		members = append(members, fmt.Sprintf(`"%d":1`, i))
	}
	return "{" + strings.Join(members, ",") + "}"
}

func framed(id int32, data string) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{0}, uint32(id)), data...)
}

func TestCheck(t *testing.T) {
	t.Parallel()
	r := newRegistry()
	r.add("s", jsonSchema(t, `{}`))
	p, err := contract.Parse([]byte(`{"events":[{"event":"a","subject":"s"},{"event":"b","subject":"gone","mode":"off"}]}`))
	require.NoError(t, err)
	require.NoError(t, contract.Check(p, r))
	p.Events[1].Mode = contract.Warn
	err = contract.Check(p, r)
	require.Equal(t, contract.CodeInvalidPolicy, fault.From(err).Code)
	require.Contains(t, err.Error(), `events[1].subject: there is no subject "gone"`)
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	r := newRegistry()
	id := r.add("s", jsonSchema(t, checkout))
	c := compile(t, r, `{"events":[{"event":"e","subject":"s","mode":"enforce"}]}`)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 100 {
				if o := conform(t, c, "e", ``, framed(id, `{"total":"1"}`)); o.properties != `{"total":1,"currency":"EUR"}` {
					t.Error(o.properties)
				}
			}
		})
	}
	all.Wait()
}
