package jobspg_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/internal/jobs/jobspg"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

type world struct {
	*jobspg.Store
	t    *testing.T
	pool *pg.Pool
}

func newWorld(t *testing.T) *world {
	t.Helper()
	pool, err := pg.Open(t.Context(), testkit.Postgres(t), pg.Options{})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return &world{Store: jobspg.New(pool, jobspg.Config{}), t: t, pool: pool}
}

// exec changes what is in the ledger behind the store's back: it lets time pass, for example.
func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	require.NoError(w.t, w.pool.AcrossTenants(w.t.Context(), func(tx pgx.Tx) error {
		_, err := tx.Exec(w.t.Context(), sql, args...)
		return err
	}))
}

func (w *world) tenant() uuid.UUID {
	w.t.Helper()
	id := uuid.New()
	require.NoError(w.t, w.pool.WithTenant(w.t.Context(), id, func(tx pgx.Tx) error {
		_, err := tx.Exec(w.t.Context(), "INSERT INTO tenants (id, name, timezone, created_at) VALUES ($1, 'T', 'UTC', now())", id)
		return err
	}))
	return id
}

type params struct {
	N int `json:"n"`
}

var (
	chore  = jobs.Kind[params]{Name: "test:chore", Queue: jobs.Default, Attempts: 3}
	big    = jobs.Kind[params]{Name: "test:big", Queue: jobs.Bulk}
	plenty = jobs.Slots{jobs.Urgent: 100, jobs.Default: 100, jobs.Bulk: 100}
)

func (w *world) add(all ...jobs.Job) []uuid.UUID {
	w.t.Helper()
	made, err := w.Enqueue(w.t.Context(), all...)
	require.NoError(w.t, err)
	ids := make([]uuid.UUID, len(made))
	for i := range made {
		ids[i] = made[i].ID
	}
	return ids
}

// dispatch picks jobs of the tests' kinds.
func (w *world) dispatch(room jobs.Slots) []jobs.Message {
	w.t.Helper()
	all, err := w.Dispatch(w.t.Context(), []string{chore.Name, big.Name}, room)
	require.NoError(w.t, err)
	return all
}

func (w *world) claim(m jobs.Message) *jobs.Claim {
	w.t.Helper()
	c, err := w.Claim(w.t.Context(), m, "me")
	require.NoError(w.t, err)
	return c
}

// take dispatches and claims the only job that is due.
func (w *world) take() *jobs.Claim {
	w.t.Helper()
	all := w.dispatch(plenty)
	require.Len(w.t, all, 1)
	c := w.claim(all[0])
	require.NotNil(w.t, c)
	return c
}

func (w *world) end(c *jobs.Claim, e jobs.Ending) {
	w.t.Helper()
	require.NoError(w.t, w.End(w.t.Context(), c.Held, e))
}

func (w *world) job(id uuid.UUID) jobs.Detail {
	w.t.Helper()
	d, err := w.AnyJob(w.t.Context(), id)
	require.NoError(w.t, err)
	return d
}

// loseWorkers lets the lease of everything that runs be over for a minute.
func (w *world) loseWorkers() jobs.Reaped {
	w.t.Helper()
	w.exec("UPDATE jobs SET lease_until = now() - interval '1 minute' WHERE state = 'running'")
	done, err := w.Reap(w.t.Context(), time.Second)
	require.NoError(w.t, err)
	return done
}
