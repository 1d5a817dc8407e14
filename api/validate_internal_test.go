package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/fault"
)

// Bodies become objects before they are checked, so strangers may not send long ones.
func TestStrangersSendShortBodies(t *testing.T) {
	t.Parallel()
	doc, err := LoadContract(t.Context())
	require.NoError(t, err)
	routes, e := newRoutes(doc), echo.New()
	send := func(path string, size int) error {
		body := `[` + strings.Repeat(`{"":{}},`, size/8) + `1]`
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
		r.Header.Set(echo.HeaderContentType, echo.MIMEApplicationJSON)
		c := e.NewContext(r, httptest.NewRecorder())
		c.SetPath(path)
		return routes.validate(func(echo.Context) error { return nil })(c)
	}
	for path, limit := range map[string]int{"/v1/login": maxPublicBody, "/v1/replays": maxBody} {
		require.Contains(t, routes, "POST "+path)
		require.Equal(t, fault.Code("body_too_large"), fault.From(send(path, limit+100)).Code, path)
		require.Equal(t, fault.Code("invalid_request"), fault.From(send(path, limit-100)).Code, path)
	}
}
