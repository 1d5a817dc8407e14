// Package copytest holds the tests that every privacy.Copy goes through.
package copytest

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/tenants"
)

// House is a copy with what is needed to fill it and to look into it. All tests work on it at the same time, each with tenants of its own.
type House struct {
	Copy privacy.Copy
	// Put stores something of a person, received at that time. A copy that keeps nothing about times of receipt ignores it, and says so with Timeless.
	Put func(t testing.TB, tenant tenants.ID, person privacy.Subjects, receivedAt time.Time)
	// Settle lets happen what happens by and by: purges, and what is computed from other copies.
	Settle func(t testing.TB)
	// Search looks for a text wherever the copy or its way of erasing may leave it: files, tables of the system, texts of statements. It
	// returns where it was found. Nil where the copy's own Find is all that there is.
	Search func(t testing.TB, text string) []string
	// Timeless copies erase whatever there is, whenever it was received.
	Timeless bool
}

// Run runs all tests.
func Run(t *testing.T, h House) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, House){
		"it finds what is theirs, and nothing of others": findsWhatIsTheirs,
		"erasing leaves nothing":                         erasingLeavesNothing,
		"twice is the same as once":                      twiceIsTheSame,
		"others lose nothing":                            othersLoseNothing,
		"what came later stays":                          whatCameLaterStays,
		"it is done again after a crash":                 itIsDoneAgainAfterACrash,
		"nobody's name stays behind":                     nobodysNameStaysBehind,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, h)
		})
	}
}

// person makes somebody whose names nobody else has.
func person() privacy.Subjects {
	return privacy.Subjects{UserIDs: []string{"user-" + uuid.NewString()}, AnonymousIDs: []string{"anonymous-" + uuid.NewString()}}
}

func both(a, b privacy.Subjects) privacy.Subjects {
	a.UserIDs = append(a.UserIDs[:1:1], b.UserIDs...)
	a.AnonymousIDs = append(a.AnonymousIDs[:1:1], b.AnonymousIDs...)
	return a
}

func operation(who privacy.Subjects, before time.Time) privacy.Operation {
	return privacy.Operation{ID: uuid.Must(uuid.NewV7()), Subjects: who, ReceivedBefore: before}
}

func newTenant() tenants.ID { return tenants.ID(uuid.New()) }

// noon is when things are received, of a day that is over.
func noon() time.Time {
	return time.Now().UTC().Truncate(24 * time.Hour).Add(-12 * time.Hour)
}

func (h House) items(t testing.TB, tenant tenants.ID, op privacy.Operation) int64 {
	t.Helper()
	found, err := h.Copy.Find(t.Context(), tenant, op)
	require.NoError(t, err)
	require.NotEmpty(t, found.Unit)
	return found.Items
}

// gone erases and waits until nothing is left, as a request does: what turns up again is erased again.
func (h House) gone(t testing.TB, tenant tenants.ID, op privacy.Operation) {
	t.Helper()
	_, err := h.Copy.Erase(t.Context(), tenant, op)
	require.NoError(t, err)
	h.verified(t, tenant, op)
}

func (h House) verified(t testing.TB, tenant tenants.ID, op privacy.Operation) {
	t.Helper()
	const long = 30 * time.Second
	for deadline := time.Now().Add(long); ; time.Sleep(50 * time.Millisecond) {
		if h.Settle != nil {
			h.Settle(t)
		}
		v, err := h.Copy.Verify(t.Context(), tenant, op)
		require.NoError(t, err)
		if v.Left == 0 && v.Pending == "" {
			return
		}
		if v.Left > 0 && v.Pending == "" {
			_, err := h.Copy.Erase(t.Context(), tenant, op)
			require.NoError(t, err)
		}
		if time.Now().After(deadline) {
			require.Fail(t, "it is not gone", "%d left; %s", v.Left, v.Pending)
		}
	}
}

func findsWhatIsTheirs(t *testing.T, h House) {
	tenant, alice, bob := newTenant(), person(), person()
	require.Zero(t, h.items(t, tenant, operation(alice, noon())))
	h.Put(t, tenant, alice, noon().Add(-time.Hour))
	h.Put(t, tenant, bob, noon().Add(-time.Hour))
	one := h.items(t, tenant, operation(alice, noon()))
	require.Positive(t, one)
	require.Equal(t, 2*one, h.items(t, tenant, operation(both(alice, bob), noon())))
	require.Zero(t, h.items(t, tenant, operation(person(), noon())))
	require.Zero(t, h.items(t, newTenant(), operation(alice, noon())), "another tenant's")
	require.Zero(t, h.items(t, tenant, operation(privacy.Subjects{}, noon())), "nobody is not everybody")
}

func erasingLeavesNothing(t *testing.T, h House) {
	tenant, alice, bob := newTenant(), person(), person()
	for range 3 {
		h.Put(t, tenant, alice, noon().Add(-time.Hour))
		h.Put(t, tenant, bob, noon().Add(-time.Hour))
	}
	op := operation(both(alice, bob), noon())
	_, err := h.Copy.Erase(t.Context(), tenant, op)
	require.NoError(t, err)
	if h.Settle == nil {
		require.Zero(t, h.items(t, tenant, op), "when Erase returns nobody sees it any more")
	}
	h.verified(t, tenant, op)
	require.Zero(t, h.items(t, tenant, op))

	nothing := operation(person(), noon())
	h.gone(t, tenant, nothing)
}

func twiceIsTheSame(t *testing.T, h House) {
	tenant, alice, bob := newTenant(), person(), person()
	h.Put(t, tenant, alice, noon().Add(-time.Hour))
	h.Put(t, tenant, bob, noon().Add(-time.Hour))
	op := operation(alice, noon())
	h.gone(t, tenant, op)
	bobs := h.items(t, tenant, operation(bob, noon()))
	require.Positive(t, bobs)
	h.gone(t, tenant, op)
	require.Equal(t, bobs, h.items(t, tenant, operation(bob, noon())))
}

func othersLoseNothing(t *testing.T, h House) {
	ours, theirs, alice, bob := newTenant(), newTenant(), person(), person()
	for _, tenant := range []tenants.ID{ours, theirs} { // who may have users of the same names
		h.Put(t, tenant, alice, noon().Add(-time.Hour))
		h.Put(t, tenant, bob, noon().Add(-time.Hour))
	}
	everybody := operation(both(alice, bob), noon())
	before := h.items(t, theirs, everybody)
	bobs := h.items(t, ours, operation(bob, noon()))
	h.gone(t, ours, operation(alice, noon()))
	require.Equal(t, bobs, h.items(t, ours, everybody))
	require.Equal(t, before, h.items(t, theirs, everybody))
}

func whatCameLaterStays(t *testing.T, h House) {
	if h.Timeless {
		t.Skip("nothing here has a time of receipt")
	}
	tenant, alice := newTenant(), person()
	h.Put(t, tenant, alice, noon().Add(-time.Millisecond))
	h.Put(t, tenant, alice, noon())
	all := operation(alice, noon().Add(time.Hour))
	both := h.items(t, tenant, all)
	op := operation(alice, noon())
	require.Equal(t, both/2, h.items(t, tenant, op))
	h.gone(t, tenant, op)
	require.Equal(t, both/2, h.items(t, tenant, all))
}

// itIsDoneAgainAfterACrash has many attempts die after any time, and one that does not.
func itIsDoneAgainAfterACrash(t *testing.T, h House) {
	tenant, alice, bob := newTenant(), person(), person()
	h.Put(t, tenant, alice, noon().Add(-time.Hour))
	h.Put(t, tenant, bob, noon().Add(-time.Hour))
	bobs := h.items(t, tenant, operation(bob, noon()))
	op := operation(alice, noon())
	for after := 2 * time.Millisecond; after < 200*time.Millisecond; after *= 4 {
		ctx, cancel := context.WithTimeout(t.Context(), after)
		_, _ = h.Copy.Erase(ctx, tenant, op)
		_, _ = h.Copy.Verify(ctx, tenant, op)
		cancel()
	}
	h.gone(t, tenant, op)
	require.Equal(t, bobs, h.items(t, tenant, operation(bob, noon())))
}

func nobodysNameStaysBehind(t *testing.T, h House) {
	if h.Search == nil {
		t.Skip("there is nothing to search besides what Find does")
	}
	tenant, alice, bob := newTenant(), person(), person()
	for range 3 {
		h.Put(t, tenant, alice, noon().Add(-time.Hour))
		h.Put(t, tenant, bob, noon().Add(-time.Hour))
	}
	for _, name := range append(alice.UserIDs, alice.AnonymousIDs...) {
		require.NotEmpty(t, h.Search(t, name), "the search finds what is there")
	}
	h.gone(t, tenant, operation(alice, noon()))
	for _, name := range append(alice.UserIDs, alice.AnonymousIDs...) {
		require.Empty(t, h.Search(t, name))
	}
	for _, name := range append(bob.UserIDs, bob.AnonymousIDs...) {
		require.NotEmpty(t, h.Search(t, name), "others are there still")
	}
}
