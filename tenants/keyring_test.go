package tenants_test

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/internal/follow"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tenants"
)

// effective is how soon a change must be known on every node.
const effective = 5 * time.Second

func TestRevocationReachesOtherNodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, owner := w.signUp(t, "ada@example.com")
	for name, feed := range map[string]tenants.KeyFeed{
		"by notification and polling":         w.Store,
		"by polling when notifications fail":  deafFeed{w.Store},
		"by notification when polling is off": &quietFeed{KeyFeed: w.Store},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key, err := w.Keys.Create(t.Context(), owner, tenants.CreateKeyInput{Source: made.Source.ID, Kind: tenants.Secret, Name: "Key"})
			require.NoError(t, err)
			other := w.newRing(t, feed)
			run(t, other)
			works := func() error { _, err := other.Verify(key.Token); return err }
			testkit.Eventually(t, effective, works)

			_, err = w.Keys.Revoke(t.Context(), owner, key.Key.ID)
			require.NoError(t, err)
			testkit.Eventually(t, effective, func() error {
				if err := works(); !errors.Is(err, tenants.ErrKeyRevoked) {
					return errors.Join(errors.New("not revoked on the other node"), err)
				}
				return nil
			})
		})
	}
}

// deafFeed loses every notification.
type deafFeed struct{ tenants.KeyFeed }

func (deafFeed) ListenKeys(ctx context.Context, _ func()) { <-ctx.Done() }

// quietFeed knows of no news but after a notification.
type quietFeed struct {
	tenants.KeyFeed
	notified atomic.Bool
}

func (f *quietFeed) ListenKeys(ctx context.Context, changed func()) {
	f.KeyFeed.ListenKeys(ctx, func() { f.notified.Store(true); changed() })
}

func (f *quietFeed) KeyChanges(ctx context.Context, since follow.Mark) (tenants.KeyChanges, error) {
	changes, err := f.KeyFeed.KeyChanges(ctx, since)
	if since != 0 && !f.notified.Load() {
		changes.Keys, changes.Mark = nil, since
	}
	return changes, err
}

func TestKeysWorkWhilePostgresIsAway(t *testing.T) {
	t.Parallel()
	server := testkit.OwnPostgres(t)
	w := newWorldAt(t, server.URL())
	made, owner := w.signUp(t, "ada@example.com")
	run(t, w.Ring)
	verify := func() error { _, err := w.Ring.Verify(made.Publishable.Token); return err }

	server.Kill()
	require.Error(t, w.Ring.Refresh(t.Context()))
	require.NoError(t, verify())
	secret, err := w.Ring.Verify(made.Secret.Token)
	require.NoError(t, err, "a token that was not cached yet")
	require.Equal(t, made.Tenant.ID, secret.Tenant)
	_, err = w.Accounts.LogIn(t.Context(), tenants.LogInInput{Email: "ada@example.com", Password: password, Address: home})
	require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)

	w.Clock.Advance(24 * time.Hour)
	require.NoError(t, verify())
	require.GreaterOrEqual(t, w.Ring.Staleness(), 24*time.Hour)
	w.Clock.Advance(time.Minute)
	require.ErrorIs(t, verify(), tenants.ErrKeysStale, "bounded in time")
	require.ErrorIs(t, w.Ring.Ready(), tenants.ErrKeysStale)

	server.Start()
	testkit.Eventually(t, 20*time.Second, verify)
	require.NoError(t, w.Ring.Ready())
	_, err = w.Keys.Revoke(t.Context(), owner, made.Publishable.Key.ID)
	require.NoError(t, err)
	require.ErrorIs(t, verify(), tenants.ErrKeyRevoked)
}

func TestRingThatWasNeverFilled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, _ := w.signUp(t, "ada@example.com")
	empty := w.newRing(t, w.Store)
	_, err := empty.Verify(made.Publishable.Token)
	require.ErrorIs(t, err, tenants.ErrKeysNotLoaded)
	require.ErrorIs(t, empty.Ready(), tenants.ErrKeysNotLoaded)
	w.Clock.Advance(time.Minute)
	require.Equal(t, time.Minute, empty.Staleness())
	require.NoError(t, empty.Refresh(t.Context()))
	require.Zero(t, empty.Staleness())
	require.Equal(t, 2, empty.Len())
}

func TestKeyThatIsOnItsWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signUp(t, "ada@example.com")
	other := w.newRing(t, w.Store)
	require.NoError(t, other.Refresh(t.Context()))
	made, _ := w.signUp(t, "bob@example.com")

	_, err := other.Verify(made.Secret.Token)
	require.ErrorIs(t, err, tenants.ErrKeyNotYetKnown, "a client told 401 would throw its events away")
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
	w.Clock.Advance(11 * time.Second)
	_, err = other.Verify(made.Secret.Token)
	require.ErrorIs(t, err, tenants.ErrKeyUnknown)
	require.NoError(t, other.Refresh(t.Context()))
	_, err = other.Verify(made.Secret.Token)
	require.NoError(t, err)
}

// TestVerifyRefuses goes through the rules of RFC 8725.
func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, _ := w.signUp(t, "ada@example.com")
	stranger := newWorld(t, func(c *tenants.Config) { c.SecretKey = []byte(strings.Repeat("x", tenants.SecretKeyLength)) })
	strange, _ := stranger.signUp(t, "ada@example.com")

	token := made.Secret.Token
	parts := strings.Split(token, ".")
	kid := made.Secret.Key.KID
	claims := jwt.MapClaims{}
	_, _, err := jwt.NewParser().ParseUnverified(token, claims)
	require.NoError(t, err)
	public, err := base64.RawURLEncoding.DecodeString(w.Ring.JWKS().Keys[0].X)
	require.NoError(t, err)
	_, ownKey, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	forge := func(method jwt.SigningMethod, header map[string]any, key any) string {
		tok := jwt.NewWithClaims(method, claims)
		tok.Header["typ"], tok.Header["kid"] = "observatory-key+jwt", kid
		for name, value := range header {
			tok.Header[name] = value
		}
		signed, err := tok.SignedString(key)
		require.NoError(t, err)
		return signed
	}
	admin := base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(decode(t, parts[1]), "query:read", "admin", 1)))

	for name, c := range map[string]struct {
		token string
		want  error
	}{
		"nothing":                    {"", tenants.ErrKeyMissing},
		"no token":                   {"hello", tenants.ErrKeyMalformed},
		"too many parts":             {token + ".x", tenants.ErrKeyMalformed},
		"over 4 KiB":                 {token + strings.Repeat(" ", 4096), tenants.ErrKeyMalformed},
		"cut short":                  {token[:len(token)-1], tenants.ErrKeyMalformed},
		"another spelling of base64": {token[:len(token)-1] + string(next64(token[len(token)-1])), tenants.ErrKeyMalformed},
		"a wider scope":              {parts[0] + "." + admin + "." + parts[2], tenants.ErrKeyWrongSignature},
		"another server's key":       {strange.Secret.Token, tenants.ErrKeyUnknown},
		"signed with another key":    {forge(jwt.SigningMethodEdDSA, nil, ownKey), tenants.ErrKeyWrongSignature},
		"alg none":                   {forge(jwt.SigningMethodNone, nil, jwt.UnsafeAllowNoneSignatureType), tenants.ErrKeyWrongSignature},
		"HMAC with the public key":   {forge(jwt.SigningMethodHS256, nil, public), tenants.ErrKeyWrongSignature},
		"a kid of their own":         {forge(jwt.SigningMethodEdDSA, map[string]any{"kid": "mine"}, ownKey), tenants.ErrKeyUnknown},
		"a kid that is a path":       {forge(jwt.SigningMethodEdDSA, map[string]any{"kid": "../../etc/passwd"}, ownKey), tenants.ErrKeyUnknown},
		"a kid that is no text":      {forge(jwt.SigningMethodEdDSA, map[string]any{"kid": 1}, ownKey), tenants.ErrKeyMalformed},
		"a key in the header":        {forge(jwt.SigningMethodEdDSA, map[string]any{"jwk": map[string]any{"kty": "OKP", "crv": "Ed25519", "x": "AA"}}, ownKey), tenants.ErrKeyWrongSignature},
		"another type of token":      {forge(jwt.SigningMethodEdDSA, map[string]any{"typ": "JWT"}, ownKey), tenants.ErrKeyMalformed},
	} {
		key, err := w.Ring.Verify(c.token)
		require.ErrorIs(t, err, c.want, name)
		require.Nil(t, key)
	}
	_, err = w.Ring.Verify(token)
	require.NoError(t, err)
}

// Whoever got hold of a signing key still cannot make keys that are not in the books, or widen those that are.
func TestVerifyTrustsTheBooksMoreThanTheSignature(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, _ := w.signUp(t, "ada@example.com")
	other, _ := w.signUp(t, "bob@example.com")
	private := w.stealSigningKey(t)
	forge := func(change func(jwt.MapClaims)) string {
		claims := jwt.MapClaims{}
		_, _, err := jwt.NewParser().ParseUnverified(made.Secret.Token, claims)
		require.NoError(t, err)
		change(claims)
		tok := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims)
		tok.Header["typ"], tok.Header["kid"] = "observatory-key+jwt", made.Secret.Key.KID
		signed, err := tok.SignedString(private)
		require.NoError(t, err)
		return signed
	}
	verify := func(change func(jwt.MapClaims)) error {
		_, err := w.Ring.Verify(forge(change))
		return err
	}
	require.NoError(t, verify(func(jwt.MapClaims) {}), "the stolen key signs")
	require.ErrorIs(t, verify(func(c jwt.MapClaims) { c["scope"] = "admin" }), tenants.ErrKeyUnknown)
	require.ErrorIs(t, verify(func(c jwt.MapClaims) { c["sub"] = other.Tenant.ID.String() }), tenants.ErrKeyUnknown)
	require.ErrorIs(t, verify(func(c jwt.MapClaims) { c["src"] = other.Source.ID.String() }), tenants.ErrKeyUnknown)
	require.ErrorIs(t, verify(func(c jwt.MapClaims) { c["env"] = "staging" }), tenants.ErrKeyUnknown)
	require.ErrorIs(t, verify(func(c jwt.MapClaims) { c["iss"] = "somebody" }), tenants.ErrKeyUnknown)
	require.ErrorIs(t, verify(func(c jwt.MapClaims) { c["aud"] = "another service" }), tenants.ErrKeyUnknown)
	require.ErrorIs(t, verify(func(c jwt.MapClaims) { delete(c, "aud") }), tenants.ErrKeyMalformed)
	require.ErrorIs(t, verify(func(c jwt.MapClaims) { c["jti"] = "x" }), tenants.ErrKeyMalformed)
	require.ErrorIs(t, verify(func(c jwt.MapClaims) { c["src"] = "x" }), tenants.ErrKeyMalformed)
	require.ErrorIs(t, verify(func(c jwt.MapClaims) { c["exp"] = 1 }), tenants.ErrKeyHasExpired)
	require.ErrorIs(t, verify(func(c jwt.MapClaims) { c["jti"], c["iat"] = tenants.NewKeyID().String(), 1 }), tenants.ErrKeyUnknown)
}

func TestVerifyOnManyGoroutines(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, owner := w.signUp(t, "ada@example.com")
	ring := tenants.NewKeyRing(tenants.KeyRingConfig{CacheSize: 2}, tenants.KeyRingDeps{Feed: w.Store, Log: testkit.Logger(t), Now: w.Clock.Now})
	tokens := []string{made.Publishable.Token, made.Secret.Token}
	for range 3 {
		k, err := w.Keys.Create(t.Context(), owner, tenants.CreateKeyInput{Source: made.Source.ID, Kind: tenants.Secret, Name: "Key"})
		require.NoError(t, err)
		tokens = append(tokens, k.Token)
	}
	require.NoError(t, ring.Refresh(t.Context()))
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 200 {
				token := tokens[(g+i)%len(tokens)]
				if k, err := ring.Verify(token); err != nil || !strings.HasSuffix(token, k.Hint) {
					t.Error(err, k)
				}
			}
		})
	}
	wg.Go(func() {
		for range 20 {
			if err := ring.Refresh(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Wait()
}

//nolint:paralleltest // AllocsPerRun counts everybody's
func TestVerifyHitDoesNotAllocate(t *testing.T) {
	w := newWorld(t)
	made, _ := w.signUp(t, "ada@example.com")
	require.Zero(t, testing.AllocsPerRun(100, func() {
		if _, err := w.Ring.Verify(made.Publishable.Token); err != nil {
			t.Error(err)
		}
	}))
}

// A hit is what nearly every request costs; a miss is what it would cost without remembering verified tokens.
func BenchmarkVerify(b *testing.B) {
	w := newWorld(b)
	made, _ := w.signUp(b, "ada@example.com")
	tokens := []string{made.Publishable.Token, made.Secret.Token}
	for name, remembered := range map[string]int{"hit": 16, "miss": 1} {
		b.Run(name, func(b *testing.B) {
			ring := tenants.NewKeyRing(tenants.KeyRingConfig{CacheSize: remembered}, tenants.KeyRingDeps{Feed: w.Store, Log: testkit.Logger(b), Now: time.Now})
			require.NoError(b, ring.Refresh(b.Context()))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := ring.Verify(tokens[i%len(tokens)]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// stealSigningKey does what a thief with the database and the secret key could.
func (w *world) stealSigningKey(t *testing.T) crypto.Signer {
	t.Helper()
	live, err := w.SigningKeys.List(t.Context())
	require.NoError(t, err)
	return tenants.OpenSigningKey(t, w.cfg.SecretKey, live[0])
}

func decode(t *testing.T, part string) string {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(part)
	require.NoError(t, err)
	return string(b)
}

// next64 is the base64 digit that differs from c in the lowest bit only, which the last digit of a signature does not use.
func next64(c byte) byte {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return digits[strings.IndexByte(digits, c)^1]
}
