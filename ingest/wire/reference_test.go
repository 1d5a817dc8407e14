package wire_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/wire"
	"github.com/observatory/observatory/internal/fault"
)

// The reference decides with other means (encoding/json for the syntax and the meaning, jsontext for UTF-8 and duplicate
// keys) what the decoder must say to a body. It is slow and as plain as can be.

// checkDecode compares what the decoder makes of a body with the reference.
func checkDecode(t require.TestingT, d *wire.Decoder, body []byte) {
	before := bytes.Clone(body)
	batch, err := d.Decode(body)
	require.Equal(t, before, body, "the body was written to")
	trimmed := strings.TrimLeft(string(body), " \t\r\n")
	document := json.Valid(body) && (trimmed[0] == '{' || trimmed[0] == '[')
	if err != nil {
		f := fault.From(err)
		require.Contains(t, []fault.Kind{fault.Invalid, fault.TooLarge}, f.Kind, "%v", err)
		require.Equal(t, f.Code == "empty_body" && trimmed == "", trimmed == "")
		if document {
			require.NotEqual(t, fault.Code("invalid_json"), f.Code, "%q is a document", body)
		}
		return
	}
	require.LessOrEqual(t, len(batch.Items), ingest.MaxEvents)
	if !document {
		lines := bytes.ContainsRune(body, '\n')
		rejected := slices.ContainsFunc(batch.Items, func(i ingest.Item) bool { return i.Rejection != nil })
		require.True(t, lines || rejected, "%q is no document, and every event of it was accepted", body)
	} else {
		require.Len(t, batch.Items, countEvents(body))
	}
	for i := range batch.Items {
		checkItem(t, &batch.Items[i])
	}
}

func countEvents(body []byte) int {
	var array []json.RawMessage
	if json.Unmarshal(body, &array) == nil {
		return len(array)
	}
	object := map[string]json.RawMessage{}
	if json.Unmarshal(body, &object) == nil && object["events"] != nil {
		return countEvents(object["events"])
	}
	return 1
}

// checkItem compares an item with what the reference makes of its text.
func checkItem(t require.TestingT, item *ingest.Item) {
	raw, rejection := item.Raw, item.Rejection
	require.LessOrEqual(t, len(raw), ingest.MaxEventBytes)
	if item.Format == ingest.FormatBinary {
		require.Empty(t, raw, "nothing is kept of what nobody can read")
		require.True(t, rejection != nil || len(item.Event.Payload) > 0 && item.Event.Properties == nil)
		return
	}
	if rejection == nil {
		require.Nil(t, item.Event.Payload)
		require.Equal(t, ingest.FormatNative, item.Format)
	}
	if rejection != nil {
		require.NotEmpty(t, rejection.Message)
		if rejection.Code == ingest.CodeEventTooLarge {
			require.Len(t, raw, ingest.MaxEventBytes)
			return
		}
	}
	if !json.Valid(raw) {
		require.NotNil(t, rejection, "%q is not JSON", raw)
		return // NaN and Infinity are read, although they are not JSON
	}
	var fields map[string]json.RawMessage
	reasons := flawsOf(raw)
	if len(reasons) == 0 || !slices.Contains(reasons, ingest.CodeNotAnObject) {
		require.NoError(t, json.Unmarshal(raw, &fields))
		reasons = append(reasons, flawsOfFields(fields)...)
	}
	if len(reasons) == 0 {
		require.Nil(t, rejection, "%q has no flaw", raw)
	} else {
		require.NotNil(t, rejection, "%q has flaws: %v", raw, reasons)
		if slices.Contains(reasons, ingest.CodeDuplicateKey) {
			return // the reference sees but the last of two fields
		}
		require.Contains(t, reasons, rejection.Code, "%q", raw)
		return
	}
	e := item.Event
	want := "track"
	_ = json.Unmarshal(fields["type"], &want) // absent or null: track
	require.Equal(t, want, e.Type.String())
	if want != "track" && (fields["event"] == nil || string(fields["event"]) == "null" || string(fields["event"]) == `""`) {
		require.Equal(t, e.Type.DefaultName(), string(e.Name))
		fields["event"], _ = json.Marshal(string(e.Name))
	}
	for name, got := range map[string][]byte{
		"event": e.Name, "event_id": e.ID, "user_id": e.UserID, "anonymous_id": e.AnonymousID, "session_id": e.SessionID,
	} {
		var want string
		_ = json.Unmarshal(fields[name], &want) // absent or null: empty
		require.Equal(t, want, string(got), "%q: %s", raw, name)
	}
	for name, got := range map[string][]byte{"properties": e.Properties, "context": e.Context} {
		want := string(fields[name])
		if want == "null" {
			want = ""
		}
		require.Equal(t, want, string(got), "%q: %s", raw, name)
	}
	var timestamp string
	_ = json.Unmarshal(fields["timestamp"], &timestamp) // absent or null: empty
	if timestamp == "" {
		require.Zero(t, e.Time)
		return
	}
	at, err := time.Parse(time.RFC3339Nano, timestamp)
	require.NoError(t, err)
	require.True(t, at.Equal(e.Time), "%q: %s", raw, e.Time)
}

// flawsOf tells what is wrong with a JSON value as an event, whatever its fields are.
func flawsOf(raw []byte) (codes []string) {
	value := jsontext.Value(raw)
	if !value.IsValid(jsontext.AllowDuplicateNames(true)) {
		codes = append(codes, ingest.CodeInvalidUTF8)
	}
	if !value.IsValid(jsontext.AllowInvalidUTF8(true)) {
		codes = append(codes, ingest.CodeDuplicateKey)
	}
	if value.Kind() != '{' {
		codes = append(codes, ingest.CodeNotAnObject)
	}
	depth, keys := 0, 0
	var open []int // per container: -1 for an array, else the tokens in the object so far
	tokens := json.NewDecoder(bytes.NewReader(raw))
	tokens.UseNumber()
	for {
		token, err := tokens.Token()
		if err != nil {
			break
		}
		if number, is := token.(json.Number); is && !storable(number.String()) {
			codes = append(codes, ingest.CodeNumberOutOfRange)
		}
		delim, _ := token.(json.Delim)
		if delim == '}' || delim == ']' {
			open = open[:len(open)-1]
			continue
		}
		if n := len(open); n > 0 && open[n-1] >= 0 {
			if open[n-1]++; open[n-1]%2 == 1 {
				keys++
			}
		}
		switch delim {
		case '{':
			open = append(open, 0)
		case '[':
			open = append(open, -1)
		}
		depth = max(depth, len(open))
	}
	if depth > ingest.MaxDepth {
		codes = append(codes, ingest.CodeTooDeep)
	}
	if keys > ingest.MaxKeys {
		codes = append(codes, ingest.CodeTooManyKeys)
	}
	return codes
}

// storable tells whether the store can read a number: as a 64-bit integer, signed or not, or as 64-bit floating point.
func storable(number string) bool {
	if whole, is := new(big.Int).SetString(number, 10); is {
		return whole.IsInt64() || whole.IsUint64()
	}
	_, err := strconv.ParseFloat(number, 64)
	return err == nil
}

func flawsOfFields(fields map[string]json.RawMessage) (codes []string) {
	limits := map[string]int{
		"event": ingest.MaxNameBytes, "event_id": ingest.MaxIDBytes, "user_id": ingest.MaxIDBytes, "anonymous_id": ingest.MaxIDBytes,
		"session_id": ingest.MaxIDBytes, "timestamp": 64, "type": 32, "payload": math.MaxInt,
	}
	for name, value := range fields {
		limit, isText := limits[name]
		switch {
		case name == "properties" || name == "context":
			if value[0] != '{' && string(value) != "null" {
				codes = append(codes, ingest.CodeWrongType)
			}
			continue
		case !isText:
			codes = append(codes, ingest.CodeUnknownField)
			continue
		}
		var text *string
		if err := json.Unmarshal(value, &text); err != nil {
			codes = append(codes, ingest.CodeWrongType)
		}
		if text == nil {
			continue
		}
		if len(*text) > limit {
			codes = append(codes, ingest.CodeFieldTooLong)
		}
		if _, known := ingest.ParseType(*text); name == "type" && !known {
			codes = append(codes, ingest.CodeUnknownType)
		}
		if name == "payload" { // of one that can be decoded the item is not looked at this closely
			codes = append(codes, ingest.CodePayloadInvalid)
		}
		if name == "timestamp" {
			if _, err := time.Parse(time.RFC3339Nano, *text); err != nil {
				codes = append(codes, ingest.CodeInvalidTimestamp)
			}
		}
	}
	var name string
	var typ string
	_ = json.Unmarshal(fields["type"], &typ)
	kind, _ := ingest.ParseType(typ)
	if _ = json.Unmarshal(fields["event"], &name); name == "" && (kind == 0 || kind == ingest.Track) { // of another type: as good as absent
		codes = append(codes, ingest.CodeNameMissing)
	}
	return codes
}

// checkSegment compares what the decoder makes of a body in Segment's dialect with the reference.
func checkSegment(t require.TestingT, d *wire.Decoder, body []byte, kind ingest.Type) {
	before := bytes.Clone(body)
	req, err := d.DecodeSegment(body, kind)
	require.Equal(t, before, body, "the body was written to")
	if err != nil {
		f := fault.From(err)
		require.Contains(t, []fault.Kind{fault.Invalid, fault.TooLarge}, f.Kind, "%v", err)
		if json.Valid(body) {
			require.NotEqual(t, fault.Code("invalid_json"), f.Code, "%q is a document", body)
		}
		return
	}
	var shared map[string]json.RawMessage
	if kind == 0 {
		_ = json.Unmarshal(body, &shared) // where it holds NaN it is not JSON; such calls are looked at no further
	}
	for i := range req.Batch.Items {
		item := &req.Batch.Items[i]
		require.LessOrEqual(t, len(item.Raw), ingest.MaxEventBytes)
		if item.Rejection != nil {
			continue
		}
		e := item.Event
		require.True(t, jsontext.Value(item.Raw).IsValid(), "%q", item.Raw)
		require.NotEmpty(t, e.Name)
		for _, object := range [][]byte{e.Properties, e.Context} {
			require.True(t, len(object) == 0 || object[0] == '{' && jsontext.Value(object).IsValid(), "%q of %q", object, body)
		}
		if !json.Valid(body) {
			continue
		}
		own := map[string]json.RawMessage{}
		require.NoError(t, json.Unmarshal(item.Raw, &own))
		want := merge(object(shared["context"]), object(own["context"]))
		integrations := merge(object(shared["integrations"]), object(own["integrations"]))
		if _, there := want["integrations"]; !there && len(integrations) > 0 {
			want["integrations"] = integrations
		}
		require.Equal(t, want, object(e.Context), "%q of %q", item.Raw, body)
	}
}

func object(text []byte) map[string]any {
	out := map[string]any{}
	if len(text) == 0 || string(text) == "null" {
		return out
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&out); err != nil {
		panic(fmt.Sprintf("%q: %v", text, err)) // was found to be an object
	}
	return out
}

func merge(under, over map[string]any) map[string]any {
	for k, v := range over {
		under[k] = v
	}
	return under
}

// Bodies out of a grammar, whole or with a few bytes changed, come out as the reference says.
func TestDecodeAgainstReference(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := wire.NewDecoder()
		for range 50 {
			checkDecode(t, d, mutate(t, nativeBody(t)))
		}
	})
}

func TestDecodeSegmentAgainstReference(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := wire.NewDecoder()
		for range 50 {
			if rapid.Bool().Draw(t, "batch") {
				checkSegment(t, d, mutate(t, segmentBatch(t)), 0)
			} else {
				kind := ingest.Type(rapid.IntRange(1, 6).Draw(t, "kind")) //nolint:gosec // six of them
				checkSegment(t, d, mutate(t, segmentCall(t)), kind)
			}
		}
	})
}

func pick(t *rapid.T, from ...string) string { return rapid.SampledFrom(from).Draw(t, "text") }

func oneIn(t *rapid.T, n int) bool { return rapid.IntRange(1, n).Draw(t, "one in") == 1 }

// mutate changes a few bytes of one body in three.
func mutate(t *rapid.T, body string) []byte {
	b := []byte(body)
	if !oneIn(t, 3) || len(b) == 0 {
		return b
	}
	for range rapid.IntRange(1, 3).Draw(t, "mutations") {
		at := rapid.IntRange(0, len(b)-1).Draw(t, "at")
		piece := pick(t, "", "\x00", "\n", `"`, `\`, "{", "}", "[", "]", ",", ":", "0", "-", "e", "\xff", "\xed\xa0\x80", " ", "NaN", `\u00`, "null")
		end := min(len(b), at+rapid.IntRange(0, 2).Draw(t, "cut"))
		b = slices.Concat(b[:at], []byte(piece), b[end:])
		if len(b) == 0 {
			return b
		}
	}
	if oneIn(t, 4) {
		b = b[:rapid.IntRange(0, len(b)).Draw(t, "length")]
	}
	return b
}

func nativeBody(t *rapid.T) string {
	n := rapid.IntRange(0, 4).Draw(t, "events")
	events := make([]string, n)
	for i := range events {
		events[i] = nativeEvent(t)
	}
	switch rapid.IntRange(0, 4).Draw(t, "form") {
	case 0:
		return nativeEvent(t)
	case 1:
		return strings.Join(events, pick(t, "\n", "\r\n", "\n\n"))
	case 2:
		return `{"events":[` + strings.Join(events, ",") + `]` + pick(t, "", `,"sent_at":"2026-01-31T12:00:00Z"`, `,"sent_at":5`, `,"more":1`) + `}`
	default:
		return "[" + strings.Join(events, " , ") + "]"
	}
}

func nativeEvent(t *rapid.T) string {
	if oneIn(t, 20) {
		return jsonValue(t, 3)
	}
	fields := []string{`"event":` + pick(t, `"a"`, `"search_made"`, `"é\u00e9"`, `""`, "null", jsonString(t))}
	for range rapid.IntRange(0, 5).Draw(t, "fields") {
		switch rapid.IntRange(-2, 5).Draw(t, "field") {
		case -2:
			fields = append(fields, `"type":`+pick(t, `"track"`, `"page"`, `"alias"`, "null", `""`, `"other"`, "5"))
		case -1:
			fields = append(fields, `"payload":`+pick(t, `"AAAAAAE="`, `"AAAA\u0041AE="`, `""`, `"?"`, "null", "5"))
		case 0:
			fields = append(fields, pick(t, `"event_id"`, `"user_id"`, `"\u0075ser_id"`, `"anonymous_id"`, `"session_id"`)+":"+pick(t, jsonString(t), "null", `"u"`))
		case 1:
			fields = append(fields, `"timestamp":"`+timeText(t)+`"`)
		case 2, 3:
			fields = append(fields, `"properties":`+jsonObject(t, 4))
		case 4:
			fields = append(fields, `"context":`+jsonObject(t, 2))
		default:
			if oneIn(t, 10) {
				fields = append(fields, jsonString(t)+":"+jsonValue(t, 1))
			}
		}
	}
	slices.Sort(fields)
	if !oneIn(t, 10) { // mostly without duplicates
		fields = slices.CompactFunc(fields, sameKey)
	}
	return "{" + strings.Join(fields, pick(t, ",", ", ", ",\n ")) + "}"
}

func sameKey(a, b string) bool {
	keyA, _, _ := strings.Cut(a, ":")
	keyB, _, _ := strings.Cut(b, ":")
	return keyA == keyB
}

func timeText(t *rapid.T) string {
	if oneIn(t, 8) {
		return pick(t, "", "now", "2026-02-30T00:00:00.000Z", "2026-13-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z", "2026-01-31T12:00:00.000z", "2026-01-31 12:00:00.000Z")
	}
	digit := func(to int) int { return rapid.IntRange(0, to).Draw(t, "digits") }
	return fmt.Sprintf("%04d-%02d-%02dT%02d:%02d:%02d%s%s", digit(2100), 1+digit(11), 1+digit(30), digit(24), digit(60), digit(60),
		pick(t, "", ".5", ".123", ".123456", ".123456789"), pick(t, "Z", "Z", "+01:00", "-11:30"))
}

func jsonString(t *rapid.T) string {
	var b strings.Builder
	b.WriteByte('"')
	for range rapid.IntRange(0, 4).Draw(t, "pieces") {
		b.WriteString(pick(t, "a", "b", "some longer text", "é", "😀", `\n`, `\"`, `\\`, `\/`, `\u0061`, `\u00e9`, `\ud83d\ude00`, `\u0000`, "\x7f"))
		if oneIn(t, 40) {
			b.WriteString(pick(t, "\xff", "\xe2\x82", `\ud83d`, `\ude00`, "\xed\xa0\x80", "\t", `\x`, "\xf4\x90\x80\x80"))
		}
	}
	b.WriteByte('"')
	return b.String()
}

func jsonValue(t *rapid.T, depth int) string {
	switch n := rapid.IntRange(0, 9).Draw(t, "value"); {
	case n < 2 && depth > 0:
		return jsonObject(t, depth)
	case n < 4 && depth > 0:
		values := make([]string, rapid.IntRange(0, 3).Draw(t, "values"))
		for i := range values {
			values[i] = jsonValue(t, depth-1)
		}
		return "[" + strings.Join(values, ",") + "]"
	case n < 7:
		return jsonString(t)
	case n == 9 && oneIn(t, 10):
		return pick(t, "NaN", "Infinity", "-Infinity", "01", "1.", ".5", "+1", "1e", "-", "nul", "True", strings.Repeat("[", 33)+strings.Repeat("]", 33), strings.Repeat(`{"k":`, 40)+"[1,{}]"+strings.Repeat("}", 40))
	default:
		return pick(t, "0", "-0", "1", "-12.5", "1e3", "1E-2", "0.1e+5", "true", "false", "null", "123456789012345678901234567890")
	}
}

func jsonObject(t *rapid.T, depth int) string {
	members := make([]string, rapid.IntRange(0, 4).Draw(t, "members"))
	for i := range members {
		key := fmt.Sprintf(`"k%d"`, i)
		if oneIn(t, 8) {
			key = jsonString(t)
		}
		members[i] = key + pick(t, ":", " : ") + jsonValue(t, depth-1)
	}
	return "{" + strings.Join(members, ",") + "}"
}

func segmentCall(t *rapid.T) string {
	fields := []string{`"event":"e"`}
	for range rapid.IntRange(0, 6).Draw(t, "fields") {
		name := pick(t, "type", "context", "integrations", "properties", "traits", "userId", "groupId", "name", "sentAt", "timestamp", "writeKey", "other")
		value := jsonObject(t, 3)
		switch name {
		case "type":
			value = pick(t, `"track"`, `"identify"`, `"page"`, `"screen"`, `"group"`, `"alias"`, `"other"`, "null")
		case "userId", "groupId", "name", "writeKey":
			value = pick(t, `"x"`, "5", "null", jsonString(t))
		case "sentAt", "timestamp":
			value = `"` + timeText(t) + `"`
		}
		fields = append(fields, fmt.Sprintf("%q:%s", name, value))
	}
	slices.Sort(fields)
	fields = slices.CompactFunc(fields, sameKey)
	return "{" + strings.Join(fields, ",") + "}"
}

func segmentBatch(t *rapid.T) string {
	calls := make([]string, rapid.IntRange(0, 4).Draw(t, "calls"))
	for i := range calls {
		calls[i] = segmentCall(t)
	}
	fields := []string{`"batch":[` + strings.Join(calls, ",") + "]"}
	for _, name := range []string{"context", "integrations"} {
		if rapid.Bool().Draw(t, name) {
			fields = append(fields, fmt.Sprintf("%q:%s", name, jsonObject(t, 2)))
		}
	}
	fields = append(fields, `"writeKey":"k"`)
	if rapid.Bool().Draw(t, "reverse") {
		slices.Reverse(fields)
	}
	return "{" + strings.Join(fields, ",") + "}"
}
