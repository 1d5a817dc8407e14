-- Uses of properties. All run inside one tenant, as observatory_app.

-- name: RecordUses :exec
INSERT INTO property_uses AS u (tenant_id, event, path, first_used, last_used, uses)
SELECT current_tenant(), unnest(@events::text[]), unnest(@paths::text[]), unnest(@firsts::timestamptz[]), unnest(@lasts::timestamptz[]), unnest(@counts::bigint[])
ON CONFLICT (tenant_id, event, path) DO UPDATE
SET last_used = greatest(u.last_used, excluded.last_used), uses = u.uses + excluded.uses;

-- name: ListUses :many
SELECT event, path, first_used, last_used, uses FROM property_uses WHERE tenant_id = current_tenant() ORDER BY event, path LIMIT @max_rows;
