package privacypg_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/privacypg"
	"github.com/observatory/observatory/privacy/suppress"
	"github.com/observatory/observatory/tenants"
)

var errLate = errors.New("the mark has not come")

// list is the suppressions of two tenants, in a database.
type list struct {
	url   string
	pool  *pg.Pool
	store *privacypg.Store
	keys  suppress.Keys
	a, b  tenants.ID
}

func newList(t *testing.T) *list {
	t.Helper()
	l := &list{url: testkit.Postgres(t), a: tenants.NewID(), b: tenants.NewID()}
	var err error
	l.pool, err = pg.Open(t.Context(), l.url, pg.Options{})
	require.NoError(t, err)
	t.Cleanup(l.pool.Close)
	l.keys, err = suppress.NewKeys([]byte(strings.Repeat("k", 32)))
	require.NoError(t, err)
	l.store = privacypg.New(l.pool, l.keys, testkit.Logger(t))
	for _, tenant := range []tenants.ID{l.a, l.b} {
		require.NoError(t, l.pool.WithTenant(t.Context(), uuid.UUID(tenant), func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), "INSERT INTO tenants (id, name, timezone, created_at) VALUES ($1, 'Acme', 'UTC', now())", uuid.UUID(tenant))
			return err
		}))
	}
	return l
}

func user(value string) privacy.Identifier {
	return privacy.Identifier{Kind: privacy.UserID, Value: value}
}

func device(value string) privacy.Identifier {
	return privacy.Identifier{Kind: privacy.AnonymousID, Value: value}
}

func (l *list) states(t *testing.T, tenant tenants.ID, all ...privacy.Identifier) []privacy.SuppressionState {
	t.Helper()
	states, err := l.store.Suppressions().StateOf(t.Context(), tenant, all)
	require.NoError(t, err)
	for i := range states {
		states[i].Request = uuid.Nil
	}
	return states
}

// What was erased stays so, a standing is the last that was said, whoever frees one identifier frees what came with it, and nothing of one
// tenant is seen by another.
func TestSuppressions(t *testing.T) {
	t.Parallel()
	l := newList(t)
	s := l.store.Suppressions()
	noon, later := time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC), time.Date(2026, 2, 1, 13, 0, 0, 0, time.UTC)
	first, second := uuid.New(), uuid.New()
	_, err := s.Put(t.Context(), l.a, first, []privacy.Entry{
		{Identifier: user("ada-lovelace"), Standing: privacy.Barred, Erased: &later},
		{Identifier: device("phone"), Standing: privacy.Barred, Erased: &later},
		{Identifier: user("ben"), Standing: privacy.Restricted, Person: 1},
		{Identifier: device("phone"), Standing: privacy.Barred}, // named twice
	})
	require.NoError(t, err)
	_, err = s.Put(t.Context(), l.a, second, []privacy.Entry{{Identifier: device("tablet"), Standing: privacy.Barred, Erased: &noon}})
	require.NoError(t, err)
	barred, restricted, free := privacy.SuppressionState{Standing: privacy.Barred, Erased: &later}, privacy.SuppressionState{Standing: privacy.Restricted}, privacy.SuppressionState{Standing: privacy.Free}
	require.Equal(t, []privacy.SuppressionState{barred, barred, restricted, free}, l.states(t, l.a, user("ada-lovelace"), device("phone"), user("ben"), user("phone")))
	require.Equal(t, []privacy.SuppressionState{free, free}, l.states(t, l.b, user("ada-lovelace"), device("phone")))

	_, err = s.Put(t.Context(), l.a, second, []privacy.Entry{{Identifier: user("ada-lovelace"), Standing: privacy.Free, Erased: &noon}})
	require.NoError(t, err)
	freed := privacy.SuppressionState{Standing: privacy.Free, Erased: &later}
	require.Equal(t, []privacy.SuppressionState{freed, freed, restricted}, l.states(t, l.a, user("ada-lovelace"), device("phone"), user("ben")), "an erasure does not move back")

	var all []privacy.SuppressionEntry
	var place privacy.SuppressionPlace
	for {
		page, err := s.List(t.Context(), l.a, privacy.SuppressionFilter{}, place, 1)
		require.NoError(t, err)
		if len(page) == 0 {
			break
		}
		all = append(all, page...)
		place = privacy.SuppressionPlace{ChangedAt: page[0].ChangedAt, Hash: page[0].Hash}
	}
	require.Len(t, all, 4)
	page, err := s.List(t.Context(), l.a, privacy.SuppressionFilter{Standing: privacy.Restricted}, privacy.SuppressionPlace{}, 10)
	require.NoError(t, err)
	require.Len(t, page, 1)
	require.Equal(t, privacy.UserID, page[0].Kind)
	require.Equal(t, [16]byte(l.keys.Of(l.a, user("ben"))), page[0].Hash)
	require.Equal(t, first, page[0].Request)

	var text string
	require.NoError(t, l.pool.WithTenant(t.Context(), uuid.UUID(l.a), func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), "SELECT string_agg(s::text, ' ') FROM suppressions s").Scan(&text)
	}))
	require.Contains(t, text, first.String())
	for _, name := range []string{"ada-lovelace", "ben", "phone", "tablet"} {
		require.NotContains(t, text, name)
	}
}

// An address is looked up wherever it may stand.
func TestLookUpAnAddress(t *testing.T) {
	t.Parallel()
	l := newList(t)
	s := l.store.Suppressions()
	first, second := uuid.New(), uuid.New()
	_, err := s.Put(t.Context(), l.a, first, []privacy.Entry{{Identifier: user("ada@example.com"), Standing: privacy.Restricted}})
	require.NoError(t, err)
	_, err = s.Put(t.Context(), l.a, second, []privacy.Entry{
		{Identifier: privacy.Identifier{Kind: privacy.Property, Path: "context.traits.email", Value: "ada@example.com"}, Standing: privacy.Barred},
	})
	require.NoError(t, err)
	mail := privacy.Identifier{Kind: privacy.Email, Value: " Ada@Example.com"}
	states, err := privacy.LookUpSuppressions(t.Context(), s, l.a, []privacy.Identifier{user("ada@example.com"), mail, user("x")})
	require.NoError(t, err)
	require.Equal(t, []privacy.SuppressionState{{Standing: privacy.Restricted, Request: first}, {Standing: privacy.Barred, Request: second}, {Standing: privacy.Free}}, states)
	_, err = privacy.LookUpSuppressions(t.Context(), s, l.a, []privacy.Identifier{{Kind: privacy.UserID}})
	require.ErrorIs(t, err, privacy.ErrSubjectInvalid)
}

// A node that follows the table knows a change by the mark that came with it, also where other transactions end in another order than they
// began.
func TestNodesFollowSuppressions(t *testing.T) {
	t.Parallel()
	l := newList(t)
	set := suppress.NewSet(suppress.Config{Keys: l.keys, Feed: l.store, Log: testkit.Logger(t), Now: time.Now})
	require.NoError(t, set.Refresh(t.Context()))
	knows := func(value string) bool {
		view := set.Enter()
		defer view.Leave()
		judge := view.Of(l.a)
		return judge != nil && judge.Verdict(suppress.Traces{UserID: []byte(value), ReceivedAt: time.Now()}).Fate == suppress.Out
	}
	slow, err := pgx.Connect(t.Context(), l.url)
	require.NoError(t, err)
	defer func() { _ = slow.Close(t.Context()) }()
	tx, err := slow.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "SELECT set_config('role', 'observatory_app', true), set_config('app.tenant_id', $1, true)", l.a.String())
	require.NoError(t, err)
	hash := l.keys.Of(l.a, user("slow"))
	_, err = tx.Exec(t.Context(), `INSERT INTO suppressions (tenant_id, kind, path, hash, state, person, request_id, created_at, changed_at, changed_xid)
		VALUES ($1, 'user_id', '', $2, 'suppressed', $3, $3, now(), now(), 0)`, uuid.UUID(l.a), hash[:], uuid.New())
	require.NoError(t, err)

	mark, err := l.store.Suppressions().Put(t.Context(), l.a, uuid.New(), []privacy.Entry{{Identifier: user("quick"), Standing: privacy.Barred}})
	require.NoError(t, err)
	require.NoError(t, set.Refresh(t.Context()))
	require.True(t, knows("quick"))
	changes, err := l.store.SuppressionChanges(t.Context(), 1)
	require.NoError(t, err)
	require.Less(t, changes.Mark, mark, "a transaction before it has not ended, so nobody can say that all of it is known")
	require.NoError(t, tx.Commit(t.Context()))
	require.NoError(t, set.Refresh(t.Context()))
	require.True(t, knows("slow"))
	testkit.Eventually(t, patience, func() error { // others on this server may hold it up for a moment
		changes, err = l.store.SuppressionChanges(t.Context(), 1)
		if err == nil && changes.Mark < mark {
			err = errLate
		}
		return err
	})
	_, err = l.store.Suppressions().Put(t.Context(), l.a, uuid.New(), []privacy.Entry{{Identifier: user("quick"), Standing: privacy.Free}})
	require.NoError(t, err)
	require.NoError(t, set.Refresh(t.Context()))
	require.False(t, knows("quick"))
	require.True(t, knows("slow"))
}
