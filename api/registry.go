package api

import (
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/observatory/observatory/ingest/schema"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// The schema registry speaks the REST API of Confluent Schema Registry, so that its clients work as they are: paths, media
// types, error codes and even the forms of success are theirs (https://docs.confluent.io/platform/current/schema-registry/develop/api.html).
// What is ours on top: lookups by fingerprint, answers that may be cached for ever, and to callers who ask for plain JSON
// the incompatibilities one by one.

// registryBase is what clients are given as the registry's address.
const registryBase = "/v1/schema-registry"

// maxRegistryBody bounds what clients send, in bytes: a schema of schema.MaxSchemaBytes takes more as a text in JSON.
const maxRegistryBody = 3 << 19

// routeRegistry routes the schema registry. It is described in the contract, but routed by hand: its errors are not
// problem documents, and its credentials come in one more way.
func (s *server) routeRegistry(e *echo.Echo) {
	reads := func(method, path string, h echo.HandlerFunc) {
		e.Add(method, registryBase+path, s.registry(readsRegistry, h))
	}
	writes := func(method, path string, h echo.HandlerFunc) {
		e.Add(method, registryBase+path, s.registry(writesRegistry, h))
	}
	for _, root := range []string{"", "/"} {
		reads(http.MethodGet, root, s.registryRoot)
	}
	reads(http.MethodGet, "/contexts", s.registryContexts)

	reads(http.MethodGet, "/subjects", s.registrySubjects)
	reads(http.MethodPost, "/subjects/:subject", s.registryLookup)
	writes(http.MethodDelete, "/subjects/:subject", s.registryRemoveSubject)
	reads(http.MethodGet, "/subjects/:subject/versions", s.registryVersions)
	writes(http.MethodPost, "/subjects/:subject/versions", s.registryRegister)
	reads(http.MethodGet, "/subjects/:subject/versions/:version", s.registryVersion)
	writes(http.MethodDelete, "/subjects/:subject/versions/:version", s.registryRemoveVersion)
	reads(http.MethodGet, "/subjects/:subject/versions/:version/schema", s.registryVersionText)
	reads(http.MethodGet, "/subjects/:subject/versions/:version/referencedby", s.registryReferrers)

	reads(http.MethodGet, "/schemas", s.registrySchemas)
	reads(http.MethodGet, "/schemas/types", s.registryTypes)
	reads(http.MethodGet, "/schemas/ids/:id", s.registrySchemaByID)
	reads(http.MethodGet, "/schemas/ids/:id/schema", s.registryText)
	reads(http.MethodGet, "/schemas/ids/:id/subjects", s.registrySchemaSubjects)
	reads(http.MethodGet, "/schemas/ids/:id/versions", s.registrySchemaVersions)
	reads(http.MethodGet, "/schemas/guids/:guid", s.registrySchemaByUUID)
	reads(http.MethodGet, "/schemas/fingerprints/:fingerprint", s.registrySchemaByFingerprint)

	reads(http.MethodPost, "/compatibility/subjects/:subject/versions", s.registryCompare)
	reads(http.MethodPost, "/compatibility/subjects/:subject/versions/:version", s.registryCompare)

	for _, of := range []string{"", "/:subject"} {
		reads(http.MethodGet, "/config"+of, s.registryConfig)
		writes(http.MethodPut, "/config"+of, s.registrySetConfig)
		writes(http.MethodDelete, "/config"+of, s.registryUnsetConfig)
		reads(http.MethodGet, "/mode"+of, s.registryMode)
		writes(http.MethodPut, "/mode"+of, s.registrySetMode)
		writes(http.MethodDelete, "/mode"+of, s.registryUnsetMode)
	}
}

// registry wraps a handler: its caller is known and may call it before anything is read, and its errors are answered in
// the registry's own form.
func (s *server) registry(may func(tenants.Principal) error, next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Cache-Control", "no-store")
		h.Set(echo.HeaderVary, "Authorization, Cookie, Accept")
		err := s.registryCaller(c)
		if err == nil {
			err = may(callOf(c).principal)
		}
		if err == nil {
			err = next(c)
		}
		if err != nil {
			s.registryError(c, err)
		}
		return nil
	}
}

// registryCaller finds out who calls: by key, as Bearer token or anywhere in Basic credentials, or else by session.
func (s *server) registryCaller(c echo.Context) error {
	it, r := callOf(c), c.Request()
	it.address, _ = netip.ParseAddr(c.RealIP())
	if user, password, ok := r.BasicAuth(); ok {
		key, err := s.basicKey(user, password)
		if err != nil {
			return err
		}
		it.principal = key.Principal()
		return checkOrigin(r, key)
	}
	if _, isKey := bearer(r); !isKey {
		if err := s.origins.Check(r); err != nil {
			return fault.New(fault.Forbidden, "cross_origin", "A page of another origin may not do this.").Because(err)
		}
	}
	if err := s.identify(r, it); err != nil {
		return err
	}
	switch {
	case it.session == nil && it.principal.Key == nil:
		return tenants.ErrSessionMissing
	case it.principal.Tenant.IsZero():
		return tenants.ErrNoMembership
	}
	return nil
}

// basicKey is the key among a user name and a password. Clients differ in which of them they put it into.
func (s *server) basicKey(user, password string) (*tenants.APIKey, error) {
	if strings.Count(password, ".") == 2 { // a JSON Web Token has two
		return s.deps.Keys.Verify(password)
	}
	return s.deps.Keys.Verify(user)
}

// readsRegistry lets through who may look schemas up: members, and keys for looking up, querying or changing.
func readsRegistry(p tenants.Principal) error {
	if p.Has(tenants.ScopeSchemasRead) || p.Can(tenants.Query) || p.Can(tenants.ManageData) {
		return nil
	}
	return p.RequireScope(tenants.ScopeSchemasRead)
}

// writesRegistry lets through who may change the registry.
func writesRegistry(p tenants.Principal) error { return p.Require(tenants.ManageData) }

// Parameters.

// registrySubject is the subject in the path, "" where the path has none. The router leaves escapes in where a slash is
// among them.
func registrySubject(c echo.Context) (string, error) {
	name := c.Param("subject")
	if c.Request().URL.RawPath == "" {
		return name, nil
	}
	name, err := url.PathUnescape(name)
	if err != nil {
		return "", schema.ErrSubjectInvalid
	}
	return name, nil
}

// registryNumber is the version in the path, schema.Latest for `latest`, and 0 where the path has none.
func registryNumber(c echo.Context) (int, error) {
	text := c.Param("version")
	switch {
	case text == "":
		return 0, nil
	case strings.EqualFold(text, "latest"), text == "-1":
		return schema.Latest, nil
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 1 {
		return 0, schema.ErrVersionInvalid
	}
	return int(n), nil
}

// registryVersionAt is both.
func registryVersionAt(c echo.Context) (subject string, number int, err error) {
	if subject, err = registrySubject(c); err != nil {
		return "", 0, err
	}
	number, err = registryNumber(c)
	return subject, number, err
}

// isTrue is a query parameter that is true or not.
func isTrue(c echo.Context, name string) bool { return strings.EqualFold(c.QueryParam(name), "true") }

// show reads the parameters deleted and deletedOnly.
func show(c echo.Context) schema.Show {
	switch {
	case isTrue(c, "deletedOnly"):
		return schema.ShowDeleted
	case isTrue(c, "deleted"):
		return schema.ShowAll
	}
	return schema.ShowLive
}

// registryFilter reads the parameters of lists.
func registryFilter(c echo.Context) (f schema.Filter, err error) {
	f.Show, f.LatestOnly = show(c), isTrue(c, "latestOnly")
	f.Prefix = c.QueryParam("subjectPrefix")
	for _, context := range []string{":*:", ":.:"} { // all contexts, and the default one: here they are the same
		f.Prefix = strings.TrimPrefix(f.Prefix, context)
	}
	if f.Offset, err = wholeNumber(c, "offset"); err != nil {
		return f, err
	}
	f.Limit, err = wholeNumber(c, "limit")
	return f, err
}

// wholeNumber is a query parameter from 0; not set, and negative as clients send it for "no limit", is 0.
func wholeNumber(c echo.Context, name string) (int, error) {
	text := c.QueryParam(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return 0, fault.New(fault.Invalid, "invalid_request", "The parameter `%s` must be a whole number.", name)
	}
	return max(0, int(n)), nil
}
