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

func TestDecodeSegmentCall(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		kind ingest.Type
		body string
		want event
	}{
		{
			"track", ingest.Track,
			`{"messageId":"m","event":"Order Completed","userId":"u","anonymousId":"a","timestamp":"2026-01-31T12:00:00.000Z","properties":{"total":1},"context":{"ip":"::1"},"unheard":{"of":[1]}}`,
			event{Name: "Order Completed", ID: "m", User: "u", Anonymous: "a", Time: "2026-01-31T12:00:00Z", Properties: `{"total":1}`, Context: `{"ip":"::1"}`},
		},
		{"track without a name", ingest.Track, `{"messageId":"m","userId":"u"}`, event{Rejected: "event_name_missing", ID: "m"}},
		{"track has no traits", ingest.Track, `{"event":"e","traits":{"a":1}}`, event{Name: "e"}},
		{"identify", ingest.Identify, `{"userId":"u","traits":{"plan":"pro"},"event":"x"}`, event{Type: "identify", Name: "identify", User: "u", Properties: `{"plan":"pro"}`}},
		{"page", ingest.Page, `{"name":"Home","properties":{"url":"/"}}`, event{Type: "page", Name: "page_view", Properties: `{"name":"Home","url":"/"}`}},
		{"page with a category", ingest.Page, `{"name":"Home","category":"Docs"}`, event{Type: "page", Name: "page_view", Properties: `{"name":"Home","category":"Docs"}`}},
		{"page without properties", ingest.Page, `{"name":"Ho\u006de"}`, event{Type: "page", Name: "page_view", Properties: `{"name":"Ho\u006de"}`}},
		{"page whose properties name it", ingest.Page, `{"name":"Home","properties":{"\u006eame":"Start"}}`, event{Type: "page", Name: "page_view", Properties: `{"\u006eame":"Start"}`}},
		{"page without a name", ingest.Page, `{"name":null}`, event{Type: "page", Name: "page_view"}},
		{"screen", ingest.Screen, `{"name":"Home","properties":{ }}`, event{Type: "screen", Name: "screen_view", Properties: `{"name":"Home"}`}},
		{"group", ingest.Group, `{"userId":"u","groupId":"g","traits":{"size":3}}`, event{Type: "group", Name: "group", User: "u", Properties: `{"group_id":"g","size":3}`}},
		{"group by number", ingest.Group, `{"groupId":7}`, event{Type: "group", Name: "group", Properties: `{"group_id":7}`}},
		{"alias", ingest.Alias, `{"userId":"u","previousId":"p"}`, event{Type: "alias", Name: "alias", User: "u", Properties: `{"previous_id":"p"}`}},
		{"the body's type wins", ingest.Track, `{"type":"page"}`, event{Type: "page", Name: "page_view"}},
		{"an unknown type", ingest.Track, `{"type":"delete","event":"e","messageId":"m"}`, event{Rejected: "unknown_type", Name: "e", ID: "m"}},
		{"numbers for users", ingest.Track, `{"event":"e","userId":12345678901234567890,"anonymousId":-1.5e3}`, event{Name: "e", User: "12345678901234567890", Anonymous: "-1.5e3"}},
		{"a number of 257 digits for a user", ingest.Track, `{"event":"e","userId":` + strings.Repeat("1", 257) + `}`, event{Rejected: "field_too_long", Name: "e"}},
		{"true for a user", ingest.Track, `{"event":"e","userId":true}`, event{Rejected: "wrong_type", Name: "e"}},
		{"NaN for a user", ingest.Track, `{"event":"e","userId":NaN}`, event{Rejected: "not_a_number", Name: "e"}},
		{"null for everything", ingest.Track, `{"event":"e","userId":null,"anonymousId":null,"timestamp":null,"properties":null,"context":null,"integrations":null,"writeKey":null,"sentAt":null}`, event{Name: "e"}},
		{"integrations go into the context", ingest.Track, `{"event":"e","integrations":{"All":false},"context":{"ip":"::1"}}`, event{Name: "e", Context: `{"integrations":{"All":false},"ip":"::1"}`}},
		{"integrations make a context", ingest.Track, `{"event":"e","integrations":{"All":false}}`, event{Name: "e", Context: `{"integrations":{"All":false}}`}},
		{"no integrations", ingest.Track, `{"event":"e","integrations":{ }}`, event{Name: "e"}},
		{"originalTimestamp", ingest.Track, `{"event":"e","originalTimestamp":"2026-01-31T12:00:00.000Z"}`, event{Name: "e", Time: "2026-01-31T12:00:00Z"}},
		{"timestamp goes before originalTimestamp", ingest.Track, `{"event":"e","timestamp":"2026-01-31T12:00:00.000Z","originalTimestamp":"2026-01-31T13:00:00.000Z"}`, event{Name: "e", Time: "2026-01-31T12:00:00Z"}},
		{"in whichever order", ingest.Track, `{"event":"e","originalTimestamp":"2026-01-31T13:00:00.000Z","timestamp":"2026-01-31T12:00:00.000Z"}`, event{Name: "e", Time: "2026-01-31T12:00:00Z"}},
		{"timestamp null is none", ingest.Track, `{"event":"e","originalTimestamp":"2026-01-31T13:00:00.000Z","timestamp":null}`, event{Name: "e", Time: "2026-01-31T13:00:00Z"}},
		{"not a time", ingest.Track, `{"event":"e","timestamp":"x"}`, event{Rejected: "invalid_timestamp", Name: "e"}},
		{"a key twice", ingest.Track, `{"event":"e","properties":{"a":1,"a":2}}`, event{Rejected: "duplicate_key", Name: "e"}},
		{"32 KB and one", ingest.Track, `{"event":"e","x":"` + strings.Repeat("x", 32<<10-18) + `"}`, event{Rejected: "event_too_large", Name: "e"}},
		{"integrations are not counted twice", ingest.Track, `{"event":"e","integrations":{"x":"` + strings.Repeat("x", 20<<10) + `"}}`, event{Name: "e", Context: `{"integrations":{"x":"` + strings.Repeat("x", 20<<10) + `"}}`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := wire.NewDecoder()
			req, err := d.DecodeSegment([]byte(c.body), c.kind)
			require.NoError(t, err)
			require.Equal(t, []event{c.want}, eventsOf(req.Batch))
			if len(c.body) > ingest.MaxEventBytes {
				return // and would be longer still with its type
			}
			// as one of a batch it comes to the same
			body := `{"batch":[` + c.body + `]}`
			if !strings.HasPrefix(c.body, `{"type"`) {
				body = fmt.Sprintf(`{"batch":[{"type":%q,%s]}`, c.kind, c.body[1:])
			}
			req, err = d.DecodeSegment([]byte(body), 0)
			require.NoError(t, err)
			require.Equal(t, []event{c.want}, eventsOf(req.Batch))
		})
	}
}

func TestDecodeSegmentBatch(t *testing.T) {
	t.Parallel()
	const sentAt = "2026-01-31T12:00:00Z"
	pad := strings.Repeat("x", 20<<10)
	for _, c := range []struct {
		name, body  string
		key, sentAt string
		want        []event
	}{
		{
			name: "what the calls share comes first", key: "k", sentAt: sentAt,
			body: `{"writeKey":"k","sentAt":"2026-01-31T12:00:00.000Z","context":{"library":{"name":"go"}},"integrations":{"All":true},"batch":[{"type":"track","event":"a"},{"type":"identify","userId":"u"}]}`,
			want: []event{
				{Name: "a", Context: `{"integrations":{"All":true},"library":{"name":"go"}}`},
				{Type: "identify", Name: "identify", User: "u", Context: `{"integrations":{"All":true},"library":{"name":"go"}}`},
			},
		},
		{
			name: "what the calls share comes last", key: "k", sentAt: sentAt,
			body: `{"batch":[{"type":"track","event":"a"}],"integrations":{"All":true},"context":{"library":{"name":"go"}},"sentAt":"2026-01-31T12:00:00.000Z","writeKey":"k"}`,
			want: []event{{Name: "a", Context: `{"integrations":{"All":true},"library":{"name":"go"}}`}},
		},
		{
			name: "a call's own keys win",
			body: `{"context":{"ip":"shared","os":{"name":"x"}, "\u0061\"":1},"integrations":{"All":true,"B":true},"batch":[` +
				`{"type":"track","event":"a","context":{"\u0069p":"own","a\"":2},"integrations":{"B":false}},{"type":"track","event":"b"}]}`,
			want: []event{
				{Name: "a", Context: `{"integrations":{"All":true,"B":false},"os":{"name":"x"},"\u0069p":"own","a\"":2}`},
				{Name: "b", Context: `{"integrations":{"All":true,"B":true},"ip":"shared","os":{"name":"x"}, "\u0061\"":1}`},
			},
		},
		{
			name: "nothing shared",
			body: `{"context":{},"integrations":{},"batch":[{"type":"track","event":"a","context":{"x":1}},{"type":"track","event":"b","context":{ }}]}`,
			want: []event{{Name: "a", Context: `{"x":1}`}, {Name: "b", Context: `{ }`}},
		},
		{
			name: "the key of a call", key: "k2",
			body: `{"batch":[{"type":"track","event":"a","writeKey":"k1"},{"type":"track","event":"b","writeKey":"k2"},{"type":"track","event":"c","writeKey":""}]}`,
			want: []event{{Name: "a"}, {Name: "b"}, {Name: "c"}},
		},
		{
			name: "the key of the batch goes before that of a call", key: "k",
			body: `{"writeKey":"k","batch":[{"type":"track","event":"a","writeKey":"k1"}]}`, want: []event{{Name: "a"}},
		},
		{
			name: "bad calls among good",
			body: `{"batch":[{"type":"track","event":"a"},5,{"event":"no type"},{"type":"x"},{"type":"track"},{"type":"track","event":"b","properties":{"x":NaN}},{"type":"screen"}]}`,
			want: []event{
				{Name: "a"},
				{Rejected: "not_an_object"},
				{Rejected: "unknown_type", Name: "no type"},
				{Rejected: "unknown_type"},
				{Rejected: "event_name_missing"},
				{Rejected: "not_a_number", Name: "b"},
				{Type: "screen", Name: "screen_view"},
			},
		},
		{
			name: "nothing of a call stays for the next",
			body: `{"batch":[{"type":"page","name":"n","properties":{"p":1},"traits":{"t":1},"groupId":"g","previousId":"v","integrations":{"i":1},"timestamp":"2026-01-31T12:00:00Z"},` +
				`{"type":"page"},{"type":"group"},{"type":"alias"},{"type":"identify"}]}`,
			want: []event{
				{Type: "page", Name: "page_view", Time: sentAt, Properties: `{"name":"n","p":1}`, Context: `{"integrations":{"i":1}}`},
				{Type: "page", Name: "page_view"},
				{Type: "group", Name: "group"},
				{Type: "alias", Name: "alias"},
				{Type: "identify", Name: "identify"},
			},
		},
		{
			name: "a flaw of what is shared is one of every call",
			body: "{\"context\":{\"a\":\"\xff\"},\"batch\":[{\"type\":\"track\",\"event\":\"a\"},{\"type\":\"x\",\"event\":\"b\"}]}",
			want: []event{{Rejected: "invalid_utf8", Name: "a"}, {Rejected: "unknown_type", Name: "b"}},
		},
		{
			name: "wherever it stands",
			body: `{"batch":[{"type":"track","event":"a"}],"integrations":{"a":NaN}}`,
			want: []event{{Rejected: "not_a_number", Name: "a"}},
		},
		{
			name: "but not of what is not",
			body: `{"sentAt":5,"batch":[{"type":"track","event":"a"}],"writeKey":{"a":NaN},"other":[NaN,"` + "\xff" + `"]}`,
			want: []event{{Name: "a"}},
		},
		{
			name: "what is shared counts",
			body: `{"context":{"pad":"` + pad + `"},"batch":[{"type":"track","event":"a","properties":{"pad":"` + pad + `"}},{"type":"track","event":"b"}]}`,
			want: []event{{Rejected: "event_too_large", Name: "a"}, {Name: "b", Context: `{"pad":"` + pad + `"}`}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			req, err := wire.NewDecoder().DecodeSegment([]byte(c.body), 0)
			require.NoError(t, err)
			require.Equal(t, c.key, req.WriteKey)
			require.Equal(t, c.want, eventsOf(req.Batch))
			got := ""
			if !req.Batch.SentAt.IsZero() {
				got = req.Batch.SentAt.Format(time.RFC3339)
			}
			require.Equal(t, c.sentAt, got)
		})
	}
}

func TestDecodeSegmentRefuses(t *testing.T) {
	t.Parallel()
	calls := strings.TrimSuffix(strings.Repeat(`{"type":"track","event":"e"},`, 2500), ",")
	for _, c := range []struct {
		name, body string
		kind       ingest.Type
		code       string
	}{
		{"nothing", " \n", 0, "empty_body"},
		{"a NUL", "\x00", 0, "wrong_type"},
		{"an array", `[{"type":"track","event":"e"}]`, 0, "wrong_type"},
		{"an array for a call", `[{"event":"e"}]`, ingest.Track, "wrong_type"},
		{"no batch", `{"event":"e"}`, 0, "wrong_type"},
		{"batch is an object", `{"batch":{}}`, 0, "wrong_type"},
		{"an empty batch", `{"batch":[]}`, 0, "empty_body"},
		{"cut short", `{"batch":[{"type":"track","event":"e"}]`, 0, "invalid_json"},
		{"text behind it", `{"batch":[{"type":"track","event":"e"}]}{}`, 0, "invalid_json"},
		{"text behind a NUL", "{\"event\":\"e\"}\x00{}", ingest.Track, "invalid_json"},
		{"lines", "{\"event\":\"e\"}\n{\"event\":\"e\"}", ingest.Track, "invalid_json"},
		{"2,501 calls", `{"batch":[` + calls + `,{}]}`, 0, "too_many_events"},
		{"25 MB once the calls share their context", `{"context":{"a":"` + strings.Repeat("x", 10<<10) + `"},"batch":[` + calls + `]}`, 0, "inflated_too_large"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := wire.NewDecoder().DecodeSegment([]byte(c.body), c.kind)
			requireFault(t, fault.Code(c.code), err)
		})
	}
}

func TestDecodeSegmentTruncated(t *testing.T) {
	t.Parallel()
	d := wire.NewDecoder()
	batch := `{"writeKey":"k","context":{"a":[1]},"batch":[{"type":"group","groupId":"g","traits":{"x":"é\n"}},{"type":"track","event":"e","integrations":{"All":true}}],"sentAt":"2026-01-31T12:00:00Z"}`
	call := `{"type":"page","name":"\ud83d\ude00","properties":{"x":-1.5e3}}`
	for n := range len(batch) {
		_, err := d.DecodeSegment([]byte(batch[:n]), 0)
		require.Error(t, err, "%q", batch[:n])
		require.Equal(t, fault.Invalid, fault.KindOf(err))
	}
	for n := range len(call) {
		_, err := d.DecodeSegment([]byte(call[:n]), ingest.Page)
		require.Error(t, err, "%q", call[:n])
		require.Equal(t, fault.Invalid, fault.KindOf(err))
	}
}
