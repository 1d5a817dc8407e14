package repair

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/doc"
	"github.com/observatory/observatory/internal/fault"
)

func apply(t require.TestingT, steps, event string) string {
	var list []Step
	require.NoError(t, json.Unmarshal([]byte(steps), &list), steps)
	m, err := Compile(list)
	require.NoError(t, err, steps)
	var d doc.Doc
	root, err := d.Parse([]byte(event))
	require.NoError(t, err)
	m.apply(root)
	return string(root.Append(nil))
}

func TestMapping(t *testing.T) {
	t.Parallel()
	for name, c := range map[string][3]string{
		"rename":                        {`[{"op":"rename","from":"a","to":"b"}]`, `{"a":{"x":[1]},"c":2}`, `{"c":2,"b":{"x":[1]}}`},
		"rename into what is not there": {`[{"op":"rename","from":"a","to":"p.q.r"}]`, `{"a":1}`, `{"p":{"q":{"r":1}}}`},
		"rename over what is there":     {`[{"op":"rename","from":"a","to":"b"}]`, `{"a":1,"b":2}`, `{"b":1}`},
		"rename into itself":            {`[{"op":"rename","from":"a","to":"a.value"}]`, `{"a":1}`, `{"a":{"value":1}}`},
		"rename out of itself":          {`[{"op":"rename","from":"a.b","to":"a"}]`, `{"a":{"b":1,"c":2}}`, `{"a":1}`},
		"rename to the same":            {`[{"op":"rename","from":"a","to":"a"}]`, `{"a":1}`, `{"a":1}`},
		"rename what is not there":      {`[{"op":"rename","from":"a","to":"b"}]`, `{"b":2}`, `{"b":2}`},
		"rename: a text is in the way":  {`[{"op":"rename","from":"a","to":"b.c"}]`, `{"a":1,"b":"text"}`, `{"a":1,"b":"text"}`},
		"rename within each element":    {`[{"op":"rename","from":"l[*].a","to":"l[*].b"}]`, `{"l":[{"a":1},{"c":2},3,{"a":4}]}`, `{"l":[{"b":1},{"c":2},3,{"b":4}]}`},
		"rename within nested elements": {`[{"op":"rename","from":"l[*].m[*].a","to":"l[*].m[*].b"}]`, `{"l":[{"m":[{"a":1}]},{"m":[]}]}`, `{"l":[{"m":[{"b":1}]},{"m":[]}]}`},
		"rename of an element":          {`[{"op":"rename","from":"l[1]","to":"second"}]`, `{"l":[1,2,3]}`, `{"l":[1,3],"second":2}`},
		"a key with dots":               {`[{"op":"rename","from":"\"a.b\".c","to":"x.\"y]\""}]`, `{"a.b":{"c":1}}`, `{"a.b":{},"x":{"y]":1}}`},
		"drop":                          {`[{"op":"drop","path":"a.b"}]`, `{"a":{"b":1,"c":2}}`, `{"a":{"c":2}}`},
		"drop of each element":          {`[{"op":"drop","path":"l[*]"}]`, `{"l":[1,2,3]}`, `{"l":[]}`},
		"default":                       {`[{"op":"default","path":"a.b","value":{"x":[null]}}]`, `{}`, `{"a":{"b":{"x":[null]}}}`},
		"default of null":               {`[{"op":"default","path":"a","value":1}]`, `{"a":null}`, `{"a":1}`},
		"default of what is there":      {`[{"op":"default","path":"a","value":1}]`, `{"a":false}`, `{"a":false}`},
		"default within each element":   {`[{"op":"default","path":"l[*].a","value":1}]`, `{"l":[{},{"a":2},"x"]}`, `{"l":[{"a":1},{"a":2},"x"]}`},
		"split":                         {`[{"op":"split","path":"name","separator":" ","into":["first","last"]}]`, `{"name":"Ada King Lovelace"}`, `{"first":"Ada","last":"King Lovelace"}`},
		"split into itself":             {`[{"op":"split","path":"a","separator":";","into":["a","b","c"]}]`, `{"a":"1; ;3"}`, `{"a":"1","c":"3"}`},
		"split of what is no text":      {`[{"op":"split","path":"a","separator":";","into":["a","b"]}]`, `{"a":5}`, `{"a":5}`},
		"set_event":                     {`[{"op":"set_event","value":"sale"}]`, `{"event":"sael"}`, `{"event":"sale"}`},
		"steps one after the other":     {`[{"op":"rename","from":"a","to":"b"},{"op":"convert","path":"b","to_type":"integer"}]`, `{"a":"7"}`, `{"b":7}`},
		"string":                        {`[{"op":"convert","path":"l[*]","to_type":"string"}]`, `{"l":[1.50,true,"x",null,{},[]]}`, `{"l":["1.50","true","x",null,{},[]]}`},
		"number":                        {`[{"op":"convert","path":"l[*]","to_type":"number"}]`, `{"l":["12.50"," 3 ","+4",".5","1e3","x","","0x1","1_0","Inf","NaN","1e999",true,null]}`, `{"l":[12.50,3,4,0.5,1e3,"x","","0x1","1_0","Inf","NaN","1e999",true,null]}`},
		"number with all its digits":    {`[{"op":"convert","path":"a","to_type":"number"}]`, `{"a":"12345678901234567890.123"}`, `{"a":12345678901234567890.123}`},
		"integer":                       {`[{"op":"convert","path":"l[*]","to_type":"integer"}]`, `{"l":["12",12.0,"1e3","-0","1.5",1.5,"1e300","9223372036854775807",true]}`, `{"l":[12,12,1000,0,"1.5",1.5,"1e300",9223372036854775807,true]}`},
		"boolean":                       {`[{"op":"convert","path":"l[*]","to_type":"boolean"}]`, `{"l":["true","Yes","0",1,"off","maybe",2,true]}`, `{"l":[true,true,false,true,false,"maybe",2,true]}`},
		"date_time":                     {`[{"op":"convert","path":"l[*]","to_type":"date_time"}]`, `{"l":["2026-01-31","2026-01-31 12:00:00",1767268800,"1767268800000","Sat, 31 Jan 2026 12:00:00 GMT","2026-01-31T12:00:00+02:00","2026-01-31T12:00:00+0200","soon","",-5,{}]}`, `{"l":["2026-01-31T00:00:00.000Z","2026-01-31T12:00:00.000Z","2026-01-01T12:00:00.000Z","2026-01-01T12:00:00.000Z","2026-01-31T12:00:00.000Z","2026-01-31T10:00:00.000Z","2026-01-31T10:00:00.000Z","soon","",-5,{}]}`},
	} {
		require.Equal(t, c[2], apply(t, c[0], c[1]), name)
	}
}

func TestMappingRefuses(t *testing.T) {
	t.Parallel()
	for steps, says := range map[string]string{
		`[{"op":"add"}]`:                                  "`op` must be",
		`[{"op":"drop"}]`:                                 "`path` must be a path",
		`[{"op":"drop","path":"a..b"}]`:                   "`path` must be a path",
		`[{"op":"drop","path":"[0]"}]`:                    "`path` must be a path",
		`[{"op":"drop","path":"a[-1]"}]`:                  "`path` must be a path",
		`[{"op":"drop","path":"a[1"}]`:                    "`path` must be a path",
		`[{"op":"drop","path":"a."}]`:                     "`path` must be a path",
		`[{"op":"drop","path":"event_id"}]`:               "keeps its ID",
		`[{"op":"rename","from":"a","to":"messageId"}]`:   "keeps its ID",
		`[{"op":"drop","path":"payload"}]`:                "payload is not kept",
		`[{"op":"rename","from":"a"}]`:                    "`to` must be a path",
		`[{"op":"rename","from":"l[*].a","to":"b"}]`:      "the same up to the last [*]",
		`[{"op":"rename","from":"l[*].a","to":"m[*].a"}]`: "the same up to the last [*]",
		`[{"op":"rename","from":"l[*]","to":"l[*].a"}]`:   "must not end with [*]",
		`[{"op":"convert","path":"a","to_type":"money"}]`: "`to_type` must be",
		`[{"op":"default","path":"a"}]`:                   "`value` must be",
		`[{"op":"default","path":"l[*]","value":1}]`:      "must end with a name",
		`[{"op":"split","path":"a","into":["a","b"]}]`:    "`separator` must",
		`[{"op":"split","path":"a","separator":";"}]`:     "`into` must name",
		`[{"op":"set_event","value":""}]`:                 "`value` must be an event's name",
		`[{"op":"set_event","value":7}]`:                  "`value` must be an event's name",
		`[` + strings.Repeat(`{"op":"drop","path":"a"},`, MaxSteps) + `{"op":"drop","path":"a"}]`: "51 steps",
		`[{"op":"drop","path":"a"},{"op":"drop","path":"` + strings.Repeat("a", 501) + `"}]`:      "Step 2",
		`[{"op":"drop","path":"` + strings.Repeat("a.", maxParts) + `a"}]`:                        "`path` must be a path",
		`[{"op":"default","path":"a","value":"` + strings.Repeat("x", maxValueBytes) + `"}]`:      "4096 bytes",
	} {
		var list []Step
		require.NoError(t, json.Unmarshal([]byte(steps), &list), steps)
		_, err := Compile(list)
		require.Equal(t, fault.Code("mapping_invalid"), fault.From(err).Code, steps)
		require.Contains(t, err.Error(), says, steps)
	}
}

// Whatever the mapping and the event: nothing panics, and what comes out is an event's JSON whose ID is untouched.
func FuzzMapping(f *testing.F) {
	for _, steps := range []string{
		`[{"op":"rename","from":"properties.a","to":"properties.b.c"}]`, `[{"op":"split","path":"a[*].b","separator":",","into":["a[*].c","a[*].b.d"]}]`,
		`[{"op":"default","path":"a.b","value":[1]},{"op":"drop","path":"a[0]"}]`, `[{"op":"convert","path":"l[*]","to_type":"date_time"}]`,
		`[{"op":"set_event","value":"x"},{"op":"rename","from":"event","to":"event.event"}]`, `[{"op":"rename","from":"a[0].b","to":"a.c"}]`,
	} {
		f.Add(steps, `{"event":"e","event_id":"1","a":[{"b":"1,2"}],"properties":{"a":1},"l":["2026-01-01",5]}`)
	}
	f.Fuzz(func(t *testing.T, steps, event string) {
		var list []Step
		if json.Unmarshal([]byte(steps), &list) != nil {
			return
		}
		m, err := Compile(list)
		if err != nil {
			require.Equal(t, fault.Invalid, fault.KindOf(err))
			return
		}
		var d doc.Doc
		root, err := d.Parse([]byte(event))
		if err != nil || root.Kind() != doc.Object || !json.Valid([]byte(event)) {
			return
		}
		id := textOf(root.Child("event_id"))
		m.apply(root)
		require.True(t, json.Valid(root.Append(nil)))
		require.Equal(t, id, textOf(root.Child("event_id")))
	})
}

func textOf(n *doc.Node) string {
	if n == nil {
		return ""
	}
	return string(n.Append(nil))
}

// However long a list is, a mapping makes an event little larger than an event may be, and what becomes too large stays where it is.
func TestMappingIsBounded(t *testing.T) {
	t.Parallel()
	many := `{"event":"a","properties":{"l":[` + strings.Repeat("{},", 10_000) + `{}]}}`
	value := "[" + strings.Repeat("0,", 2_000) + "0]"
	long := strings.Repeat("n", 400)
	for name, steps := range map[string]string{
		"values": `[{"op":"default","path":"properties.l[*].a","value":` + value + `},{"op":"default","path":"properties.l[*].b","value":` + value + `}]`,
		"names":  `[{"op":"default","path":"properties.l[*].a","value":1},{"op":"rename","from":"properties.l[*].a","to":"properties.l[*].` + long + `"},{"op":"rename","from":"properties.l[*].` + long + `","to":"properties.l[*].x` + long + `"}]`,
	} {
		var list []Step
		require.NoError(t, json.Unmarshal([]byte(steps), &list), name)
		m, err := Compile(list)
		require.NoError(t, err, name)
		var d doc.Doc
		root, err := d.Parse([]byte(many))
		require.NoError(t, err)
		require.False(t, m.apply(root), name)
		require.Less(t, len(root.Append(nil)), 8<<20, name)
	}
	m, err := Compile([]Step{{Op: "default", Path: "properties.l[*].a", Value: json.RawMessage(value)}})
	require.NoError(t, err)
	letters := []Letter{{EventID: "1", Payload: []byte(many)}, {EventID: "2", Payload: []byte(`{"event":"a"}`)}}
	for i := range letters {
		letters[i].Format, letters[i].Time, letters[i].ReceivedAt = ingest.FormatNative, time.Unix(1_800_000_000, 0), time.Unix(1_800_000_000, 0)
	}
	all, done, err := NewMender(taken{}).Mend(t.Context(), m, letters)
	require.NoError(t, err)
	defer done()
	require.Equal(t, ingest.CodeEventTooLarge, all[0].Item.Rejection.Code)
	require.Equal(t, "1", string(all[0].Item.Event.ID))
	require.Nil(t, all[1].Item.Rejection)
}

// taken takes everything as it is.
type taken struct{}

func (taken) Prepare(context.Context, *ingest.Preparation) (func(), error) { return func() {}, nil }
