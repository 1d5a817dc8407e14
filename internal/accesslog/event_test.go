package accesslog_test

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/accesslog"
	"github.com/observatory/observatory/internal/client"
)

const key = "a key of the tests"

// eventsOf maps every line that can be read.
func eventsOf(t *testing.T, key string, log io.Reader) (events []client.Event, unreadable []int64) {
	t.Helper()
	m := accesslog.NewMapper([]byte(key))
	for line, err := range accesslog.Read(log) {
		require.NoError(t, err)
		if line.Err != nil {
			unreadable = append(unreadable, line.Number)
			continue
		}
		events = append(events, m.Event(line))
	}
	return events, unreadable
}

func sample(t *testing.T) string {
	t.Helper()
	log, err := os.ReadFile("testdata/sample.log")
	require.NoError(t, err)
	return string(log)
}

func TestTheSampleAsEvents(t *testing.T) {
	t.Parallel()
	events, _ := eventsOf(t, key, strings.NewReader(sample(t)))
	got, err := json.MarshalIndent(events, "", "  ")
	require.NoError(t, err)
	golden := filepath.Join("testdata", "sample.events.json")
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got)+"\n", "when this change is meant, write the new events into %s", golden)
}

func TestWhatIsAPageView(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		request string
		status  string
		want    string
	}{
		{"GET / HTTP/1.1", "200", accesslog.PageView},
		{"GET / HTTP/1.1", "206", accesslog.PageView},
		{"GET / HTTP/1.1", "304", accesslog.PageView},
		{"GET /blog/2015/article HTTP/1.1", "200", accesslog.PageView},
		{"GET /about.HTML?a=b.png HTTP/1.1", "200", accesslog.PageView},
		{"GET /index.php/a HTTP/1.1", "200", accesslog.PageView},
		{"GET /shop.v2/list HTTP/1.1", "200", accesslog.PageView},
		{"GET /docs/release-1.2 HTTP/1.1", "200", accesslog.PageView},
		{"GET http://site.example HTTP/1.1", "200", accesslog.PageView},
		{"GET HTTPS://site.example/a.html HTTP/1.1", "200", accesslog.PageView},
		{"GET /", "200", accesslog.PageView},
		{"GET / HTTP/1.1", "199", accesslog.HTTPRequest},
		{"GET / HTTP/1.1", "301", accesslog.HTTPRequest},
		{"GET / HTTP/1.1", "404", accesslog.HTTPRequest},
		{"GET / HTTP/1.1", "500", accesslog.HTTPRequest},
		{"POST / HTTP/1.1", "200", accesslog.HTTPRequest},
		{"HEAD / HTTP/1.1", "200", accesslog.HTTPRequest},
		{"get / HTTP/1.1", "200", accesslog.HTTPRequest},
		{"GET /favicon.ico HTTP/1.1", "200", accesslog.HTTPRequest},
		{"GET /a/main.CSS?page.html HTTP/1.1", "200", accesslog.HTTPRequest},
		{"GET /feed.xml HTTP/1.1", "200", accesslog.HTTPRequest},
		{"GET /robots.txt HTTP/1.1", "200", accesslog.HTTPRequest},
		{"GET /font.woff2 HTTP/1.1", "200", accesslog.HTTPRequest},
		{"GET /file.tar.gz#part HTTP/1.1", "200", accesslog.HTTPRequest},
		{"GET /.env HTTP/1.1", "200", accesslog.HTTPRequest},
		{"GET http://site.example/a.png HTTP/1.1", "200", accesslog.HTTPRequest},
		{`\x16\x03`, "200", accesslog.HTTPRequest},
	} {
		events, unreadable := eventsOf(t, key, strings.NewReader(`192.0.2.1 - - [17/May/2015:10:05:03 +0000] "`+c.request+`" `+c.status+` 12 "-" "-"`))
		require.Empty(t, unreadable)
		require.Equal(t, c.want, events[0].Name, "%s, status %s", c.request, c.status)
		_, known := events[0].Context["page"]
		require.Equal(t, c.want == accesslog.PageView, known, "only a page view has a page in its context")
	}
}

func TestPathAndSearchAreThoseOfABrowser(t *testing.T) {
	t.Parallel()
	for request, want := range map[string][2]any{
		"GET /a/b?c=d?e HTTP/1.1":            {"/a/b", "?c=d?e"},
		"GET /a? HTTP/1.1":                   {"/a", nil},
		"GET /a?b#c?d HTTP/1.1":              {"/a", "?b"},
		"GET /%C3%BC%20a HTTP/1.1":           {"/%C3%BC%20a", nil},
		"GET http://h:80/a?b HTTP/1.1":       {"/a", "?b"},
		"GET http://h?b HTTP/1.1":            {"/", "?b"},
		"GET /r?to=http://h/x HTTP/1.1":      {"/r", "?to=http://h/x"},
		"OPTIONS * HTTP/1.1":                 {"*", nil},
		"CONNECT host.example:443 HTTP/1.1":  {"host.example:443", nil},
		"GET /web/http://old.example HTTP/1": {"/web/http://old.example", nil},
	} {
		events, _ := eventsOf(t, key, strings.NewReader(`192.0.2.1 - - [17/May/2015:10:05:03 +0000] "`+request+`" 200 12 "-" "-"`))
		require.Equal(t, want, [2]any{events[0].Properties["path"], events[0].Properties["search"]}, request)
	}
}

func TestTheSameAddressIsTheSameVisitor(t *testing.T) {
	t.Parallel()
	visitor := func(key, address string) string {
		events, unreadable := eventsOf(t, key, strings.NewReader(address+` - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 12 "-" "-"`))
		require.Empty(t, unreadable)
		return events[0].AnonymousID
	}
	require.Regexp(t, `^visitor-[0-9a-f]{20}$`, visitor(key, "192.0.2.1"))
	require.Equal(t, visitor(key, "192.0.2.1"), visitor(key, "::ffff:192.0.2.1"))
	require.Equal(t, visitor(key, "2001:db8::1"), visitor(key, "2001:0DB8:0::0001"))
	require.Equal(t, visitor(key, "Client.example"), visitor(key, "client.example"))
	require.NotEqual(t, visitor(key, "192.0.2.1"), visitor(key, "192.0.2.2"))
	require.NotEqual(t, visitor(key, "192.0.2.1"), visitor("another key of the tests", "192.0.2.1"))
	require.Empty(t, visitor(key, "-"))
}

func TestNoEventHoldsAnAddressOrALogin(t *testing.T) {
	t.Parallel()
	events, _ := eventsOf(t, key, strings.NewReader(sample(t)))
	raw, err := json.Marshal(events)
	require.NoError(t, err)
	for _, private := range []string{"192.0.2.10", "2001:db8", "2001:0DB8", "198.51.100.4", "203.0.113", "lovelace"} {
		require.Contains(t, sample(t), private)
		require.NotContains(t, string(raw), private)
	}
}

func ids(events []client.Event) []string {
	list := make([]string, len(events))
	for i, e := range events {
		list[i] = e.ID
	}
	return list
}

func TestReadingALogAgainGivesTheSameIDs(t *testing.T) {
	t.Parallel()
	log := sample(t)
	first, _ := eventsOf(t, key, strings.NewReader(log))
	again, _ := eventsOf(t, key, strings.NewReader(strings.ReplaceAll(log, "\n", "\r\n")))
	require.Equal(t, ids(first), ids(again), "another end of line makes no difference")

	longer, _ := eventsOf(t, key, strings.NewReader(log+log))
	require.Equal(t, ids(first), ids(longer)[:len(first)])
	unique := map[string]bool{}
	for _, id := range ids(longer) {
		require.Regexp(t, `^log-[0-9a-f]{32}$`, id)
		unique[id] = true
	}
	require.Len(t, unique, len(longer), "identical lines are events of their own")

	other, _ := eventsOf(t, "another key of the tests", strings.NewReader(log))
	for i := range first {
		require.NotEqual(t, first[i].ID, other[i].ID, "an ID without the key would give the address away")
	}
}

func TestVeryLongFieldsAreClippedAndNamed(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ü", 5000)
	line := `192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET /` + long + `?` + long + ` HTTP/1.1" 200 12 "` + long + `" "` + long + `"`
	events, unreadable := eventsOf(t, key, strings.NewReader(line))
	require.Empty(t, unreadable)
	p := events[0].Properties
	require.Equal(t, []string{"path", "search", "referrer", "user_agent"}, p["clipped"])
	require.Equal(t, strings.Repeat("ü", 1024), p["referrer"])
	require.Equal(t, strings.Repeat("ü", 512), p["user_agent"])
	require.Equal(t, "/"+strings.Repeat("ü", 1023), p["path"], "cut at the end of a character")
}

func TestNoLineMakesAnEventThatIsTooLarge(t *testing.T) {
	t.Parallel()
	for _, worst := range []string{`\\\\`, `\"`, "<", "\u2028", "\u0085", `\x00`, "\xff"} {
		long := strings.Repeat(worst, 12_000/len(worst))
		events, unreadable := eventsOf(t, key, strings.NewReader(`192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET /`+long+`?`+long+` HTTP/1.1" 200 12 "`+long+`" "`+long+`"`))
		require.Empty(t, unreadable)
		require.Less(t, sizeOnTheWire(t, events[0]), 32<<10, "%q", worst)
	}
}

// The real log is not part of the repository: where it lies beside it, the figures that everybody quotes are checked.
func TestTheRealLog(t *testing.T) {
	t.Parallel()
	file, err := os.Open("../../../shared/data/access-2015-05.log")
	if os.IsNotExist(err) {
		t.Log("the real log is not here; the sample stands in")
		return
	}
	require.NoError(t, err)
	defer file.Close()
	events, unreadable := eventsOf(t, key, file)
	require.Equal(t, []int64{8899}, unreadable)
	require.Len(t, events, 9999)
	visitors, unique, days, names := map[string]bool{}, map[string]bool{}, map[string]int{}, map[string]int{}
	for _, e := range events {
		visitors[e.AnonymousID], unique[e.ID] = true, true
		days[e.Timestamp.Format("2006-01-02")]++
		names[e.Name]++
	}
	require.Len(t, visitors, 1753)
	require.Len(t, unique, 9999)
	require.Equal(t, map[string]int{"2015-05-17": 1632, "2015-05-18": 2893, "2015-05-19": 2896, "2015-05-20": 2578}, days)
	require.Equal(t, 9999, names[accesslog.PageView]+names[accesslog.HTTPRequest])
	t.Log(names)
}
