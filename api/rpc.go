package api

import (
	"context"
	"errors"
	"net/http"

	"connectrpc.com/connect"
	"connectrpc.com/grpchealth"
	"connectrpc.com/grpcreflect"
	"github.com/labstack/echo/v4"

	observatoryv1 "github.com/observatory/observatory/api/gen/observatory/v1"
	"github.com/observatory/observatory/api/gen/observatory/v1/observatoryv1connect"
	"github.com/observatory/observatory/api/message"
	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// routeRPC routes observatory.v1.IngestService (api/proto) over gRPC, gRPC-Web and Connect, and the health and reflection services of gRPC.
func (s *server) routeRPC(e *echo.Echo) {
	options := connect.WithHandlerOptions(
		connect.WithCodec(rpcCodec{name: "proto"}), connect.WithCodec(rpcCodec{name: "json"}),
		connect.WithCompression("gzip", s.newInflater, newDeflater), connect.WithCompressMinBytes(1<<10),
	)
	publish := connect.NewUnaryHandler(observatoryv1connect.IngestServicePublishProcedure, s.publish, options)
	stream := connect.NewBidiStreamHandler(observatoryv1connect.IngestServicePublishStreamProcedure, s.publishStream, options, connect.WithReadMaxBytes(ingest.MaxWireBytes))
	for path, handler := range map[string]echo.HandlerFunc{
		observatoryv1connect.IngestServicePublishProcedure:       s.rpc(publish, ingest.MaxWireBytes+framePrefix),
		observatoryv1connect.IngestServicePublishStreamProcedure: s.rpc(stream, 0),
	} {
		e.GET(path, postOnly) // else the dashboard would answer
		e.POST(path, s.cors(handler))
		e.OPTIONS(path, s.preflight)
	}
	const small = 64 << 10 // bytes of a message
	reflector := grpcreflect.NewStaticReflector(observatoryv1connect.IngestServiceName, grpchealth.HealthV1ServiceName)
	for _, mount := range []func() (string, http.Handler){
		func() (string, http.Handler) {
			return grpchealth.NewHandler(health{s}, connect.WithReadMaxBytes(small))
		},
		func() (string, http.Handler) {
			return grpcreflect.NewHandlerV1(reflector, connect.WithReadMaxBytes(small))
		},
		func() (string, http.Handler) {
			return grpcreflect.NewHandlerV1Alpha(reflector, connect.WithReadMaxBytes(small))
		},
	} {
		path, handler := mount()
		e.POST(path+":method", echo.WrapHandler(handler))
	}
}

func postOnly(c echo.Context) error {
	c.Response().Header().Set(echo.HeaderAllow, http.MethodPost)
	return echo.ErrMethodNotAllowed
}

// framePrefix is what gRPC puts before a message: a flag and the length.
const framePrefix = 5

// rpcCall is a call in hand.
type rpcCall struct {
	*call
	request *http.Request
	writer  http.ResponseWriter
	token   string
	key     *tenants.APIKey
	body    *body // the memory of what is being read
}

type rpcCallKey struct{}

func rpcCallOf(ctx context.Context) *rpcCall {
	return ctx.Value(rpcCallKey{}).(*rpcCall) //nolint:forcetypeassert // no handler is reached without one
}

// rpc asks for the key before anything is read, and counts the memory of what is. limit bounds the bytes of the body; 0: nothing does.
func (s *server) rpc(handler http.Handler, limit int) echo.HandlerFunc {
	failure := connect.NewErrorWriter()
	return func(c echo.Context) error {
		r := c.Request()
		if !failure.IsSupported(r) { // neither of the three protocols, which connect says in the way of each
			handler.ServeHTTP(c.Response(), r)
			return nil
		}
		it := &rpcCall{call: callOf(c), request: r, writer: c.Response()}
		err := it.verify(s)
		if err != nil {
			if errors.Is(err, tenants.ErrOriginNotAllowed) {
				c.Response().Header().Del(echo.HeaderAccessControlAllowOrigin)
			}
			_ = failure.Write(c.Response(), r, s.rpcError(it.call, err)) // the client may be gone
			return nil
		}
		it.principal, it.client = it.key.Principal(), clientOf(c, it.key)
		return s.bodies.with(func(b *body) error {
			it.body = b
			r = r.WithContext(context.WithValue(r.Context(), rpcCallKey{}, it))
			r.Body = &heldBody{ReadCloser: r.Body, body: b, limit: limit, failed: func(err error) error { return s.rpcError(it.call, err) }}
			it.request = r
			handler.ServeHTTP(c.Response(), r)
			return nil
		})
	}
}

// verify looks whether the key may send events (still).
func (it *rpcCall) verify(s *server) error {
	if it.token == "" {
		var ok bool
		if it.token, ok = bearer(it.request); !ok {
			return tenants.ErrKeyMissing
		}
	}
	key, err := s.writer(it.request, it.token)
	if err == nil {
		it.key = key
	}
	return err
}

// publish takes one request.
func (s *server) publish(ctx context.Context, in *connect.Request[rpcMessage]) (*connect.Response[observatoryv1.PublishResponse], error) {
	it := rpcCallOf(ctx)
	out, _, err := s.take(ctx, it, it.body, in.Msg)
	if err != nil {
		return nil, s.rpcError(it.call, err)
	}
	return connect.NewResponse(out), nil
}

// take takes a request, from its bytes to the answer. It also returns the request's own number, as far as that could be read.
func (s *server) take(ctx context.Context, it *rpcCall, b *body, msg *rpcMessage) (*observatoryv1.PublishResponse, uint64, error) {
	if err := msg.toProtobuf(b); err != nil {
		return nil, 0, err
	}
	held := 2 * len(msg.data) // once as it came
	if err := b.hold(held); err != nil {
		return nil, 0, err
	}
	request, err := message.Read(msg.data)
	if err != nil {
		return nil, request.Sequence, err
	}
	if request.Wait < observatoryv1.Wait_WAIT_UNSPECIFIED || request.Wait > observatoryv1.Wait_WAIT_NONE {
		return nil, request.Sequence, fault.New(fault.Invalid, "invalid_request", "`wait` must be one of WAIT_DURABLE, WAIT_STORED and WAIT_NONE.")
	}
	loose := request.Wait == observatoryv1.Wait_WAIT_NONE
	batch, err := b.decoder.DecodeFields(b.reader.Events(request, func(n int) error { return b.hold(held + 2*n) })) // once more for quarantine
	if failed := b.reader.Err(); failed != nil {
		err = failed
	}
	if err != nil {
		return nil, request.Sequence, err
	}
	batch.SentAt = request.SentAt
	accepted, err := s.accept(ctx, it.call, it.key, batch, loose)
	if err != nil {
		return nil, request.Sequence, err
	}
	out := &observatoryv1.PublishResponse{
		Receipt: accepted.Receipt, Accepted: uint32(accepted.Accepted), Durable: !loose, //nolint:gosec // at most MaxEvents
		Rejected: each(accepted.Rejected, func(r ingest.RejectedItem) *observatoryv1.Rejection {
			return &observatoryv1.Rejection{Index: uint32(r.Index), Code: r.Code, Message: r.Message, Path: r.Path} //nolint:gosec // below MaxEvents
		}),
	}
	msg.data = nil
	b.release() // what waits takes no more memory
	if request.Wait == observatoryv1.Wait_WAIT_STORED {
		ctx, cancel := context.WithTimeout(ctx, waitStored)
		defer cancel()
		out.Stored = s.deps.Settled.WaitSettled(ctx, accepted.End) == nil
	}
	return out, request.Sequence, nil
}

// health answers grpc.health.v1 as /readyz does.
type health struct{ *server }

// Check implements grpchealth.Checker.
func (h health) Check(ctx context.Context, in *grpchealth.CheckRequest) (*grpchealth.CheckResponse, error) {
	switch in.Service {
	case "", observatoryv1connect.IngestServiceName:
	default:
		return nil, connect.NewError(connect.CodeNotFound, errors.New("there is no such service"))
	}
	status := grpchealth.StatusNotServing
	select {
	case <-h.deps.Draining:
		return &grpchealth.CheckResponse{Status: status}, nil
	default:
	}
	if ready, _ := h.deps.Readiness.Check(ctx); ready {
		status = grpchealth.StatusServing
	}
	return &grpchealth.CheckResponse{Status: status}, nil
}
