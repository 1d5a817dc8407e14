package notify_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	smtpd "github.com/emersion/go-smtp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/analytics/alert"
	"github.com/observatory/observatory/analytics/analyticspg"
	"github.com/observatory/observatory/analytics/notify"
	"github.com/observatory/observatory/analytics/notify/safehttp"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tenants"
	"github.com/observatory/observatory/tenants/mail"
	"github.com/observatory/observatory/tenants/tenantspg"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// house is an organisation with Ada, its owner, and Bob, in a real database; with a clock that stands still, a receiver of webhooks and a
// mail server.
type house struct {
	t         *testing.T
	conn      *pgx.Conn // as the owner of the tables, who sees everything here
	store     analyticspg.Notify
	service   *notify.Service
	escalator *notify.Escalator
	by        tenants.By
	ada, bob  tenants.UserID
	hooks     *receiver
	mails     *mailServer
	log       *strings.Builder

	mu    sync.Mutex
	clock time.Time
}

// monday is when the clock stands at the beginning: a Monday, 12:00 in Berlin.
func monday() time.Time { return time.Date(2026, 11, 16, 11, 0, 0, 0, time.UTC) }

func (h *house) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.clock
}

// pass moves the clock on.
func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clock = h.clock.Add(d)
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, clock: monday(), log: &strings.Builder{}}
	address := testkit.Postgres(t)
	pool, err := pg.Open(t.Context(), address, pg.Options{})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	h.conn, err = pgx.Connect(t.Context(), address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = h.conn.Close(context.Background()) })
	h.exec(`DO $$ DECLARE name text; BEGIN
		FOR name IN SELECT relname FROM pg_class WHERE relforcerowsecurity LOOP EXECUTE format('ALTER TABLE %I NO FORCE ROW LEVEL SECURITY', name); END LOOP;
	END $$`)
	h.hooks, h.mails = newReceiver(t), newMailServer(t)
	mailer, err := mail.New(mail.Config{SMTPURL: "smtp://" + h.mails.address + "?from=observatory@example.com", Log: testkit.Logger(t)})
	require.NoError(t, err)
	control, err := tenants.New(
		tenants.Config{PublicURL: publicURL(), SecretKey: secretKey(), Passwords: tenants.PasswordConfig{MemoryKiB: 64, Passes: 1}},
		tenants.Deps{Store: tenantspg.New(pool, testkit.Logger(t)), Mailer: mailer, Log: testkit.Logger(t), Now: time.Now},
	)
	require.NoError(t, err)
	require.NoError(t, control.SigningKeys.Ensure(t.Context()))
	made, err := control.Accounts.SignUp(t.Context(), tenants.SignUpInput{Email: "ada@example.com", Password: "correct horse battery", Organisation: "Acme"})
	require.NoError(t, err)
	principal, err := made.Session.Principal()
	require.NoError(t, err)
	h.by = tenants.By{Principal: principal, CorrelationID: "a-correlation-id"}
	h.ada, h.bob = principal.User, tenants.NewUserID()
	h.exec("UPDATE users SET email_verified_at = now()")
	h.exec("INSERT INTO users (id, email, email_key, name, password_hash, email_verified_at, created_at) SELECT $1, 'bob@example.com', 'bob@example.com', 'Bob', password_hash, now(), now() FROM users", h.bob.String())
	h.exec("INSERT INTO members (tenant_id, user_id, role, joined_at) VALUES ($1, $2, 'analyst', now())", h.tenant().String(), h.bob.String())
	h.store = analyticspg.New(pool).Notify()
	h.service = notify.NewService(h.deps(true))
	h.escalator = notify.NewEscalator(h.store, h.now)
	return h
}

func publicURL() *url.URL { return &url.URL{Scheme: "https", Host: "observatory.example"} }

func secretKey() []byte { return []byte(strings.Repeat("k", 32)) }

func (h *house) tenant() tenants.ID { return h.by.Principal.Tenant }

func (h *house) deps(private bool) notify.ServiceDeps {
	sealer, err := notify.NewSealer(secretKey())
	require.NoError(h.t, err)
	mailer, err := mail.New(mail.Config{SMTPURL: "smtp://" + h.mails.address + "?from=observatory@example.com", Log: testkit.Logger(h.t)})
	require.NoError(h.t, err)
	return notify.ServiceDeps{
		Store: h.store, Mailer: mailer, HTTP: safehttp.New(safehttp.Config{AllowPrivate: private, Timeout: 5 * time.Second}), Seal: sealer, PublicURL: publicURL(), Now: h.now,
	}
}

func (h *house) courier(private bool) *notify.Courier {
	d := h.deps(private)
	return notify.NewCourier(notify.CourierDeps{
		Store: d.Store, Mailer: d.Mailer, HTTP: d.HTTP, Seal: d.Seal, PublicURL: d.PublicURL, Log: testkit.Logger(h.t), Now: h.now,
	})
}

// work does what the workers would do now.
func (h *house) work() {
	h.t.Helper()
	require.NoError(h.t, h.escalator.Run(h.t.Context()))
	require.NoError(h.t, h.courier(true).Run(h.t.Context()))
}

func (h *house) exec(sql string, args ...any) {
	h.t.Helper()
	_, err := h.conn.Exec(h.t.Context(), sql, args...)
	require.NoError(h.t, err)
}

// webhook makes a channel that leads to the receiver.
func (h *house) webhook(name string) (notify.Channel, notify.Secret) {
	h.t.Helper()
	c, secret, err := h.service.CreateChannel(h.t.Context(), h.by, notify.ChannelInput{Name: name, Kind: notify.Webhook, URL: h.hooks.URL + "/" + name + "?token=hunter2"})
	require.NoError(h.t, err)
	return c, secret
}

func (h *house) policy(plan notify.Plan) notify.Policy {
	h.t.Helper()
	if plan.RepeatAfter == 0 {
		plan.RepeatAfter = 30 * time.Minute
	}
	p, err := h.service.CreatePolicy(h.t.Context(), h.by, "Policy "+uuid.NewString(), plan)
	require.NoError(h.t, err)
	return p
}

// incident opens an incident now, as package alert does.
func (h *house) incident(policy notify.Policy) alert.IncidentID {
	h.t.Helper()
	id := uuid.Must(uuid.NewV7())
	h.exec(`INSERT INTO incidents (id, tenant_id, group_key, title, severity, state, opened_at, policy_id, muted, created_at)
		VALUES ($1, $2, $5, 'Checkout fails & <stops>', 'critical', 'open', $3, $4, false, $3)`, id, h.tenant().String(), h.now(), policy.ID.String(), "rule:"+id.String())
	h.exec(`INSERT INTO incident_rules (tenant_id, incident_id, rule_id, name, event, severity, group_label, fired_at)
		VALUES ($1, $2, $3, 'Checkout fails', '', 'critical', '', $4)`, h.tenant().String(), id, uuid.New(), h.now())
	h.exec(`INSERT INTO incident_entries (id, tenant_id, incident_id, at, kind, actor, text, details)
		VALUES ($1, $2, $3, $4, 'opened', '', 'Checkout fails fired: 12 is above 5.', '{"value": "12"}')`, uuid.Must(uuid.NewV7()), h.tenant().String(), id, h.now())
	return alert.IncidentID(id)
}

func (h *house) acknowledge(id alert.IncidentID) {
	h.exec("UPDATE incidents SET acknowledged_at = $2, acknowledged_by = 'ada@example.com' WHERE id = $1", id.String(), h.now())
}

func (h *house) resolve(id alert.IncidentID) {
	h.exec("UPDATE incidents SET state = 'resolved', resolved_at = $2 WHERE id = $1", id.String(), h.now())
}

func (h *house) deliveries(id alert.IncidentID) []notify.Delivery {
	h.t.Helper()
	all, err := h.service.Deliveries(h.t.Context(), h.tenant(), notify.DeliveriesQuery{Incident: (*uuid.UUID)(&id), Limit: 500})
	require.NoError(h.t, err)
	return all
}

// timeline are the texts that this package wrote onto an incident's timeline.
func (h *house) timeline(id alert.IncidentID) (texts []string) {
	h.t.Helper()
	rows, err := h.conn.Query(h.t.Context(), "SELECT text FROM incident_entries WHERE incident_id = $1 AND kind IN ('told', 'delivery_failed') ORDER BY id", id.String())
	require.NoError(h.t, err)
	texts, err = pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(h.t, err)
	return texts
}

// receiver keeps the webhooks that it gets, and answers as it is told to.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []hook
	answer func(w http.ResponseWriter, r *http.Request)
}

type hook struct {
	path   string
	header http.Header
	body   []byte
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		r.got = append(r.got, hook{req.URL.Path, req.Header, body})
		answer := r.answer
		r.mu.Unlock()
		if answer != nil {
			answer(w, req)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

// take returns what came since it was called last.
func (r *receiver) take() []hook {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got = nil
	return got
}

func (r *receiver) answers(fn func(w http.ResponseWriter, r *http.Request)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = fn
}

// mailServer is an SMTP server that keeps what it gets.
type mailServer struct {
	address string
	mu      sync.Mutex
	got     []letter
	refuse  error
}

type letter struct {
	to   []string
	text string
}

func newMailServer(t *testing.T) *mailServer {
	t.Helper()
	s := &mailServer{}
	srv := smtpd.NewServer(s)
	srv.Domain = "mail.example.com"
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s.address = listener.Addr().String()
	var ended sync.WaitGroup
	ended.Go(func() { _ = srv.Serve(listener) })
	t.Cleanup(func() { _ = srv.Close(); ended.Wait() })
	return s
}

// NewSession implements smtpd.Backend.
func (s *mailServer) NewSession(*smtpd.Conn) (smtpd.Session, error) {
	return &mailSession{server: s}, nil
}

func (s *mailServer) take() []letter {
	s.mu.Lock()
	defer s.mu.Unlock()
	got := s.got
	s.got = nil
	return got
}

type mailSession struct {
	server *mailServer
	letter letter
}

func (s *mailSession) Mail(string, *smtpd.MailOptions) error { return nil }
func (s *mailSession) Reset()                                { s.letter = letter{} }
func (s *mailSession) Logout() error                         { return nil }

func (s *mailSession) Rcpt(to string, _ *smtpd.RcptOptions) error {
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.letter.to = append(s.letter.to, to)
	return s.server.refuse
}

func (s *mailSession) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	s.letter.text = string(text)
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.got = append(s.server.got, s.letter)
	return err
}
