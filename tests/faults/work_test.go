//go:build linux

package faults_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

// TestNoWorkIsLost lets Redis forget everything twenty times while events flow, and kills a worker as often. At the end the rollups equal a recount, every
// alert that had to fire has fired once, whoever was to be told was told, and the run history explains every attempt.
func TestNoWorkIsLost(t *testing.T) { //nolint:paralleltest // it needs the machine for itself
	blows := orLong(20, 100)
	shared := harness.Engines{ClickHouse: testkit.ClickHouse(t), Postgres: testkit.Postgres(t), Redis: testkit.RealRedis(t)}
	forgetful := redisAt(t, shared.Redis)
	told := newReceiver(t)
	s := harness.Start(t, harness.Config{
		Engines: shared, Flags: []string{"--workers=false"}, Env: map[string]string{"OBSERVATORY_ALLOW_PRIVATE_WEBHOOKS": "true"},
	})
	account := s.SignUp(t)
	store := openStore(t, shared.ClickHouse)
	keepDuplicates(t, store)
	workers := []*harness.Worker{s.Worker(t), s.Worker(t)}

	policy := told.policy(t, account)
	wrong := map[string]string{} // rules that have to fire, by ID
	for name, measure := range map[string]map[string]any{
		"some events": {"kind": "trend", "measure": "count", "event": eventName, "window_seconds": 3600},
		"some people": {"kind": "trend", "measure": "unique_users", "event": eventName, "window_seconds": 3600},
		"no events":   {"kind": "trend", "measure": "count", "event": "never sent", "window_seconds": 3600},
	} {
		condition := map[string]any{"kind": "threshold", "direction": "above", "value": 0}
		if name == "no events" {
			condition = map[string]any{"kind": "no_data"}
		}
		wrong[newRule(t, account, name, policy, measure, condition)] = name
	}
	fine := newRule(t, account, "fine", policy, map[string]any{"kind": "trend", "measure": "count", "window_seconds": 3600},
		map[string]any{"kind": "threshold", "direction": "above", "value": 1e12})

	ledger := ledgerOfWork(t, shared.Postgres)
	l := startLoad(t, account.Secret, loadConfig{Writers: 2, Events: 20, Spread: 36 * time.Hour})
	began := time.Now()
	const lasting = 75 * time.Second // more than a minute, so that rules have their ticks in the middle of it
	kills := 0
	for i := range blows {
		l.awaitAcks(t, 1)
		time.Sleep(rand.N(time.Second))
		require.NoError(t, forgetful.FlushAll(t.Context()).Err())
		victims, release := workers[i%len(workers):][:1], func() {}
		if i%5 == 0 { // all of them, in the middle of a job
			victims, release = workers, holdWork(t, ledger)
		} else {
			time.Sleep(rand.N(time.Second))
		}
		for _, w := range victims {
			w.Kill(t)
			kills++
		}
		release()
		for _, w := range victims {
			w.Start(t)
		}
	}
	time.Sleep(max(0, lasting-time.Since(began)))
	t.Logf("%d times Redis forgot everything and a worker was killed, in %s", blows, time.Since(began).Round(time.Second))

	l.reckon(t, s, account, store)
	requireRollups(t, account, store)
	told.requireEach(t, account, wrong)
	requireTicks(t, account, append(keysOf(wrong), fine))
	requireHistory(t, ledger, kills)
}

func newRule(t *testing.T, a harness.Account, name, policy string, measure, condition map[string]any) string {
	t.Helper()
	made := a.Session.Post(t, "/v1/alerts", map[string]any{
		"name": name, "measure": measure, "condition": condition, "interval_seconds": 60, "delay_seconds": 0, "severity": "warning", "escalation_id": policy,
	}).Want(t, http.StatusCreated)
	return harness.As[struct{ ID string }](t, made).ID
}

// requireRollups waits until every hour that is over is rolled up, and compares what rollups answer with what events do, and both with a recount.
func requireRollups(t *testing.T, a harness.Account, store driver.Conn) {
	t.Helper()
	var hours uint64
	require.NoError(t, store.QueryRow(t.Context(), "SELECT uniqExact(toStartOfHour(time)) FROM events WHERE tenant_id = ?", a.Tenant.ID).Scan(&hours))
	now := time.Now().UTC()
	ask := func(source, measure string, more map[string]any) (answer struct {
		Series      json.RawMessage
		Explanation struct {
			FromRollups int `json:"from_rollups_hours"`
		}
	},
	) {
		query := map[string]any{
			"measure": measure, "interval": "day", "timezone": "UTC", "source": source,
			"from": now.AddDate(0, -4, 0).Truncate(time.Hour), "to": now.Add(time.Hour).Truncate(time.Hour),
		}
		for k, v := range more {
			query[k] = v
		}
		a.Secret.Post(t, "/v1/query/trends", query).Want(t, http.StatusOK).JSON(t, &answer)
		return answer
	}
	const open = 2 // hours that may not be over: this one, and the one before in its first minute
	testkit.Eventually(t, harness.Patience, func() error {
		if n := ask("auto", "count", nil).Explanation.FromRollups; n < int(hours)-open {
			return fmt.Errorf("%d of %d hours are answered by rollups", n, hours)
		}
		return nil
	})
	for _, measure := range []string{"count", "unique_users", "sum", "p95"} {
		for _, more := range []map[string]any{{}, {"event": eventName}, {"breakdown": "event"}} {
			if measure == "sum" || measure == "p95" {
				more["property"] = "properties.n"
			}
			byRollups, byEvents := ask("auto", measure, more), ask("events", measure, more)
			require.JSONEq(t, string(byEvents.Series), string(byRollups.Series), "%s %v", measure, more)
			require.Zero(t, byEvents.Explanation.FromRollups)
		}
	}
	require.Len(t, storedEvents(t, store, a.Tenant.ID), a.Secret.Count(t, eventName))
}

// receiver is somebody who is told of incidents by webhook, and who does not always answer well.
type receiver struct {
	url string
	mu  sync.Mutex
	got map[string]map[string]int // incident -> webhook-id -> how often
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{got: map[string]map[string]int{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		var message struct {
			Type string
			Data struct {
				Incident struct{ ID string }
			}
		}
		if json.Unmarshal(body, &message) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		ids := r.got[message.Data.Incident.ID]
		if ids == nil {
			ids = map[string]int{}
			r.got[message.Data.Incident.ID] = ids
		}
		id := req.Header.Get("webhook-id")
		ids[id]++
		if ids[id] == 1 {
			w.WriteHeader(http.StatusServiceUnavailable) // the first attempt of each message fails
		}
	}))
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

func (r *receiver) policy(t *testing.T, a harness.Account) string {
	t.Helper()
	channel := harness.As[struct{ Channel struct{ ID string } }](t, a.Session.Post(t, "/v1/channels", map[string]any{
		"name": "receiver", "kind": "webhook", "url": r.url,
	}).Want(t, http.StatusCreated)).Channel.ID
	return harness.As[struct{ ID string }](t, a.Session.Post(t, "/v1/escalations", map[string]any{
		"name": "tell the receiver", "steps": []any{map[string]any{"delay_seconds": 0, "targets": []any{map[string]any{"kind": "channel", "id": channel}}}},
	}).Want(t, http.StatusCreated)).ID
}

// requireEach: one incident for each rule that had to fire, and one message for each incident, however often it was sent.
func (r *receiver) requireEach(t *testing.T, a harness.Account, wrong map[string]string) {
	t.Helper()
	type incident struct {
		ID, State string
		Rules     []struct {
			ID string `json:"alert_id"`
		}
	}
	var incidents []incident
	testkit.Eventually(t, harness.Patience, func() error {
		incidents = harness.As[struct{ Incidents []incident }](t, a.Session.Get(t, "/v1/incidents").Want(t, http.StatusOK)).Incidents
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, i := range incidents {
			for id, n := range r.got[i.ID] {
				if n < 2 {
					return fmt.Errorf("the message %s is to be sent again", id)
				}
			}
		}
		if len(incidents) < len(wrong) || len(r.got) < len(wrong) {
			return fmt.Errorf("%d incidents, %d told, of %d", len(incidents), len(r.got), len(wrong))
		}
		return nil
	})
	require.Len(t, incidents, len(wrong))
	seen := map[string]bool{}
	for _, i := range incidents {
		require.Equal(t, "open", i.State)
		require.Len(t, i.Rules, 1)
		require.Contains(t, wrong, i.Rules[0].ID)
		require.False(t, seen[i.Rules[0].ID], "%s has fired twice", wrong[i.Rules[0].ID])
		seen[i.Rules[0].ID] = true
		r.mu.Lock()
		require.Len(t, r.got[i.ID], 1, "messages of one incident")
		r.mu.Unlock()
	}
}

// requireTicks: every tick of a rule has one evaluation, or is said to be missed.
func requireTicks(t *testing.T, a harness.Account, rules []string) {
	t.Helper()
	for _, rule := range rules {
		got := harness.As[struct {
			Evaluations []struct {
				Tick   time.Time
				Missed int
			}
		}](t, a.Session.Get(t, "/v1/alerts/"+rule+"/evaluations?limit=100").Want(t, http.StatusOK)).Evaluations
		require.NotEmpty(t, got)
		for i := range got[:len(got)-1] { // newest first
			between := int(got[i].Tick.Sub(got[i+1].Tick) / time.Minute)
			require.Equal(t, between, 1+got[i].Missed, "ticks between %s and %s", got[i+1].Tick, got[i].Tick)
		}
	}
}

// requireHistory: every attempt that has ended says how, those of a job have no gap between them, and no job has failed. Those that were lost belonged to
// workers that we have killed.
func requireHistory(t *testing.T, conn *pgx.Conn, kills int) {
	t.Helper()
	number := func(what, sql string) (n int) {
		t.Helper()
		require.NoError(t, conn.QueryRow(t.Context(), sql).Scan(&n))
		t.Logf("%6d %s", n, what)
		return n
	}
	require.Positive(t, number("jobs are done", "SELECT count(*) FROM jobs WHERE state = 'done'"))
	require.Zero(t, number("jobs have failed", "SELECT count(*) FROM jobs WHERE state = 'failed'"))
	require.Zero(t, number("jobs have gaps in their attempts", `
		SELECT count(*) FROM jobs j WHERE j.attempts <> (SELECT count(*) FROM job_attempts a WHERE a.job_id = j.id)`))
	require.Zero(t, number("attempts of jobs that have ended have no end", `
		SELECT count(*) FROM job_attempts a JOIN jobs j ON j.id = a.job_id WHERE j.state = 'done' AND a.ended_at IS NULL`))
	require.Positive(t, number("attempts were lost", "SELECT count(*) FROM job_attempts WHERE outcome = 'lost'"))
	require.LessOrEqual(t, number("workers have lost attempts", "SELECT count(DISTINCT worker) FROM job_attempts WHERE outcome = 'lost'"), kills)
	require.Zero(t, number("ticks of a schedule have two jobs", `
		SELECT count(*) FROM (SELECT 1 FROM jobs WHERE schedule IS NOT NULL GROUP BY schedule, tick HAVING count(*) > 1) twice`))
}

// ledgerOfWork opens the ledger of jobs, of all tenants.
func ledgerOfWork(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	_, err = conn.Exec(t.Context(), "SET ROLE observatory_system")
	require.NoError(t, err)
	return conn
}

// holdWork returns in the middle of an attempt at a job, which cannot end before release is called: it needs a table that is locked.
func holdWork(t *testing.T, ledger *pgx.Conn) (release func()) {
	t.Helper()
	tx, err := ledger.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "SET LOCAL ROLE none; LOCK TABLE alert_rules")
	require.NoError(t, err)
	testkit.Eventually(t, harness.Patience, func() error {
		var held bool
		err := tx.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM job_attempts WHERE ended_at IS NULL AND kind LIKE 'alerts:%')").Scan(&held)
		if err == nil && !held {
			err = errors.New("nobody looks at alerts")
		}
		return err
	})
	return func() { require.NoError(t, tx.Rollback(t.Context())) }
}

func redisAt(t *testing.T, url string) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(url)
	require.NoError(t, err)
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func keysOf(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	return keys
}
