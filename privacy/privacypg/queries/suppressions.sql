-- Run inside one tenant, as observatory_app, unless they say otherwise.

-- Rows are written in one order by everybody, so that two requests about the same people wait for each other and never deadlock.
-- name: PutSuppressions :exec
INSERT INTO suppressions (tenant_id, kind, path, hash, state, erased_before, person, request_id, created_at, changed_at, changed_xid)
SELECT current_tenant(), e.kind, e.path, e.hash, e.state, nullif(e.erased_before, 'epoch'), e.person, @request_id, now(), now(), 0
FROM (SELECT unnest(@kinds::text[]) AS kind, unnest(@paths::text[]) AS path, unnest(@hashes::bytea[]) AS hash, unnest(@states::text[]) AS state,
    unnest(@erased_before::timestamptz[]) AS erased_before, unnest(@persons::uuid[]) AS person) AS e
ORDER BY e.kind, e.path, e.hash
ON CONFLICT (tenant_id, kind, path, hash) DO UPDATE
SET state = excluded.state, erased_before = greatest(suppressions.erased_before, excluded.erased_before), person = excluded.person,
    request_id = excluded.request_id, changed_at = greatest(suppressions.changed_at, excluded.changed_at);

-- Frees what came with identifiers.
-- name: FreePersons :exec
UPDATE suppressions SET state = 'none', request_id = @request_id, changed_at = greatest(changed_at, now())
WHERE tenant_id = current_tenant() AND state <> 'none'
    AND person IN (SELECT s.person FROM suppressions s WHERE s.tenant_id = current_tenant() AND s.hash = ANY (@hashes::bytea[]));

-- name: CurrentXact :one
SELECT pg_current_xact_id()::text::bigint AS xid;

-- name: FindSuppressions :many
SELECT hash, state, erased_before, request_id FROM suppressions
WHERE tenant_id = current_tenant() AND hash = ANY (@hashes::bytea[]);

-- name: ListSuppressions :many
SELECT kind, path, hash, state, erased_before, request_id, created_at, changed_at FROM suppressions
WHERE tenant_id = current_tenant() AND (@state::text = '' OR state = @state::text)
    AND (changed_at, hash) < (@before_at::timestamptz, @before_hash::bytea)
ORDER BY changed_at DESC, hash DESC
LIMIT @max_rows;

-- What nodes follow; run across tenants, as observatory_system.

-- name: SnapshotXmin :one
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS xmin;

-- name: ListSuppressionsChangedSince :many
SELECT tenant_id, kind, path, hash, state, erased_before FROM suppressions WHERE changed_xid >= @since;
