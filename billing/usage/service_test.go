package usage_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/analytics/analyticsch"
	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/cost"
	"github.com/observatory/observatory/billing/usage"
	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/privacych"
	"github.com/observatory/observatory/privacy/retention"
	"github.com/observatory/observatory/privacy/retention/retentionch"
	"github.com/observatory/observatory/tenants"
)

type noJobs struct{}

func (noJobs) Enqueue(context.Context, ...jobs.Job) ([]jobs.Enqueued, error) { return nil, nil }

// account is a tenant with a service and a clock.
type account struct {
	*world
	tenant  tenants.ID
	service *usage.Service
	now     time.Time
}

func (w *world) account(t *testing.T, now time.Time) *account {
	t.Helper()
	a := &account{world: w, tenant: w.tenant(t), now: now}
	a.service = w.plain(func() time.Time { return a.now })
	return a
}

func (a *account) event(received time.Time, user string) event {
	return event{name: "sale", id: uuid.NewString(), user: user, time: received, received: received, receipt: ingest.NewReceiptID(received, 1, true)}
}

func (a *account) count(t *testing.T, hours ...time.Time) {
	t.Helper()
	_, err := a.service.CountHours(t.Context(), a.tenant, hours)
	require.NoError(t, err)
	_, err = a.service.CountMonth(t.Context(), a.tenant, billing.PeriodOf(hours[0]))
	require.NoError(t, err)
}

type line struct {
	quantity, delta, found, gone int64
	reason                       billing.Reason
}

func (a *account) lines(t *testing.T, meter billing.MeterName, hour time.Time) (all []line) {
	t.Helper()
	entries, err := a.service.Revisions(t.Context(), a.tenant, meter, hour, hour.Add(time.Hour))
	require.NoError(t, err)
	for _, e := range entries {
		all = append(all, line{e.Quantity, e.Delta, e.Found, e.Gone, e.Reason})
	}
	return all
}

// Whatever happens to an hour after it was counted is a line of its own, which says why: from the hour's first minutes to the end of its data.
func TestEveryCorrectionHasItsReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hour := time.Date(2026, 11, 10, 9, 0, 0, 0, time.UTC)
	a := w.account(t, hour.Add(20*time.Minute))
	first, second := a.event(hour.Add(5*time.Minute), "u1"), a.event(hour.Add(6*time.Minute), "u2")

	a.write(t, a.tenant, false, []event{first}, nil)
	a.count(t, hour)
	a.now = hour.Add(50 * time.Minute)
	a.write(t, a.tenant, false, []event{second}, nil)
	a.count(t, hour)
	a.now = hour.Add(3 * time.Hour)
	a.count(t, hour)
	want := []line{{1, 1, 1, 0, billing.Measured}, {2, 1, 2, 0, billing.Ongoing}}
	require.Equal(t, want, a.lines(t, billing.Events, hour), "an hour that is over has no line for that")

	a.write(t, a.tenant, true, []event{a.event(hour.Add(7*time.Minute), "u3")}, nil)
	a.count(t, hour)
	want = append(want, line{3, 1, 3, 0, billing.Late})
	require.Equal(t, want, a.lines(t, billing.Events, hour))

	again := first
	again.received = hour.Add(30 * time.Hour)
	again.receipt = ingest.NewReceiptID(again.received, 1, true)
	a.now = again.received.Add(3 * time.Hour)
	a.write(t, a.tenant, false, []event{again}, nil)
	a.count(t, again.received.Truncate(time.Hour))
	want = append(want, line{2, -1, 2, 0, billing.Duplicate})
	require.Equal(t, want, a.lines(t, billing.Events, hour), "the hour of the first of two has one less")
	require.Equal(t, int64(1), a.lines(t, billing.Events, again.received.Truncate(time.Hour))[0].quantity, "and that of the second has it")

	second.bot, second.replay = "crawler: late", uuid.New()
	a.write(t, a.tenant, false, nil, []event{second})
	a.count(t, hour)
	want = append(want, line{1, -1, 1, 0, billing.Replayed})
	require.Equal(t, want, a.lines(t, billing.Events, hour))
	require.Equal(t, []line{{1, 1, 1, 0, billing.Replayed}}, a.lines(t, billing.BotEvents, hour))

	a.note(t, a.tenant, uuid.New(), "user_id = 'u3'")
	a.count(t, hour)
	require.Equal(t, want, a.lines(t, billing.Events, hour), "what is about to go is there still")
	a.remove(t, a.tenant, "user_id = 'u3'")
	a.count(t, hour)
	want = append(want, line{1, 0, 0, 1, billing.Erased})
	require.Equal(t, want, a.lines(t, billing.Events, hour))

	month, err := a.service.Month(t.Context(), a.tenant, billing.PeriodOf(hour))
	require.NoError(t, err)
	require.Equal(t, int64(2), month.Meters[billing.Events].Quantity)
	require.Equal(t, int64(-1), month.Meters[billing.Events].Corrected)
	require.Equal(t, int64(2), month.Meters[billing.TrackedUsers].Quantity, "u1, and u3 who was erased")
	require.False(t, month.State.Complete)
	a.now = month.Period.To.Add(time.Hour)
	a.count(t, hour)
	state, err := a.service.State(t.Context(), a.tenant, month.Period)
	require.NoError(t, err)
	require.True(t, state.Complete)

	events, stored, err := a.service.Sample(t.Context(), a.tenant, billing.BotEvents, hour, 10)
	require.NoError(t, err)
	require.Equal(t, int64(1), stored)
	require.Equal(t, second.id, events[0].ID)
	_, _, err = a.service.Sample(t.Context(), a.tenant, billing.Storage, hour, 10)
	require.ErrorIs(t, err, usage.ErrNoSample)
}

// A person is erased and a policy of retention applied, by those who do that: the month stays what it was.
func TestErasureAndRetentionLeaveTheMonth(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	a := w.account(t, now)
	var events []event
	for day := 1; day < 20; day++ {
		at := time.Date(2026, 11, day, 8, 0, 0, 0, time.UTC)
		events = append(events, a.event(at, "kept"), a.event(at.Add(time.Hour), "forgotten"), a.event(at.Add(2*time.Hour), "a-device"))
	}
	a.write(t, a.tenant, false, events, nil)
	quantities := func() map[billing.MeterName]int64 {
		a.count(t, now.Add(-24*time.Hour))
		meters, err := a.service.Meters(t.Context(), a.tenant, billing.PeriodOf(now))
		require.NoError(t, err)
		all := map[billing.MeterName]int64{}
		for name, m := range meters {
			all[name] = m.Quantity
		}
		return all
	}
	want := quantities()
	require.Equal(t, []int64{57, 3}, []int64{want[billing.Events], want[billing.TrackedUsers]})

	rollups := analyticsch.NewRollups(analyticsch.Config{Conn: w.conn, Now: time.Now})
	erasing := privacych.New(privacych.Config{Conn: w.conn, Rollups: rollups, Key: w.key, Readers: time.Nanosecond})
	_, err := erasing.Events().Erase(t.Context(), a.tenant, privacy.Operation{ID: uuid.New(), Subjects: privacy.Subjects{UserIDs: []string{"forgotten"}}, ReceivedBefore: now})
	require.NoError(t, err)
	require.Equal(t, want, quantities())

	run := retention.RunID(uuid.New())
	for _, c := range retentionch.Copies(w.conn, w.key) {
		_, err := c.Remove(t.Context(), a.tenant, run, []retention.Rule{{KeepDays: 10, Before: now.AddDate(0, 0, -10).Truncate(24 * time.Hour)}})
		require.NoError(t, err)
		require.Eventually(t, func() bool {
			pending, err := c.Pending(t.Context(), a.tenant, run)
			return err == nil && pending == ""
		}, time.Minute, 10*time.Millisecond)
	}
	require.Equal(t, want, quantities(), "who was seen before the tenth is not new after it")
	found := int64(0)
	entries, err := w.store.Usage().Newest(t.Context(), a.tenant, now.AddDate(0, 0, -20), now)
	require.NoError(t, err)
	for _, e := range entries {
		if e.Meter == billing.Events {
			found += e.Found
		}
	}
	require.Equal(t, int64(2*10), found, "the last ten days of two")
}

// What is stored is measured once for every hour that is over, with what was missed while nobody measured; what was consumed is summed.
func TestWhatIsMeasured(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hour := time.Date(2026, 11, 10, 9, 0, 0, 0, time.UTC)
	a := w.account(t, hour.Add(90*time.Minute))
	e := a.event(hour.Add(time.Minute), "u1")
	e.size = 1000
	bot := a.event(hour.Add(time.Minute), "")
	bot.bot = "crawler: x"
	a.write(t, a.tenant, false, []event{e, bot}, nil)
	a.count(t, hour)
	bytes := int64(len(e.name) + len(e.id) + len(e.user) + len(`{"size":""}`) + e.size)
	storage := func() (all []int64) {
		entries, err := a.service.Revisions(t.Context(), a.tenant, billing.Storage, hour, hour.Add(24*time.Hour))
		require.NoError(t, err)
		for _, e := range entries {
			require.Equal(t, 1, e.Revision)
			all = append(all, e.Quantity)
		}
		return all
	}
	require.NoError(t, a.service.MeasureAll(t.Context(), nil))
	require.Equal(t, []int64{bytes}, storage())
	a.now = a.now.Add(3 * time.Hour)
	require.NoError(t, a.service.MeasureAll(t.Context(), nil))
	require.NoError(t, a.service.MeasureAll(t.Context(), nil))
	require.Equal(t, []int64{bytes, bytes, bytes, bytes}, storage())
	a.note(t, a.tenant, uuid.New(), "true")
	a.remove(t, a.tenant, "true")
	a.count(t, hour)
	a.now = a.now.Add(2 * time.Hour)
	require.NoError(t, a.service.MeasureAll(t.Context(), nil))
	require.Equal(t, []int64{bytes, bytes, bytes, bytes}, storage(), "what is gone is not stored any more")

	consumed := func(ms int64) {
		require.NoError(t, w.store.Consumption().Add(t.Context(), cost.Flush{ID: uuid.New(), Node: "n", Rows: []cost.Row{{Tenant: a.tenant, Resource: billing.QueryWork, Hour: a.now.Truncate(time.Hour), Quantity: ms}}}))
	}
	running := a.now.Truncate(time.Hour)
	consumed(40)
	require.NoError(t, a.service.MeasureAll(t.Context(), nil))
	consumed(2)
	require.NoError(t, a.service.MeasureAll(t.Context(), nil))
	require.Equal(t, []line{{40, 40, 40, 0, billing.Measured}, {42, 2, 42, 0, billing.Ongoing}}, a.lines(t, billing.QueryTime, running))
	consumed(5)
	a.now = a.now.Add(5 * time.Hour)
	require.NoError(t, a.service.MeasureAll(t.Context(), nil))
	require.Equal(t, line{47, 5, 47, 0, billing.Ongoing}, a.lines(t, billing.QueryTime, running)[2], "nobody had measured for hours")
}

// Nobody counts for a tenant that is being erased: what is left of its events says nothing about what it used.
func TestATenantThatLeavesIsNotCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hour := time.Date(2026, 11, 10, 9, 0, 0, 0, time.UTC)
	a := w.account(t, hour.Add(2*time.Hour))
	a.write(t, a.tenant, false, []event{a.event(hour, "u1")}, nil)
	a.count(t, hour)
	a.leave(t)
	require.NoError(t, w.conn.Exec(t.Context(), strings.Join([]string{"DELETE FROM events WHERE tenant_id = '", a.tenant.String(), "'"}, "")))
	a.count(t, hour)
	require.Equal(t, []line{{1, 1, 1, 0, billing.Measured}}, a.lines(t, billing.Events, hour))
}
