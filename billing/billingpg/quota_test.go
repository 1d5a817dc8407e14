package billingpg_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/billing/billingpg"
	"github.com/observatory/observatory/billing/quota"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tenants"
)

// Two changes of a quota that nobody has kept yet both have effect, whichever comes first.
func TestTheFirstChangesOfAQuota(t *testing.T) {
	t.Parallel()
	pool, err := pg.Open(t.Context(), testkit.Postgres(t), pg.Options{MaxConns: 4})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	tenant, now := tenants.ID(uuid.New()), time.Date(2026, 11, 10, 14, 25, 0, 0, time.UTC)
	require.NoError(t, pool.WithTenant(t.Context(), uuid.UUID(tenant), func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), "INSERT INTO tenants (id, name, timezone, created_at) VALUES ($1, 'Acme', 'UTC', now())", uuid.UUID(tenant))
		return err
	}))
	quotas := billingpg.New(pool).Quotas(nil, testkit.Logger(t))
	suspend := func(q quota.Quota) (quota.Quota, *tenants.AuditEntry) {
		q.Standing = quota.Suspended
		return q, nil
	}
	meanwhile := false
	_, err = quotas.Change(t.Context(), tenant, now, func(q quota.Quota) (quota.Quota, *tenants.AuditEntry) {
		if !meanwhile {
			meanwhile = true
			_, err := quotas.Change(t.Context(), tenant, now, suspend)
			require.NoError(t, err)
		}
		q.Limit = &quota.Limit{Events: 5, Hold: true, KeepDays: 30, Because: quota.OfPlan}
		return q, nil
	})
	require.NoError(t, err)
	kept, err := quotas.Find(t.Context(), tenant)
	require.NoError(t, err)
	require.Equal(t, quota.Suspended, kept.Standing, "the limit is not all that was changed")
	require.NotNil(t, kept.Limit)
}
