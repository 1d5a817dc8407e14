package notify_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/analytics/notify"
)

func channelTarget(c notify.Channel) notify.Target {
	return notify.Target{Kind: notify.TargetChannel, ID: uuid.UUID(c.ID)}
}

// From the first step to the end: each message once, signed, in order, until somebody acknowledges it.
func TestEscalation(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	channel, secret := h.webhook("ops")
	rotation, err := h.service.CreateRotation(t.Context(), h.by, notify.RotationInput{
		Name: "On call", Timezone: "Europe/Berlin", Weekday: time.Monday, Minute: 9 * 60, Members: ids(h.bob, h.ada),
	})
	require.NoError(t, err)
	policy := h.policy(notify.Plan{
		Steps: []notify.Step{
			{Delay: time.Minute, Targets: []notify.Target{channelTarget(channel)}},
			{Delay: 10 * time.Minute, Targets: []notify.Target{{Kind: notify.TargetRotation, ID: uuid.UUID(rotation.ID)}, {Kind: notify.TargetMember, ID: uuid.UUID(h.bob)}}},
		},
		Repeat: 1,
	})
	id := h.incident(policy)
	h.work()
	require.Empty(t, h.hooks.take(), "the first step has a delay")
	h.pass(time.Minute)
	h.work()
	h.work()
	got := h.hooks.take()
	require.Len(t, got, 1)
	first := h.deliveries(id)
	require.Len(t, first, 1)
	checkWebhook(t, got[0], secret, first[0].ID)
	require.Equal(t, notify.Sent, first[0].State)
	require.Len(t, first[0].Attempts, 1)
	require.Equal(t, http.StatusOK, *first[0].Attempts[0].Status)

	var body struct {
		Type      string    `json:"type"`
		Timestamp time.Time `json:"timestamp"`
		Data      struct {
			Incident struct {
				ID       uuid.UUID `json:"id"`
				Title    string    `json:"title"`
				State    string    `json:"state"`
				Severity string    `json:"severity"`
			} `json:"incident"`
			Rules         []map[string]any  `json:"rules"`
			Reason        string            `json:"reason"`
			Details       map[string]string `json:"details"`
			URL           string            `json:"url"`
			CorrelationID string            `json:"correlation_id"`
		} `json:"data"`
	}
	require.NoError(t, json.Unmarshal(got[0].body, &body))
	require.Equal(t, "incident.firing", body.Type)
	require.Equal(t, uuid.UUID(id), body.Data.Incident.ID)
	require.Equal(t, "Checkout fails fired: 12 is above 5.", body.Data.Reason)
	require.Equal(t, map[string]string{"value": "12"}, body.Data.Details)
	require.Equal(t, "https://observatory.example/alerts/incidents/"+id.String(), body.Data.URL)
	require.Equal(t, id.String(), body.Data.CorrelationID)
	require.Equal(t, got[0].header.Get("X-Correlation-Id"), body.Data.CorrelationID)
	require.Len(t, body.Data.Rules, 1)
	require.NotContains(t, string(got[0].body), "@example.com", "no personal data")

	h.pass(10 * time.Minute)
	h.work()
	mails := h.mails.take()
	require.Len(t, mails, 1, "Bob is on call and named: he gets one mail")
	require.Equal(t, []string{"bob@example.com"}, mails[0].to)
	require.Contains(t, mails[0].text, "Subject: [critical] Checkout fails & <stops>")
	require.Contains(t, mails[0].text, "12 is above 5")
	situation, err := h.service.Situation(t.Context(), h.tenant(), id)
	require.NoError(t, err)
	require.Equal(t, notify.StateWaiting, situation.State)
	require.Equal(t, 2, situation.Taken)
	require.Equal(t, h.now().Add(30*time.Minute), *situation.DueAt)

	h.pass(30 * time.Minute)
	h.work()
	require.Len(t, h.hooks.take(), 1, "the second round begins")
	h.acknowledge(id)
	h.pass(time.Hour)
	h.work()
	require.Empty(t, h.hooks.take())
	require.Empty(t, h.mails.take())

	h.resolve(id)
	h.work()
	h.work()
	got = h.hooks.take()
	require.Len(t, got, 1, "whoever was told is told once that it is over")
	require.Contains(t, string(got[0].body), "incident.resolved")
	mails = h.mails.take()
	require.Len(t, mails, 1)
	require.Contains(t, mails[0].text, "Subject: Resolved: Checkout fails")
	require.Equal(t, []string{
		"Step 1: telling ops.", "Step 2: telling a member by mail.", "Step 1: telling ops.", "It is over: telling ops, a member by mail.",
	}, h.timeline(id))
}

// checkWebhook verifies a message with an independent implementation of Standard Webhooks.
func checkWebhook(t *testing.T, got hook, secret notify.Secret, id notify.DeliveryID) {
	t.Helper()
	require.Equal(t, id.String(), got.header.Get("webhook-id"))
	verifier, err := webhooks.NewWebhook(secret.Reveal())
	require.NoError(t, err)
	require.NoError(t, verifier.VerifyIgnoringTimestamp(got.body, got.header))
	changed := append([]byte{' '}, got.body...)
	require.Error(t, verifier.VerifyIgnoringTimestamp(changed, got.header))
}

// However many workers there are, each step is taken once and each message is made once.
func TestManyWorkers(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	a, _ := h.webhook("a")
	b, _ := h.webhook("b")
	policy := h.policy(notify.Plan{Steps: []notify.Step{{Targets: []notify.Target{channelTarget(a), channelTarget(b)}}}})
	for range 3 {
		h.incident(policy)
	}
	const workers = 6
	errs := make([]error, 2*workers)
	var all sync.WaitGroup
	for i := range workers {
		courier := h.courier(true)
		all.Go(func() { errs[i] = h.escalator.Run(t.Context()) })
		all.Go(func() { errs[workers+i] = courier.Run(t.Context()) })
	}
	all.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	h.work()
	seen := map[string]int{}
	for _, got := range h.hooks.take() {
		seen[got.header.Get("webhook-id")]++
	}
	require.Len(t, seen, 6)
	for id, n := range seen {
		require.Equal(t, 1, n, id)
	}
}

// What cannot be delivered is tried again with growing pauses, and then the next step is taken at once.
func TestFailuresRetryAndEscalate(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	broken, _ := h.webhook("broken")
	policy := h.policy(notify.Plan{Steps: []notify.Step{
		{Targets: []notify.Target{channelTarget(broken)}},
		{Delay: 12 * time.Hour, Targets: []notify.Target{{Kind: notify.TargetMember, ID: uuid.UUID(h.ada)}}},
	}})
	h.hooks.answers(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, strings.Repeat("x", 5000))
	})
	id := h.incident(policy)
	begin := h.now()
	for h.now().Sub(begin) < 10*time.Minute && len(h.mails.got) == 0 {
		h.work()
		h.pass(5 * time.Second)
	}
	hooks := h.hooks.take()
	require.Len(t, hooks, 6)
	for _, got := range hooks {
		require.Equal(t, hooks[0].header.Get("webhook-id"), got.header.Get("webhook-id"), "a retry is the same message")
		require.Equal(t, hooks[0].body, got.body)
	}
	require.Len(t, h.mails.take(), 1, "twelve hours early")
	var failed notify.Delivery
	for _, d := range h.deliveries(id) {
		if d.Channel != nil {
			failed = d
		}
	}
	require.Equal(t, notify.Failed, failed.State)
	require.Len(t, failed.Attempts, 6)
	for i, a := range failed.Attempts {
		require.Equal(t, notify.OutcomeFailed, a.Outcome)
		require.Equal(t, 500, *a.Status)
		require.Len(t, a.Answer, 200)
		require.Equal(t, "The answer was 500 Internal Server Error.", a.Error)
		if i > 0 {
			pause := a.At.Sub(failed.Attempts[i-1].At)
			base := 5 * time.Second << (i - 1)
			require.GreaterOrEqual(t, pause, base/2)
			require.LessOrEqual(t, pause, base*3/2+5*time.Second)
		}
	}
	require.Equal(t, []string{
		"Step 1: telling broken.",
		"broken could not be reached in 6 attempts. The answer was 500 Internal Server Error. The next step is taken at once.",
		"Step 2: telling a member by mail.",
	}, h.timeline(id))
}

// The pause between rounds is not cut short by somebody who cannot be reached, or rounds without end would be over in minutes.
func TestFailuresLeaveThePauseBetweenRounds(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	broken, _ := h.webhook("broken")
	policy := h.policy(notify.Plan{Steps: []notify.Step{{Targets: []notify.Target{channelTarget(broken)}}}, Repeat: 1, RepeatAfter: time.Hour})
	h.hooks.answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) })
	id := h.incident(policy)
	h.work()
	h.work()
	require.Equal(t, []string{"Step 1: telling broken.", "broken could not be reached in one attempt. The answer was 410 Gone."}, h.timeline(id))
	h.pass(59 * time.Minute)
	h.work()
	require.Len(t, h.timeline(id), 2)
	h.pass(time.Minute)
	h.work()
	require.Equal(t, "Step 1: telling broken.", h.timeline(id)[2], "the second round begins in its time")
}

func TestSnoozedAndMuted(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	channel, _ := h.webhook("ops")
	step := notify.Step{Targets: []notify.Target{channelTarget(channel)}}
	policy := h.policy(notify.Plan{Steps: []notify.Step{step, step}})
	muted := h.incident(policy)
	h.exec("UPDATE incidents SET muted = true")
	h.work()
	require.Empty(t, h.hooks.take(), "muted incidents tell nobody")
	require.Empty(t, h.deliveries(muted))
	situation, err := h.service.Situation(t.Context(), h.tenant(), muted)
	require.NoError(t, err)
	require.Equal(t, notify.StateMuted, situation.State)
	h.exec("UPDATE incidents SET muted = false, snoozed_until = $1", h.now().Add(time.Hour))
	h.work()
	require.Empty(t, h.hooks.take(), "nor snoozed ones")
	situation, err = h.service.Situation(t.Context(), h.tenant(), muted)
	require.NoError(t, err)
	require.Equal(t, notify.StateSnoozed, situation.State)
	require.Equal(t, h.now().Add(time.Hour), *situation.DueAt)
	require.Len(t, situation.Next, 1)
	h.pass(time.Hour)
	h.work()
	require.Len(t, h.hooks.take(), 1, "then it goes on where it stood")
	h.work()
	require.Len(t, h.hooks.take(), 1)
	h.pass(time.Hour)
	h.work()
	situation, err = h.service.Situation(t.Context(), h.tenant(), muted)
	require.NoError(t, err)
	require.Equal(t, notify.StateExhausted, situation.State)
	require.Nil(t, situation.DueAt)

	// Resolved before anybody was told: nobody is told at all.
	quiet := h.incident(policy)
	h.resolve(quiet)
	h.work()
	require.Empty(t, h.hooks.take())
}

// A message that waits for its next attempt is not sent any more once somebody has acknowledged.
func TestAcknowledgingCancelsWhatWaits(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	channel, _ := h.webhook("ops")
	id := h.incident(h.policy(notify.Plan{Steps: []notify.Step{{Targets: []notify.Target{channelTarget(channel)}}}}))
	h.hooks.answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	h.work()
	require.Len(t, h.hooks.take(), 1)
	h.acknowledge(id)
	h.pass(time.Hour)
	h.work()
	require.Empty(t, h.hooks.take())
	require.Equal(t, notify.Cancelled, h.deliveries(id)[0].State)
}

// A message that waits while the incident is silenced is sent when the silence is over: the step that it belongs to is not taken again.
func TestSilencingHoldsBackWhatWaits(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	channel, _ := h.webhook("ops")
	id := h.incident(h.policy(notify.Plan{Steps: []notify.Step{{Targets: []notify.Target{channelTarget(channel)}}}}))
	h.hooks.answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	h.work()
	require.Len(t, h.hooks.take(), 1, "the receiver is away")
	h.hooks.answers(func(http.ResponseWriter, *http.Request) {})
	h.exec("UPDATE incidents SET muted = true")
	h.pass(time.Minute)
	h.work()
	require.Empty(t, h.hooks.take())
	h.exec("UPDATE incidents SET muted = false")
	h.work()
	require.Len(t, h.hooks.take(), 1)
	require.Equal(t, notify.Sent, h.deliveries(id)[0].State)
}

// A worker that dies while it sends is followed by another, which sends the same message.
func TestWorkerDies(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	channel, secret := h.webhook("ops")
	id := h.incident(h.policy(notify.Plan{Steps: []notify.Step{{Targets: []notify.Target{channelTarget(channel)}}}}))
	require.NoError(t, h.escalator.Run(t.Context()))
	claimed, err := h.store.Claim(t.Context(), h.now(), h.now().Add(time.Minute), 4, 16)
	require.NoError(t, err)
	require.Len(t, claimed, 1) // and then nothing more is heard of it
	h.work()
	require.Empty(t, h.hooks.take(), "the first one may still be at it")
	h.pass(time.Minute)
	h.work()
	got := h.hooks.take()
	require.Len(t, got, 1)
	checkWebhook(t, got[0], secret, claimed[0].ID)
	d := h.deliveries(id)[0]
	require.Equal(t, notify.Sent, d.State)
	require.Equal(t, []notify.Outcome{notify.OutcomeUnknown, notify.OutcomeDelivered}, []notify.Outcome{d.Attempts[0].Outcome, d.Attempts[1].Outcome})
}

// One tenant's slow receivers take some of the room, and not all of it.
func TestClaimsAreFair(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var targets []notify.Target
	for i := range 10 {
		c, _ := h.webhook(fmt.Sprint("c", i))
		targets = append(targets, channelTarget(c))
	}
	h.incident(h.policy(notify.Plan{Steps: []notify.Step{{Targets: targets}}}))
	require.NoError(t, h.escalator.Run(t.Context()))
	claimed, err := h.store.Claim(t.Context(), h.now(), h.now().Add(time.Minute), 4, 16)
	require.NoError(t, err)
	require.Len(t, claimed, 4)
}

// Somebody who has left, or has not verified the address, is not written to, and the next one is.
func TestPeopleWhoCannotBeTold(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	member := func(id uuid.UUID) notify.Step {
		return notify.Step{Delay: time.Hour, Targets: []notify.Target{{Kind: notify.TargetMember, ID: id}}}
	}
	policy := h.policy(notify.Plan{Steps: []notify.Step{member(uuid.UUID(h.bob)), member(uuid.UUID(h.bob)), member(uuid.UUID(h.ada))}})
	id := h.incident(policy)
	h.pass(time.Hour)
	h.exec("UPDATE users SET email_verified_at = NULL WHERE id = $1", h.bob.String())
	h.work()
	h.exec("DELETE FROM members WHERE user_id = $1", h.bob.String())
	h.work()
	h.work()
	mails := h.mails.take()
	require.Len(t, mails, 1)
	require.Equal(t, []string{"ada@example.com"}, mails[0].to)
	timeline := strings.Join(h.timeline(id), "\n")
	require.Contains(t, timeline, "has not verified the e-mail address")
	require.Contains(t, timeline, "not a member of the organisation any more")
}
