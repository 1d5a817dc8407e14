-- name: Claim :one
WITH claimed AS (
    UPDATE jobs SET state = 'running', attempts = attempts + 1, worker = @worker::text, dispatched_at = NULL, wanted = 'run',
        started_at = coalesce(started_at, now()), lease_until = now() + @lease::interval
    WHERE id = @id AND dispatches = @dispatches AND state = 'waiting' AND run_at <= now()
        AND (deadline_at IS NULL OR deadline_at > now())
    RETURNING id, tenant_id, kind, queue, params, cursor, attempts, failures, schedule, tick, missed, correlation_id, run_at, deadline_at
), noted AS (
    INSERT INTO job_attempts (job_id, attempt, tenant_id, kind, worker)
    SELECT id, attempts, tenant_id, kind, @worker::text FROM claimed
)
SELECT id, tenant_id, kind, queue, params, cursor, attempts, failures, schedule, tick, missed, correlation_id,
    extract(epoch FROM now() - run_at)::float8 AS waited_seconds,
    coalesce(extract(epoch FROM deadline_at - now()), -1)::float8 AS left_seconds
FROM claimed;

-- name: Note :one
UPDATE jobs SET progress = coalesce(sqlc.narg(progress), progress), cursor = coalesce(sqlc.narg(cursor), cursor),
    failures = CASE WHEN sqlc.narg(cursor) IS NULL THEN failures ELSE 0 END,
    losses = CASE WHEN sqlc.narg(cursor) IS NULL THEN losses ELSE 0 END,
    lease_until = now() + @lease::interval
WHERE id = @id AND attempts = @attempt AND state = 'running'
RETURNING wanted;

-- name: ExtendLeases :many
UPDATE jobs SET lease_until = now() + @lease::interval
WHERE id = ANY (@ids::uuid[]) AND worker = @worker::text AND state = 'running'
RETURNING id, attempts, wanted;

-- name: SeeWorker :exec
INSERT INTO workers (id, host, slots) VALUES (@id, @host, @slots)
ON CONFLICT (id) DO UPDATE SET seen_at = now();

-- name: LiveSlots :one
SELECT coalesce(sum((slots ->> 'urgent')::int), 0)::int AS urgent, coalesce(sum((slots ->> 'default')::int), 0)::int AS standard,
    coalesce(sum((slots ->> 'bulk')::int), 0)::int AS bulk
FROM workers WHERE seen_at > now() - interval '30 seconds';

-- name: LeaveWorker :exec
DELETE FROM workers WHERE id = @id;

-- What became of the attempt, whose number says that it still counts.
-- name: EndAttempt :execrows
UPDATE job_attempts SET ended_at = now(), outcome = @outcome, error = sqlc.narg(error)
WHERE job_id = @id AND attempt = @attempt AND outcome = 'running';

-- name: SetCause :exec
UPDATE job_attempts SET cause = @cause::text WHERE job_id = @id AND attempt = @attempt;

-- What becomes of the job: next is done, failed, cancelled, paused, waiting, or retry, which is waiting as long as there are attempts
-- left. Somebody may have wanted something else meanwhile.
-- name: EndJob :execrows
WITH held AS (
    SELECT j.id, CASE WHEN @next::text IN ('done', 'failed', 'cancelled', 'paused') THEN @next::text
        WHEN @next::text = 'retry' AND j.failures + 1 >= j.max_attempts THEN 'failed'
        WHEN j.wanted = 'pause' THEN 'paused'
        WHEN j.wanted = 'cancel' THEN 'cancelled'
        ELSE 'waiting' END AS next
    FROM jobs j WHERE j.id = @id AND j.attempts = @attempt AND j.state = 'running'
    FOR UPDATE
)
UPDATE jobs SET state = held.next, lease_until = NULL, wanted = 'run',
    failures = CASE @count::text WHEN 'failure' THEN failures + 1 WHEN 'progress' THEN 0 ELSE failures END,
    losses = CASE @count::text WHEN 'progress' THEN 0 ELSE losses END,
    error = CASE WHEN held.next = 'done' THEN NULL ELSE coalesce(sqlc.narg(error), error) END,
    run_at = CASE WHEN held.next = 'waiting' THEN now() + @after::interval ELSE run_at END,
    ended_at = CASE WHEN held.next IN ('done', 'failed', 'cancelled') THEN now() END,
    keep_until = CASE WHEN held.next IN ('done', 'failed', 'cancelled') THEN now() + keep_seconds * interval '1 second' END
FROM held WHERE jobs.id = held.id;

-- Jobs whose worker is not heard of any more go back, or have failed when that happened too often without anything being done.
-- name: ReapLost :many
WITH lost AS (
    SELECT j.id, j.attempts, CASE WHEN j.wanted = 'pause' THEN 'paused' WHEN j.wanted = 'cancel' THEN 'cancelled'
        WHEN j.losses + 1 >= @most::int THEN 'failed' ELSE 'waiting' END AS next
    FROM jobs j WHERE j.state = 'running' AND j.lease_until < now() - @grace::interval
    FOR UPDATE SKIP LOCKED
), noted AS (
    UPDATE job_attempts a SET ended_at = now(), outcome = 'lost', error = @error::text
    FROM lost WHERE a.job_id = lost.id AND a.attempt = lost.attempts AND a.outcome = 'running'
)
UPDATE jobs SET state = lost.next, lease_until = NULL, wanted = 'run', losses = losses + 1, error = @error::text,
    run_at = CASE WHEN lost.next = 'waiting' THEN now() ELSE run_at END,
    ended_at = CASE WHEN lost.next IN ('failed', 'cancelled') THEN now() END,
    keep_until = CASE WHEN lost.next IN ('failed', 'cancelled') THEN now() + keep_seconds * interval '1 second' END
FROM lost WHERE jobs.id = lost.id
RETURNING jobs.id;

-- name: ReapOverdue :execrows
UPDATE jobs SET state = 'failed', ended_at = now(), keep_until = now() + keep_seconds * interval '1 second', dispatched_at = NULL, error = @error::text
WHERE id IN (SELECT o.id FROM jobs o WHERE o.state = 'waiting' AND o.deadline_at <= now() FOR UPDATE SKIP LOCKED);

-- name: Sweep :execrows
DELETE FROM jobs WHERE id IN (SELECT s.id FROM jobs s WHERE s.keep_until < now() ORDER BY s.keep_until LIMIT @most);

-- name: SweepWorkers :exec
DELETE FROM workers WHERE seen_at < now() - interval '1 day';

-- Jobs that work in slices may stay open for as long as there is something to do: of those the newest attempts are kept.
-- name: SweepAttempts :execrows
DELETE FROM job_attempts a USING jobs j
WHERE j.state IN ('waiting', 'running', 'paused') AND j.attempts > @kept::int AND a.job_id = j.id AND a.attempt <= j.attempts - @kept::int;
