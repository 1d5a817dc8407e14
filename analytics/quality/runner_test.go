package quality_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/analytics/quality"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// Several runners at once, again and again: each tick of each check has one result.
func TestOneResultPerTick(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.send(h.tenant(), "page_view", "{}", h.now().Add(-time.Hour), 5)
	due, err := h.runner().Due(t.Context())
	require.NoError(t, err)
	require.Contains(t, due, h.tenant(), "checks that everybody has are made without anybody asking")

	together := func() {
		errs := make([]error, 3)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() { errs[i] = h.runner().Run(t.Context(), h.tenant()) })
		}
		all.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
	}
	ticks := func(kind quality.Kind) (all []time.Time) {
		for _, r := range h.results(h.builtin(kind).ID) {
			all = append(all, r.Tick)
		}
		require.Len(t, slices.Compact(slices.Clone(all)), len(all), "a tick has two results")
		return all
	}
	together()
	require.Len(t, ticks(quality.Volume), 24, "what looks back begins with the last 24 ticks")
	require.Len(t, ticks(quality.Ledger), 1)
	require.Len(t, ticks(quality.Freshness), 1)
	before := h.results(h.builtin(quality.Freshness).ID)
	together()
	require.Equal(t, before, h.results(h.builtin(quality.Freshness).ID), "nothing was due")
	due, err = h.runner().Due(t.Context())
	require.NoError(t, err)
	require.NotContains(t, due, h.tenant())

	h.pass(time.Hour)
	together()
	require.Len(t, ticks(quality.Volume), 25)
	require.Len(t, ticks(quality.Ledger), 2)
	require.Len(t, ticks(quality.Freshness), 2, "what was not looked at then cannot be looked at now")

	h.pass(100 * time.Hour)
	together()
	require.Len(t, ticks(quality.Volume), 25+24, "what was missed is made up for, within reason")

	standing, err := h.runner().Standing(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, standing[quality.Ledger][quality.Pass])
	require.Equal(t, 1, standing[quality.Freshness][quality.Fail])
}

// Rows that are gone show as an hour that does not balance.
func TestUnbalancedLedgerIsFound(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	set := h.send(h.tenant(), "page_view", "{}", h.now().Add(-2*time.Hour), 10)
	h.send(h.signUp().Principal.Tenant, "page_view", "{}", h.now().Add(-2*time.Hour), 10)
	check := h.builtin(quality.Ledger)
	h.run()
	r := h.newest(check.ID)
	require.Equal(t, quality.Pass, r.Verdict, r.Explanation)
	require.Zero(t, *r.Value)

	require.NoError(t, h.conn.Exec(t.Context(), "DELETE FROM events WHERE tenant_id = '"+h.tenant().String()+"' AND event_id = '"+string(set.Events[3].ID)+"'"))
	h.pass(time.Hour)
	h.run()
	r = h.newest(check.ID)
	require.Equal(t, quality.Fail, r.Verdict, r.Explanation)
	require.InDelta(t, 1, *r.Value, 0)
	require.Contains(t, r.Explanation, set.Ledger[0].Hour.Format("Mon 2 Jan 15:04"))

	all, err := h.service.Summary(t.Context(), h.tenant())
	require.NoError(t, err)
	for _, st := range all {
		if st.ID == check.ID {
			require.Equal(t, &r, st.Newest)
		}
	}
}

// Volume counts the hours before the tick, and compares with the same hours of the weeks since events came.
func TestVolumeAgainstPastWeeks(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	hour := morning().Add(-time.Hour)
	for week, n := range []int{3, 100, 110, 90, 105} {
		h.send(h.tenant(), "purchase", "{}", hour.AddDate(0, 0, -7*week).Add(time.Minute), n)
	}
	h.send(h.tenant(), "purchase", "{}", hour.AddDate(0, 0, -7).Add(time.Hour), 7) // the hour after
	h.send(h.tenant(), "another", "{}", hour.AddDate(0, 0, -14), 7)
	d := quality.Usual(quality.Volume)
	d.Event = "purchase"
	check := h.add(d)
	h.run()
	r := h.newest(check.ID)
	require.Equal(t, morning(), r.Tick)
	require.InDelta(t, 3, *r.Value, 0)
	require.InDelta(t, 102.5, *r.Expected, 0)
	require.Equal(t, quality.Fail, r.Verdict, r.Explanation)
	require.Equal(t, []quality.Sample{
		{From: hour.AddDate(0, 0, -7), Value: 100}, {From: hour.AddDate(0, 0, -14), Value: 110}, {From: hour.AddDate(0, 0, -21), Value: 90}, {From: hour.AddDate(0, 0, -28), Value: 105},
	}, r.Samples, "there was nothing five weeks ago")
	require.Len(t, h.results(check.ID)[0].Samples, 3, "nor a day before four weeks ago")
}

// Missing is what is not there, and what is null.
func TestShareOfNulls(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	at := morning().Add(-30 * time.Minute)
	h.send(h.tenant(), "purchase", `{"amount": 5}`, at, 15)
	h.send(h.tenant(), "purchase", `{"amount": null}`, at, 2)
	h.send(h.tenant(), "purchase", `{}`, at, 3)
	h.send(h.tenant(), "refund", `{}`, at, 50)
	d := quality.Usual(quality.Nulls)
	d.Event, d.Property, d.MaxShare = "purchase", "properties.amount", 0.1
	check := h.add(d)
	h.run()
	r := h.newest(check.ID)
	require.InDelta(t, 0.25, *r.Value, 0)
	require.Equal(t, quality.Fail, r.Verdict, r.Explanation)

	d.MaxShare = 0.25
	changed, err := h.service.Update(t.Context(), h.by, check.ID, d)
	require.NoError(t, err)
	require.Equal(t, 2, changed.Revision)
	h.run()
	again := h.newest(check.ID)
	require.Equal(t, r.Tick, again.Tick, "after a change the newest tick is measured again")
	require.Equal(t, quality.Warn, again.Verdict)
}

// Nobody else's check can be seen, changed or removed, and knowing its ID does not help.
func TestAnotherTenantSeesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	check := h.add(quality.Usual(quality.Freshness))
	h.run()
	require.NotEmpty(t, h.results(check.ID))

	stranger := h.signUp()
	theirs := stranger.Principal.Tenant
	none := func(err error) {
		t.Helper()
		require.ErrorIs(t, err, quality.ErrNoSuchCheck)
	}
	_, err := h.service.Get(t.Context(), theirs, check.ID)
	none(err)
	_, err = h.service.Results(t.Context(), theirs, check.ID, morning().AddDate(0, -1, 0), h.now().Add(time.Hour))
	none(err)
	_, err = h.service.Update(t.Context(), stranger, check.ID, quality.Usual(quality.Freshness))
	none(err)
	none(h.service.Remove(t.Context(), stranger, check.ID))
	all, err := h.service.Summary(t.Context(), theirs)
	require.NoError(t, err)
	require.Len(t, all, 3)
	for _, st := range all {
		require.True(t, st.Builtin)
		require.Nil(t, st.Newest)
	}
	found, err := h.store.Results(t.Context(), theirs, check.ID, time.Time{}, h.now().Add(time.Hour), 10)
	require.NoError(t, err)
	require.Empty(t, found, "nor below the service")
	recorded, err := h.store.Record(t.Context(), theirs, h.builtin(quality.Ledger), h.newest(check.ID), h.now())
	require.NoError(t, err)
	require.False(t, recorded)

	viewer := h.by
	viewer.Principal.Role = tenants.RoleViewer
	_, err = h.service.Create(t.Context(), viewer, quality.Usual(quality.Freshness))
	require.ErrorIs(t, err, tenants.ErrPermissionDenied)
}

// What is changed or removed while it is being measured gets no result of what it was before.
func TestChangedWhileMeasured(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	changed, removed := h.add(quality.Usual(quality.Volume)), h.add(quality.Usual(quality.Volume))
	meanwhile := sync.OnceFunc(func() {
		d := changed.Definition
		d.Name = "Another"
		_, err := h.service.Update(t.Context(), h.by, changed.ID, d)
		require.NoError(t, err)
		require.NoError(t, h.service.Remove(t.Context(), h.by, removed.ID))
	})
	require.NoError(t, h.runnerOn(asking{h.trends, meanwhile}).Run(t.Context(), h.tenant()))
	require.Empty(t, h.results(changed.ID))
	_, err := h.service.Get(t.Context(), h.tenant(), removed.ID)
	require.ErrorIs(t, err, quality.ErrNoSuchCheck)
	h.run()
	require.NotEmpty(t, h.results(changed.ID))
}

// asking does something before it asks.
type asking struct {
	trends quality.Trends
	before func()
}

func (a asking) Trends(ctx context.Context, tenant tenants.ID, q analytics.TrendsQuery) (analytics.TrendsResult, error) {
	a.before()
	return a.trends.Trends(ctx, tenant, q)
}

// A store that does not answer costs a check nothing but time; what takes too long is said.
func TestWhatCannotBeMeasured(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.run()
	h.pass(time.Hour)
	away := fault.New(fault.Unavailable, "store_unavailable", "It does not answer.")
	failing := func(err error) error {
		return h.runnerOn(failingTrends{err}).Run(t.Context(), h.tenant())
	}
	require.ErrorIs(t, failing(away), away)
	require.Len(t, h.results(h.builtin(quality.Volume).ID), 24)
	require.Len(t, h.results(h.builtin(quality.Ledger).ID), 2, "one that fails does not hold up the others")
	require.NoError(t, failing(analytics.ErrTooExpensive))
	r := h.newest(h.builtin(quality.Volume).ID)
	require.Equal(t, quality.Unknown, r.Verdict)
	require.Contains(t, r.Explanation, analytics.ErrTooExpensive.Message)
	require.Len(t, h.results(h.builtin(quality.Volume).ID), 25)
}

// failingTrends is a store that is away.
type failingTrends struct{ err error }

func (f failingTrends) Trends(context.Context, tenants.ID, analytics.TrendsQuery) (analytics.TrendsResult, error) {
	return analytics.TrendsResult{}, f.err
}

// Old results go, and so do those of a check that is removed; there is an end to how many checks one may have.
func TestHousekeeping(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	check := h.add(quality.Usual(quality.Volume))
	h.run()
	n := len(h.results(check.ID))
	h.pass(quality.KeptFor - 12*time.Hour)
	deleted, err := h.runner().Forget(t.Context())
	require.NoError(t, err)
	require.Positive(t, deleted)
	require.Less(t, len(h.results(check.ID)), n)
	require.NotEmpty(t, h.results(check.ID))

	require.ErrorIs(t, h.service.Remove(t.Context(), h.by, h.builtin(quality.Ledger).ID), quality.ErrBuiltinCheck)
	for range quality.MaxChecks - 4 {
		h.add(quality.Usual(quality.Freshness))
	}
	_, err = h.service.Create(t.Context(), h.by, quality.Usual(quality.Freshness))
	require.ErrorIs(t, err, quality.ErrTooManyChecks)
	require.NoError(t, h.service.Remove(t.Context(), h.by, check.ID))
	h.add(quality.Usual(quality.Freshness))
}
