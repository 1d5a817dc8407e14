package safehttp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/observatory/observatory/analytics/notify/safehttp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestWhatIsNotPublicIsRefusedBeforeItIsDialled(t *testing.T) {
	t.Parallel()
	c := safehttp.New(safehttp.Config{})
	for _, host := range []string{
		"127.0.0.1", "127.8.9.10", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.127.255.254",
		"224.0.0.1", "239.255.255.250", "255.255.255.255", "240.0.0.1", "192.0.2.1", "198.18.0.1", "192.0.0.192",
		"[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:169.254.169.254]", "[64:ff9b::7f00:1]", "[64:ff9b::169.254.169.254]", "[64:ff9b:1::1]",
		"[fe80::1]", "[fc00::1]", "[fd00:ec2::254]", "[ff02::1]", "[2001:db8::1]", "[2002:7f00:1::]", "[2001::1]", "[100::1]", "[::127.0.0.1]",
	} {
		_, err := c.CheckURL("https://" + host + "/x")
		require.ErrorIs(t, err, safehttp.ErrNotPublic, host)
		_, err = c.Post(t.Context(), "https://"+host+":8443/x", nil, nil)
		require.ErrorIs(t, err, safehttp.ErrNotPublic, host)
	}
	for _, public := range []string{"https://1.1.1.1/", "https://[2606:4700::1111]:8443/x", "https://hooks.example.com/T/B?x=y"} {
		_, err := c.CheckURL(public)
		require.NoError(t, err, public)
	}
}

// Notations that only resolvers understand have no literal to be checked early: they are refused when they are dialled.
func TestOddNotationsOfLoopbackAreRefused(t *testing.T) {
	t.Parallel()
	c := safehttp.New(safehttp.Config{Timeout: 3 * time.Second})
	for _, host := range []string{"localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[fe80::1%25lo]", "LOCALHOST."} {
		_, err := c.Post(t.Context(), "https://"+host+"/", nil, nil)
		require.Error(t, err, host)
		require.NotContains(t, err.Error(), "refused", "%s was dialled", host)
	}
}

func TestURLs(t *testing.T) {
	t.Parallel()
	c := safehttp.New(safehttp.Config{})
	for _, bad := range []string{
		"", "hooks.example.com", "http://hooks.example.com/", "ftp://hooks.example.com/", "https://", "https://u:p@hooks.example.com/", "https://hooks.example.com/#x",
		"https:hooks.example.com", "https://hooks.example.com:0/", "https://hooks.example.com:99999/", "file:///etc/passwd", "gopher://1.1.1.1/", "https://%zz/",
	} {
		_, err := c.CheckURL(bad)
		require.ErrorIs(t, err, safehttp.ErrURL, bad)
	}
	_, err := safehttp.New(safehttp.Config{AllowPrivate: true}).CheckURL("http://127.0.0.1:99/")
	require.NoError(t, err)
}

// A name that gives a public address first and a private one then gets through neither when it is asked twice nor when it gives both at once.
func TestRebinding(t *testing.T) {
	t.Parallel()
	inside := listen(t)
	_, port, err := net.SplitHostPort(inside.Addr().String())
	require.NoError(t, err)
	public, private := netip.MustParseAddr("127.0.0.3"), netip.MustParseAddr("127.0.0.1")
	for name, answers := range map[string][][]netip.Addr{
		"public, then private":      {{public}, {private}},
		"private at once":           {{private}},
		"both in one answer":        {{public, private}},
		"mapped into IPv6":          {{netip.MustParseAddr("::ffff:127.0.0.1")}},
		"of a NAT64":                {{netip.MustParseAddr("64:ff9b::7f00:1")}},
		"of the cloud's metadata":   {{netip.MustParseAddr("169.254.169.254")}},
		"loopback and unique local": {{netip.MustParseAddr("::1"), netip.MustParseAddr("fd00::1")}},
	} {
		names := serveNames(t, answers...)
		c := safehttp.New(safehttp.Config{Resolver: names.resolver(), Timeout: time.Second})
		c.Take(netip.PrefixFrom(public, 32), nil) // counts as public; nobody listens there
		for range answers {
			_, err = c.Post(t.Context(), "https://rebind.example:"+port+"/", nil, nil)
			require.Error(t, err, name)
		}
		if len(answers[len(answers)-1]) == 1 {
			require.ErrorIs(t, err, safehttp.ErrNotPublic, name)
		}
		require.Positive(t, names.asked.Load(), "the resolver of this test was used")
	}
	require.Zero(t, inside.reached.Load(), "nothing was dialled")

	// The same name and the same resolver reach the listener where that is allowed, so the test can fail.
	open := safehttp.New(safehttp.Config{Resolver: serveNames(t, []netip.Addr{private}).resolver(), AllowPrivate: true, Timeout: time.Second})
	_, err = open.Post(t.Context(), "http://rebind.example:"+port+"/", nil, nil)
	require.Error(t, err)
	require.Positive(t, inside.reached.Load())
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	var last atomic.Pointer[http.Request]
	var body atomic.Value
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/keeps":
			http.Redirect(w, r, server.URL+"/end", http.StatusPermanentRedirect)
		case "/loses":
			http.Redirect(w, r, server.URL+"/end", http.StatusFound)
		case "/loops":
			http.Redirect(w, r, "/loops", http.StatusTemporaryRedirect)
		case "/file":
			w.Header().Set("Location", "file:///etc/passwd")
			w.WriteHeader(http.StatusTemporaryRedirect)
		default:
			read, _ := io.ReadAll(r.Body)
			body.Store(string(read))
			last.Store(r)
			_, _ = io.WriteString(w, "thanks\x00\n\x1b[31m")
		}
	}))
	t.Cleanup(server.Close)
	c := safehttp.New(safehttp.Config{AllowPrivate: true})

	answer, err := c.Post(t.Context(), server.URL+"/keeps?secret=1", http.Header{"Webhook-Id": {"7"}}, []byte("hello"))
	require.NoError(t, err)
	require.Equal(t, safehttp.Answer{Status: 200, Text: "thanks [31m"}, answer)
	require.Equal(t, "hello", body.Load())
	require.Equal(t, "7", last.Load().Header.Get("Webhook-Id"))
	require.Empty(t, last.Load().Header.Get("Referer"), "the next host does not learn the first URL")

	answer, err = c.Post(t.Context(), server.URL+"/loses", nil, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusFound, answer.Status, "a redirect that turns a POST into a GET is not followed")

	_, err = c.Post(t.Context(), server.URL+"/loops?token=secret", nil, nil)
	require.EqualError(t, err, "more than 3 redirects")
	_, err = c.Post(t.Context(), server.URL+"/file", nil, nil)
	require.ErrorIs(t, err, safehttp.ErrURL)
}

// A server that counts as public (127.0.0.2) redirects to one that does not (127.0.0.1): by address, and by a name.
func TestRedirectToAPrivateAddressIsRefused(t *testing.T) {
	t.Parallel()
	inside := listen(t)
	_, port, err := net.SplitHostPort(inside.Addr().String())
	require.NoError(t, err)
	outside := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if to := r.URL.Query().Get("to"); to != "" {
			http.Redirect(w, r, to, http.StatusTemporaryRedirect)
		}
	}))
	outside.Listener, err = new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.2:0")
	require.NoError(t, err)
	outside.Config.ErrorLog = log.New(io.Discard, "", 0)
	outside.StartTLS()
	t.Cleanup(outside.Close)
	names := serveNames(t, []netip.Addr{netip.MustParseAddr("127.0.0.1")})
	c := safehttp.New(safehttp.Config{Resolver: names.resolver(), Timeout: 2 * time.Second})
	c.Take(netip.MustParsePrefix("127.0.0.2/32"), outside.Certificate())

	answer, err := c.Post(t.Context(), outside.URL+"/", nil, nil)
	require.NoError(t, err, "the server itself can be called")
	require.Equal(t, http.StatusOK, answer.Status)
	for to, want := range map[string]error{
		"https://127.0.0.1:" + port + "/":         safehttp.ErrNotPublic,
		"https://inside.example:" + port + "/":    safehttp.ErrNotPublic,
		"https://[::ffff:7f00:1]:" + port + "/":   safehttp.ErrNotPublic,
		"https://169.254.169.254/latest/metadata": safehttp.ErrNotPublic,
		"http://127.0.0.2:" + port + "/":          safehttp.ErrURL,
	} {
		_, err = c.Post(t.Context(), outside.URL+"/?to="+url.QueryEscape(to), nil, nil)
		require.ErrorIs(t, err, want, to)
	}
	require.Positive(t, names.asked.Load())
	require.Zero(t, inside.reached.Load())
}

func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	stop := make(chan struct{})
	var written atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/huge":
			chunk := []byte(strings.Repeat("ä", 32<<10))
			for range 4096 { // 256 MiB, unless the client goes away
				n, err := w.Write(chunk)
				written.Add(int64(n))
				if err != nil {
					return
				}
			}
		case "/silent":
			select {
			case <-stop:
			case <-r.Context().Done():
			}
		case "/dripping":
			w.WriteHeader(http.StatusOK)
			for i := 0; i < 1000; i++ {
				_, _ = io.WriteString(w, ".")
				_ = http.NewResponseController(w).Flush()
				select {
				case <-stop:
					return
				case <-r.Context().Done():
					return
				case <-time.After(20 * time.Millisecond):
				}
			}
		case "/headers":
			for i := range 1000 {
				w.Header().Set(fmt.Sprint("X-", i), strings.Repeat("x", 1000))
			}
		case "/busy":
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(http.StatusTooManyRequests)
		}
	}))
	t.Cleanup(func() { close(stop); server.Close() })
	c := safehttp.New(safehttp.Config{AllowPrivate: true, Timeout: 400 * time.Millisecond})

	answer, err := c.Post(t.Context(), server.URL+"/huge", nil, nil)
	require.NoError(t, err)
	require.Equal(t, strings.Repeat("ä", 100), answer.Text)
	require.Less(t, written.Load(), int64(64<<20), "the client left")

	_, err = c.Post(t.Context(), server.URL+"/silent?token=secret", nil, nil)
	require.EqualError(t, err, "no answer within 400ms")

	start := time.Now()
	answer, err = c.Post(t.Context(), server.URL+"/dripping", nil, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.Status)
	require.Less(t, time.Since(start), 2*time.Second)

	_, err = c.Post(t.Context(), server.URL+"/headers?token=secret", nil, nil)
	require.Error(t, err)
	require.NotContains(t, err.Error(), "secret")

	answer, err = c.Post(t.Context(), server.URL+"/busy", nil, nil)
	require.NoError(t, err)
	require.Equal(t, 2*time.Minute, answer.RetryAfter)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.Post(ctx, server.URL+"/silent", nil, nil)
	require.ErrorIs(t, err, context.Canceled)

	server.CloseClientConnections()
	nobody := listen(t)
	require.NoError(t, nobody.Close())
	_, err = c.Post(t.Context(), "http://"+nobody.Addr().String()+"/?token=secret", nil, nil)
	require.ErrorContains(t, err, "refused")
	require.NotContains(t, err.Error(), "secret")
}

// counting is a listener that counts who reaches it, and hangs up.
type counting struct {
	net.Listener
	reached atomic.Int64
}

func listen(t *testing.T) *counting {
	t.Helper()
	inner, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := &counting{Listener: inner}
	var ended sync.WaitGroup
	ended.Go(func() {
		for {
			conn, err := inner.Accept()
			if err != nil {
				return
			}
			l.reached.Add(1)
			_ = conn.Close()
		}
	})
	t.Cleanup(func() { _ = inner.Close(); ended.Wait() })
	return l
}

// names is a DNS server that gives one answer after the other, the last again and again.
type names struct {
	conn    net.PacketConn
	answers [][]netip.Addr
	asked   atomic.Int64

	mu   sync.Mutex
	seen map[dnsmessage.Type]int
}

func serveNames(t *testing.T, answers ...[]netip.Addr) *names {
	t.Helper()
	conn, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	require.NoError(t, err)
	n := &names{conn: conn, answers: answers, seen: map[dnsmessage.Type]int{}}
	var ended sync.WaitGroup
	ended.Go(n.serve)
	t.Cleanup(func() { _ = conn.Close(); ended.Wait() })
	return n
}

func (n *names) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", n.conn.LocalAddr().String())
	}}
}

func (n *names) serve() {
	packet := make([]byte, 4096)
	for {
		size, from, err := n.conn.ReadFrom(packet)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		var ask dnsmessage.Message
		if err != nil || ask.Unpack(packet[:size]) != nil || len(ask.Questions) == 0 {
			continue
		}
		n.asked.Add(1)
		if reply, err := n.reply(ask); err == nil {
			_, _ = n.conn.WriteTo(reply, from)
		}
	}
}

func (n *names) reply(ask dnsmessage.Message) ([]byte, error) {
	q := ask.Questions[0]
	n.mu.Lock()
	turn := min(n.seen[q.Type], len(n.answers)-1)
	n.seen[q.Type]++
	n.mu.Unlock()
	out := dnsmessage.Message{Header: dnsmessage.Header{ID: ask.ID, Response: true, RecursionAvailable: true}, Questions: ask.Questions}
	for _, address := range n.answers[turn] {
		head := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: dnsmessage.ClassINET}
		switch {
		case q.Type == dnsmessage.TypeA && address.Is4():
			out.Answers = append(out.Answers, dnsmessage.Resource{Header: head, Body: &dnsmessage.AResource{A: address.As4()}})
		case q.Type == dnsmessage.TypeAAAA && address.Is6():
			out.Answers = append(out.Answers, dnsmessage.Resource{Header: head, Body: &dnsmessage.AAAAResource{AAAA: address.As16()}})
		}
	}
	return out.Pack()
}
