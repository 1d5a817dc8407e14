-- name: KnowSchedule :exec
INSERT INTO schedules (name, kind, every_seconds, offset_seconds, next_tick)
SELECT sqlc.arg(name), sqlc.arg(kind), sqlc.arg(every_seconds)::int, sqlc.arg(offset_seconds)::int,
    date_bin(make_interval(secs => sqlc.arg(every_seconds)::int), now() - make_interval(secs => sqlc.arg(offset_seconds)::int), timestamptz '1970-01-01 00:00:00+00')
        + make_interval(secs => sqlc.arg(every_seconds)::int + sqlc.arg(offset_seconds)::int)
ON CONFLICT (name) DO UPDATE SET
    kind = excluded.kind, every_seconds = excluded.every_seconds, offset_seconds = excluded.offset_seconds, seen_at = now(),
    next_tick = CASE WHEN schedules.every_seconds = excluded.every_seconds AND schedules.offset_seconds = excluded.offset_seconds
        THEN schedules.next_tick ELSE excluded.next_tick END;

-- Schedules that are due and whose job before has ended, locked, with the newest tick that is due and how many are before it.
-- name: DueSchedules :many
SELECT s.name,
    to_timestamp(extract(epoch FROM s.next_tick) + floor(extract(epoch FROM now() - s.next_tick) / s.every_seconds) * s.every_seconds)::timestamptz AS tick,
    floor(extract(epoch FROM now() - s.next_tick) / s.every_seconds)::int AS missed
FROM schedules s
WHERE s.next_tick <= now() AND s.name = ANY (@names::text[])
    AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.schedule = s.name AND j.state IN ('waiting', 'running', 'paused'))
FOR UPDATE OF s SKIP LOCKED;

-- name: MoveSchedule :exec
UPDATE schedules SET last_tick = sqlc.arg(tick)::timestamptz, next_tick = sqlc.arg(tick)::timestamptz + every_seconds * interval '1 second' WHERE name = @name;

-- Due jobs take turns by tenant: a tenant's first job comes before anybody's second, and jobs that run or are under way to a worker
-- count as turns taken. No more are chosen than there is room for in their queue. (MATERIALIZED, because a planner without statistics
-- would work them out anew for every row.)
-- name: Dispatch :many
WITH taken AS MATERIALIZED (
    SELECT t.queue, coalesce(t.tenant_id, '00000000-0000-0000-0000-000000000000') AS tenant,
        count(*) AS n, count(*) FILTER (WHERE t.state = 'waiting') AS under_way
    FROM jobs t
    WHERE t.state = 'running' OR (t.state = 'waiting' AND t.dispatched_at IS NOT NULL)
    GROUP BY 1, 2
), turns AS MATERIALIZED (
    SELECT j.id, j.queue, j.run_at,
        coalesce(b.n, 0) + row_number() OVER (PARTITION BY j.queue, j.tenant_id ORDER BY j.run_at, j.id) AS turn
    FROM jobs j LEFT JOIN taken b ON b.queue = j.queue AND b.tenant = coalesce(j.tenant_id, '00000000-0000-0000-0000-000000000000')
    WHERE j.state = 'waiting' AND j.dispatched_at IS NULL AND j.run_at <= now() AND j.kind = ANY (@kinds::text[])
), places AS MATERIALIZED (
    SELECT turns.id, turns.queue, row_number() OVER (PARTITION BY turns.queue ORDER BY turns.turn, turns.run_at, turns.id) AS place
    FROM turns
), chosen AS MATERIALIZED (
    SELECT places.id FROM places
    WHERE places.place + coalesce((SELECT sum(taken.under_way) FROM taken WHERE taken.queue = places.queue), 0)
        <= CASE places.queue WHEN 'urgent' THEN @urgent::int WHEN 'default' THEN @standard::int ELSE @bulk::int END
)
UPDATE jobs SET dispatched_at = now(), dispatches = dispatches + 1
WHERE jobs.id IN (
    SELECT l.id FROM jobs l WHERE l.id = ANY (ARRAY(SELECT chosen.id FROM chosen)) AND l.state = 'waiting' AND l.dispatched_at IS NULL
    FOR UPDATE SKIP LOCKED
)
RETURNING id, queue, kind, dispatches;

-- name: Undispatch :exec
UPDATE jobs SET dispatched_at = NULL
WHERE id = @id AND dispatches = @dispatches AND state = 'waiting';

-- name: Unclaimed :many
SELECT id, queue, kind, dispatches FROM jobs
WHERE state = 'waiting' AND dispatched_at < now() - @after::interval AND kind = ANY (@kinds::text[])
ORDER BY dispatched_at
LIMIT 200;
