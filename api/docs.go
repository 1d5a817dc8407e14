package api

import (
	"embed"
	"net/http"
	"path"

	"github.com/labstack/echo/v4"
)

// docsFiles are the page that shows the contract. errors.json is made from the source; see TestErrorCodesAreDocumented.
//
//go:embed docs
var docsFiles embed.FS

// docsPolicy lets the page load its own files and the contract, and nothing else.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// routeDocs routes the contract and the page that shows it.
func (s *server) routeDocs(e *echo.Echo) error {
	asJSON, err := contractJSON()
	if err != nil {
		return err
	}
	e.GET("/openapi.yaml", func(c echo.Context) error { return c.Blob(http.StatusOK, "application/yaml", contract) })
	e.GET("/openapi.json", func(c echo.Context) error { return c.JSONBlob(http.StatusOK, asJSON) })
	e.GET("/docs", docsFile("index.html", "text/html; charset=utf-8"))
	for name, contentType := range map[string]string{
		"docs.css": "text/css; charset=utf-8", "docs.js": "text/javascript; charset=utf-8", "errors.json": echo.MIMEApplicationJSON,
	} {
		e.GET("/docs/"+name, docsFile(name, contentType))
	}
	return nil
}

func docsFile(name, contentType string) echo.HandlerFunc {
	return func(c echo.Context) error {
		content, err := docsFiles.ReadFile(path.Join("docs", name))
		if err != nil {
			return err
		}
		h := c.Response().Header()
		h.Set("Content-Security-Policy", docsPolicy)
		h.Set("Referrer-Policy", "no-referrer")
		h.Set(echo.HeaderCacheControl, "no-cache")
		return c.Blob(http.StatusOK, contentType, content)
	}
}
