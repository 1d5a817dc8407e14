package jobspg_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/jobs"
)

func ids(all []jobs.Record) (found []uuid.UUID) {
	for _, r := range all {
		found = append(found, r.ID)
	}
	return found
}

func TestHistory(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	tenant, other := w.tenant(), w.tenant()
	parent := w.add(chore.New(tenant, params{}, jobs.By("ada"), jobs.Correlation("c1")))[0]
	c := w.take()
	child := w.add(big.New(tenant, params{}, jobs.From(jobs.NewRun(*c, w, nil))))[0]
	w.end(c, jobs.Ending{Outcome: jobs.OutcomeFailed, Error: "Broken.", Cause: "in detail", Permanent: true})
	running := w.take()
	foreign := w.add(chore.New(other, params{}))[0]
	systems := w.add(chore.New(uuid.Nil, params{}))[0]
	later := w.add(chore.New(tenant, params{}, jobs.At(time.Now().Add(time.Hour))))[0]

	list := func(f jobs.Filter) []uuid.UUID {
		all, err := w.List(ctx, tenant, f)
		require.NoError(t, err)
		return ids(all)
	}
	require.Equal(t, []uuid.UUID{later, child, parent}, list(jobs.Filter{}))
	require.Equal(t, []uuid.UUID{child}, list(jobs.Filter{Kind: big.Name}))
	require.Equal(t, []uuid.UUID{child}, list(jobs.Filter{Queue: jobs.Bulk}))
	require.Equal(t, []uuid.UUID{child}, list(jobs.Filter{Parent: &parent}))
	require.Equal(t, []uuid.UUID{child, parent}, list(jobs.Filter{States: []jobs.State{jobs.Failed, jobs.Running}}))
	require.Equal(t, []uuid.UUID{parent}, list(jobs.Filter{Before: &child}))
	require.Equal(t, []uuid.UUID{later}, list(jobs.Filter{Limit: 1}))
	require.Empty(t, list(jobs.Filter{To: time.Now().Add(-time.Hour)}))
	require.Equal(t, []uuid.UUID{later, child}, list(jobs.Filter{From: time.Now().Add(time.Hour)}), "what is open may end then")

	d, err := w.Job(ctx, tenant, child)
	require.NoError(t, err)
	require.Equal(t, parent, d.ParentJob.ID)
	require.Equal(t, "c1", d.Correlation)
	require.Nil(t, d.Tries[0].EndedAt)
	d, err = w.Job(ctx, tenant, parent)
	require.NoError(t, err)
	require.Equal(t, []uuid.UUID{child}, ids(d.Children))
	require.Equal(t, "ada", d.CreatedBy)
	require.Equal(t, "Broken.", d.Tries[0].Error, "a tenant is not told the cause")
	for _, id := range []uuid.UUID{foreign, systems, uuid.New()} {
		_, err := w.Job(ctx, tenant, id)
		require.ErrorIs(t, err, jobs.ErrNoSuchJob)
	}
	all, err := w.List(ctx, uuid.Nil, jobs.Filter{})
	require.NoError(t, err)
	require.Empty(t, all, "no tenant is not all of them")
	all, err = w.ListAll(ctx, jobs.Filter{})
	require.NoError(t, err)
	require.Len(t, all, 5)

	depths, err := w.Depths(ctx)
	require.NoError(t, err)
	require.Equal(t, jobs.Urgent, depths[0].Queue)
	require.Equal(t, []int{2, 1, 0}, []int{depths[1].Visible, depths[1].Later, depths[1].InFlight})
	require.Positive(t, depths[1].Oldest)
	require.Equal(t, []int{0, 0, 1}, []int{depths[2].Visible, depths[2].Later, depths[2].InFlight})
	w.end(running, jobs.Ending{Outcome: jobs.OutcomeOK})
}

// What a tenant's requests may do to the ledger is bound by the database, whatever the code forgets.
func TestTenantsAreKeptApart(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	ada, bob := w.tenant(), w.tenant()
	w.add(chore.New(ada, params{}), chore.New(uuid.Nil, params{}))
	for _, m := range w.dispatch(plenty) {
		w.claim(m)
	}
	as := func(tenant uuid.UUID, sql string) (n int64, err error) {
		err = w.pool.WithTenant(ctx, tenant, func(tx pgx.Tx) error {
			tag, err := tx.Exec(ctx, sql)
			n = tag.RowsAffected()
			return err
		})
		return n, err
	}
	for _, sql := range []string{
		"SELECT id FROM jobs", "SELECT job_id FROM job_attempts", "UPDATE jobs SET state = 'cancelled', ended_at = now(), lease_until = NULL", "UPDATE job_attempts SET outcome = 'ok', ended_at = now()",
	} {
		n, err := as(bob, sql)
		require.NoError(t, err, sql)
		require.Zero(t, n, sql)
		n, err = as(ada, sql)
		require.NoError(t, err, sql)
		require.EqualValues(t, 1, n, sql)
	}
	for _, sql := range []string{
		"SELECT cause FROM job_attempts", "UPDATE jobs SET tenant_id = tenant_id", "UPDATE jobs SET params = '{}'", "DELETE FROM jobs",
		"INSERT INTO job_attempts (job_id, attempt, kind, worker) SELECT id, 9, kind, 'me' FROM jobs", "SELECT name FROM schedules", "SELECT id FROM workers",
	} {
		_, err := as(ada, sql)
		require.ErrorContains(t, err, "permission denied", sql)
	}
}

func TestDurations(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	tenant := w.tenant()
	for i := range 10 {
		w.add(chore.New(tenant, params{}))
		c := w.take()
		e := jobs.Ending{Outcome: jobs.OutcomeOK}
		if i == 9 {
			e = jobs.Ending{Outcome: jobs.OutcomeFailed, Permanent: true}
		}
		w.end(c, e)
		w.exec("UPDATE job_attempts SET started_at = '2026-01-01 00:00:30Z', ended_at = timestamptz '2026-01-01 00:00:30Z' + $2 * interval '1 second' WHERE job_id = $1", c.ID, i+1)
	}
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	all, err := w.Durations(ctx, tenant, chore.Name, start, start.Add(time.Hour), time.Minute)
	require.NoError(t, err)
	require.Len(t, all, 1)
	s := all[0]
	require.Equal(t, []int{10, 1}, []int{s.Count, s.Failed})
	require.Equal(t, start, s.Start)
	require.Equal(t, []time.Duration{5500 * time.Millisecond, 9550 * time.Millisecond, 10 * time.Second}, []time.Duration{s.P50, s.P95, s.Max})
	for _, c := range []struct {
		tenant uuid.UUID
		kind   string
		from   time.Time
	}{{w.tenant(), "", start}, {tenant, big.Name, start}, {tenant, "", start.Add(time.Minute)}} {
		none, err := w.Durations(ctx, c.tenant, c.kind, c.from, start.Add(time.Hour), time.Minute)
		require.NoError(t, err)
		require.Empty(t, none)
	}
}

func TestSweep(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), t.Context()
	tenant := w.tenant()
	old := w.add(chore.New(tenant, params{}))[0]
	w.end(w.take(), jobs.Ending{Outcome: jobs.OutcomeOK})
	w.exec("UPDATE jobs SET keep_until = keep_until - interval '14 days'")
	fresh := w.add(chore.New(tenant, params{}))[0]
	w.end(w.take(), jobs.Ending{Outcome: jobs.OutcomeOK})
	open := w.add(chore.New(tenant, params{}))[0]
	w.exec("UPDATE jobs SET attempts = 2500 WHERE id = $1", open)
	w.exec("INSERT INTO job_attempts (job_id, attempt, tenant_id, kind, worker) SELECT $1, a, $2, $3, 'me' FROM generate_series(1, 2500) a", open, tenant, chore.Name)
	n, err := w.Sweep(ctx, 10)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	_, err = w.AnyJob(ctx, old)
	require.ErrorIs(t, err, jobs.ErrNoSuchJob)
	left, err := w.ListAll(ctx, jobs.Filter{})
	require.NoError(t, err)
	require.Equal(t, []uuid.UUID{open, fresh}, ids(left))
	require.NoError(t, w.pool.AcrossTenants(ctx, func(tx pgx.Tx) error {
		var attempts int
		err := tx.QueryRow(ctx, "SELECT count(*) FROM job_attempts").Scan(&attempts)
		require.Equal(t, 1+1000, attempts, "attempts go with their job, and of an open one the oldest")
		return err
	}))
}
