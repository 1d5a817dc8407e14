package registry_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/hamba/avro/v2"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/sr"

	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// address is what registry clients are given as the registry's address.
func address(server *harness.Server) string { return server.URL + "/v1/schema-registry" }

func start(t *testing.T) *harness.Server {
	t.Helper()
	return harness.Start(t, harness.Config{Engines: harness.SharedEngines(t)})
}

// newClient is a client with a key of an organization of its own.
func newClient(t *testing.T, server *harness.Server, scopes ...string) *sr.Client {
	t.Helper()
	account := server.SignUp(t)
	return clientWith(t, server, sr.BasicAuth(account.CreateKey(t, "secret", map[string]any{"scopes": scopes}).Token, ""))
}

func clientWith(t *testing.T, server *harness.Server, credentials sr.ClientOpt) *sr.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	c, err := sr.NewClient(sr.URLs(address(server)), sr.HTTPClient(&http.Client{Transport: transport}), credentials)
	require.NoError(t, err)
	return c
}

// refused is the registry's code of an error.
func refused(t *testing.T, err error) *sr.ResponseError {
	t.Helper()
	var told *sr.ResponseError
	require.ErrorAs(t, err, &told)
	require.NotEmpty(t, told.Message)
	return told
}

const (
	orderV1 = `{"type":"record","name":"Order","fields":[{"name":"total","type":"double"}]}`
	orderV2 = `{"type":"record","name":"Order","fields":[{"name":"total","type":"double"},{"name":"currency","type":"string","default":"EUR"}]}`
	orderV3 = `{"type":"record","name":"Order","fields":[{"name":"total","type":"double"},{"name":"currency","type":"string","default":"EUR"},{"name":"shop","type":"string"}]}`
)

func TestAvro(t *testing.T) {
	t.Parallel()
	server := start(t)
	client, ctx := newClient(t, server, "schemas:write"), t.Context()

	first, err := client.CreateSchema(ctx, "order", sr.Schema{Schema: orderV1})
	require.NoError(t, err)
	require.Equal(t, 1, first.Version)
	again, err := client.RegisterSchema(ctx, "order", sr.Schema{Schema: " " + strings.ReplaceAll(orderV1, ",", ",\n  ")}, -1, -1)
	require.NoError(t, err)
	require.Equal(t, first.ID, again, "layout makes no other schema")

	second, err := client.CreateSchema(ctx, "order", sr.Schema{Schema: orderV2})
	require.NoError(t, err)
	require.Equal(t, 2, second.Version)
	require.Greater(t, second.ID, first.ID)

	_, err = client.RegisterSchema(ctx, "order", sr.Schema{Schema: orderV3}, -1, -1)
	told := refused(t, err)
	require.Equal(t, http.StatusConflict, told.StatusCode)
	require.Equal(t, 409, told.ErrorCode)
	require.Contains(t, told.Message, "READER_FIELD_MISSING_DEFAULT_VALUE")
	require.Contains(t, told.Message, "/fields/2")
	checked, err := client.CheckCompatibility(sr.WithParams(ctx, sr.Verbose), "order", -1, sr.Schema{Schema: orderV3})
	require.NoError(t, err)
	require.False(t, checked.Is)
	require.Len(t, checked.Messages, 1)
	checked, err = client.CheckCompatibility(ctx, "order", -2, sr.Schema{Schema: orderV2})
	require.NoError(t, err)
	require.True(t, checked.Is)

	// A producer's and a consumer's view of one message.
	type orderEvent struct {
		Total    float64 `avro:"total"`
		Currency string  `avro:"currency"`
	}
	text, err := client.SchemaTextByID(ctx, second.ID)
	require.NoError(t, err)
	parsed, err := avro.Parse(text)
	require.NoError(t, err)
	serde := sr.NewSerde()
	serde.Register(second.ID, orderEvent{}, sr.EncodeFn(func(v any) ([]byte, error) { return avro.Marshal(parsed, v) }),
		sr.DecodeFn(func(b []byte, v any) error { return avro.Unmarshal(parsed, b, v) }))
	message, err := serde.Encode(orderEvent{19.5, "CHF"})
	require.NoError(t, err)
	var read orderEvent
	require.NoError(t, serde.Decode(message, &read))
	require.Equal(t, orderEvent{19.5, "CHF"}, read)

	found, err := client.LookupSchema(ctx, "order", sr.Schema{Schema: orderV1})
	require.NoError(t, err)
	require.Equal(t, first.ID, found.ID)
	_, err = client.LookupSchema(ctx, "order", sr.Schema{Schema: orderV3})
	require.Equal(t, 40403, refused(t, err).ErrorCode)
	_, err = client.LookupSchema(ctx, "nothing", sr.Schema{Schema: orderV1})
	require.Equal(t, 40401, refused(t, err).ErrorCode)
	byGUID, err := client.SchemaByGUID(ctx, first.GUID)
	require.NoError(t, err)
	require.JSONEq(t, orderV1, byGUID.Schema.Schema)
	all, err := client.Schemas(ctx, "order")
	require.NoError(t, err)
	require.Len(t, all, 2)
}

func TestEveryTypeWithReferences(t *testing.T) {
	t.Parallel()
	server := start(t)
	client, ctx := newClient(t, server, "schemas:write"), t.Context()
	types, err := client.SupportedTypes(ctx)
	require.NoError(t, err)
	require.Len(t, types, 3)
	for _, c := range []struct {
		of               sr.SchemaType
		base, name, user string
		broken           string
	}{
		{
			sr.TypeAvro,
			`{"type":"record","name":"Money","namespace":"shop","fields":[{"name":"cents","type":"long"}]}`, "shop.Money",
			`{"type":"record","name":"Sale","fields":[{"name":"price","type":"shop.Money"}]}`,
			`{"type":"record","name":"Sale","fields":[{"name":"price","type":"shop.Mone`,
		},
		{
			sr.TypeJSON,
			`{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","properties":{"cents":{"type":"integer"}}}`, "money.json",
			`{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","properties":{"price":{"$ref":"money.json"}}}`,
			`{"type":"nonsense"}`,
		},
		{
			sr.TypeProtobuf,
			"syntax = \"proto3\";\npackage shop;\nmessage Money { int64 cents = 1; }\n", "shop/money.proto",
			"syntax = \"proto3\";\npackage shop;\nimport \"shop/money.proto\";\nmessage Sale { Money price = 1; }\n",
			"syntax = \"proto3\"; message {",
		},
	} {
		subject := "types/" + c.of.String() // a slash: percent-encoded by the client
		base, err := client.CreateSchema(ctx, subject+"/base", sr.Schema{Schema: c.base, Type: c.of})
		require.NoError(t, err, c.of)
		reference := sr.SchemaReference{Name: c.name, Subject: subject + "/base", Version: 1}
		_, err = client.RegisterSchema(ctx, subject, sr.Schema{Schema: c.user, Type: c.of}, -1, -1)
		require.Equal(t, 42201, refused(t, err).ErrorCode, "%s: without the reference it makes no sense", c.of)
		user, err := client.CreateSchema(ctx, subject, sr.Schema{Schema: c.user, Type: c.of, References: []sr.SchemaReference{reference}})
		require.NoError(t, err, c.of)
		require.Equal(t, []sr.SchemaReference{reference}, user.References)
		require.Equal(t, c.of, user.Type)

		by, err := client.SchemaByID(ctx, user.ID)
		require.NoError(t, err)
		require.Equal(t, c.user, by.Schema)
		require.Equal(t, c.of, by.Type)
		text, err := client.SchemaTextByVersion(ctx, subject, -1)
		require.NoError(t, err)
		require.Equal(t, c.user, text)
		users, err := client.SchemaReferences(ctx, subject+"/base", 1)
		require.NoError(t, err)
		require.Len(t, users, 1)
		require.Equal(t, user.ID, users[0].ID)

		_, err = client.RegisterSchema(ctx, subject, sr.Schema{Schema: c.broken, Type: c.of}, -1, -1)
		require.Equal(t, 42201, refused(t, err).ErrorCode, c.of)
		_, err = client.RegisterSchema(ctx, subject, sr.Schema{Schema: c.user, Type: c.of, References: []sr.SchemaReference{{Name: c.name, Subject: "elsewhere", Version: 1}}}, -1, -1)
		require.Equal(t, 42201, refused(t, err).ErrorCode, c.of)

		_, err = client.DeleteSubject(ctx, subject+"/base", sr.SoftDelete)
		require.Equal(t, 42206, refused(t, err).ErrorCode, "%s: somebody refers to it", c.of)
		for _, gone := range []string{subject, subject + "/base"} {
			versions, err := client.DeleteSubject(ctx, gone, sr.SoftDelete)
			require.NoError(t, err)
			require.Equal(t, []int{1}, versions)
		}
		_, err = client.SchemaByID(ctx, base.ID)
		require.NoError(t, err, "%s: what was written can still be read", c.of)
		_, err = client.DeleteSubject(ctx, subject+"/base", sr.HardDelete)
		require.Equal(t, 42206, refused(t, err).ErrorCode, c.of)
		for _, gone := range []string{subject, subject + "/base"} {
			_, err = client.DeleteSubject(ctx, gone, sr.HardDelete)
			require.NoError(t, err)
		}
		_, err = client.SchemaByID(ctx, base.ID)
		require.Equal(t, 40403, refused(t, err).ErrorCode, c.of)
	}
}

func TestDeletionByDegrees(t *testing.T) {
	t.Parallel()
	server := start(t)
	client, ctx := newClient(t, server, "schemas:write"), t.Context()
	for _, text := range []string{orderV1, orderV2} {
		_, err := client.CreateSchema(ctx, "order", sr.Schema{Schema: text})
		require.NoError(t, err)
	}
	code := func(err error) int { return refused(t, err).ErrorCode }
	require.Equal(t, 40402, code(client.DeleteSchema(ctx, "order", 7, sr.SoftDelete)))
	require.Equal(t, 40401, code(client.DeleteSchema(ctx, "nothing", 1, sr.SoftDelete)))
	require.Equal(t, 40407, code(client.DeleteSchema(ctx, "order", 1, sr.HardDelete)))
	require.NoError(t, client.DeleteSchema(ctx, "order", 1, sr.SoftDelete))
	require.Equal(t, 40406, code(client.DeleteSchema(ctx, "order", 1, sr.SoftDelete)))
	versions, err := client.SubjectVersions(ctx, "order")
	require.NoError(t, err)
	require.Equal(t, []int{2}, versions)
	versions, err = client.SubjectVersions(sr.WithParams(ctx, sr.ShowDeleted), "order")
	require.NoError(t, err)
	require.Equal(t, []int{1, 2}, versions)
	_, err = client.SchemaByVersion(ctx, "order", 1)
	require.Equal(t, 40402, code(err))
	_, err = client.SchemaByVersion(sr.WithParams(ctx, sr.ShowDeleted), "order", 1)
	require.NoError(t, err)
	require.NoError(t, client.DeleteSchema(ctx, "order", 1, sr.HardDelete))

	_, err = client.DeleteSubject(ctx, "order", sr.HardDelete)
	require.Equal(t, 40405, code(err))
	_, err = client.DeleteSubject(ctx, "order", sr.SoftDelete)
	require.NoError(t, err)
	_, err = client.DeleteSubject(ctx, "order", sr.SoftDelete)
	require.Equal(t, 40404, code(err))
	subjects, err := client.Subjects(ctx)
	require.NoError(t, err)
	require.Empty(t, subjects)
	subjects, err = client.Subjects(sr.WithParams(ctx, sr.ShowDeleted))
	require.NoError(t, err)
	require.Equal(t, []string{"order"}, subjects)
	again, err := client.CreateSchema(ctx, "order", sr.Schema{Schema: orderV3})
	require.NoError(t, err, "what is deleted does not stand in the way")
	require.Equal(t, 3, again.Version, "and its number is not given again")
}

func TestSettings(t *testing.T) {
	t.Parallel()
	server := start(t)
	client, ctx := newClient(t, server, "schemas:write"), t.Context()
	level := func(subjects ...string) sr.CompatibilityResult { return client.Compatibility(ctx, subjects...)[0] }
	require.Equal(t, sr.CompatBackward, level().Level)
	require.Equal(t, 40408, refused(t, level("order").Err).ErrorCode)
	require.NoError(t, client.SetCompatibility(ctx, sr.SetCompatibility{Level: sr.CompatFullTransitive})[0].Err)
	require.NoError(t, client.SetCompatibility(ctx, sr.SetCompatibility{Level: sr.CompatNone, Normalize: true}, "a/b")[0].Err)
	require.Equal(t, sr.CompatFullTransitive, level().Level)
	require.Equal(t, sr.CompatNone, level("a/b").Level)
	require.True(t, level("a/b").Normalize)
	require.Equal(t, sr.CompatFullTransitive, client.Compatibility(sr.WithParams(ctx, sr.DefaultToGlobal), "order")[0].Level)
	reset := client.ResetCompatibility(ctx, "a/b")[0]
	require.NoError(t, reset.Err)
	require.Equal(t, sr.CompatNone, reset.Level)
	require.NoError(t, client.ResetCompatibility(ctx)[0].Err)
	require.Equal(t, sr.CompatBackward, level().Level)

	require.Equal(t, sr.ModeReadWrite, client.Mode(ctx)[0].Mode)
	require.Equal(t, 40409, refused(t, client.Mode(ctx, "order")[0].Err).ErrorCode)
	require.NoError(t, client.SetMode(ctx, sr.ModeReadOnly, "order")[0].Err)
	_, err := client.RegisterSchema(ctx, "order", sr.Schema{Schema: orderV1}, -1, -1)
	require.Equal(t, 42205, refused(t, err).ErrorCode)
	require.NoError(t, client.ResetMode(ctx, "order")[0].Err)
	_, err = client.RegisterSchema(ctx, "order", sr.Schema{Schema: orderV1}, -1, -1)
	require.NoError(t, err)
	require.Equal(t, 42204, refused(t, client.SetMode(ctx, sr.ModeImport)[0].Err).ErrorCode)
}

func TestListsAndPages(t *testing.T) {
	t.Parallel()
	server := start(t)
	client, ctx := newClient(t, server, "schemas:write"), t.Context()
	for _, subject := range []string{"a-1", "a-2", "b-1"} {
		for _, text := range []string{orderV1, orderV2} {
			_, err := client.RegisterSchema(ctx, subject, sr.Schema{Schema: text}, -1, -1)
			require.NoError(t, err)
		}
	}
	subjects, err := client.Subjects(sr.WithParams(ctx, sr.SubjectPrefix("a-")))
	require.NoError(t, err)
	require.Equal(t, []string{"a-1", "a-2"}, subjects)
	subjects, err = client.Subjects(sr.WithParams(ctx, sr.Offset(1), sr.Limit(1)))
	require.NoError(t, err)
	require.Equal(t, []string{"a-2"}, subjects)
	all, err := client.AllSchemas(ctx)
	require.NoError(t, err)
	require.Len(t, all, 6)
	all, err = client.AllSchemas(sr.WithParams(ctx, sr.LatestOnly, sr.SubjectPrefix("a-")))
	require.NoError(t, err)
	require.Len(t, all, 2)
	for _, s := range all {
		require.Equal(t, 2, s.Version)
	}
	users, err := client.SubjectsByID(ctx, all[0].ID)
	require.NoError(t, err)
	require.Equal(t, []string{"a-1", "a-2", "b-1"}, users, "a text is kept once")
	versions, err := client.SchemaVersionsByID(ctx, all[0].ID)
	require.NoError(t, err)
	require.Len(t, versions, 3)
	contexts, err := client.Contexts(ctx)
	require.NoError(t, err)
	require.Equal(t, []string{"."}, contexts)
}

// Names are whatever people think of.
// A key may come in any of the ways that clients have for credentials, and what it may not do it may not.
// Another organization's IDs, UUIDs, fingerprints and subjects are not there.
// Whatever is sent is answered with a clear error, and nothing of it is kept.
// Senders that start at once with the same schema agree on its ID.
// What an ID, UUID or fingerprint means never changes, so it is asked for once.
func TestAnswersAreKeptForEver(t *testing.T) {
	t.Parallel()
	server := start(t)
	account := server.SignUp(t)
	made := harness.As[struct {
		ID          int
		GUID        string
		Fingerprint string
	}](t, account.Session.Post(t, "/v1/schema-registry/subjects/order/versions", map[string]string{"schema": orderV1}).Want(t, http.StatusOK))
	for _, path := range []string{
		"/schemas/ids/" + strconv.Itoa(made.ID), "/schemas/ids/" + strconv.Itoa(made.ID) + "/schema", "/schemas/guids/" + made.GUID, "/schemas/fingerprints/" + made.Fingerprint,
	} {
		path = "/v1/schema-registry" + path
		res := account.Session.Get(t, path).Want(t, http.StatusOK)
		require.Equal(t, "private, max-age=31536000, immutable", res.Header.Get("Cache-Control"), path)
		tag := res.Header.Get("ETag")
		require.NotEmpty(t, tag)
		again := account.Session.Do(t, "GET", path, nil, "If-None-Match", `"other", W/`+tag).Want(t, http.StatusNotModified)
		require.Empty(t, again.Body)
		account.Session.Do(t, "GET", path, nil, "If-None-Match", `"other"`).Want(t, http.StatusOK)
		stranger := server.SignUp(t)
		stranger.Session.Do(t, "GET", path, nil, "If-None-Match", tag).Want(t, http.StatusNotFound)
	}
	list := account.Session.Get(t, "/v1/schema-registry/subjects").Want(t, http.StatusOK)
	require.Equal(t, "no-store", list.Header.Get("Cache-Control"))
}

// The dashboard gets each broken rule by itself.
func TestConflictsOneByOne(t *testing.T) {
	t.Parallel()
	server := start(t)
	session := server.SignUp(t).Session
	path := "/v1/schema-registry/subjects/" + url.PathEscape("a/b") + "/versions"
	session.Post(t, path, map[string]string{"schema": orderV1}).Want(t, http.StatusOK)
	type answer struct {
		ErrorCode         int `json:"error_code"`
		Code              string
		Incompatibilities []struct {
			Rule, Path, Message, Advice string
			Version                     int
		}
	}
	plain := harness.As[answer](t, session.Do(t, "POST", path, map[string]string{"schema": orderV3}, "Accept", "application/json").Want(t, http.StatusConflict))
	require.Equal(t, "schema_incompatible", plain.Code)
	require.Len(t, plain.Incompatibilities, 1)
	broken := plain.Incompatibilities[0]
	require.Equal(t, "READER_FIELD_MISSING_DEFAULT_VALUE", broken.Rule)
	require.Equal(t, 1, broken.Version)
	require.NotEmpty(t, broken.Advice)
	strict := session.Do(t, "POST", path, map[string]string{"schema": orderV3}, "Accept", "application/vnd.schemaregistry.v1+json").Want(t, http.StatusConflict)
	require.Equal(t, "application/vnd.schemaregistry.v1+json", strict.Header.Get("Content-Type"))
	require.NotContains(t, string(strict.Body), "incompatibilities", "some clients fail on members that they do not know")
	session.Do(t, "POST", path, map[string]string{"schema": orderV1}, "Sec-Fetch-Site", "cross-site").Want(t, http.StatusForbidden)
}
