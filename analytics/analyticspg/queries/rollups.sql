-- name: GetRollupBreakdowns :one
SELECT paths FROM rollup_breakdowns WHERE tenant_id = current_tenant();

-- name: PutRollupBreakdowns :exec
INSERT INTO rollup_breakdowns (tenant_id, paths, changed_at) VALUES (current_tenant(), @paths, @changed_at)
ON CONFLICT (tenant_id) DO UPDATE SET paths = excluded.paths, changed_at = excluded.changed_at;
