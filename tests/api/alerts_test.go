package api_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/analytics/alert"
	"github.com/observatory/observatory/analytics/analyticspg"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tenants"
	"github.com/observatory/observatory/tests/harness"
)

// alerts are what a tenant has of alerts.
type alerts struct{ rule, spareRule, incident, silence, spareSilence string }

func noAlerts() alerts {
	id := uuid.NewString
	return alerts{rule: id(), spareRule: id(), incident: id(), silence: id(), spareSilence: id()}
}

func newAlert(name string) map[string]any {
	return map[string]any{
		"name": name, "interval_seconds": 3600, "severity": "warning", "group": name,
		"measure":   map[string]any{"kind": "trend", "measure": "count", "event": "sale", "filters": map[string]any{"and": []any{}}},
		"condition": map[string]any{"kind": "threshold", "direction": "below", "value": 1},
	}
}

func newSilence(reason string) map[string]any {
	return map[string]any{
		"severities": []string{"info"}, "reason": reason,
		"starts_at": time.Now().Add(time.Hour).Format(time.RFC3339), "ends_at": time.Now().Add(2 * time.Hour).Format(time.RFC3339),
	}
}

func (x alerts) operations() []operation {
	const noRule, noSilence = "alert_not_found", "silence_not_found"
	rule, silence := "/v1/alerts/"+x.rule, "/v1/silences/"+x.silence
	return []operation{
		{id: "listAlerts", method: "GET", path: "/v1/alerts?state=ok", may: asking, status: 200},
		{id: "getAlert", method: "GET", path: rule, may: asking, status: 200, theirs: noRule},
		{id: "listAlertEvaluations", method: "GET", path: rule + "/evaluations", may: asking, status: 200, theirs: noRule},
		{id: "previewAlert", method: "POST", path: "/v1/alerts/preview?days=2", body: newAlert("Few sales"), may: asking, status: 200},
		{id: "createAlert", method: "POST", path: "/v1/alerts", body: newAlert("Few sales"), may: alerting, status: 201},
		{id: "updateAlert", method: "PUT", path: rule, body: newAlert("Few sales"), may: alerting, status: 200, theirs: noRule},
		{id: "disableAlert", method: "POST", path: rule + "/disable", may: alerting, status: 200, theirs: noRule},
		{id: "enableAlert", method: "POST", path: rule + "/enable", may: alerting, status: 200, theirs: noRule},
		{id: "deleteAlert", method: "DELETE", path: "/v1/alerts/" + x.spareRule, may: alerting, status: 204, theirs: noRule},
		{id: "listIncidents", method: "GET", path: "/v1/incidents?from=2026-01-01T00:00:00Z&to=2100-01-01T00:00:00Z", may: asking, status: 200},
		{id: "listIncidents", method: "GET", path: "/v1/incidents?state=open&severity=critical&event=sale&alert_id=" + x.rule, may: asking, status: 200},
		{id: "getIncident", method: "GET", path: "/v1/incidents/" + x.incident, may: asking, status: 200, theirs: "incident_not_found"},
		{id: "listSilences", method: "GET", path: "/v1/silences?phase=scheduled", may: asking, status: 200},
		{id: "getSilence", method: "GET", path: silence, may: asking, status: 200, theirs: noSilence},
		{id: "createSilence", method: "POST", path: "/v1/silences", body: newSilence("Maintenance"), may: alerting, status: 201},
		{id: "updateSilence", method: "PUT", path: silence, body: newSilence("Maintenance"), may: alerting, status: 200, theirs: noSilence},
		{id: "deleteSilence", method: "DELETE", path: "/v1/silences/" + x.spareSilence, may: alerting, status: 204, theirs: noSilence},
	}
}

// alertStore is where a server keeps its alerts.
func alertStore(t *testing.T, server *harness.Server) alert.Store {
	t.Helper()
	pool, err := pg.Open(t.Context(), server.Engines.Postgres, pg.Options{})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return analyticspg.New(pool).Alerts()
}

// seedAlerts makes everything with names that hold a word which is nobody else's.
func seedAlerts(t *testing.T, server *harness.Server, a harness.Account, marker string) alerts {
	t.Helper()
	type made struct{ ID string }
	var x alerts
	for _, id := range []*string{&x.rule, &x.spareRule} {
		*id = harness.As[made](t, a.Session.Post(t, "/v1/alerts", newAlert("alert-"+marker)).Want(t, http.StatusCreated)).ID
	}
	for _, id := range []*string{&x.silence, &x.spareSilence} {
		*id = harness.As[made](t, a.Session.Post(t, "/v1/silences", newSilence("reason-"+marker)).Want(t, http.StatusCreated)).ID
	}
	id, now := alert.IncidentID(uuid.Must(uuid.NewV7())), time.Now().UTC()
	x.incident = id.String()
	require.NoError(t, alertStore(t, server).Within(t.Context(), tenants.ID(uuid.MustParse(a.Tenant.ID)), func(tx alert.Tx) error {
		err := tx.AddIncident(t.Context(), alert.Incident{
			ID: id, GroupKey: "group:" + marker, Title: "incident-" + marker, Severity: alert.Critical, State: alert.IncidentOpen, OpenedAt: now,
		}, now)
		if err != nil {
			return err
		}
		return tx.AddEntry(t.Context(), id, alert.Entry{ID: uuid.Must(uuid.NewV7()), At: now, Kind: alert.EntryOpened, Text: "entry-" + marker})
	}))
	return x
}

type alertRule struct {
	ID, Name, State, Severity string
	Measure, Condition        map[string]any
	IntervalSeconds           int `json:"interval_seconds"`
	DelaySeconds              int `json:"delay_seconds"`
	Enabled                   bool
	NextEvaluationAt          *time.Time `json:"next_evaluation_at"`
}

// A rule comes back as it was given, with what was left out filled in, and every change of it is in the audit log.
func TestAlertRules(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	account := server.SignUp(t)
	body := newAlert("Few sales")
	body["measure"] = map[string]any{
		"kind": "ratio", "event": "sale", "window_seconds": 7200,
		"filters": map[string]any{"or": []any{
			map[string]any{"property": "properties.amount", "operator": "greater", "value": 5.5},
			map[string]any{"not": map[string]any{"property": "properties.plan", "operator": "in", "value": []any{"pro", 3.0, true}}},
		}},
	}
	body["condition"] = map[string]any{"kind": "anomaly"}
	made := harness.As[alertRule](t, account.Session.Post(t, "/v1/alerts", body).Want(t, http.StatusCreated))
	require.Equal(t, body["measure"].(map[string]any)["filters"], made.Measure["filters"])
	require.Equal(t, map[string]any{"kind": "anomaly", "direction": "either", "deviations": 5.0}, made.Condition)
	require.Equal(t, 60, made.DelaySeconds)
	require.True(t, made.Enabled)
	require.Equal(t, "ok", made.State)
	require.True(t, made.NextEvaluationAt.After(time.Now()))
	path := "/v1/alerts/" + made.ID
	require.Equal(t, made, harness.As[alertRule](t, account.Session.Get(t, path).Want(t, http.StatusOK)))

	off := harness.As[alertRule](t, account.Session.Post(t, path+"/disable", nil).Want(t, http.StatusOK))
	require.False(t, off.Enabled)
	require.Nil(t, off.NextEvaluationAt)
	account.Session.Post(t, path+"/enable", nil).Want(t, http.StatusOK)
	account.Session.Post(t, path+"/enable", nil).Want(t, http.StatusOK)
	account.Session.Do(t, "PUT", path, newAlert("Fewer sales")).Want(t, http.StatusOK)
	account.Session.Do(t, "DELETE", path, nil).Want(t, http.StatusNoContent)
	account.Session.Get(t, path).WantProblem(t, http.StatusNotFound, "alert_not_found")

	var actions []string
	for _, e := range harness.As[struct {
		Entries []struct{ Action, Target string }
	}](t, account.Session.Get(t, "/v1/audit?limit=500").Want(t, http.StatusOK)).Entries {
		if e.Target == "alert:"+made.ID {
			actions = append(actions, e.Action)
		}
	}
	require.Equal(t, []string{"alert.deleted", "alert.changed", "alert.enabled", "alert.disabled", "alert.created"}, actions, "newest first; what changes nothing is not there")
}

func TestWrongAlertRules(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	account := server.SignUp(t)
	with := func(key string, value any) map[string]any {
		body := newAlert("Few sales")
		body[key] = value
		return body
	}
	count := func(more map[string]any) map[string]any {
		m := map[string]any{"kind": "trend", "measure": "count"}
		for k, v := range more {
			m[k] = v
		}
		return m
	}
	for _, c := range []struct {
		body map[string]any
		code string
	}{
		{with("name", " "), "invalid_alert"},
		{with("interval_seconds", 420), "invalid_alert"}, // 7 minutes do not divide a day
		{with("interval_seconds", 90), "invalid_alert"},
		{with("measure", map[string]any{"kind": "trend"}), "measure_unknown"},
		{with("measure", count(map[string]any{"amount": 3})), "invalid_alert"},
		{with("measure", count(map[string]any{"property": "properties.x"})), "property_invalid"},
		{with("measure", map[string]any{"kind": "trend", "measure": "unique_users", "window_seconds": 2592000, "event": "sale"}), "invalid_alert"},
		{with("measure", map[string]any{"kind": "quota_use", "amount": -1}), "invalid_request"},
		{with("measure", map[string]any{"kind": "quality"}), "invalid_alert"},
		{with("measure", map[string]any{"kind": "freshness", "window_seconds": 60}), "invalid_alert"},
		{with("condition", map[string]any{"kind": "threshold", "value": 1}), "invalid_alert"},
		{with("condition", map[string]any{"kind": "threshold", "direction": "either", "value": 1}), "invalid_alert"},
		{with("condition", map[string]any{"kind": "change", "value": 0}), "invalid_alert"},
		{with("condition", map[string]any{"kind": "no_data", "direction": "above"}), "invalid_alert"},
		{with("condition", map[string]any{"kind": "anomaly", "value": 3}), "invalid_alert"},
		{with("condition", map[string]any{"kind": "strange"}), "invalid_request"},
	} {
		for _, path := range []string{"/v1/alerts", "/v1/alerts/preview"} {
			account.Session.Post(t, path, c.body).WantProblem(t, http.StatusBadRequest, c.code)
		}
	}
	account.Session.Post(t, "/v1/alerts", with("escalation_id", uuid.NewString())).WantProblem(t, http.StatusBadRequest, "escalation_not_found")
}

// What the workers of a server make of a rule: it fires on real events, once, and a chart of its event is told.
func TestAlertFires(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	account := server.SignUp(t)
	store, tenant := alertStore(t, server), tenants.ID(uuid.MustParse(account.Tenant.ID))
	tick := time.Now().UTC().Truncate(time.Minute)
	ack := account.Secret.Send(t, harness.Event{Name: "sale", Timestamp: tick.Add(-30 * time.Second)}, harness.Event{Name: "sale", Timestamp: tick.Add(-31 * time.Second)})
	account.Secret.Settled(t, ack.Receipt)

	body := newAlert("Many sales")
	body["interval_seconds"], body["delay_seconds"], body["severity"] = 60, 0, "critical"
	body["condition"] = map[string]any{"kind": "threshold", "direction": "above", "value": 1}
	made := harness.As[alertRule](t, account.Session.Post(t, "/v1/alerts", body).Want(t, http.StatusCreated))
	id := alert.RuleID(uuid.MustParse(made.ID))
	require.NoError(t, store.Within(t.Context(), tenant, func(tx alert.Tx) error { // the last tick is due now, so that nobody has to wait for the next
		r, err := tx.LockRule(t.Context(), id)
		if err != nil {
			return err
		}
		r.NextTick = tick
		return tx.SetRule(t.Context(), r)
	}))

	type incident struct {
		ID, Title, State, Severity string
		Events                     []string
		OpenedAt                   time.Time `json:"opened_at"`
		Rules                      []struct {
			AlertID string `json:"alert_id"`
		}
	}
	var found []incident
	testkit.Eventually(t, 30*time.Second, func() error {
		found = harness.As[struct{ Incidents []incident }](t, account.Session.Get(t, "/v1/incidents?event=sale").Want(t, http.StatusOK)).Incidents
		if len(found) == 0 {
			return errors.New("nothing fired")
		}
		return nil
	})
	require.Len(t, found, 1)
	require.Equal(t, made.ID, found[0].Rules[0].AlertID)
	found[0].Rules = nil
	require.Equal(t, incident{ID: found[0].ID, Title: "Many sales", State: found[0].State, Severity: "critical", Events: []string{"sale"}, OpenedAt: tick}, found[0])
	entries := harness.As[struct{ Entries []struct{ Kind, Text string } }](t, account.Session.Get(t, "/v1/incidents/"+found[0].ID).Want(t, http.StatusOK)).Entries
	require.Equal(t, "Many sales fired: 2 is above 1.", entries[0].Text)
	type evaluation struct {
		Tick  time.Time
		Value float64
		State string
	}
	page := harness.As[struct{ Evaluations []evaluation }](t, account.Session.Get(t, "/v1/alerts/"+made.ID+"/evaluations?to="+tick.Add(time.Second).Format(time.RFC3339)).Want(t, http.StatusOK))
	require.Equal(t, []evaluation{{Tick: tick, Value: 2, State: "firing"}}, page.Evaluations)
}
