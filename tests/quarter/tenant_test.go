package quarter_test

import (
	"encoding/json"
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

// tenant is one that lives through the quarter, with the book that the model keeps of it.
type tenant struct {
	harness.Account
	*book
	name     string
	clock    *clock
	server   *server
	loggedIn time.Time
	toldFrom time.Time // hour from which on the provider of payments is told of usage
	sent     int       // events so far
}

func signUp(t *testing.T, s *server, c *clock, name, currency string) *tenant {
	t.Helper()
	email := name + "@example.com"
	x := &tenant{
		Account: s.SignUpAs(t, client.SignUpInput{Email: email, Password: harness.Password, Organization: name}),
		book:    newBook(currency, c.Now()), name: name, clock: c, server: s, loggedIn: c.Now(),
	}
	return x
}

// member is a session of the owner. Sessions end after a while.
func (x *tenant) member(t *testing.T) *harness.Caller {
	t.Helper()
	const fresh = 12 * time.Hour
	if x.clock.Now().Sub(x.loggedIn) > fresh {
		x.Session, x.loggedIn = x.server.LogIn(t, x.Email, harness.Password), x.clock.Now()
	}
	return x.Session
}

// event makes one of somebody.
func (x *tenant) event(name, user string) map[string]any {
	x.sent++
	return map[string]any{"event": name, "event_id": fmt.Sprintf("%s-%d", x.name, x.sent), "user_id": user, "timestamp": x.clock.Now().Format(time.RFC3339)}
}

// some are events of so many people, one after the other.
func (x *tenant) some(n, people int, from int) []map[string]any {
	all := make([]map[string]any, n)
	for i := range all {
		all[i] = x.event("visit", fmt.Sprintf("%s person %d", x.name, from+i%people))
	}
	return all
}

// send sends events until they are acknowledged, whatever happens to the server meanwhile, and returns the receipt. The model is told nothing.
func (x *tenant) send(t *testing.T, events []map[string]any) client.Ack {
	t.Helper()
	var ack client.Ack
	testkit.Eventually(t, harness.Patience, func() error {
		res, err := x.Secret.Try(t.Context(), http.MethodPost, "/v1/events", map[string]any{"events": events})
		if err != nil {
			return err
		}
		if res.StatusCode != http.StatusAccepted {
			return fmt.Errorf("%d: %s", res.StatusCode, res.Body)
		}
		return json.Unmarshal(res.Body, &ack)
	})
	return ack
}

// store sends events that are billed in this hour, and waits until they are stored.
func (x *tenant) store(t *testing.T, events []map[string]any) client.Receipt {
	t.Helper()
	for _, e := range events {
		x.add(x.clock.Now(), e["user_id"].(string)) //nolint:forcetypeassert // see event
	}
	return x.settled(t, x.send(t, events).Receipt)
}

// settled waits until a receipt says what became of every event.
func (x *tenant) settled(t *testing.T, receipt string) (r client.Receipt) {
	t.Helper()
	testkit.Eventually(t, harness.Patience, func() error {
		res, err := x.Secret.Try(t.Context(), http.MethodGet, "/v1/receipts/"+receipt, nil)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(res.Body, &r); err != nil || res.StatusCode != http.StatusOK || !r.Settled() {
			return fmt.Errorf("%d: %s", res.StatusCode, res.Body)
		}
		return nil
	})
	return r
}

// subscribe changes the plan in the midst of the hour.
func (x *tenant) subscribe(t *testing.T, plan string, more map[string]any) {
	t.Helper()
	body := map[string]any{"plan": plan, "currency": x.currency}
	for name, value := range more {
		body[name] = value
	}
	x.member(t).Do(t, http.MethodPut, "/v1/billing/subscription", body).Want(t, http.StatusOK)
}

// today goes on to a time, waits until the server has noticed and heard anew from PostgreSQL what holds, and has everybody send an event.
func today(t *testing.T, c *clock, at time.Time, all ...*tenant) {
	t.Helper()
	c.to(t, at)
	all[0].server.Fresh(t)
	for _, x := range all {
		r := x.store(t, []map[string]any{x.event("visit", x.name+" person 0")})
		require.Equal(t, 1, r.Counts.Stored, "%s: %+v", x.name, r)
	}
}

// erase has a person forgotten, and waits until that is done.
func (x *tenant) erase(t *testing.T, user string) {
	t.Helper()
	id := harness.As[struct{ ID string }](t, x.member(t).Post(t, "/v1/privacy/requests", map[string]any{
		"type": "erase", "subjects": []any{map[string]any{"user_id": user}}, "note": "by letter " + uuid.NewString(),
	}).Want(t, http.StatusAccepted)).ID
	testkit.Eventually(t, 2*harness.Patience, func() error {
		r := harness.As[struct{ State, Waiting string }](t, x.member(t).Get(t, "/v1/privacy/requests/"+id).Want(t, http.StatusOK))
		if r.State != "completed" {
			return fmt.Errorf("it is %s, waits for %s", r.State, r.Waiting)
		}
		return nil
	})
}

// misspell sends events of a name that the tenant's contract does not know, each of somebody who was never seen.
func (x *tenant) misspell(t *testing.T, n int) {
	t.Helper()
	x.member(t).Do(t, http.MethodPut, "/v1/policies/contract", map[string]any{
		"document": map[string]any{"unknown_events": "quarantine", "events": []any{map[string]any{"event": "visit", "mode": "off"}}}, "note": "", "base_version": 0,
	}).Want(t, http.StatusOK)
	testkit.Eventually(t, harness.Patience, func() error { // a policy reaches every node within 5 s
		if ack := x.send(t, []map[string]any{x.event("probe", "nobody")}); len(ack.Rejected) == 0 {
			x.add(x.clock.Now(), "nobody")
			return errors.New("the contract is not in force yet")
		}
		return nil
	})
	events := x.some(n, n, 1000)
	for _, e := range events {
		e["event"] = "vizit"
	}
	ack := x.send(t, events)
	require.Len(t, ack.Rejected, n)
	x.settled(t, ack.Receipt)
}

// repair has what was misspelt stored after all: it counts in the hour in which it was received.
func (x *tenant) repair(t *testing.T, n int, received time.Time) {
	t.Helper()
	var cause string
	for _, c := range harness.As[struct {
		Causes []struct{ ID, Event string }
	}](t, x.member(t).Get(t, "/v1/quarantine/causes?open=false").Want(t, http.StatusOK)).Causes {
		if c.Event == "vizit" {
			cause = c.ID
		}
	}
	require.NotEmpty(t, cause)
	id := harness.As[struct{ ID string }](t, x.member(t).Post(t, "/v1/replays", map[string]any{
		"kind": "repair", "cause": cause, "mapping": []any{map[string]any{"op": "set_event", "value": "visit"}},
	}).Want(t, http.StatusCreated)).ID
	testkit.Eventually(t, harness.Patience, func() error {
		r := harness.As[struct {
			State  string
			Counts struct{ Stored int }
		}](t, x.member(t).Get(t, "/v1/replays/"+id).Want(t, http.StatusOK))
		if r.State != "done" || r.Counts.Stored != n {
			return fmt.Errorf("%+v", r)
		}
		return nil
	})
	for i := range n {
		x.add(received, fmt.Sprintf("%s person %d", x.name, 1000+i))
	}
}
