package tenants_test

import (
	"encoding/base64"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/tenants"
)

func TestRotateSigningKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, owner := w.signUp(t, "ada@example.com")
	_, bob := w.signUp(t, "bob@example.com")
	first := made.Secret.Key.KID
	require.Equal(t, []string{first}, kids(w.Ring.JWKS()))

	one, err := w.SigningKeys.Rotate(t.Context(), tenants.RotateSigningKeyInput{Operator: "operator"})
	require.NoError(t, err)
	require.Equal(t, first, one.Previous)
	require.Empty(t, one.Retired)
	require.ElementsMatch(t, []string{first, one.Current}, kids(w.Ring.JWKS()), "two live keys")
	_, err = w.Ring.Verify(made.Secret.Token)
	require.NoError(t, err, "keys signed before go on")
	fresh, err := w.Keys.Create(t.Context(), owner, tenants.CreateKeyInput{Source: made.Source.ID, Kind: tenants.Secret, Name: "Fresh"})
	require.NoError(t, err)
	require.Equal(t, one.Current, fresh.Key.KID)

	refused, err := w.SigningKeys.Rotate(t.Context(), tenants.RotateSigningKeyInput{Operator: "operator"})
	require.ErrorIs(t, err, tenants.ErrSigningKeyInUse)
	require.Len(t, refused.InTheWay, 4, "both organisations' first keys")
	require.Empty(t, refused.Current)
	for _, k := range refused.InTheWay {
		require.ErrorContains(t, err, k.ID.String(), "each is named")
	}
	require.ElementsMatch(t, []string{first, one.Current}, kids(w.Ring.JWKS()), "nothing changed")

	forced, err := w.SigningKeys.Rotate(t.Context(), tenants.RotateSigningKeyInput{Operator: "operator", CorrelationID: "c-op", Force: true})
	require.NoError(t, err)
	require.Equal(t, first, forced.Retired)
	require.Equal(t, one.Current, forced.Previous)
	require.ElementsMatch(t, []string{forced.Previous, forced.Current}, kids(w.Ring.JWKS()))
	_, err = w.Ring.Verify(made.Secret.Token)
	require.ErrorIs(t, err, tenants.ErrKeyUnknown, "its signature counts no more")
	_, err = w.Ring.Verify(fresh.Token)
	require.NoError(t, err)

	for _, tenant := range []tenants.ID{made.Tenant.ID, bob.Principal.Tenant} {
		page, err := w.Audit.List(t.Context(), tenant, "", 2)
		require.NoError(t, err)
		for _, e := range page.Entries {
			require.Equal(t, "api_key.revoked", e.Action)
			require.Equal(t, tenants.Actor{Kind: tenants.ActorSystem, Label: "operator"}, e.Actor)
			require.Equal(t, "signing key retired", e.Details["reason"])
		}
		w.verifyAudit(t, tenant)
	}
	keys, err := w.Keys.List(t.Context(), made.Tenant.ID)
	require.NoError(t, err)
	for _, k := range keys {
		require.Equal(t, k.KID == first, k.RevokedAt != nil, k.Name)
	}
}

func TestRotateSigningKeyWithoutKeysInTheWay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, owner := w.signUp(t, "ada@example.com")
	_, err := w.SigningKeys.Rotate(t.Context(), tenants.RotateSigningKeyInput{})
	require.NoError(t, err)
	for _, k := range []tenants.APIKey{made.Secret.Key, made.Publishable.Key} {
		_, err := w.Keys.Rotate(t.Context(), owner, k.ID, tenants.RotateKeyInput{})
		require.NoError(t, err)
	}
	done, err := w.SigningKeys.Rotate(t.Context(), tenants.RotateSigningKeyInput{})
	require.NoError(t, err)
	require.Equal(t, made.Secret.Key.KID, done.Retired)
	require.Empty(t, done.InTheWay)
}

func TestManyNodesMakeOneFirstSigningKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := w.SigningKeys.Ensure(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	live, err := w.SigningKeys.List(t.Context())
	require.NoError(t, err)
	require.Len(t, live, 1)
}

// The example of RFC 8037, appendix A.3.
func TestThumbprint(t *testing.T) {
	t.Parallel()
	public, err := base64.RawURLEncoding.DecodeString("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
	require.NoError(t, err)
	require.Equal(t, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", tenants.Thumbprint(public))
}

func TestAnotherSecretKeyOpensNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, owner := w.signUp(t, "ada@example.com")
	w.cfg.SecretKey = []byte("another secret key of 32 bytes..")
	other, err := tenants.New(w.cfg, w.deps)
	require.NoError(t, err)
	_, err = other.Keys.Create(t.Context(), owner, tenants.CreateKeyInput{Source: made.Source.ID, Kind: tenants.Secret, Name: "Key"})
	require.ErrorContains(t, err, "another secret key")

	w.cfg.SecretKey = []byte("short")
	_, err = tenants.New(w.cfg, w.deps)
	require.Error(t, err)
}

func kids(set tenants.JWKS) []string {
	all := make([]string, len(set.Keys))
	for i, k := range set.Keys {
		all[i] = k.KID
	}
	return all
}
