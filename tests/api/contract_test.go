package api_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/api"
)

// contract is a transport that holds every answer against openapi.yaml: status, content type, headers and body, which must not have
// members that the contract does not name either. What does not obey becomes the error of the request.
type contract struct {
	doc   *openapi3.T
	inner *http.Transport

	mu   sync.Mutex
	seen map[string][]int // statuses by operation
}

func newContract(tb testing.TB) *contract {
	tb.Helper()
	doc, err := api.LoadContract(tb.Context())
	require.NoError(tb, err)
	c := &contract{doc: doc, inner: &http.Transport{MaxIdleConnsPerHost: 16}, seen: map[string][]int{}}
	tb.Cleanup(c.inner.CloseIdleConnections)
	closeResponses(doc)
	return c
}

// closeResponses makes every object of a response refuse members that its schema does not name.
func closeResponses(doc *openapi3.T) {
	done := map[*openapi3.Schema]bool{}
	var closeSchema func(ref *openapi3.SchemaRef)
	closeSchema = func(ref *openapi3.SchemaRef) {
		if ref == nil || ref.Value == nil || done[ref.Value] {
			return
		}
		if len(ref.Value.AllOf) > 0 {
			ref.Value = joined(ref.Value.AllOf)
		}
		s := ref.Value
		done[s] = true
		if s.Type.Is("object") && s.AdditionalProperties.Has == nil && s.AdditionalProperties.Schema == nil {
			no := false
			s.AdditionalProperties.Has = &no
		}
		for _, property := range s.Properties {
			closeSchema(property)
		}
		closeSchema(s.Items)
		closeSchema(s.AdditionalProperties.Schema)
	}
	for _, operation := range operations(doc) {
		for _, response := range operation.Responses.Map() {
			for _, media := range response.Value.Content {
				closeSchema(media.Schema)
			}
		}
	}
}

// joined is one object of the members of several, of which each by itself would refuse the others'.
func joined(parts openapi3.SchemaRefs) *openapi3.Schema {
	all := openapi3.NewObjectSchema()
	for _, part := range parts {
		maps.Copy(all.Properties, part.Value.Properties)
		all.Required = append(all.Required, part.Value.Required...)
	}
	return all
}

// operations are the operations of a contract by their ID.
func operations(doc *openapi3.T) map[string]*openapi3.Operation {
	all := map[string]*openapi3.Operation{}
	for _, item := range doc.Paths.Map() {
		for _, operation := range item.Operations() {
			all[operation.OperationID] = operation
		}
	}
	return all
}

// RoundTrip implements http.RoundTripper.
func (c *contract) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := c.inner.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"X-Correlation-Id", "Traceparent", "X-Content-Type-Options"} {
		if res.Header.Get(name) == "" {
			return nil, fmt.Errorf("%s %s is answered %s without %s", r.Method, r.URL.Path, res.Status, name)
		}
	}
	route := c.route(r)
	if route == nil {
		return res, nil // not an operation of the contract
	}
	c.mu.Lock()
	c.seen[route.Operation.OperationID] = append(c.seen[route.Operation.OperationID], res.StatusCode)
	c.mu.Unlock()
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		return res, nil // has no end
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	if err := res.Body.Close(); err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	if err := c.check(r.Context(), route, r, res, body); err != nil {
		return nil, fmt.Errorf("%s is answered %s against the contract: %w\n%s", route.Operation.OperationID, res.Status, err, body)
	}
	return res, nil
}

// route finds the operation of a request. A path without parameters wins over one with.
func (c *contract) route(r *http.Request) *routers.Route {
	var found *routers.Route
	for path, item := range c.doc.Paths.Map() {
		operation := item.GetOperation(r.Method)
		if operation == nil || !matches(path, r.URL.EscapedPath()) || (found != nil && strings.Contains(path, "{")) {
			continue
		}
		found = &routers.Route{Spec: c.doc, Path: path, PathItem: item, Method: r.Method, Operation: operation}
	}
	return found
}

// matches tells whether a path has the form of a template such as /v1/keys/{key_id}.
func matches(template, path string) bool {
	want, has := strings.Split(template, "/"), strings.Split(path, "/")
	return slices.EqualFunc(want, has, func(w, h string) bool { return w == h || strings.HasPrefix(w, "{") })
}

func (c *contract) check(ctx context.Context, route *routers.Route, r *http.Request, res *http.Response, body []byte) error {
	if response := route.Operation.Responses.Status(res.StatusCode); response != nil && len(response.Value.Content) == 0 && len(body) > 0 {
		return fmt.Errorf("there must be no body")
	}
	if too := overPrecise.Find(body); too != nil && route.Operation.OperationID != "listAudit" {
		return fmt.Errorf("%s is more precise than milliseconds", too)
	}
	return openapi3filter.ValidateResponse(ctx, &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, Route: route},
		Status:                 res.StatusCode, Header: res.Header, Body: io.NopCloser(bytes.NewReader(body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	})
}

var overPrecise = regexp.MustCompile(`"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{4}[^"]*"`)

// statuses are those that an operation was answered with so far.
func (c *contract) statuses(operation string) []int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.seen[operation])
}

func TestTheContractIsServed(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	written, err := os.ReadFile("../../api/openapi.yaml")
	require.NoError(t, err)
	res := server.Anonymous(t).Get(t, "/openapi.yaml").Want(t, http.StatusOK)
	require.Equal(t, string(written), string(res.Body))

	served := server.Anonymous(t).Get(t, "/openapi.json").Want(t, http.StatusOK)
	require.Equal(t, "application/json", served.Header.Get("Content-Type"))
	doc, err := openapi3.NewLoader().LoadFromData(served.Body)
	require.NoError(t, err)
	require.NoError(t, doc.Validate(t.Context()))
	fromYAML, err := openapi3.NewLoader().LoadFromData(written)
	require.NoError(t, err)
	require.ElementsMatch(t, keys(operations(fromYAML)), keys(operations(doc)))
}
