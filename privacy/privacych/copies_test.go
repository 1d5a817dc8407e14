package privacych_test

import (
	"context"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/copytest"
	"github.com/observatory/observatory/tenants"
)

func named(name string, value any) any { return clickhouse.Named(name, value) }

func TestCopiesAreCopies(t *testing.T) {
	t.Parallel()
	h := openSearchable(t)
	for _, c := range []copytest.House{
		{Copy: h.store.Events(), Put: func(t testing.TB, tenant tenants.ID, p privacy.Subjects, at time.Time) {
			t.Helper()
			h.put(t, "events", eventsOf(tenant, p, at)...)
		}},
		{Copy: h.store.Held(), Put: func(t testing.TB, tenant tenants.ID, p privacy.Subjects, at time.Time) {
			t.Helper()
			h.put(t, "held_events", eventsOf(tenant, p, at)...)
		}},
		{Copy: h.store.Quarantine(), Put: func(t testing.TB, tenant tenants.ID, p privacy.Subjects, at time.Time) {
			t.Helper()
			h.putLetters(t, letter{tenant: tenant, user: p.UserIDs[0], receivedAt: at}, letter{tenant: tenant, payload: `{"userId":"` + p.UserIDs[0] + `","anonymousId":"` + p.AnonymousIDs[0] + `"}`, receivedAt: at})
		}},
		{Copy: h.store.Profiles(), Timeless: true, Put: func(t testing.TB, tenant tenants.ID, p privacy.Subjects, _ time.Time) {
			t.Helper()
			require.NoError(t, h.conn.Exec(t.Context(), "INSERT INTO identities SELECT {tenant:UUID}, {id:String}, {person:String}, {version:UInt64}",
				named("tenant", tenant.String()), named("id", p.AnonymousIDs[0]), named("person", p.UserIDs[0]), named("version", time.Now().UnixMicro())))
		}},
		{Copy: h.store.Receipts(), Put: func(t testing.TB, tenant tenants.ID, p privacy.Subjects, at time.Time) {
			t.Helper()
			const put = "INSERT INTO receipts (tenant_id, received_at, receipt_id, event_ids, correlation_id) SELECT {tenant:UUID}, fromUnixTimestamp64Milli({at:Int64}), generateUUIDv4(), ['1', {id:String}], {correlation:String}"
			require.NoError(t, h.conn.Exec(t.Context(), put, named("tenant", tenant.String()), named("at", at.UnixMilli()), named("id", "opened:"+p.UserIDs[0]), named("correlation", "c")))
			require.NoError(t, h.conn.Exec(t.Context(), put, named("tenant", tenant.String()), named("at", at.UnixMilli()), named("id", "2"), named("correlation", p.AnonymousIDs[0])))
		}},
		{Copy: derived{h.store.Rollups(), h}, Timeless: true, Put: func(t testing.TB, tenant tenants.ID, p privacy.Subjects, at time.Time) {
			t.Helper()
			h.put(t, "events", eventsOf(tenant, p, at)...)
		}},
	} {
		t.Run(c.Copy.Name(), func(t *testing.T) {
			t.Parallel()
			c.Settle, c.Search = h.purge, h.search
			copytest.Run(t, c)
		})
	}
}

// eventsOf are some events of a person: one with their user ID, one before they were known, dated in the far future, one in which a property
// has their name, which is ready as a breakdown.
func eventsOf(tenant tenants.ID, p privacy.Subjects, at time.Time) []event {
	return []event{
		{tenant: tenant, user: p.UserIDs[0], anonymous: p.AnonymousIDs[0], receivedAt: at, properties: `{"path":"` + p.UserIDs[0] + `"}`},
		{tenant: tenant, anonymous: p.AnonymousIDs[0], receivedAt: at, time: at.AddDate(70, 0, 0)},
	}
}

// derived is the copy of rollups in a house where they are computed whenever somebody asks, and where the events go first.
type derived struct {
	privacy.Copy
	house house
}

func (d derived) Find(ctx context.Context, tenant tenants.ID, op privacy.Operation) (privacy.Holding, error) {
	if err := d.house.compute(ctx, tenant); err != nil {
		return privacy.Holding{}, err
	}
	return d.Copy.Find(ctx, tenant, op)
}

func (d derived) Erase(ctx context.Context, tenant tenants.ID, op privacy.Operation) (privacy.Evidence, error) {
	if _, err := d.house.store.Events().Erase(ctx, tenant, op); err != nil {
		return nil, err
	}
	return d.Copy.Erase(ctx, tenant, op)
}

func (d derived) Verify(ctx context.Context, tenant tenants.ID, op privacy.Operation) (privacy.Verification, error) {
	if v, err := d.house.store.Events().Verify(ctx, tenant, op); err != nil || v.Pending != "" {
		return v, err
	}
	return d.Copy.Verify(ctx, tenant, op)
}

// compute computes the rollups of a tenant that are out of date, those of the future as well.
func (h house) compute(ctx context.Context, tenant tenants.ID) error {
	var hours []time.Time
	err := h.conn.QueryRow(ctx, `
		SELECT groupUniqArray(hour)
		FROM (SELECT hour, max(begun) AS mark FROM marks WHERE tenant_id = {tenant:UUID} GROUP BY hour, log_id)
		WHERE (hour, mark) NOT IN
		(
			SELECT hour, arrayJoin(marks).2 FROM rollup_hours FINAL WHERE tenant_id = {tenant:UUID}
		)`, named("tenant", tenant.String())).Scan(&hours)
	if err != nil {
		return err
	}
	_, err = h.rollups.Recompute(ctx, tenant, hours, []string{"properties.path"})
	return err
}
