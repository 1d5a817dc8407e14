-- A job of the tenant's own transaction, or of the system's. Nothing comes back where another with the same unique key is open.
-- name: AddJob :execrows
INSERT INTO jobs (id, tenant_id, kind, queue, params, unique_key, run_at, deadline_at, max_attempts, keep_seconds, parent_id,
    schedule, tick, missed, correlation_id, created_by)
VALUES (@id, sqlc.narg(tenant_id), @kind, @queue, @params, sqlc.narg(unique_key), coalesce(sqlc.narg(run_at)::timestamptz, now()), sqlc.narg(deadline_at),
    @max_attempts, @keep_seconds, sqlc.narg(parent_id), sqlc.narg(schedule), sqlc.narg(tick), @missed, @correlation_id, @created_by)
ON CONFLICT DO NOTHING;

-- name: OpenJob :one
SELECT id FROM jobs
WHERE coalesce(tenant_id, '00000000-0000-0000-0000-000000000000') = @tenant::uuid AND kind = @kind AND unique_key = @unique_key::text
    AND state IN ('waiting', 'running', 'paused');
