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
-- count as turns taken. No more are chosen than there is room for in their queue. Queues and tenants are found by leaping from one to
-- the next in the index jobs_turns, so that what it takes does not grow with what waits.
-- name: Dispatch :many
WITH RECURSIVE taken AS MATERIALIZED (
    SELECT t.queue, coalesce(t.tenant_id, '00000000-0000-0000-0000-000000000000') AS tenant, count(*) AS n, count(*) FILTER (WHERE t.state = 'waiting') AS under_way
    FROM jobs t
    WHERE t.state = 'running' OR (t.state = 'waiting' AND t.dispatched_at IS NOT NULL)
    GROUP BY 1, 2
), heads AS (
    (SELECT f.queue, coalesce(f.tenant_id, '00000000-0000-0000-0000-000000000000') AS tenant
     FROM jobs f WHERE f.state = 'waiting' AND f.dispatched_at IS NULL
     ORDER BY 1, 2 LIMIT 1)
    UNION ALL
    SELECT n.queue, n.tenant FROM heads h CROSS JOIN LATERAL (
        SELECT g.queue, coalesce(g.tenant_id, '00000000-0000-0000-0000-000000000000') AS tenant
        FROM jobs g WHERE g.state = 'waiting' AND g.dispatched_at IS NULL
            AND (g.queue, coalesce(g.tenant_id, '00000000-0000-0000-0000-000000000000')) > (h.queue, h.tenant)
        ORDER BY 1, 2 LIMIT 1
    ) n
), room AS MATERIALIZED (
    SELECT q.queue, CASE q.queue WHEN 'urgent' THEN @urgent::int WHEN 'default' THEN @standard::int ELSE @bulk::int END
        - coalesce((SELECT sum(taken.under_way) FROM taken WHERE taken.queue = q.queue), 0) AS places
    FROM (SELECT DISTINCT heads.queue FROM heads) q
), turns AS MATERIALIZED (
    SELECT d.id, heads.queue, d.run_at, room.places, coalesce(taken.n, 0) + row_number() OVER (PARTITION BY heads.queue, heads.tenant ORDER BY d.run_at, d.id) AS turn
    FROM heads
    JOIN room ON room.queue = heads.queue AND room.places > 0
    LEFT JOIN taken ON taken.queue = heads.queue AND taken.tenant = heads.tenant
    CROSS JOIN LATERAL (
        SELECT j.id, j.run_at FROM jobs j
        WHERE j.state = 'waiting' AND j.dispatched_at IS NULL AND j.queue = heads.queue AND coalesce(j.tenant_id, '00000000-0000-0000-0000-000000000000') = heads.tenant
            AND j.run_at <= now() AND j.kind = ANY (@kinds::text[])
        ORDER BY j.run_at, j.id
        LIMIT room.places
    ) d
), chosen AS MATERIALIZED (
    SELECT p.id FROM (
        SELECT turns.id, turns.places, row_number() OVER (PARTITION BY turns.queue ORDER BY turns.turn, turns.run_at, turns.id) AS place FROM turns
    ) p
    WHERE p.place <= p.places
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
