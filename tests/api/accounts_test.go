package api_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

// TestLogInIsSlowedDown guesses passwords of one person from many addresses, and of many people from one address.
func TestLogInIsSlowedDown(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	account := server.SignUp(t)
	guess := func(as *harness.Caller, email string) harness.Response {
		return as.Post(t, "/v1/login", map[string]string{"email": email, "password": "wrong " + uuid.NewString()})
	}
	limited := func(res harness.Response) bool {
		if res.StatusCode == http.StatusUnauthorized {
			require.Equal(t, "login_failed", res.Code())
			return false
		}
		res.WantProblem(t, http.StatusTooManyRequests, "too_many_attempts").RetryAfter(t)
		return true
	}
	// later is how many more are allowed meanwhile: guesses are slow where the machine is.
	later := func(began time.Time, every time.Duration) int { return int(time.Since(began) / every) }
	tries, began := 0, time.Now()
	for !limited(guess(server.Anonymous(t), account.Email)) {
		tries++
		require.LessOrEqual(t, tries, 10+later(began, 10*time.Second), "one person's password can be guessed without end")
	}
	require.GreaterOrEqual(t, tries, 5, "people mistype")
	testkit.Eventually(t, harness.Patience, func() error { // so that there is time for what follows
		res := guess(server.Anonymous(t), account.Email)
		if !limited(res) || res.RetryAfter(t) < 5 {
			return errors.New("another guess is allowed in a moment")
		}
		return nil
	})
	// The right password does not help then; another person is not concerned.
	require.True(t, limited(server.Anonymous(t).Post(t, "/v1/login", map[string]string{"email": account.Email, "password": harness.Password})))
	other := server.SignUp(t)
	server.LogIn(t, other.Email, harness.Password)

	crowd := server.Anonymous(t)
	began = time.Now()
	for tries = 0; !limited(guess(crowd, fmt.Sprintf("nobody-%d@example.com", tries))); tries++ {
		require.LessOrEqual(t, tries, 30+later(began, 2*time.Second), "one address can guess without end")
	}
	// Who is known cannot be told from who is not: the same answer to both.
	known, unknown := guess(server.Anonymous(t), other.Email), guess(server.Anonymous(t), "nobody-at-all@example.com")
	require.Equal(t, known.Code(), unknown.Code())
	require.Equal(t, known.StatusCode, unknown.StatusCode)

	signUps := server.Anonymous(t)
	for n := 0; ; n++ {
		res := signUps.Post(t, "/v1/signup", map[string]string{"email": uuid.NewString() + "@example.com", "password": harness.Password, "organization": "Many"})
		if res.StatusCode == http.StatusTooManyRequests {
			break
		}
		res.Want(t, http.StatusCreated)
		require.Less(t, n, 20, "one address can sign up without end")
	}
}

// TestPasswords goes the ways on which a password changes; each ends the sessions that it should.
func TestPasswords(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	account := server.SignUp(t)
	other := server.LogIn(t, account.Email, harness.Password)

	const second, third = "a second password", "a third password"
	change := func(current, next string) harness.Response {
		return account.Session.Do(t, "PUT", "/v1/me/password", map[string]string{"current_password": current, "new_password": next})
	}
	change("not the password", second).WantProblem(t, http.StatusForbidden, "password_wrong")
	change(harness.Password, "short").WantProblem(t, http.StatusBadRequest, "invalid_request")
	change(harness.Password, second).Want(t, http.StatusNoContent)
	account.Session.Get(t, "/v1/me").Want(t, http.StatusOK)
	other.Get(t, "/v1/me").WantProblem(t, http.StatusUnauthorized, "session_ended")

	nobody := server.Anonymous(t)
	for _, email := range []string{account.Email, "nobody-" + uuid.NewString() + "@example.com"} { // the same answer to both
		require.Empty(t, nobody.Post(t, "/v1/password-resets", map[string]string{"email": email}).Want(t, http.StatusAccepted).Body)
	}
	token := mailToken(t, server, "reset", account.Email)
	confirm := map[string]string{"token": token, "password": third}
	nobody.Post(t, "/v1/password-resets/confirm", confirm).Want(t, http.StatusNoContent)
	nobody.Post(t, "/v1/password-resets/confirm", confirm).WantProblem(t, http.StatusBadRequest, "link_invalid")
	account.Session.Get(t, "/v1/me").WantProblem(t, http.StatusUnauthorized, "session_ended")
	server.LogIn(t, account.Email, third)
}

// TestInvitation brings somebody in, who then works for two organizations.
func TestInvitation(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	host, guest := server.SignUp(t), server.SignUp(t)
	host.Session.Post(t, "/v1/invitations", map[string]string{"email": guest.Email, "role": "admin"}).Want(t, http.StatusCreated)
	token := mailToken(t, server, "invitation", guest.Email)

	preview := harness.As[struct {
		Organization, Email, Role string
		HasAccount                bool `json:"has_account"`
	}](t, server.Anonymous(t).Post(t, "/v1/invitations/preview", map[string]string{"token": token}).Want(t, http.StatusOK))
	require.Equal(t, host.Tenant.Name, preview.Organization)
	require.Equal(t, guest.Email, preview.Email)
	require.True(t, preview.HasAccount)

	accept := func(as *harness.Caller, password string) harness.Response {
		return as.Post(t, "/v1/invitations/accept", map[string]string{"token": token, "password": password})
	}
	require.Equal(t, http.StatusUnauthorized, accept(server.Anonymous(t), "not the password").StatusCode)
	member := server.Anonymous(t)
	accept(member, harness.Password).Want(t, http.StatusOK)
	accept(server.Anonymous(t), harness.Password).WantProblem(t, http.StatusBadRequest, "invitation_invalid")

	type me struct {
		Tenant      struct{ ID string }
		Role        string
		Memberships []struct{ Role string }
	}
	now := harness.As[me](t, member.Get(t, "/v1/me"))
	require.Equal(t, host.Tenant.ID, now.Tenant.ID)
	require.Equal(t, "admin", now.Role)
	require.Len(t, now.Memberships, 2)
	back := harness.As[me](t, member.Do(t, "PUT", "/v1/me/tenant", map[string]string{"tenant_id": guest.Tenant.ID}).Want(t, http.StatusOK))
	require.Equal(t, guest.Tenant.ID, back.Tenant.ID)
	require.Equal(t, "owner", back.Role)
	// An admin is no owner: they make none, and touch none.
	member.Do(t, "PUT", "/v1/me/tenant", map[string]string{"tenant_id": host.Tenant.ID}).Want(t, http.StatusOK)
	owner := harness.As[struct{ User struct{ ID string } }](t, host.Session.Get(t, "/v1/me")).User.ID
	member.Do(t, "PATCH", "/v1/members/"+owner, map[string]string{"role": "viewer"}).WantProblem(t, http.StatusForbidden, "owners_only")
	member.Do(t, "DELETE", "/v1/members/"+owner, nil).WantProblem(t, http.StatusForbidden, "owners_only")
	host.Session.Do(t, "PATCH", "/v1/members/"+owner, map[string]string{"role": "viewer"}).WantProblem(t, http.StatusConflict, "last_owner")
}
