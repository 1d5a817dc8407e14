package api

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/doc"
	"github.com/observatory/observatory/ingest/wire"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// waitStored is how long ?wait=stored waits before it answers 202.
const waitStored = 10 * time.Second

// routeIngest routes what senders call. Pages of any site may: keys say which.
func (s *server) routeIngest(e *echo.Echo) {
	e.POST("/v1/events", s.cors(s.ingestEvents))
	e.OPTIONS("/v1/events", s.preflight)
	e.POST("/v1/events/:event", s.cors(s.ingestPayload))
	e.OPTIONS("/v1/events/:event", s.preflight)
	s.routeSegment(e)
}

// ingestEvents takes events in Observatory's own dialect.
func (s *server) ingestEvents(c echo.Context) error {
	return s.receive(c, func(d *wire.Decoder, body []byte) (*ingest.Batch, error) { return d.Decode(body) })
}

// receive takes a request with events, whose body decode reads.
func (s *server) receive(c echo.Context, decode func(d *wire.Decoder, body []byte) (*ingest.Batch, error)) error {
	it := callOf(c)
	token, ok := bearer(c.Request())
	if !ok {
		return tenants.ErrKeyMissing
	}
	key, err := s.writer(c.Request(), token)
	if err != nil {
		return err
	}
	it.principal, it.client = key.Principal(), clientOf(c, key)
	loose, wait, err := ingestOptions(c)
	if err != nil {
		return err
	}
	var accepted ingest.Acceptance
	err = s.bodies.with(func(b *body) error {
		raw, err := b.read(c.Request(), c.Request().Header.Get(echo.HeaderContentEncoding), false)
		if err != nil {
			return err
		}
		batch, err := decode(b.decoder, raw)
		if err != nil {
			return err
		}
		accepted, err = s.accept(c.Request().Context(), it, key, batch, loose)
		return err
	})
	if err != nil {
		return err
	}
	status := http.StatusAccepted
	if wait {
		ctx, cancel := context.WithTimeout(c.Request().Context(), waitStored)
		defer cancel()
		if s.deps.Settled.WaitSettled(ctx, accepted.End) == nil {
			status = http.StatusOK
		}
	}
	return c.JSONBlob(status, ingestResult(accepted, loose))
}

func ingestOptions(c echo.Context) (loose, wait bool, err error) {
	if c.Request().URL.RawQuery == "" {
		return false, false, nil
	}
	ack, until := c.QueryParam("ack"), c.QueryParam("wait")
	if (ack != "" && ack != "none") || (until != "" && until != "stored") || (ack != "" && until != "") {
		return false, false, fault.New(fault.Invalid, "invalid_request", "Use `wait=stored`, or `ack=none`, or neither.")
	}
	return ack == "none", until == "stored", nil
}

// writer verifies a key that events are sent with.
func (s *server) writer(r *http.Request, token string) (*tenants.APIKey, error) {
	key, err := s.deps.Keys.Verify(token)
	if err != nil {
		return nil, err
	}
	if !key.Scopes.Has(tenants.ScopeEventsWrite) {
		return nil, key.Principal().RequireScope(tenants.ScopeEventsWrite)
	}
	if err := key.WritesIn(s.cfg.Region); err != nil {
		return nil, err
	}
	return key, checkOrigin(r, key)
}

// accept hands a batch over and counts what became of it at the edge.
func (s *server) accept(ctx context.Context, it *call, key *tenants.APIKey, batch *ingest.Batch, loose bool) (ingest.Acceptance, error) {
	accepted, err := s.deps.Collector.Accept(ctx, ingest.AcceptInput{
		Sender:        ingest.Sender{Tenant: key.Tenant, Source: key.Source, Key: key.ID},
		Client:        it.client,
		CorrelationID: it.correlationID, Batch: batch, Loose: loose,
	})
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		err = fault.New(fault.Unavailable, "gave_up", "The request ended before its events were safe. Send them again.").Because(err)
	}
	if err != nil {
		s.metrics.events.WithLabelValues("refused").Add(float64(len(batch.Items)))
		return accepted, err
	}
	s.metrics.events.WithLabelValues("accepted").Add(float64(accepted.Accepted))
	if n := len(accepted.Rejected); n > 0 {
		s.metrics.events.WithLabelValues("quarantined").Add(float64(n))
	}
	return accepted, nil
}

// clientOf is what the connection tells about a sender. A publishable key is used on the end user's own device.
func clientOf(c echo.Context, key *tenants.APIKey) ingest.Client {
	address, _ := netip.ParseAddr(c.RealIP())
	return ingest.Client{Address: address, UserAgent: c.Request().UserAgent(), Browser: key.Kind == tenants.Publishable}
}

// ingestResult is the contract's IngestResult.
func ingestResult(a ingest.Acceptance, loose bool) []byte {
	b := append(make([]byte, 0, 128), `{"receipt":"`...)
	b = append(append(b, a.Receipt...), `","accepted":`...)
	b = strconv.AppendInt(b, int64(a.Accepted), 10)
	b = append(b, `,"rejected":[`...)
	for i, r := range a.Rejected {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"index":`...)
		b = strconv.AppendInt(b, int64(r.Index), 10)
		b = append(append(append(b, `,"code":"`...), r.Code...), `","message":`...)
		b = doc.AppendString(b, r.Message)
		if r.Path != "" {
			b = doc.AppendString(append(b, `,"path":`...), r.Path)
		}
		b = append(b, '}')
	}
	b = append(b, ']')
	if loose {
		b = append(b, `,"durable":false`...)
	}
	return append(b, "}\n"...)
}

// cors lets pages of any origin read the answer: what they may do is the key's matter, and no cookie is looked at.
func (s *server) cors(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if origin := c.Request().Header.Get(echo.HeaderOrigin); origin != "" {
			h := c.Response().Header()
			h.Set(echo.HeaderAccessControlAllowOrigin, origin)
			h.Set(echo.HeaderAccessControlExposeHeaders, "X-Correlation-ID, Retry-After, Grpc-Status, Grpc-Message, Grpc-Status-Details-Bin")
			h.Add(echo.HeaderVary, echo.HeaderOrigin)
		}
		err := next(c)
		if errors.Is(err, tenants.ErrOriginNotAllowed) {
			c.Response().Header().Del(echo.HeaderAccessControlAllowOrigin)
		}
		return err
	}
}

// preflight answers a browser's question whether it may send. It cannot tell which key it will use, so any origin may ask.
func (s *server) preflight(c echo.Context) error {
	h := c.Response().Header()
	h.Set(echo.HeaderAccessControlAllowOrigin, "*")
	h.Set(echo.HeaderAccessControlAllowMethods, "GET, POST, OPTIONS")
	h.Set(echo.HeaderAccessControlAllowHeaders, strings.Join([]string{
		"Authorization", "Content-Type", "Content-Encoding", "X-Retry-Count", "X-Correlation-ID", "Traceparent",
		"Connect-Protocol-Version", "Connect-Timeout-Ms", "Grpc-Timeout", "X-Grpc-Web", "X-User-Agent",
	}, ", "))
	h.Set(echo.HeaderAccessControlMaxAge, "86400")
	return c.NoContent(http.StatusNoContent)
}
