package api

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/observatory/observatory/api/gen"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/export"
	"github.com/observatory/observatory/tenants"
)

// GetCertificateKeys answers all keys that ever signed certificates here.
func (s *server) GetCertificateKeys(ctx context.Context, _ gen.GetCertificateKeysRequestObject) (gen.GetCertificateKeysResponseObject, error) {
	keys, err := s.deps.Proofs.Keys(ctx)
	return gen.GetCertificateKeys200JSONResponse{Keys: each(keys.JWKS().Keys, func(k tenants.JWK) gen.JWK {
		return gen.JWK{Kty: k.KTY, Crv: k.CRV, Kid: k.KID, X: k.X, Alg: k.Alg, Use: k.Use}
	})}, err
}

const joseMedia = "application/jose" // RFC 7515, section 9.2

// certificate answers the certificate of a request: what was signed as it is to who takes JOSE, and with it what it says to everybody else.
func (s *server) certificate(c echo.Context) error {
	request, err := uuid.Parse(c.Param("request_id"))
	if err != nil {
		return privacy.ErrNoSuchRequest
	}
	signed, err := s.deps.Proofs.Find(c.Request().Context(), callOf(c).principal.Tenant, request)
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set(echo.HeaderVary, "Authorization, Cookie, Accept")
	h.Set(echo.HeaderCacheControl, "private, no-cache")
	name := "certificate-" + request.String()
	if strings.Contains(c.Request().Header.Get(echo.HeaderAccept), joseMedia) {
		h.Set(echo.HeaderContentDisposition, `attachment; filename="`+name+`.jws"`)
		return c.Blob(http.StatusOK, joseMedia, []byte(signed.JWS))
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(signed.JWS, ".")[1])
	if err != nil {
		return fmt.Errorf("read a certificate: %w", err)
	}
	return c.JSON(http.StatusOK, struct {
		JWS         string          `json:"jws"`
		KID         string          `json:"kid"`
		IssuedAt    time.Time       `json:"issued_at"`
		Certificate json.RawMessage `json:"certificate"`
	}{signed.JWS, signed.KID, shown(signed.At), payload})
}

// GetPrivacyExport tells about the file of an export.
func (s *server) GetPrivacyExport(ctx context.Context, r gen.GetPrivacyExportRequestObject) (gen.GetPrivacyExportResponseObject, error) {
	f, err := s.deps.Exports.Find(ctx, in(ctx).principal.Tenant, r.RequestId)
	if err != nil {
		return nil, err
	}
	return gen.GetPrivacyExport200JSONResponse(exportOut(f)), nil
}

func exportOut(f export.File) gen.PrivacyExport {
	return gen.PrivacyExport{
		RequestId: f.Request, Bytes: f.Bytes, Sha256: f.SHA256, Records: f.Records, CreatedAt: shown(f.CreatedAt), ExpiresAt: shown(f.ExpiresAt),
		Downloads: f.Downloads, DownloadedAt: shownOrNil(f.DownloadedAt), LinkOpen: f.LinkOpen, ErasedAt: shownOrNil(f.ErasedAt),
	}
}

// CreatePrivacyExportLink makes a link that works once.
func (s *server) CreatePrivacyExportLink(ctx context.Context, r gen.CreatePrivacyExportLinkRequestObject) (gen.CreatePrivacyExportLinkResponseObject, error) {
	link, err := s.deps.Exports.NewLink(ctx, in(ctx).by(), r.RequestId)
	if err != nil {
		return nil, err
	}
	return gen.CreatePrivacyExportLink201JSONResponse{Url: link.URL, ExpiresAt: shown(link.ExpiresAt)}, nil
}

// downloadExport sends a file to whoever has a link to it.
func (s *server) downloadExport(c echo.Context) error {
	ctx := c.Request().Context()
	d, err := s.deps.Exports.Download(ctx, c.Param("token"), callOf(c).correlationID)
	if err != nil {
		return err
	}
	defer d.Close() //nolint:errcheck // it was only read
	w := c.Response()
	h := w.Header()
	h.Set(echo.HeaderContentType, "application/zip")
	h.Set(echo.HeaderContentLength, strconv.FormatInt(d.Bytes, 10))
	h.Set(echo.HeaderContentDisposition, `attachment; filename="export-`+d.Request.String()+`.zip"`)
	h.Set(echo.HeaderCacheControl, "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	if sum, err := hex.DecodeString(d.SHA256); err == nil {
		h.Set("Digest", "sha-256="+base64.StdEncoding.EncodeToString(sum))
	}
	w.WriteHeader(http.StatusOK)
	if _, err := io.Copy(w, d); err != nil {
		s.deps.Logger.Warn("an export was not downloaded to its end", "error", err, "correlation_id", callOf(c).correlationID)
	}
	return nil
}
