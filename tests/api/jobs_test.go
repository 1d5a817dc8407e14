package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/internal/jobs/jobspg"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

// resting are the parameters of a kind that no worker knows, so that a job of it stays as a test has put it.
type resting struct {
	Hours []time.Time `json:"hours"`
}

func rests() jobs.Kind[resting] { return jobs.Kind[resting]{Name: "tests:rest", Queue: jobs.Bulk} }

// work are jobs of a tenant.
type work struct{ waiting, cancelled string }

func noWork() work { return work{waiting: uuid.NewString(), cancelled: uuid.NewString()} }

func (x work) operations() []operation {
	const missing = "job_not_found"
	return []operation{
		{id: "listJobs", method: "GET", path: "/v1/jobs?limit=500", may: asking, status: 200},
		{id: "listJobs", method: "GET", path: "/v1/jobs?state=waiting&state=failed&queue=bulk&parent=" + x.waiting + "&cursor=" + x.waiting, may: asking, status: 200},
		{id: "getJob", method: "GET", path: "/v1/jobs/" + x.waiting, may: asking, status: 200, theirs: missing},
		{id: "getJobDurations", method: "GET", path: "/v1/jobs/durations?interval=day", may: asking, status: 200},
		{id: "pauseJob", method: "POST", path: "/v1/jobs/" + x.waiting + "/pause", may: declaring, status: 200, theirs: missing},
		{id: "resumeJob", method: "POST", path: "/v1/jobs/" + x.waiting + "/resume", may: declaring, status: 200, theirs: missing},
		{id: "retryJob", method: "POST", path: "/v1/jobs/" + x.cancelled + "/retry", may: declaring, status: 200, theirs: missing},
		{id: "cancelJob", method: "POST", path: "/v1/jobs/" + x.waiting + "/cancel", may: declaring, status: 200, theirs: missing},
	}
}

// ledger is the ledger of work of a server.
func ledger(t *testing.T, server *harness.Server) *jobspg.Store {
	t.Helper()
	pool, err := pg.Open(t.Context(), server.Engines.Postgres, pg.Options{})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return jobspg.New(pool, jobspg.Config{})
}

func seedWork(t *testing.T, server *harness.Server, a harness.Account, marker string) work {
	t.Helper()
	tenant := uuid.MustParse(a.Tenant.ID)
	made, err := ledger(t, server).Enqueue(t.Context(),
		rests().New(tenant, resting{}, jobs.Correlation("waiting-"+marker)), rests().New(tenant, resting{}, jobs.Correlation("cancelled-"+marker)))
	require.NoError(t, err)
	x := work{waiting: made[0].ID.String(), cancelled: made[1].ID.String()}
	a.Session.Post(t, "/v1/jobs/"+x.cancelled+"/cancel", nil).Want(t, http.StatusOK)
	return x
}

type attempt struct {
	Attempt        int
	Outcome, Error string
}

type job struct {
	ID, Kind, Queue, State string
	Params                 map[string]any
	Attempts               int
	ParentID               string `json:"parent_id"`
	CorrelationID          string `json:"correlation_id"`
	AskedBy                string `json:"asked_by"`
	Error                  string
	Progress               *struct{ Done, Total int64 }
	Tries                  []attempt
}

// What a worker does shows in the history: every attempt with its outcome, what came of which job, and how long it took.
func TestTheHistoryOfWork(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	a, ctx := server.SignUp(t), t.Context()
	store, tenant := ledger(t, server), uuid.MustParse(a.Tenant.ID)
	hour := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	parent := rests().New(tenant, resting{Hours: []time.Time{hour}}, jobs.Correlation("cause"), jobs.By("a test"))
	made, err := store.Enqueue(ctx, parent)
	require.NoError(t, err)
	id := made[0].ID
	get := func() (found struct {
		Job      job
		Parent   *job
		Children []job
	},
	) {
		a.Session.Get(t, "/v1/jobs/"+id.String()).Want(t, http.StatusOK).JSON(t, &found)
		return found
	}
	depth := func() stage { return pipelineOf(t, a)["bulk"] }
	require.Equal(t, int64(1), *depth().Depth)

	// The first attempt fails, the second makes a child and is done. The ledger says when the next is due.
	try := func() *jobs.Run {
		var claim *jobs.Claim
		testkit.Eventually(t, harness.Patience, func() error {
			messages, err := store.Dispatch(ctx, []string{"tests:rest"}, jobs.Slots{jobs.Bulk: 1})
			if err != nil || len(messages) == 0 {
				return http.ErrNoLocation
			}
			claim, err = store.Claim(ctx, messages[0], "worker-1")
			return err
		})
		require.NotNil(t, claim)
		return jobs.NewRun(*claim, store, func() bool { return false })
	}
	first := try()
	require.NoError(t, first.Progress(ctx, 1, 4, "hours"))
	require.Equal(t, "running", get().Job.State)
	require.NoError(t, store.End(ctx, first.Held(), jobs.Ending{Outcome: jobs.OutcomeFailed, Error: "The store was away.", Cause: "dial tcp 10.0.0.1", Permanent: true}))
	found := get().Job
	require.Equal(t, "failed", found.State)
	require.Equal(t, "The store was away.", found.Error)
	require.Equal(t, int64(4), found.Progress.Total)
	require.NotContains(t, string(a.Session.Get(t, "/v1/jobs/"+id.String()).Body), "10.0.0.1", "causes are for operators")

	failed := func() []job {
		return harness.As[struct{ Jobs []job }](t, a.Session.Get(t, "/v1/jobs?state=failed").Want(t, http.StatusOK)).Jobs
	}
	require.Len(t, failed(), 1)
	a.Session.Post(t, "/v1/jobs/"+id.String()+"/resume", nil).WantProblem(t, http.StatusConflict, "job_not_paused")
	again := harness.As[job](t, a.Session.Post(t, "/v1/jobs/"+id.String()+"/retry", nil).Want(t, http.StatusOK))
	require.Equal(t, "waiting", again.State)
	require.Equal(t, a.Email, again.AskedBy)
	require.Empty(t, failed())

	second := try()
	_, err = store.Enqueue(ctx, rests().New(tenant, resting{}, jobs.From(second)))
	require.NoError(t, err)
	require.NoError(t, store.End(ctx, second.Held(), jobs.Ending{Outcome: jobs.OutcomeOK}))
	done := get()
	require.Equal(t, "done", done.Job.State)
	require.Equal(t, map[string]any{"hours": []any{"2026-01-31T12:00:00Z"}}, done.Job.Params)
	require.Equal(t, []attempt{{1, "failed", "The store was away."}, {2, "ok", ""}}, done.Job.Tries)
	require.Len(t, done.Children, 1)
	require.Equal(t, "cause", done.Children[0].CorrelationID)
	require.Nil(t, done.Parent)
	id = uuid.MustParse(done.Children[0].ID)
	require.Equal(t, parent.ID.String(), get().Parent.ID)
	require.Equal(t, parent.ID.String(), get().Job.ParentID)

	spells := harness.As[struct {
		Interval string
		Kinds    []struct {
			Kind   string
			Spells []struct {
				Count, Failed int
				Max           *float64 `json:"max_seconds"`
			}
		}
	}](t, a.Session.Get(t, "/v1/jobs/durations?interval=day").Want(t, http.StatusOK))
	require.Equal(t, "day", spells.Interval)
	require.Len(t, spells.Kinds, 1)
	require.Equal(t, "tests:rest", spells.Kinds[0].Kind)
	var count, bad int
	for _, s := range spells.Kinds[0].Spells { // two where midnight has just struck
		count, bad = count+s.Count, bad+s.Failed
		require.NotNil(t, s.Max)
	}
	require.Equal(t, []int{2, 1}, []int{count, bad})
}

// The list goes on from where a page ended, and its filters choose.
func TestJobsAreListedPageByPage(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	a := server.SignUp(t)
	store, tenant := ledger(t, server), uuid.MustParse(a.Tenant.ID)
	var want []string
	for range 5 {
		made, err := store.Enqueue(t.Context(), rests().New(tenant, resting{}))
		require.NoError(t, err)
		want = append([]string{made[0].ID.String()}, want...)
	}
	type page struct {
		Jobs []job
		Next string `json:"next_cursor"`
	}
	list := func(query string) page {
		return harness.As[page](t, a.Session.Get(t, "/v1/jobs?kind=tests:rest"+query).Want(t, http.StatusOK))
	}
	var got []string
	for cursor := ""; ; {
		p := list("&limit=2" + cursor)
		for _, j := range p.Jobs {
			got = append(got, j.ID)
		}
		if p.Next == "" {
			break
		}
		cursor = "&cursor=" + p.Next
	}
	require.Equal(t, want, got)
	require.Empty(t, list("&state=running&state=done").Jobs)
	require.Len(t, list("&state=running&state=waiting").Jobs, 5)
	require.Empty(t, list("&queue=urgent").Jobs)
	require.Empty(t, list("&to=2026-01-01T00:00:00Z").Jobs)
	require.Empty(t, list("&parent="+want[0]).Jobs)
	a.Session.Get(t, "/v1/jobs?cursor=x").WantProblem(t, http.StatusBadRequest, "cursor_invalid")
	a.Session.Get(t, "/v1/jobs?state=asleep").WantProblem(t, http.StatusBadRequest, "invalid_request")
	a.Session.Get(t, "/v1/jobs/durations?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z").WantProblem(t, http.StatusBadRequest, "invalid_period")
	a.Session.Get(t, "/v1/jobs/durations?from=2026-01-01T00:00:00Z&to=2026-01-31T00:00:00Z&interval=minute").WantProblem(t, http.StatusBadRequest, "invalid_interval")
	require.Equal(t, "day", harness.As[struct{ Interval string }](t, a.Session.Get(t, "/v1/jobs/durations?from=2026-01-01T00:00:00Z&to=2026-01-31T00:00:00Z")).Interval)
}
