package wire_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/wire"
	"github.com/observatory/observatory/internal/fault"
)

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"event":"a","event_id":"e","timestamp":"2026-01-31T12:00:00.000Z","properties":{"a":[1.5e-3,true,null]}}`))
	f.Add([]byte(`{"sent_at":"2026-01-31T12:00:00Z","events":[{"event":"a"},5,{"event":"\ud83d\ude00","user_id":"u"}]}`))
	f.Add([]byte("{\"event\":\"a\"}\n{\"event\":\r\n{\"event\":\"b\",\"context\":{}}"))
	f.Add([]byte(`[{"event":"a","properties":{"n":NaN,"m":-Infinity,"k":1,"\u006b":2}}]`))
	d := wire.NewDecoder()
	f.Fuzz(func(t *testing.T, body []byte) { checkDecode(t, d, body) })
}

func FuzzDecodeSegment(f *testing.F) {
	f.Add([]byte(`{"event":"a","userId":5,"integrations":{"All":true}}`), uint8(ingest.Track))
	f.Add([]byte(`{"type":"page","name":"Home","properties":{"name":"x"}}`), uint8(ingest.Page))
	f.Add([]byte(`{"writeKey":"k","batch":[{"type":"group","groupId":"g"},{"type":"alias","previousId":1}],"context":{"a":1},"integrations":{}}`), uint8(0))
	d := wire.NewDecoder()
	f.Fuzz(func(t *testing.T, body []byte, kind uint8) { checkSegment(t, d, body, ingest.Type(kind%7)) })
}

// Whatever is sent, reading ends within the limits, in text or in a fault that the sender may see.
func FuzzBodiesRead(f *testing.F) {
	f.Add([]byte("plain"), uint8(0), true)
	f.Add(gzipped([]byte("gzip")), uint8(1), false)
	f.Add(gzipped(make([]byte, 4<<20)), uint8(1), true)
	f.Add(zstded([]byte("zstd")), uint8(2), false)
	f.Add(streamed(make([]byte, 4<<20)), uint8(2), false)
	var bodies wire.Bodies
	f.Fuzz(func(t *testing.T, body []byte, encoding uint8, sniff bool) {
		encodings := []string{"", "gzip", "zstd", "br"}
		text, err := bodies.Read(bytes.NewReader(body), encodings[int(encoding)%len(encodings)], sniff, nil)
		if err != nil {
			require.Contains(t, []fault.Kind{fault.Invalid, fault.TooLarge}, fault.KindOf(err))
			return
		}
		require.LessOrEqual(t, len(text), ingest.MaxInflatedBytes)
		require.LessOrEqual(t, len(text), max(1<<20, ingest.MaxInflationRatio*len(body)))
	})
}
