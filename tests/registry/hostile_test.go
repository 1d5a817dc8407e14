package registry_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/sr"
)

// What clients may get wrong, and what strangers may try.

func TestOddSubjects(t *testing.T) {
	t.Parallel()
	server := start(t)
	client, ctx := newClient(t, server, "schemas:write"), t.Context()
	odd := []string{"a/b/c", "50%", "a%2Fb", "a b", "käse?&=#", "日本", "a+b;c,d", "'; DROP TABLE schemas; --", `"quoted"`, "latest", strings.Repeat("x", 512)}
	for _, subject := range odd {
		_, err := client.CreateSchema(ctx, subject, sr.Schema{Schema: orderV1})
		require.NoError(t, err, subject)
		versions, err := client.SubjectVersions(ctx, subject)
		require.NoError(t, err, subject)
		require.Equal(t, []int{1}, versions)
	}
	subjects, err := client.Subjects(ctx)
	require.NoError(t, err)
	require.ElementsMatch(t, odd, subjects)
	for _, subject := range []string{"a\nb", "a\x00b", strings.Repeat("x", 513), ":.other:a"} {
		_, err := client.RegisterSchema(ctx, subject, sr.Schema{Schema: orderV1}, -1, -1)
		require.Equal(t, 42208, refused(t, err).ErrorCode, "%q", subject)
	}
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	server := start(t)
	account, ctx := server.SignUp(t), t.Context()
	key := func(scopes ...string) string {
		return account.CreateKey(t, "secret", map[string]any{"scopes": scopes}).Token
	}
	token := key("schemas:write")
	for _, credentials := range []sr.ClientOpt{sr.BearerToken(token), sr.BasicAuth(token, ""), sr.BasicAuth("anybody", token), sr.BearerToken(key("admin"))} {
		client := clientWith(t, server, credentials)
		_, err := client.CreateSchema(ctx, "order", sr.Schema{Schema: orderV1})
		require.NoError(t, err)
	}
	for _, reader := range []string{key("schemas:read"), key("query:read")} {
		client := clientWith(t, server, sr.BearerToken(reader))
		_, err := client.SchemaByVersion(ctx, "order", 1)
		require.NoError(t, err)
		_, err = client.LookupSchema(ctx, "order", sr.Schema{Schema: orderV1})
		require.NoError(t, err)
		_, err = client.CheckCompatibility(ctx, "order", -1, sr.Schema{Schema: orderV2})
		require.NoError(t, err)
		_, err = client.RegisterSchema(ctx, "order", sr.Schema{Schema: orderV2}, -1, -1)
		require.Equal(t, http.StatusForbidden, refused(t, err).StatusCode)
		_, err = client.DeleteSubject(ctx, "order", sr.SoftDelete)
		require.Equal(t, http.StatusForbidden, refused(t, err).StatusCode)
		require.Equal(t, http.StatusForbidden, refused(t, client.SetMode(ctx, sr.ModeReadOnly)[0].Err).StatusCode)
	}
	for name, credentials := range map[string]sr.ClientOpt{
		"no right": sr.BearerToken(key("events:write")), "publishable": sr.BasicAuth(account.Keys.Publishable, ""), "privacy": sr.BearerToken(key("privacy:write")),
	} {
		_, err := clientWith(t, server, credentials).Subjects(ctx)
		require.Equal(t, http.StatusForbidden, refused(t, err).StatusCode, name)
	}
	for name, credentials := range map[string]sr.ClientOpt{
		"nobody": sr.UserAgent("x"), "no key": sr.BasicAuth("user", "password"), "malformed": sr.BearerToken("a.b.c"),
	} {
		_, err := clientWith(t, server, credentials).Subjects(ctx)
		require.Equal(t, http.StatusUnauthorized, refused(t, err).StatusCode, name)
	}
}

func TestTenantsAreApart(t *testing.T) {
	t.Parallel()
	server := start(t)
	ours, theirs, ctx := newClient(t, server, "schemas:write"), newClient(t, server, "schemas:write"), t.Context()
	made, err := ours.CreateSchema(ctx, "order", sr.Schema{Schema: orderV1})
	require.NoError(t, err)
	code := func(err error) int {
		told := refused(t, err)
		require.NotContains(t, string(told.Raw), "Order")
		return told.ErrorCode
	}
	var fingerprints struct {
		Fingerprint string `json:"fingerprint"`
		Rabin       string `json:"fingerprintCrc64Avro"`
	}
	path := "/schemas/guids/" + made.GUID
	require.NoError(t, ours.Do(ctx, "GET", path, nil, &fingerprints))
	require.Len(t, fingerprints.Fingerprint, 64)
	require.Len(t, fingerprints.Rabin, 16)
	for _, path := range []string{path, "/schemas/fingerprints/" + fingerprints.Fingerprint, "/schemas/fingerprints/" + fingerprints.Rabin} {
		var found sr.SubjectSchema
		require.NoError(t, ours.Do(ctx, "GET", path, nil, &found), path)
		require.Equal(t, made.ID, found.ID)
		require.Equal(t, 40403, code(theirs.Do(ctx, "GET", path, nil, &found)), path)
	}
	_, err = theirs.SchemaByID(ctx, made.ID)
	require.Equal(t, 40403, code(err))
	_, err = theirs.SchemaTextByID(ctx, made.ID)
	require.Equal(t, 40403, code(err))
	_, err = theirs.SubjectsByID(ctx, made.ID)
	require.Equal(t, 40403, code(err))
	_, err = theirs.SchemaVersionsByID(ctx, made.ID)
	require.Equal(t, 40403, code(err))
	_, err = theirs.SchemaByVersion(ctx, "order", 1)
	require.Equal(t, 40401, code(err))
	_, err = theirs.LookupSchema(ctx, "order", sr.Schema{Schema: orderV1})
	require.Equal(t, 40401, code(err))
	_, err = theirs.DeleteSubject(ctx, "order", sr.SoftDelete)
	require.Equal(t, 40401, code(err))
	_, err = theirs.RegisterSchema(ctx, "order", sr.Schema{Schema: `{"type":"array","items":"Order"}`, References: []sr.SchemaReference{{Name: "Order", Subject: "order", Version: 1}}}, -1, -1)
	require.Equal(t, 42201, refused(t, err).ErrorCode)
	all, err := theirs.AllSchemas(ctx)
	require.NoError(t, err)
	require.Empty(t, all)
	same, err := theirs.CreateSchema(ctx, "order", sr.Schema{Schema: orderV1})
	require.NoError(t, err)
	require.NotEqual(t, made.ID, same.ID)
	require.NotEqual(t, made.GUID, same.GUID)
	_, err = ours.SchemaByID(ctx, same.ID)
	require.Equal(t, 40403, code(err))
}

func TestHostileSchemas(t *testing.T) {
	t.Parallel()
	server := start(t)
	client, ctx := newClient(t, server, "schemas:write"), t.Context()
	deep := strings.Repeat(`{"type":"array","items":`, 5000) + `"string"` + strings.Repeat("}", 5000)
	for name, s := range map[string]sr.Schema{
		"empty":                     {},
		"not JSON":                  {Schema: "{"},
		"too long":                  {Schema: `{"type":"record","name":"R","doc":"` + strings.Repeat("x", 1<<20) + `","fields":[]}`},
		"too deep":                  {Schema: deep},
		"too deep, JSON Schema":     {Type: sr.TypeJSON, Schema: strings.Repeat(`{"items":`, 5000) + "{}" + strings.Repeat("}", 5000)},
		"circle of references":      {Type: sr.TypeJSON, Schema: `{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}}}`},
		"a file":                    {Type: sr.TypeJSON, Schema: `{"$ref":"file:///etc/passwd"}`},
		"a network address":         {Type: sr.TypeJSON, Schema: `{"$ref":"http://169.254.169.254/latest/meta-data"}`},
		"an import that is nowhere": {Type: sr.TypeProtobuf, Schema: `syntax = "proto3"; import "/etc/passwd"; message A {}`},
		"a zero byte":               {Type: sr.TypeProtobuf, Schema: "syntax = \"proto3\"; // \x00\nmessage A {}"},
		"an odd reference":          {Schema: orderV1, References: []sr.SchemaReference{{Name: "a\x00b", Subject: "a", Version: 1}}},
		"many references":           {Schema: orderV1, References: make([]sr.SchemaReference, 300)},
	} {
		_, err := client.RegisterSchema(ctx, "hostile", s, -1, -1)
		told := refused(t, err)
		require.Equal(t, 42201, told.ErrorCode, "%s: %s", name, told.Message)
		require.Less(t, len(told.Message), 1000, name)
		require.NotContains(t, told.Message, "root:", name)
	}
	_, err := client.RegisterSchema(ctx, "hostile", sr.Schema{Schema: strings.Repeat("x", 2<<20)}, -1, -1)
	require.Equal(t, http.StatusRequestEntityTooLarge, refused(t, err).StatusCode)
	_, err = client.RegisterSchema(ctx, "hostile", sr.Schema{Schema: orderV1, SchemaRuleSet: &sr.SchemaRuleSet{DomainRules: []sr.SchemaRule{{Name: "r"}}}}, -1, -1)
	require.Equal(t, http.StatusUnprocessableEntity, refused(t, err).StatusCode, "rules that nobody would apply")
	_, err = client.RegisterSchema(ctx, "hostile", sr.Schema{Schema: orderV1}, 12345678, 1)
	require.Equal(t, 42205, refused(t, err).ErrorCode, "an ID of the caller's choice")
	for _, path := range []string{"/schemas/ids/0", "/schemas/ids/-1", "/schemas/ids/x", "/schemas/ids/99999999999999999999", "/schemas/guids/x"} {
		require.Equal(t, 40403, refused(t, client.Do(ctx, "GET", path, nil, nil)).ErrorCode, path)
	}
	for _, version := range []string{"0", "x", "2147483648", "-2"} {
		require.Equal(t, 42202, refused(t, client.Do(ctx, "GET", "/subjects/a/versions/"+version, nil, nil)).ErrorCode, version)
	}
	require.Equal(t, http.StatusUnprocessableEntity, refused(t, client.Do(ctx, "GET", "/schemas/fingerprints/abc", nil, nil)).StatusCode)
	subjects, err := client.Subjects(sr.WithParams(ctx, sr.ShowDeleted))
	require.NoError(t, err)
	require.Empty(t, subjects, "nothing is kept")
}

func TestManyRegisterAtOnce(t *testing.T) {
	t.Parallel()
	server := start(t)
	client := newClient(t, server, "schemas:write")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	const senders = 20
	type outcome struct {
		id  int
		err error
	}
	outcomes := make(chan outcome, senders)
	for range senders {
		go func() {
			id, err := client.RegisterSchema(ctx, "order", sr.Schema{Schema: orderV1}, -1, -1)
			outcomes <- outcome{id, err}
		}()
	}
	ids := map[int]bool{}
	var errs []error
	for range senders {
		o := <-outcomes
		ids[o.id], errs = true, append(errs, o.err)
	}
	require.NoError(t, errors.Join(errs...))
	require.Len(t, ids, 1)
	versions, err := client.SubjectVersions(ctx, "order")
	require.NoError(t, err)
	require.Equal(t, []int{1}, versions)
}
