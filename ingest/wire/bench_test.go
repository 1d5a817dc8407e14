package wire_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest/wire"
)

// ordinaryEvents are n events of about 550 bytes, as a browser sends them.
func ordinaryEvents(n int) []string {
	events := make([]string, n)
	for i := range events {
		events[i] = fmt.Sprintf(`{"event":"page_view","event_id":"0197a3b2-5c4d-7e6f-8a9b-%012d","user_id":"user-%d","anonymous_id":"5f1c2d3e-4b5a-4678-9abc-def012345678",`+
			`"session_id":"s-%d","timestamp":"2026-01-31T12:00:%02d.%03dZ","properties":{"path":"/products/garden/hose-%d","title":"Garden hose, 25 m – Müller & Söhne",`+
			`"referrer":"https://search.example/?q=garden+hose","price":%d.99,"currency":"EUR","in_stock":true,"tags":["garden","water"],"variant":null},`+
			`"context":{"locale":"de-DE","screen":{"width":1920,"height":1080},"user_agent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"}}`,
			i, i%37, i%11, i%60, i%1000, i, i%100)
	}
	return events
}

// Decoding is to be compared with json.Valid, which only says yes or no.
func BenchmarkDecode(b *testing.B) {
	const n = 100
	events := ordinaryEvents(n)
	for _, c := range []struct{ name, body string }{
		{"array", "[" + strings.Join(events, ",") + "]"},
		{"envelope", `{"events":[` + strings.Join(events, ",") + "]}"},
		{"lines", strings.Join(events, "\n")},
		{"one", events[0]},
	} {
		body := []byte(c.body)
		events := n
		if c.name == "one" {
			events = 1
		}
		d := wire.NewDecoder()
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				batch, err := d.Decode(body)
				if err != nil || len(batch.Items) != events {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*events), "ns/event")
		})
		b.Run("json.Valid of "+c.name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				json.Valid(body)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*events), "ns/event")
		})
	}
}

func BenchmarkDecodeSegment(b *testing.B) {
	const n = 100
	calls := strings.TrimSuffix(strings.Repeat(`{"type":"track","event":"Order Completed","messageId":"0197a3b2-5c4d-7e6f-8a9b-000000000000","userId":"u","timestamp":"2026-01-31T12:00:00.000Z","properties":{"total":12.5,"currency":"EUR"}},`, n), ",")
	body := []byte(`{"writeKey":"k","sentAt":"2026-01-31T12:00:00.000Z","context":{"library":{"name":"analytics-go","version":"3.3.0"},"locale":"de"},"batch":[` + calls + "]}")
	d := wire.NewDecoder()
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.DecodeSegment(body, 0); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/event")
}

// Once a decoder has its memory, an ordinary batch takes no more.
func TestDecodeAllocates(t *testing.T) { //nolint:paralleltest // counts the allocations of the process
	body := []byte("[" + strings.Join(ordinaryEvents(100), ",") + "]")
	d := wire.NewDecoder()
	allocations := testing.AllocsPerRun(100, func() {
		_, err := d.Decode(body)
		require.NoError(t, err)
	})
	require.Less(t, allocations, 10.0)
}
