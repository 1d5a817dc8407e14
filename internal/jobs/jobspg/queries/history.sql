-- name: ListJobs :many
SELECT id, tenant_id, kind, queue, params, unique_key, state, wanted, run_at, deadline_at, attempts, failures, losses, max_attempts, keep_seconds,
    parent_id, schedule, tick, missed, correlation_id, created_at, created_by, asked_at, asked_by, started_at, ended_at, keep_until, lease_until,
    worker, dispatched_at, dispatches, progress, cursor, error
FROM jobs
WHERE (sqlc.narg(tenant)::uuid IS NULL OR tenant_id = sqlc.narg(tenant)::uuid)
    AND (@kind::text = '' OR kind = @kind::text)
    AND (@queue::text = '' OR queue = @queue::text)
    AND (@schedule::text = '' OR schedule = @schedule::text)
    AND (cardinality(@states::text[]) = 0 OR state = ANY (@states::text[]))
    AND (sqlc.narg(parent)::uuid IS NULL OR parent_id = sqlc.narg(parent)::uuid)
    AND (sqlc.narg(from_time)::timestamptz IS NULL OR ended_at IS NULL OR ended_at >= sqlc.narg(from_time)::timestamptz)
    AND (sqlc.narg(to_time)::timestamptz IS NULL OR created_at < sqlc.narg(to_time)::timestamptz)
    AND id < @before
ORDER BY id DESC
LIMIT @most;

-- name: GetJob :one
SELECT id, tenant_id, kind, queue, params, unique_key, state, wanted, run_at, deadline_at, attempts, failures, losses, max_attempts, keep_seconds,
    parent_id, schedule, tick, missed, correlation_id, created_at, created_by, asked_at, asked_by, started_at, ended_at, keep_until, lease_until,
    worker, dispatched_at, dispatches, progress, cursor, error
FROM jobs WHERE id = @id AND (sqlc.narg(tenant)::uuid IS NULL OR tenant_id = sqlc.narg(tenant)::uuid);

-- name: GetJobForUpdate :one
SELECT id, queue, state, wanted FROM jobs WHERE id = @id AND (sqlc.narg(tenant)::uuid IS NULL OR tenant_id = sqlc.narg(tenant)::uuid)
FOR UPDATE;

-- name: Children :many
SELECT id, tenant_id, kind, queue, params, unique_key, state, wanted, run_at, deadline_at, attempts, failures, losses, max_attempts, keep_seconds,
    parent_id, schedule, tick, missed, correlation_id, created_at, created_by, asked_at, asked_by, started_at, ended_at, keep_until, lease_until,
    worker, dispatched_at, dispatches, progress, cursor, error
FROM jobs WHERE parent_id = @parent AND (sqlc.narg(tenant)::uuid IS NULL OR tenant_id = sqlc.narg(tenant)::uuid)
ORDER BY id
LIMIT @most;

-- The newest of each job.
-- name: Attempts :many
SELECT a.job_id, a.attempt, a.worker, a.started_at, a.ended_at, a.outcome, a.error
FROM job_attempts a JOIN jobs j ON j.id = a.job_id
WHERE a.job_id = ANY (@ids::uuid[]) AND a.attempt > j.attempts - @most::int
ORDER BY a.job_id, a.attempt;

-- name: Causes :many
SELECT attempt, cause FROM job_attempts WHERE job_id = @id AND cause IS NOT NULL ORDER BY attempt;

-- name: Durations :many
SELECT kind, date_bin(@bucket::interval, started_at, timestamptz '1970-01-01 00:00:00+00')::timestamptz AS start,
    count(*)::int AS n, count(*) FILTER (WHERE outcome IN ('failed', 'lost'))::int AS failed, count(ended_at)::int AS ended,
    coalesce(percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM ended_at - started_at)::float8), 0)::float8 AS p50,
    coalesce(percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM ended_at - started_at)::float8), 0)::float8 AS p95,
    coalesce(max(extract(epoch FROM ended_at - started_at)), 0)::float8 AS longest
FROM job_attempts
WHERE tenant_id = @tenant AND (@kind::text = '' OR kind = @kind::text) AND started_at >= @from_time AND started_at < @to_time
GROUP BY 1, 2
ORDER BY 1, 2;

-- name: Standings :many
SELECT queue,
    count(*) FILTER (WHERE state = 'waiting' AND run_at <= now())::int AS waiting,
    count(*) FILTER (WHERE state = 'running')::int AS running,
    coalesce(extract(epoch FROM now() - min(run_at) FILTER (WHERE state = 'waiting' AND run_at <= now())), 0)::float8 AS oldest_seconds,
    count(ended_at)::int AS ended,
    coalesce(percentile_cont(0.5) WITHIN GROUP (ORDER BY greatest(extract(epoch FROM ended_at - run_at), 0)::float8), 0)::float8 AS lag_seconds
FROM jobs WHERE tenant_id = @tenant AND (state IN ('waiting', 'running') OR ended_at > now() - @back::interval)
GROUP BY queue;

-- name: Depths :many
SELECT queue,
    count(*) FILTER (WHERE state = 'waiting' AND run_at <= now())::int AS visible,
    count(*) FILTER (WHERE state = 'waiting' AND run_at > now())::int AS later,
    count(*) FILTER (WHERE state = 'running')::int AS in_flight,
    coalesce(extract(epoch FROM now() - min(run_at) FILTER (WHERE state = 'waiting' AND run_at <= now())), 0)::float8 AS oldest_seconds
FROM jobs WHERE state IN ('waiting', 'running')
GROUP BY queue;

-- name: SetAsked :exec
UPDATE jobs SET asked_at = now(), asked_by = @asked_by::text WHERE id = @id;

-- name: SetWanted :exec
UPDATE jobs SET wanted = @wanted WHERE id = @id;

-- name: SetPaused :exec
UPDATE jobs SET state = 'paused', dispatched_at = NULL WHERE id = @id;

-- name: SetCancelled :exec
UPDATE jobs SET state = 'cancelled', dispatched_at = NULL, ended_at = now(), keep_until = now() + keep_seconds * interval '1 second' WHERE id = @id;

-- name: SetWaiting :exec
UPDATE jobs SET state = 'waiting', run_at = now(), failures = 0, losses = 0, ended_at = NULL, keep_until = NULL, dispatched_at = NULL WHERE id = @id;
