// Package forgotten_test has a person forgotten while events flow and the server is killed, and then looks for that person in every file
// below the data folder.
package forgotten_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/client"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
	"github.com/observatory/observatory/tests/search"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// person is somebody by every ID that events say about them. The texts are like no others.
type person struct{ user, anonymous, older, session string }

func somebody(name string) person {
	id := func(what string) string { return name + "x" + what + "x" + uuid.NewString()[:13] }
	return person{user: id("user"), anonymous: id("device"), older: id("older"), session: id("session")}
}

func (p person) texts() []string { return []string{p.user, p.anonymous, p.older, p.session} }

// events are one of each way in which events speak of the person: late ones, one that is dated in 2099 and quarantined for that, one with
// the ID among its properties.
func (p person) events() []harness.Event {
	now := time.Now()
	return []harness.Event{
		{Name: "seen", AnonymousID: p.anonymous, SessionID: p.session, Timestamp: now.Add(-3 * time.Hour)},
		{Name: "logged in", UserID: p.user, AnonymousID: p.anonymous, SessionID: p.session, Timestamp: now.Add(-2 * time.Hour)},
		{Name: "bought", UserID: p.user, Timestamp: now.AddDate(-10, 0, 0), Properties: map[string]any{"account": p.user, "price": 12}},
		{Name: "bought", UserID: p.user, Timestamp: now.AddDate(0, 0, -40)},
		{Name: "from the future", UserID: p.user, Timestamp: time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC), Properties: map[string]any{"account": p.user}},
		{Name: "older", UserID: p.older, Timestamp: now.Add(-26 * time.Hour)},
	}
}

// tenant is one that sends.
type tenant struct {
	harness.Account
	people   []person     // who are sent of besides many others
	others   atomic.Int64 // events that are neither of these people's
	mu       sync.Mutex
	receipts []string
}

// send sends batch after batch until stop, each until it is acknowledged.
func (x *tenant) send(t *testing.T, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		const others = 20
		var batch []harness.Event
		for range others {
			batch = append(batch, harness.Event{
				Name: "ordinary", UserID: fmt.Sprintf("ordinary%d", rand.N(200)), Timestamp: time.Now().Add(-rand.N(20 * time.Hour)),
				Properties: map[string]any{"price": rand.N(100)},
			})
		}
		for _, p := range x.people {
			batch = append(batch, p.events()...)
		}
		for i := range batch {
			batch[i].ID = uuid.NewString()
		}
		for {
			time.Sleep(30 * time.Millisecond)
			res, err := x.Secret.Try(t.Context(), http.MethodPost, "/v1/events", map[string]any{"events": batch})
			if t.Context().Err() != nil {
				return
			}
			var ack client.Ack
			if err != nil || res.StatusCode != http.StatusAccepted || json.Unmarshal(res.Body, &ack) != nil {
				continue
			}
			x.others.Add(others)
			x.mu.Lock()
			x.receipts = append(x.receipts, ack.Receipt)
			x.mu.Unlock()
			break
		}
	}
}

func TestAPersonIsForgottenUnderLoad(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Config{Env: map[string]string{"OBSERVATORY_LOG_LEVEL": "debug", "OBSERVATORY_PURGE_EVERY": "1s"}})
	leaver, stayer, elsewhere := somebody("leaver"), somebody("stayer"), somebody("elsewhere")
	ours := &tenant{Account: s.SignUp(t), people: []person{leaver, stayer}}
	theirs := &tenant{Account: s.SignUp(t), people: []person{elsewhere}}
	for _, x := range []*tenant{ours, theirs} {
		for _, p := range x.people {
			x.Secret.Post(t, "/v1/alias", map[string]any{"userId": p.user, "previousId": p.older}).Want(t, http.StatusOK)
		}
	}
	stop := make(chan struct{})
	var sending sync.WaitGroup
	for _, x := range []*tenant{ours, theirs, theirs} {
		sending.Go(func() { x.send(t, stop) })
	}
	end := sync.OnceFunc(func() { close(stop); sending.Wait() })
	t.Cleanup(end)
	testkit.Eventually(t, harness.Patience, func() error {
		if len(ours.Secret.Events(t, map[string]any{"filters": map[string]any{"property": "user_id", "operator": "equals", "value": leaver.user}})) == 0 {
			return errors.New("nothing of the person is stored yet")
		}
		return nil
	})

	key := ours.CreateKey(t, "secret", map[string]any{"scopes": []string{"privacy:write"}})
	office := s.WithKey(t, key.Token)
	request := harness.As[struct{ ID string }](t, office.Post(t, "/v1/privacy/requests", map[string]any{
		"type": "erase", "subjects": []any{map[string]any{"anonymous_id": leaver.anonymous}}, "note": "by letter",
	}).Want(t, http.StatusAccepted)).ID
	s.Kill(t) // at any moment: it goes on where it was
	s.Start(t)

	type step struct{ Copy, State, Pending, Error string }
	var found struct {
		State, Waiting string
		Steps          []step `json:"copies"`
	}
	testkit.Eventually(t, 2*harness.Patience, func() error {
		office.Get(t, "/v1/privacy/requests/"+request).Want(t, http.StatusOK).JSON(t, &found)
		if slices.Contains([]string{"completed", "completed_with_exceptions", "failed"}, found.State) {
			return nil
		}
		open := slices.DeleteFunc(found.Steps, func(s step) bool { return s.State == "clear" })
		return fmt.Errorf("the request is %s, waits for %q, with %+v still to go", found.State, found.Waiting, open)
	})
	require.Equal(t, "completed", found.State, "%+v", found.Steps)
	certificate := filepath.Join(t.TempDir(), "certificate.jws")
	require.NoError(t, os.WriteFile(certificate, office.Get(t, "/v1/privacy/requests/"+request+"/certificate", "Accept", "application/jose").Want(t, http.StatusOK).Body, 0o600))
	said, err := exec.CommandContext(t.Context(), harness.Binary(t), "verify-certificate", certificate,
		"--keys", s.URL+"/.well-known/observatory-certificates.json").CombinedOutput()
	require.NoError(t, err, "%s", said)

	// They go on to send of the person for a while, and nobody else's numbers have moved.
	acknowledged := ours.others.Load()
	testkit.Eventually(t, harness.Patience, func() error {
		if ours.others.Load() < acknowledged+200 {
			return errors.New("nothing more is sent")
		}
		return nil
	})
	end()
	for _, x := range []*tenant{ours, theirs} {
		for _, receipt := range x.receipts[max(0, len(x.receipts)-3):] {
			x.Secret.Settled(t, receipt)
		}
		require.EqualValues(t, x.others.Load(), x.Secret.Count(t, "ordinary"))
	}
	of := func(p person) int {
		return len(ours.Secret.Events(t, map[string]any{"filters": map[string]any{"property": "user_id", "operator": "equals", "value": p.user}}))
	}
	require.Zero(t, of(leaver))
	require.Positive(t, of(stayer))

	s.Stop(t)
	hits, err := search.Below(s.DataDir, leaver.texts()...)
	require.NoError(t, err)
	require.Empty(t, hits)
	for _, text := range append(leaver.texts(), certificate) {
		require.NotContains(t, s.Logs.String(), text)
	}
	hits, err = search.Below(s.DataDir, stayer.user)
	require.NoError(t, err)
	require.NotEmpty(t, hits, "the search finds whom it has to find")
}
