-- Those that a tenant's requests run are first; what a node does, across tenants and as observatory_system, comes below.

-- name: AddReplay :exec
INSERT INTO replays (id, tenant_id, kind, cause, spec, state, progress, created_at, created_by)
VALUES (@id, current_tenant(), @kind, sqlc.narg(cause), @spec, @state, @progress, @created_at, @created_by);

-- name: GetReplay :one
SELECT id, tenant_id, kind, cause, spec, state, progress, log_id, created_at, created_by, started_at, seen_at, ended_at, error
FROM replays WHERE tenant_id = current_tenant() AND id = @id;

-- name: GetReplayForUpdate :one
SELECT id, tenant_id, kind, cause, spec, state, progress, log_id, created_at, created_by, started_at, seen_at, ended_at, error
FROM replays WHERE tenant_id = current_tenant() AND id = @id
FOR UPDATE;

-- name: ListReplays :many
SELECT id, tenant_id, kind, cause, spec, state, progress, log_id, created_at, created_by, started_at, seen_at, ended_at, error
FROM replays WHERE tenant_id = current_tenant() AND id < @before
ORDER BY id DESC
LIMIT @max_rows;

-- name: SetReplayState :exec
UPDATE replays SET state = @state, ended_at = sqlc.narg(ended_at)
WHERE tenant_id = current_tenant() AND id = @id;

-- A replay that has run belongs to the node with its log; one that has not, to whoever is first.
-- name: ClaimReplay :one
UPDATE replays SET state = CASE state WHEN 'waiting' THEN 'running' ELSE state END,
    log_id = @log_id::uuid, started_at = coalesce(started_at, @now::timestamptz), seen_at = @now::timestamptz
WHERE id = (
    SELECT r.id FROM replays r
    WHERE r.state IN ('waiting', 'running', 'pausing', 'cancelling') AND (r.log_id IS NULL OR r.log_id = @log_id::uuid)
        AND r.id <> ALL (@busy::uuid[])
    ORDER BY r.created_at, r.id
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
RETURNING id, tenant_id, kind, cause, spec, state, progress, log_id, created_at, created_by, started_at, seen_at, ended_at, error;

-- name: NoteReplay :one
UPDATE replays SET progress = @progress, seen_at = @now::timestamptz
WHERE id = @id AND log_id = @log_id::uuid
RETURNING state;

-- name: EndReplay :exec
UPDATE replays SET progress = @progress, seen_at = @now::timestamptz, state = @state, ended_at = sqlc.narg(ended_at), error = sqlc.narg(error)
WHERE id = @id AND log_id = @log_id::uuid AND state IN ('running', 'pausing', 'cancelling');
