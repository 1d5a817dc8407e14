package wire_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/wire"
	"github.com/observatory/observatory/internal/fault"
)

// event is an item in the form that tables can spell out. Of a rejected one it holds the code and what identifies it.
type event struct {
	Type, Name, ID, User, Anonymous, Session, Time, Properties, Context string

	Rejected string
}

func eventOf(item ingest.Item) event {
	e := item.Event
	if r := item.Rejection; r != nil {
		return event{Rejected: r.Code, Name: string(e.Name), ID: string(e.ID)}
	}
	out := event{
		Name: string(e.Name), ID: string(e.ID), User: string(e.UserID), Anonymous: string(e.AnonymousID),
		Session: string(e.SessionID), Properties: string(e.Properties), Context: string(e.Context),
	}
	if e.Type != ingest.Track {
		out.Type = e.Type.String()
	}
	if !e.Time.IsZero() {
		out.Time = e.Time.Format(time.RFC3339Nano)
	}
	return out
}

func eventsOf(b *ingest.Batch) []event {
	out := make([]event, len(b.Items))
	for i, item := range b.Items {
		out[i] = eventOf(item)
	}
	return out
}

func requireFault(t require.TestingT, code fault.Code, err error) {
	if h, ok := t.(interface{ Helper() }); ok {
		h.Helper()
	}
	var f *fault.Error
	require.ErrorAs(t, err, &f)
	require.Equal(t, code, f.Code, f.Message)
}

func TestDecode(t *testing.T) {
	t.Parallel()
	full := event{
		Name: "search_made", ID: "e1", User: "u1", Anonymous: "a1", Session: "s1", Time: "2026-01-31T12:00:00.5Z",
		Properties: `{"n": 1.5e3}`, Context: `{"page":{"path":"/"}}`,
	}
	const fullText = `{"event":"search_made","event_id":"e1","user_id":"u1","anonymous_id":"a1","session_id":"s1",` +
		`"timestamp":"2026-01-31T12:00:00.500Z","properties":{"n": 1.5e3},"context":{"page":{"path":"/"}}}`
	a, b := event{Name: "a"}, event{Name: "b"}
	for _, c := range []struct {
		name, body, sentAt string
		want               []event
	}{
		{name: "one event", body: fullText, want: []event{full}},
		{name: "an array", body: `[{"event":"a"},` + fullText + `]`, want: []event{a, full}},
		{name: "an envelope", body: `{"events":[{"event":"a"},{"event":"b"}]}`, want: []event{a, b}},
		{name: "sent_at before the events", body: `{"sent_at":"2026-01-31T12:00:00+01:00","events":[{"event":"a"}]}`, sentAt: "2026-01-31T11:00:00Z", want: []event{a}},
		{name: "sent_at behind the events", body: `{"events":[{"event":"a"}],"sent_at":"2026-01-31T12:00:00Z"}`, sentAt: "2026-01-31T12:00:00Z", want: []event{a}},
		{name: "sent_at null", body: `{"events":[{"event":"a"}],"sent_at":null}`, want: []event{a}},
		{name: "lines", body: "{\"event\":\"a\"}\n{\"event\":\"b\"}\n", want: []event{a, b}},
		{name: "lines with CR LF and empty ones", body: "\n{\"event\":\"a\"}\r\n\r\n{\"event\":\"b\"}", want: []event{a, b}},
		{
			name: "bad lines among good", body: "{\"event\":\"a\"}\n{\"event\":\n{\"event\":5}\nnot json\n[1]\n{\"event\":\"b\"} x\n{\"event\":\"b\"}",
			want: []event{a, {Rejected: "invalid_json"}, {Rejected: "wrong_type"}, {Rejected: "invalid_json"}, {Rejected: "not_an_object"}, {Rejected: "invalid_json", Name: "b"}, b},
		},
		{name: "a first line that is cut short", body: "{\"event\":\"a\",\"event_id\":\"x\",\n{\"event\":\"b\"}", want: []event{{Rejected: "invalid_json", ID: "x"}, b}},
		{name: "a first line that is nothing", body: "vent\":\"a\"}\n{\"event\":\"b\"}", want: []event{{Rejected: "invalid_json"}, b}},
		{name: "one line and a line feed", body: "{\"event\":\"a\"}\n", want: []event{a}},
		{name: "pretty-printed", body: " {\n\t\"event\" :\r\n \"a\" }\n\n", want: []event{a}},
		{name: "a pretty-printed array", body: "[\n  {\n    \"event\": \"a\"\n  },\n  {\n    \"event\": \"b\"\n  }\n]\n", want: []event{a, b}},
		{name: "a pretty-printed envelope", body: "{\n  \"events\": [\n    {\n      \"event\": \"a\"\n    }\n  ]\n}\n", want: []event{a}},
		{
			name: "null is as good as absent",
			body: `{"event":"a","event_id":null,"user_id":null,"anonymous_id":null,"session_id":null,"timestamp":null,"properties":null,"context":null}`,
			want: []event{a},
		},
		{name: "a type", body: `[{"type":"page"},{"event":"home","type":"page"},{"event":"a","type":"track"},{"event":"a","type":null}]`, want: []event{{Type: "page", Name: "page_view"}, {Type: "page", Name: "home"}, a, a}},
		{name: "escapes", body: `{"\u0065vent":"\u0061\u00e9\ud83d\ude00\"\\\/\b\f\n\r\t\u0000"}`, want: []event{{Name: "aé😀\"\\/\b\f\n\r\t\x00"}}},
		{name: "properties keep their text", body: `{"event":"a","properties":{ "\u0061" : [1.0,1E+2,"\u00e9"] }}`, want: []event{{Name: "a", Properties: `{ "\u0061" : [1.0,1E+2,"\u00e9"] }`}}},
		{name: "microseconds and a zone", body: `{"event":"a","timestamp":"2024-02-29T23:59:59.123456+05:30"}`, want: []event{{Name: "a", Time: "2024-02-29T23:59:59.123456+05:30"}}},
		{name: "year 9999 is left to the collector", body: `{"event":"a","timestamp":"9999-12-31T23:59:59.999Z"}`, want: []event{{Name: "a", Time: "9999-12-31T23:59:59.999Z"}}},
		{
			name: "one bad event never costs the good ones",
			body: `[{"event":"a"},5,{"event":"x","properties":{"a":NaN}},null,[[]],"s",{},{"event":"b"}]`,
			want: []event{
				a,
				{Rejected: "not_an_object"},
				{Rejected: "not_a_number", Name: "x"},
				{Rejected: "not_an_object"},
				{Rejected: "not_an_object"},
				{Rejected: "not_an_object"},
				{Rejected: "event_name_missing"},
				b,
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			batch, err := wire.NewDecoder().Decode([]byte(c.body))
			require.NoError(t, err)
			require.Equal(t, c.want, eventsOf(batch))
			sentAt := ""
			if !batch.SentAt.IsZero() {
				sentAt = batch.SentAt.UTC().Format(time.RFC3339Nano)
			}
			require.Equal(t, c.sentAt, sentAt)
		})
	}
}

// Each code has an event that earns it, which stands between two good ones here, and keeps its place, its ID and its text.
func TestDecodeRejects(t *testing.T) {
	t.Parallel()
	nested := func(n int) string { return strings.Repeat(`[`, n) + strings.Repeat(`]`, n) }
	objects := func(n int) string { return strings.Repeat(`{"k":`, n) + "1" + strings.Repeat(`}`, n) }
	keys := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,"k%d":%d`, i, i)
		}
		return "{" + b.String()[1:] + "}"
	}
	sized := func(n int) string {
		const frame = `{"event":"a","event_id":"id","properties":{"a":""}}`
		return `{"event":"a","event_id":"id","properties":{"a":"` + strings.Repeat("x", n-len(frame)) + `"}}`
	}
	with := func(properties string) string {
		return `{"event":"a","event_id":"id","properties":` + properties + `}`
	}
	for _, c := range []struct {
		name, event, code string // no code: it is accepted
	}{
		{"no name", `{"event_id":"id"}`, ingest.CodeNameMissing},
		{"an empty name", `{"event":"","event_id":"id"}`, ingest.CodeNameMissing},
		{"a name of null", `{"event":null,"event_id":"id"}`, ingest.CodeNameMissing},
		{"unknown field", `{"event":"a","event_id":"id","props":{}}`, ingest.CodeUnknownField},
		{"unknown field with odd bytes", `{"event":"a","event_id":"id","` + strings.Repeat("é", 200) + `":{}}`, ingest.CodeUnknownField},
		{"fields are told apart by case", `{"event":"a","event_id":"id","User_ID":"u"}`, ingest.CodeUnknownField},
		{"an unknown type", `{"event":"a","event_id":"id","type":"click"}`, ingest.CodeUnknownType},
		{"an empty type", `{"event":"a","event_id":"id","type":""}`, ingest.CodeUnknownType},
		{"a number for a type", `{"event":"a","event_id":"id","type":1}`, ingest.CodeWrongType},
		{"no name, and it is a track", `{"event_id":"id","type":"track"}`, ingest.CodeNameMissing},
		{"a payload of a number", `{"event":"a","event_id":"id","payload":5}`, ingest.CodeWrongType},
		{"a number for a string", `{"event":"a","event_id":"id","user_id":5}`, ingest.CodeWrongType},
		{"an array for an object", `{"event":"a","event_id":"id","properties":[1]}`, ingest.CodeWrongType},
		{"a string for an object", `{"event":"a","event_id":"id","context":"{}"}`, ingest.CodeWrongType},
		{"a number for a time", `{"event":"a","event_id":"id","timestamp":1700000000}`, ingest.CodeWrongType},
		{"a name of 200 bytes", `{"event_id":"id","event":"` + strings.Repeat("n", 200) + `"}`, ""},
		{"a name of 201 bytes", `{"event_id":"id","event":"` + strings.Repeat("n", 201) + `"}`, ingest.CodeFieldTooLong},
		{"a user of 256 bytes", `{"event":"a","event_id":"id","user_id":"` + strings.Repeat("u", 256) + `"}`, ""},
		{"a user of 257 bytes", `{"event":"a","event_id":"id","user_id":"` + strings.Repeat("u", 257) + `"}`, ingest.CodeFieldTooLong},
		{"not a time", `{"event":"a","event_id":"id","timestamp":"yesterday"}`, ingest.CodeInvalidTimestamp},
		{"an empty time", `{"event":"a","event_id":"id","timestamp":""}`, ingest.CodeInvalidTimestamp},
		{"a day that never was", `{"event":"a","event_id":"id","timestamp":"2026-02-29T12:00:00.000Z"}`, ingest.CodeInvalidTimestamp},
		{"an hour that never was", `{"event":"a","event_id":"id","timestamp":"2026-02-20T24:00:00.000Z"}`, ingest.CodeInvalidTimestamp},
		{"year 10000", `{"event":"a","event_id":"id","timestamp":"10000-01-01T00:00:00Z"}`, ingest.CodeInvalidTimestamp},
		{"NaN", with(`{"a":NaN}`), ingest.CodeNotANumber},
		{"Infinity", with(`{"a":[Infinity]}`), ingest.CodeNotANumber},
		{"-Infinity", with(`{"a":-Infinity}`), ingest.CodeNotANumber},
		{"2^64", with(`{"a":18446744073709551616}`), ingest.CodeNumberOutOfRange},
		{"-2^63-1", with(`{"a":-9223372036854775809}`), ingest.CodeNumberOutOfRange},
		{"1e400", with(`{"a":[1e400]}`), ingest.CodeNumberOutOfRange},
		{"bad UTF-8", with("{\"a\":\"\xff\xfe\"}"), ingest.CodeInvalidUTF8},
		{"bad UTF-8 in a key", with("{\"\xc3\":1}"), ingest.CodeInvalidUTF8},
		{"an overlong encoding", with("{\"a\":\"\xc0\xaf\"}"), ingest.CodeInvalidUTF8},
		{"a surrogate in UTF-8", with("{\"a\":\"\xed\xa0\x80\"}"), ingest.CodeInvalidUTF8},
		{"half a surrogate pair", with(`{"a":"\ud800"}`), ingest.CodeInvalidUTF8},
		{"the other half", with(`{"a":"\udc00"}`), ingest.CodeInvalidUTF8},
		{"two first halves", with(`{"a":"\ud800\ud800\udc00"}`), ingest.CodeInvalidUTF8},
		{"a pair", with(`{"a":"\ud800\udc00"}`), ""},
		{"U+FFFD itself", with(`{"a":"` + "\uFFFD" + `"}`), ""},
		{"a key twice", with(`{"a":1,"b":2,"a":3}`), ingest.CodeDuplicateKey},
		{"a key twice, once escaped", with(`{"a":1,"\u0061":2}`), ingest.CodeDuplicateKey},
		{"a key twice, deep inside", with(`{"x":[{"y":{"a":1,"a":1}}]}`), ingest.CodeDuplicateKey},
		{"a key twice among many", with(strings.TrimSuffix(keys(100), "}") + `,"k3":1}`), ingest.CodeDuplicateKey},
		{"a field twice", `{"event":"a","event_id":"id","user_id":"u","user_id":"v"}`, ingest.CodeDuplicateKey},
		{"the same key in two objects", with(`{"a":{"a":{"a":1}},"b":{"a":1}}`), ""},
		{"an empty key, and one of NUL", with(`{"":1,"\u0000":2}`), ""},
		{"depth 32", with(`{"a":` + nested(30) + `}`), ""},
		{"depth 33", with(`{"a":` + nested(31) + `}`), ingest.CodeTooDeep},
		{"depth 33 of objects", with(`{"a":` + objects(31) + `}`), ingest.CodeTooDeep},
		{"depth 10,000", with(`{"a":` + nested(10_000) + `}`), ingest.CodeTooDeep},
		{"depth 5,000 of objects with siblings", with(`{"a":` + strings.Repeat(`{"a":[],"k":`, 2000) + "1" + strings.Repeat(`}`, 2000) + `}`), ingest.CodeTooDeep},
		{"1,000 keys", with(keys(997)), ""},
		{"1,001 keys", with(keys(998)), ingest.CodeTooManyKeys},
		{"32 KB", sized(32 << 10), ""},
		{"32 KB and one", sized(32<<10 + 1), ingest.CodeEventTooLarge},
		{"too large and flawed", strings.Replace(sized(40<<10), `"a":"`, `"a":NaN,"b":"`, 1), ingest.CodeEventTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := wire.NewDecoder()
			for _, form := range []string{"[%s,%s,%s]", `{"events":[%s,%s,%s]}`, "%s\n%s\n%s"} {
				batch, err := d.Decode(fmt.Appendf(nil, form, `{"event":"before"}`, c.event, `{"event":"behind"}`))
				require.NoError(t, err)
				require.Len(t, batch.Items, 3)
				require.Equal(t, event{Name: "before"}, eventOf(batch.Items[0]))
				require.Equal(t, event{Name: "behind"}, eventOf(batch.Items[2]))
				item := batch.Items[1]
				require.Equal(t, "id", string(item.Event.ID))
				require.Equal(t, c.event[:min(len(c.event), ingest.MaxEventBytes)], string(item.Raw))
				if c.code == "" {
					require.Nil(t, item.Rejection)
					continue
				}
				require.NotNil(t, item.Rejection)
				require.Equal(t, c.code, item.Rejection.Code)
				require.NotEmpty(t, item.Rejection.Message)
				require.Less(t, len(item.Rejection.Message), 300)
			}
		})
	}
}

// A payload stands in place of properties. Nothing else is kept of an event with one.
func TestDecodePayload(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, fields, payload, code string }{
		{"a payload", `"payload":"AAAAAAEC"`, "\x00\x00\x00\x00\x01\x02", ""},
		{"escaped", `"payload":"AAAA\u0041AEC"`, "\x00\x00\x00\x00\x01\x02", ""},
		{"beside null", `"payload":"w\/8=","properties":null`, "\xc3\xff", ""},
		{"not base64", `"payload":"AAAA*"`, "", ingest.CodePayloadInvalid},
		{"base64 of URLs", `"payload":"w_8="`, "", ingest.CodePayloadInvalid},
		{"nothing", `"payload":""`, "", ingest.CodePayloadInvalid},
		{"behind properties", `"properties":{},"payload":"AAAA"`, "\x00\x00\x00", ingest.CodePayloadInvalid},
		{"before properties", `"payload":"AAAA","properties":{"a":1}`, "\x00\x00\x00", ingest.CodePayloadInvalid},
		{"beside something unknown", `"payload":"AAAA","props":{"a":1}`, "\x00\x00\x00", ingest.CodeUnknownField},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			batch, err := wire.NewDecoder().Decode([]byte(`[{"event":"a"},{"event":"b","event_id":"id",` + c.fields + `},{"event":"c"}]`))
			require.NoError(t, err)
			item := batch.Items[1]
			require.Equal(t, "id", string(item.Event.ID))
			require.Equal(t, c.payload, string(item.Event.Payload))
			require.Equal(t, ingest.FormatBinary, item.Format)
			require.Empty(t, item.Raw)
			if c.code == "" {
				require.Nil(t, item.Rejection)
				return
			}
			require.Equal(t, c.code, item.Rejection.Code)
		})
	}
}

// What is kept of an event says how to read it.
func TestDecodeTellsTheFormat(t *testing.T) {
	t.Parallel()
	d := wire.NewDecoder()
	large := `{"event":"` + strings.Repeat("a", ingest.MaxEventBytes) + `"}`
	batch, err := d.Decode([]byte("{\"event\":\"a\"}\n{\"evnt\":5}\n[]\n{\"event\":\n" + large + "\n{\"event\":\"a\",\"payload\":\"AAAA\"}{\n"))
	require.NoError(t, err)
	var formats []string
	for _, item := range batch.Items {
		formats = append(formats, item.Format.String())
	}
	require.Equal(t, []string{"native", "native", "text", "text", "text", "text"}, formats)
	request, err := d.DecodeSegment([]byte(`{"batch":[{"type":"track","event":"a"},{"type":"other"},5]}`), 0)
	require.NoError(t, err)
	require.Equal(t, ingest.FormatSegment, request.Batch.Items[0].Format)
	require.Equal(t, ingest.FormatSegment, request.Batch.Items[1].Format)
	require.Equal(t, ingest.FormatText, request.Batch.Items[2].Format)
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	many := func(n int, form string) string { return strings.Repeat(form, n-1) + strings.TrimRight(form, ",") }
	for _, c := range []struct{ name, body, code string }{
		{"nothing", "", "empty_body"},
		{"white space", " \r\n\t ", "empty_body"},
		{"no events", "[]", "empty_body"},
		{"an empty envelope", `{"events":[]}`, "empty_body"},
		{"a number", "5", "invalid_json"},
		{"a string", `"event"`, "invalid_json"},
		{"a byte order mark", "\ufeff{\"event\":\"a\"}", "invalid_json"},
		{"UTF-16", "{\x00\"\x00}\x00", "invalid_json"},
		{"a NUL", "\x00", "invalid_json"},
		{"text behind a NUL", "{\"event\":\"a\"}\x00{", "invalid_json"},
		{"text behind the array", `[{"event":"a"}] 1`, "invalid_json"},
		{"two events on a line", `{"event":"a"}{"event":"b"}`, "invalid_json"},
		{"a comma too many", `[{"event":"a"},]`, "invalid_json"},
		{"a comma too many in an object", `{"event":"a",}`, "invalid_json"},
		{"no colon", `{"event" "a"}`, "invalid_json"},
		{"no quotes", `{event:"a"}`, "invalid_json"},
		{"single quotes", `{'event':'a'}`, "invalid_json"},
		{"a control character", "{\"event\":\"a\nb\"}", "invalid_json"},
		{"an unknown escape", `{"event":"\x41"}`, "invalid_json"},
		{"a leading zero", `[{"event":"a","properties":{"n":01}}]`, "invalid_json"},
		{"a plus", `[{"event":"a","properties":{"n":+1}}]`, "invalid_json"},
		{"a bare point", `[{"event":"a","properties":{"n":1.}}]`, "invalid_json"},
		{"a bare exponent", `[{"event":"a","properties":{"n":1e}}]`, "invalid_json"},
		{"a bare minus", `[{"event":"a","properties":{"n":-}}]`, "invalid_json"},
		{"True", `[{"event":"a","properties":{"n":True}}]`, "invalid_json"},
		{"Nan", `[{"event":"a","properties":{"n":Nan}}]`, "invalid_json"},
		{"a comment", `[{"event":"a"} /* b */]`, "invalid_json"},
		{"brackets crossed, deep inside", `[{"event":"a","properties":` + strings.Repeat("[", 50) + "{" + strings.Repeat("]", 50) + `}]`, "invalid_json"},
		{"brackets alone", strings.Repeat("[", 4<<20), "invalid_json"},
		{"braces alone", strings.Repeat(`{"":`, 1<<20), "invalid_json"},
		{"lines without one good", "{\n{\n{\n", "invalid_json"},
		{"events is not an array", `{"events":{}}`, "wrong_type"},
		{"events is null", "{\n\"events\":null}", "wrong_type"},
		{"something beside events", `{"events":[{"event":"a"}],"user_id":"u"}`, "unknown_field"},
		{"sent_at is no time", `{"events":[{"event":"a"}],"sent_at":"now"}`, "invalid_timestamp"},
		{"sent_at is a number", `{"events":[{"event":"a"}],"sent_at":1}`, "invalid_timestamp"},
		{"events twice", `{"events":[{"event":"a"}],"events":[{"event":"b"}]}`, "duplicate_key"},
		{"sent_at twice", `{"sent_at":"2026-01-31T12:00:00Z","events":[{"event":"a"}],"sent_at":"2026-01-31T12:00:01Z"}`, "duplicate_key"},
		{"2,501 events", "[" + many(2501, `{"event":"a"},`) + "]", "too_many_events"},
		{"2,501 events in an envelope", `{"events":[` + many(2501, `{"event":"a"},`) + "]}", "too_many_events"},
		{"2,501 lines", many(2501, "{\"event\":\"a\"}\n"), "too_many_events"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := wire.NewDecoder().Decode([]byte(c.body))
			requireFault(t, fault.Code(c.code), err)
		})
	}
	batch, err := wire.NewDecoder().Decode([]byte("[" + many(2500, `{"event":"a"},`) + "]"))
	require.NoError(t, err)
	require.Len(t, batch.Items, 2500)
}

// A document that is cut short anywhere is refused as a whole, whatever it looks like line by line.
func TestDecodeTruncated(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"one":       `{"event":"a\u00e9\ud83d\ude00","event_id":"e","properties":{"a":[1.5e-3,true,null,{"b":"\n"}]},"timestamp":"2026-01-31T12:00:00.000Z"}`,
		"array":     `[{"event":"a"},{"event":"b","properties":{"é":[-1]}}]`,
		"envelope":  `{"sent_at":"2026-01-31T12:00:00Z","events":[{"event":"a"},{"event":"b"}]}`,
		"pretty":    "{\n  \"event\": \"a\",\n  \"properties\": {\n    \"list\": [\n      1,\n      {},\n      {\"event\": \"x\"}\n    ],\n    \"n\": null\n  }\n}",
		"pretty []": "[\n  {\n    \"event\": \"a\"\n  },\n  {\n    \"event\": \"b\"\n  }\n]",
		"pretty {}": "{\n  \"events\": [\n    {\"event\": \"a\"},\n    {\"event\": \"b\"}\n  ]\n}",
		"NaN":       `[{"event":"a","properties":{"n":-Infinity,"m":NaN}}]`,
		"deep":      `[` + strings.Repeat(`{"a":[`, 20) + strings.Repeat(`]}`, 20) + `]`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := wire.NewDecoder()
			_, err := d.Decode([]byte(body))
			require.NoError(t, err)
			for n := range len(body) {
				_, err := d.Decode([]byte(body[:n]))
				require.Error(t, err, "%q", body[:n])
				require.Equal(t, fault.Invalid, fault.KindOf(err), "%q", body[:n])
			}
		})
	}
}

// Of lines that are cut short, the whole ones are kept.
func TestDecodeTruncatedLines(t *testing.T) {
	t.Parallel()
	d := wire.NewDecoder()
	const line = `{"event":"a","properties":{"b":["c"]}}`
	body := strings.Repeat(line+"\n", 3)
	for n := len(line) + 1; n < len(body); n++ {
		batch, err := d.Decode([]byte(body[:n]))
		require.NoError(t, err)
		whole, rest := (n+1)/(len(line)+1), (n+1)%(len(line)+1)
		for i, item := range batch.Items {
			if i < whole {
				require.Nil(t, item.Rejection)
			} else {
				require.Equal(t, ingest.CodeInvalidJSON, item.Rejection.Code)
			}
		}
		if rest > 1 {
			whole++
		}
		require.Len(t, batch.Items, whole, "%q", body[:n])
	}
}

// A decoder that is used again shows nothing of the body before.
func TestDecoderIsClean(t *testing.T) {
	t.Parallel()
	d := wire.NewDecoder()
	bodies := []string{
		`{"sent_at":"2026-01-31T12:00:00Z","events":[{"event":"a","event_id":"1","user_id":"\u0075","properties":{"x":1},"timestamp":"2026-01-31T12:00:00Z"},{}]}`,
		`{"event":"b"}`,
		"{\"event\":\"c\",\n{\"event\":\"d\"}",
		`{"event":"b"}`,
		`[{"event":"e","properties":[` + strings.Repeat("[", 40),
		`{"event":"b"}`,
	}
	for _, body := range bodies {
		got, err := d.Decode([]byte(body))
		want, wantErr := wire.NewDecoder().Decode([]byte(body))
		require.Equal(t, wantErr, err)
		require.Equal(t, want, got)
		_, _ = d.DecodeSegment([]byte(`{"writeKey":"k","context":{"c":1},"integrations":{"i":1},"batch":[{"type":"page","name":"n","userId":5}]}`), 0)
	}
}
