package redact_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/doc"
	"github.com/observatory/observatory/ingest/redact"
)

func secrets() redact.Secrets {
	return redact.Secrets{{Version: 1, Key: []byte("0123456789abcdef0123456789abcdef")}, {Version: 2, Key: []byte("fedcba9876543210fedcba9876543210")}}
}

func compile(t require.TestingT, document string) *redact.Redactor {
	p, err := redact.Parse([]byte(document))
	require.NoError(t, err)
	r, err := p.Compile(secrets())
	require.NoError(t, err)
	return r
}

func standard(t require.TestingT) *redact.Redactor {
	r, err := redact.Default().Compile(secrets())
	require.NoError(t, err)
	return r
}

func properties(t require.TestingT, r *redact.Redactor, text string) (out string, rules []string) {
	var d doc.Doc
	n, err := d.Parse([]byte(text))
	require.NoError(t, err, text)
	e := ingest.Event{Name: []byte("e")}
	r.Event(&e, n, nil)
	return string(n.Append(nil)), e.Redactions
}

func TestTheDefaultPolicy(t *testing.T) {
	t.Parallel()
	r := standard(t)
	for in, want := range map[string]string{
		`{"a":"nothing to see"}`:                                                       `{"a":"nothing to see"}`,
		`{"mail":"ada@example.com"}`:                                                   `{"mail":"***@example.com"}`,
		`{"text":"write to ada@example.com, or bob@example.org."}`:                     `{"text":"write to ***@example.com, or ***@example.org."}`,
		`{"u":"https://x.example/?e=ada%2Bnews%40example.com&b=1"}`:                    `{"u":"https://x.example/?e=***@example.com&b=1"}`,
		`{"u":"https://x.example/?r=https%3A%2F%2Fy%2F%3Fpassword%3Dhunter2%26x%3D1"}`: `{"u":"https://x.example/?r=https%3A%2F%2Fy%2F%3Fpassword%3D[redacted]%26x%3D1"}`,
		`{"u":"https://x.example/?password=hun%26ter2&x=1"}`:                           `{"u":"https://x.example/?password=[redacted]&x=1"}`,
		`{"u":"https://ada:pw@x.example/"}`:                                            `{"u":"https://[redacted]@x.example/"}`,
		`{"card":"4111 1111 1111 1111"}`:                                               `{"card":"**** **** **** 1111"}`,
		`{"n":4111111111111111}`:                                                       `{"n":"************1111"}`,
		`{"n":4.111111111111111e15}`:                                                   `{"n":"************1111"}`,
		`{"n":4111111111111112,"t":1763700000000,"f":0.4111111111111111}`:              `{"n":4111111111111112,"t":1763700000000,"f":0.4111111111111111}`,
		`{"ip":"203.0.113.77","v6":"2001:db8:85a3::8a2e:370:7334"}`:                    `{"ip":"203.0.113.0","v6":"2001:db8:85a3::"}`,
		`{"app_version":"10.15.7.12","ua":"Chrome/120.0.0.1 Safari"}`:                  `{"app_version":"10.15.7.12","ua":"Chrome/120.0.0.1 Safari"}`,
		`{"password":"x","user":{"accessToken":["a"],"token_count":3}}`:                `{"user":{"token_count":3}}`,
		`{"h":"Bearer 2YotnFZFEjr1zCsicMWpAA"}`:                                        `{"h":"Bearer [redacted]"}`,
		`{"h":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"}`:                            `{}`,
		`{"ada@example.com":1,"bob@example.com":2}`:                                    `{"***@example.com":1,"***@example.com (2)":2}`,
		`{"j":"{\"password\":\"x\",\"e\":\"ada\\u0040example.com\"}"}`:                 `{"j":"{\"e\":\"***@example.com\"}"}`,
		`{"j":"oops {\"password\":\"hun\\\"ter2\",\"e\":\"ada\\u0040example.com"}`:     `{"j":"oops {\"password\":\"[redacted]\",\"e\":\"***@example.com"}`,
		`{"l":"password: correct horse battery, user ada"}`:                            `{"l":"password: [redacted], user ada"}`,
	} {
		out, _ := properties(t, r, in)
		require.Equal(t, want, out, in)
		again, rules := properties(t, r, out)
		require.Equal(t, out, again)
		require.Empty(t, rules, out)
	}
}

func TestRejected(t *testing.T) {
	t.Parallel()
	r := standard(t)
	for _, c := range []struct {
		format  ingest.Format
		in, out string
		as      ingest.Format
	}{
		{
			ingest.FormatNative, `{"event":"ada@example.com","user_id":"u1","payload":"AAAA","properties":{"password":"x"},"password":"y","odd":"203.0.113.9"}`,
			`{"event":"***@example.com","user_id":"u1","payload_bytes":4,"properties":{},"odd":"203.0.113.0"}`, ingest.FormatNative,
		},
		{
			ingest.FormatSegment, `{"type":"identify","userId":"u","traits":{"email":"ada@example.com","token":"t"},"name":"x"}`,
			`{"type":"identify","userId":"u","traits":{"email":"***@example.com"},"name":"x"}`, ingest.FormatSegment,
		},
		{ingest.FormatNative, `{"event":"x","properties":{"secret":"s","ada@example.com":12, "n`, `{"event":"","properties":{"secret":"","***@example.com":0,`, ingest.FormatText},
		{ingest.FormatNative, `{"a":"he said "hunter2": x"}`, `{"a":""`, ingest.FormatText},
		{ingest.FormatNative, `"hunter2"`, `""`, ingest.FormatText},
		{ingest.FormatBinary, `hunter2`, ``, ingest.FormatBinary},
	} {
		item := ingest.Item{Raw: []byte(c.in), Format: c.format, Rejection: &ingest.Rejection{Message: `"ada@example.com" is not a field`}}
		r.Rejected(&item)
		require.Equal(t, c.out, string(item.Raw))
		require.Equal(t, c.as, item.Format)
		require.Equal(t, `"***@example.com" is not a field`, item.Rejection.Message)
	}
}

func TestIdentifiersBecomePseudonyms(t *testing.T) {
	t.Parallel()
	r := standard(t)
	e := ingest.Event{Name: []byte("hello ada@example.com"), UserID: []byte("ada@example.com"), AnonymousID: []byte("0190-abc")}
	r.Event(&e, nil, nil)
	require.Equal(t, "hello ***@example.com", string(e.Name))
	require.Equal(t, r.Hash([]byte("ada@example.com"))[0], string(e.UserID))
	require.Regexp(t, `^h2_[a-z2-7]{26}$`, string(e.UserID))
	require.Equal(t, "0190-abc", string(e.AnonymousID))
	require.Equal(t, []string{"emails"}, e.Redactions)
	before := string(e.UserID)
	r.Event(&e, nil, nil)
	require.Equal(t, before, string(e.UserID))
	require.Empty(t, e.Redactions)
}

func TestActions(t *testing.T) {
	t.Parallel()
	r := compile(t, `{"rules":[
		{"name":"a","path":"properties.user.*.phone","action":"drop"},
		{"name":"b","path":"properties.items[].sku","action":"mask","keep":2},
		{"name":"c","path":"properties.age","action":"generalise"},
		{"name":"d","path":"properties.**.born","action":"generalise"},
		{"name":"e","key":"^(lat|lon)$","action":"truncate"},
		{"name":"f","path":"properties.tok","action":"tokenise"},
		{"name":"g","path":"properties.ok","action":"allow"},
		{"name":"h","path":"properties.h","action":"hash"},
		{"name":"i","detector":"email","action":"hash"}]}`)
	out, rules := properties(t, r, `{"user":{"x":{"phone":1,"y":2}},"items":[{"sku":"abcdef"},{"sku":1234567}],"age":34,"p":{"q":{"born":"1985-03-17"}},"lat":52.520008,"lon":"-0.1","tok":"x y","ok":"ada@example.com","h":{"a":1},"m":"ada@example.com!"}`)
	require.Equal(t, `{"user":{"x":{"y":2}},"items":[{"sku":"****ef"},{"sku":"*****67"}],"age":"30-39","p":{"q":{"born":"1985"}},"lat":52.52,"lon":"-0.1","tok":"`+tokenOf(t, out)+`","ok":"ada@example.com","h":{"a":"`+r.Hash([]byte("1"))[0]+`"},"m":"`+r.Hash([]byte("ada@example.com"))[0]+`!"}`, out)
	require.Equal(t, []string{"a", "b", "c", "d", "e", "f", "h", "i"}, rules)
	text, err := r.Reveal(tokenOf(t, out))
	require.NoError(t, err)
	require.Equal(t, "x y", text)
}

// Events with numbers that nothing can hold are rejected, and what is kept of them is JSON.
func TestNumbersOutOfRangeAreTruncated(t *testing.T) {
	t.Parallel()
	r := compile(t, `{"rules":[{"name":"t","key":"^lat$","action":"truncate"}]}`)
	item := ingest.Item{Rejection: &ingest.Rejection{Code: ingest.CodeNumberOutOfRange}, Format: ingest.FormatNative, Raw: []byte(`{"event":"a","properties":{"lat":1e400}}`)}
	r.Rejected(&item)
	require.JSONEq(t, `{"event":"a","properties":{"lat":"[redacted]"}}`, string(item.Raw))
}

func tokenOf(t *testing.T, out string) string {
	var d doc.Doc
	n, err := d.Parse([]byte(out))
	require.NoError(t, err)
	return string(n.Child("tok").Text())
}

func TestTelling(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"4111111111111111", "203.0.113.7", "sk_live_4eC39HqLyjWDarjtT1zdp7dc", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "ada@example.com", "x%2Fada%2540example.com"} {
		require.True(t, redact.Telling(text), text)
	}
	for _, text := range []string{"", "0199b1c4-7a2e-7c3d-9f10-2b6a5d8e4c71", "4bf92f3577b34da6a3ce929d0e0e4736", "checkout-17", "req.1.2"} {
		require.False(t, redact.Telling(text), text)
	}
}
