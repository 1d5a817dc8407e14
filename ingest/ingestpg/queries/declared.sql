-- What nodes keep in memory of what tenants declared.

-- name: SnapshotXmin :one
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS xmin;

-- Run across tenants, as observatory_system.
-- name: ListDeclaringTenants :many
SELECT DISTINCT c.tenant_id::uuid FROM (
    SELECT p.tenant_id FROM policies p WHERE p.changed_xid >= @since
    UNION ALL SELECT r.tenant_id FROM redaction_secrets r WHERE r.changed_xid >= @since
    UNION ALL SELECT s.tenant_id FROM schema_registries s WHERE s.changed_xid >= @since
) c;

-- Run inside one tenant, as observatory_app.
-- name: ListDeclaredSchemas :many
SELECT id, type, text, rabin FROM schemas WHERE tenant_id = current_tenant() ORDER BY id;

-- name: ListDeclaredVersions :many
SELECT subject, version, schema_id, (deleted_at IS NOT NULL)::boolean AS deleted FROM schema_versions
WHERE tenant_id = current_tenant()
ORDER BY subject, version;

-- name: ListDeclaredReferences :many
SELECT schema_id, name, subject, version FROM schema_references
WHERE tenant_id = current_tenant()
ORDER BY schema_id, position;
