package rollup_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/analytics/analyticsch"
	"github.com/observatory/observatory/analytics/analyticspg"
	"github.com/observatory/observatory/analytics/rollup"
	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/internal/jobs/jobspg"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tenants"
	"github.com/observatory/observatory/tenants/mail"
	"github.com/observatory/observatory/tenants/tenantspg"
)

// house is a service on real engines, with a tenant.
type house struct {
	t       *testing.T
	conn    driver.Conn
	service *rollup.Service
	store   *analyticsch.Rollups
	metrics *prometheus.Registry
	ledger  *jobspg.Store
	by      tenants.By
	tenant  tenants.ID
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, metrics: prometheus.NewRegistry()}
	var err error
	h.conn, err = ch.Open(t.Context(), testkit.ClickHouse(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, h.conn.Close()) })
	pool, err := pg.Open(t.Context(), testkit.Postgres(t), pg.Options{})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	h.ledger = jobspg.New(pool, jobspg.Config{})
	h.store = analyticsch.NewRollups(analyticsch.Config{Conn: h.conn, Now: time.Now})
	h.service = rollup.New(rollup.Deps{
		Store: h.store, Settings: analyticspg.New(pool).Rollups(), Jobs: h.ledger, Now: time.Now, Logger: testkit.Logger(t), Metrics: h.metrics,
	})
	h.signUp(pool)
	return h
}

func (h *house) signUp(pool *pg.Pool) {
	t := h.t
	mailer, err := mail.New(mail.Config{Folder: t.TempDir(), Log: testkit.Logger(t)})
	require.NoError(t, err)
	control, err := tenants.New(
		tenants.Config{
			PublicURL: &url.URL{Scheme: "https", Host: "observatory.example"}, SecretKey: make([]byte, tenants.SecretKeyLength),
			Passwords: tenants.PasswordConfig{MemoryKiB: 64, Passes: 1},
		},
		tenants.Deps{Store: tenantspg.New(pool, testkit.Logger(t)), Mailer: mailer, Log: testkit.Logger(t), Now: time.Now},
	)
	require.NoError(t, err)
	require.NoError(t, control.SigningKeys.Ensure(t.Context()))
	made, err := control.Accounts.SignUp(t.Context(), tenants.SignUpInput{Email: "ada@example.com", Password: "correct horse battery", Organisation: "Acme"})
	require.NoError(t, err)
	principal, err := made.Session.Principal()
	require.NoError(t, err)
	h.by, h.tenant = tenants.By{Principal: principal, CorrelationID: "correlation"}, principal.Tenant
}

// events puts one event into each hour.
func (h *house) events(hours ...time.Time) {
	h.t.Helper()
	batch, err := h.conn.PrepareBatch(h.t.Context(), "INSERT INTO events (tenant_id, event, type, time, event_id, user_id, properties)")
	require.NoError(h.t, err)
	for _, hour := range hours {
		require.NoError(h.t, batch.Append(uuid.UUID(h.tenant), "buy", "track", hour, uuid.NewString(), "ada", `{"plan":"a"}`))
	}
	require.NoError(h.t, batch.Send())
}

// hoursBack are n hours that are over, newest first.
func hoursBack(n int) []time.Time {
	var hours []time.Time
	last := time.Now().UTC().Add(-time.Minute).Truncate(time.Hour)
	for i := range n {
		hours = append(hours, last.Add(-time.Duration(i+1)*time.Hour))
	}
	return hours
}

// made are the open jobs of a kind.
func (h *house) made(kind string) []jobs.Record {
	h.t.Helper()
	found, err := h.ledger.List(h.t.Context(), uuid.UUID(h.tenant), jobs.Filter{Kind: kind, States: []jobs.State{jobs.Waiting}})
	require.NoError(h.t, err)
	return found
}

func paramsOf[P any](t *testing.T, r jobs.Record) (p P) {
	t.Helper()
	require.NoError(t, json.Unmarshal(r.Params, &p))
	return p
}

func (h *house) run() *jobs.Run { return jobs.Unwatched(uuid.UUID(h.tenant)) }

func (h *house) served() []rollup.Served {
	h.t.Helper()
	found, err := h.store.Served(h.t.Context(), h.tenant, time.Now().AddDate(-1, 0, 0), time.Now())
	require.NoError(h.t, err)
	return found
}

// What is due becomes one job of its tenant, however often somebody looks; what is too much for one goes into a second, which waits behind others.
func TestFind(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	system := jobs.Unwatched(uuid.Nil)
	require.NoError(t, h.service.Find(t.Context(), system))
	require.Empty(t, h.made(""))

	hours := hoursBack(300)
	h.events(hours...)
	require.NoError(t, h.service.MarkHours(t.Context(), h.tenant, hours))
	for range 2 {
		require.NoError(t, h.service.Find(t.Context(), system))
	}
	found, more := h.made("rollups:recompute"), h.made("rollups:catch-up")
	require.Len(t, found, 1)
	require.Len(t, more, 1)
	require.Equal(t, system.ID, *found[0].Parent)
	params := paramsOf[rollup.RecomputeParams](t, found[0])
	require.Equal(t, hours[:200], params.Hours)

	stage, err := h.service.Stage(t.Context(), h.tenant)
	require.NoError(t, err)
	require.Positive(t, stage.Oldest)
	stage.Oldest = 0
	require.Equal(t, rollup.Stage{Dirty: 300}, stage)
	require.NoError(t, h.service.RecomputeHours(t.Context(), h.run(), params))
	require.Len(t, h.served(), 200)
	require.NoError(t, h.service.CatchUp(t.Context(), h.run()))
	require.Len(t, h.served(), 300)
	stage, err = h.service.Stage(t.Context(), h.tenant)
	require.NoError(t, err)
	require.Equal(t, rollup.Stage{PerSecond: 1}, stage)

	require.NoError(t, h.service.Find(t.Context(), system))
	require.Len(t, h.made(""), 2, "nothing is due any more")
	require.Zero(t, gauge(t, h.metrics, "observatory_rollup_dirty_hours"))
	require.Equal(t, 300, gauge(t, h.metrics, "observatory_rollup_events_total"))
}

// A tenant that PostgreSQL does not know, because it was put back to an earlier day, keeps no other from being served.
func TestFindGoesOn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, tenant := range []tenants.ID{tenants.NewID(), h.tenant} {
		require.NoError(t, h.service.MarkHours(t.Context(), tenant, hoursBack(1)))
	}
	require.Error(t, h.service.Find(t.Context(), jobs.Unwatched(uuid.Nil)))
	require.Len(t, h.made("rollups:recompute"), 1)
}

func gauge(t *testing.T, registry *prometheus.Registry, name string) int {
	t.Helper()
	families, err := registry.Gather()
	require.NoError(t, err)
	for _, f := range families {
		if f.GetName() == name {
			m := f.GetMetric()[0]
			return int(m.GetGauge().GetValue() + m.GetCounter().GetValue())
		}
	}
	require.Fail(t, "no such metric", name)
	return 0
}

// A backfill gives every hour that is over a rollup, from the first event on, also where there are none, and does no hour twice.
func TestBackfill(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	hours := hoursBack(100)
	h.events(hours[0], hours[99], hours[0].Add(2*time.Hour))
	id, err := h.service.Backfill(t.Context(), h.by, rollup.BackfillInput{})
	require.NoError(t, err)
	again, err := h.service.Backfill(t.Context(), h.by, rollup.BackfillInput{})
	require.NoError(t, err)
	require.Equal(t, id, again, "the period is being filled already")
	job := h.made("rollups:backfill")[0]
	require.Equal(t, []string{h.by.Principal.Actor.Label, "correlation"}, []string{job.CreatedBy, job.Correlation})

	for range 2 {
		require.NoError(t, h.service.Fill(t.Context(), h.run(), paramsOf[rollup.RangeParams](t, job)))
		served := h.served()
		require.Len(t, served, 100)
		require.Equal(t, []time.Time{hours[99], hours[0]}, []time.Time{served[0].Hour, served[99].Hour})
		require.Equal(t, []uint64{1, 0, 1}, []uint64{served[0].Events, served[1].Events, served[99].Events})
	}
	require.Equal(t, 100, gauge(t, h.metrics, "observatory_rollup_hours_total"))
	require.NoError(t, h.service.Fill(t.Context(), jobs.Unwatched(uuid.New()), rollup.RangeParams{}), "a tenant without events")

	part := hours[10].Add(time.Minute)
	h.events(hours[50])
	require.NoError(t, h.service.MarkHours(t.Context(), h.tenant, hours[:60]))
	require.NoError(t, h.service.Fill(t.Context(), h.run(), rollup.RangeParams{From: hours[20], To: part}))
	require.Len(t, h.served(), 40+11)

	_, err = h.service.Backfill(t.Context(), h.by, rollup.BackfillInput{From: hours[0], To: hours[1]})
	require.ErrorContains(t, err, "period_invalid")
	viewer := h.by
	viewer.Principal.Role = tenants.RoleViewer
	_, err = h.service.Backfill(t.Context(), viewer, rollup.BackfillInput{})
	require.ErrorIs(t, err, tenants.ErrPermissionDenied)
}

// Choosing breakdowns has the history filled with them.
func TestSetBreakdowns(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	hours := hoursBack(3)
	h.events(hours...)
	require.NoError(t, h.service.Fill(t.Context(), h.run(), rollup.RangeParams{}))
	require.Equal(t, rollup.DefaultBreakdowns(), h.served()[0].Breakdowns, "they are in order")

	got, err := h.service.SetBreakdowns(t.Context(), h.by, []string{"properties.plan", "facts.country", `properties.a\.b`})
	require.NoError(t, err)
	want := rollup.Breakdowns{Default: rollup.DefaultBreakdowns(), Chosen: []string{`properties.a\.b`, "properties.plan"}}
	require.Equal(t, want, got)
	got, err = h.service.Breakdowns(t.Context(), h.tenant)
	require.NoError(t, err)
	require.Equal(t, want, got)
	job := h.made("rollups:backfill")
	require.Len(t, job, 1)
	require.NoError(t, h.service.Fill(t.Context(), h.run(), paramsOf[rollup.RangeParams](t, job[0])))
	for _, hour := range h.served() {
		require.Contains(t, hour.Breakdowns, "properties.plan")
	}
	require.Len(t, h.served(), 3)

	var eleven []string
	for i := range rollup.MaxBreakdowns + 1 {
		eleven = append(eleven, fmt.Sprint("properties.p", i))
	}
	for want, paths := range map[string][]string{"breakdowns_invalid": eleven, "property_invalid": {"nonsense"}} {
		_, err = h.service.SetBreakdowns(t.Context(), h.by, paths)
		require.ErrorContains(t, err, want)
	}
	_, err = h.service.SetBreakdowns(t.Context(), h.by, []string{"type", "type"})
	require.ErrorIs(t, err, rollup.ErrBreakdownsInvalid)
	viewer := h.by
	viewer.Principal.Role = tenants.RoleViewer
	_, err = h.service.SetBreakdowns(t.Context(), viewer, nil)
	require.ErrorIs(t, err, tenants.ErrPermissionDenied)
	_, err = h.service.SetBreakdowns(t.Context(), h.by, nil)
	require.NoError(t, err)
	require.Len(t, h.made("rollups:backfill"), 2)
}

// The nightly look-back compares every tenant's last days, says what differs, puts it right, and fails.
func TestLookBack(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	hours := hoursBack(60)
	h.events(hours...)
	require.NoError(t, h.service.BeginLookBack(t.Context(), jobs.Unwatched(uuid.Nil)))
	require.Empty(t, h.made(""), "nobody has rollups")
	require.NoError(t, h.service.Fill(t.Context(), h.run(), rollup.RangeParams{From: hours[50]}))
	require.NoError(t, h.service.BeginLookBack(t.Context(), jobs.Unwatched(uuid.Nil)))
	job := h.made("rollups:compare")
	require.Len(t, job, 1)
	params := paramsOf[rollup.RangeParams](t, job[0])
	require.Equal(t, 72*time.Hour, params.To.Sub(params.From))
	require.NoError(t, h.service.Compare(t.Context(), h.run(), params))
	require.Len(t, h.served(), 72, "hours without a rollup have one now")

	require.NoError(t, h.conn.Exec(t.Context(), "ALTER TABLE rollup_events UPDATE events = 7 WHERE hour = ? SETTINGS mutations_sync = 2", hours[40]))
	err := h.service.Compare(t.Context(), h.run(), params)
	require.ErrorIs(t, err, rollup.ErrDiffers)
	require.True(t, jobs.IsPermanent(err))
	require.Equal(t, 1, gauge(t, h.metrics, "observatory_rollup_differences_total"))
	require.NoError(t, h.service.Compare(t.Context(), h.run(), params), "it has been put right")
}
