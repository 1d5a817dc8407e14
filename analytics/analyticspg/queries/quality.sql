-- Those that run inside one tenant are first; what Observatory does across tenants, as observatory_system, comes below.

-- name: ListQualityChecks :many
SELECT id, tenant_id, builtin, name, kind, event, property, tolerance, max_share, sla_s, interval_s, enabled, revision, next_tick, due_at, created_at, created_by, updated_at, updated_by
FROM quality_checks WHERE tenant_id = current_tenant()
ORDER BY builtin DESC, created_at, id;

-- name: GetQualityCheck :one
SELECT id, tenant_id, builtin, name, kind, event, property, tolerance, max_share, sla_s, interval_s, enabled, revision, next_tick, due_at, created_at, created_by, updated_at, updated_by
FROM quality_checks WHERE tenant_id = current_tenant() AND id = @id;

-- name: GetQualityCheckForUpdate :one
SELECT id, tenant_id, builtin, name, kind, event, property, tolerance, max_share, sla_s, interval_s, enabled, revision, next_tick, due_at, created_at, created_by, updated_at, updated_by
FROM quality_checks WHERE tenant_id = current_tenant() AND id = @id
FOR UPDATE;

-- name: CountQualityChecks :one
SELECT count(*) FROM quality_checks WHERE tenant_id = current_tenant();

-- name: AddQualityCheck :exec
INSERT INTO quality_checks (id, tenant_id, builtin, name, kind, event, property, tolerance, max_share, sla_s, interval_s, enabled, revision, next_tick, due_at, created_at, created_by, updated_at, updated_by)
VALUES (@id, current_tenant(), @builtin, @name, @kind, @event, @property, @tolerance, @max_share, @sla_s, @interval_s, @enabled, @revision, @next_tick, @due_at, @created_at, @created_by, @updated_at, @updated_by)
ON CONFLICT (tenant_id, kind) WHERE builtin DO NOTHING;

-- name: UpdateQualityCheck :exec
UPDATE quality_checks SET name = @name, event = @event, property = @property, tolerance = @tolerance, max_share = @max_share, sla_s = @sla_s, interval_s = @interval_s,
    enabled = @enabled, revision = @revision, next_tick = @next_tick, due_at = @due_at, updated_at = @updated_at, updated_by = @updated_by
WHERE tenant_id = current_tenant() AND id = @id;

-- name: DeleteQualityCheck :exec
DELETE FROM quality_checks WHERE tenant_id = current_tenant() AND id = @id;

-- name: ListDueQualityChecks :many
SELECT id, tenant_id, builtin, name, kind, event, property, tolerance, max_share, sla_s, interval_s, enabled, revision, next_tick, due_at, created_at, created_by, updated_at, updated_by
FROM quality_checks WHERE tenant_id = current_tenant() AND enabled AND due_at <= @now
ORDER BY due_at, id;

-- name: GetQualityTimezone :one
SELECT timezone FROM tenants WHERE id = current_tenant();

-- Locks the check, so that whoever comes second sees that it has moved on.
-- name: MoveQualityCheck :execrows
UPDATE quality_checks SET next_tick = @next_tick, due_at = @due_at
WHERE tenant_id = current_tenant() AND id = @id AND revision = @revision AND next_tick = @tick;

-- After a change the newest ticks are measured again.
-- name: PutQualityResult :exec
INSERT INTO quality_results (tenant_id, check_id, tick, measured_at, verdict, value, expected, low, high, explanation, samples)
VALUES (current_tenant(), @check_id, @tick, @measured_at, @verdict, sqlc.narg(value), sqlc.narg(expected), sqlc.narg(low), sqlc.narg(high), @explanation, @samples)
ON CONFLICT (check_id, tick) DO UPDATE SET measured_at = excluded.measured_at, verdict = excluded.verdict, value = excluded.value, expected = excluded.expected,
    low = excluded.low, high = excluded.high, explanation = excluded.explanation, samples = excluded.samples;

-- name: ListQualityResults :many
SELECT tenant_id, check_id, tick, measured_at, verdict, value, expected, low, high, explanation, samples
FROM quality_results WHERE tenant_id = current_tenant() AND check_id = @check_id AND tick >= @from_tick AND tick < @to_tick
ORDER BY tick DESC
LIMIT @max_rows;

-- name: ListNewestQualityResults :many
SELECT r.tenant_id, r.check_id, r.tick, r.measured_at, r.verdict, r.value, r.expected, r.low, r.high, r.explanation, r.samples
FROM quality_checks c
CROSS JOIN LATERAL (
    SELECT q.tenant_id, q.check_id, q.tick, q.measured_at, q.verdict, q.value, q.expected, q.low, q.high, q.explanation, q.samples
    FROM quality_results q WHERE q.check_id = c.id ORDER BY q.measured_at DESC, q.tick DESC LIMIT 1
) r
WHERE c.tenant_id = current_tenant();

-- name: ListTenantsWithQualityWork :many
SELECT DISTINCT c.tenant_id FROM quality_checks c WHERE c.enabled AND c.due_at <= @now
UNION
SELECT t.id FROM tenants t WHERE t.closing_at IS NULL AND NOT EXISTS (SELECT FROM quality_checks b WHERE b.tenant_id = t.id AND b.builtin);

-- name: CountQualityVerdicts :many
SELECT c.kind, coalesce(r.verdict, 'unknown')::text AS verdict, count(*) AS checks
FROM quality_checks c
LEFT JOIN LATERAL (
    SELECT q.verdict FROM quality_results q WHERE q.check_id = c.id ORDER BY q.measured_at DESC, q.tick DESC LIMIT 1
) r ON true
WHERE c.enabled
GROUP BY c.kind, 2;

-- name: DeleteQualityResults :execrows
DELETE FROM quality_results WHERE tick < @before;

-- name: ListQualityVerdicts :many
SELECT tick, verdict
FROM quality_results WHERE tenant_id = current_tenant() AND check_id = @check_id AND tick >= @from_tick AND tick <= @to_tick
ORDER BY tick;
