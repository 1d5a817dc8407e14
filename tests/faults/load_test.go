//go:build linux

package faults_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/client"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

// eventName is the name of every event that the writers send.
const eventName = "fault_test"

// What requests that are not acknowledged meet with.
const (
	noAnswer = "no answer"
	starting = "503 keys_not_loaded"
	logFull  = "503 log_full"
)

// load is many writers that send to one server, whatever happens to it, and take note of what they are told.
type load struct {
	cfg    loadConfig
	caller *harness.Caller
	stop   chan struct{}
	done   sync.WaitGroup

	mu       sync.Mutex
	attempts int            // requests sent
	sent     map[string]int // event ID -> in how many attempts
	acks     []ack
	failures map[string]int // attempts without an acknowledgement, by what came instead
	silent   []silence
	slowest  time.Duration // of the acknowledgements
}

// loadConfig says how much is sent. The zero value is about two hundred requests a second.
type loadConfig struct {
	Writers int           // default 8
	Events  int           // at most, of a request; default 40
	Pause   time.Duration // of a writer after each request; default 40 ms
	Padding int           // bytes added to each event
	Spread  time.Duration // over which the events have happened; default a minute
}

// ack is a request that was acknowledged.
type ack struct {
	receipt  string
	eventIDs []string // in order
	rejected int      // how many of them, at the end of the request, are in quarantine
}

// silence is an attempt that was not answered.
type silence struct {
	at  time.Time // sent
	err error
}

// request is a request as often as it is sent: its events keep their IDs.
type request struct {
	body     []byte
	eventIDs []string
	broken   int // events at its end that break a rule
}

// startLoad begins to send with a key.
func startLoad(t *testing.T, caller *harness.Caller, cfg loadConfig) *load {
	t.Helper()
	if cfg.Writers == 0 {
		cfg.Writers = 8
	}
	if cfg.Events == 0 {
		cfg.Events = 40
	}
	if cfg.Pause == 0 {
		cfg.Pause = 40 * time.Millisecond
	}
	if cfg.Spread == 0 {
		cfg.Spread = time.Minute
	}
	l := &load{cfg: cfg, caller: caller, stop: make(chan struct{}), sent: map[string]int{}, failures: map[string]int{}}
	for i := range cfg.Writers {
		l.done.Go(func() { l.write(t.Context(), i) })
	}
	t.Cleanup(l.end)
	return l
}

// end lets the writers finish the requests that they have in hand.
func (l *load) end() {
	select {
	case <-l.stop:
	default:
		close(l.stop)
	}
	l.done.Wait()
}

// write is one writer. It sends new events mostly; now and then it sends again what was acknowledged, as a client does whose
// answer got lost, and about half of what was not.
func (l *load) write(ctx context.Context, writer int) {
	var unsure, sure []*request
	for n := 0; ; n++ {
		select {
		case <-l.stop:
			return
		case <-time.After(l.cfg.Pause/2 + rand.N(l.cfg.Pause)):
		}
		var r *request
		switch {
		case len(unsure) > 0 && rand.N(2) == 0:
			r, unsure = unsure[0], unsure[1:]
			if rand.N(2) == 0 {
				continue // given up: its events may be stored, or not
			}
		case len(sure) > 0 && rand.N(20) == 0:
			r = sure[rand.N(len(sure))]
		default:
			r = l.newRequest(writer, n)
		}
		if l.send(ctx, r) {
			sure = append(sure[max(0, len(sure)-50):], r)
		} else {
			unsure = append(unsure, r)
		}
	}
}

// newRequest makes a request of new events. They lie in several months, which are several partitions of the store, so
// that storing a batch is not atomic.
func (l *load) newRequest(writer, n int) *request {
	r := &request{}
	events := make([]map[string]any, 1+rand.N(l.cfg.Events))
	for i := range events {
		id := fmt.Sprintf("%d-%d-%d", writer, n, i)
		at := time.Now().UTC().Add(-rand.N(l.cfg.Spread))
		if i%8 == 7 {
			at = at.AddDate(0, -1-rand.N(2), 0)
		}
		r.eventIDs = append(r.eventIDs, id)
		events[i] = map[string]any{"event": eventName, "event_id": id, "user_id": fmt.Sprint("user ", writer), "timestamp": at, "properties": map[string]any{"n": n}}
		if l.cfg.Padding > 0 {
			events[i]["properties"] = map[string]any{"padding": strings.Repeat(fmt.Sprintf("%x", rand.Uint64()), l.cfg.Padding/16)}
		}
	}
	if len(events) > 1 && rand.N(10) == 0 {
		delete(events[len(events)-1], "event")
		r.broken = 1
	}
	r.body, _ = json.Marshal(map[string]any{"events": events})
	return r
}

// send sends a request and says whether it was acknowledged.
func (l *load) send(ctx context.Context, r *request) bool {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	l.mu.Lock()
	l.attempts++
	for _, id := range r.eventIDs {
		l.sent[id]++
	}
	l.mu.Unlock()

	began := time.Now()
	res, err := l.caller.Try(ctx, http.MethodPost, "/v1/events", r.body)
	took := time.Since(began)

	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err != nil:
		l.failures[noAnswer]++
		l.silent = append(l.silent, silence{at: began, err: err})
	case res.StatusCode != http.StatusAccepted:
		l.failures[fmt.Sprint(res.StatusCode, " ", res.Code())]++
	default:
		var answer client.Ack
		if err := json.Unmarshal(res.Body, &answer); err != nil || answer.Accepted+len(answer.Rejected) != len(r.eventIDs) || len(answer.Rejected) != r.broken {
			l.failures[fmt.Sprintf("an answer that makes no sense: %s", res.Body)]++
			return false
		}
		l.acks = append(l.acks, ack{receipt: answer.Receipt, eventIDs: r.eventIDs, rejected: r.broken})
		l.slowest = max(l.slowest, took)
		return true
	}
	return false
}

// acked is the number of requests that were acknowledged so far.
func (l *load) acked() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.acks)
}

// notAcknowledged counts the attempts so far that ended in other ways: noAnswer, or status and code.
func (l *load) notAcknowledged() map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.failures)
}

// unanswered are the attempts since the last call that were not answered.
func (l *load) unanswered() []silence {
	l.mu.Lock()
	defer l.mu.Unlock()
	found := l.silent
	l.silent = nil
	return found
}

// awaitAcks waits until n more requests are acknowledged.
func (l *load) awaitAcks(t *testing.T, n int) {
	t.Helper()
	goal := l.acked() + n
	testkit.Eventually(t, harness.Patience, func() error {
		if now := l.acked(); now < goal {
			return fmt.Errorf("%d requests of %d are acknowledged; the others: %v", now, goal, l.notAcknowledged())
		}
		return nil
	})
}

// resetSlowest returns the longest that an acknowledgement took since the last call.
func (l *load) resetSlowest() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	slowest := l.slowest
	l.slowest = 0
	return slowest
}

// goesOn fails the test unless events are acknowledged all the while for that long, each within limit.
func (l *load) goesOn(t *testing.T, length, limit time.Duration) {
	t.Helper()
	const step = 2 * time.Second
	l.resetSlowest()
	for end := time.Now().Add(length); time.Now().Before(end); {
		before := l.acked()
		time.Sleep(step)
		require.Greater(t, l.acked(), before, "nothing was acknowledged in %s", step)
	}
	require.Less(t, l.resetSlowest(), limit, "the slowest acknowledgement")
}

// onlyFailures fails the test when an attempt failed in any other way.
func (l *load) onlyFailures(t *testing.T, hows ...string) {
	t.Helper()
	others := l.notAcknowledged()
	for _, how := range hows {
		delete(others, how)
	}
	require.Empty(t, others)
}
