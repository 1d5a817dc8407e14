package analyticsch_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/analytics/analyticsch"
	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tenants"
)

// TestMain makes few random histories, or with OBSERVATORY_TEST_LONG=1 many. -rapid.checks says otherwise.
func TestMain(m *testing.M) {
	checks := "20"
	if os.Getenv("OBSERVATORY_TEST_LONG") == "1" {
		checks = "600"
	}
	if err := flag.Set("rapid.checks", checks); err != nil {
		panic(err)
	}
	testkit.Main(m)
}

// now is the clock of all tests here.
func now() time.Time { return time.Date(2024, time.May, 20, 12, 30, 0, 0, time.UTC) }

// bench is a database with the service on top of it.
type bench struct {
	conn    driver.Conn
	service *analytics.Service
}

func newBench(t *testing.T) bench {
	t.Helper()
	conn, err := ch.Open(t.Context(), testkit.ClickHouse(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	return bench{conn: conn, service: analytics.New(analytics.Deps{
		Store: analyticsch.New(analyticsch.Config{Conn: conn, Now: now}),
		Now:   now,
	})}
}

// limited is the service with queries that may use so many bytes.
func (b bench) limited(memory int64) *analytics.Service {
	return analytics.New(analytics.Deps{
		Store: analyticsch.New(analyticsch.Config{Conn: b.conn, Now: now, Limits: analyticsch.Limits{Memory: memory}}),
		Now:   now,
	})
}

// tester is a *testing.T or a *rapid.T.
type tester interface {
	require.TestingT
	Helper()
	Context() context.Context
}

// store puts events into the tenant as one batch. What a test does not care about is filled in.
func (b bench) store(t tester, tenant tenants.ID, events ...analytics.Event) {
	t.Helper()
	batch, err := b.conn.PrepareBatch(t.Context(), `INSERT INTO events (tenant_id, event, type, time, event_id, user_id, anonymous_id, session_id,
		properties, context, source_id, received_at, correlation_id, receipt_id, receipt_index, _batch_id, sdk_name, sdk_version, bot, facts)`)
	require.NoError(t, err)
	receipt := uuid.New()
	for i, e := range events {
		e = filled(e, receipt, i)
		require.NoError(t, batch.Append(uuid.UUID(tenant), e.Name, e.Type, e.Time, e.ID, e.UserID, e.AnonymousID, e.SessionID,
			string(e.Properties), string(e.Context), uuid.UUID(e.SourceID), e.ReceivedAt, e.CorrelationID, e.ReceiptID, e.ReceiptIndex, receipt,
			e.SDKName, e.SDKVersion, e.Bot, string(e.Facts)))
	}
	require.NoError(t, batch.Send())
}

func filled(e analytics.Event, receipt uuid.UUID, index int) analytics.Event {
	if e.ID == "" {
		e.ID = uuid.NewString()
	}
	if e.Name == "" {
		e.Name = "page_view"
	}
	if e.Type == "" {
		e.Type = "track"
	}
	if e.Time.IsZero() {
		e.Time = now().Add(-time.Hour)
	}
	if e.ReceivedAt.IsZero() {
		e.ReceivedAt = e.Time.Add(time.Second)
	}
	if e.Properties == nil {
		e.Properties = []byte("{}")
	}
	if e.Context == nil {
		e.Context = []byte("{}")
	}
	if e.Facts == nil {
		e.Facts = []byte("{}")
	}
	if e.ReceiptID == uuid.Nil {
		e.ReceiptID, e.ReceiptIndex = receipt, uint16(index)
	}
	return e
}

// quarantine puts n events of a name among the dead letters.
func (b bench) quarantine(t tester, tenant tenants.ID, event string, receivedAt time.Time, n int) {
	t.Helper()
	batch, err := b.conn.PrepareBatch(t.Context(), "INSERT INTO dead_letters (tenant_id, received_at, event_id, event, code, expires_at)")
	require.NoError(t, err)
	for i := range n {
		require.NoError(t, batch.Append(uuid.UUID(tenant), receivedAt, fmt.Sprint(i), event, "too_large", time.Now().AddDate(1, 0, 0)))
	}
	require.NoError(t, batch.Send())
}

// object is the JSON of an object with one member.
func object(key string, value any) json.RawMessage {
	text, err := json.Marshal(map[string]any{key: value})
	if err != nil {
		panic(err)
	}
	return text
}

func ptr[T any](v T) *T { return &v }

// at is an instant in UTC.
func at(t tester, s string) time.Time {
	t.Helper()
	instant, err := time.Parse("2006-01-02 15:04", s)
	require.NoError(t, err)
	return instant
}
