package api

import (
	"errors"
	"net/http"
	"strconv"

	"connectrpc.com/connect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	observatoryv1 "github.com/observatory/observatory/api/gen/observatory/v1"
	"github.com/observatory/observatory/internal/fault"
)

// errorDomain is whose codes the reasons in google.rpc.ErrorInfo are.
const errorDomain = "observatory"

// rpcCodeOf is to gRPC what statusOf is to HTTP.
func rpcCodeOf(f *fault.Error) connect.Code {
	switch f.Kind {
	case fault.Invalid:
		return connect.CodeInvalidArgument
	case fault.Unauthenticated:
		return connect.CodeUnauthenticated
	case fault.Forbidden:
		return connect.CodePermissionDenied
	case fault.PaymentRequired:
		return connect.CodeFailedPrecondition
	case fault.NotFound:
		return connect.CodeNotFound
	case fault.Conflict:
		return connect.CodeAborted
	case fault.TooLarge, fault.RateLimited: // only what may be sent again has a RetryInfo
		return connect.CodeResourceExhausted
	case fault.Unavailable:
		return connect.CodeUnavailable
	case fault.Internal:
	}
	return connect.CodeInternal
}

// rpcError makes the error of a call, with details, and notes it for log and metrics.
func (s *server) rpcError(it *call, err error) *connect.Error {
	var already *connect.Error
	if errors.As(err, &already) {
		return already
	}
	f := faultOf(err)
	status := statusOf(f)
	it.status.Store(int32(status)) //nolint:gosec // of HTTP
	if status >= http.StatusInternalServerError {
		s.deps.Logger.Error("request failed", "error", err, "correlation_id", it.correlationID)
	}
	return newRPCError(f, it.correlationID)
}

// newRPCError makes an error with details.
func newRPCError(f *fault.Error, correlationID string) *connect.Error {
	out := connect.NewError(rpcCodeOf(f), errors.New(f.Message))
	for _, detail := range rpcDetails(f, correlationID) {
		if d, err := connect.NewErrorDetail(detail); err == nil {
			out.AddDetail(d)
		}
	}
	if f.RetryAfter > 0 {
		out.Meta().Set("Retry-After", strconv.Itoa(max(1, int(f.RetryAfter.Seconds()))))
	}
	return out
}

// rpcDetails are the details of an error: its code, when to come again, and which field is wrong.
func rpcDetails(f *fault.Error, correlationID string) []proto.Message {
	details := []proto.Message{&errdetails.ErrorInfo{Reason: string(f.Code), Domain: errorDomain, Metadata: map[string]string{"correlation_id": correlationID}}}
	if f.RetryAfter > 0 {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(f.RetryAfter)})
	}
	if field := wrongField(f.Code); field != "" {
		details = append(details, &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: field, Description: f.Message, Reason: string(f.Code)}}})
	}
	return details
}

// wrongField is the field of a PublishRequest that a code is about. Empty: none, or the request as a whole.
func wrongField(code fault.Code) string {
	switch code {
	case "empty_body", "too_many_events":
		return "events"
	case "invalid_timestamp":
		return "sent_at"
	case "invalid_request":
		return "wait"
	}
	return ""
}

// statusMessage is an error within a stream.
func statusMessage(err *connect.Error) *observatoryv1.Status {
	out := &observatoryv1.Status{Code: int32(err.Code()), Message: err.Message()} //nolint:gosec // sixteen of them
	for _, d := range err.Details() {
		out.Details = append(out.Details, anyOf(d))
	}
	return out
}
