package tenantspg_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/follow"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tenants"
)

// A transaction that was still running when the mark was taken is in the next answer, whatever was committed meanwhile.
func TestKeyChangesMissNoTransaction(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.signUp(t, "ada@example.com")
	other := w.signUp(t, "bob@example.com")
	all, err := w.store.KeyChanges(t.Context(), 0)
	require.NoError(t, err)
	require.True(t, all.Complete)
	require.Len(t, all.Keys, 4)
	require.Len(t, all.Signing, 1)
	mark := all.Mark

	changed := func() map[tenants.KeyID]bool {
		t.Helper()
		changes, err := w.store.KeyChanges(t.Context(), mark)
		require.NoError(t, err)
		require.False(t, changes.Complete)
		require.Len(t, changes.Signing, 1, "always")
		mark = changes.Mark
		ids := map[tenants.KeyID]bool{}
		for _, k := range changes.Keys {
			ids[k.ID] = k.Name == "slow" || k.Name == "fast"
		}
		return ids
	}
	slow, fast := made.Secret.Key.ID, other.Secret.Key.ID
	err = w.pool.WithTenant(t.Context(), uuid.UUID(made.Tenant.ID), func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), "UPDATE api_keys SET name = 'slow' WHERE id = $1", uuid.UUID(slow))
		require.NoError(t, err)
		err = w.pool.WithTenant(t.Context(), uuid.UUID(other.Tenant.ID), func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), "UPDATE api_keys SET name = 'fast' WHERE id = $1", uuid.UUID(fast))
			return err
		})
		require.NoError(t, err)
		ids := changed() // moves the mark past the fast one, which began later
		require.True(t, ids[fast])
		require.False(t, ids[slow])
		require.False(t, changed()[slow])
		return nil
	})
	require.NoError(t, err)
	require.True(t, changed()[slow])
	testkit.Eventually(t, 30*time.Second, func() error { // transactions of other tests hold the mark back
		if n := len(changed()); n > 0 {
			return fmt.Errorf("%d keys change all the time", n)
		}
		return nil
	})
}

func TestKeyChangesFromAnotherServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signUp(t, "ada@example.com")
	changes, err := w.store.KeyChanges(t.Context(), 1<<60) // a mark ahead of this server's transactions
	require.NoError(t, err)
	require.True(t, changes.Complete)
	require.Len(t, changes.Keys, 2)
	require.Less(t, changes.Mark, follow.Mark(1<<60))
}

func TestKeysThatEndedLongAgoAreLeftOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.signUp(t, "ada@example.com")
	end := func(k tenants.CreatedKey, column string, ago time.Duration) {
		err := w.pool.WithTenant(t.Context(), uuid.UUID(made.Tenant.ID), func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), "UPDATE api_keys SET "+column+" = $1 WHERE id = $2", time.Now().Add(-ago), uuid.UUID(k.Key.ID))
			return err
		})
		require.NoError(t, err)
	}
	end(made.Secret, "revoked_at", 91*24*time.Hour)
	end(made.Publishable, "expires_at", 89*24*time.Hour)
	changes, err := w.store.KeyChanges(t.Context(), 0)
	require.NoError(t, err)
	require.Len(t, changes.Keys, 1)
	require.Equal(t, made.Publishable.Key.ID, changes.Keys[0].ID)
}

func TestListenKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, stop := context.WithCancel(t.Context())
	calls, done := make(chan struct{}, 100), make(chan struct{})
	go func() {
		defer close(done)
		w.store.ListenKeys(ctx, func() { calls <- struct{}{} })
	}()
	<-calls // it listens
	made := w.signUp(t, "ada@example.com")
	<-calls // the keys
	_, err := w.SigningKeys.Rotate(t.Context(), tenants.RotateSigningKeyInput{})
	require.NoError(t, err)
	<-calls
	p, err := made.Session.Principal()
	require.NoError(t, err)
	_, err = w.Keys.Revoke(t.Context(), tenants.By{Principal: p}, made.Secret.Key.ID)
	require.NoError(t, err)
	<-calls
	stop()
	<-done
}
