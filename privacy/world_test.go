package privacy_test

import (
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/follow"
	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/internal/seal"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/certificate"
	"github.com/observatory/observatory/privacy/privacypg"
	"github.com/observatory/observatory/privacy/suppress"
	"github.com/observatory/observatory/tenants"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// world is a database with requests, suppressions, logs and certificates as they are in the product. What other engines hold is played: two
// shelves are the copies, and a directory knows who is who.
type world struct {
	testing.TB
	url          string
	pool         *pg.Pool
	store        *privacypg.Store
	requests     privacypg.Requests
	suppressions interface {
		privacy.Suppressions
		privacy.SuppressionList
	}
	logs         privacypg.Logs
	certificates *certificate.Service
	log          uuid.UUID
	end          int64
}

func newWorld(t testing.TB) *world {
	w := &world{TB: t, log: uuid.New(), url: testkit.Postgres(t)}
	var err error
	w.pool, err = pg.Open(t.Context(), w.url, pg.Options{})
	require.NoError(t, err)
	t.Cleanup(w.pool.Close)
	secret := make([]byte, seal.KeyLength)
	_, _ = rand.Read(secret)
	keys, err := suppress.NewKeys(secret)
	require.NoError(t, err)
	sealer, err := seal.New(secret, "privacy requests")
	require.NoError(t, err)
	w.store = privacypg.New(w.pool, keys, testkit.Logger(t))
	w.requests, w.suppressions, w.logs = w.store.Requests(sealer), w.store.Suppressions(), privacypg.NewLogs(w.pool)
	w.certificates, err = certificate.New(certificate.Deps{Store: w.store, SecretKey: secret, Issuer: certificate.Issuer{Name: "test"}, Now: time.Now})
	require.NoError(t, err)
	require.NoError(t, w.certificates.EnsureKey(t.Context()))
	w.report()
	return w
}

// report says that the one log of the house is past whatever has been asked of it.
func (w *world) report() {
	w.Helper()
	w.end++
	var now int64
	require.NoError(w, w.pool.AcrossTenants(w.Context(), func(t pgx.Tx) error {
		return t.QueryRow(w.Context(), "SELECT pg_current_xact_id()::text::bigint").Scan(&now)
	}))
	require.NoError(w, w.logs.Report(w.Context(), privacy.LogState{
		LogPosition: privacy.LogPosition{Log: w.log, Kind: privacy.LocalLog, Host: "test", End: w.end, Clock: time.Now()},
		Applied:     follow.Mark(now), Settled: w.end, Forgotten: w.end,
	}))
}

// tenant makes an organisation.
func (w *world) tenant() tenants.ID {
	w.Helper()
	id := uuid.New()
	require.NoError(w, w.pool.WithTenant(w.Context(), id, func(t pgx.Tx) error {
		_, err := t.Exec(w.Context(), "INSERT INTO tenants (id, name, timezone, created_at) VALUES ($1, 'T', 'UTC', now())", id)
		return err
	}))
	return tenants.ID(id)
}

func (w *world) by(tenant tenants.ID) tenants.By {
	return tenants.By{Principal: tenants.Principal{Tenant: tenant, Role: tenants.RoleOwner, Actor: tenants.Actor{Kind: tenants.ActorUser, ID: "1", Label: "owner@example.com"}}, CorrelationID: "c"}
}

// shelf is a copy: user IDs, as often as they are on it. It can also hold them.
type shelf struct {
	name string
	mu   sync.Mutex
	has  map[string]int64
	held map[string]int64
}

var _ privacy.Holder = (*shelf)(nil)

func newShelf(name string, people ...string) *shelf {
	s := &shelf{name: name, has: map[string]int64{}, held: map[string]int64{}}
	for _, p := range people {
		s.has[p]++
	}
	return s
}

func (s *shelf) Name() string { return s.name }

func (s *shelf) Find(_ context.Context, _ tenants.ID, op privacy.Operation) (privacy.Holding, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := privacy.Holding{Unit: "rows"}
	for _, id := range op.Subjects.UserIDs {
		h.Items += s.has[id]
	}
	return h, nil
}

func (s *shelf) Erase(_ context.Context, _ tenants.ID, op privacy.Operation) (privacy.Evidence, error) {
	return s.move(op, s.has, nil), nil
}

func (s *shelf) Hold(_ context.Context, _ tenants.ID, op privacy.Operation) (privacy.Evidence, error) {
	return s.move(op, s.has, s.held), nil
}

// Release gives back everything that is held.
func (s *shelf) Release(_ context.Context, _ tenants.ID, _ uuid.UUID) (privacy.Evidence, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, n := range s.held {
		s.has[id] += n
	}
	clear(s.held)
	return privacy.Evidence{"query": "q-1"}, true, nil
}

func (s *shelf) move(op privacy.Operation, from, to map[string]int64) privacy.Evidence {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range op.Subjects.UserIDs {
		if n := from[id]; n > 0 && to != nil {
			to[id] += n
		}
		delete(from, id)
	}
	return privacy.Evidence{"query": "q-1"}
}

func (s *shelf) Verify(ctx context.Context, tenant tenants.ID, op privacy.Operation) (privacy.Verification, error) {
	h, err := s.Find(ctx, tenant, op)
	return privacy.Verification{Left: h.Items}, err
}

// directory knows who goes by which user IDs.
type directory struct {
	mu      sync.Mutex
	aliases map[string][]string
}

func (d *directory) Resolve(_ context.Context, _ tenants.ID, given []privacy.Identifier) ([]privacy.Person, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	people := make([]privacy.Person, len(given))
	for i, g := range given {
		people[i] = privacy.Person{Given: g, Subjects: privacy.Subjects{UserIDs: append([]string{g.Value}, d.aliases[g.Value]...)}, Events: 1}
	}
	return people, nil
}

func (d *directory) join(id, alias string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.aliases = maps.Clone(d.aliases)
	if d.aliases == nil {
		d.aliases = map[string][]string{}
	}
	d.aliases[id] = append(slices.Clone(d.aliases[id]), alias)
}

// scene is a tenant with its copies and what carries its requests out.
type scene struct {
	*world
	tenant   tenants.ID
	service  *privacy.Service
	deps     privacy.DriverDeps
	events   *shelf
	profiles *shelf
	people   *directory
	now      time.Time
}

func (w *world) scene() *scene {
	s := &scene{
		world: w, tenant: w.tenant(), people: &directory{}, now: time.Now().UTC(),
		events: newShelf("events", "ada", "ada", "ada-2", "bob"), profiles: newShelf("profiles", "ada", "bob"),
	}
	now := func() time.Time { return s.now }
	s.service = privacy.NewService(w.requests, s.people, []privacy.Copy{s.events, s.profiles}, now)
	s.deps = privacy.DriverDeps{
		Requests: w.requests, Resolver: s.people, Suppressions: w.suppressions, Standings: w.suppressions,
		Barriers: privacy.NewLogBarriers(w.logs, w.logs, now), Copies: []privacy.Copy{s.events, s.profiles}, Certifier: w.certificates, Releases: s.events,
		Now: now, Logger: testkit.Logger(w),
	}
	return s
}

func (s *scene) file(f privacy.Filing, users ...string) privacy.Request {
	s.Helper()
	for _, u := range users {
		f.Subjects = append(f.Subjects, privacy.Identifier{Kind: privacy.UserID, Value: u})
	}
	f.Origin = privacy.ByMember
	r, err := s.service.File(s.Context(), s.by(s.tenant), f)
	require.NoError(s, err)
	return r
}

// advance goes on until there is nothing to do, or for as long as an attempt takes.
func (s *scene) advance(d privacy.DriverDeps, id privacy.ID) error {
	s.Helper()
	driver, err := privacy.NewDriver(d)
	require.NoError(s, err)
	return driver.Advance(s.Context(), jobs.Unwatched(uuid.UUID(s.tenant)), privacy.Advance{Request: uuid.UUID(id)})
}

// settle goes on until nothing is to be done any more.
func (s *scene) settle(d privacy.DriverDeps, id privacy.ID) privacy.Request {
	s.Helper()
	for range 20 {
		err := s.advance(d, id)
		if err == nil {
			break
		}
		_, yielded := jobs.Yielded(err)
		require.True(s, yielded, "%v", err)
		s.report()
	}
	return s.get(id)
}

func (s *scene) get(id privacy.ID) privacy.Request {
	s.Helper()
	r, err := s.requests.Get(s.Context(), s.tenant, id)
	require.NoError(s, err)
	return r
}

// standing is what holds for a user ID.
func (s *scene) standing(user string) privacy.SuppressionState {
	s.Helper()
	all, err := s.suppressions.StateOf(s.Context(), s.tenant, []privacy.Identifier{{Kind: privacy.UserID, Value: user}})
	require.NoError(s, err)
	return all[0]
}

var errDied = errors.New("killed")
