package grpc_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"net/http"
	"testing"

	"github.com/hamba/avro/v2"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/structpb"

	observatoryv1 "github.com/observatory/observatory/api/gen/observatory/v1"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

// Events whose properties are Avro, Protobuf, a message or JSON go over one stream, and conform to one contract.
func TestPayloads(t *testing.T) {
	t.Parallel()
	const (
		inAvro  = `{"type":"record","name":"Checkout","namespace":"shop","fields":[{"name":"price","type":"double"},{"name":"currency","type":"string","default":"EUR"}]}`
		inProto = `syntax = "proto3"; package shop; message Checkout { double price = 1; string currency = 2; }`
	)
	server := start(t)
	account := server.SignUp(t)
	register := func(kind, schema string) []byte {
		id := harness.As[struct{ ID uint32 }](t, account.Session.Post(t, "/v1/schema-registry/subjects/checkout/versions", map[string]any{"schemaType": kind, "schema": schema}).Want(t, http.StatusOK)).ID
		return binary.BigEndian.AppendUint32([]byte{0}, id)
	}
	account.Session.Do(t, http.MethodPut, "/v1/schema-registry/config/checkout", map[string]any{"compatibility": "NONE"}).Want(t, http.StatusOK)
	avroFrame, protoFrame := register("AVRO", inAvro), register("PROTOBUF", inProto)
	account.Session.Do(t, http.MethodPut, "/v1/policies/contract", map[string]any{"base_version": 0, "document": map[string]any{
		"unknown_events": "quarantine", "events": []any{map[string]any{"event": "checkout", "subject": "checkout", "mode": "enforce", "unknown_properties": "quarantine"}},
	}}).Want(t, http.StatusOK)

	avroData, err := avro.Marshal(avro.MustParse(inAvro), map[string]any{"price": 1.5, "currency": "GBP"})
	require.NoError(t, err)
	protoData := protowire.AppendFixed64(protowire.AppendTag([]byte{0}, 1, protowire.Fixed64Type), math.Float64bits(2.5)) // behind the index of the message
	protoData = protowire.AppendString(protowire.AppendTag(protoData, 2, protowire.BytesType), "CHF")
	object, err := structpb.NewStruct(map[string]any{"price": 3.5, "currency": "USD"})
	require.NoError(t, err)
	payload := func(frame, data []byte) *observatoryv1.Event {
		return &observatoryv1.Event{Event: "checkout", Body: &observatoryv1.Event_Payload{Payload: append(frame[:5:5], data...)}}
	}
	events := map[string]*observatoryv1.Event{
		"avro": payload(avroFrame, avroData), "protobuf": payload(protoFrame, protoData),
		"message": {Event: "checkout", Body: &observatoryv1.Event_Properties{Properties: object}},
		"json":    {Event: "checkout", Body: &observatoryv1.Event_PropertiesJson{PropertiesJson: `{"price":"4.5","currency":"EUR"}`}},
		"cut":     payload(avroFrame, avroData[:4]),
		"nobody":  payload([]byte{0, 0x7f, 0xff, 0xff, 0xff}, avroData),
		"other":   {Event: "unheard of"},
	}
	s, err := openStream(with(t.Context(), account.Keys.Secret), dial(t, server))
	require.NoError(t, err)
	send := func(event *observatoryv1.Event) string {
		require.NoError(t, s.send(&observatoryv1.PublishRequest{Wait: observatoryv1.Wait_WAIT_STORED, Events: []*observatoryv1.Event{event}}))
		ack, err := s.receive()
		require.NoError(t, err)
		require.Nil(t, ack.GetError())
		if len(ack.GetResponse().Rejected) > 0 {
			return ack.GetResponse().Rejected[0].Code
		}
		return ""
	}
	testkit.Eventually(t, harness.Patience, func() error {
		if code := send(events["other"]); code != "unknown_event" {
			return fmt.Errorf("the contract is not in force yet: %q", code)
		}
		return nil
	})
	for name, code := range map[string]string{"avro": "", "protobuf": "", "message": "", "json": "", "cut": "payload_invalid", "nobody": "schema_unknown"} {
		events[name].EventId = name
		require.Equal(t, code, send(events[name]), name)
	}
	stored := map[string]any{}
	for _, e := range account.Secret.Events(t, map[string]any{"event": "checkout"}) {
		stored[e.ID] = []any{e.Properties["price"], e.Properties["currency"]}
	}
	require.Equal(t, map[string]any{"avro": []any{1.5, "GBP"}, "protobuf": []any{2.5, "CHF"}, "message": []any{3.5, "USD"}, "json": []any{4.5, "EUR"}}, stored)
}
