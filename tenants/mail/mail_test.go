package mail

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"mime"
	"mime/multipart"
	"net"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	smtpd "github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
	gomail "github.com/wneessen/go-mail"
	"go.uber.org/goleak"

	"github.com/observatory/observatory/tenants"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func message() tenants.Message {
	return tenants.Message{
		ID: tenants.NewMailID(), Kind: "verification", To: "grün@example.com", Subject: "Prüfen Sie Ihre Adresse: " + strings.Repeat("lang ", 30),
		Text: "Hallo\n\nhttps://observatory.example/verify?token=abc_-\n", HTML: "<p>Hallö</p>", CreatedAt: time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC),
	}
}

func TestSend(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		server *server
		url    string // after the host
	}{
		"plain, on this machine":       {&server{}, "?from=Observatory+<o@observatory.example>"},
		"STARTTLS":                     {&server{tls: true}, "?from=o@observatory.example&tls=mandatory"},
		"STARTTLS with a password":     {&server{tls: true, user: "u@x", password: "p:/?#"}, "?from=o@observatory.example"},
		"TLS from the first byte":      {&server{tls: true, implicit: true}, "?from=o@observatory.example"},
		"TLS if there is any":          {&server{tls: true}, "?from=o@observatory.example&tls=opportunistic"},
		"no TLS because we say so":     {&server{}, "?from=o@observatory.example&tls=none"},
		"implicit TLS with a password": {&server{tls: true, implicit: true, user: "u", password: "p"}, "?from=o@observatory.example"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.server.start(t)
			m := message()
			require.NoError(t, c.server.client(t, c.url).Send(t.Context(), m))
			got := c.server.received(t)
			require.Equal(t, "o@observatory.example", got.from)
			require.Equal(t, []string{"grün@example.com"}, got.to)
			require.Equal(t, c.server.user != "", got.authenticated)
			check(t, got.data, m, "o@observatory.example")
		})
	}
}

// check reads a mail as a mail program would.
func check(t *testing.T, data []byte, m tenants.Message, from string) {
	t.Helper()
	got, err := mail.ReadMessage(bytes.NewReader(data))
	require.NoError(t, err)
	subject, err := new(mime.WordDecoder).DecodeHeader(got.Header.Get("Subject"))
	require.NoError(t, err)
	require.Equal(t, strings.TrimSpace(m.Subject), strings.TrimSpace(subject))
	sender, err := got.Header.AddressList("From")
	require.NoError(t, err)
	require.Equal(t, from, sender[0].Address)
	_, domain, _ := strings.Cut(from, "@")
	require.Equal(t, "<"+m.ID.String()+"@"+domain+">", got.Header.Get("Message-ID"))
	date, err := got.Header.Date()
	require.NoError(t, err)
	require.True(t, date.Equal(m.CreatedAt))

	kind, params, err := mime.ParseMediaType(got.Header.Get("Content-Type"))
	require.NoError(t, err)
	require.Equal(t, "multipart/alternative", kind)
	parts := multipart.NewReader(got.Body, params["boundary"])
	for _, want := range []struct{ kind, text string }{{"text/plain", m.Text}, {"text/html", m.HTML}} {
		part, err := parts.NextPart() // decodes quoted-printable
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(part.Header.Get("Content-Type"), want.kind))
		text, err := io.ReadAll(part)
		require.NoError(t, err)
		require.Equal(t, want.text, strings.ReplaceAll(string(text), "\r\n", "\n"))
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		server *server
		tls    string
		final  bool
	}{
		"no such recipient":      {&server{onRcpt: &smtpd.SMTPError{Code: 550, Message: "no such user"}}, "none", true},
		"mailbox full":           {&server{onRcpt: &smtpd.SMTPError{Code: 452, Message: "full"}}, "none", false},
		"content refused":        {&server{onData: &smtpd.SMTPError{Code: 554, Message: "spam"}}, "none", true},
		"greylisted":             {&server{onData: &smtpd.SMTPError{Code: 451, Message: "later"}}, "none", false},
		"sender not allowed":     {&server{onFrom: &smtpd.SMTPError{Code: 550, Message: "who are you"}}, "none", false},
		"the password is wrong":  {&server{tls: true, user: "u", password: "p", onAuth: smtpd.ErrAuthFailed}, "mandatory", false},
		"no TLS to be had":       {&server{}, "mandatory", false},
		"a stranger's signature": {&server{tls: true, untrusted: true}, "mandatory", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.server.start(t)
			client := c.server.client(t, "?from=o@observatory.example&tls="+c.tls)
			err := client.Send(t.Context(), message())
			require.Error(t, err)
			require.Equal(t, c.final, errors.Is(err, tenants.ErrMailRefused), "%v", err)
		})
	}
	gone := &server{}
	gone.start(t)
	client := gone.client(t, "?from=o@observatory.example")
	gone.stop()
	err := client.Send(t.Context(), message())
	require.Error(t, err)
	require.NotErrorIs(t, err, tenants.ErrMailRefused)
}

func TestURLs(t *testing.T) {
	t.Parallel()
	for _, good := range []string{
		"smtp://mail.example.com?from=o@example.com", "smtps://u:p@mail.example.com:1465/?from=Observatory+%3Co@example.com%3E",
		"smtp://[::1]:25?from=o@example.com", "smtp://mail.example.com?from=o@example.com&tls=opportunistic",
	} {
		_, err := New(Config{SMTPURL: good})
		require.NoError(t, err, good)
	}
	for _, bad := range []string{
		"mail.example.com", "smtp://?from=o@example.com", "smtp://mail.example.com", "smtp://mail.example.com?from=nobody", "http://mail.example.com?from=o@example.com",
		"smtp://mail.example.com/path?from=o@example.com", "smtps://mail.example.com?from=o@example.com&tls=none", "smtp://mail.example.com?from=o@example.com&tls=perhaps",
		"smtp://mail.example.com:99999?from=o@example.com", "smtp://u:secret%zz@mail.example.com?from=o@example.com",
	} {
		_, err := New(Config{SMTPURL: bad})
		require.Error(t, err, bad)
		require.NotContains(t, err.Error(), "secret")
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "data", "mail")
	var log bytes.Buffer
	mailer, err := New(Config{Folder: folder, Log: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, err)
	m := message()
	require.NoError(t, mailer.Send(t.Context(), m))
	require.NoError(t, mailer.Send(t.Context(), m), "twice is harmless")

	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	require.Equal(t, "20260504T030201Z-verification-"+m.ID.String()+".eml", entries[0].Name())
	path := filepath.Join(folder, entries[0].Name())
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "a link in it is as good as a password")
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	check(t, data, m, "observatory@localhost")
	require.Contains(t, log.String(), path)
	require.NotContains(t, log.String(), "abc_-")

	blocked, err := New(Config{Folder: path, Log: slog.New(slog.DiscardHandler)}) // a file where the folder should be
	require.NoError(t, err)
	require.Error(t, blocked.Send(t.Context(), m))
}

// What is written about people who are no members goes after a day: no erasure looks into the folder. Other mails stay.
func TestFilesAboutStrangersGo(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	mailer, err := New(Config{Folder: folder, Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	left := func() (n int) {
		t.Helper()
		entries, err := os.ReadDir(folder)
		require.NoError(t, err)
		return len(entries)
	}
	m := message()
	for _, kind := range []tenants.MailKind{tenants.MailPrivacy, tenants.MailAlert, "invitation"} {
		m.ID, m.Kind = tenants.NewMailID(), kind
		require.NoError(t, mailer.Send(t.Context(), m))
	}
	require.NoError(t, os.WriteFile(filepath.Join(folder, "notes-privacy-mine.eml"), []byte("mine"), 0o600))
	shelf, ok := mailer.(tenants.Shelf)
	require.True(t, ok)
	require.NoError(t, shelf.Forget(t.Context(), tenants.MailPrivacy, m.CreatedAt))
	require.Equal(t, 4, left())
	require.NoError(t, shelf.Forget(t.Context(), tenants.MailPrivacy, m.CreatedAt.Add(time.Second)))
	require.Equal(t, 3, left())
	require.NoError(t, shelf.Forget(t.Context(), tenants.MailAlert, m.CreatedAt.Add(time.Second)))
	require.Equal(t, 2, left())
}

// server is a real SMTP server that keeps what it gets.
type server struct {
	tls, implicit, untrusted bool
	user, password           string
	onAuth, onFrom           error
	onRcpt, onData           error

	listener net.Listener
	roots    *x509.CertPool
	stop     func()
	mu       sync.Mutex
	mails    []envelope
}

type envelope struct {
	from          string
	to            []string
	data          []byte
	authenticated bool
}

func (s *server) start(t *testing.T) {
	t.Helper()
	srv := smtpd.NewServer(s)
	srv.Domain, srv.EnableSMTPUTF8, srv.ErrorLog = "mail.example.com", true, discard{}
	var err error
	s.listener, err = net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	listener := s.listener
	if s.tls {
		srv.TLSConfig, s.roots = certificate(t)
		if s.implicit {
			listener = tls.NewListener(listener, srv.TLSConfig)
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = srv.Serve(listener) // ends with Close
	}()
	s.stop = sync.OnceFunc(func() {
		_ = srv.Close()
		_ = s.listener.Close() // which Close misses when Serve has not come that far yet
		<-done
	})
	t.Cleanup(s.stop)
}

// client is a mailer for this server that trusts its certificate.
func (s *server) client(t *testing.T, query string) *smtp {
	t.Helper()
	address := "smtp://"
	if s.implicit {
		address = "smtps://"
	}
	if s.user != "" {
		address += strings.NewReplacer("@", "%40", ":", "%3A", "/", "%2F", "?", "%3F", "#", "%23").Replace(s.user) + ":" +
			strings.NewReplacer("@", "%40", ":", "%3A", "/", "%2F", "?", "%3F", "#", "%23").Replace(s.password) + "@"
	}
	client, err := newSMTP(address + s.listener.Addr().String() + query)
	require.NoError(t, err)
	if s.roots != nil && !s.untrusted {
		client.options = append(client.options, gomail.WithTLSConfig(&tls.Config{RootCAs: s.roots, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS12}))
	}
	return client
}

func (s *server) received(t *testing.T) envelope {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	require.Len(t, s.mails, 1)
	return s.mails[0]
}

func (s *server) NewSession(*smtpd.Conn) (smtpd.Session, error) { return &session{s: s}, nil }

type session struct {
	s  *server
	in envelope
}

func (c *session) AuthMechanisms() []string {
	if c.s.user == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (c *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != c.s.user || password != c.s.password {
			return smtpd.ErrAuthFailed
		}
		c.in.authenticated = true
		return c.s.onAuth
	}), nil
}

func (c *session) Mail(from string, _ *smtpd.MailOptions) error {
	c.in.from = from
	return c.s.onFrom
}

func (c *session) Rcpt(to string, _ *smtpd.RcptOptions) error {
	c.in.to = append(c.in.to, to)
	return c.s.onRcpt
}

func (c *session) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if c.s.onData != nil {
		return c.s.onData
	}
	c.in.data = data
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.s.mails = append(c.s.mails, c.in)
	return nil
}

func (c *session) Reset()        {}
func (c *session) Logout() error { return nil }

type discard struct{}

func (discard) Printf(string, ...any) {}
func (discard) Println(...any)        {}

func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}, roots
}
