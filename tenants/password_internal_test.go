package tenants

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/fault"
)

func TestPasswordCost(t *testing.T) {
	t.Parallel()
	p := newPasswords(PasswordConfig{})
	hash, err := p.hash(t.Context(), "correct horse")
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(hash, "$argon2id$v=19$m=65536,t=3,p=1$"), hash)
	require.Equal(t, 2, cap(p.turns))

	for password, want := range map[string]bool{"correct horse": true, "correct horsf": false, "": false, strings.Repeat("x", 2000): false} {
		got, err := p.matches(t.Context(), password, hash)
		require.NoError(t, err)
		require.Equal(t, want, got, password)
	}
	got, err := p.matches(t.Context(), "anything", "")
	require.NoError(t, err)
	require.False(t, got, "nobody has no password")
	require.Equal(t, strings.Split(hash, "$")[3], strings.Split(p.decoy, "$")[3], "and costs as much to find out")

	other, err := p.hash(t.Context(), "correct horse")
	require.NoError(t, err)
	require.NotEqual(t, hash, other, "salted")
	require.False(t, p.outdated(hash))
	require.True(t, newPasswords(PasswordConfig{Passes: 4}).outdated(hash))
}

// The example of the reference implementation's test suite, in PHC string format: password "password", salt "somesalt".
func TestPasswordReferenceVector(t *testing.T) {
	t.Parallel()
	const hash = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	ok, err := newPasswords(PasswordConfig{}).matches(t.Context(), "password", hash)
	require.NoError(t, err)
	require.True(t, ok)
}

func TestPasswordsTakeTurns(t *testing.T) {
	t.Parallel()
	p := newPasswords(PasswordConfig{MemoryKiB: 64, Passes: 1, AtATime: 2, Waiting: 3})
	require.NoError(t, p.acquire(t.Context()))
	require.NoError(t, p.acquire(t.Context())) // both turns are taken
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if _, err := p.hash(t.Context(), "correct horse"); err != nil {
				t.Error(err)
			}
		})
	}
	for p.waiting.Load() < 3 { // each of the three arrives; nothing else can happen
		if t.Context().Err() != nil {
			return
		}
	}
	_, err := p.hash(t.Context(), "correct horse")
	require.ErrorIs(t, err, ErrPasswordsBusy)
	require.Positive(t, fault.From(err).RetryAfter)
	p.release()
	p.release()
	wg.Wait()

	require.NoError(t, p.acquire(t.Context()))
	require.NoError(t, p.acquire(t.Context()))
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = p.matches(gone, "correct horse", "")
	require.ErrorIs(t, err, context.Canceled, "who goes away gives up the place in the queue")
	require.Zero(t, p.waiting.Load())
}

func TestStoredHashThatIsBroken(t *testing.T) {
	t.Parallel()
	p := newPasswords(PasswordConfig{})
	for _, hash := range []string{
		"x", "$2y$10$abcdefghijklmnopqrstuv", "$argon2id$v=16$m=64,t=1,p=1$c2FsdA$aGFzaA", "$argon2id$v=19$m=64,t=0,p=1$c2FsdA$aGFzaA",
		"$argon2id$v=19$m=64,t=1,p=0$c2FsdA$aGFzaA", "$argon2id$v=19$m=64,t=1,p=1$!$aGFzaA", "$argon2id$v=19$m=64,t=1,p=1$c2FsdA$!",
		"$argon2i$v=19$m=64,t=1,p=1$c2FsdA$aGFzaA",
	} {
		ok, err := p.matches(t.Context(), "anything", hash)
		require.False(t, ok)
		require.Error(t, err, hash)
		require.NotErrorIs(t, err, ErrLogInFailed)
	}
}
