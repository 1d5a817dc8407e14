package api_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

// TestSegment speaks Segment's dialect by hand, in the ways that clients use and that the clients of tests/segment do not.
func TestSegment(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	for name, test := range map[string]func(*testing.T, *harness.Server, harness.Account){
		"short forms":     segmentShortForms,
		"credentials":     segmentCredentials,
		"bodies":          segmentBodies,
		"pixels":          segmentPixels,
		"settings":        segmentSettings,
		"what is merged":  segmentMerging,
		"nothing is lost": segmentBadItems,
		"refusals":        segmentRefusals,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, server, server.SignUp(t))
		})
	}
}

// stored waits for the event with that ID.
func stored(t *testing.T, a harness.Account, id string) (e harness.StoredEvent) {
	t.Helper()
	testkit.Eventually(t, harness.Patience, func() error {
		res := a.Secret.Get(t, "/v1/events/"+id)
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("event %s: %s", id, res.Status)
		}
		res.JSON(t, &e)
		return nil
	})
	return e
}

func basic(user string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user))
}

func segmentShortForms(t *testing.T, _ *harness.Server, a harness.Account) {
	names := map[string]string{"track": "sale", "identify": "identify", "page": "page_view", "screen": "screen_view", "group": "group", "alias": "alias"}
	for name := range names {
		for _, path := range []string{name, name[:1]} {
			a.Publishable.Post(t, "/v1/"+path, map[string]any{"messageId": name + "-" + path, "userId": "u", "event": "sale"}).Want(t, http.StatusOK)
		}
	}
	for name, want := range names {
		for _, path := range []string{name, name[:1]} {
			e := stored(t, a, name+"-"+path)
			require.Equal(t, name, e.Type)
			require.Equal(t, want, e.Name)
			require.Equal(t, "u", e.UserID)
		}
	}
	for _, path := range []string{"/v1/batch", "/v1/b"} {
		a.Publishable.Post(t, path, map[string]any{"batch": []any{map[string]any{"messageId": "in" + path[3:], "type": "page", "anonymousId": "n"}}}).Want(t, http.StatusOK)
	}
	require.Equal(t, "page", stored(t, a, "in%2Fb").Type)
	// What the browser client measures about itself is taken and not kept.
	before := a.Secret.Count(t, "")
	a.Publishable.Post(t, "/v1/m", `{"series":[{"type":"Counter","metric":"analytics_js.invoke","value":1,"tags":{}}]}`).Want(t, http.StatusOK)
	require.Equal(t, before, a.Secret.Count(t, ""))
}

func segmentCredentials(t *testing.T, server *harness.Server, a harness.Account) {
	nobody, key := server.Anonymous(t), a.Keys.Publishable
	headers := map[string]string{
		"basic": basic(key + ":"), "basic-without-colon": basic(key), "basic-with-password": basic(key + ":x"), "bearer": "Bearer " + key, "lower-case": "basic " + basic(key)[6:],
	}
	for id, authorization := range headers {
		nobody.Post(t, "/v1/track", map[string]string{"event": "sale", "userId": "u", "messageId": id}, "Authorization", authorization).Want(t, http.StatusOK)
	}
	nobody.Post(t, "/v1/track", map[string]string{"event": "sale", "userId": "u", "messageId": "in-body", "writeKey": key}).Want(t, http.StatusOK)
	batch := map[string]any{"writeKey": key, "batch": []any{map[string]string{"type": "track", "event": "sale", "userId": "u", "messageId": "in-batch"}}}
	nobody.Post(t, "/v1/batch", batch).Want(t, http.StatusOK)
	for _, id := range append(keys(headers), "in-body", "in-batch") {
		stored(t, a, id)
	}
	// A header wins over the body.
	nobody.Post(t, "/v1/batch", batch, "Authorization", basic("not-a-key:")).WantProblem(t, http.StatusUnauthorized, "key_malformed")
}

func segmentBodies(t *testing.T, _ *harness.Server, a harness.Account) {
	call := func(id string) string { return `{"event":"sale","userId":"u","messageId":"` + id + `"}` }
	all := map[string]struct {
		body    any
		headers []string
	}{
		"text":              {call("text"), []string{"Content-Type", "text/plain"}},
		"beacon":            {call("beacon"), []string{"Content-Type", "text/plain;charset=UTF-8"}},
		"form":              {call("form"), []string{"Content-Type", "application/x-www-form-urlencoded"}},
		"untyped":           {call("untyped"), []string{"Content-Type", ""}},
		"gzip-header":       {gzipped(t, call("gzip-header")), []string{"Content-Encoding", "gzip"}},
		"gzip-magic":        {gzipped(t, call("gzip-magic")), nil},
		"gzip-in-name-only": {call("gzip-in-name-only"), []string{"Content-Encoding", "gzip"}},
	}
	for _, c := range all {
		res := a.Publishable.Post(t, "/v1/track", c.body, c.headers...).Want(t, http.StatusOK)
		require.Contains(t, string(res.Body), `"success":true`)
	}
	for id := range all {
		require.Equal(t, "sale", stored(t, a, id).Name)
	}
}

func segmentPixels(t *testing.T, server *harness.Server, a harness.Account) {
	nobody := server.Anonymous(t)
	call := func(id string) []byte {
		text, err := json.Marshal(map[string]any{"writeKey": a.Keys.Publishable, "messageId": id, "event": "opened", "userId": "ü?>", "properties": map[string]string{"mail": "~~~???"}})
		require.NoError(t, err)
		return text
	}
	types := map[string]string{}
	for _, name := range []string{"track", "identify", "page", "screen", "group", "alias"} {
		for form, encoding := range map[string]*base64.Encoding{"standard": base64.StdEncoding, "url": base64.RawURLEncoding} {
			id := name + "-" + form
			data := strings.NewReplacer("+", "%2B", "/", "%2F", "=", "%3D").Replace(encoding.EncodeToString(call(id)))
			res := nobody.Get(t, "/v1/pixel/"+name+"?data="+data).Want(t, http.StatusOK)
			require.Equal(t, "image/gif", res.Header.Get("Content-Type"))
			require.Equal(t, "no-store", res.Header.Get("Cache-Control"))
			require.Equal(t, "GIF89a", string(res.Body[:6]))
			types[id] = name
		}
	}
	for id, name := range types {
		require.Equal(t, name, stored(t, a, id).Type)
	}
	for _, data := range []string{"", "%25%25", "bm90IEpTT04"} {
		require.Equal(t, http.StatusBadRequest, nobody.Get(t, "/v1/pixel/track?data="+data).StatusCode, data)
	}
}

func segmentSettings(t *testing.T, server *harness.Server, a harness.Account) {
	path := "/v1/projects/" + a.Keys.Publishable + "/settings"
	res := server.Anonymous(t).Get(t, path, "Origin", "https://shop.example.com").Want(t, http.StatusOK)
	require.Equal(t, "https://shop.example.com", res.Header.Get("Access-Control-Allow-Origin"))
	settings := harness.As[struct {
		Integrations map[string]struct{ APIKey, APIHost, Protocol string }
	}](t, res)
	require.Equal(t, a.Keys.Publishable, settings.Integrations["Segment.io"].APIKey)
	require.Equal(t, server.URL, settings.Integrations["Segment.io"].Protocol+"://"+strings.TrimSuffix(settings.Integrations["Segment.io"].APIHost, "/v1"))
	server.Anonymous(t).Get(t, "/v1/projects/nobody/settings").WantProblem(t, http.StatusUnauthorized, "key_malformed")
	server.Anonymous(t).Get(t, "/v1/projects/"+a.Keys.Secret+"/settings", "Origin", "https://shop.example.com").WantProblem(t, http.StatusForbidden, "origin_not_allowed")
}

func segmentMerging(t *testing.T, _ *harness.Server, a harness.Account) {
	a.Publishable.Post(t, "/v1/batch", `{"batch":[
		{"type":"track","event":"sale","userId":"u","messageId":"m-1","context":{"ip":"own","page":{"path":"/own"}},"integrations":{"A":false}},
		{"type":"track","event":"sale","userId":7,"messageId":"m-2","originalTimestamp":"2026-01-02T03:04:05Z","groupId":"ignored"}],
		"context":{"ip":"shared","app":"shop","page":{"path":"/shared","title":"Shared"}},"integrations":{"A":true,"B":true}}`).Want(t, http.StatusOK)
	first, second := stored(t, a, "m-1"), stored(t, a, "m-2")
	require.Equal(t, "own", first.Context["ip"])
	require.Equal(t, "shop", first.Context["app"])
	require.Equal(t, map[string]any{"A": false, "B": true}, first.Context["integrations"])
	require.Equal(t, "shared", second.Context["ip"])
	require.Equal(t, map[string]any{"A": true, "B": true}, second.Context["integrations"])
	require.Equal(t, "7", second.UserID)
	require.Equal(t, "2026-01-02T03:04:05Z", second.Time.Format("2006-01-02T15:04:05Z07:00"))
}

// segmentBadItems sends batches with everything that can be wrong with an item. All of them are answered 200, and nothing disappears.
func segmentBadItems(t *testing.T, _ *harness.Server, a harness.Account) {
	bad := map[string]string{
		"unknown_type":           `{"type":"dance","userId":"u"}`,
		"event_name_missing":     `{"type":"track","userId":"u"}`,
		"not_an_object":          `17`,
		"wrong_type":             `{"type":"track","event":"x","properties":"y"}`,
		"duplicate_key":          `{"type":"track","event":"x","event":"y"}`,
		"not_a_number":           `{"type":"track","event":"x","properties":{"v":NaN}}`,
		"invalid_timestamp":      `{"type":"track","event":"x","timestamp":"today"}`,
		"timestamp_out_of_range": `{"type":"track","event":"x","timestamp":"9999-01-01T00:00:00Z"}`,
		"event_too_large":        `{"type":"track","event":"x","properties":{"v":"` + strings.Repeat("x", 33_000) + `"}}`,
		"too_deep":               `{"type":"track","event":"x","properties":` + strings.Repeat(`{"a":`, 33) + "1" + strings.Repeat("}", 33) + `}`,
		"invalid_utf8":           "{\"type\":\"track\",\"event\":\"\xc3\"}",
		"field_too_long":         `{"type":"track","event":"x","userId":"` + strings.Repeat("x", 257) + `"}`,
	}
	items := []string{`{"type":"track","event":"good","userId":"u"}`}
	for _, item := range bad {
		items = append(items, item)
	}
	res := a.Publishable.Post(t, "/v1/batch", `{"batch":[`+strings.Join(items, ",")+`]}`).Want(t, http.StatusOK)
	taken := harness.As[struct {
		Success bool
		Receipt string
	}](t, res)
	require.True(t, taken.Success)
	receipt := a.Secret.Settled(t, taken.Receipt)
	require.Equal(t, 1, receipt.Counts.Stored)
	codes := map[string]bool{}
	for _, e := range receipt.Events {
		codes[e.Code] = true
	}
	for code := range bad {
		require.True(t, codes[code], "%s: %v", code, codes)
	}
	balanced(t, a)
}

func segmentRefusals(t *testing.T, server *harness.Server, a harness.Account) {
	for body, code := range map[string]string{
		"": "empty_body", "no JSON": "wrong_type", `{"batch":[{"type":"track"`: "invalid_json", `{"batch":{}}`: "wrong_type", `{}`: "wrong_type", `{"batch":[]}`: "empty_body",
	} {
		res := a.Publishable.Post(t, "/v1/batch", body)
		require.Equal(t, http.StatusBadRequest, res.StatusCode, body)
		require.Equal(t, code, res.Code(), body)
	}
	nobody := server.Anonymous(t)
	nobody.Post(t, "/v1/track", `{"event":"x","userId":"u"}`).WantProblem(t, http.StatusUnauthorized, "key_missing")
	nobody.Post(t, "/v1/track", `{"event":"x","userId":"u","writeKey":"nobody"}`).WantProblem(t, http.StatusUnauthorized, "key_malformed")
	reader := server.WithKey(t, a.CreateKey(t, "secret", map[string]any{"scopes": []string{"query:read"}}).Token)
	reader.Post(t, "/v1/track", `{"event":"x","userId":"u"}`).WantProblem(t, http.StatusForbidden, "scope_missing")
	require.Zero(t, a.Secret.Count(t, ""))
}
