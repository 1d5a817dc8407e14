package ingest_test

import (
	"testing"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/doc"
)

// BenchmarkBars is what it costs, for each event, to be judged: where nothing holds for anybody of its tenant, and where something does (without
// the hashes, which are privacy/suppress's).
func BenchmarkBars(b *testing.B) {
	var properties, context doc.Doc
	root, err := properties.Parse([]byte(`{"path":"/products/1","price":19.99,"phone":"p9","tags":["new","sale"]}`))
	if err != nil {
		b.Fatal(err)
	}
	none := context.Empty()
	for name, judge := range map[string]ingest.Judge{"nobody": nil, "somebody": &registry{all: map[string]standing{"user u1": {barred: true}}}} {
		b.Run(name, func(b *testing.B) {
			p := ingest.Preparation{Judge: judge}
			item := ingest.Item{Event: ingest.Event{Type: ingest.Track, UserID: []byte("u2"), AnonymousID: []byte("d1")}}
			for b.Loop() {
				if p.Bars(&item, root, none) {
					b.Fatal("barred")
				}
			}
		})
	}
}
