package accesslog_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/internal/accesslog"
)

func TestParseCombined(t *testing.T) {
	t.Parallel()
	at := time.Date(2015, 5, 17, 10, 5, 3, 0, time.UTC)
	for _, c := range []struct {
		name, line string
		want       accesslog.Record
	}{
		{
			"an ordinary line",
			`83.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET /a/b.png?x=1 HTTP/1.1" 200 203023 "http://site.example/a/" "Mozilla/5.0 (Macintosh)"`,
			accesslog.Record{Address: "83.0.2.1", Time: at, Request: "GET /a/b.png?x=1 HTTP/1.1", Method: "GET", Target: "/a/b.png?x=1", Protocol: "HTTP/1.1", Status: 200, Bytes: 203023, Referrer: "http://site.example/a/", UserAgent: "Mozilla/5.0 (Macintosh)"},
		},
		{
			"IPv6, an offset, nothing but dashes",
			`2001:db8::1 - - [17/May/2015:15:35:03 +0530] "HEAD / HTTP/2.0" 304 - "-" "-"`,
			accesslog.Record{Address: "2001:db8::1", Time: at, Request: "HEAD / HTTP/2.0", Method: "HEAD", Target: "/", Protocol: "HTTP/2.0", Status: 304, Bytes: -1},
		},
		{
			"an offset that changes the day",
			`h - - [16/May/2015:23:05:03 -1100] "GET / HTTP/1.1" 200 0 "" ""`,
			accesslog.Record{Address: "h", Time: at, Request: "GET / HTTP/1.1", Method: "GET", Target: "/", Protocol: "HTTP/1.1", Status: 200},
		},
		{
			"a host name and a user name with spaces",
			`client.example - Ada King Lovelace [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1 "-" "-"`,
			accesslog.Record{Address: "client.example", User: "Ada King Lovelace", Time: at, Request: "GET / HTTP/1.1", Method: "GET", Target: "/", Protocol: "HTTP/1.1", Status: 200, Bytes: 1},
		},
		{
			"escaped quotes and backslashes",
			`::1 - - [17/May/2015:10:05:03 +0000] "GET /\"a\" HTTP/1.1" 200 1 "http://r/\\x" "\"quoted\" \x22agent\x22 \\"`,
			accesslog.Record{Address: "::1", Time: at, Request: `GET /"a" HTTP/1.1`, Method: "GET", Target: `/"a"`, Protocol: "HTTP/1.1", Status: 200, Bytes: 1, Referrer: `http://r/\x`, UserAgent: `"quoted" "agent" \`},
		},
		{
			"UTF-8, escaped and not",
			`::1 - - [17/May/2015:10:05:03 +0000] "GET /\xc3\xbc HTTP/1.1" 200 1 "http://r/ü" "-"`,
			accesslog.Record{Address: "::1", Time: at, Request: "GET /ü HTTP/1.1", Method: "GET", Target: "/ü", Protocol: "HTTP/1.1", Status: 200, Bytes: 1, Referrer: "http://r/ü"},
		},
		{
			"an 8-bit encoding stays escaped",
			`::1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1 "http://\xe4\xe5/" "` + "\xe4\xe5" + `"`,
			accesslog.Record{Address: "::1", Time: at, Request: "GET / HTTP/1.1", Method: "GET", Target: "/", Protocol: "HTTP/1.1", Status: 200, Bytes: 1, Referrer: `http://\xe4\xe5/`, UserAgent: `\xe4\xe5`},
		},
		{
			"control characters stay escaped",
			`::1 - - [17/May/2015:10:05:03 +0000] "\x16\x03\x01" 400 1 "a\nb" "` + "tab\there" + `"`,
			accesslog.Record{Address: "::1", Time: at, Request: `\x16\x03\x01`, Status: 400, Bytes: 1, Referrer: `a\nb`, UserAgent: `tab\x09here`},
		},
		{
			"what only looks like an escape",
			`::1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1 "C:\dir\x4" "\xzz\q"`,
			accesslog.Record{Address: "::1", Time: at, Request: "GET / HTTP/1.1", Method: "GET", Target: "/", Protocol: "HTTP/1.1", Status: 200, Bytes: 1, Referrer: `C:\dir\x4`, UserAgent: `\xzz\q`},
		},
		{
			"no request at all",
			`::1 - - [17/May/2015:10:05:03 +0000] "-" 408 - "-" "-"`,
			accesslog.Record{Address: "::1", Time: at, Status: 408, Bytes: -1},
		},
		{
			"HTTP/0.9 and a target with spaces",
			`::1 - - [17/May/2015:10:05:03 +0000] "GET /a file (1).txt" 200 1 "-" "-"`,
			accesslog.Record{Address: "::1", Time: at, Request: "GET /a file (1).txt", Method: "GET", Target: "/a file (1).txt", Status: 200, Bytes: 1},
		},
		{
			"a request without target",
			`::1 - - [17/May/2015:10:05:03 +0000] "GET HTTP/1.1" 400 1 "-" "-"`,
			accesslog.Record{Address: "::1", Time: at, Request: "GET HTTP/1.1", Status: 400, Bytes: 1},
		},
		{
			"fields that a server adds",
			`::1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1 "-" "agent" "203.0.113.9" rt=0.004`,
			accesslog.Record{Address: "::1", Time: at, Request: "GET / HTTP/1.1", Method: "GET", Target: "/", Protocol: "HTTP/1.1", Status: 200, Bytes: 1, UserAgent: "agent"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := accesslog.ParseCombined(c.line)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestALineThatCannotBeReadSaysWhy(t *testing.T) {
	t.Parallel()
	const good = `192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 12 "ref" "agent"`
	_, err := accesslog.ParseCombined(good)
	require.NoError(t, err)
	for _, c := range []struct{ name, line, want string }{
		{"nothing", ``, "the client address is missing"},
		{"one word", `192.0.2.1`, "the line ends after the client address"},
		{"prose", `this is no log line`, "the time in [brackets] is missing"},
		{"too few fields", `192.0.2.1 - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 12 "ref" "agent"`, "between client address and time there must be two fields"},
		{"cut in the time", `192.0.2.1 - - [17/May/2015:10:0`, "the line ends inside the time"},
		{"another time format", `192.0.2.1 - - [2015-05-17T10:05:03Z] "GET / HTTP/1.1" 200 12 "ref" "agent"`, `the time "2015-05-17T10:05:03Z" is not like [17/May/2015:10:05:03 +0000]`},
		{"a day that is not", `192.0.2.1 - - [31/Feb/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 12 "ref" "agent"`, "is not like"},
		{"nothing after the time", `192.0.2.1 - - [17/May/2015:10:05:03 +0000]`, "the line ends after the time"},
		{"no request", `192.0.2.1 - - [17/May/2015:10:05:03 +0000] `, "the request is missing"},
		{"no quotes", `192.0.2.1 - - [17/May/2015:10:05:03 +0000] GET / HTTP/1.1`, `the request must stand in quotes, not "GET / HTTP/1.1"`},
		{"cut in the request", `192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET / HT`, "the line ends inside the request: the closing quote is missing"},
		{"a quote too many", `192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET /"a" HTTP/1.1" 200 12 "ref" "agent"`, `after the request there must be a space, not "a\" HTTP/1.1\" 200 12 \"ref\" \"agent"...`},
		{"no status", `192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1"`, "the status is missing"},
		{"a word as status", `192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" OK 12 "ref" "agent"`, `the status "OK" is not a number of three digits`},
		{"a small status", `192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 099 12 "ref" "agent"`, `the status "099" is not`},
		{"cut after the status", `192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200`, "the line ends after the status"},
		{"a negative size", `192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 -12 "ref" "agent"`, `the size "-12" is neither a number of bytes nor -`},
		{"a size beyond 63 bits", `192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 9223372036854775808 "ref" "agent"`, "is neither"},
		{"the common format", `192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 12`, "the line ends after the size"},
		{"no referrer", `192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 12 `, "the referrer is missing"},
		{"no user agent", `192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 12 "ref"`, "the user agent is missing"},
		{"cut in the user agent", strings.TrimSuffix(good, `"`), "the line ends inside the user agent: the closing quote is missing"},
		{"an escaped quote does not close", strings.TrimSuffix(good, `"`) + `\"`, "the line ends inside the user agent"},
		{"a long field", `192.0.2.1 - - [` + strings.Repeat("9", 5000) + `] "GET / HTTP/1.1" 200 12 "ref" "agent"`, `the time "` + strings.Repeat("9", 32) + `"... is not like`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := accesslog.ParseCombined(c.line)
			require.ErrorContains(t, err, c.want)
			require.Less(t, len(err.Error()), 200)
			require.Zero(t, got)
		})
	}
}

// Every prefix of a line either fails, or is the line that the server would have written itself.
func TestACutLineIsNoticed(t *testing.T) {
	t.Parallel()
	const line = `192.0.2.1 - ada [17/May/2015:10:05:03 +0000] "GET /\"x\" HTTP/1.1" 200 12 "ref" "agent \x41"`
	for n := range len(line) {
		_, err := accesslog.ParseCombined(line[:n])
		require.Error(t, err, "%q", line[:n])
	}
}

// What Apache writes is read back, whatever the client sent.
func TestEscapedFieldsAreReadBack(t *testing.T) {
	t.Parallel()
	readable := rapid.Custom(func(rt *rapid.T) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsControl(r) || r == utf8.RuneError {
				return '_'
			}
			return r
		}, rapid.String().Filter(func(s string) bool { return s != "-" }).Draw(rt, "text"))
	})
	rapid.Check(t, func(rt *rapid.T) {
		referrer, agent := readable.Draw(rt, "referrer"), readable.Draw(rt, "agent")
		at := time.Unix(rapid.Int64Range(0, 4e9).Draw(rt, "time"), 0)
		zone := time.FixedZone("", 60*rapid.IntRange(-14*60, 14*60).Draw(rt, "offset"))
		line := fmt.Sprintf(`192.0.2.1 - - [%s] "GET / HTTP/1.1" 200 12 "%s" "%s"`, at.In(zone).Format("02/Jan/2006:15:04:05 -0700"), apache(referrer), apache(agent))
		got, err := accesslog.ParseCombined(line)
		require.NoError(rt, err)
		require.Equal(rt, referrer, got.Referrer)
		require.Equal(rt, agent, got.UserAgent)
		require.True(rt, at.Equal(got.Time), "%s is not %s", got.Time, at)
	})
}

// apache escapes a field as Apache does.
func apache(s string) string {
	var out strings.Builder
	for _, b := range []byte(s) {
		switch {
		case b == '"' || b == '\\':
			out.WriteByte('\\')
			out.WriteByte(b)
		case b < 0x20 || b >= 0x7f:
			fmt.Fprintf(&out, `\x%02x`, b)
		default:
			out.WriteByte(b)
		}
	}
	return out.String()
}
