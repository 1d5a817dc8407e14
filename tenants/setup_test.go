package tenants_test

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tenants"
	"github.com/observatory/observatory/tenants/tenantspg"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// world is an installation of the control plane with a database, a clock and a mailbox of its own.
type world struct {
	*tenants.Services
	Ring  *tenants.KeyRing
	Store *tenantspg.Store
	Pool  *pg.Pool
	Clock *clock
	Mail  *mailbox
	URL   string // of the database, as its owner
	deps  tenants.Deps
	cfg   tenants.Config
}

const password = "correct horse battery"

// home is an address that requests come from.
var home = netip.MustParseAddr("192.0.2.1")

func newWorld(t testing.TB, change ...func(*tenants.Config)) *world {
	t.Helper()
	return newWorldAt(t, testkit.Postgres(t), change...)
}

func newWorldAt(t testing.TB, address string, change ...func(*tenants.Config)) *world {
	t.Helper()
	pool, err := pg.Open(t.Context(), address, pg.Options{})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	w := &world{
		Store: tenantspg.New(pool, testkit.Logger(t)), Pool: pool, URL: address,
		Clock: &clock{now: time.Now()}, Mail: &mailbox{},
	}
	w.Ring = w.newRing(t, w.Store)
	w.cfg = tenants.Config{
		PublicURL: &url.URL{Scheme: "https", Host: "observatory.example"},
		SecretKey: make([]byte, tenants.SecretKeyLength),
		Passwords: tenants.PasswordConfig{MemoryKiB: 64, Passes: 1, AtATime: 8}, // cheap; TestPasswordCost has the real one
		Limits: tenants.Limits{
			LogInPerEmail: plenty(), LogInPerAddress: plenty(), SignUpPerAddress: plenty(), MailPerEmail: plenty(),
		},
	}
	for _, c := range change {
		c(&w.cfg)
	}
	w.deps = tenants.Deps{Store: w.Store, Mailer: w.Mail, Ring: w.Ring, Log: testkit.Logger(t), Now: w.Clock.Now}
	w.Services, err = tenants.New(w.cfg, w.deps)
	require.NoError(t, err)
	require.NoError(t, w.SigningKeys.Ensure(t.Context()))
	require.NoError(t, w.Ring.Refresh(t.Context()))
	return w
}

func plenty() tenants.Rate { return tenants.Rate{Burst: 1_000_000, Every: time.Nanosecond} }

// newRing is the key ring of another node.
func (w *world) newRing(t testing.TB, feed tenants.KeyFeed) *tenants.KeyRing {
	return tenants.NewKeyRing(tenants.KeyRingConfig{}, tenants.KeyRingDeps{Feed: feed, Log: testkit.Logger(t), Now: w.Clock.Now})
}

// run keeps a ring fresh until the test ends.
func run(t testing.TB, r *tenants.KeyRing) {
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-done)
	})
}

// signUp makes an organisation whose owner has this e-mail address.
func (w *world) signUp(t testing.TB, email string) (tenants.SignedUp, tenants.By) {
	t.Helper()
	made, err := w.Accounts.SignUp(t.Context(), tenants.SignUpInput{
		Email: email, Password: password, Organisation: "Organisation of " + email, Address: home, CorrelationID: "c-sign-up",
	})
	require.NoError(t, err)
	return made, by(t, made.Session)
}

// join makes somebody a member of the organisation.
func (w *world) join(t testing.TB, owner tenants.By, email string, role tenants.Role) tenants.LoggedIn {
	t.Helper()
	_, err := w.Members.Invite(t.Context(), owner, tenants.InviteInput{Email: email, Role: role})
	require.NoError(t, err)
	in, err := w.Members.Accept(t.Context(), tenants.AcceptInput{Token: w.mailedToken(t, email), Password: password, Address: home})
	require.NoError(t, err)
	return in
}

func by(t testing.TB, s tenants.Session) tenants.By {
	t.Helper()
	p, err := s.Principal()
	require.NoError(t, err)
	return tenants.By{Principal: p, CorrelationID: "c-test"}
}

// byKey is a caller with an API key.
func byKey(k tenants.APIKey) tenants.By {
	return tenants.By{Principal: k.Principal(), CorrelationID: "c-key"}
}

// mailedToken delivers what is due and returns the token in the newest mail to this address.
func (w *world) mailedToken(t testing.TB, to string) string {
	t.Helper()
	_, err := w.Outbox.Deliver(t.Context(), 100)
	require.NoError(t, err)
	m := w.Mail.last(to)
	require.NotNil(t, m, "no mail for %s", to)
	found := regexp.MustCompile(`[?]token=([\w-]+)`).FindStringSubmatch(m.Text)
	require.NotNil(t, found, "no link in:\n%s", m.Text)
	return found[1]
}

// actions are the actions in a tenant's audit log, oldest first.
func (w *world) actions(t testing.TB, tenant tenants.ID) []string {
	t.Helper()
	page, err := w.Audit.List(t.Context(), tenant, "", tenants.MaxAuditPage)
	require.NoError(t, err)
	actions := make([]string, len(page.Entries))
	for i, e := range page.Entries {
		actions[len(actions)-1-i] = e.Action
	}
	return actions
}

func (w *world) verifyAudit(t testing.TB, tenant tenants.ID) {
	t.Helper()
	v, err := w.Audit.Verify(t.Context(), tenant)
	require.NoError(t, err)
	require.True(t, v.OK, "audit log is broken at %d", v.BrokenAt)
}

// clock is set by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// mailbox is a mail server that keeps everything, or says what it is told to.
type mailbox struct {
	mu     sync.Mutex
	all    []tenants.Message
	fail   error
	forgot map[tenants.MailKind]time.Time
}

// Forget implements tenants.Shelf. It notes what it was asked.
func (b *mailbox) Forget(_ context.Context, kind tenants.MailKind, before time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.forgot == nil {
		b.forgot = map[tenants.MailKind]time.Time{}
	}
	b.forgot[kind] = before
	return nil
}

func (b *mailbox) Send(_ context.Context, m tenants.Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail != nil {
		return b.fail
	}
	b.all = append(b.all, m)
	return nil
}

func (b *mailbox) failWith(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fail = err
}

func (b *mailbox) last(to string) *tenants.Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := len(b.all) - 1; i >= 0; i-- {
		if b.all[i].To == to {
			return &b.all[i]
		}
	}
	return nil
}

func (b *mailbox) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.all)
}

// nobody is an address that no other test uses.
func nobody(i int) string { return fmt.Sprintf("somebody-%d@example.com", i) }
