package api_test

import (
	"bufio"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/tests/harness"
)

// TestStream watches events as they are stored.
func TestStream(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	mine, other := server.SignUp(t), server.SignUp(t)
	all, sales := watch(t, mine.Session, ""), watch(t, mine.Secret, "?event=sale")

	other.Secret.Send(t, harness.Event{Name: "sale", ID: "foreign"})
	begin := time.Now()
	ack := mine.Secret.Send(t, harness.Event{Name: "view", ID: "v-1", Properties: map[string]any{"path": "/"}}, harness.Event{Name: "sale", ID: "s-1"})
	first := all.event(t)
	require.Less(t, time.Since(begin), 10*time.Second, "a second or so, and more where machines are busy")
	require.Equal(t, "v-1", first.ID)
	require.Equal(t, map[string]any{"path": "/"}, first.Properties)
	require.Equal(t, ack.Receipt, first.Receipt)
	require.Equal(t, "s-1", all.event(t).ID)
	require.Equal(t, "s-1", sales.event(t).ID)
	stored := harness.As[harness.StoredEvent](t, mine.Secret.Get(t, "/v1/events/v-1").Want(t, http.StatusOK))
	require.Equal(t, stored, first, "live and stored are the same event")

	// Streams end when the server is asked to end, so that they do not hold it up.
	server.Stop(t)
	require.Empty(t, all.rest(t))
	require.Empty(t, sales.rest(t))
}

// TestStreamSaysWhatItMissed stores more at once than a stream takes.
func TestStreamSaysWhatItMissed(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	account := server.SignUp(t)
	watching := watch(t, account.Session, "")
	events := make([]harness.Event, 2500)
	for i := range events {
		events[i] = harness.Event{Name: "burst", Properties: map[string]any{"filler": strings.Repeat("x", 1000)}}
	}
	received, missed := 0, 0
	for sent := 0; missed == 0; {
		account.Secret.Send(t, events...)
		for sent += len(events); received+missed < sent; {
			switch m := watching.next(t); m.kind {
			case "event":
				received++
			case "missed":
				var n int
				_, err := fmt.Sscanf(m.data, `{"count": %d}`, &n)
				require.NoError(t, err)
				require.Positive(t, n)
				missed += n
			}
		}
		require.Equal(t, sent, received+missed)
		require.Less(t, sent, 100*len(events), "a stream that never misses anything cannot be tested so")
	}
}

// stream is a reader of server-sent events.
type stream struct {
	body *http.Response
	text *bufio.Reader
}

type message struct{ kind, data string }

func watch(t *testing.T, as *harness.Caller, query string) *stream {
	t.Helper()
	res := as.Stream(t.Context(), t, "/v1/events/stream"+query)
	t.Cleanup(func() { _ = res.Body.Close() })
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.Equal(t, "text/event-stream", res.Header.Get("Content-Type"))
	require.NotEmpty(t, res.Header.Get("X-Correlation-ID"))
	s := &stream{body: res, text: bufio.NewReader(res.Body)}
	line, err := s.text.ReadString('\n') // it watches from its first line on
	require.NoError(t, err)
	require.Equal(t, ": the stream begins\n", line)
	return s
}

// next reads a message, over comments.
func (s *stream) next(t *testing.T) (m message) {
	t.Helper()
	for {
		line, err := s.text.ReadString('\n')
		require.NoError(t, err)
		switch key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": "); {
		case line == "\n" && m.kind != "":
			return m
		case key == "event":
			m.kind = value
		case key == "data":
			m.data = value
		}
	}
}

func (s *stream) event(t *testing.T) harness.StoredEvent {
	t.Helper()
	m := s.next(t)
	require.Equal(t, "event", m.kind)
	return harness.As[harness.StoredEvent](t, harness.Response{Body: []byte(m.data)})
}

// rest reads to the end of the stream.
func (s *stream) rest(t *testing.T) string {
	t.Helper()
	var rest strings.Builder
	_, err := s.text.WriteTo(&rest)
	require.NoError(t, err)
	return strings.TrimSpace(rest.String())
}
