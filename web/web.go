// Package web serves the dashboard. The dashboard is a TypeScript application below src/, which `npm run build` turns into
// dist/; this package embeds dist/ and puts HTTP around it, with the standard library alone.
//
// The dashboard asks the API for everything it shows, like any other client. It needs nothing from outside: scripts, styles,
// fonts and icons come out of the binary, and the content security policy forbids the rest.
package web

import (
	"bytes"
	"crypto/rand"
	"embed"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed all:dist
var dist embed.FS

// noncePlace is where a page's style elements get their nonce; vite.config.ts puts it there.
const noncePlace = "__CSP_NONCE__"

// Handler serves the dashboard that was built into the binary. See New.
func Handler() http.Handler {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // only for an invalid path, and this one is a constant
	}
	return New(files)
}

// New serves a dashboard from the files that its build made.
//
//   - Files below assets/ have a hash of their content in their name, and are to be kept for a year.
//   - Every other path that has no file is answered with index.html, which looks at the path by itself: 200, never cached.
//     Paths of the API (/v1/ and /.well-known/) and of missing assets are 404 instead, so that a mistake is not answered by a page.
//   - Where a FILE.br or FILE.gz lies beside a file, it is sent to those who take it.
//
// Without an index.html, which is a binary built without the dashboard, pages are answered 503.
func New(files fs.FS) http.Handler {
	index, err := fs.ReadFile(files, "index.html")
	if err != nil {
		index = nil
	}
	return &handler{files: files, index: bytes.Split(index, []byte(noncePlace))}
}

type handler struct {
	files fs.FS
	index [][]byte // the page, cut where the nonce belongs
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "The dashboard answers GET and HEAD.", http.StatusMethodNotAllowed)
		return
	}
	header := w.Header()
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")

	name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
	switch {
	case name != "index.html" && isFile(h.files, name):
		h.serveFile(w, r, name)
	case strings.HasPrefix(name, "assets/"), strings.HasPrefix(name, "v1/"), strings.HasPrefix(name, ".well-known/"):
		http.NotFound(w, r)
	default:
		h.serveIndex(w, r)
	}
}

func isFile(files fs.FS, name string) bool {
	if !fs.ValidPath(name) || strings.HasPrefix(path.Base(name), ".") {
		return false
	}
	info, err := fs.Stat(files, name)
	return err == nil && info.Mode().IsRegular()
}

func (h *handler) serveFile(w http.ResponseWriter, r *http.Request, name string) {
	header := w.Header()
	header.Set("Cache-Control", "no-cache")
	if strings.HasPrefix(name, "assets/") {
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	// Declared here and not left to the machine's own table of types, which may be missing or wrong.
	if t, ok := contentType(path.Ext(name)); ok {
		header.Set("Content-Type", t)
	}
	header.Add("Vary", "Accept-Encoding")
	for _, c := range []struct{ encoding, suffix string }{{"br", ".br"}, {"gzip", ".gz"}} {
		if accepts(r, c.encoding) && isFile(h.files, name+c.suffix) {
			header.Set("Content-Encoding", c.encoding)
			name += c.suffix
			break
		}
	}
	http.ServeFileFS(w, r, h.files, name)
}

func contentType(ext string) (string, bool) {
	switch ext {
	case ".js":
		return "text/javascript; charset=utf-8", true
	case ".css":
		return "text/css; charset=utf-8", true
	case ".svg":
		return "image/svg+xml", true
	case ".png":
		return "image/png", true
	case ".woff2":
		return "font/woff2", true
	case ".webmanifest":
		return "application/manifest+json", true
	case ".txt":
		return "text/plain; charset=utf-8", true
	}
	return "", false
}

// accepts tells whether the client takes the encoding: whether it is named in Accept-Encoding, and not with a quality of 0.
func accepts(r *http.Request, encoding string) bool {
	for _, offer := range strings.Split(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		name, parameters, _ := strings.Cut(offer, ";")
		if !strings.EqualFold(strings.TrimSpace(name), encoding) {
			continue
		}
		quality, found := strings.CutPrefix(strings.TrimSpace(parameters), "q=")
		if !found {
			return true
		}
		q, err := strconv.ParseFloat(quality, 64)
		return err == nil && q > 0
	}
	return false
}

func (h *handler) serveIndex(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Cache-Control", "no-cache")
	if len(h.index) == 1 && len(h.index[0]) == 0 {
		http.Error(w, "The dashboard is not part of this binary: it was built without. Run make build.", http.StatusServiceUnavailable)
		return
	}
	nonce := rand.Text()
	page := bytes.Join(h.index, []byte(nonce))
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", policy(nonce))
	header.Set("Content-Length", strconv.Itoa(len(page)))
	if r.Method == http.MethodHead {
		return
	}
	// What fails here is the connection, and there is nobody left to tell.
	_, _ = w.Write(page)
}

// policy allows the dashboard's own files and API, and nothing else: no other host, no inline script, no frame around it.
// Style elements are allowed with the page's nonce, for the component library makes some.
func policy(nonce string) string {
	return strings.Join([]string{
		"default-src 'none'",
		"script-src 'self'",
		"style-src 'self' 'nonce-" + nonce + "'",
		"img-src 'self' data: blob:",
		"font-src 'self'",
		"connect-src 'self'",
		"manifest-src 'self'",
		"form-action 'self'",
		"base-uri 'none'",
		"frame-ancestors 'none'",
	}, "; ")
}
