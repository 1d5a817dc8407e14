package api

import (
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/observatory/observatory/billing"
)

// metrics are the golden signals of the edge.
type metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	inHand   prometheus.Gauge
	events   *prometheus.CounterVec
}

func newMetrics(registry *prometheus.Registry) *metrics {
	f := promauto.With(registry)
	return &metrics{
		requests: f.NewCounterVec(prometheus.CounterOpts{Name: "observatory_http_requests_total", Help: "Requests answered."}, []string{"route", "method", "status"}),
		duration: f.NewHistogramVec(prometheus.HistogramOpts{
			Name: "observatory_http_request_duration_seconds", Help: "From the request's headers to the end of the answer.",
			Buckets: []float64{.001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10},
		}, []string{"route"}),
		inHand: f.NewGauge(prometheus.GaugeOpts{Name: "observatory_http_requests_in_hand", Help: "Requests being answered."}),
		events: f.NewCounterVec(prometheus.CounterOpts{Name: "observatory_events_received_total", Help: "Events received by outcome at the edge."}, []string{"outcome"}),
	}
}

// observe gives each request its correlation ID, security headers, metrics and a log line.
func (s *server) observe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		start := time.Now()
		it := newCall(c.Request())
		c.Set(callName, it)
		h := c.Response().Header()
		h["X-Correlation-Id"] = []string{it.correlationID}
		h["Traceparent"] = []string{it.traceparent}
		h["X-Content-Type-Options"] = []string{"nosniff"}
		s.metrics.inHand.Inc()
		defer func() {
			if p := recover(); p != nil {
				if perr, ok := p.(error); ok && errors.Is(perr, http.ErrAbortHandler) {
					panic(p)
				}
				s.deps.Logger.Error("a request made the server panic", "panic", p, "correlation_id", it.correlationID)
				s.handleError(errors.New("panic"), c)
			}
			s.metrics.inHand.Dec()
			s.account(c, it, time.Since(start))
		}()
		if err := next(c); err != nil {
			s.handleError(err, c)
		}
		return nil
	}
}

func (s *server) account(c echo.Context, it *call, took time.Duration) {
	status, route := c.Response().Status, c.Path()
	if s := int(it.status.Load()); s != 0 {
		status = s
	}
	s.egress(c, it)
	s.metrics.requests.WithLabelValues(route, methodLabel(c.Request().Method), strconv.Itoa(status)).Inc()
	s.metrics.duration.WithLabelValues(route).Observe(took.Seconds())
	level := slog.LevelDebug
	if status >= http.StatusBadRequest && status != http.StatusUnauthorized && status != http.StatusNotFound {
		level = slog.LevelInfo
	}
	ctx := c.Request().Context()
	if !s.deps.Logger.Enabled(ctx, level) {
		return
	}
	s.deps.Logger.LogAttrs(ctx, level, "request",
		slog.String("correlation_id", it.correlationID), slog.String("method", c.Request().Method), slog.String("route", route),
		slog.Int("status", status), slog.Duration("took", took), slog.String("tenant", tenantLabel(it)))
}

// egress accounts for what the caller was sent since it was accounted for last. An answer that takes long is not accounted for only at its end.
func (s *server) egress(c echo.Context, it *call) {
	if size := c.Response().Size; size > it.sent {
		s.deps.Consumed(it.principal.Tenant, billing.Egress, size-it.sent)
		it.sent = size
	}
}

// methodLabel keeps callers from making up label values without end.
func methodLabel(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

func tenantLabel(it *call) string {
	if it.principal.Tenant.IsZero() {
		return ""
	}
	return it.principal.Tenant.String()
}
