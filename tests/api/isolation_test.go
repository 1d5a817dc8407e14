package api_test

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/tests/harness"
)

// TestNoForeignByte goes over every operation with the credentials of another tenant, naming what is not theirs wherever the operation
// takes a name, and finds nothing in the answers that belongs to the first.
func TestNoForeignByte(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	x := seed(t, server)
	before := state(t, x.account)

	// The stranger has everything as well, so that there is something of theirs to answer with.
	stranger := seed(t, server).account
	everything := []string{"events:write", "query:read", "schemas:read", "schemas:write", "privacy:write", "admin"}
	callers := map[string]*harness.Caller{
		"nobody":          server.Anonymous(t),
		"owner":           stranger.Session,
		"all scopes":      server.WithKey(t, stranger.CreateKey(t, "secret", map[string]any{"scopes": everything}).Token),
		"publishable key": stranger.Publishable,
	}
	for _, scope := range everything {
		callers[scope] = server.WithKey(t, stranger.CreateKey(t, "secret", map[string]any{"scopes": []string{scope}}).Token)
	}
	blind := nothing() // what only mails tell stays secret; all else is known to the stranger
	x.invitationToken, x.resetToken, x.verifyToken, x.account.Keys = blind.invitationToken, blind.resetToken, blind.verifyToken, blind.account.Keys
	x.forms.token, x.forms.link = blind.forms.token, blind.forms.link // the address of a form is for whom the tenant tells
	x.proofs.token, x.left = blind.proofs.token, blind.left
	for name, caller := range callers {
		for _, o := range x.operations() {
			switch o.id {
			case "logOut", "changePassword", "updateTenant", "requestPasswordReset", "signUp", "logIn": // about the caller alone
				continue
			case "ingestEvents", "ingestPayload", "publishPolicy": // makes what it names one of the caller's own; see below
				continue
			}
			res := o.call(t, caller)
			require.Empty(t, x.betrays(res), "%s as %s: %s", o.id, name, res.Body)
			mayAll := name == "owner" || name == "all scopes"
			switch {
			case o.theirs != "" && name == "owner" && o.ofRegistry():
				wantRegistryError(t, res, http.StatusNotFound, o.theirs)
			case o.theirs != "" && name == "owner":
				require.Contains(t, []int{http.StatusNotFound, http.StatusBadRequest}, res.StatusCode, o.id) // the latter where the body names it
				res.WantProblem(t, res.StatusCode, o.theirs)
			case o.theirs == "" && o.may == asking && mayAll:
				res.Want(t, o.status)
			}
		}
	}
	require.Equal(t, before, state(t, x.account), "the stranger changed something")

	// An event ID counts per tenant: the same one is no duplicate elsewhere, and tells nothing about whose it was before.
	ack := stranger.Secret.Send(t, harness.Event{Name: "theirs", ID: x.event + "-shared"})
	require.Equal(t, 1, stranger.Secret.Settled(t, ack.Receipt).Counts.Stored)
	ack = x.account.Secret.Send(t, harness.Event{Name: "ours", ID: x.event + "-shared"})
	require.Equal(t, 1, x.account.Secret.Settled(t, ack.Receipt).Counts.Stored)
}

// state is everything that a tenant can see of itself and that somebody else must not be able to change.
func state(t *testing.T, a harness.Account) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, path := range []string{"/v1/tenant", "/v1/sources", "/v1/keys", "/v1/members", "/v1/invitations", "/v1/audit?limit=500", "/v1/quarantine", "/v1/ledger", registryPath + "/schemas?deleted=true", registryPath + "/config"} {
		all[path] = string(a.Session.Get(t, path).Want(t, http.StatusOK).Body)
	}
	return all
}

// TestWhoMayDoWhat goes over every operation with every kind of credentials of the tenant itself.
func TestWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	account := server.SignUp(t)
	revoked := account.CreateKey(t, "secret", map[string]any{"scopes": []string{"events:write", "query:read", "admin"}})
	account.Session.Do(t, "DELETE", "/v1/keys/"+revoked.ID, nil).Want(t, http.StatusNoContent)
	key := func(scope string) *harness.Caller {
		return server.WithKey(t, account.CreateKey(t, "secret", map[string]any{"scopes": []string{scope}}).Token)
	}
	member := func(role string) *harness.Caller {
		return join(t, server, account, role+"-"+uuid.NewString()+"@example.com", role)
	}
	type caller struct {
		name string
		as   *harness.Caller
		may  []access
		code string // where they may not: 403 with this code
	}
	for _, c := range []caller{
		{"owner", account.Session, []access{people, asking, receiving, following, settingUp, lookingUp, declaring, alerting, answering, managing, owning, paying}, "permission_denied"},
		{"admin", member("admin"), []access{people, asking, receiving, following, settingUp, lookingUp, declaring, alerting, answering, managing, paying}, "permission_denied"},
		{"analyst", member("analyst"), []access{people, asking, receiving, following, lookingUp, alerting, paying}, "permission_denied"},
		{"viewer", member("viewer"), []access{people, asking, receiving, following, lookingUp}, "permission_denied"},
		{"publishable", account.Publishable, []access{writing, receiving}, "scope_missing"},
		{"events:write", key("events:write"), []access{writing, receiving}, "scope_missing"},
		{"query:read", key("query:read"), []access{asking, receiving, following, lookingUp}, "scope_missing"},
		{"schemas:read", key("schemas:read"), []access{lookingUp}, "scope_missing"},
		{"schemas:write", key("schemas:write"), []access{lookingUp, declaring}, "scope_missing"},
		{"privacy:write", key("privacy:write"), []access{answering, following}, "scope_missing"},
		{"billing:read", key("billing:read"), []access{paying}, "scope_missing"},
		{"admin key", key("admin"), []access{settingUp, lookingUp, declaring, alerting}, "scope_missing"},
		{"revoked", server.WithKey(t, revoked.Token), nil, "key_revoked"},
		{"nobody", server.Anonymous(t), nil, "session_missing"},
		{"bad key", server.WithKey(t, "not-a-key"), nil, "key_malformed"},
		{"operator", server.WithKey(t, operatorToken), []access{operating}, "key_malformed"},
		{"ended session", ended(t, server, account), nil, "session_ended"},
	} {
		allowed := map[access]bool{anybody: true}
		for _, a := range c.may {
			allowed[a] = true
		}
		for _, o := range nothing().operations() {
			if o.may == anybody || o.id == "changePassword" {
				continue
			}
			res := o.call(t, c.as)
			status, code := http.StatusForbidden, c.code
			switch {
			case allowed[o.may]:
				require.NotContains(t, []int{http.StatusUnauthorized, http.StatusForbidden}, res.StatusCode, "%s as %s: %s", o.id, c.name, res.Body)
				continue
			case o.may == operating:
				status, code = http.StatusUnauthorized, "operator_token_needed"
			case o.may == writing && c.as.Key == "":
				status, code = http.StatusUnauthorized, "key_missing"
			case c.code == "session_missing" || c.code == "session_ended" || c.code == "key_revoked" || c.code == "key_malformed":
				status = http.StatusUnauthorized
			case o.may == people, o.id == "removeMember" && c.as.Key != "": // a person may always leave; a key is nobody
				code = "session_needed"
			case (o.may == managing || o.may == owning) && c.as.Key != "":
				code = "scope_missing"
			}
			require.Equal(t, status, res.StatusCode, "%s as %s: %s", o.id, c.name, res.Body)
			require.Equal(t, code, res.Code(), "%s as %s", o.id, c.name)
			require.Equal(t, status == http.StatusUnauthorized, res.Header.Get("WWW-Authenticate") != "")
		}
	}
}

// ended is a session that was logged out, by somebody who kept the cookie.
func ended(t *testing.T, server *harness.Server, account harness.Account) *harness.Caller {
	t.Helper()
	session := server.LogIn(t, account.Email, harness.Password)
	cookie := session.SessionCookie(t)
	session.Post(t, "/v1/logout", nil).Want(t, http.StatusNoContent)
	return server.Anonymous(t).With("Cookie", cookie.Name+"="+cookie.Value)
}

// TestLeaving shows that whoever may not manage members may still leave.
func TestLeaving(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	account := server.SignUp(t)
	viewer := join(t, server, account, "viewer-"+uuid.NewString()+"@example.com", "viewer")
	me := harness.As[struct{ User struct{ ID string } }](t, viewer.Get(t, "/v1/me").Want(t, http.StatusOK)).User.ID
	viewer.Do(t, "DELETE", "/v1/members/"+me, nil).Want(t, http.StatusNoContent)
	viewer.Get(t, "/v1/sources").WantProblem(t, http.StatusForbidden, "no_membership")
	viewer.Get(t, "/v1/me").WantProblem(t, http.StatusForbidden, "no_membership")
	account.Secret.Do(t, "DELETE", "/v1/members/"+me, nil).WantProblem(t, http.StatusForbidden, "session_needed")
}
