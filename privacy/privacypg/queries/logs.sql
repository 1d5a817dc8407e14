-- Run across tenants, as observatory_system.

-- name: ReportLog :exec
INSERT INTO logs (log_id, kind, host, applied, ended, clock, settled, forgotten, empty, seen_at)
VALUES (@log_id, @kind, @host, @applied, @ended, @clock, @settled, @forgotten, @empty, now())
ON CONFLICT (log_id) DO UPDATE SET
    kind = excluded.kind, host = excluded.host, applied = excluded.applied, ended = excluded.ended, clock = excluded.clock,
    settled = excluded.settled, forgotten = excluded.forgotten, empty = excluded.empty, seen_at = excluded.seen_at, retired_at = NULL;

-- A mark that lies ahead of this server was given out by another.
-- name: ListLogs :many
SELECT log_id, kind, host,
    (CASE WHEN applied > pg_snapshot_xmax(pg_current_snapshot())::text::bigint THEN 0 ELSE applied END)::bigint AS applied,
    ended, clock, settled, forgotten, empty, seen_at, (retired_at IS NOT NULL)::boolean AS retired
FROM logs
ORDER BY seen_at DESC, log_id;

-- name: RetireLog :execrows
UPDATE logs SET retired_at = COALESCE(retired_at, now()), empty = empty OR @destroyed::boolean WHERE log_id = @log_id;

-- name: AskLogPosition :many
UPDATE log_positions SET asked_at = now() WHERE mark = @mark RETURNING position;

-- name: ForgetLogPositions :exec
DELETE FROM log_positions WHERE asked_at < now() - interval '1 day';

-- name: KeepLogPosition :one
INSERT INTO log_positions (mark, position, asked_at) VALUES (@mark, @position, now())
ON CONFLICT (mark) DO UPDATE SET asked_at = now()
RETURNING position;
