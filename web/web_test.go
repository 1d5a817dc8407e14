package web_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/web"
)

const page = `<!doctype html><meta property="csp-nonce" nonce="__CSP_NONCE__"><script nonce="__CSP_NONCE__" src="/assets/index-abc.js"></script>`

func built() fstest.MapFS {
	return fstest.MapFS{
		".keep":                  {},
		"index.html":             {Data: []byte(page)},
		"theme.js":               {Data: []byte("theme")},
		"icon.svg":               {Data: []byte("<svg/>")},
		"assets/index-abc.js":    {Data: []byte("plain")},
		"assets/index-abc.js.br": {Data: []byte("brotli")},
		"assets/index-abc.js.gz": {Data: []byte("gzip")},
		"assets/font-abc.woff2":  {Data: []byte("font")},
	}
}

func get(t *testing.T, h http.Handler, method, path string, header ...string) (*http.Response, string) {
	t.Helper()
	r := httptest.NewRequest(method, "http://observatory.test/", nil)
	r.URL.Path = path // as it comes, without the clean-up of a client
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	body, err := io.ReadAll(w.Result().Body)
	require.NoError(t, err)
	return w.Result(), string(body)
}

func TestEveryUnknownPathIsThePage(t *testing.T) {
	t.Parallel()
	h := web.New(built())
	for _, path := range []string{"/", "/index.html", "/explore", "/settings/members", "/events/a.b.c", "/events/..%2f", "/.keep", "/v1"} {
		res, body := get(t, h, http.MethodGet, path)
		require.Equal(t, http.StatusOK, res.StatusCode, path)
		require.Equal(t, "text/html; charset=utf-8", res.Header.Get("Content-Type"), path)
		require.Equal(t, "no-cache", res.Header.Get("Cache-Control"), path)
		require.Contains(t, body, "<!doctype html>", path)
	}
}

func TestMistakesAreNotAnsweredByThePage(t *testing.T) {
	t.Parallel()
	h := web.New(built())
	for _, path := range []string{"/v1/unknown", "/.well-known/unknown", "/assets/gone-123.js", "/assets/../v1/events"} {
		res, body := get(t, h, http.MethodGet, path)
		require.Equal(t, http.StatusNotFound, res.StatusCode, path)
		require.NotContains(t, body, "<!doctype html>", path)
	}
	res, _ := get(t, h, http.MethodPost, "/")
	require.Equal(t, http.StatusMethodNotAllowed, res.StatusCode)
	require.Equal(t, "GET, HEAD", res.Header.Get("Allow"))
}

func TestThePolicyCarriesAFreshNonce(t *testing.T) {
	t.Parallel()
	h := web.New(built())
	seen := map[string]bool{}
	for range 3 {
		res, body := get(t, h, http.MethodGet, "/")
		policy := res.Header.Get("Content-Security-Policy")
		nonce := regexp.MustCompile(`'nonce-([A-Z2-7]{26})'`).FindStringSubmatch(policy)
		require.Len(t, nonce, 2, policy)
		require.Equal(t, 2, strings.Count(body, `nonce="`+nonce[1]+`"`))
		require.NotContains(t, body, "__CSP_NONCE__")
		require.NotContains(t, policy, "unsafe")
		require.Contains(t, policy, "default-src 'none'")
		require.Contains(t, policy, "frame-ancestors 'none'")
		seen[nonce[1]] = true
	}
	require.Len(t, seen, 3)
}

func TestAssetsAreKeptForAYear(t *testing.T) {
	t.Parallel()
	h := web.New(built())
	res, body := get(t, h, http.MethodGet, "/assets/index-abc.js")
	require.Equal(t, "public, max-age=31536000, immutable", res.Header.Get("Cache-Control"))
	require.Equal(t, "text/javascript; charset=utf-8", res.Header.Get("Content-Type"))
	require.Equal(t, "nosniff", res.Header.Get("X-Content-Type-Options"))
	require.Equal(t, "plain", body)

	res, _ = get(t, h, http.MethodGet, "/theme.js")
	require.Equal(t, "no-cache", res.Header.Get("Cache-Control"), "a name without a hash may change its content")
}

func TestAssetsComeCompressed(t *testing.T) {
	t.Parallel()
	h := web.New(built())
	for accept, want := range map[string]string{
		"gzip, deflate, br, zstd": "brotli",
		"gzip":                    "gzip",
		"br;q=0, gzip;q=0.5":      "gzip",
		"identity":                "plain",
		"":                        "plain",
		"gzip;q=nonsense":         "plain",
	} {
		res, body := get(t, h, http.MethodGet, "/assets/index-abc.js", "Accept-Encoding", accept)
		require.Equal(t, want, body, accept)
		require.Equal(t, "text/javascript; charset=utf-8", res.Header.Get("Content-Type"), accept)
		require.Equal(t, "Accept-Encoding", res.Header.Get("Vary"), accept)
	}
	res, body := get(t, h, http.MethodGet, "/assets/font-abc.woff2", "Accept-Encoding", "br")
	require.Equal(t, "font", body)
	require.Empty(t, res.Header.Get("Content-Encoding"))
}

func TestHeadHasNoBody(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/", "/assets/index-abc.js"} {
		res, body := get(t, web.New(built()), http.MethodHead, path)
		require.Equal(t, http.StatusOK, res.StatusCode)
		require.Empty(t, body)
		require.NotEmpty(t, res.Header.Get("Content-Length"))
	}
}

func TestABinaryWithoutTheDashboardSaysSo(t *testing.T) {
	t.Parallel()
	res, body := get(t, web.New(fstest.MapFS{".keep": {}}), http.MethodGet, "/")
	require.Equal(t, http.StatusServiceUnavailable, res.StatusCode)
	require.Contains(t, body, "make build")
}

// FuzzPath shows that no path leads out of the files or makes the handler fail.
func FuzzPath(f *testing.F) {
	for _, path := range []string{"/", "//", "/../web.go", "/assets/", "/assets/index-abc.js/", "/\x00", "/%2e%2e/", `/..\..`} {
		f.Add(path)
	}
	h := web.New(built())
	f.Fuzz(func(t *testing.T, path string) {
		res, _ := get(t, h, http.MethodGet, path)
		require.Contains(t, []int{http.StatusOK, http.StatusNotFound, http.StatusMovedPermanently}, res.StatusCode)
	})
}
