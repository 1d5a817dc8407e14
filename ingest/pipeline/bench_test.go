package pipeline_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/pipeline"
	"github.com/observatory/observatory/ingest/schema"
	"github.com/observatory/observatory/ingest/wire"
	"github.com/observatory/observatory/tenants"
)

const purchase = `{
	"type":"object","additionalProperties":false,
	"properties":{
		"path":{"type":"string","maxLength":200},"referrer":{"type":"string"},"title":{"type":"string"},"price":{"type":"number","minimum":0},
		"currency":{"enum":["EUR","USD"]},"quantity":{"type":"integer","minimum":1},"tags":{"type":"array","items":{"type":"string"}},"in_stock":{"type":"boolean"}
	},
	"required":["path","price","currency"]
}`

// BenchmarkPrepare is what a request of 100 events costs from body to record, a second's worth of senders: with the rules of a tenant
// that declares none, and bound to a schema. The default redaction and enrichment are on in both.
func BenchmarkPrepare(b *testing.B) {
	body := []byte("[")
	for i := range 100 {
		if i > 0 {
			body = append(body, ',')
		}
		body = fmt.Appendf(body, `{"event":"purchase","event_id":"018f4e1c-7b3a-7000-8000-%012d","user_id":"u-%d","session_id":"s-1","timestamp":"2026-11-21T11:59:%02d.000Z",
			"properties":{"path":"/products/%d","referrer":"https://www.example.com/search?q=shoes","title":"Running shoes","price":19.99,"currency":"EUR","quantity":2,"tags":["new","sale"],"in_stock":true},
			"context":{"ip":"203.0.113.7","locale":"en-GB","userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36","page":{"url":"https://shop.example.com/products/17?utm_source=news"}}}`, i, i, i%60, i)
	}
	body = append(body, ']')
	feed := newShelf()
	unchecked, conformed := tenants.ID(uuid.New()), tenants.ID(uuid.New())
	feed.declare(pipeline.Declared{
		Tenant: conformed, Secrets: 1,
		Policies: []ingest.Policy{policy(ingest.ContractPolicy, 1, `{"unknown_events":"quarantine","events":[{"event":"purchase","subject":"purchase","mode":"enforce"}]}`)},
		Schemas:  []pipeline.DeclaredSchema{{ID: 1, Type: schema.JSON, Text: purchase, Versions: []pipeline.DeclaredVersion{{Subject: "purchase", Version: 1}}}},
	})
	p := newPipeline(feed)
	require.NoError(b, p.Rulebook().Refresh(b.Context()))
	run := func(name string, prepare func(*ingest.Batch)) {
		b.Run(name, func(b *testing.B) {
			decoder := wire.NewDecoder()
			var record []byte
			b.ReportAllocs()
			for b.Loop() {
				batch, err := decoder.Decode(body)
				require.NoError(b, err)
				prepare(batch)
				for i := range batch.Items {
					if r := batch.Items[i].Rejection; r != nil {
						b.Fatal(r)
					}
				}
				record = ingest.AppendRecord(record[:0], ingest.Header{}, batch.Items)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100, "ns/event")
		})
	}
	with := func(tenant tenants.ID) func(*ingest.Batch) {
		return func(batch *ingest.Batch) {
			done, err := p.Prepare(b.Context(), &ingest.Preparation{Sender: ingest.Sender{Tenant: tenant}, Items: batch.Items})
			require.NoError(b, err)
			done()
		}
	}
	run("no_rules", func(*ingest.Batch) {})
	run("unchecked", with(unchecked))
	run("conformed", with(conformed))
}
