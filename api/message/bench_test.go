package message_test

import (
	"fmt"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	observatoryv1 "github.com/observatory/observatory/api/gen/observatory/v1"
	"github.com/observatory/observatory/api/message"
	"github.com/observatory/observatory/ingest/wire"
)

// Reading a message is to be compared with what the generated code and protojson take for the same: a tree, and JSON of its objects.
func BenchmarkRead(b *testing.B) {
	const n = 100
	const page = `{"path":"/products/garden/hose-25","title":"Garden hose, 25 m – Müller & Söhne","price":12.99,"currency":"EUR","in_stock":true,"tags":["garden","water"],"variant":null}`
	const context = `{"locale":"de-DE","screen":{"width":1920,"height":1080},"user_agent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"}`
	var asMessage, asText observatoryv1.PublishRequest
	for i := range n {
		event := func() *observatoryv1.Event {
			return &observatoryv1.Event{
				Event: "page_view", EventId: fmt.Sprintf("0197a3b2-5c4d-7e6f-8a9b-%012d", i), UserId: "user-17", AnonymousId: "5f1c2d3e-4b5a-4678-9abc-def012345678",
				SessionId: "s-4", Timestamp: timestamppb.Now(),
			}
		}
		e := event()
		e.Body, e.Circumstances = properties(object(b, page)), &observatoryv1.Event_Context{Context: object(b, context)}
		asMessage.Events = append(asMessage.Events, e)
		e = event()
		e.Body, e.Circumstances = propertiesJSON(page), &observatoryv1.Event_ContextJson{ContextJson: context}
		asText.Events = append(asText.Events, e)
	}
	perEvent := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/event")
	}
	for name, body := range map[string][]byte{"Struct": marshal(b, &asMessage), "JSON": marshal(b, &asText)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var reader message.Reader
			d := wire.NewDecoder()
			for b.Loop() {
				request, err := message.Read(body)
				if err != nil {
					b.Fatal(err)
				}
				batch, err := d.DecodeFields(reader.Events(request, func(int) error { return nil }))
				if err != nil || len(batch.Items) != n {
					b.Fatal(err, reader.Err())
				}
			}
			perEvent(b)
		})
		b.Run(name+" by generated code", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var m observatoryv1.PublishRequest
				if err := proto.Unmarshal(body, &m); err != nil {
					b.Fatal(err)
				}
				for _, e := range m.Events {
					if e.GetProperties() == nil {
						continue
					}
					for _, object := range []proto.Message{e.GetProperties(), e.GetContext()} {
						if _, err := protojson.Marshal(object); err != nil {
							b.Fatal(err)
						}
					}
				}
			}
			perEvent(b)
		})
	}
}
