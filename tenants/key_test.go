package tenants_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

func TestCreateKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, owner := w.signUp(t, "ada@example.com")
	end := w.Clock.Now().Add(time.Hour)

	created, err := w.Keys.Create(t.Context(), owner, tenants.CreateKeyInput{
		Source: made.Source.ID, Kind: tenants.Secret, Name: " CI ", Env: tenants.Staging, ExpiresAt: &end,
		Scopes: tenants.Scopes{tenants.ScopeAdmin, tenants.ScopeQueryRead, tenants.ScopeAdmin},
	})
	require.NoError(t, err)
	require.True(t, strings.HasSuffix(created.Token, created.Key.Hint))
	require.Len(t, created.Key.Hint, 6)
	require.Equal(t, "CI", created.Key.Name)
	require.Equal(t, tenants.Scopes{tenants.ScopeQueryRead, tenants.ScopeAdmin}, created.Key.Scopes)
	require.Equal(t, "ada@example.com", created.Key.CreatedBy)
	require.Equal(t, end.UTC().Truncate(time.Second), *created.Key.ExpiresAt)

	stored, err := w.Keys.Get(t.Context(), made.Tenant.ID, created.Key.ID)
	require.NoError(t, err)
	require.Equal(t, created.Key, stored)
	verified, err := w.Ring.Verify(created.Token)
	require.NoError(t, err)
	require.Equal(t, created.Key, *verified)
	require.Equal(t, tenants.KeyExpiring, verified.State(w.Clock.Now()))

	p := verified.Principal()
	require.True(t, p.Has(tenants.ScopeAdmin) && p.Can(tenants.ManageKeys) && p.Can(tenants.Query))
	require.False(t, p.Has(tenants.ScopeEventsWrite) || p.Can(tenants.ManagePrivacy))
	require.Equal(t, fault.Forbidden, fault.KindOf(p.RequireScope(tenants.ScopeEventsWrite)))
	require.ErrorIs(t, p.Require(tenants.ManagePrivacy), tenants.ErrScopeMissing)

	w.Clock.Advance(time.Hour)
	_, err = w.Ring.Verify(created.Token)
	require.ErrorIs(t, err, tenants.ErrKeyHasExpired)

	all, err := w.Keys.List(t.Context(), made.Tenant.ID)
	require.NoError(t, err)
	require.Equal(t, created.Key.ID, all[0].ID, "newest first")
	require.Len(t, all, 3)
}

func TestCreateKeyRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, owner := w.signUp(t, "ada@example.com")
	other, _ := w.signUp(t, "bob@example.com")
	past := w.Clock.Now()
	good := tenants.CreateKeyInput{Source: made.Source.ID, Kind: tenants.Publishable, Name: "Key"}
	for name, c := range map[string]struct {
		change func(*tenants.CreateKeyInput)
		want   error
	}{
		"an unknown kind":  {func(in *tenants.CreateKeyInput) { in.Kind = "root" }, tenants.ErrKeyKindUnknown},
		"no name":          {func(in *tenants.CreateKeyInput) { in.Name = "" }, tenants.ErrNameInvalid},
		"an unknown scope": {func(in *tenants.CreateKeyInput) { in.Scopes = tenants.Scopes{"events:delete"} }, tenants.ErrScopeUnknown},
		"a publishable key that asks": {func(in *tenants.CreateKeyInput) {
			in.Scopes = tenants.Scopes{tenants.ScopeEventsWrite, tenants.ScopeQueryRead}
		}, tenants.ErrKeyScopesInvalid},
		"no scopes at all":        {func(in *tenants.CreateKeyInput) { in.Kind, in.Scopes = tenants.Secret, tenants.Scopes{} }, tenants.ErrKeyScopesInvalid},
		"an unknown environment":  {func(in *tenants.CreateKeyInput) { in.Env = "moon" }, tenants.ErrEnvUnknown},
		"origins of a secret key": {func(in *tenants.CreateKeyInput) { in.Kind, in.Origins = tenants.Secret, []string{"*"} }, tenants.ErrKeyTakesNoOrigins},
		"no origin":               {func(in *tenants.CreateKeyInput) { in.Origins = []string{"example.com"} }, tenants.ErrOriginInvalid},
		"an end in the past":      {func(in *tenants.CreateKeyInput) { in.ExpiresAt = &past }, tenants.ErrKeyExpiryInvalid},
		"no source":               {func(in *tenants.CreateKeyInput) { in.Source = tenants.SourceID{} }, tenants.ErrSourceNotFound},
		"somebody else's source":  {func(in *tenants.CreateKeyInput) { in.Source = other.Source.ID }, tenants.ErrSourceNotFound},
	} {
		in := good
		c.change(&in)
		_, err := w.Keys.Create(t.Context(), owner, in)
		require.ErrorIs(t, err, c.want, name)
	}
	viewer := by(t, w.join(t, owner, "viewer@example.com", tenants.RoleViewer).Session)
	_, err := w.Keys.Create(t.Context(), viewer, good)
	require.ErrorIs(t, err, tenants.ErrPermissionDenied)
	_, err = w.Keys.Create(t.Context(), byKey(made.Secret.Key), good)
	require.ErrorIs(t, err, tenants.ErrScopeMissing)
}

func TestKeysDoNotMakeMightierKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, owner := w.signUp(t, "ada@example.com")
	secret := func(by tenants.By, scopes ...tenants.Scope) (tenants.CreatedKey, error) {
		return w.Keys.Create(t.Context(), by, tenants.CreateKeyInput{Source: made.Source.ID, Kind: tenants.Secret, Name: "Key", Scopes: scopes})
	}
	admin, err := secret(owner, tenants.ScopeAdmin)
	require.NoError(t, err)
	all, err := secret(owner, tenants.AllScopes()...)
	require.NoError(t, err)

	_, err = secret(byKey(admin.Key), tenants.ScopeAdmin, tenants.ScopeEventsWrite)
	require.NoError(t, err)
	_, err = secret(byKey(admin.Key), tenants.ScopeQueryRead)
	require.ErrorIs(t, err, tenants.ErrKeyScopesTooWide)
	_, err = w.Keys.Rotate(t.Context(), byKey(admin.Key), all.Key.ID, tenants.RotateKeyInput{})
	require.ErrorIs(t, err, tenants.ErrKeyScopesTooWide, "rotating shows the new token to whoever asked")
	_, err = w.Members.Invite(t.Context(), byKey(all.Key), tenants.InviteInput{Email: "x@example.com", Role: tenants.RoleAdmin})
	require.ErrorIs(t, err, tenants.ErrScopeMissing)
}

func TestUpdateKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, owner := w.signUp(t, "ada@example.com")
	name, origins := "Shop", []string{"HTTPS://Shop.Example.com:443/", "https://*.example.com", "https://shop.example.com"}

	key, err := w.Keys.Update(t.Context(), owner, made.Publishable.Key.ID, tenants.UpdateKeyInput{Name: &name, Origins: &origins})
	require.NoError(t, err)
	require.Equal(t, []string{"https://shop.example.com", "https://*.example.com"}, key.Origins)
	verified, err := w.Ring.Verify(made.Publishable.Token)
	require.NoError(t, err)
	require.Equal(t, key, *verified, "the token is the same, what it may do is not")
	require.False(t, verified.AllowsOrigin("https://elsewhere.example"))

	_, err = w.Keys.Update(t.Context(), owner, made.Secret.Key.ID, tenants.UpdateKeyInput{Origins: &origins})
	require.ErrorIs(t, err, tenants.ErrKeyTakesNoOrigins)
	other, _ := w.signUp(t, "bob@example.com")
	_, err = w.Keys.Update(t.Context(), owner, other.Publishable.Key.ID, tenants.UpdateKeyInput{Name: &name})
	require.ErrorIs(t, err, tenants.ErrKeyNotFound)
	_, err = w.Keys.Revoke(t.Context(), owner, other.Publishable.Key.ID)
	require.ErrorIs(t, err, tenants.ErrKeyNotFound)

	before := len(w.actions(t, made.Tenant.ID))
	_, err = w.Keys.Update(t.Context(), owner, key.ID, tenants.UpdateKeyInput{Name: &name, Origins: &origins})
	require.NoError(t, err)
	require.Len(t, w.actions(t, made.Tenant.ID), before, "what changes nothing is no change")
}

func TestRotateKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, owner := w.signUp(t, "ada@example.com")
	id := made.Secret.Key.ID
	for _, grace := range []time.Duration{-time.Second, tenants.MaxKeyGrace + time.Second} {
		_, err := w.Keys.Rotate(t.Context(), owner, id, tenants.RotateKeyInput{Grace: grace})
		require.ErrorIs(t, err, tenants.ErrKeyGraceInvalid)
	}
	rotated, err := w.Keys.Rotate(t.Context(), owner, id, tenants.RotateKeyInput{Grace: time.Hour})
	require.NoError(t, err)
	require.NotEqual(t, id, rotated.Key.ID)
	require.Equal(t, made.Secret.Key.Scopes, rotated.Key.Scopes)
	require.Equal(t, w.Clock.Now().Add(time.Hour).UTC().Truncate(time.Microsecond), *rotated.Old.ExpiresAt)

	old, err := w.Ring.Verify(made.Secret.Token)
	require.NoError(t, err, "both work in the grace period")
	require.Equal(t, tenants.KeyExpiring, old.State(w.Clock.Now()))
	_, err = w.Ring.Verify(rotated.Token)
	require.NoError(t, err)

	again, err := w.Keys.Rotate(t.Context(), owner, id, tenants.RotateKeyInput{Grace: 2 * time.Hour})
	require.NoError(t, err)
	require.Equal(t, rotated.Old.ExpiresAt, again.Old.ExpiresAt, "the end is never moved further away")

	w.Clock.Advance(time.Hour)
	_, err = w.Ring.Verify(made.Secret.Token)
	require.ErrorIs(t, err, tenants.ErrKeyHasExpired)
	_, err = w.Keys.Rotate(t.Context(), owner, id, tenants.RotateKeyInput{})
	require.ErrorIs(t, err, tenants.ErrKeyNotActive)

	now, err := w.Keys.Rotate(t.Context(), owner, rotated.Key.ID, tenants.RotateKeyInput{})
	require.NoError(t, err)
	_, err = w.Ring.Verify(rotated.Token)
	require.ErrorIs(t, err, tenants.ErrKeyHasExpired, "no grace")
	_, err = w.Ring.Verify(now.Token)
	require.NoError(t, err)
	w.verifyAudit(t, made.Tenant.ID)
}

func TestRevokeKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, owner := w.signUp(t, "ada@example.com")
	_, err := w.Ring.Verify(made.Secret.Token)
	require.NoError(t, err)

	revoked, err := w.Keys.Revoke(t.Context(), owner, made.Secret.Key.ID)
	require.NoError(t, err)
	require.Equal(t, tenants.KeyRevoked, revoked.State(w.Clock.Now()))
	_, err = w.Ring.Verify(made.Secret.Token)
	require.ErrorIs(t, err, tenants.ErrKeyRevoked, "at once on this node, though the token was cached")
	_, err = w.Ring.Verify(made.Publishable.Token)
	require.NoError(t, err)

	again, err := w.Keys.Revoke(t.Context(), owner, made.Secret.Key.ID)
	require.NoError(t, err)
	require.Equal(t, revoked.RevokedAt, again.RevokedAt)
	actions := w.actions(t, made.Tenant.ID)
	require.Equal(t, "api_key.revoked", actions[len(actions)-1])
	require.NotEqual(t, "api_key.revoked", actions[len(actions)-2])
}

func TestSources(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, owner := w.signUp(t, "ada@example.com")
	app, err := w.Sources.Create(t.Context(), owner, tenants.CreateSourceInput{Name: "App", Kind: tenants.SourceApp, Env: tenants.Development})
	require.NoError(t, err)
	key, err := w.Keys.Create(t.Context(), owner, tenants.CreateKeyInput{Source: app.ID, Kind: tenants.Publishable, Name: "App"})
	require.NoError(t, err)
	require.Equal(t, tenants.Development, key.Key.Env, "a key takes after its source")
	require.False(t, key.Key.AllowsOrigin("https://example.com"), "no origins, no pages")

	renamed, err := w.Sources.Rename(t.Context(), owner, app.ID, "The app")
	require.NoError(t, err)
	require.Equal(t, "The app", renamed.Name)
	archived, err := w.Sources.Archive(t.Context(), owner, app.ID)
	require.NoError(t, err)
	require.NotNil(t, archived.ArchivedAt)
	_, err = w.Ring.Verify(key.Token)
	require.ErrorIs(t, err, tenants.ErrKeyRevoked)
	_, err = w.Ring.Verify(made.Publishable.Token)
	require.NoError(t, err, "other sources' keys go on")
	_, err = w.Keys.Create(t.Context(), owner, tenants.CreateKeyInput{Source: app.ID, Kind: tenants.Secret, Name: "App"})
	require.ErrorIs(t, err, tenants.ErrSourceArchived)
	again, err := w.Sources.Archive(t.Context(), owner, app.ID)
	require.NoError(t, err)
	require.Equal(t, archived, again)

	all, err := w.Sources.List(t.Context(), made.Tenant.ID)
	require.NoError(t, err)
	require.Equal(t, []tenants.Source{made.Source, archived}, all)
	_, bob := w.signUp(t, "bob@example.com")
	_, err = w.Sources.Rename(t.Context(), bob, app.ID, "Mine")
	require.ErrorIs(t, err, tenants.ErrSourceNotFound)
	_, err = w.Sources.Create(t.Context(), owner, tenants.CreateSourceInput{Name: "X", Kind: "toaster"})
	require.ErrorIs(t, err, tenants.ErrSourceKindUnknown)
	w.verifyAudit(t, made.Tenant.ID)
}
