package api_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/analytics/alert"
	"github.com/observatory/observatory/tenants"
	"github.com/observatory/observatory/tests/harness"
)

// notices are what a tenant has for telling people of incidents.
type notices struct{ channel, spareChannel, policy, sparePolicy, rotation, spareRotation, owner, incident string }

func noNotices(incident string) notices {
	id := uuid.NewString
	return notices{channel: id(), spareChannel: id(), policy: id(), sparePolicy: id(), rotation: id(), spareRotation: id(), owner: id(), incident: incident}
}

func newChannel(name string) map[string]any {
	return map[string]any{"name": name, "kind": "webhook", "url": "https://localhost/" + name + "?token=" + name}
}

func newEscalation(name, channel string) map[string]any {
	return map[string]any{
		"name": name, "repeat": 1, "repeat_after_seconds": 600,
		"steps": []any{map[string]any{"delay_seconds": 60, "targets": []any{map[string]any{"kind": "channel", "id": channel}}}},
	}
}

func newRotation(name string, members ...string) map[string]any {
	return map[string]any{"name": name, "timezone": "Europe/Berlin", "weekday": "monday", "time": "09:00", "members": members}
}

func (x notices) operations() []operation {
	const noChannel, noPolicy, noRotation, noIncident = "channel_not_found", "escalation_not_found", "rotation_not_found", "incident_not_found"
	channel, policy, rotation, incident := "/v1/channels/"+x.channel, "/v1/escalations/"+x.policy, "/v1/rotations/"+x.rotation, "/v1/incidents/"+x.incident
	another := uuid.NewString()
	return []operation{
		{id: "listChannels", method: "GET", path: "/v1/channels", may: asking, status: 200},
		{id: "getChannel", method: "GET", path: channel, may: asking, status: 200, theirs: noChannel},
		{id: "createChannel", method: "POST", path: "/v1/channels", body: newChannel(another), may: settingUp, status: 201},
		{id: "updateChannel", method: "PATCH", path: channel, body: map[string]any{"name": another + "2"}, may: settingUp, status: 200, theirs: noChannel},
		{id: "rotateChannelSecret", method: "POST", path: channel + "/rotate", may: settingUp, status: 200, theirs: noChannel},
		{id: "testChannel", method: "POST", path: channel + "/test", may: alerting, status: 200, theirs: noChannel},
		{id: "deleteChannel", method: "DELETE", path: "/v1/channels/" + x.spareChannel, may: settingUp, status: 204, theirs: noChannel},
		{id: "listEscalations", method: "GET", path: "/v1/escalations", may: asking, status: 200},
		{id: "getEscalation", method: "GET", path: policy, may: asking, status: 200, theirs: noPolicy},
		{id: "createEscalation", method: "POST", path: "/v1/escalations", body: newEscalation(another, x.channel), may: alerting, status: 201, theirs: "target_not_found"},
		{id: "updateEscalation", method: "PUT", path: policy, body: newEscalation(another+"2", x.channel), may: alerting, status: 200, theirs: noPolicy},
		{id: "deleteEscalation", method: "DELETE", path: "/v1/escalations/" + x.sparePolicy, may: alerting, status: 204, theirs: noPolicy},
		{id: "listRotations", method: "GET", path: "/v1/rotations", may: asking, status: 200},
		{id: "getRotation", method: "GET", path: rotation, may: asking, status: 200, theirs: noRotation},
		{id: "listShifts", method: "GET", path: rotation + "/shifts?weeks=3", may: asking, status: 200, theirs: noRotation},
		{id: "createRotation", method: "POST", path: "/v1/rotations", body: newRotation(another, x.owner), may: alerting, status: 201, theirs: "not_a_member"},
		{id: "updateRotation", method: "PUT", path: rotation, body: newRotation(another+"2", x.owner), may: alerting, status: 200, theirs: noRotation},
		{id: "deleteRotation", method: "DELETE", path: "/v1/rotations/" + x.spareRotation, may: alerting, status: 204, theirs: noRotation},
		{id: "listDeliveries", method: "GET", path: "/v1/deliveries?state=failed&channel_id=" + x.channel, may: asking, status: 200},
		{id: "listDeliveries", method: "GET", path: "/v1/deliveries?limit=1&cursor=" + uuid.Max.String() + "&incident_id=" + x.incident, may: asking, status: 200},
		{id: "getIncidentEscalation", method: "GET", path: incident + "/escalation", may: asking, status: 200, theirs: noIncident},
		{id: "acknowledgeIncident", method: "POST", path: incident + "/acknowledge", may: alerting, status: 200, theirs: noIncident},
		{id: "snoozeIncident", method: "POST", path: incident + "/snooze", body: map[string]any{"until": soon(time.Hour)}, may: alerting, status: 200, theirs: noIncident},
		{id: "resolveIncident", method: "POST", path: incident + "/resolve", body: map[string]any{"note": "A restart helped."}, may: alerting, status: 200, theirs: noIncident},
	}
}

func seedNotices(t *testing.T, a harness.Account, incident, marker string) notices {
	t.Helper()
	x := notices{incident: incident, owner: userOf(t, a.Session)}
	create := func(path string, body map[string]any) string {
		made := harness.As[struct {
			ID      string
			Channel struct{ ID string }
		}](t, a.Session.Post(t, path, body).Want(t, http.StatusCreated))
		return made.ID + made.Channel.ID
	}
	x.channel, x.spareChannel = create("/v1/channels", newChannel("channel-"+marker)), create("/v1/channels", newChannel("spare-"+marker))
	x.policy, x.sparePolicy = create("/v1/escalations", newEscalation("policy-"+marker, x.channel)), create("/v1/escalations", newEscalation("spare-"+marker, x.channel))
	x.rotation, x.spareRotation = create("/v1/rotations", newRotation("rotation-"+marker, x.owner)), create("/v1/rotations", newRotation("spare-"+marker, x.owner))
	return x
}

func userOf(t *testing.T, as *harness.Caller) string {
	t.Helper()
	return harness.As[struct{ User struct{ ID string } }](t, as.Get(t, "/v1/me").Want(t, http.StatusOK)).User.ID
}

type channel struct {
	Channel struct {
		ID      string
		URLHint string `json:"url_hint"`
	}
	Secret string
}

type delivery struct {
	ID, State, Kind string
	CorrelationID   string `json:"correlation_id"`
	Attempts        []struct {
		Outcome, Answer, Error string
		Status                 int
	}
}

// A channel leads to a receiver that can check what it gets; its secret and its URL are never seen again.
func TestChannels(t *testing.T) {
	t.Parallel()
	var signature atomic.Value
	var verify atomic.Pointer[webhooks.Webhook]
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := make([]byte, r.ContentLength)
		_, _ = r.Body.Read(body)
		signature.Store(verify.Load().Verify(body, r.Header) == nil)
		_, _ = w.Write([]byte("thank you"))
	}))
	t.Cleanup(receiver.Close)
	server, _ := start(t, "--allow-private-webhooks")
	account := server.SignUp(t)
	made := account.Session.Post(t, "/v1/channels", map[string]any{"name": "Ops", "kind": "webhook", "url": receiver.URL + "/in?token=hunter2"}).Want(t, http.StatusCreated)
	c := harness.As[channel](t, made)
	require.True(t, strings.HasPrefix(c.Secret, "whsec_"))
	require.NotContains(t, c.Channel.URLHint, "token")
	verifier, err := webhooks.NewWebhook(c.Secret)
	require.NoError(t, err)
	verify.Store(verifier)

	sent := harness.As[struct{ Deliveries []delivery }](t, account.Session.Post(t, "/v1/channels/"+c.Channel.ID+"/test", nil, "X-Correlation-ID", "find-me").Want(t, http.StatusOK)).Deliveries
	require.Len(t, sent, 1)
	require.Equal(t, "sent", sent[0].State)
	require.Equal(t, "thank you", sent[0].Attempts[0].Answer)
	require.Equal(t, "find-me", sent[0].CorrelationID)
	require.Equal(t, true, signature.Load())

	for _, path := range []string{"/v1/channels", "/v1/channels/" + c.Channel.ID, "/v1/deliveries", "/v1/audit?limit=500"} {
		body := string(account.Session.Get(t, path).Want(t, http.StatusOK).Body)
		require.NotContains(t, body, strings.TrimPrefix(c.Secret, "whsec_"), path)
		require.NotContains(t, body, "hunter2", path)
	}
	require.NotContains(t, server.Logs.String(), "hunter2")
	require.NotContains(t, server.Logs.String(), strings.TrimPrefix(c.Secret, "whsec_"))

	account.Session.Post(t, "/v1/channels", map[string]any{"name": "Ops", "kind": "slack", "url": receiver.URL}).WantProblem(t, http.StatusConflict, "name_taken")
	account.Session.Post(t, "/v1/channels", map[string]any{"name": "Mail", "kind": "email", "members": []string{uuid.NewString()}}).WantProblem(t, http.StatusBadRequest, "not_a_member")
	account.Session.Post(t, "/v1/channels", map[string]any{"name": "Odd", "kind": "email", "url": receiver.URL}).WantProblem(t, http.StatusBadRequest, "channel_invalid")
}

// An incident is told by the workers, step after step, until somebody acknowledges it; and so is its end.
func TestAnIncidentIsTold(t *testing.T) {
	t.Parallel()
	got := make(chan string, 100)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- r.URL.Path + " " + string(body)
	}))
	t.Cleanup(receiver.Close)
	server, _ := start(t, "--allow-private-webhooks")
	account := server.SignUp(t)
	var steps []any
	for _, name := range []string{"first", "second", "third"} {
		body := map[string]any{"name": name, "kind": "webhook", "url": receiver.URL + "/" + name}
		c := harness.As[channel](t, account.Session.Post(t, "/v1/channels", body).Want(t, http.StatusCreated))
		steps = append(steps, map[string]any{"delay_seconds": 0, "targets": []any{map[string]any{"kind": "channel", "id": c.Channel.ID}}})
	}
	steps[2].(map[string]any)["delay_seconds"] = 3600
	policy := harness.As[struct{ ID string }](t, account.Session.Post(t, "/v1/escalations", map[string]any{"name": "All", "steps": steps}).Want(t, http.StatusCreated)).ID
	rule := newAlert("Few sales")
	rule["escalation_id"] = policy
	account.Session.Post(t, "/v1/alerts", rule).Want(t, http.StatusCreated)
	account.Session.Do(t, "DELETE", "/v1/escalations/"+policy, nil).WantProblem(t, http.StatusConflict, "escalation_in_use")
	id, policyID := openIncident(t, server, account, policy), uuid.MustParse(policy)

	next := func() string {
		select {
		case told := <-got:
			return told
		case <-time.After(harness.Patience):
			t.Fatal("nobody is told")
			return ""
		}
	}
	var begins []string // one right after the other, in any order
	for range 2 {
		told := next()
		begins = append(begins, strings.Fields(told)[0])
		require.Contains(t, told, `"type":"incident.firing"`)
		require.Contains(t, told, "/alerts/incidents/"+id)
	}
	require.ElementsMatch(t, []string{"/first", "/second"}, begins)
	type progress struct {
		State    string
		Step     int
		PolicyID uuid.UUID `json:"policy_id"`
		NextAt   *string   `json:"next_at"`
	}
	at := harness.As[progress](t, account.Session.Get(t, "/v1/incidents/"+id+"/escalation").Want(t, http.StatusOK))
	require.Equal(t, progress{State: "waiting", Step: 2, PolicyID: policyID, NextAt: at.NextAt}, at)
	require.NotNil(t, at.NextAt)
	account.Session.Post(t, "/v1/incidents/"+id+"/acknowledge", nil).Want(t, http.StatusOK)
	at = harness.As[progress](t, account.Session.Get(t, "/v1/incidents/"+id+"/escalation").Want(t, http.StatusOK))
	require.Equal(t, progress{State: "acknowledged", Step: 2, PolicyID: policyID}, at)
	account.Session.Post(t, "/v1/incidents/"+id+"/resolve", nil).Want(t, http.StatusOK)
	account.Session.Post(t, "/v1/incidents/"+id+"/resolve", nil).WantProblem(t, http.StatusConflict, "incident_resolved")
	ends := []string{strings.Fields(next())[0], strings.Fields(next())[0]}
	require.ElementsMatch(t, []string{"/first", "/second"}, ends, "whoever was told is told that it is over")
	all := harness.As[struct{ Deliveries []delivery }](t, account.Session.Get(t, "/v1/deliveries?incident_id="+id).Want(t, http.StatusOK)).Deliveries
	require.Len(t, all, 4)
	var kinds []string
	for _, e := range harness.As[struct{ Entries []struct{ Kind string } }](t, account.Session.Get(t, "/v1/incidents/"+id).Want(t, http.StatusOK)).Entries {
		kinds = append(kinds, e.Kind)
	}
	require.Equal(t, []string{"opened", "told", "told", "acknowledged", "resolved", "told"}, kinds)
}

// openIncident opens an incident as the evaluation of a rule does.
func openIncident(t *testing.T, server *harness.Server, a harness.Account, policy string) string {
	t.Helper()
	id, of, now := alert.IncidentID(uuid.Must(uuid.NewV7())), uuid.MustParse(policy), time.Now().UTC()
	require.NoError(t, alertStore(t, server).Within(t.Context(), tenants.ID(uuid.MustParse(a.Tenant.ID)), func(tx alert.Tx) error {
		err := tx.AddIncident(t.Context(), alert.Incident{
			ID: id, GroupKey: "group:x", Title: "Few sales", Severity: alert.Critical, State: alert.IncidentOpen, OpenedAt: now, Policy: &of,
		}, now)
		if err != nil {
			return err
		}
		return tx.AddEntry(t.Context(), id, alert.Entry{ID: uuid.Must(uuid.NewV7()), At: now, Kind: alert.EntryOpened, Text: "Few sales fired: 0 is below 1."})
	}))
	return id.String()
}

// By default a channel leads nowhere but to the public internet.
func TestPrivateChannelsAreRefused(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	account := server.SignUp(t)
	for url, code := range map[string]string{
		"https://127.0.0.1/": "address_not_public", "https://[::ffff:a9fe:a9fe]/": "address_not_public", "https://10.0.0.1:8443/": "address_not_public",
		"http://hooks.example.com/": "url_invalid", "https://user:password@hooks.example.com/": "url_invalid", "ftp://hooks.example.com/": "url_invalid",
	} {
		account.Session.Post(t, "/v1/channels", map[string]any{"name": "x", "kind": "webhook", "url": url}).WantProblem(t, http.StatusBadRequest, code)
	}
	c := harness.As[channel](t, account.Session.Post(t, "/v1/channels", newChannel("inside")).Want(t, http.StatusCreated))
	sent := harness.As[struct{ Deliveries []delivery }](t, account.Session.Post(t, "/v1/channels/"+c.Channel.ID+"/test", nil).Want(t, http.StatusOK)).Deliveries
	require.Equal(t, "failed", sent[0].State)
	require.Equal(t, "The URL leads to an address that is not on the public internet.", sent[0].Attempts[0].Error)
}
