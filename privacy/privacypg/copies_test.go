package privacypg_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/copytest"
	"github.com/observatory/observatory/privacy/privacypg"
	"github.com/observatory/observatory/privacy/suppress"
	"github.com/observatory/observatory/tenants"
)

func TestTextsAreCopies(t *testing.T) {
	t.Parallel()
	pool, err := pg.Open(t.Context(), testkit.Postgres(t), pg.Options{})
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	keys, err := suppress.NewKeys(make([]byte, 32))
	require.NoError(t, err)
	store := privacypg.New(pool, keys, testkit.Logger(t))
	exec := func(t testing.TB, tenant tenants.ID, statements map[string][]any, order ...string) {
		t.Helper()
		for _, sql := range order {
			in := func(fn func(pgx.Tx) error) error { return pool.WithTenant(t.Context(), uuid.UUID(tenant), fn) }
			if strings.Contains(sql, "job_attempts") {
				in = func(fn func(pgx.Tx) error) error { return pool.AcrossTenants(t.Context(), fn) }
			}
			require.NoError(t, in(func(tx pgx.Tx) error {
				_, err := tx.Exec(t.Context(), sql, statements[sql]...)
				return err
			}), sql)
		}
	}
	const tenantSQL = "INSERT INTO tenants (id, name, timezone, created_at) VALUES ($1, 'Tenant', 'UTC', now()) ON CONFLICT DO NOTHING"

	t.Run("jobs", func(t *testing.T) {
		t.Parallel()
		const jobSQL = `INSERT INTO jobs (id, tenant_id, kind, queue, params, state, max_attempts, keep_seconds, correlation_id, created_by, ended_at, error)
			VALUES ($1, $2, 'rollups:fill', 'bulk', $3, 'failed', 1, 1, 'c', 'system', now(), $4)`
		const attemptSQL = `INSERT INTO job_attempts (job_id, attempt, tenant_id, kind, worker, ended_at, outcome, cause) VALUES ($1, 1, $2, 'rollups:fill', 'w', now(), 'failed', $3)`
		copytest.Run(t, copytest.House{
			Copy: store.Jobs(), Timeless: true,
			Put: func(t testing.TB, tenant tenants.ID, p privacy.Subjects, _ time.Time) {
				t.Helper()
				job := uuid.New()
				exec(t, tenant, map[string][]any{
					tenantSQL:  {uuid.UUID(tenant)},
					jobSQL:     {job, uuid.UUID(tenant), fmt.Sprintf(`{"who":%q,"hours":[1]}`, p.UserIDs[0]), "cannot read " + p.AnonymousIDs[0]},
					attemptSQL: {job, uuid.UUID(tenant), "user " + p.UserIDs[0] + " is not known"},
				}, tenantSQL, jobSQL, attemptSQL)
			},
		})
	})
	t.Run("alerts", func(t *testing.T) {
		t.Parallel()
		const ruleSQL = `INSERT INTO alert_rules (id, tenant_id, name, spec, interval_s, severity, group_label, labels, enabled, revision, created_at, created_by, updated_at, updated_by, next_tick, due_at, state, since, memory)
			VALUES ($1, $2, 'Rule', $3, 60, 'info', '', '{}', true, 1, now(), 'a', now(), 'a', now(), now(), 'ok', now(), '{}')`
		const incidentSQL = `INSERT INTO incidents (id, tenant_id, group_key, title, severity, state, opened_at, resolved_at, muted, created_at) VALUES ($1, $2, 'rule:x', $3, 'info', 'resolved', now(), now(), false, now())`
		const entrySQL = `INSERT INTO incident_entries (id, tenant_id, incident_id, at, kind, actor, text, details) VALUES ($1, $2, $1, now(), 'note', '', $3, $4)`
		const deliverySQL = `INSERT INTO deliveries (id, tenant_id, kind, incident_id, member_id, recipient, step, round, state, notice, attempts, max_attempts, created_at, ended_at)
			VALUES ($1, $2, 'firing', $1, $1, 'member:x', 1, 1, 'sent', $3, 1, 1, now(), now())`
		copytest.Run(t, copytest.House{
			Copy: store.Alerts(), Timeless: true,
			Put: func(t testing.TB, tenant tenants.ID, p privacy.Subjects, _ time.Time) {
				t.Helper()
				id, who := uuid.New(), p.UserIDs[0]
				exec(t, tenant, map[string][]any{
					tenantSQL:   {uuid.UUID(tenant)},
					ruleSQL:     {id, uuid.UUID(tenant), fmt.Sprintf(`{"filter":{"property":"user_id","value":%q}}`, who)},
					incidentSQL: {id, uuid.UUID(tenant), "too few events of " + who},
					entrySQL:    {id, uuid.UUID(tenant), who + " is silent", fmt.Sprintf(`{%q:"1"}`, p.AnonymousIDs[0])},
					deliverySQL: {id, uuid.UUID(tenant), fmt.Sprintf(`{"title":%q}`, who)},
				}, tenantSQL, ruleSQL, incidentSQL, entrySQL, deliverySQL)
			},
		})
	})
}
