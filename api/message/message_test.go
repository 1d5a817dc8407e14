package message_test

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	observatoryv1 "github.com/observatory/observatory/api/gen/observatory/v1"
	"github.com/observatory/observatory/api/message"
	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/wire"
	"github.com/observatory/observatory/internal/fault"
)

// decode reads a message as the edge does.
func decode(b []byte) (message.Request, *ingest.Batch, error) {
	request, err := message.Read(b)
	if err != nil {
		return request, nil, err
	}
	var reader message.Reader
	batch, err := wire.NewDecoder().DecodeFields(reader.Events(request, func(int) error { return nil }))
	if readErr := reader.Err(); readErr != nil {
		err = readErr
	}
	return request, batch, err
}

func marshal(t require.TestingT, m *observatoryv1.PublishRequest) []byte {
	b, err := proto.Marshal(m)
	require.NoError(t, err)
	return b
}

func object(t require.TestingT, text string) *structpb.Struct {
	s := &structpb.Struct{}
	require.NoError(t, protojson.Unmarshal([]byte(text), s))
	return s
}

func one(e *observatoryv1.Event) *observatoryv1.PublishRequest {
	return &observatoryv1.PublishRequest{Events: []*observatoryv1.Event{e}}
}

func properties(s *structpb.Struct) *observatoryv1.Event_Properties {
	return &observatoryv1.Event_Properties{Properties: s}
}

func propertiesJSON(text string) *observatoryv1.Event_PropertiesJson {
	return &observatoryv1.Event_PropertiesJson{PropertiesJson: text}
}

func TestRequest(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 31, 12, 0, 0, 500, time.UTC)
	request, batch, err := decode(marshal(t, &observatoryv1.PublishRequest{
		Sequence: math.MaxUint64, Wait: observatoryv1.Wait_WAIT_STORED, SentAt: timestamppb.New(at),
		Events: []*observatoryv1.Event{
			{
				Event: "search_made", EventId: "e1", UserId: "u1", AnonymousId: "a1", SessionId: "s1", Timestamp: timestamppb.New(at.Add(-time.Hour)),
				Body:          properties(object(t, `{"n":1.5,"list":[1,null,true,"é\n\"\\",{}],"deep":{"a":{"b":[]}}}`)),
				Circumstances: &observatoryv1.Event_Context{Context: object(t, `{"page":{"path":"/"}}`)},
			},
			{Event: "a", Body: propertiesJSON(`{ "n" : 1e3 }`), Circumstances: &observatoryv1.Event_ContextJson{ContextJson: `{"a":1}`}},
			{Type: observatoryv1.EventType_EVENT_TYPE_PAGE},
			{Event: "b", Body: &observatoryv1.Event_Payload{Payload: []byte{0, 0, 0, 0, 1, 2}}},
		},
	}))
	require.NoError(t, err)
	require.Equal(t, uint64(math.MaxUint64), request.Sequence)
	require.Equal(t, observatoryv1.Wait_WAIT_STORED, request.Wait)
	require.Equal(t, at, request.SentAt)
	for _, item := range batch.Items {
		require.Nil(t, item.Rejection)
	}
	e := batch.Items[0].Event
	require.Equal(t, []string{"search_made", "e1", "u1", "a1", "s1", "track"}, []string{string(e.Name), string(e.ID), string(e.UserID), string(e.AnonymousID), string(e.SessionID), e.Type.String()})
	require.Equal(t, at.Add(-time.Hour), e.Time)
	require.JSONEq(t, `{"n":1.5,"list":[1,null,true,"é\n\"\\",{}],"deep":{"a":{"b":[]}}}`, string(e.Properties))
	require.JSONEq(t, `{"page":{"path":"/"}}`, string(e.Context))
	require.Equal(t, `{ "n" : 1e3 }`, string(batch.Items[1].Event.Properties))
	require.Equal(t, `{"a":1}`, string(batch.Items[1].Event.Context))
	require.Equal(t, ingest.Page, batch.Items[2].Event.Type)
	require.Equal(t, "page_view", string(batch.Items[2].Event.Name))
	require.Equal(t, []byte{0, 0, 0, 0, 1, 2}, batch.Items[3].Event.Payload)
	require.Equal(t, ingest.FormatBinary, batch.Items[3].Format)
	require.Empty(t, batch.Items[3].Raw)
	require.JSONEq(t, `{"event":"a","properties":{"n":1000},"context":{"a":1}}`, string(batch.Items[1].Raw))
}

// Each code has an event that earns it, between two good ones, as in the JSON dialect.
func TestRejects(t *testing.T) {
	t.Parallel()
	nested := func(levels int) *structpb.Struct {
		s := &structpb.Struct{}
		for range levels {
			s = &structpb.Struct{Fields: map[string]*structpb.Value{"k": structpb.NewStructValue(s)}}
		}
		return s
	}
	many := func(keys int) *structpb.Struct {
		s := &structpb.Struct{Fields: map[string]*structpb.Value{}}
		for i := range keys {
			s.Fields[strings.Repeat("k", 1+i%7)+string(rune(0x1000+i))] = structpb.NewNullValue()
		}
		return s
	}
	number := func(v float64) *structpb.Struct {
		return &structpb.Struct{Fields: map[string]*structpb.Value{"n": structpb.NewNumberValue(v)}}
	}
	for _, c := range []struct {
		name  string
		event *observatoryv1.Event
		code  string // none: it is accepted
	}{
		{"no name", &observatoryv1.Event{}, ingest.CodeNameMissing},
		{"a name of 200 bytes", &observatoryv1.Event{Event: strings.Repeat("n", 200)}, ""},
		{"a name of 201 bytes", &observatoryv1.Event{Event: strings.Repeat("n", 201)}, ingest.CodeFieldTooLong},
		{"a user of 257 bytes", &observatoryv1.Event{Event: "a", UserId: strings.Repeat("u", 257)}, ingest.CodeFieldTooLong},
		{"an unknown type", &observatoryv1.Event{Event: "a", Type: 7}, ingest.CodeUnknownType},
		{"a type below zero", &observatoryv1.Event{Event: "a", Type: -1}, ingest.CodeUnknownType},
		{"a type beyond a byte", &observatoryv1.Event{Event: "a", Type: 257}, ingest.CodeUnknownType},
		{"the year 10000", &observatoryv1.Event{Event: "a", Timestamp: &timestamppb.Timestamp{Seconds: 253402300800}}, ingest.CodeInvalidTimestamp},
		{"nanoseconds below zero", &observatoryv1.Event{Event: "a", Timestamp: &timestamppb.Timestamp{Nanos: -1}}, ingest.CodeInvalidTimestamp},
		{"NaN", &observatoryv1.Event{Event: "a", Body: properties(number(math.NaN()))}, ingest.CodeNotANumber},
		{"-Infinity", &observatoryv1.Event{Event: "a", Body: properties(number(math.Inf(-1)))}, ingest.CodeNotANumber},
		{"the largest number", &observatoryv1.Event{Event: "a", Body: properties(number(math.MaxFloat64))}, ""},
		{"32 levels", &observatoryv1.Event{Event: "a", Body: properties(nested(30))}, ""},
		{"33 levels", &observatoryv1.Event{Event: "a", Body: properties(nested(31))}, ingest.CodeTooDeep},
		{"2,000 levels", &observatoryv1.Event{Event: "a", Body: properties(nested(2000))}, ingest.CodeTooDeep},
		{"1,000 keys", &observatoryv1.Event{Event: "a", Body: properties(many(998))}, ""},
		{"1,001 keys", &observatoryv1.Event{Event: "a", Body: properties(many(999))}, ingest.CodeTooManyKeys},
		{"a long text", &observatoryv1.Event{Event: "a", Body: properties(object(t, `{"a":"`+strings.Repeat("é", 20_000)+`"}`))}, ingest.CodeEventTooLarge},
		{"a long list", &observatoryv1.Event{Event: "a", Body: properties(object(t, `{"a":[`+strings.Repeat("0,", 20_000)+`0]}`))}, ingest.CodeEventTooLarge},
		{"a long payload", &observatoryv1.Event{Event: "a", Body: &observatoryv1.Event_Payload{Payload: make([]byte, 40_000)}}, ingest.CodeEventTooLarge},
		{"an empty payload", &observatoryv1.Event{Event: "a", Body: &observatoryv1.Event_Payload{}}, ingest.CodePayloadInvalid},
		{"no JSON", &observatoryv1.Event{Event: "a", Body: propertiesJSON(`{"a":`)}, ingest.CodeInvalidJSON},
		{"fields behind the JSON", &observatoryv1.Event{Event: "a", Body: propertiesJSON(`{},"user_id":"somebody"`)}, ingest.CodeInvalidJSON},
		{"JSON of an array", &observatoryv1.Event{Event: "a", Body: propertiesJSON(`[]`)}, ingest.CodeWrongType},
		{"JSON of null", &observatoryv1.Event{Event: "a", Body: propertiesJSON(`null`)}, ""},
		{"JSON with a key twice", &observatoryv1.Event{Event: "a", Body: propertiesJSON(`{"a":1,"a":2}`)}, ingest.CodeDuplicateKey},
		{"context is no JSON", &observatoryv1.Event{Event: "a", Circumstances: &observatoryv1.Event_ContextJson{ContextJson: "x"}}, ingest.CodeInvalidJSON},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, batch, err := decode(marshal(t, &observatoryv1.PublishRequest{Events: []*observatoryv1.Event{{Event: "before"}, c.event, {Event: "behind"}}}))
			require.NoError(t, err)
			require.Len(t, batch.Items, 3)
			require.Nil(t, batch.Items[0].Rejection)
			require.Nil(t, batch.Items[2].Rejection)
			item := batch.Items[1]
			require.LessOrEqual(t, len(item.Raw), ingest.MaxEventBytes)
			if c.code == "" {
				require.Nil(t, item.Rejection)
				return
			}
			require.NotNil(t, item.Rejection)
			require.Equal(t, c.code, item.Rejection.Code, item.Rejection.Message)
			if item.Format == ingest.FormatNative && c.code != ingest.CodeNotANumber {
				require.True(t, json.Valid(item.Raw), "%s", item.Raw)
			}
		})
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	good := marshal(t, one(&observatoryv1.Event{Event: "a", UserId: "u", Body: properties(object(t, `{"a":{"b":[1]}}`))}))
	for name, c := range map[string]struct {
		message []byte
		code    fault.Code
	}{
		"nothing":           {nil, "empty_body"},
		"no events":         {marshal(t, &observatoryv1.PublishRequest{Sequence: 1}), "empty_body"},
		"a lying length":    {append([]byte{0x0a, 0x7f}, good[2:]...), "invalid_message"},
		"text":              {[]byte("hello"), "invalid_message"},
		"JSON":              {[]byte(`{"events":[{"event":"a"}]}`), "invalid_message"},
		"2,501 events":      {marshal(t, &observatoryv1.PublishRequest{Events: slices.Repeat([]*observatoryv1.Event{{Event: "a"}}, 2501)}), "too_many_events"},
		"sent_at of 10000":  {marshal(t, &observatoryv1.PublishRequest{Events: []*observatoryv1.Event{{Event: "a"}}, SentAt: &timestamppb.Timestamp{Seconds: 1 << 40}}), "invalid_timestamp"},
		"a broken property": {[]byte("\x0a\x08\x42\x06\x0a\x04\x12\x02\x12\x05"), "invalid_message"},
	} {
		_, _, err := decode(c.message)
		require.Equal(t, c.code, fault.From(err).Code, name)
	}
	for n := 1; n < len(good); n++ {
		_, _, err := decode(good[:n])
		require.Error(t, err, "%d bytes of %d", n, len(good))
	}
	_, batch, err := decode(marshal(t, &observatoryv1.PublishRequest{Events: slices.Repeat([]*observatoryv1.Event{{Event: "a"}}, 2500)}))
	require.NoError(t, err)
	require.Len(t, batch.Items, 2500)
}

// The memory of an event is bounded however little of a message its values take.
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	nothing := "\x0a\x00" // an element: an empty Value
	values := []byte(strings.Repeat(nothing, 1<<20))
	pair := append([]byte("\x0a\x01k"), lengthen(0x12, lengthen(0x32, values))...)
	request := lengthen(0x0a, append([]byte("\x0a\x01a"), lengthen(0x42, lengthen(0x0a, pair))...))
	require.NoError(t, proto.Unmarshal(request, &observatoryv1.PublishRequest{}), "the test's own message")
	read, err := message.Read(request)
	require.NoError(t, err)
	var reader message.Reader
	batch, err := wire.NewDecoder().DecodeFields(reader.Events(read, func(int) error { return nil }))
	require.NoError(t, err)
	require.Equal(t, ingest.CodeEventTooLarge, batch.Items[0].Rejection.Code)
	require.Less(t, reader.Size(), 128<<10)

	full := errors.New("full")
	events := marshal(t, &observatoryv1.PublishRequest{Events: slices.Repeat([]*observatoryv1.Event{{Event: "a", Body: properties(object(t, `{"a":"bbbbbbbbbb"}`))}}, 100)})
	read, err = message.Read(events)
	require.NoError(t, err)
	seen := 0
	for range reader.Events(read, func(n int) error {
		if n > 200 {
			return full
		}
		return nil
	}) {
		seen++
	}
	require.ErrorIs(t, reader.Err(), full)
	require.Less(t, seen, 20)
}

// lengthen is a field of bytes.
func lengthen(tag byte, content []byte) []byte {
	b := []byte{tag}
	n := len(content)
	for ; n >= 0x80; n >>= 7 {
		b = append(b, byte(n)|0x80)
	}
	return append(append(b, byte(n)), content...)
}

// Whatever a message holds, it comes out as the generated code and encoding/json say.
func TestAgainstGeneratedCode(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := &observatoryv1.PublishRequest{Sequence: rapid.Uint64().Draw(t, "sequence"), Wait: observatoryv1.Wait(rapid.IntRange(0, 3).Draw(t, "wait"))}
		text := rapid.StringN(0, 10, 100)
		for range rapid.IntRange(1, 4).Draw(t, "events") {
			e := &observatoryv1.Event{
				Event: text.Draw(t, "event"), EventId: text.Draw(t, "event_id"), UserId: text.Draw(t, "user_id"), AnonymousId: text.Draw(t, "anonymous_id"),
				SessionId: text.Draw(t, "session_id"), Type: observatoryv1.EventType(rapid.IntRange(0, 6).Draw(t, "type")),
				Circumstances: &observatoryv1.Event_Context{Context: drawObject(t, 2)},
			}
			if rapid.Bool().Draw(t, "properties") {
				e.Body = properties(drawObject(t, 4))
			}
			if rapid.Bool().Draw(t, "timestamp") {
				e.Timestamp = timestamppb.New(time.Unix(rapid.Int64Range(-62135596800, 253402300799).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanos")))
			}
			m.Events = append(m.Events, e)
		}
		checkMessage(t, marshal(t, m))
	})
}

func drawObject(t *rapid.T, depth int) *structpb.Struct {
	s := &structpb.Struct{Fields: map[string]*structpb.Value{}}
	for range rapid.IntRange(0, 3).Draw(t, "keys") {
		s.Fields[rapid.StringN(0, 6, 20).Draw(t, "key")] = drawValue(t, depth-1)
	}
	return s
}

func drawValue(t *rapid.T, depth int) *structpb.Value {
	switch kind := rapid.IntRange(0, 6).Draw(t, "kind"); {
	case kind == 0:
		return structpb.NewNullValue()
	case kind == 1:
		return structpb.NewBoolValue(rapid.Bool().Draw(t, "bool"))
	case kind == 2:
		return structpb.NewNumberValue(rapid.OneOf(rapid.Float64(), rapid.Map(rapid.Int64(), func(n int64) float64 { return float64(n) })).Draw(t, "number"))
	case kind == 3 && depth > 0:
		return structpb.NewStructValue(drawObject(t, depth))
	case kind == 4 && depth > 0:
		values := make([]*structpb.Value, rapid.IntRange(0, 3).Draw(t, "values"))
		for i := range values {
			values[i] = drawValue(t, depth-1)
		}
		return structpb.NewListValue(&structpb.ListValue{Values: values})
	default:
		return structpb.NewStringValue(rapid.String().Draw(t, "string"))
	}
}

func FuzzRequest(f *testing.F) {
	f.Add([]byte("hello"))
	f.Add([]byte("\x0a\x08\x42\x06\x0a\x04\x12\x02\x12\x05"))
	f.Add(marshal(f, &observatoryv1.PublishRequest{
		Sequence: 5, Wait: observatoryv1.Wait_WAIT_NONE, SentAt: timestamppb.New(time.Unix(1_700_000_000, 5)),
		Events: []*observatoryv1.Event{
			{Event: "a", Body: properties(object(f, `{"a":[1,null,{"b":"c"},true],"d":-1.5e300}`)), Timestamp: timestamppb.New(time.Unix(1_700_000_000, 0))},
			{Type: observatoryv1.EventType_EVENT_TYPE_ALIAS, Body: propertiesJSON(`{"a":1}`), Circumstances: &observatoryv1.Event_Context{Context: object(f, `{}`)}},
			{Event: "c", Body: &observatoryv1.Event_Payload{Payload: []byte{0, 0, 0, 0, 1}}},
		},
	}))
	f.Fuzz(func(t *testing.T, b []byte) { checkMessage(t, b) })
}

// checkMessage compares what is read of a message with what the generated code makes of it. What is accepted must be the same; what the
// generated code refuses may cost single events here, and no more.
func checkMessage(t require.TestingT, b []byte) {
	var want observatoryv1.PublishRequest
	wantErr := proto.Unmarshal(b, &want)
	request, batch, err := decode(b)
	if err != nil {
		require.Contains(t, []fault.Kind{fault.Invalid, fault.TooLarge}, fault.KindOf(err))
		code := fault.From(err).Code
		require.True(t, wantErr != nil || code != "invalid_message" && (code != "empty_body" || len(want.Events) == 0), "%v", err)
		return
	}
	for i := range batch.Items {
		item := &batch.Items[i]
		require.LessOrEqual(t, len(item.Raw), ingest.MaxEventBytes)
		if item.Rejection != nil {
			require.NotEmpty(t, item.Rejection.Message)
			continue
		}
		for _, part := range [][]byte{item.Event.Properties, item.Event.Context} {
			require.True(t, len(part) == 0 || part[0] == '{' && json.Valid(part), "%q", part)
		}
		if wantErr == nil {
			checkEvent(t, want.Events[i], &item.Event)
		}
	}
	if wantErr == nil {
		require.Len(t, batch.Items, len(want.Events))
		require.Equal(t, want.Sequence, request.Sequence)
		require.Equal(t, want.Wait, request.Wait)
	}
}

func checkEvent(t require.TestingT, want *observatoryv1.Event, got *ingest.Event) {
	if want.Event != "" {
		require.Equal(t, want.Event, string(got.Name))
	}
	require.Equal(t, []string{want.EventId, want.UserId, want.AnonymousId, want.SessionId}, []string{string(got.ID), string(got.UserID), string(got.AnonymousID), string(got.SessionID)})
	require.Equal(t, ingest.Type(max(1, want.Type)), got.Type) //nolint:gosec // six of them
	if want.Timestamp != nil {
		require.True(t, want.Timestamp.AsTime().Equal(got.Time))
	}
	require.Equal(t, string(want.GetPayload()), string(got.Payload))
	checkObject(t, want.GetProperties(), got.Properties)
	checkObject(t, want.GetContext(), got.Context)
}

func checkObject(t require.TestingT, want *structpb.Struct, got []byte) {
	if want == nil {
		return
	}
	var has map[string]any
	require.NoError(t, json.Unmarshal(got, &has))
	text, err := json.Marshal(want.AsMap())
	require.NoError(t, err)
	var wants map[string]any
	require.NoError(t, json.Unmarshal(text, &wants))
	require.Equal(t, wants, has)
}
