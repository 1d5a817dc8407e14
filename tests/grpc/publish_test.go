package grpc_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/fullstorydev/grpcurl"
	"github.com/jhump/protoreflect/grpcreflect"
	"github.com/stretchr/testify/require"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/gzip" // as a compressor of calls
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	observatoryv1 "github.com/observatory/observatory/api/gen/observatory/v1"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

// A request comes to the same by every protocol: it is stored as it was sent.
func TestPublish(t *testing.T) {
	t.Parallel()
	server := start(t)
	conn := dial(t, server)
	object, err := structpb.NewStruct(map[string]any{"revenue": 42.5, "items": []any{"a", 1.0, nil, true}, "deep": map[string]any{"text": "é\n"}})
	require.NoError(t, err)
	at := time.Now().UTC().Add(-time.Hour).Truncate(time.Millisecond)
	events := func() *observatoryv1.PublishRequest {
		return &observatoryv1.PublishRequest{Wait: observatoryv1.Wait_WAIT_STORED, Events: []*observatoryv1.Event{
			{
				Event: "order", EventId: "e1", UserId: "u", AnonymousId: "a", SessionId: "s", Timestamp: timestamppb.New(at),
				Body: &observatoryv1.Event_Properties{Properties: object}, Circumstances: &observatoryv1.Event_ContextJson{ContextJson: `{"locale":"de"}`},
			},
			{Event: strings.Repeat("x", 300), EventId: "e2"},
			{Type: observatoryv1.EventType_EVENT_TYPE_PAGE, EventId: "e3", Body: &observatoryv1.Event_PropertiesJson{PropertiesJson: `{"path":"/"}`}},
		}}
	}
	over := func(client *http.Client, options ...connect.ClientOption) func(context.Context, string) (*observatoryv1.PublishResponse, string, error) {
		return func(ctx context.Context, key string) (*observatoryv1.PublishResponse, string, error) {
			request := keyed(key, events())
			request.Header().Set("X-Correlation-ID", "mine-1")
			response, err := connectClient(t, server, client, options...).Publish(ctx, request)
			if err != nil {
				return nil, "", err
			}
			return response.Msg, response.Header().Get("X-Correlation-ID"), nil
		}
	}
	withGo := func(options ...grpc.CallOption) func(context.Context, string) (*observatoryv1.PublishResponse, string, error) {
		return func(ctx context.Context, key string) (*observatoryv1.PublishResponse, string, error) {
			var header metadata.MD
			out, err := publish(metadata.AppendToOutgoingContext(with(ctx, key), "x-correlation-id", "mine-1"), conn, events(), append(options, grpc.Header(&header))...)
			return out, strings.Join(header.Get("x-correlation-id"), ""), err
		}
	}
	for name, send := range map[string]func(context.Context, string) (*observatoryv1.PublishResponse, string, error){
		"grpc-go":                  withGo(),
		"grpc-go, gzip":            withGo(grpc.UseCompressor("gzip")),
		"connect as gRPC":          over(httpClient(t, true), connect.WithGRPC()),
		"gRPC-Web over HTTP/1.1":   over(httpClient(t, false), connect.WithGRPCWeb()),
		"gRPC-Web over HTTP/2":     over(httpClient(t, true), connect.WithGRPCWeb()),
		"Connect over HTTP/1.1":    over(httpClient(t, false)),
		"Connect over HTTP/2":      over(httpClient(t, true), connect.WithSendGzip()),
		"Connect in JSON":          over(httpClient(t, false), connect.WithProtoJSON()),
		"gRPC in JSON":             over(httpClient(t, true), connect.WithGRPC(), connect.WithProtoJSON()),
		"gRPC-Web in JSON, zipped": over(httpClient(t, false), connect.WithGRPCWeb(), connect.WithProtoJSON(), connect.WithSendGzip()),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			account := server.SignUp(t)
			out, correlation, err := send(t.Context(), account.Keys.Secret)
			require.NoError(t, err)
			require.Equal(t, "mine-1", correlation)
			require.True(t, out.Durable)
			require.True(t, out.Stored)
			require.Equal(t, uint32(2), out.Accepted)
			require.Len(t, out.Rejected, 1)
			require.Equal(t, uint32(1), out.Rejected[0].Index)
			require.Equal(t, "field_too_long", out.Rejected[0].Code)
			require.NotEmpty(t, out.Rejected[0].Message)

			stored := account.Secret.Events(t, map[string]any{})
			slices.SortFunc(stored, func(a, b harness.StoredEvent) int { return strings.Compare(a.ID, b.ID) })
			require.Len(t, stored, 2)
			e := stored[0]
			require.Equal(t, []string{"order", "e1", "track", "u", "a", "s", "mine-1"}, []string{e.Name, e.ID, e.Type, e.UserID, e.AnonymousID, e.SessionID, e.CorrelationID})
			require.Equal(t, at, e.Time.UTC())
			require.Equal(t, out.Receipt, e.Receipt)
			require.Equal(t, object.AsMap(), e.Properties)
			require.Equal(t, "de", e.Context["locale"])
			require.Equal(t, []string{"page_view", "page"}, []string{stored[1].Name, stored[1].Type})
			require.Equal(t, map[string]any{"path": "/"}, stored[1].Properties)

			receipt := account.Secret.Settled(t, out.Receipt)
			require.Equal(t, "mine-1", receipt.CorrelationID)
			require.Equal(t, 1, receipt.Counts.Quarantined)
			require.Equal(t, 2, receipt.Counts.Stored)
			server.SignUp(t).Secret.Get(t, "/v1/receipts/"+out.Receipt).WantProblem(t, http.StatusNotFound, "receipt_not_found")
		})
	}
}

// What cannot be taken is refused with the same codes as over HTTP.
func TestErrors(t *testing.T) {
	t.Parallel()
	server := start(t)
	account := server.SignUp(t)
	conn := dial(t, server)
	revoked := account.CreateKey(t, "secret", nil)
	account.Session.Do(t, http.MethodDelete, "/v1/keys/"+revoked.ID, nil).Want(t, http.StatusNoContent)
	reader := account.CreateKey(t, "secret", map[string]any{"scopes": []string{"query:read"}})
	one := named(0, "a", "")
	many := func(n int) *observatoryv1.PublishRequest {
		return &observatoryv1.PublishRequest{Events: slices.Repeat([]*observatoryv1.Event{{Event: "a"}}, n)}
	}
	large := func(size int) *observatoryv1.PublishRequest {
		return &observatoryv1.PublishRequest{Events: slices.Repeat([]*observatoryv1.Event{{Event: "a", Body: &observatoryv1.Event_PropertiesJson{PropertiesJson: `{"a":"` + strings.Repeat("x", 20_000) + `"}`}}}, size/20_020)}
	}
	for name, c := range map[string]struct {
		key    string
		in     *observatoryv1.PublishRequest
		code   codes.Code
		reason string
		field  string
	}{
		"the largest":         {account.Keys.Secret, large(4 << 20), codes.OK, "", ""},
		"a publishable key":   {account.Keys.Publishable, one, codes.OK, "", ""},
		"no key":              {"", one, codes.Unauthenticated, "key_missing", ""},
		"no key of ours":      {"eyJhbGciOiJFZERTQSJ9.e30.AAAA", one, codes.Unauthenticated, "key_malformed", ""},
		"a revoked key":       {revoked.Token, one, codes.Unauthenticated, "key_revoked", ""},
		"a key that may read": {reader.Token, one, codes.PermissionDenied, "scope_missing", ""},
		"no events":           {account.Keys.Secret, many(0), codes.InvalidArgument, "empty_body", "events"},
		"too many events":     {account.Keys.Secret, many(2501), codes.ResourceExhausted, "too_many_events", "events"},
		"too large":           {account.Keys.Secret, large(4<<20 + 50_000), codes.ResourceExhausted, "body_too_large", ""},
		"nothing to wait for": {account.Keys.Secret, &observatoryv1.PublishRequest{Wait: 9, Events: one.Events}, codes.InvalidArgument, "invalid_request", "wait"},
		"sent in 10000":       {account.Keys.Secret, &observatoryv1.PublishRequest{SentAt: &timestamppb.Timestamp{Seconds: 1 << 40}, Events: one.Events}, codes.InvalidArgument, "invalid_timestamp", "sent_at"},
	} {
		ctx := t.Context()
		if c.key != "" {
			ctx = with(ctx, c.key)
		}
		for _, options := range [][]grpc.CallOption{nil, {grpc.UseCompressor("gzip")}} {
			_, err := publish(ctx, conn, c.in, options...)
			require.Equal(t, c.code, status.Code(err), "%s: %v", name, err)
			if c.code == codes.OK {
				continue
			}
			require.Equal(t, c.reason, reason(t, err), name)
			require.NotEmpty(t, status.Convert(err).Message())
			if c.field != "" {
				require.Equal(t, c.field, detail[*errdetails.BadRequest](err).FieldViolations[0].Field, name)
			}
		}
	}
	for name, message := range map[string][]byte{"text": []byte("hello"), "a length that lies": {0x0a, 0x7f, 0x01}} {
		err := conn.Invoke(with(t.Context(), account.Keys.Secret), "/observatory.v1.IngestService/Publish", &message, new([]byte), grpc.ForceCodec(raw{}))
		require.Equal(t, codes.InvalidArgument, status.Code(err), name)
		require.Equal(t, "invalid_message", reason(t, err), name)
	}
	_, err := publish(with(t.Context(), account.Keys.Secret), conn, one)
	require.NoError(t, err, "the server is well")
	err = conn.Invoke(with(t.Context(), account.Keys.Secret), "/observatory.v1.IngestService/Delete", one, &observatoryv1.PublishResponse{})
	require.Equal(t, codes.Unimplemented, status.Code(err))
	metrics := string(server.Anonymous(t).Get(t, "/metrics").Want(t, http.StatusOK).Body)
	require.Contains(t, metrics, `observatory_http_requests_total{method="POST",route="/observatory.v1.IngestService/Publish",status="401"}`)
}

// raw sends bytes as they are.
type raw struct{}

func (raw) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil }

func (raw) Unmarshal(data []byte, v any) error {
	*v.(*[]byte) = data
	return nil
}

func (raw) Name() string { return "proto" }

var _ encoding.Codec = raw{}

// Connect's errors are JSON with details, under the status of HTTP.
func TestConnectErrors(t *testing.T) {
	t.Parallel()
	server := start(t)
	account := server.SignUp(t)
	const path = "/observatory.v1.IngestService/Publish"
	type failure struct{ Code, Message string }
	send := func(c *harness.Caller, body any, status int, headers ...string) failure {
		return harness.As[failure](t, c.Post(t, path, body, headers...).Want(t, status))
	}
	require.Equal(t, "unauthenticated", send(server.Anonymous(t), `{}`, 401).Code)
	require.Equal(t, "invalid_argument", send(account.Secret, `{}`, 400).Code)
	require.Equal(t, "invalid_argument", send(account.Secret, `{"events":[`, 400).Code)
	require.Equal(t, "invalid_argument", send(account.Secret, `{"events":[{"evnt":"a"}]}`, 400).Code, "a typing error costs no event silently")
	require.Equal(t, "resource_exhausted", send(account.Secret, `{"events":[]}`+strings.Repeat(" ", 1<<20), 429).Code)
	account.Secret.Post(t, path, "hello", "Content-Type", "text/plain").Want(t, http.StatusUnsupportedMediaType)
	account.Secret.Get(t, path).Want(t, http.StatusMethodNotAllowed)
	out := harness.As[struct{ Accepted int }](t, account.Secret.Post(t, path, `{"events":[{"event":"a","eventId":"1","properties":{"a":[1,{"b":null}]}},{"event":"b","event_id":"2"}]}`).Want(t, 200))
	require.Equal(t, 2, out.Accepted)
}

// Pages of a key's origins may call over Connect and gRPC-Web, and no others.
func TestPages(t *testing.T) {
	t.Parallel()
	server := start(t)
	account := server.SignUp(t)
	made := account.CreateKey(t, "publishable", map[string]any{"origins": []string{"https://shop.example.com"}})
	key := server.WithKey(t, made.Token)
	const path, body = "/observatory.v1.IngestService/Publish", `{"events":[{"event":"a"}]}`
	res := key.Post(t, path, body, "Origin", "https://shop.example.com", "Connect-Protocol-Version", "1").Want(t, http.StatusOK)
	require.Equal(t, "https://shop.example.com", res.Header.Get("Access-Control-Allow-Origin"))
	require.Contains(t, res.Header.Get("Access-Control-Expose-Headers"), "Grpc-Status")
	res = key.Post(t, path, body, "Origin", "https://evil.example.com").Want(t, http.StatusForbidden)
	require.Empty(t, res.Header.Get("Access-Control-Allow-Origin"))
	require.Contains(t, string(res.Body), "permission_denied")
	asked := server.Anonymous(t).Do(t, http.MethodOptions, path, nil, "Origin", "https://shop.example.com", "Access-Control-Request-Method", "POST").Want(t, http.StatusNoContent)
	for _, header := range []string{"X-Grpc-Web", "Connect-Protocol-Version", "Authorization"} {
		require.Contains(t, asked.Header.Get("Access-Control-Allow-Headers"), header)
	}
}

// A key that sends too much is told when to come again.
func TestRateLimit(t *testing.T) {
	t.Parallel()
	server := start(t, "--rate-per-key", "10")
	account := server.SignUp(t)
	ctx, conn := with(t.Context(), account.Keys.Secret), dial(t, server)
	full := &observatoryv1.PublishRequest{Events: slices.Repeat([]*observatoryv1.Event{{Event: "a"}}, 2500)}
	_, err := publish(ctx, conn, full)
	require.NoError(t, err)
	_, err = publish(ctx, conn, full)
	require.Equal(t, codes.ResourceExhausted, status.Code(err))
	require.Equal(t, "rate_limited", reason(t, err))
	require.GreaterOrEqual(t, detail[*errdetails.RetryInfo](err).RetryDelay.AsDuration(), time.Second)

	s, err := openStream(ctx, conn)
	require.NoError(t, err)
	for i := range 2 {
		full.Sequence = uint64(i)
		require.NoError(t, s.send(full))
		ack, err := s.receive()
		require.NoError(t, err, "the stream goes on")
		failed := status.ErrorProto(statusOf(ack.GetError()))
		require.Equal(t, codes.ResourceExhausted, status.Code(failed))
		require.Equal(t, "rate_limited", reason(t, failed))
		require.NotNil(t, detail[*errdetails.RetryInfo](failed))
	}
}

// grpcurl finds its way by reflection alone.
func TestReflection(t *testing.T) {
	t.Parallel()
	server := start(t)
	account := server.SignUp(t)
	conn := dial(t, server)
	client := grpcreflect.NewClientAuto(t.Context(), conn)
	defer client.Reset()
	source := grpcurl.DescriptorSourceFromServer(t.Context(), client)
	services, err := grpcurl.ListServices(source)
	require.NoError(t, err)
	require.Contains(t, services, "observatory.v1.IngestService")
	require.Contains(t, services, "grpc.health.v1.Health")

	in := strings.NewReader(`{"sequence": 1, "events": [{"event": "first", "properties": {"n": 1}}]} {"sequence": 2, "events": [{"event": "second"}]}`)
	parser, formatter, err := grpcurl.RequestParserAndFormatter(grpcurl.FormatJSON, source, in, grpcurl.FormatOptions{EmitJSONDefaultFields: true})
	require.NoError(t, err)
	var out bytes.Buffer
	handler := &grpcurl.DefaultEventHandler{Out: &out, Formatter: formatter}
	headers := []string{"authorization: Bearer " + account.Keys.Secret}
	require.NoError(t, grpcurl.InvokeRPC(t.Context(), source, conn, "observatory.v1.IngestService/PublishStream", headers, handler, parser.Next))
	require.NoError(t, handler.Status.Err())
	require.Contains(t, out.String(), `"sequence": "2"`)
	require.Equal(t, 2, strings.Count(out.String(), `"receipt": "rcp_`))
}

// The health service says what /readyz says.
func TestHealth(t *testing.T) {
	t.Parallel()
	server := start(t)
	client := healthv1.NewHealthClient(dial(t, server))
	for _, service := range []string{"", "observatory.v1.IngestService"} {
		out, err := client.Check(t.Context(), &healthv1.HealthCheckRequest{Service: service})
		require.NoError(t, err)
		require.Equal(t, healthv1.HealthCheckResponse_SERVING, out.Status)
	}
	_, err := client.Check(t.Context(), &healthv1.HealthCheckRequest{Service: "other"})
	require.Equal(t, codes.NotFound, status.Code(err))

	// Without its keys a server accepts nothing: it is asked while it starts.
	server.Kill(t)
	server.Begin(t)
	testkit.Eventually(t, harness.Patience, func() error {
		out, err := client.Check(t.Context(), &healthv1.HealthCheckRequest{}, grpc.WaitForReady(true))
		if err == nil && out.Status != healthv1.HealthCheckResponse_SERVING {
			return fmt.Errorf("it says %s", out.Status)
		}
		return err
	})
}
