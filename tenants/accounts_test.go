package tenants_test

import (
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

func TestSignUpMakesEverythingToBegin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, by := w.signUp(t, "Ada@Example.com")

	require.Equal(t, "Organisation of Ada@Example.com", made.Tenant.Name)
	require.Equal(t, "UTC", made.Tenant.Timezone)
	require.Equal(t, "Ada@Example.com", made.User.Email)
	require.Nil(t, made.User.EmailVerifiedAt)
	require.Equal(t, tenants.RoleOwner, by.Principal.Role)
	require.Equal(t, made.Tenant.ID, made.Session.Current)

	publishable, err := w.Ring.Verify(made.Publishable.Token)
	require.NoError(t, err, "the key works at once on the node that made it")
	require.Equal(t, made.Publishable.Key, *publishable)
	require.True(t, publishable.AllowsOrigin("https://anything.example"))
	require.Equal(t, tenants.Scopes{tenants.ScopeEventsWrite}, publishable.Scopes)
	require.Equal(t, made.Source.ID, publishable.Source)

	secret, err := w.Ring.Verify(made.Secret.Token)
	require.NoError(t, err)
	require.False(t, secret.AllowsOrigin("https://anything.example"), "a secret key is good for no page")
	require.Equal(t, tenants.Scopes{tenants.ScopeEventsWrite, tenants.ScopeQueryRead}, secret.Scopes)

	require.Equal(t, []string{"tenant.created", "member.joined", "source.created", "api_key.created", "api_key.created"}, w.actions(t, made.Tenant.ID))
	w.verifyAudit(t, made.Tenant.ID)

	stored, err := w.Organisation.Get(t.Context(), made.Tenant.ID)
	require.NoError(t, err)
	require.Equal(t, made.Tenant, stored)
}

func TestSignUpTakesAnAddressOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		taken int
	)
	for _, email := range []string{"ada@example.com", "ADA@example.com", "Ada@EXAMPLE.com", "ada@Example.com"} {
		wg.Go(func() {
			_, err := w.Accounts.SignUp(t.Context(), tenants.SignUpInput{Email: email, Password: password, Organisation: "Acme", Address: home})
			mu.Lock()
			defer mu.Unlock()
			if errors.Is(err, tenants.ErrEmailTaken) {
				taken++
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.Equal(t, 3, taken)
	all, err := w.Audit.Tenants(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 1, "those that lost left nothing behind")
}

func TestSignUpRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := tenants.SignUpInput{Email: "ada@example.com", Password: password, Organisation: "Acme", Address: home}
	for name, c := range map[string]struct {
		change func(*tenants.SignUpInput)
		want   error
	}{
		"no address":           {func(in *tenants.SignUpInput) { in.Email = "ada" }, tenants.ErrEmailInvalid},
		"short password":       {func(in *tenants.SignUpInput) { in.Password = "123456789" }, tenants.ErrPasswordInvalid},
		"endless password":     {func(in *tenants.SignUpInput) { in.Password = strings.Repeat("x", 1025) }, tenants.ErrPasswordInvalid},
		"blank organisation":   {func(in *tenants.SignUpInput) { in.Organisation = " \t" }, tenants.ErrNameInvalid},
		"long organisation":    {func(in *tenants.SignUpInput) { in.Organisation = strings.Repeat("ä", 121) }, tenants.ErrNameInvalid},
		"control characters":   {func(in *tenants.SignUpInput) { in.Organisation = "a\x00b" }, tenants.ErrNameInvalid},
		"not UTF-8":            {func(in *tenants.SignUpInput) { in.Organisation = "a\xffb" }, tenants.ErrNameInvalid},
		"unknown time zone":    {func(in *tenants.SignUpInput) { in.Timezone = "Europe/Atlantis" }, tenants.ErrTimezoneUnknown},
		"time zone of a file":  {func(in *tenants.SignUpInput) { in.Timezone = "../../etc/passwd" }, tenants.ErrTimezoneUnknown},
		"the server's zone":    {func(in *tenants.SignUpInput) { in.Timezone = "Local" }, tenants.ErrTimezoneUnknown},
		"ten bytes, few runes": {func(in *tenants.SignUpInput) { in.Password = "пароль" }, tenants.ErrPasswordInvalid},
	} {
		in := good
		c.change(&in)
		_, err := w.Accounts.SignUp(t.Context(), in)
		require.ErrorIs(t, err, c.want, name)
	}
}

func TestLogIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, _ := w.signUp(t, "ada@example.com")

	in, err := w.Accounts.LogIn(t.Context(), tenants.LogInInput{Email: " ADA@example.com", Password: password, Address: home})
	require.NoError(t, err)
	require.NotEqual(t, made.Token, in.Token)
	session, err := w.Accounts.Session(t.Context(), in.Token)
	require.NoError(t, err)
	require.Equal(t, in.Session, session)
	require.Equal(t, made.User, session.User)
	require.Equal(t, []tenants.Membership{{Tenant: made.Tenant, Role: tenants.RoleOwner, JoinedAt: made.Tenant.CreatedAt}}, session.Memberships)

	for _, wrong := range []tenants.LogInInput{
		{Email: "ada@example.com", Password: password + "x", Address: home},
		{Email: "ada@example.com", Password: "", Address: home},
		{Email: "ada@example.com", Password: strings.Repeat("x", 1<<20), Address: home},
		{Email: "bob@example.com", Password: password, Address: home},
		{Email: "not an address", Password: password, Address: home},
	} {
		_, err := w.Accounts.LogIn(t.Context(), wrong)
		require.ErrorIs(t, err, tenants.ErrLogInFailed, wrong.Email)
	}

	require.NoError(t, w.Accounts.LogOut(t.Context(), in.Token))
	_, err = w.Accounts.Session(t.Context(), in.Token)
	require.ErrorIs(t, err, tenants.ErrSessionEnded)
	_, err = w.Accounts.Session(t.Context(), made.Token)
	require.NoError(t, err, "other sessions go on")
	_, err = w.Accounts.Session(t.Context(), "")
	require.ErrorIs(t, err, tenants.ErrSessionMissing)
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, _ := w.signUp(t, "ada@example.com")
	token := made.Token

	for range 6 { // 78 days, never idle for long
		w.Clock.Advance(13 * 24 * time.Hour)
		_, err := w.Accounts.Session(t.Context(), token)
		require.NoError(t, err)
	}
	w.Clock.Advance(13 * 24 * time.Hour)
	_, err := w.Accounts.Session(t.Context(), token)
	require.ErrorIs(t, err, tenants.ErrSessionEnded, "91 days are too many however busy they were")

	in, err := w.Accounts.LogIn(t.Context(), tenants.LogInInput{Email: "ada@example.com", Password: password, Address: home})
	require.NoError(t, err)
	w.Clock.Advance(tenants.SessionIdle)
	_, err = w.Accounts.Session(t.Context(), in.Token)
	require.ErrorIs(t, err, tenants.ErrSessionEnded, "idle for 14 days")

	swept, err := w.Accounts.Sweep(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 3, swept, "two sessions and the link to verify the address")
	require.Len(t, w.Mail.forgot, 2, "those to and about people who are no members")
	require.WithinDuration(t, w.Clock.Now().Add(-24*time.Hour), w.Mail.forgot[tenants.MailPrivacy], time.Second)
}

func TestLogInIsLimited(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *tenants.Config) {
		c.Limits.LogInPerEmail = tenants.Rate{Burst: 3, Every: time.Minute}
		c.Limits.LogInPerAddress = tenants.Rate{Burst: 5, Every: time.Second}
	})
	w.signUp(t, "ada@example.com")
	attempt := func(email, password, from string) error {
		_, err := w.Accounts.LogIn(t.Context(), tenants.LogInInput{Email: email, Password: password, Address: netip.MustParseAddr(from)})
		return err
	}
	for range 3 {
		require.ErrorIs(t, attempt("ada@example.com", "wrong", "2001:db8::1"), tenants.ErrLogInFailed)
	}
	err := attempt("ADA@example.com", password, "192.0.2.99")
	require.ErrorIs(t, err, tenants.ErrTooManyAttempts, "per e-mail, wherever from and however spelt")
	require.Equal(t, fault.RateLimited, fault.KindOf(err))
	require.Equal(t, time.Minute, fault.From(err).RetryAfter)

	require.ErrorIs(t, attempt("b@example.com", "wrong", "2001:db8::2"), tenants.ErrLogInFailed)
	require.ErrorIs(t, attempt("c@example.com", "wrong", "2001:db8::3"), tenants.ErrLogInFailed)
	require.ErrorIs(t, attempt("d@example.com", "wrong", "2001:db8::4"), tenants.ErrTooManyAttempts, "a /64 is one subscriber")
	require.ErrorIs(t, attempt("d@example.com", "wrong", "2001:db8:0:1::4"), tenants.ErrLogInFailed)

	w.Clock.Advance(time.Minute)
	require.NoError(t, attempt("ada@example.com", password, "192.0.2.99"))
}

func TestChangePasswordEndsOtherSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, _ := w.signUp(t, "ada@example.com")
	other, err := w.Accounts.LogIn(t.Context(), tenants.LogInInput{Email: "ada@example.com", Password: password, Address: home})
	require.NoError(t, err)

	change := tenants.ChangePasswordInput{SessionToken: made.Token, Current: "not " + password, New: "another password", Address: home, CorrelationID: "c-1"}
	require.ErrorIs(t, w.Accounts.ChangePassword(t.Context(), change), tenants.ErrPasswordWrong)
	change.Current = password
	require.NoError(t, w.Accounts.ChangePassword(t.Context(), change))

	_, err = w.Accounts.Session(t.Context(), made.Token)
	require.NoError(t, err)
	_, err = w.Accounts.Session(t.Context(), other.Token)
	require.ErrorIs(t, err, tenants.ErrSessionEnded)
	_, err = w.Accounts.LogIn(t.Context(), tenants.LogInInput{Email: "ada@example.com", Password: password, Address: home})
	require.ErrorIs(t, err, tenants.ErrLogInFailed)
	_, err = w.Accounts.LogIn(t.Context(), tenants.LogInInput{Email: "ada@example.com", Password: "another password", Address: home})
	require.NoError(t, err)
	require.Contains(t, w.actions(t, made.Tenant.ID), "user.password_changed")
}

func TestResetPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, _ := w.signUp(t, "ada@example.com")
	request := func(email string) {
		require.NoError(t, w.Accounts.RequestPasswordReset(t.Context(), tenants.RequestPasswordResetInput{Email: email, Address: home}))
	}
	reset := func(token string) error {
		return w.Accounts.ResetPassword(t.Context(), tenants.ResetPasswordInput{Token: token, Password: "another password", CorrelationID: "c-1"})
	}
	request("stranger@example.com")
	request("ADA@example.com")
	first := w.mailedToken(t, "ada@example.com") // to the address as its owner wrote it
	request("ada@example.com")
	second := w.mailedToken(t, "ada@example.com")
	require.Nil(t, w.Mail.last("stranger@example.com"))
	require.NotEqual(t, first, second)

	require.ErrorIs(t, reset("made up"), tenants.ErrLinkInvalid)
	require.NoError(t, reset(second))
	require.ErrorIs(t, reset(second), tenants.ErrLinkInvalid, "a link works once")
	require.ErrorIs(t, reset(first), tenants.ErrLinkInvalid, "and takes the others with it")

	_, err := w.Accounts.Session(t.Context(), made.Token)
	require.ErrorIs(t, err, tenants.ErrSessionEnded)
	in, err := w.Accounts.LogIn(t.Context(), tenants.LogInInput{Email: "ada@example.com", Password: "another password", Address: home})
	require.NoError(t, err)
	require.NotNil(t, in.Session.User.EmailVerifiedAt, "whoever follows the link reads the mail")
	require.Contains(t, w.actions(t, made.Tenant.ID), "user.password_reset")

	request("ada@example.com")
	late := w.mailedToken(t, "ada@example.com")
	w.Clock.Advance(time.Hour)
	require.ErrorIs(t, reset(late), tenants.ErrLinkInvalid)
}

func TestVerifyEmail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, _ := w.signUp(t, "ada@example.com")
	verify := func(token string) error {
		return w.Accounts.VerifyEmail(t.Context(), tenants.VerifyEmailInput{Token: token, CorrelationID: "c-1"})
	}
	first := w.mailedToken(t, "ada@example.com")
	require.NoError(t, w.Accounts.RequestEmailVerification(t.Context(), made.Token))
	second := w.mailedToken(t, "ada@example.com")
	require.NotEqual(t, first, second)

	require.ErrorIs(t, w.Accounts.ResetPassword(t.Context(), tenants.ResetPasswordInput{Token: first, Password: password}), tenants.ErrLinkInvalid,
		"a link is good for what it was made for")
	require.NoError(t, verify(first))
	require.ErrorIs(t, verify(first), tenants.ErrLinkInvalid)
	session, err := w.Accounts.Session(t.Context(), made.Token)
	require.NoError(t, err)
	require.NotNil(t, session.User.EmailVerifiedAt)
	require.ErrorIs(t, w.Accounts.RequestEmailVerification(t.Context(), made.Token), tenants.ErrAlreadyVerified)
	require.Contains(t, w.actions(t, made.Tenant.ID), "user.email_verified")
}

func TestSwitchTenant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada, adaOwns := w.signUp(t, "ada@example.com")
	bob, _ := w.signUp(t, "bob@example.com")
	stranger, _ := w.signUp(t, "stranger@example.com")

	_, err := w.Members.Invite(t.Context(), adaOwns, tenants.InviteInput{Email: "bob@example.com", Role: tenants.RoleViewer})
	require.NoError(t, err)
	in, err := w.Members.Accept(t.Context(), tenants.AcceptInput{Token: w.mailedToken(t, "bob@example.com"), SessionToken: bob.Token, Address: home})
	require.NoError(t, err)
	require.Equal(t, ada.Tenant.ID, in.Session.Current, "accepting looks at the new tenant")
	require.Len(t, in.Session.Memberships, 2)

	session, err := w.Accounts.SwitchTenant(t.Context(), in.Token, bob.Tenant.ID)
	require.NoError(t, err)
	require.Equal(t, tenants.RoleOwner, by(t, session).Principal.Role)
	session, err = w.Accounts.SwitchTenant(t.Context(), in.Token, ada.Tenant.ID)
	require.NoError(t, err)
	require.Equal(t, tenants.RoleViewer, by(t, session).Principal.Role)
	_, err = w.Accounts.SwitchTenant(t.Context(), in.Token, stranger.Tenant.ID)
	require.ErrorIs(t, err, tenants.ErrTenantNotFound)

	session, err = w.Accounts.Session(t.Context(), in.Token)
	require.NoError(t, err)
	require.Equal(t, ada.Tenant.ID, session.Current, "a switch that failed changed nothing")
	require.NoError(t, w.Members.Remove(t.Context(), adaOwns, bob.User.ID))
	session, err = w.Accounts.Session(t.Context(), in.Token)
	require.NoError(t, err)
	require.Equal(t, bob.Tenant.ID, session.Current, "removed: back to where they belong")
}

func TestUpdateOrganisation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, owner := w.signUp(t, "ada@example.com")
	admin := by(t, w.join(t, owner, "admin@example.com", tenants.RoleAdmin).Session)
	name, zone, bad := "Acme", "Pacific/Auckland", "Mars/Olympus"

	_, err := w.Organisation.Update(t.Context(), admin, tenants.UpdateTenantInput{Name: &name})
	require.ErrorIs(t, err, tenants.ErrPermissionDenied)
	_, err = w.Organisation.Update(t.Context(), owner, tenants.UpdateTenantInput{Timezone: &bad})
	require.ErrorIs(t, err, tenants.ErrTimezoneUnknown)
	updated, err := w.Organisation.Update(t.Context(), owner, tenants.UpdateTenantInput{Name: &name, Timezone: &zone})
	require.NoError(t, err)
	require.Equal(t, tenants.Tenant{ID: made.Tenant.ID, Name: name, Timezone: zone, CreatedAt: made.Tenant.CreatedAt}, updated)

	page, err := w.Audit.List(t.Context(), made.Tenant.ID, "", 1)
	require.NoError(t, err)
	require.Equal(t, tenants.Details{
		"name": "Acme", "name_before": made.Tenant.Name, "timezone": "Pacific/Auckland", "timezone_before": "UTC",
	}, page.Entries[0].Details)
	require.Equal(t, "c-test", page.Entries[0].CorrelationID)
	require.Equal(t, tenants.Actor{Kind: tenants.ActorUser, ID: made.User.ID.String(), Label: "ada@example.com"}, page.Entries[0].Actor)
}
