package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/observatory/observatory/api/gen"
	"github.com/observatory/observatory/internal/fault"
)

// Codes whose status says more than the kind does.
const (
	codeMethodNotAllowed     fault.Code = "method_not_allowed"
	codeUnsupportedMediaType fault.Code = "unsupported_media_type"
)

func statusOf(f *fault.Error) int {
	switch f.Code {
	case codeMethodNotAllowed:
		return http.StatusMethodNotAllowed
	case codeUnsupportedMediaType:
		return http.StatusUnsupportedMediaType
	}
	switch f.Kind {
	case fault.Invalid:
		return http.StatusBadRequest
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.PaymentRequired:
		return http.StatusPaymentRequired
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.RateLimited:
		return http.StatusTooManyRequests
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	case fault.Internal:
	}
	return http.StatusInternalServerError
}

// handleError answers a request that failed with a problem document (RFC 9457).
func (s *server) handleError(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	f := faultOf(err)
	it := callOf(c)
	status := statusOf(f)
	if status >= http.StatusInternalServerError {
		s.deps.Logger.Error("request failed", "error", err, "correlation_id", it.correlationID, "method", c.Request().Method, "route", c.Path())
	}
	problem := gen.Problem{
		Type: s.cfg.PublicURL.String() + "/docs#" + string(f.Code), Title: http.StatusText(status), Status: status,
		Code: string(f.Code), Detail: f.Message, CorrelationId: it.correlationID,
	}
	if strings.HasPrefix(c.Path(), "/v1/segment/") {
		problem.Errors = &[]gen.SegmentError{{Type: string(f.Code), Message: f.Message}}
	}
	body, err := json.Marshal(problem)
	if err != nil {
		body = []byte(`{"code":"internal"}`)
	}
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, "application/problem+json")
	h.Set("Cache-Control", "no-store")
	if f.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(max(1, int(f.RetryAfter.Seconds()))))
	}
	if status == http.StatusUnauthorized && h.Get("WWW-Authenticate") == "" {
		h.Set("WWW-Authenticate", `Bearer realm="observatory"`)
	}
	c.Response().WriteHeader(status)
	if c.Request().Method != http.MethodHead {
		_, _ = c.Response().Write(body) // the client may be gone; nothing more can be said to it
	}
}

// faultOf finds the fault, or makes one of what the router and the generated code report.
func faultOf(err error) *fault.Error {
	var f *fault.Error
	if errors.As(err, &f) {
		return f
	}
	var he *echo.HTTPError
	if !errors.As(err, &he) {
		return fault.From(err)
	}
	switch he.Code {
	case http.StatusNotFound:
		return fault.New(fault.NotFound, "not_found", "There is nothing at this address. The API is described at /docs.")
	case http.StatusMethodNotAllowed:
		return fault.New(fault.Invalid, codeMethodNotAllowed, "This address exists but not with this method. The API is described at /docs.")
	case http.StatusUnsupportedMediaType:
		return fault.New(fault.Invalid, codeUnsupportedMediaType, "Send the body as application/json.").Because(err)
	case http.StatusRequestEntityTooLarge:
		return fault.New(fault.TooLarge, "body_too_large", "The body is too large.").Because(err)
	}
	if he.Code < http.StatusInternalServerError {
		return fault.New(fault.Invalid, "invalid_request", "The request is not as it should be. The API is described at /docs.").Because(err) // its text speaks of Go
	}
	return fault.From(err)
}
