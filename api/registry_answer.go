package api

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/observatory/observatory/ingest/schema"
	"github.com/observatory/observatory/internal/fault"
)

// registryMedia is the media type of the registry's API.
const registryMedia = "application/vnd.schemaregistry.v1+json"

// registrySchema is a schema as the registry's API writes it.
type registrySchema struct {
	Subject    string             `json:"subject,omitempty"`
	ID         schema.ID          `json:"id,omitempty"`
	Version    int                `json:"version,omitempty"`
	GUID       string             `json:"guid,omitempty"`
	Type       schema.Type        `json:"schemaType,omitempty"` // not written for Avro
	References []schema.Reference `json:"references,omitempty"`
	Schema     string             `json:"schema"`
	MaxID      schema.ID          `json:"maxId,omitempty"`

	// Ours.
	Fingerprint string `json:"fingerprint,omitempty"` // SHA-256
	Rabin       string `json:"fingerprintCrc64Avro,omitempty"`
	Deleted     bool   `json:"deleted,omitempty"`
	CreatedAt   string `json:"createdAt,omitempty"` // of the version
	CreatedBy   string `json:"createdBy,omitempty"`
}

func writeSchema(s schema.Schema) registrySchema {
	out := registrySchema{
		GUID: s.UUID.String(), Type: s.Type, References: s.References, Schema: s.Text, Fingerprint: hex.EncodeToString(s.Fingerprints.SHA256[:]),
	}
	if s.Type == schema.Avro {
		out.Type = ""
	}
	if s.Fingerprints.HasRabin {
		out.Rabin = hex.EncodeToString(binary.BigEndian.AppendUint64(nil, s.Fingerprints.Rabin))
	}
	return out
}

func writeRegistered(r schema.Registered) registrySchema {
	out := writeSchema(r.Schema)
	out.Subject, out.ID, out.Version, out.Deleted = r.Subject, r.Schema.ID, r.Number, !r.Live()
	out.CreatedAt, out.CreatedBy = shown(r.CreatedAt).Format(time.RFC3339Nano), r.CreatedBy
	return out
}

// registryJSON answers with a document.
func registryJSON(c echo.Context, status int, document any) error {
	body, err := json.Marshal(document)
	if err != nil {
		return err
	}
	return c.Blob(status, registryType(c), body)
}

// registryText answers with nothing but a schema's text.
func registryBareText(c echo.Context, s schema.Schema, text string) error {
	media := registryType(c)
	if s.Type == schema.Protobuf {
		media = echo.MIMETextPlainCharsetUTF8
	}
	return c.Blob(http.StatusOK, media, []byte(text))
}

func registryType(c echo.Context) string {
	if plainJSON(c) {
		return echo.MIMEApplicationJSON
	}
	return registryMedia
}

// plainJSON tells whether the caller takes JSON of any shape. Clients of the registry name its media types; some of them
// cannot read errors with members that they do not know.
func plainJSON(c echo.Context) bool {
	accept := c.Request().Header.Get(echo.HeaderAccept)
	if strings.Contains(accept, "schemaregistry") {
		return false
	}
	for media := range strings.SplitSeq(accept, ",") {
		switch strings.TrimSpace(media) {
		case echo.MIMEApplicationJSON, "*/*":
			return true
		}
	}
	return false
}

// immutable lets an answer be kept for ever by who got it. It returns true where the caller has it already, which has then
// been told.
func immutable(c echo.Context, tag string) (done bool) {
	h := c.Response().Header()
	tag = `"` + tag + `"`
	h.Set("Etag", tag)
	h.Set("Cache-Control", "private, max-age=31536000, immutable")
	for given := range strings.SplitSeq(strings.Join(c.Request().Header.Values("If-None-Match"), ","), ",") {
		given = strings.TrimPrefix(strings.TrimSpace(given), "W/")
		if given == tag || given == "*" {
			c.Response().WriteHeader(http.StatusNotModified)
			return true
		}
	}
	return false
}

// registryProblem is an error as the registry's API writes it. What has no code of its own there gets its status.
type registryProblem struct {
	ErrorCode int    `json:"error_code"`
	Message   string `json:"message"`

	// Ours, for callers who take plain JSON.
	Code              fault.Code        `json:"code,omitempty"`
	Incompatibilities []schema.Conflict `json:"incompatibilities,omitempty"`
}

// registryError answers a request that failed.
func (s *server) registryError(c echo.Context, err error) {
	if c.Response().Committed {
		return
	}
	f := faultOf(err)
	status, code := registryStatus(f)
	if status >= http.StatusInternalServerError {
		s.deps.Logger.Error("request failed", "error", err, "correlation_id", callOf(c).correlationID, "method", c.Request().Method, "route", c.Path())
	}
	problem := registryProblem{ErrorCode: code, Message: f.Message}
	var incompatible *schema.IncompatibleError
	if errors.As(err, &incompatible) {
		problem.Message = explainConflicts(incompatible)
	}
	if plainJSON(c) {
		problem.Code = f.Code
		if incompatible != nil {
			problem.Incompatibilities = incompatible.Conflicts
		}
	}
	h := c.Response().Header()
	h.Set("Cache-Control", "no-store")
	h.Del("Etag")
	if f.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(max(1, int(f.RetryAfter.Seconds()))))
	}
	if status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="observatory"`)
	}
	_ = registryJSON(c, status, problem) // the client may be gone; nothing more can be said to it
}

// registryStatus is the HTTP status of a fault and its code in the registry's API.
func registryStatus(f *fault.Error) (status, code int) {
	switch f.Code {
	case schema.ErrSubjectNotFound.Code:
		return http.StatusNotFound, 40401
	case schema.ErrVersionNotFound.Code:
		return http.StatusNotFound, 40402
	case schema.ErrSchemaNotFound.Code:
		return http.StatusNotFound, 40403
	case schema.ErrSubjectDeleted.Code:
		return http.StatusNotFound, 40404
	case schema.ErrSubjectNotDeleted.Code:
		return http.StatusNotFound, 40405
	case schema.ErrVersionDeleted.Code:
		return http.StatusNotFound, 40406
	case schema.ErrVersionNotDeleted.Code:
		return http.StatusNotFound, 40407
	case schema.ErrLevelNotSet.Code:
		return http.StatusNotFound, 40408
	case schema.ErrModeNotSet.Code:
		return http.StatusNotFound, 40409
	case schema.CodeInvalid:
		return http.StatusUnprocessableEntity, 42201
	case schema.ErrVersionInvalid.Code:
		return http.StatusUnprocessableEntity, 42202
	case schema.ErrLevelUnknown.Code:
		return http.StatusUnprocessableEntity, 42203
	case schema.ErrModeUnknown.Code:
		return http.StatusUnprocessableEntity, 42204
	case schema.ErrReadOnly.Code, schema.ErrNotNext.Code, schema.ErrRegistryFull.Code, codeNotKept:
		return http.StatusUnprocessableEntity, 42205
	case schema.ErrReferenced.Code:
		return http.StatusUnprocessableEntity, 42206
	case schema.ErrSubjectInvalid.Code:
		return http.StatusUnprocessableEntity, 42208
	case schema.ErrPageTooLarge.Code, schema.ErrFingerprintMalformed.Code, codeFormatUnknown:
		return http.StatusUnprocessableEntity, http.StatusUnprocessableEntity
	}
	status = statusOf(f)
	return status, status
}

// explainConflicts says in one text what is wrong and what to do, since a text is all that most clients show.
func explainConflicts(e *schema.IncompatibleError) string {
	var b strings.Builder
	b.WriteString("The schema is not compatible with earlier versions of its subject; the level is " + string(e.Level) + ".")
	for _, text := range conflictTexts(e.Conflicts) {
		b.WriteString(" " + text)
	}
	return b.String()
}

func conflictTexts(conflicts []schema.Conflict) []string {
	texts := make([]string, len(conflicts))
	for i, c := range conflicts {
		texts[i] = "[" + c.Rule + " at " + c.Path + ", version " + strconv.Itoa(c.Version) + "] " + c.Message + " " + c.Advice
	}
	return texts
}
