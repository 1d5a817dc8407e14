package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/observatory/observatory/internal/fault"
)

// What the bodies of everything but events are bounded by, in bytes. Checking makes objects of them, which take up to treeFactor times as
// much memory; what anybody may ask for has no need of long ones.
const (
	maxBody       = 1 << 20
	maxPublicBody = 32 << 10
)

// LoadContract reads the OpenAPI document.
func LoadContract(ctx context.Context) (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromData(contract)
	if err != nil {
		return nil, fmt.Errorf("load contract: %w", err)
	}
	if err := doc.Validate(ctx); err != nil {
		return nil, fmt.Errorf("check contract: %w", err)
	}
	return doc, nil
}

// routes finds the contract's operation behind a route of the router.
type routes map[string]*routers.Route // by method and path in the router's notation

func newRoutes(doc *openapi3.T) routes {
	all := routes{}
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			notation := strings.NewReplacer("{", ":", "}", "").Replace(path)
			all[method+" "+notation] = &routers.Route{Spec: doc, Path: path, PathItem: item, Method: method, Operation: operation}
		}
	}
	return all
}

func (r routes) of(c echo.Context) *routers.Route { return r[c.Request().Method+" "+c.Path()] }

// validate refuses requests that break the contract, so that handlers see only what it allows.
func (r routes) validate(next echo.HandlerFunc) echo.HandlerFunc {
	options := &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, SchemaValidationOptions: formats()}
	return func(c echo.Context) error {
		route := r.of(c)
		if route == nil {
			return echo.ErrNotFound
		}
		req := c.Request()
		limit := int64(maxBody)
		if rule, _ := accessTo(route.Operation.OperationID); rule.public || rule.session {
			limit = maxPublicBody
		}
		req.Body = http.MaxBytesReader(c.Response(), req.Body, limit)
		params := map[string]string{}
		for _, name := range c.ParamNames() {
			params[name] = c.Param(name)
		}
		err := openapi3filter.ValidateRequest(req.Context(), &openapi3filter.RequestValidationInput{
			Request: req, PathParams: params, Route: route, Options: options,
		})
		if err != nil {
			return requestFault(err)
		}
		return next(c)
	}
}

// formats checks texts as strictly as the generated types read them, so that what is wrong is said here and in the API's own words.
func formats() []openapi3.SchemaValidationOption {
	return []openapi3.SchemaValidationOption{
		openapi3.WithStringFormatValidator("uuid", openapi3.NewCallbackValidator(func(text string) error {
			if len(text) != len(uuid.Nil.String()) {
				return errFormat // uuid.Parse takes other spellings as well
			}
			return uuid.Validate(text)
		})),
		openapi3.WithStringFormatValidator("date-time", openapi3.NewCallbackValidator(func(text string) error {
			return new(time.Time).UnmarshalText([]byte(text))
		})),
	}
}

var errFormat = errors.New("not in the form that is asked for")

// requestFault says what is wrong with a request, and where.
func requestFault(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return fault.New(fault.TooLarge, "body_too_large", "The body has more than %d bytes.", tooLarge.Limit)
	}
	where, what := "request", "cannot be read"
	var request *openapi3filter.RequestError
	if errors.As(err, &request) {
		switch {
		case request.Parameter != nil:
			where = "`" + request.Parameter.Name + "`"
		case request.RequestBody != nil:
			where = "body"
		}
		if request.Reason != "" {
			what = request.Reason
		}
	}
	var schema *openapi3.SchemaError
	if errors.As(err, &schema) {
		if at := strings.Join(schema.JSONPointer(), "."); at != "" {
			where = "`" + at + "`"
		}
		what = schema.Reason
	}
	return fault.New(fault.Invalid, "invalid_request", "The %s is not as it should be: %s. The API is described at /docs.", where, strings.TrimSuffix(what, ".")).Because(err)
}
