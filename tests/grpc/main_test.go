// Package grpc_test tests the gRPC service as its users meet it: a real server, and the clients that people use: grpc-go, grpcurl, and
// Connect's in each of its three protocols.
package grpc_test

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	observatoryv1 "github.com/observatory/observatory/api/gen/observatory/v1"
	"github.com/observatory/observatory/api/gen/observatory/v1/observatoryv1connect"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func start(t *testing.T, flags ...string) *harness.Server {
	t.Helper()
	return harness.Start(t, harness.Config{Engines: harness.SharedEngines(t), Flags: flags})
}

// dial connects with grpc-go.
func dial(tb testing.TB, server *harness.Server, options ...grpc.DialOption) *grpc.ClientConn {
	tb.Helper()
	conn, err := grpc.NewClient(strings.TrimPrefix(server.URL, "http://"), append(options, grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = conn.Close() })
	return conn
}

// with is a context whose calls carry a key.
func with(ctx context.Context, key string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+key)
}

// publish sends a request with grpc-go.
func publish(ctx context.Context, conn *grpc.ClientConn, in *observatoryv1.PublishRequest, options ...grpc.CallOption) (*observatoryv1.PublishResponse, error) {
	out := &observatoryv1.PublishResponse{}
	return out, conn.Invoke(ctx, observatoryv1connect.IngestServicePublishProcedure, in, out, options...)
}

// stream is a PublishStream of grpc-go.
type stream struct{ grpc.ClientStream }

func openStream(ctx context.Context, conn *grpc.ClientConn) (stream, error) {
	s, err := conn.NewStream(ctx, &grpc.StreamDesc{StreamName: "PublishStream", ServerStreams: true, ClientStreams: true}, observatoryv1connect.IngestServicePublishStreamProcedure)
	return stream{s}, err
}

func (s stream) send(in *observatoryv1.PublishRequest) error { return s.SendMsg(in) }

func (s stream) receive() (*observatoryv1.PublishAck, error) {
	ack := &observatoryv1.PublishAck{}
	return ack, s.RecvMsg(ack)
}

// named is a request of one event.
func named(sequence uint64, event, id string) *observatoryv1.PublishRequest {
	return &observatoryv1.PublishRequest{Sequence: sequence, Events: []*observatoryv1.Event{{Event: event, EventId: id}}}
}

// connectClient is Connect's client, by default in its own protocol over HTTP/1.1.
func connectClient(tb testing.TB, server *harness.Server, client *http.Client, options ...connect.ClientOption) observatoryv1connect.IngestServiceClient {
	tb.Helper()
	return observatoryv1connect.NewIngestServiceClient(client, server.URL, options...)
}

// httpClient is a client that speaks HTTP/2 without TLS, or HTTP/1.1.
func httpClient(tb testing.TB, http2 bool) *http.Client {
	tb.Helper()
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(http2)
	protocols.SetHTTP1(!http2)
	transport := &http.Transport{Protocols: protocols, DialContext: (&net.Dialer{}).DialContext}
	tb.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// keyed is a request of Connect's client with a key.
func keyed(key string, in *observatoryv1.PublishRequest) *connect.Request[observatoryv1.PublishRequest] {
	r := connect.NewRequest(in)
	r.Header().Set("Authorization", "Bearer "+key)
	return r
}

// reason is the error's code as the HTTP API names it.
func reason(t require.TestingT, err error) string {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			require.Equal(t, "observatory", info.Domain)
			return info.Reason
		}
	}
	return ""
}

// detail finds a detail of an error. nil: it has none of that kind.
func detail[T proto.Message](err error) (found T) {
	for _, d := range status.Convert(err).Details() {
		if one, ok := d.(T); ok {
			found = one
		}
	}
	return found
}
