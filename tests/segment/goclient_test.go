package segment_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/segmentio/analytics-go/v3"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/client"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// outcomes counts what the client is told about its messages, and the requests that it made for them.
type outcomes struct {
	http.Transport
	requests, sent atomic.Int64
	mu             sync.Mutex
	failed         []error
}

func (o *outcomes) RoundTrip(r *http.Request) (*http.Response, error) {
	o.requests.Add(1)
	return o.Transport.RoundTrip(r)
}

func (o *outcomes) Success(analytics.Message) { o.sent.Add(1) }

func (o *outcomes) Failure(_ analytics.Message, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.failed = append(o.failed, err)
}

// send gives messages to a client and waits until it has delivered them or given up.
func send(t *testing.T, server *harness.Server, key string, cfg analytics.Config, messages ...analytics.Message) *outcomes {
	t.Helper()
	o := &outcomes{}
	defer o.CloseIdleConnections()
	cfg.Endpoint, cfg.Transport, cfg.Callback = server.URL, o, o
	cfg.Logger = quiet{}
	c, err := analytics.NewWithConfig(key, cfg)
	require.NoError(t, err)
	for _, m := range messages {
		require.NoError(t, c.Enqueue(m))
	}
	require.NoError(t, c.Close())
	return o
}

type quiet struct{}

func (quiet) Logf(string, ...any)   {}
func (quiet) Errorf(string, ...any) {}

func TestGoClient(t *testing.T) {
	t.Parallel()
	server := harness.Start(t, harness.Config{Engines: harness.SharedEngines(t)})

	t.Run("every call arrives as the event that it is", func(t *testing.T) {
		t.Parallel()
		a := server.SignUp(t)
		at := time.Now().Add(-time.Hour).UTC().Truncate(time.Millisecond)
		const user = "go-user"
		o := send(t, server, a.Keys.Publishable, analytics.Config{
			DefaultContext: &analytics.Context{App: analytics.AppInfo{Name: "shop"}, Extra: map[string]any{"tier": "gold"}},
		},
			analytics.Identify{UserId: user, Traits: analytics.NewTraits().SetEmail("ada@example.com").Set("seats", 3)},
			analytics.Track{UserId: user, MessageId: "go-1", Event: "Order Completed", Timestamp: at, Properties: analytics.NewProperties().SetRevenue(19.9), Context: &analytics.Context{Locale: "de-DE"}, Integrations: analytics.NewIntegrations().Disable("Slack")},
			analytics.Page{UserId: user, Name: "Home", Properties: analytics.NewProperties().SetPath("/docs")},
			analytics.Screen{UserId: user, Name: "Cart", Properties: analytics.NewProperties().Set("items", 2)},
			analytics.Group{UserId: user, GroupId: "acme", Traits: analytics.NewTraits().Set("size", 40)},
			analytics.Alias{UserId: user, PreviousId: "go-visitor"},
			analytics.Track{AnonymousId: "go-visitor", Event: "Visited"},
		)
		require.Empty(t, o.failed)
		require.EqualValues(t, 7, o.sent.Load())
		require.EqualValues(t, 1, o.requests.Load())

		var events []harness.StoredEvent
		testkit.Eventually(t, harness.Patience, func() error {
			if events = a.Secret.Events(t, nil); len(events) != 7 {
				return fmt.Errorf("%d events are stored", len(events))
			}
			return nil
		})
		got := map[string]harness.StoredEvent{}
		for _, e := range events {
			got[e.Type+" "+e.Name] = e
			require.Equal(t, "analytics-go", e.Context["library"].(map[string]any)["name"]) //nolint:forcetypeassert // panics where it is not
		}
		for name, properties := range map[string]map[string]any{
			"identify identify":     {"email": "***@example.com", "seats": 3.0},
			"track Order Completed": {"revenue": 19.9},
			"page page_view":        {"path": "/docs", "name": "Home"},
			"screen screen_view":    {"items": 2.0, "name": "Cart"},
			"group group":           {"size": 40.0, "group_id": "acme"},
			"alias alias":           {"previous_id": "go-visitor"},
			"track Visited":         {},
		} {
			e, found := got[name]
			require.True(t, found, name)
			require.Equal(t, properties, e.Properties, name)
			if name == "track Visited" {
				require.Equal(t, "go-visitor", e.AnonymousID)
				require.Empty(t, e.UserID)
			} else {
				require.Equal(t, user, e.UserID, name)
			}
		}
		order := got["track Order Completed"]
		require.Equal(t, "go-1", order.ID)
		require.Equal(t, at, order.Time)
		require.Equal(t, "de-DE", order.Context["locale"])
		require.Equal(t, map[string]any{"Slack": false}, order.Context["integrations"])
		require.Equal(t, "gold", got["track Visited"].Context["tier"], "the context of the batch belongs to every call")
	})

	t.Run("nothing is lost or doubled between the first call and the end", func(t *testing.T) {
		t.Parallel()
		a := server.SignUp(t)
		messages := make([]analytics.Message, 5000)
		for i := range messages {
			messages[i] = analytics.Track{AnonymousId: "go-many", Event: "Counted", Properties: analytics.Properties{"i": i}}
		}
		o := send(t, server, a.Keys.Publishable, analytics.Config{BatchSize: 250}, messages...)
		require.Empty(t, o.failed)
		require.EqualValues(t, len(messages), o.sent.Load())
		require.EqualValues(t, 20, o.requests.Load())
		testkit.Eventually(t, harness.Patience, func() error {
			if n := a.Secret.Count(t, "Counted"); n != len(messages) {
				return fmt.Errorf("%d events are stored", n)
			}
			return nil
		})
	})

	t.Run("a bad item costs neither its batch nor a second request", func(t *testing.T) {
		t.Parallel()
		a := server.SignUp(t)
		o := send(t, server, a.Keys.Publishable, analytics.Config{},
			analytics.Track{AnonymousId: "go-bad", Event: "Good"},
			analytics.Track{AnonymousId: "go-bad", Event: strings.Repeat("long ", 50), MessageId: "go-bad-1"},
			analytics.Track{AnonymousId: "go-bad", Event: "Good"},
		)
		require.Empty(t, o.failed, "the client must believe that all went well")
		require.EqualValues(t, 1, o.requests.Load())
		type letter struct {
			EventID string `json:"event_id"`
			Code    string
			Receipt string
		}
		var quarantined []letter
		testkit.Eventually(t, harness.Patience, func() error {
			quarantined = harness.As[struct{ Events []letter }](t, a.Session.Get(t, "/v1/quarantine").Want(t, http.StatusOK)).Events
			if len(quarantined) != 1 {
				return fmt.Errorf("%d events are quarantined", len(quarantined))
			}
			return nil
		})
		require.Equal(t, "go-bad-1", quarantined[0].EventID)
		require.Equal(t, "field_too_long", quarantined[0].Code)
		require.Equal(t, client.Counts{Received: 3, Stored: 2, Quarantined: 1}, a.Secret.Settled(t, quarantined[0].Receipt).Counts)
	})

	t.Run("a wrong key fails", func(t *testing.T) {
		t.Parallel()
		o := send(t, server, "not-a-key", analytics.Config{RetryAfter: func(int) time.Duration { return 0 }}, analytics.Track{AnonymousId: "go-wrong", Event: "Lost"})
		require.Len(t, o.failed, 1)
		require.ErrorContains(t, o.failed[0], "401")
	})
}
