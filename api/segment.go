package api

import (
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// routeSegment routes Segment's tracking API: the calls by name, the browser's short forms, pixels, and the settings
// that the browser client asks for.
func (s *server) routeSegment(e *echo.Echo) {
	for name, short := range map[string]string{"track": "t", "identify": "i", "page": "p", "screen": "s", "group": "g", "alias": "a", "batch": "b"} {
		kind, _ := ingest.ParseType(name) // 0 for batch
		handler := s.cors(s.segment(kind))
		for _, path := range []string{"/v1/" + name, "/v1/" + short} {
			e.POST(path, handler)
			e.OPTIONS(path, s.preflight)
		}
		if kind != 0 {
			e.GET("/v1/pixel/"+name, s.cors(s.pixel(kind)))
		}
	}
	e.POST("/v1/m", s.cors(s.clientMetrics))
	e.OPTIONS("/v1/m", s.preflight)
	e.GET("/v1/projects/:write_key/settings", s.cors(s.segmentSettings))
	e.OPTIONS("/v1/projects/:write_key/settings", s.preflight)
}

// segment takes calls in Segment's dialect. Whatever can be parsed and is from a known key is answered 200: to anything else
// its clients answer by sending the whole batch again.
func (s *server) segment(kind ingest.Type) echo.HandlerFunc {
	return func(c echo.Context) error {
		receipt, err := s.takeSegment(c, kind, nil)
		if err != nil {
			return err
		}
		return c.JSON(http.StatusOK, map[string]any{"success": true, "receipt": receipt})
	}
}

// takeSegment reads a call, from given or else from the request's body, and hands it over. Where a header tells the key, nothing is read
// for anybody who has none.
func (s *server) takeSegment(c echo.Context, kind ingest.Type, given []byte) (receipt string, err error) {
	it, r := callOf(c), c.Request()
	var key *tenants.APIKey
	if token, ok := segmentKey(r); ok {
		if key, err = s.writer(r, token); err != nil {
			return "", err
		}
	}
	err = s.bodies.with(func(b *body) error {
		raw := given
		if raw == nil {
			if raw, err = b.read(r, "", true); err != nil {
				return err
			}
		}
		request, err := b.decoder.DecodeSegment(raw, kind)
		if err != nil {
			return err
		}
		if key == nil {
			if request.WriteKey == "" {
				return tenants.ErrKeyMissing
			}
			if key, err = s.writer(r, request.WriteKey); err != nil {
				return err
			}
		}
		it.principal = key.Principal()
		it.client = clientOf(c, key)
		accepted, err := s.accept(r.Context(), it, key, request.Batch, false)
		receipt = accepted.Receipt
		return err
	})
	return receipt, err
}

// segmentKey finds the key in the Authorization header: as Bearer token, or as Basic user name, with or without the colon.
func segmentKey(r *http.Request) (string, bool) {
	header := r.Header.Get("Authorization")
	scheme, rest, _ := strings.Cut(header, " ")
	switch {
	case strings.EqualFold(scheme, "Bearer"):
		return strings.TrimSpace(rest), true
	case strings.EqualFold(scheme, "Basic"):
		plain, err := base64.StdEncoding.DecodeString(strings.TrimSpace(rest))
		if err != nil {
			return "", false
		}
		user, _, _ := strings.Cut(string(plain), ":")
		return user, user != ""
	default:
		return "", false
	}
}

// transparentPixel is a GIF of one transparent pixel.
const transparentPixel = "GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"

// pixel takes a call as base64 JSON in the query parameter data and answers with an image.
func (s *server) pixel(kind ingest.Type) echo.HandlerFunc {
	return func(c echo.Context) error {
		data := strings.TrimRight(c.QueryParam("data"), "=")
		call, err := base64.RawStdEncoding.DecodeString(data)
		if err != nil {
			call, err = base64.RawURLEncoding.DecodeString(data)
		}
		if err != nil || len(call) == 0 {
			return fault.New(fault.Invalid, "invalid_pixel", "The parameter `data` must be a call as JSON, in base64.")
		}
		if _, err := s.takeSegment(c, kind, call); err != nil {
			return err
		}
		c.Response().Header().Set("Cache-Control", "no-store")
		return c.Blob(http.StatusOK, "image/gif", []byte(transparentPixel))
	}
}

// clientMetrics takes what Segment's browser client measures about itself. We have no use for it and keep nothing.
func (s *server) clientMetrics(c echo.Context) error {
	return c.JSON(http.StatusOK, map[string]any{"success": true})
}

// segmentSettings tells Segment's browser client where to send and with which key.
func (s *server) segmentSettings(c echo.Context) error {
	token := c.Param("write_key")
	key, err := s.writer(c.Request(), token)
	if err != nil {
		return err
	}
	callOf(c).principal = key.Principal()
	c.Response().Header().Set("Cache-Control", "private, max-age=60")
	return c.JSON(http.StatusOK, map[string]any{
		"integrations": map[string]any{
			"Segment.io": map[string]any{
				"apiKey": token, "apiHost": c.Request().Host + "/v1", "protocol": s.cfg.PublicURL.Scheme,
				"unbundledIntegrations": []string{}, "addBundledMetadata": true, "maybeBundledConfigIds": map[string]any{}, "versionSettings": map[string]any{"version": "4.4.7", "componentTypes": []string{"browser"}},
			},
		},
		"plan": map[string]any{}, "edgeFunction": map[string]any{}, "metrics": map[string]any{"sampleRate": 0}, "remotePlugins": []any{},
	})
}
