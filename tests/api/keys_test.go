package api_test

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

const anEvent = `{"event":"a"}`

// nodes starts two servers on the same databases, as behind a load balancer.
func nodes(t *testing.T) (one, two *harness.Server) {
	t.Helper()
	secret := make([]byte, 32)
	_, _ = rand.Read(secret)
	cfg := harness.Config{
		Engines: harness.SharedEngines(t), Transport: newContract(t),
		Env: map[string]string{"OBSERVATORY_SECRET_KEY": base64.StdEncoding.EncodeToString(secret)},
	}
	return harness.Start(t, cfg), harness.Start(t, cfg)
}

func TestKeysOnTwoNodes(t *testing.T) {
	t.Parallel()
	one, two := nodes(t)
	account := one.SignUp(t)
	key := account.CreateKey(t, "secret", nil)
	here, there := one.WithKey(t, key.Token), two.WithKey(t, key.Token)
	here.Post(t, "/v1/events", anEvent).Want(t, http.StatusAccepted)

	// A new key works on the other node, which may ask for a moment.
	testkit.Eventually(t, 5*time.Second, func() error {
		res := there.Post(t, "/v1/events", anEvent)
		if res.StatusCode != http.StatusAccepted {
			require.Equal(t, "key_not_yet_known", res.Code(), "%s", res.Body)
			require.Equal(t, "1", res.Header.Get("Retry-After"))
			return fmt.Errorf("answered %s", res.Status)
		}
		return nil
	})
	// So does a session that was begun here.
	two.Anonymous(t).With("Cookie", account.Session.SessionCookie(t).String()).Get(t, "/v1/me").Want(t, http.StatusOK)

	// A revoked key is refused here at once, and there within 5 s.
	account.Session.Do(t, "DELETE", "/v1/keys/"+key.ID, nil).Want(t, http.StatusNoContent)
	here.Post(t, "/v1/events", anEvent).WantProblem(t, http.StatusUnauthorized, "key_revoked")
	testkit.Eventually(t, 5*time.Second, func() error {
		if res := there.Post(t, "/v1/events", anEvent); res.Code() != "key_revoked" {
			return fmt.Errorf("answered %s", res.Status)
		}
		return nil
	})
	there.Get(t, "/v1/sources").WantProblem(t, http.StatusUnauthorized, "key_revoked")

	// Logging out here ends the session there.
	session := one.LogIn(t, account.Email, harness.Password)
	elsewhere := two.Anonymous(t).With("Cookie", session.SessionCookie(t).String())
	elsewhere.Get(t, "/v1/me").Want(t, http.StatusOK)
	session.Post(t, "/v1/logout", nil).Want(t, http.StatusNoContent)
	elsewhere.Get(t, "/v1/me").WantProblem(t, http.StatusUnauthorized, "session_ended")
}

func TestRotation(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	account := server.SignUp(t)
	rotate := func(id string, grace int) harness.Response {
		return account.Session.Post(t, "/v1/keys/"+id+"/rotate", map[string]int{"grace_seconds": grace})
	}
	type made struct {
		Key struct {
			ID, State, Kind string
			Scopes          []string
		}
		Token string
	}
	old := account.CreateKey(t, "secret", map[string]any{"scopes": []string{"events:write", "privacy:write"}})

	successor := harness.As[made](t, rotate(old.ID, 3).Want(t, http.StatusCreated))
	require.Equal(t, []string{"events:write", "privacy:write"}, successor.Key.Scopes)
	began := time.Now()
	server.WithKey(t, successor.Token).Post(t, "/v1/events", anEvent).Want(t, http.StatusAccepted)
	during := server.WithKey(t, old.Token)
	during.Post(t, "/v1/events", anEvent).Want(t, http.StatusAccepted)
	require.Equal(t, "expiring", keyState(t, account, old.ID))
	testkit.Eventually(t, harness.Patience, func() error {
		if res := during.Post(t, "/v1/events", anEvent); res.Code() != "key_expired" {
			return fmt.Errorf("answered %s", res.Status)
		}
		return nil
	})
	require.Greater(t, time.Since(began), 2*time.Second, "the grace period was cut short")
	require.Equal(t, "expired", keyState(t, account, old.ID))

	// Without grace the old one ends at once.
	last := harness.As[made](t, rotate(successor.Key.ID, 0).Want(t, http.StatusCreated))
	server.WithKey(t, successor.Token).Post(t, "/v1/events", anEvent).WantProblem(t, http.StatusUnauthorized, "key_expired")
	server.WithKey(t, last.Token).Post(t, "/v1/events", anEvent).Want(t, http.StatusAccepted)

	rotate(old.ID, 0).WantProblem(t, http.StatusConflict, "key_not_active")
	rotate(last.Key.ID, -1).WantProblem(t, http.StatusBadRequest, "invalid_request")
	rotate(last.Key.ID, 31*24*3600).WantProblem(t, http.StatusBadRequest, "invalid_request")
}

func keyState(t *testing.T, a harness.Account, id string) string {
	t.Helper()
	for _, k := range harness.As[struct{ Keys []struct{ ID, State string } }](t, a.Session.Get(t, "/v1/keys")).Keys {
		if k.ID == id {
			return k.State
		}
	}
	require.Fail(t, "the key is not listed")
	return ""
}

// TestAKeyMakesNoMightierKey keeps the scope admin from being everything.
func TestAKeyMakesNoMightierKey(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	account := server.SignUp(t)
	admin := server.WithKey(t, account.CreateKey(t, "secret", map[string]any{"scopes": []string{"admin"}}).Token)
	mightier := account.CreateKey(t, "secret", map[string]any{"scopes": []string{"query:read"}})
	create := func(scopes ...string) harness.Response {
		return admin.Post(t, "/v1/keys", map[string]any{"source_id": account.Source.ID, "kind": "secret", "name": "n", "scopes": append([]string{}, scopes...)})
	}
	create("events:write", "admin").Want(t, http.StatusCreated)
	create("query:read").WantProblem(t, http.StatusForbidden, "key_scopes_too_wide")
	admin.Post(t, "/v1/keys/"+mightier.ID+"/rotate", map[string]int{"grace_seconds": 0}).WantProblem(t, http.StatusForbidden, "key_scopes_too_wide")
	create().WantProblem(t, http.StatusBadRequest, "key_scopes_invalid")
}

// TestTokens verifies a key with what jwks.json tells and nothing of our code, and then forges one in every known way.
func TestTokens(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	account := server.SignUp(t)
	token := account.Keys.Secret
	set := publishedKeys(t, server)
	require.Len(t, set, 1)

	parts := strings.Split(token, ".")
	require.Len(t, parts, 3)
	header, claims := decoded(t, parts[0]), decoded(t, parts[1])
	require.Equal(t, "EdDSA", header["alg"])
	kid, _ := header["kid"].(string)
	require.True(t, ed25519.Verify(set[kid], []byte(parts[0]+"."+parts[1]), bytesOf(t, parts[2])), "the published key does not verify the token")
	require.Equal(t, account.Tenant.ID, claims["sub"])
	require.Equal(t, account.Source.ID, claims["src"])
	require.Equal(t, "events:write query:read", claims["scope"])
	require.Equal(t, "production", claims["env"])
	for _, name := range []string{"iss", "aud", "jti", "iat"} {
		require.NotEmpty(t, claims[name], name)
	}

	_, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	ours := func(input string) []byte { return ed25519.Sign(private, []byte(input)) }
	hs256 := func(key []byte) func(string) []byte {
		return func(input string) []byte {
			mac := hmac.New(sha256.New, key)
			mac.Write([]byte(input))
			return mac.Sum(nil)
		}
	}
	published := set[kid]
	with := func(m map[string]any, name string, value any) map[string]any {
		changed := maps.Clone(m)
		changed[name] = value
		return changed
	}
	original := func(string) []byte { return bytesOf(t, parts[2]) }
	for name, forged := range map[string]struct {
		token, code string
	}{
		"no algorithm":                {forge(t, with(header, "alg", "none"), claims, func(string) []byte { return nil }), "key_malformed"},
		"no algorithm, our signature": {forge(t, with(header, "alg", "None"), claims, original), "key_malformed"},
		"HS256 with the public key":   {forge(t, with(header, "alg", "HS256"), claims, hs256(published)), "key_malformed"},
		"HS256 with its base64":       {forge(t, with(header, "alg", "HS256"), claims, hs256([]byte(base64.RawURLEncoding.EncodeToString(published)))), "key_malformed"},
		"a signature of another key":  {forge(t, header, claims, ours), "key_wrong_signature"},
		"an unknown kid":              {forge(t, with(header, "kid", "nobody"), claims, ours), "key_unknown"},
		"a kid that is a path":        {forge(t, with(header, "kid", "../../dev/null"), claims, ours), "key_unknown"},
		"a key in the header":         {forge(t, with(with(header, "kid", "mine"), "jwk", map[string]string{"kty": "OKP", "crv": "Ed25519", "x": base64.RawURLEncoding.EncodeToString(private.Public().(ed25519.PublicKey))}), claims, ours), "key_unknown"},
		"more scopes":                 {forge(t, header, with(claims, "scope", "events:write query:read admin"), original), "key_wrong_signature"},
		"another tenant":              {forge(t, header, with(claims, "sub", uuid.NewString()), original), "key_wrong_signature"},
		"another type of token":       {forge(t, with(header, "typ", "JWT"), claims, original), "key_malformed"},
		"cut off":                     {token[:len(token)-1], "key_malformed"},
		"in other spelling":           {token + "=", "key_malformed"},
		"two parts":                   {parts[0] + "." + parts[1], "key_malformed"},
		"encrypted":                   {token + ".." + parts[2], "key_malformed"},
		"nothing":                     {" ", "key_missing"},
	} {
		as := server.Anonymous(t).With("Authorization", "Bearer "+forged.token)
		for _, res := range []harness.Response{as.Post(t, "/v1/events", anEvent), as.Get(t, "/v1/sources")} {
			require.Equal(t, http.StatusUnauthorized, res.StatusCode, "%s: %s", name, res.Body)
			require.Contains(t, []string{forged.code, "key_wrong_signature"}, res.Code(), "%s: %s", name, res.Body)
		}
	}
	account.Secret.Post(t, "/v1/events", anEvent).Want(t, http.StatusAccepted)
	server.Anonymous(t).With("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(token+":"))).Get(t, "/v1/sources").WantProblem(t, http.StatusUnauthorized, "key_missing")
}

// TestSigningKeysRotate shows that a rotation ends no key, and a second one only with force.
func TestSigningKeysRotate(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	account := server.SignUp(t)
	before := publishedKeys(t, server)

	out, status := server.Run(t, "signing-keys", "rotate")
	require.Zero(t, status, out)
	testkit.Eventually(t, 5*time.Second, func() error {
		if n := len(publishedKeys(t, server)); n != 2 {
			return fmt.Errorf("%d signing keys are published", n)
		}
		return nil
	})
	account.Secret.Post(t, "/v1/events", anEvent).Want(t, http.StatusAccepted)
	young := account.CreateKey(t, "secret", nil)
	require.NotContains(t, before, decoded(t, strings.Split(young.Token, ".")[0])["kid"], "a new key is signed with the old signing key")
	server.WithKey(t, young.Token).Post(t, "/v1/events", anEvent).Want(t, http.StatusAccepted)

	out, status = server.Run(t, "signing-keys", "rotate")
	require.Equal(t, 1, status, out)
	require.Contains(t, out, account.Tenant.ID, "what stands in the way is named")
	account.Secret.Post(t, "/v1/events", anEvent).Want(t, http.StatusAccepted)

	out, status = server.Run(t, "signing-keys", "rotate", "--force")
	require.Zero(t, status, out)
	testkit.Eventually(t, 5*time.Second, func() error {
		if res := account.Secret.Post(t, "/v1/events", anEvent); res.StatusCode != http.StatusUnauthorized {
			return fmt.Errorf("answered %s", res.Status)
		}
		return nil
	})
	server.WithKey(t, young.Token).Post(t, "/v1/events", anEvent).Want(t, http.StatusAccepted)
	require.Contains(t, string(account.Session.Get(t, "/v1/audit").Body), "signing key retired")
}

// publishedKeys are those of jwks.json by their kid.
func publishedKeys(t *testing.T, server *harness.Server) map[string]ed25519.PublicKey {
	t.Helper()
	set := harness.As[struct {
		Keys []struct{ Kty, Crv, Kid, X, Alg, Use string }
	}](t, server.Anonymous(t).Get(t, "/.well-known/jwks.json").Want(t, http.StatusOK))
	all := map[string]ed25519.PublicKey{}
	for _, k := range set.Keys {
		require.Equal(t, "OKP Ed25519 EdDSA sig", strings.Join([]string{k.Kty, k.Crv, k.Alg, k.Use}, " "))
		all[k.Kid] = bytesOf(t, k.X)
	}
	return all
}

func forge(t *testing.T, header, claims map[string]any, sign func(input string) []byte) string {
	t.Helper()
	part := func(v any) string {
		text, err := json.Marshal(v)
		require.NoError(t, err)
		return base64.RawURLEncoding.EncodeToString(text)
	}
	input := part(header) + "." + part(claims)
	return input + "." + base64.RawURLEncoding.EncodeToString(sign(input))
}

func bytesOf(t *testing.T, text string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(text)
	require.NoError(t, err)
	return b
}

func decoded(t *testing.T, part string) (m map[string]any) {
	t.Helper()
	require.NoError(t, json.Unmarshal(bytesOf(t, part), &m))
	return m
}
