-- Runs of retention. All but the first run inside one tenant, as observatory_app.

-- As observatory_system.
-- name: ListTenantsWithRetention :many
SELECT DISTINCT tenant_id FROM policies WHERE kind = 'retention' ORDER BY tenant_id;

-- name: AddRetentionRun :execrows
INSERT INTO retention_runs (id, tenant_id, policy_version, today, state, asked_by, started_at)
VALUES (@id, current_tenant(), @policy_version, @today, 'running', @asked_by, @started_at)
ON CONFLICT DO NOTHING;

-- name: GetOpenRetentionRun :one
SELECT id, policy_version, today, state, counted, results, evidence, error, asked_by, started_at, ended_at
FROM retention_runs
WHERE tenant_id = current_tenant() AND state = 'running';

-- name: SaveRetentionRun :execrows
UPDATE retention_runs SET counted = @counted, results = @results, evidence = @evidence
WHERE tenant_id = current_tenant() AND id = @id AND state = 'running';

-- name: EndRetentionRun :execrows
UPDATE retention_runs SET state = @state, results = @results, evidence = @evidence, error = @error, ended_at = @ended_at::timestamptz
WHERE tenant_id = current_tenant() AND id = @id AND state = 'running';

-- name: ListRetentionRuns :many
SELECT id, policy_version, today, state, counted, results, evidence, error, asked_by, started_at, ended_at
FROM retention_runs
WHERE tenant_id = current_tenant() AND id < @before
ORDER BY id DESC
LIMIT @max_rows;
