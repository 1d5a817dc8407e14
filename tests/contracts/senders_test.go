package contracts_test

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/hamba/avro/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

const (
	checkoutV1 = `{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","properties":{"price":{"type":"number"},"currency":{"type":"string"}},"required":["price"]}`
	checkoutV2 = `{"type":"record","name":"Checkout","namespace":"shop","fields":[
		{"name":"price","type":"double"},{"name":"currency","type":"string","default":"EUR"},{"name":"items","type":"int","default":1}]}`
	checkoutV3 = `syntax = "proto3"; package shop; message Checkout { double price = 1; string currency = 2; int32 items = 3; string coupon = 4; }`
)

// framed is a message as clients of a schema registry write it.
func framed(id int32, index, data []byte) []byte {
	out := binary.BigEndian.AppendUint32([]byte{0}, uint32(id)) //nolint:gosec // none is negative
	return append(append(out, index...), data...)
}

// Senders of three versions in three formats publish to one event at once, and one query reads them all.
func TestThreeSendersOfOneEvent(t *testing.T) {
	t.Parallel()
	a := start(t).SignUp(t)
	a.Session.Do(t, http.MethodPut, "/v1/schema-registry/config/checkout", map[string]any{"compatibility": "NONE"}).Want(t, http.StatusOK)
	register(t, a, "checkout", "JSON", checkoutV1)
	v2 := register(t, a, "checkout", "AVRO", checkoutV2)
	v3 := register(t, a, "checkout", "PROTOBUF", checkoutV3)
	publish(t, a, "contract", map[string]any{
		"unknown_events": "quarantine",
		"events":         []any{map[string]any{"event": "checkout", "subject": "checkout", "mode": "enforce", "unknown_properties": "quarantine"}},
	})
	testkit.Eventually(t, inForce, func() error { // an event that the contract does not know is set aside once the contract is in force
		ack := a.Secret.Send(t, harness.Event{Name: "unheard of"})
		if len(ack.Rejected) != 1 {
			return fmt.Errorf("not yet in force")
		}
		return nil
	})

	const each = 50
	var sending sync.WaitGroup
	sending.Go(func() { // v1: JSON, with numbers as texts
		for i := range each {
			a.Publishable.Send(t, harness.Event{Name: "checkout", ID: fmt.Sprintf("json-%d", i), Properties: map[string]any{"price": fmt.Sprintf("%d.5", i), "currency": "USD"}})
		}
	})
	sending.Go(func() { // v2: Avro within JSON
		schema := avro.MustParse(checkoutV2)
		for i := range each {
			data, err := avro.Marshal(schema, map[string]any{"price": float64(i) + 0.5, "currency": "GBP", "items": 2})
			if !assert.NoError(t, err) { //nolint:testifylint // require may not end this goroutine
				return
			}
			a.Secret.Post(t, "/v1/events", map[string]any{
				"event": "checkout", "event_id": fmt.Sprintf("avro-%d", i), "payload": base64.StdEncoding.EncodeToString(framed(v2, nil, data)),
			}).Want(t, http.StatusAccepted)
		}
	})
	sending.Go(func() { // v3: Protobuf as a body
		for i := range each {
			var m []byte
			m = protowire.AppendFixed64(protowire.AppendTag(m, 1, protowire.Fixed64Type), math.Float64bits(float64(i)+0.5))
			m = protowire.AppendString(protowire.AppendTag(m, 2, protowire.BytesType), "CHF")
			m = protowire.AppendString(protowire.AppendTag(m, 4, protowire.BytesType), "SPRING")
			q := url.Values{"event_id": {fmt.Sprintf("proto-%d", i)}}
			a.Secret.Post(t, "/v1/events/checkout?"+q.Encode(), framed(v3, []byte{0}, m), "Content-Type", "application/x-protobuf").Want(t, http.StatusAccepted)
		}
	})
	sending.Wait()
	require.False(t, t.Failed())
	testkit.Eventually(t, harness.Patience, func() error {
		if n := a.Secret.Count(t, "checkout"); n != 3*each {
			return fmt.Errorf("%d of %d are there", n, 3*each)
		}
		return nil
	})

	now := time.Now().UTC()
	trend := a.Secret.Trends(t, map[string]any{
		"event": "checkout", "measure": "sum", "property": "properties.price", "breakdown": "properties.currency", "interval": "day", "timezone": "UTC",
		"from": now.AddDate(0, 0, -1).Format(time.RFC3339), "to": now.AddDate(0, 0, 1).Format(time.RFC3339),
	})
	require.Len(t, trend.Series, 3)
	for _, s := range trend.Series {
		require.InDelta(t, each*(each-1)/2+each*0.5, *s.Total, 0.001, "%s", *s.Breakdown)
	}
}

// A rehearsal of a schema that cannot be used says why.
func TestRehearsalOfWhatCannotBeUsed(t *testing.T) {
	t.Parallel()
	a := start(t).SignUp(t)
	for _, body := range []map[string]any{
		{"schema": `{"type":"object"}`, "schemaType": "JSON", "event": "e", "references": []any{map[string]any{"name": "n", "subject": "nowhere", "version": 7}}},
		{"schema": `{"type":`, "schemaType": "JSON", "event": "e"},
	} {
		a.Session.Post(t, "/v1/schemas/some/rehearsal", body).WantProblem(t, http.StatusBadRequest, "invalid_schema")
	}
}
