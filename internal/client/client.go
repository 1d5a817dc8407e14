package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
)

// Encoding is how request bodies are compressed.
type Encoding string

// The encodings. Zstd is the default: a third of gzip's CPU time for a smaller body.
const (
	Zstd     Encoding = "zstd"
	Gzip     Encoding = "gzip"
	Identity Encoding = "identity"
)

// maxAnswer bounds what is read of one answer, in bytes. The largest real one, a receipt of 2,500 events, is below 1 MB.
const maxAnswer = 16 << 20

// Config of a Client. Only URL is needed.
type Config struct {
	URL       string                              // where Observatory is, for example http://localhost:8080; a path is kept as prefix
	Key       string                              // API key; empty to act as the user who signed up with this client
	Agent     string                              // User-Agent of every request; default "observatory-client"
	Encoding  Encoding                            // of events; default Zstd
	Timeout   time.Duration                       // of one attempt; default 30 s
	RetryFor  time.Duration                       // how long one request is tried again; default 2 min, negative: one attempt only
	Transport http.RoundTripper                   // default: one of its own, with a connection per worker kept open
	OnRetry   func(err error, wait time.Duration) // told before each wait; may be called by several goroutines at once
}

// Client of one Observatory. It may be used by several goroutines at once.
type Client struct {
	base     string
	key      string
	agent    string
	encoding Encoding
	timeout  time.Duration
	retryFor time.Duration
	onRetry  func(error, time.Duration)
	http     *http.Client
	zstd     *zstd.Encoder
}

// New checks the configuration and makes a client. It connects to nothing yet.
func New(cfg Config) (*Client, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("%q is not an address of Observatory: it must look like http://localhost:8080", cfg.URL)
	}
	switch cfg.Encoding {
	case "":
		cfg.Encoding = Zstd
	case Zstd, Gzip, Identity:
	default:
		return nil, fmt.Errorf("encoding %q: it must be zstd, gzip or identity", cfg.Encoding)
	}
	if cfg.Agent == "" {
		cfg.Agent = "observatory-client"
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 30 * time.Second
	}
	if cfg.RetryFor == 0 {
		cfg.RetryFor = 2 * time.Minute
	}
	if cfg.Transport == nil {
		cfg.Transport = &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			MaxIdleConnsPerHost: 64,
			IdleConnTimeout:     time.Minute,
			ForceAttemptHTTP2:   true,
		}
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, fmt.Errorf("make cookie jar: %w", err)
	}
	compressor, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, fmt.Errorf("make compressor: %w", err)
	}
	return &Client{
		base:     strings.TrimRight(u.Scheme+"://"+u.Host+u.EscapedPath(), "/"),
		key:      strings.TrimSpace(cfg.Key),
		agent:    cfg.Agent,
		encoding: cfg.Encoding,
		timeout:  cfg.Timeout,
		retryFor: cfg.RetryFor,
		onRetry:  cfg.OnRetry,
		http:     &http.Client{Transport: cfg.Transport, Jar: jar},
		zstd:     compressor,
	}, nil
}

// WithKey is a client of the same Observatory that uses another key and has no session.
func (c *Client) WithKey(key string) *Client {
	other := *c
	other.key = strings.TrimSpace(key)
	other.http = &http.Client{Transport: c.http.Transport}
	return &other
}

// URL is where this client's Observatory is, without a slash at the end.
func (c *Client) URL() string { return c.base }

// Close lets go of idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Ping tells at once, without a second try, whether anything answers at the URL. Every answer is good enough; that it
// is a useful one shows with the first real request.
func (c *Client) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/healthz", http.NoBody)
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("User-Agent", c.agent)
	res, err := c.http.Do(req)
	if err != nil {
		return c.unreachable(err)
	}
	return res.Body.Close()
}

// Call sends in as JSON (nil: no body) to a path such as /v1/query/trends and reads the answer into out (nil: not read).
// A GET is tried again like a batch of events; any other method only where the server surely has not acted on it.
// It returns a *Problem for every answer that is not 2xx.
func (c *Client) Call(ctx context.Context, method, path string, in, out any) error {
	r := request{method: method, path: path, again: method == http.MethodGet}
	if in != nil {
		body, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("encode request to %s: %w", path, err)
		}
		r.body, r.contentType = body, "application/json"
	}
	return c.retry(ctx, r.again, func(ctx context.Context) error { return c.do(ctx, r, out) })
}

// request is one request, ready to be sent as often as needed.
type request struct {
	method, path          string
	body                  []byte
	contentType, encoding string
	again                 bool // sending it twice is the same as sending it once
}

// do makes one attempt.
func (c *Client) do(ctx context.Context, r request, out any) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, r.method, c.base+r.path, bytes.NewReader(r.body))
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("User-Agent", c.agent)
	req.Header.Set("Accept", "application/json")
	if r.contentType != "" {
		req.Header.Set("Content-Type", r.contentType)
	}
	if r.encoding != "" {
		req.Header.Set("Content-Encoding", r.encoding)
	}
	if c.key != "" {
		if strings.ContainsFunc(c.key, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return errors.New("the key holds characters that no key has: copy it again, complete and without spaces")
		}
		req.Header.Set("Authorization", "Bearer "+c.key)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return c.unreachable(err)
	}
	defer res.Body.Close() //nolint:errcheck // the answer is read by then
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return c.unreachable(err)
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return readProblem(res, answer)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("%s answered %s with something that is not from Observatory: %w", c.base, res.Status, err)
	}
	return nil
}
