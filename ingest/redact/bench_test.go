package redact_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/doc"
)

// A typical event of a web shop, of which the default policy touches nothing: what every event costs.
const (
	typicalProperties = `{"path":"/products/17","referrer":"https://www.example.com/search?q=shoes","title":"Shoes","price":19.99,"currency":"EUR","quantity":2,"sku":"SHOE-17-BLK","in_stock":true}`
	typicalContext    = `{"locale":"de-DE","timezone":"Europe/Berlin","user_agent":"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36","screen":{"width":1440,"height":900},"library":{"name":"observatory-js","version":"1.4.2"},"page":"https://shop.example.com/products/17"}`
)

func BenchmarkEvent(b *testing.B) {
	benchmarkEvent(b, typicalProperties, typicalContext)
}

func BenchmarkEventThatIsTouched(b *testing.B) {
	benchmarkEvent(b, `{"email":"ada@example.com",`+typicalProperties[1:], `{"ip":"203.0.113.77",`+typicalContext[1:])
}

func benchmarkEvent(b *testing.B, properties, context string) {
	r := standard(b)
	var p, c doc.Doc
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		pn, err := p.Parse([]byte(properties))
		require.NoError(b, err)
		cn, err := c.Parse([]byte(context))
		require.NoError(b, err)
		e := ingest.Event{
			Name: []byte("product_viewed"), ID: []byte("0199b1c4-7a2e-7c3d-9f10-2b6a5d8e4c71"), UserID: []byte("user-4711"),
			AnonymousID: []byte("6f1c2b9e-1d2c-4b7f-8a55-0c9d3e7f6a21"), SessionID: []byte("1763700000000"),
		}
		b.StartTimer()
		r.Event(&e, pn, cn)
	}
}

// Untouched documents can be redacted again, so that nothing but redaction is measured.
func BenchmarkEventAlone(b *testing.B) {
	r := standard(b)
	var p, c doc.Doc
	pn, _ := p.Parse([]byte(typicalProperties))
	cn, _ := c.Parse([]byte(typicalContext))
	e := ingest.Event{
		Name: []byte("product_viewed"), ID: []byte("0199b1c4-7a2e-7c3d-9f10-2b6a5d8e4c71"), UserID: []byte("user-4711"),
		AnonymousID: []byte("6f1c2b9e-1d2c-4b7f-8a55-0c9d3e7f6a21"), SessionID: []byte("1763700000000"),
	}
	b.ReportAllocs()
	for b.Loop() {
		r.Event(&e, pn, cn)
	}
	if p.Changed() || c.Changed() {
		b.Fatal("nothing of it is to be touched")
	}
}
