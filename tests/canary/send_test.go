package canary_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/tests/harness"
)

// sender sends secrets.
type sender struct {
	t        *testing.T
	account  harness.Account
	caller   *harness.Caller
	secrets  *secrets
	receipts []string
}

// post sends a body, whatever the answer, and keeps the receipt.
func (s *sender) post(path string, body any, headers ...string) harness.Response {
	res := s.caller.Post(s.t, path, body, headers...)
	var answer struct{ Receipt string }
	if json.Unmarshal(res.Body, &answer) == nil && answer.Receipt != "" {
		s.receipts = append(s.receipts, answer.Receipt)
	}
	return res
}

// settle waits until all that was sent is stored or set aside.
func (s *sender) settle() {
	require.NotEmpty(s.t, s.receipts)
	for _, receipt := range s.receipts {
		s.account.Secret.Settled(s.t, receipt)
	}
}

// each calls send with a secret of every kind.
func (s *sender) each(where string, send func(text string)) {
	for kind, secret := range s.secrets.kinds() {
		send(secret(where + ", " + kind))
	}
}

// document has a secret in every kind of place that properties, context or traits can have.
func (s *sender) document(where string) map[string]any {
	d := map[string]any{
		"control": control, "plain": 1, "on": true,
		"password": s.secrets.opaque(where + " password"), "accessToken": s.secrets.opaque(where + " accessToken"),
		"auth":    map[string]any{"client_secret": []any{s.secrets.opaque(where + " client_secret")}, "cookie": s.secrets.opaque(where + " cookie")},
		"api-key": s.secrets.opaque(where + " api-key"), "n": json.Number(s.secrets.card(where + " number")),
		"query": "?a=1&password=" + s.secrets.opaque(where+" in a query") + "&b=2",
		"log":   `failed: {"user":"x","password":"` + s.secrets.opaque(where+" in a log line") + `","at":`,
	}
	list := []any{}
	s.each(where, func(text string) {
		list = append(list, text)
		d["k "+text] = 1
	})
	d["list"] = list
	inner := map[string]any{"secret": s.secrets.opaque(where + " in text")}
	s.each(where+" in text", func(text string) { inner[s.secrets.next("name")] = text })
	text, err := json.Marshal(inner)
	require.NoError(s.t, err)
	d["json"] = string(text)
	d["url"] = "https://shop.example/?r=" + url.QueryEscape("https://y.example/?m="+url.QueryEscape(s.secrets.kinds()["email"](where+" in a URL in a URL"))+"&password="+s.secrets.opaque(where+" in a URL"))
	return d
}

// good sends events that are accepted.
func (s *sender) good() {
	for _, field := range []string{"event", "event_id", "user_id", "anonymous_id", "session_id"} {
		s.each(field, func(text string) {
			e := map[string]any{"event": "seen", field: text}
			s.post("/v1/events", e).Want(s.t, http.StatusAccepted)
		})
	}
	for _, format := range []string{"one", "array", "envelope", "lines"} {
		e := map[string]any{"event": control, "properties": s.document("properties, " + format), "context": s.document("context, " + format)}
		text, err := json.Marshal(e)
		require.NoError(s.t, err)
		body := string(text)
		switch format {
		case "array":
			body = "[" + body + "]"
		case "envelope":
			body = `{"events":[` + body + `],"sent_at":"2026-01-01T00:00:00Z"}`
		case "lines":
			body += "\n" + `{"event":"second"}`
		}
		s.post("/v1/events?wait=stored", body).Want(s.t, http.StatusOK)
	}
	s.each("library", func(text string) {
		version := text
		if strings.HasPrefix(text, "203.") {
			version = "1.2" // four numbers under the name version are taken for one
		}
		s.post("/v1/events", map[string]any{"event": "seen", "context": map[string]any{"library": map[string]any{"name": text, "version": version}, "userAgent": text, "ip": text, "page": map[string]any{"url": text, "referrer": text}}})
	})
}

// segment sends calls in Segment's dialect: by name, as batch, and as pixel.
func (s *sender) segment() {
	for _, kind := range []string{"track", "identify", "page", "screen", "group", "alias"} {
		call := func(where string) map[string]any {
			c := map[string]any{"type": kind, "event": "seen", "userId": "u", "properties": s.document(where + " properties"), "traits": s.document(where + " traits"), "context": s.document(where + " context")}
			for _, field := range []string{"name", "category", "groupId", "previousId", "userId", "anonymousId", "messageId"} {
				c[field] = s.secrets.kinds()["email"](where + " " + field)
			}
			c["integrations"] = map[string]any{"All": true, "x": s.document(where + " integrations")}
			return c
		}
		s.post("/v1/"+kind, call(kind))
		s.post("/v1/batch", map[string]any{"batch": []any{call("batch of " + kind)}, "context": map[string]any{"password": s.secrets.opaque("context of a batch")}})
		text, err := json.Marshal(map[string]any{"writeKey": s.account.Keys.Publishable, "userId": s.secrets.kinds()["email"]("pixel"), "event": "seen", "properties": map[string]any{"password": s.secrets.opaque("pixel"), "card": s.secrets.card("pixel")}, "context": map[string]any{"userAgent": s.secrets.kinds()["bearer"]("pixel")}})
		require.NoError(s.t, err)
		s.account.Session.Get(s.t, "/v1/pixel/"+kind+"?data="+base64.RawURLEncoding.EncodeToString(text)).Want(s.t, http.StatusOK)
		s.account.Session.Get(s.t, "/v1/pixel/"+kind+"?data="+url.QueryEscape(s.secrets.opaque("broken pixel")+"%%"))
	}
	s.each("segment type", func(text string) {
		s.post("/v1/batch", map[string]any{"batch": []any{map[string]any{"type": text, "userId": text, "event": text}}})
	})
}

// malformed sends what is refused or set aside.
func (s *sender) malformed() {
	s.each("malformed", func(text string) {
		password := func(where string) string { return s.secrets.opaque(where) }
		quoted, err := json.Marshal(text)
		require.NoError(s.t, err)
		q := string(quoted)
		for where, event := range map[string]string{
			"unknown field":     `{"event":"x","control":"` + control + `","odd":` + q + `,"password":"` + password("unknown field") + `","nested":{"secret":"` + password("nested") + `"}}`,
			"name of a field":   `{"event":"x",` + q + `:1}`,
			"wrong type":        `{"event":"x","properties":` + q + `,"context":[` + q + `],"user_id":{"a":` + q + `},"session_id":[` + q + `]}`,
			"timestamp":         `{"event":"x","timestamp":` + q + `}`,
			"opaque timestamp":  `{"event":"x","timestamp":"` + password("timestamp") + `"}`,
			"no name":           `{"user_id":` + q + `,"properties":{"password":"` + password("no name") + `","t":` + q + `}}`,
			"long name":         `{"event":"` + strings.Repeat("x", 185) + " " + strings.Trim(q, `"`) + `"}`,
			"long identifier":   `{"event":"x","user_id":"` + strings.Repeat("y", 235) + " " + strings.Trim(q, `"`) + `"}`,
			"time out of range": `{"event":"x","timestamp":"1980-01-01T00:00:00Z","properties":{"a":` + q + `,"token":"` + password("out of range") + `"}}`,
			"twice":             `{"event":"x","properties":{"a":` + q + `,"a":2}}`,
			"number":            `{"event":"x","properties":{"a":` + q + `,"n":1e999}}`,
			"too deep":          `{"event":"x","properties":` + strings.Repeat(`{"a":`, 40) + q + strings.Repeat(`}`, 40) + `}`,
			"too large":         `{"event":"x","properties":{"a":` + q + `,"password":"` + password("too large") + `","z":"` + strings.Repeat("z ", 17_000) + `","b":` + q + `}}`,
			"payload":           `{"event":"x","payload":` + q + `}`,
			"opaque payload":    `{"event":"x","payload":"` + password("payload") + `"}`,
			"encoded payload":   `{"event":"x","payload":"` + base64.StdEncoding.EncodeToString([]byte(text)) + `"}`,
			"no object":         q,
			"not an object":     `"` + password("no object") + `"`,
			"bad UTF-8":         "{\"event\":\"x\",\"properties\":{\"password\":\"" + password("bad UTF-8") + "\",\"b\":\"\xff\"}}",
		} {
			s.post("/v1/events", `[{"event":"ok"},`+event+`]`)
			s.post("/v1/events", event)
			_ = where
		}
		for _, line := range []string{
			`{"event":"x","properties":{"a":` + q + `,"free":"` + password("cut line") + `","b":"` + password("cut line") + ` and more`,
			`{"event":"x","user_id":` + q + `,"free":"` + password("broken line") + `" "` + password("behind") + `":1}`,
			`{"event":` + q + `,} ` + password("no comma"),
			`{"event":"x","properties":{"free":"` + password("quote") + `"` + password("naked") + `"x":1}}`,
			password("no JSON at all"),
		} {
			s.post("/v1/events", `{"event":"ok"}`+"\n"+line+"\n")
			s.post("/v1/events", line)
			s.post("/v1/track", line)
			s.post("/v1/batch", `{"batch":[`+line)
		}
		s.post("/v1/events", `{"events":[{"event":"x"}],"sent_at":`+q+`}`)
		s.post("/v1/events", `{"events":[{"event":"x"}],`+q+`:1}`)
		s.post("/v1/events?wait="+url.QueryEscape(text), `{"event":"x"}`)
		s.post("/v1/batch", `{"batch":[{"type":"track","userId":{"x":`+q+`},"event":[`+q+`],"timestamp":`+q+`,"properties":`+q+`,"messageId":`+q+`}],"sentAt":`+q+`}`)
		s.post("/v1/"+url.PathEscape(text), `{}`)
	})
}

// headers sends secrets in headers.
func (s *sender) headers() {
	for _, name := range []string{"User-Agent", "X-Correlation-ID", "Traceparent", "Referer", "X-Request-ID", "Origin", "Content-Encoding", "Content-Type", "Cookie", "X-Forwarded-For", "Accept-Language", "Tracestate", "Baggage"} {
		for _, caller := range []*harness.Caller{s.account.Secret, s.account.Publishable} {
			s.caller = caller
			s.each("header "+name, func(text string) {
				s.post("/v1/events", map[string]any{"event": "seen"}, name, text)
				s.post("/v1/track", map[string]any{"event": "seen", "userId": "u"}, name, text)
			})
		}
	}
	s.caller = s.account.Secret
	s.each("key", func(text string) {
		s.caller.Post(s.t, "/v1/events", `{"event":"x"}`, "Authorization", "Bearer "+strings.ReplaceAll(text, " ", ""))
		s.caller.Post(s.t, "/v1/track", `{"event":"x"}`, "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(text+":")))
	})
}

// rpc sends over the gRPC service's JSON form.
func (s *sender) rpc() {
	document, err := json.Marshal(s.document("rpc"))
	require.NoError(s.t, err)
	s.each("rpc", func(text string) {
		for _, event := range []map[string]any{
			{"event": text, "eventId": text, "userId": text, "anonymousId": text, "sessionId": text, "propertiesJson": string(document), "contextJson": string(document)},
			{"event": "x", "propertiesJson": `{"password":"` + s.secrets.opaque("rpc, cut") + `","a":"` + s.secrets.opaque("rpc, cut")},
			{"event": "x", "payload": base64.StdEncoding.EncodeToString([]byte(text))},
			{"event": strings.Repeat("x", 190) + " " + text},
		} {
			s.post("/observatory.v1.IngestService/Publish", map[string]any{"events": []any{event}})
		}
	})
}
