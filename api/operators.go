package api

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"

	"github.com/labstack/echo/v4"

	"github.com/observatory/observatory/billing/cost"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/internal/jobs"
)

// Operators is what is served below /internal and /v1/operator, for those who run the installation and for their autoscaler.
type Operators struct {
	Token  string // what they prove themselves with; "" means that nobody can, and only this machine is let in
	Depths func(context.Context) ([]jobs.Depth, error)
	Queues http.Handler // what is in Redis; nil: not shown
	Costs  *cost.Service
	Plans  OperatorPlans
	Books  OperatorBooks

	Standing OperatorStanding
}

var errNotOperator = fault.New(fault.Unauthenticated, "operator_token_needed",
	"This is for operators. Send the installation's operator token as a bearer token, or as the password of any user.")

// routeOperators serves what belongs to no tenant and is for operators only.
func (s *server) routeOperators(e *echo.Echo) {
	if s.deps.Operators.Depths == nil {
		return
	}
	group := e.Group("/internal", s.operatorsOnly)
	group.GET("/scale", s.scale)
	if s.deps.Operators.Queues != nil {
		group.Any("/queues", echo.WrapHandler(s.deps.Operators.Queues))
		group.Any("/queues/*", echo.WrapHandler(s.deps.Operators.Queues))
	}
}

// operatorsOnly lets those in who have the token. Where there is none it lets in this machine, of an installation that is
// for this machine only: elsewhere a proxy on the same machine would make everybody look like it.
func (s *server) operatorsOnly(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if err := s.origins.Check(r); err != nil { // browsers send a password by themselves, also for other sites
			return fault.New(fault.Forbidden, "cross_origin", "A page of another origin may not do this.").Because(err)
		}
		if !s.isOperator(r) {
			c.Response().Header().Set(echo.HeaderWWWAuthenticate, `Basic realm="Observatory's operators", charset="UTF-8"`)
			return errNotOperator
		}
		return next(c)
	}
}

// admitOperator is operatorsOnly for operations of the contract. It keeps the name that the operator gave, for audit logs. Its challenge is one that
// makes no browser ask.
func (s *server) admitOperator(c echo.Context, it *call) error {
	r := c.Request()
	if err := s.origins.Check(r); err != nil {
		return fault.New(fault.Forbidden, "cross_origin", "A page of another origin may not do this.").Because(err)
	}
	if !s.isOperator(r) {
		c.Response().Header().Set(echo.HeaderWWWAuthenticate, `Bearer realm="Observatory's operators"`)
		return errNotOperator
	}
	it.operator, _, _ = r.BasicAuth()
	return nil
}

func (s *server) isOperator(r *http.Request) bool {
	_, given, named := r.BasicAuth()
	ok := named
	if !named {
		given, ok = bearer(r)
	}
	if s.deps.Operators.Token == "" { // whoever shows a key acts for the organization whose key it is
		return (named || given == "") && isLocalName(s.cfg.PublicURL.Hostname()) && isLocalCaller(r)
	}
	return ok && sameSecret(given, s.deps.Operators.Token)
}

// isLocalCaller says whether a request comes from this machine, through no proxy that says so, and from no page of another
// site that has our address under a name of its own.
func isLocalCaller(r *http.Request) bool {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via"} {
		if r.Header.Get(name) != "" {
			return false
		}
	}
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	caller, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && caller.Addr().Unmap().IsLoopback() && isLocalName(host)
}

func isLocalName(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

// sameSecret takes equally long whatever is given.
func sameSecret(given, want string) bool {
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(want))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// scaling is what an autoscaler reads.
type scaling struct {
	Queues []queueScaling `json:"queues"`
}

type queueScaling struct {
	Queue         jobs.Queue    `json:"queue"`
	Visible       int           `json:"visible"`
	InFlight      int           `json:"in_flight"`
	Slots         int           `json:"slots"`
	OldestSeconds float64       `json:"oldest_seconds"`
	Decision      jobs.Decision `json:"decision"`
}

// scale says per queue how much waits, runs and could run, and whether there should be more workers or fewer.
func (s *server) scale(c echo.Context) error {
	depths, err := s.deps.Operators.Depths(c.Request().Context())
	if err != nil {
		return err
	}
	answer := scaling{Queues: make([]queueScaling, len(depths))}
	for i, d := range depths {
		answer.Queues[i] = queueScaling{
			Queue: d.Queue, Visible: d.Visible, InFlight: d.InFlight, Slots: d.Slots, OldestSeconds: d.Oldest.Seconds(), Decision: d.Decide(),
		}
	}
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	return c.JSON(http.StatusOK, answer)
}
