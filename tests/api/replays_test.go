package api_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/client"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

// replays are what a tenant has of causes and replays.
type replays struct {
	cause         string
	paused, spare string // both rest; the spare one is a repair of the cause
}

func noReplays() replays {
	return replays{cause: uuid.NewString(), paused: uuid.NewString(), spare: uuid.NewString()}
}

// history is a replay that has nothing to do.
func history() map[string]any {
	return map[string]any{"kind": "history", "from": "2001-01-01T00:00:00Z", "to": "2001-01-02T00:00:00Z", "policy": "current"}
}

func (x replays) repair() map[string]any {
	return map[string]any{"kind": "repair", "cause": x.cause, "mapping": []any{map[string]any{"op": "drop", "path": "oops"}}}
}

func (x replays) operations() []operation {
	return []operation{
		{id: "listCauses", method: "GET", path: "/v1/quarantine/causes?open=false", may: asking, status: 200},
		{id: "getCause", method: "GET", path: "/v1/quarantine/causes/" + x.cause, may: asking, status: 200, theirs: "cause_not_found"},
		{id: "listQuarantine", method: "GET", path: "/v1/quarantine?cause=" + x.cause, may: asking, status: 200},
		{id: "rehearseReplay", method: "POST", path: "/v1/replays/rehearsal?last=10", body: x.repair(), may: declaring, status: 200},
		{id: "listReplays", method: "GET", path: "/v1/replays", may: asking, status: 200},
		{id: "listReplays", method: "GET", path: "/v1/replays?cursor=" + x.paused, may: asking, status: 200},
		{id: "getReplay", method: "GET", path: "/v1/replays/" + x.paused, may: asking, status: 200, theirs: "replay_not_found"},
		{id: "pauseReplay", method: "POST", path: "/v1/replays/" + x.paused + "/pause", may: declaring, status: 200, theirs: "replay_not_found"},
		{id: "cancelReplay", method: "POST", path: "/v1/replays/" + x.spare + "/cancel", may: declaring, status: 200, theirs: "replay_not_found"},
		{id: "createReplay", method: "POST", path: "/v1/replays", body: x.repair(), may: declaring, status: 201},
		{id: "resumeReplay", method: "POST", path: "/v1/replays/" + x.paused + "/resume", may: declaring, status: 200, theirs: "replay_not_found"},
	}
}

type replay struct {
	ID, State string
	Counts    struct{ Found, Stored, Duplicate int }
}

// seedReplays makes replays of a tenant that has an event in quarantine because of a field that does not belong there.
func seedReplays(t *testing.T, a harness.Account) (x replays) {
	t.Helper()
	for _, c := range harness.As[struct {
		Causes []struct{ ID, Code string }
	}](t, a.Session.Get(t, "/v1/quarantine/causes").Want(t, http.StatusOK)).Causes {
		if c.Code == "unknown_field" {
			x.cause = c.ID
		}
	}
	require.NotEmpty(t, x.cause)
	x.paused, x.spare = rest(t, a, history()), ""
	other := x
	other.cause = uuid.NewString() // has nothing to do, so that what is in quarantine stays there
	x.spare = rest(t, a, other.repair())
	return x
}

// rest makes a replay that is paused before it has begun, which takes another try where the server was quicker.
func rest(t *testing.T, a harness.Account, body map[string]any) (id string) {
	t.Helper()
	testkit.Eventually(t, harness.Patience, func() error {
		id = harness.As[replay](t, a.Session.Post(t, "/v1/replays", body).Want(t, http.StatusCreated)).ID
		if res := a.Session.Post(t, "/v1/replays/"+id+"/pause", nil); res.StatusCode != http.StatusOK {
			return fmt.Errorf("it cannot be paused: %s", res.Body)
		}
		return awaitReplay(t, a, id, "paused")
	})
	return id
}

func awaitReplay(t *testing.T, a harness.Account, id, state string) (over error) {
	t.Helper()
	testkit.Eventually(t, harness.Patience, func() error {
		switch r := harness.As[replay](t, a.Session.Get(t, "/v1/replays/"+id).Want(t, http.StatusOK)); r.State {
		case state:
			over = nil
		case "done", "cancelled", "failed":
			over = fmt.Errorf("it is %s", r.State)
		default:
			return errors.New("it is " + r.State)
		}
		return nil
	})
	return over
}

// A cause is found, put right by a mapping that was rehearsed, and is no more: as people do it, over the API.
func TestQuarantineIsRepaired(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	a := server.SignUp(t)
	sent := harness.As[client.Ack](t, a.Secret.Post(t, "/v1/events", []any{
		map[string]any{"event": "sale", "event_id": "a", "timestamp": "2026-01-31T12:00:00Z", "amount": "12.50"},
		map[string]any{"event": "sale", "event_id": "b", "amount": 3},
		map[string]any{"event": "sale", "event_id": "b", "properties": map[string]any{"amount": 3}},
	}).Want(t, http.StatusAccepted))
	require.Equal(t, 2, a.Secret.Settled(t, sent.Receipt).Counts.Quarantined)

	type cause struct {
		ID, Code, Event string
		Open, Repaired  int
	}
	causes := func() []cause {
		return harness.As[struct{ Causes []cause }](t, a.Session.Get(t, "/v1/quarantine/causes?open=false").Want(t, http.StatusOK)).Causes
	}
	found := causes()
	require.Equal(t, []cause{{ID: found[0].ID, Code: "unknown_field", Event: "sale", Open: 2}}, found)
	body := map[string]any{"kind": "repair", "cause": found[0].ID, "mapping": []any{
		map[string]any{"op": "rename", "from": "amount", "to": "properties.amount"},
		map[string]any{"op": "convert", "path": "properties.amount", "to_type": "number"},
		map[string]any{"op": "default", "path": "properties.currency", "value": "EUR"},
	}}
	rehearsed := harness.As[struct {
		Events    int
		WouldPass int `json:"would_pass"`
		Examples  []struct {
			Before string
			After  struct{ Properties map[string]any }
		}
	}](t, a.Session.Post(t, "/v1/replays/rehearsal", body).Want(t, http.StatusOK))
	require.Equal(t, []int{2, 2}, []int{rehearsed.Events, rehearsed.WouldPass})
	require.Equal(t, "EUR", rehearsed.Examples[0].After.Properties["currency"])

	id := harness.As[replay](t, a.Session.Post(t, "/v1/replays", body).Want(t, http.StatusCreated)).ID
	require.NoError(t, awaitReplay(t, a, id, "done"))
	done := harness.As[replay](t, a.Session.Get(t, "/v1/replays/"+id))
	require.Equal(t, []int{2, 1, 1}, []int{done.Counts.Found, done.Counts.Stored, done.Counts.Duplicate})
	require.Equal(t, client.Counts{Received: 3, Stored: 2, Duplicate: 1}, a.Secret.Settled(t, sent.Receipt).Counts)
	require.Equal(t, []cause{{ID: found[0].ID, Code: "unknown_field", Event: "sale", Repaired: 2}}, causes())
	require.Empty(t, harness.As[struct{ Events []any }](t, a.Session.Get(t, "/v1/quarantine").Want(t, http.StatusOK)).Events)
	stored := a.Session.Events(t, map[string]any{"filters": map[string]any{"property": "event_id", "operator": "equals", "value": "a"}})
	require.Len(t, stored, 1)

	for _, bad := range []struct {
		body map[string]any
		code string
	}{
		{map[string]any{"kind": "repair"}, "replay_invalid"},
		{map[string]any{"kind": "repair", "cause": id, "from": "2026-01-01T00:00:00Z"}, "replay_invalid"},
		{map[string]any{"kind": "history", "from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"}, "replay_invalid"},
		{map[string]any{"kind": "repair", "cause": id, "mapping": []any{map[string]any{"op": "drop", "path": "event_id"}}}, "mapping_invalid"},
	} {
		a.Session.Post(t, "/v1/replays", bad.body).WantProblem(t, http.StatusBadRequest, bad.code)
		a.Session.Post(t, "/v1/replays/rehearsal", bad.body).WantProblem(t, http.StatusBadRequest, bad.code)
	}
	a.Session.Get(t, "/v1/replays?cursor=nonsense").WantProblem(t, http.StatusBadRequest, "cursor_invalid")
	a.Session.Get(t, "/v1/quarantine/causes?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z").WantProblem(t, http.StatusBadRequest, "invalid_period")
	a.Session.Post(t, "/v1/replays/"+id+"/cancel", nil).WantProblem(t, http.StatusConflict, "replay_state")
}

// Stored events go through the rules of today: by the same rules they stay as they are, and what a new rule forbids goes from what is stored.
func TestHistoryGoesThroughTheRulesOfToday(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	a := server.SignUp(t)
	sent := harness.As[client.Ack](t, a.Secret.Post(t, "/v1/events", []any{
		map[string]any{"event": "sale", "event_id": "1", "user_id": "ada@example.com", "properties": map[string]any{
			"email": "ada@example.com", "card": "4111 1111 1111 1111", "password": "hunter2", "ip": "192.0.2.77", "secret_plan": "world", "url": "https://x.example/?utm_source=mail&token=abc",
		}},
		map[string]any{"event": "sale", "event_id": "2", "anonymous_id": "a", "context": map[string]any{"userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "ip": "203.0.113.9"}},
		map[string]any{"event": "sale", "event_id": "3", "context": map[string]any{"userAgent": "Googlebot/2.1"}},
	}).Want(t, http.StatusAccepted))
	require.Equal(t, 3, a.Secret.Settled(t, sent.Receipt).Counts.Stored)
	everything := map[string]any{"kind": "history", "from": soon(-time.Hour), "to": soon(time.Hour)}
	run := func() (counts map[string]int) {
		id := harness.As[replay](t, a.Session.Post(t, "/v1/replays", everything).Want(t, http.StatusCreated)).ID
		require.NoError(t, awaitReplay(t, a, id, "done"))
		return harness.As[struct{ Counts map[string]int }](t, a.Session.Get(t, "/v1/replays/"+id).Want(t, http.StatusOK)).Counts
	}
	read := func() string {
		return string(a.Session.Post(t, "/v1/query/events", map[string]any{}).Want(t, http.StatusOK).Body)
	}
	before := read()
	require.Contains(t, before, "secret_plan")
	counts := run()
	require.Equal(t, []int{3, 3, 0}, []int{counts["found"], counts["unchanged"], counts["stored"]}, "by the same rules")
	require.JSONEq(t, before, read())

	a.Session.Do(t, http.MethodPut, "/v1/policies/redaction", map[string]any{
		"document": map[string]any{"rules": []any{map[string]any{"name": "plans", "path": "properties.secret_plan", "action": "drop"}}}, "note": "", "base_version": 0,
	}).Want(t, http.StatusOK)
	testkit.Eventually(t, harness.Patience, func() error {
		counts = run()
		if counts["stored"] == 0 {
			return errors.New("the policy is not in force yet")
		}
		return nil
	})
	require.Equal(t, 3, counts["stored"])
	require.NotContains(t, read(), "secret_plan")
	require.Equal(t, 3, run()["unchanged"])
	require.Equal(t, client.Counts{Received: 3, Stored: 3}, a.Secret.Settled(t, sent.Receipt).Counts)
	require.Equal(t, 3, a.Secret.Count(t, "sale"))
}
