package form_test

import (
	"bytes"
	"context"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/internal/seal"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/form"
	"github.com/observatory/observatory/privacy/privacypg"
	"github.com/observatory/observatory/privacy/suppress"
	"github.com/observatory/observatory/tenants"
	"github.com/observatory/observatory/tenants/tenantspg"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// office is where confirmed filings go.
type office struct {
	filed map[uuid.UUID]string
	err   error
}

func (o *office) FileConfirmed(_ context.Context, tenant tenants.ID, id uuid.UUID, t privacy.Type, email string) error {
	if o.err == nil {
		o.filed[id] = tenant.String() + " " + string(t) + " " + email
	}
	return o.err
}

// mailbox keeps the mail that is sent.
type mailbox struct{ got []tenants.Message }

func (m *mailbox) Send(_ context.Context, message tenants.Message) error {
	m.got = append(m.got, message)
	return nil
}

type world struct {
	*form.Service
	office *office
	mail   *mailbox
	outbox *tenants.Outbox
	by     tenants.By
	now    time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{office: &office{filed: map[uuid.UUID]string{}}, mail: &mailbox{}, now: time.Now()}
	now := func() time.Time { return w.now }
	key := bytes.Repeat([]byte{7}, seal.KeyLength)
	pool, err := pg.Open(t.Context(), testkit.Postgres(t), pg.Options{})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	control := tenantspg.New(pool, testkit.Logger(t))
	ring := tenants.NewKeyRing(tenants.KeyRingConfig{}, tenants.KeyRingDeps{Feed: control, Log: testkit.Logger(t), Now: now})
	services, err := tenants.New(tenants.Config{
		PublicURL: &url.URL{Scheme: "https", Host: "observatory.example"}, SecretKey: key, Passwords: tenants.PasswordConfig{MemoryKiB: 64, Passes: 1, AtATime: 8},
	}, tenants.Deps{Store: control, Mailer: w.mail, Ring: ring, Log: testkit.Logger(t), Now: now})
	require.NoError(t, err)
	require.NoError(t, services.SigningKeys.Ensure(t.Context()))
	signed, err := services.Accounts.SignUp(t.Context(), tenants.SignUpInput{
		Email: "ada@example.com", Password: "correct horse battery", Organisation: "Acme", Address: netip.MustParseAddr("192.0.2.1"),
	})
	require.NoError(t, err)
	principal, err := signed.Session.Principal()
	require.NoError(t, err)
	w.by = tenants.By{Principal: principal}
	keys, err := suppress.NewKeys(key)
	require.NoError(t, err)
	sealer, err := seal.New(key, "privacy form")
	require.NoError(t, err)
	w.outbox = services.Outbox
	rate := tenants.Rate{Burst: 3, Every: time.Hour}
	w.Service = form.New(form.Deps{
		Store: privacypg.New(pool, keys, testkit.Logger(t)).Forms(), Filer: w.office, Outbox: services.Outbox, Seal: sealer,
		PerAddress: tenants.NewLimiter(rate, rate, now), PerEmail: tenants.NewLimiter(rate, rate, now), Now: now,
	})
	_, err = w.outbox.Deliver(t.Context(), 10)
	require.NoError(t, err)
	w.mail.got = nil
	return w
}

// link is the token of the last mail.
func (w *world) link(t *testing.T) string {
	t.Helper()
	_, err := w.outbox.Deliver(t.Context(), 10)
	require.NoError(t, err)
	require.NotEmpty(t, w.mail.got)
	found := regexp.MustCompile(`#confirm=([A-Za-z0-9_-]+)`).FindStringSubmatch(w.mail.got[len(w.mail.got)-1].Text)
	require.NotNil(t, found)
	return found[1]
}

func TestWhoFilesProvesAnAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f, err := w.Form(t.Context(), w.by.Principal.Tenant)
	require.NoError(t, err)
	require.False(t, f.Enabled)
	f, err = w.Put(t.Context(), w.by, form.Input{Enabled: true, Title: " Your data ", Types: []privacy.Type{privacy.Erase, privacy.Export, privacy.Erase}})
	require.NoError(t, err)
	p, err := w.Public(t.Context(), f.Token)
	require.NoError(t, err)
	require.Equal(t, form.Public{Organisation: "Acme", Title: "Your data", Types: []privacy.Type{privacy.Erase, privacy.Export}}, p)

	in := form.FileInput{Token: f.Token, Type: privacy.Erase, Email: "Leaver@Example.com", Address: netip.MustParseAddr("198.51.100.7")}
	require.NoError(t, w.File(t.Context(), in))
	require.Empty(t, w.office.filed, "nothing before the address is proven")
	link := w.link(t)
	require.Equal(t, "Confirm your request to Acme", w.mail.got[0].Subject)

	w.office.err = context.DeadlineExceeded
	_, err = w.Confirm(t.Context(), link)
	require.Error(t, err)
	w.office.err = nil
	done, err := w.Confirm(t.Context(), link)
	require.NoError(t, err, "a link works until it has done what it is for")
	require.Equal(t, form.Confirmed{Organisation: "Acme", Type: privacy.Erase}, done)
	require.Len(t, w.office.filed, 1)
	for _, what := range w.office.filed {
		require.Equal(t, w.by.Principal.Tenant.String()+" erase Leaver@Example.com", what)
	}
	_, err = w.Confirm(t.Context(), link)
	require.ErrorIs(t, err, tenants.ErrLinkInvalid)
}

func TestFormsRefuse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := form.FileInput{Token: strings.Repeat("x", 22), Type: privacy.Erase, Email: "leaver@example.com", Address: netip.MustParseAddr("198.51.100.7")}
	require.ErrorIs(t, w.File(t.Context(), in), form.ErrNoForm)
	f, err := w.Put(t.Context(), w.by, form.Input{Enabled: false, Types: []privacy.Type{privacy.Erase}})
	require.NoError(t, err)
	in.Token = f.Token
	require.ErrorIs(t, w.File(t.Context(), in), form.ErrNoForm, "it is off")
	moved, err := w.Put(t.Context(), w.by, form.Input{Enabled: true, Types: []privacy.Type{privacy.Erase}, NewToken: true})
	require.NoError(t, err)
	require.NotEqual(t, f.Token, moved.Token)
	_, err = w.Public(t.Context(), f.Token)
	require.ErrorIs(t, err, form.ErrNoForm)

	in.Token, in.Address = moved.Token, netip.MustParseAddr("198.51.100.8")
	in.Type = privacy.Export
	require.ErrorIs(t, w.File(t.Context(), in), form.ErrNotOffered)
	in.Type, in.Email = privacy.Erase, "nobody"
	require.ErrorIs(t, w.File(t.Context(), in), tenants.ErrEmailInvalid)
	in.Email = "leaver@example.com"
	for _, from := range []string{"198.51.100.9", "198.51.100.10", "198.51.100.11"} {
		in.Address = netip.MustParseAddr(from)
		require.NoError(t, w.File(t.Context(), in))
	}
	in.Address = netip.MustParseAddr("198.51.100.12")
	require.ErrorIs(t, w.File(t.Context(), in), tenants.ErrTooManyAttempts, "one address is not flooded, wherever it comes from")

	link := w.link(t)
	w.now = w.now.Add(25 * time.Hour)
	_, err = w.Confirm(t.Context(), link)
	require.ErrorIs(t, err, tenants.ErrLinkInvalid, "after a day")
	require.NoError(t, w.Sweep(t.Context()))

	viewer := w.by
	viewer.Principal.Role = tenants.RoleViewer
	_, err = w.Put(t.Context(), viewer, form.Input{Enabled: true, Types: []privacy.Type{privacy.Erase}})
	require.ErrorIs(t, err, tenants.ErrPermissionDenied)
	_, err = w.Put(t.Context(), w.by, form.Input{Types: []privacy.Type{privacy.Suppress}})
	require.ErrorIs(t, err, form.ErrFormInvalid)
}
