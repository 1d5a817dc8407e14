package api_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	metering "github.com/observatory/observatory/billing/usage"
	"github.com/observatory/observatory/internal/client"
	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

// usage reads what was used.
func usage() []operation {
	return []operation{
		{id: "getUsage", method: "GET", path: "/v1/usage", may: paying, status: 200},
		{id: "getUsage", method: "GET", path: "/v1/usage?month=2026-01", may: paying, status: 200},
		{id: "listUsageHours", method: "GET", path: "/v1/usage/hours?meter=events", may: paying, status: 200},
		{id: "sampleUsageEvents", method: "GET", path: "/v1/usage/events?meter=events&hour=2026-01-01T00:00:00Z&limit=5", may: paying, status: 200},
	}
}

// A month that lies ahead is no month: the end of the last that can be written can not.
func TestUsageOfAMonthAhead(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	a := server.SignUp(t)
	for _, month := range []string{"9999-12", time.Now().UTC().AddDate(0, 2, 0).Format("2006-01")} {
		a.Session.Get(t, "/v1/usage?month="+month).WantProblem(t, http.StatusBadRequest, "month_invalid")
	}
}

// What was sent is metered by the workers, what was free is named, and every figure opens into hours and events.
func TestUsageOfWhatWasSent(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	a := server.SignUp(t)
	id := uuid.NewString()
	sent := harness.As[client.Ack](t, a.Secret.Post(t, "/v1/events", []any{
		map[string]any{"event": "sale", "event_id": id, "user_id": "u1"},
		map[string]any{"event": "sale", "event_id": id, "user_id": "u1"},
		map[string]any{"event": "sale", "user_id": "u1"},
		map[string]any{"event": "sale", "anonymous_id": "a1"},
		map[string]any{"event": "sale", "oops": true},
		map[string]any{"event": "sale", "user_id": "robot", "context": map[string]any{"bot": true}},
		map[string]any{"event": "sale", "user_id": "probe", "context": map[string]any{"synthetic": true}},
	}).Want(t, http.StatusAccepted))
	a.Secret.Settled(t, sent.Receipt)

	type month struct {
		Meters []struct {
			Meter    string
			Quantity int64
		}
		Free     map[string]int64
		Complete bool
	}
	work := ledger(t, server)
	var found month
	testkit.Eventually(t, harness.Patience, func() error {
		if _, err := work.Enqueue(t.Context(), metering.FindJob().New(uuid.Nil, struct{}{}, jobs.Unique("tests"))); err != nil {
			return err
		}
		found = harness.As[month](t, a.Session.Get(t, "/v1/usage").Want(t, http.StatusOK))
		if found.Meters[1].Quantity == 0 { // users are counted last
			return errors.New("nothing is metered")
		}
		return nil
	})
	quantities := map[string]int64{}
	for _, m := range found.Meters {
		quantities[m.Meter] = m.Quantity
	}
	require.Equal(t, []int64{3, 2, 1, 1}, []int64{quantities["events"], quantities["tracked_users"], quantities["bot_events"], quantities["synthetic_events"]})
	require.Equal(t, map[string]int64{"duplicate": 1, "quarantined": 1, "suppressed": 0, "held": 0, "bots": 1, "synthetic": 1}, found.Free)
	require.False(t, found.Complete)

	hours := harness.As[struct {
		Quantity int64
		Hours    []struct {
			Hour      time.Time
			Quantity  int64
			Revisions []struct{ Reason string }
		}
	}](t, a.Session.Get(t, "/v1/usage/hours?meter=events").Want(t, http.StatusOK))
	require.Equal(t, int64(3), hours.Quantity)
	require.Equal(t, "measured", hours.Hours[0].Revisions[0].Reason)
	sample := harness.As[struct {
		Stored int64
		Events []struct{ Receipt string }
	}](t, a.Session.Get(t, "/v1/usage/events?meter=events&hour="+hours.Hours[0].Hour.Format(time.RFC3339)).Want(t, http.StatusOK))
	require.Equal(t, int64(3), sample.Stored)
	require.Len(t, sample.Events, 3)
	require.Equal(t, sent.Receipt, sample.Events[0].Receipt)

	a.Session.Get(t, "/v1/usage/events?meter=storage&hour=2026-01-01T00:00:00Z").WantProblem(t, http.StatusBadRequest, "meter_not_of_events")
	a.Session.Get(t, "/v1/usage/hours?meter=events&from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z").WantProblem(t, http.StatusBadRequest, "invalid_period")
}
