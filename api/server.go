// Package api is the edge: it authenticates, translates between the contract (openapi.yaml) and the domains, and turns faults
// into answers. It holds no business rules. Requests with events take their own short way (events.go, segment.go);
// all others go through the handlers that are generated from the contract.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/analytics/alert"
	"github.com/observatory/observatory/analytics/notify"
	"github.com/observatory/observatory/analytics/people"
	"github.com/observatory/observatory/analytics/quality"
	"github.com/observatory/observatory/analytics/rollup"
	"github.com/observatory/observatory/api/gen"
	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/invoicing"
	"github.com/observatory/observatory/billing/payment"
	"github.com/observatory/observatory/billing/quota"
	"github.com/observatory/observatory/billing/subscription"
	"github.com/observatory/observatory/billing/usage"
	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/redact"
	"github.com/observatory/observatory/ingest/repair"
	"github.com/observatory/observatory/ingest/schema"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/archive"
	"github.com/observatory/observatory/privacy/certificate"
	"github.com/observatory/observatory/privacy/export"
	"github.com/observatory/observatory/privacy/form"
	"github.com/observatory/observatory/privacy/minimise"
	"github.com/observatory/observatory/privacy/offboard"
	"github.com/observatory/observatory/privacy/retention"
	"github.com/observatory/observatory/tenants"
)

//go:generate go tool -modfile=../tools/go.mod oapi-codegen -config gen.yaml openapi.yaml

// Config of the edge.
type Config struct {
	PublicURL      *url.URL
	TrustedProxies []netip.Prefix // whose X-Forwarded-For is believed
	Version        string
	Region         string // of this server; empty: unknown
	MaxBodyMemory  int64  // bytes that the bodies of requests in hand may take; default 128 MiB
}

// Deps are what the edge hands requests to.
type Deps struct {
	Tenants    *tenants.Services
	Keys       *tenants.KeyRing
	Collector  *ingest.Collector
	Settled    Settled
	Books      *ingest.Books
	Live       *ingest.Live
	Schemas    *schema.Registry
	Policies   *ingest.Policies
	Rehearsals Rehearser
	Trials     SchemaRehearser
	Samples    ingest.Samples
	Redaction  *redact.Service
	Causes     *repair.Causes
	Replays    *repair.Service
	Analytics  *analytics.Service
	Notify     *notify.Service
	Quality    *quality.Service
	Rollups    *rollup.Service
	Archive    *archive.Service
	Alerts     *alert.Rules
	Incidents  *alert.Incidents
	Silences   *alert.Silences
	People     *people.Service
	Privacy    *privacy.Service
	Retention  *retention.Service
	Minimise   *minimise.Service
	Offboard   *offboard.Service
	Invoices   *invoicing.Service
	Suppressed privacy.SuppressionList
	Plans      *subscription.Service
	Quotas     *quota.Service
	Proofs     *certificate.Service
	Exports    *export.Service
	Form       *form.Service // public, for data subjects
	Payment    *payment.Service
	Usage      *usage.Service
	Pipeline   Pipeline
	Jobs       Jobs
	Readiness  Readiness
	Operators  Operators
	Consumed   func(tenant tenants.ID, r billing.Resource, quantity int64) // is told what tenants consume; nil: nobody is
	Draining   <-chan struct{}                                             // closed when the server is asked to end; nil: never
	Dashboard  http.Handler
	Metrics    *prometheus.Registry
	Logger     *slog.Logger
	Now        func() time.Time
}

// Settled waits until the log is stored up to an offset, or returns ctx's error.
type Settled interface {
	WaitSettled(ctx context.Context, end ingest.Offset) error
}

// Readiness looks at the parts that a node depends on. ready tells whether it can accept events.
type Readiness interface {
	Check(ctx context.Context) (ready bool, parts []Part)
}

// Part is something that a node depends on.
type Part struct {
	Name   string
	OK     bool
	Detail string // what is wrong, for operators; empty when nothing is
}

type server struct {
	cfg     Config
	deps    Deps
	bodies  *bodies
	trials  *trials
	metrics *metrics
	origins *http.CrossOriginProtection
	routes  routes
}

var _ gen.StrictServerInterface = (*server)(nil)

// New makes the handler of everything that is served on the public port.
func New(ctx context.Context, cfg Config, deps Deps) (http.Handler, error) {
	if cfg.MaxBodyMemory == 0 {
		cfg.MaxBodyMemory = 128 << 20
	}
	if deps.Consumed == nil {
		deps.Consumed = func(tenants.ID, billing.Resource, int64) {}
	}
	doc, err := LoadContract(ctx)
	if err != nil {
		return nil, err
	}
	s := &server{
		cfg: cfg, deps: deps, routes: newRoutes(doc),
		bodies:  newBodies(cfg.MaxBodyMemory),
		trials:  newTrials(),
		metrics: newMetrics(deps.Metrics),
		origins: http.NewCrossOriginProtection(),
	}
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = ipExtractor(cfg.TrustedProxies)
	e.HTTPErrorHandler = s.handleError
	e.Use(s.observe)
	s.routeIngest(e) //nolint:contextcheck // handlers take theirs from the request
	s.routeRegistry(e)
	s.routeRPC(e) //nolint:contextcheck // the same
	described := e.Group("", s.admit, s.routes.validate)
	described.GET("/v1/events/stream", s.stream)
	described.GET("/v1/privacy/requests/:request_id/certificate", s.certificate)
	described.GET("/v1/privacy/exports/:token", s.downloadExport)
	gen.RegisterHandlers(described, gen.NewStrictHandler(s, nil))
	s.routeOperators(e)
	s.routeWebhooks(e)
	e.GET("/metrics", echo.WrapHandler(promhttp.HandlerFor(deps.Metrics, promhttp.HandlerOpts{})))
	if err := s.routeDocs(e); err != nil {
		return nil, err
	}
	e.Any("/v1/*", nowhere)
	for _, path := range []string{"/", "/*"} { // the group took both for itself
		e.GET(path, echo.WrapHandler(deps.Dashboard))
		e.RouteNotFound(path, nowhere)
	}
	return headAsGet(e), nil
}

// headAsGet answers HEAD as GET, for monitors and browsers; net/http leaves out the body. Below /v1 a GET may count an event or have no end.
func headAsGet(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead && !strings.HasPrefix(r.URL.Path, "/v1/") {
			get := *r
			get.Method = http.MethodGet
			r = &get
		}
		next.ServeHTTP(w, r)
	})
}

// nowhere answers what has no handler: 405 where another method has one, 404 elsewhere.
func nowhere(c echo.Context) error {
	var allowed []string
	e, path := c.Echo(), echo.GetPath(c.Request())
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		probe := e.NewContext(c.Request(), c.Response())
		if e.Router().Find(method, path, probe); probe.Path() != c.Path() {
			allowed = append(allowed, method)
		}
	}
	if allowed == nil {
		return echo.ErrNotFound
	}
	c.Response().Header().Set(echo.HeaderAllow, strings.Join(allowed, ", "))
	return echo.ErrMethodNotAllowed
}

func ipExtractor(trusted []netip.Prefix) echo.IPExtractor {
	if len(trusted) == 0 {
		return echo.ExtractIPDirect()
	}
	options := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range trusted {
		options = append(options, echo.TrustIPRange(prefixNet(p)))
	}
	return echo.ExtractIPFromXFFHeader(options...)
}
