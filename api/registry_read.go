package api

import (
	"encoding/base64"
	"math"
	"net/http"
	"strconv"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/observatory/observatory/ingest/schema"
	"github.com/observatory/observatory/internal/fault"
)

// The registry's lookups and lists.

func (s *server) registryRoot(c echo.Context) error {
	return registryJSON(c, http.StatusOK, struct{}{})
}

func (s *server) registryContexts(c echo.Context) error {
	return registryJSON(c, http.StatusOK, []string{"."})
}

func (s *server) registryTypes(c echo.Context) error {
	return registryJSON(c, http.StatusOK, []schema.Type{schema.JSON, schema.Protobuf, schema.Avro})
}

func (s *server) registrySubjects(c echo.Context) error {
	f, err := registryFilter(c)
	if err != nil {
		return err
	}
	names, err := s.deps.Schemas.Subjects(c.Request().Context(), callOf(c).principal.Tenant, f)
	if err != nil {
		return err
	}
	return registryJSON(c, http.StatusOK, notNil(names))
}

func (s *server) registryVersions(c echo.Context) error {
	subject, err := registrySubject(c)
	if err != nil {
		return err
	}
	versions, err := s.deps.Schemas.Versions(c.Request().Context(), callOf(c).principal.Tenant, subject, show(c))
	if err != nil {
		return err
	}
	return registryJSON(c, http.StatusOK, each(versions, func(v schema.Version) int { return v.Number }))
}

func (s *server) registryVersion(c echo.Context) error {
	found, err := s.versionInPath(c)
	if err != nil {
		return err
	}
	out := writeRegistered(found)
	if out.Schema, err = s.formatted(c, found.Schema); err != nil {
		return err
	}
	return registryJSON(c, http.StatusOK, out)
}

func (s *server) registryVersionText(c echo.Context) error {
	found, err := s.versionInPath(c)
	if err != nil {
		return err
	}
	text, err := s.formatted(c, found.Schema)
	if err != nil {
		return err
	}
	return registryBareText(c, found.Schema, text)
}

func (s *server) versionInPath(c echo.Context) (schema.Registered, error) {
	subject, number, err := registryVersionAt(c)
	if err != nil {
		return schema.Registered{}, err
	}
	return s.deps.Schemas.Version(c.Request().Context(), callOf(c).principal.Tenant, subject, number, show(c))
}

func (s *server) registryReferrers(c echo.Context) error {
	subject, number, err := registryVersionAt(c)
	if err != nil {
		return err
	}
	ids, err := s.deps.Schemas.Referrers(c.Request().Context(), callOf(c).principal.Tenant, subject, number, show(c))
	if err != nil {
		return err
	}
	return registryJSON(c, http.StatusOK, notNil(ids))
}

// maxSchemasPage is the longest page of schemas, and the one that is given to those who do not say.
const maxSchemasPage = 1000

func (s *server) registrySchemas(c echo.Context) error {
	f, err := registryFilter(c)
	if err != nil {
		return err
	}
	if f.Limit == 0 || f.Limit > maxSchemasPage {
		f.Limit = maxSchemasPage
	}
	all, err := s.deps.Schemas.All(c.Request().Context(), callOf(c).principal.Tenant, f)
	if err != nil {
		return err
	}
	return registryJSON(c, http.StatusOK, each(all, writeRegistered))
}

func (s *server) registrySchemaByID(c echo.Context) error {
	found, err := s.schemaInPath(c)
	if err != nil {
		return err
	}
	if !isTrue(c, "fetchMaxId") {
		return s.lasting(c, found)
	}
	out := writeSchema(found)
	if out.Schema, err = s.formatted(c, found); err != nil {
		return err
	}
	if out.MaxID, err = s.deps.Schemas.Newest(c.Request().Context(), callOf(c).principal.Tenant); err != nil {
		return err
	}
	return registryJSON(c, http.StatusOK, out)
}

func (s *server) registrySchemaByUUID(c echo.Context) error {
	id, err := uuid.Parse(c.Param("guid"))
	if err != nil {
		return schema.ErrSchemaNotFound
	}
	found, err := s.deps.Schemas.ByUUID(c.Request().Context(), callOf(c).principal.Tenant, id)
	if err != nil {
		return err
	}
	return s.lasting(c, found)
}

func (s *server) registrySchemaByFingerprint(c echo.Context) error {
	f, err := schema.ParseFingerprint(c.Param("fingerprint"))
	if err != nil {
		return err
	}
	found, err := s.deps.Schemas.ByFingerprint(c.Request().Context(), callOf(c).principal.Tenant, f)
	if err != nil {
		return err
	}
	return s.lasting(c, found)
}

// lasting answers with a schema that was looked up by what never means another one.
func (s *server) lasting(c echo.Context, found schema.Schema) error {
	text, err := s.formatted(c, found)
	if err != nil || immutable(c, tag(c, found)+"+"+registryType(c)) {
		return err
	}
	out := writeSchema(found)
	out.ID, out.Schema = found.ID, text
	return registryJSON(c, http.StatusOK, out)
}

func (s *server) registryText(c echo.Context) error {
	found, err := s.schemaInPath(c)
	if err != nil {
		return err
	}
	text, err := s.formatted(c, found)
	if err != nil || immutable(c, tag(c, found)+"+text") {
		return err
	}
	return registryBareText(c, found, text)
}

func tag(c echo.Context, s schema.Schema) string { return s.UUID.String() + c.QueryParam("format") }

func (s *server) registrySchemaSubjects(c echo.Context) error {
	versions, err := s.schemaVersions(c)
	if err != nil {
		return err
	}
	subjects := []string{}
	for _, v := range versions { // which are in the order of their subjects
		if len(subjects) == 0 || subjects[len(subjects)-1] != v.Subject {
			subjects = append(subjects, v.Subject)
		}
	}
	return registryJSON(c, http.StatusOK, subjects)
}

func (s *server) registrySchemaVersions(c echo.Context) error {
	versions, err := s.schemaVersions(c)
	if err != nil {
		return err
	}
	type use struct {
		Subject string `json:"subject"`
		Version int    `json:"version"`
	}
	return registryJSON(c, http.StatusOK, each(versions, func(v schema.Version) use { return use{v.Subject, v.Number} }))
}

// schemaVersions are the versions that have the schema in the path; the parameter subject picks those of one subject.
func (s *server) schemaVersions(c echo.Context) ([]schema.Version, error) {
	id, err := registryID(c)
	if err != nil {
		return nil, err
	}
	all, err := s.deps.Schemas.VersionsWith(c.Request().Context(), callOf(c).principal.Tenant, id, show(c))
	if err != nil {
		return nil, err
	}
	subject := c.QueryParam("subject")
	versions := all[:0]
	for _, v := range all {
		if subject == "" || v.Subject == subject {
			versions = append(versions, v)
		}
	}
	return versions, nil
}

func (s *server) schemaInPath(c echo.Context) (schema.Schema, error) {
	id, err := registryID(c)
	if err != nil {
		return schema.Schema{}, err
	}
	return s.deps.Schemas.ByID(c.Request().Context(), callOf(c).principal.Tenant, id)
}

func registryID(c echo.Context) (schema.ID, error) {
	n, err := strconv.ParseInt(c.Param("id"), 10, 64)
	if err != nil || n < 1 || n > math.MaxInt32 {
		return 0, schema.ErrSchemaNotFound
	}
	return schema.ID(n), nil
}

const codeFormatUnknown fault.Code = "schema_format_unknown"

// formatted is a schema's text in the form that the parameter format asks for. There is one besides the text itself:
// serialized, which gives a Protobuf schema as a FileDescriptorProto in base64.
func (s *server) formatted(c echo.Context, of schema.Schema) (string, error) {
	switch format := c.QueryParam("format"); {
	case format == "", format == "default", format == "resolved" && len(of.References) == 0:
		return of.Text, nil
	case format == "serialized" && of.Type != schema.Protobuf:
		return of.Text, nil
	case format == "serialized":
		compiled, err := s.deps.Schemas.Compiled(c.Request().Context(), callOf(c).principal.Tenant, of.ID)
		if err != nil {
			return "", err
		}
		file, ok := compiled.Parsed.Native().(protoreflect.FileDescriptor)
		if !ok {
			break
		}
		descriptor, err := proto.MarshalOptions{Deterministic: true}.Marshal(protodesc.ToFileDescriptorProto(file))
		return base64.StdEncoding.EncodeToString(descriptor), err
	}
	return "", fault.New(fault.Invalid, codeFormatUnknown, "This schema is not available in this format. Leave `format` out.")
}
