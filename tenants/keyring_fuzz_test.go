package tenants_test

import (
	"context"
	"crypto/ed25519"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/internal/follow"
	"github.com/observatory/observatory/tenants"
)

// FuzzVerify looks for a token that is taken and is not the one that was issued, and for a panic.
func FuzzVerify(f *testing.F) {
	// Everything is fixed, so that the corpus holds tokens that are nearly right.
	now := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	private := ed25519.NewKeyFromSeed([]byte("a seed of thirty-two bytes......"))
	public := private.Public().(ed25519.PublicKey) //nolint:forcetypeassert // documented
	key := tenants.APIKey{
		ID: tenants.KeyID{1}, Tenant: tenants.ID{2}, Source: tenants.SourceID{3}, Kind: tenants.Secret, Env: tenants.Production,
		Scopes: tenants.Scopes{tenants.ScopeEventsWrite}, KID: tenants.Thumbprint(public), CreatedAt: now,
	}
	issued := tenants.SignToken(f, key, private)
	ring := tenants.NewKeyRing(tenants.KeyRingConfig{}, tenants.KeyRingDeps{
		Feed: books{tenants.KeyChanges{
			Keys: []tenants.APIKey{key}, Complete: true, Signing: []tenants.SigningPublicKey{{KID: key.KID, Public: public}}, Mark: 1,
		}},
		Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return now },
	})
	require.NoError(f, ring.Refresh(f.Context()))
	_, err := ring.Verify(issued)
	require.NoError(f, err)

	f.Add(issued)
	f.Add(issued + "=")
	f.Add(strings.Replace(issued, ".", "..", 1))
	f.Add(issued[:strings.LastIndexByte(issued, '.')+1])
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Add("eyJhbGciOiJFZERTQSJ9.bnVsbA.AA")
	f.Fuzz(func(t *testing.T, token string) {
		verified, err := ring.Verify(token)
		if (err == nil) != (token == issued) {
			t.Fatalf("%q: %v, %v", token, verified, err)
		}
		if err != nil && (verified != nil || fault.KindOf(err) != fault.Unauthenticated) {
			t.Fatalf("%q: %v", token, err)
		}
	})
}

// books is a feed that never changes.
type books struct{ all tenants.KeyChanges }

func (b books) KeyChanges(context.Context, follow.Mark) (tenants.KeyChanges, error) {
	return b.all, nil
}

func (books) ListenKeys(ctx context.Context, _ func()) { <-ctx.Done() }
