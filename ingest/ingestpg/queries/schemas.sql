-- Run inside one tenant, as observatory_app. Row-level security narrows every table to that tenant; the queries say so as
-- well, so that neither fence is the only one.

-- name: ChangeRegistry :exec
INSERT INTO schema_registries (tenant_id, revision, changed_xid) VALUES (current_tenant(), 1, 0)
ON CONFLICT (tenant_id) DO UPDATE SET revision = schema_registries.revision + 1;

-- name: MeasureRegistry :one
SELECT count(*) AS schemas, coalesce(sum(octet_length(text)), 0)::bigint AS bytes,
       (SELECT count(*) FROM schema_versions v WHERE v.tenant_id = current_tenant()) AS versions,
       (SELECT count(*) FROM schema_config c WHERE c.tenant_id = current_tenant()) AS settings
FROM schemas s
WHERE s.tenant_id = current_tenant();

-- name: AddSchema :one
INSERT INTO schemas (tenant_id, uuid, type, text, digest, fingerprint, rabin, created_at)
VALUES (current_tenant(), @uuid, @type, @text, @digest, @fingerprint, @rabin, @created_at)
RETURNING id;

-- name: AddSchemaReference :exec
INSERT INTO schema_references (tenant_id, schema_id, position, name, subject, version)
VALUES (current_tenant(), @schema_id, @position, @name, @subject, @version);

-- name: GetSchema :one
SELECT id, tenant_id, uuid, type, text, digest, fingerprint, rabin, created_at FROM schemas WHERE tenant_id = current_tenant() AND id = @id;

-- name: GetSchemaByUUID :one
SELECT id, tenant_id, uuid, type, text, digest, fingerprint, rabin, created_at FROM schemas WHERE tenant_id = current_tenant() AND uuid = @uuid;

-- name: GetSchemaByDigest :one
SELECT id, tenant_id, uuid, type, text, digest, fingerprint, rabin, created_at FROM schemas WHERE tenant_id = current_tenant() AND digest = @digest;

-- name: GetSchemaByFingerprint :one
SELECT id, tenant_id, uuid, type, text, digest, fingerprint, rabin, created_at FROM schemas
WHERE tenant_id = current_tenant() AND fingerprint = @fingerprint
ORDER BY id LIMIT 1;

-- name: GetSchemaByRabin :one
SELECT id, tenant_id, uuid, type, text, digest, fingerprint, rabin, created_at FROM schemas
WHERE tenant_id = current_tenant() AND rabin = @rabin::bigint
ORDER BY id LIMIT 1;

-- name: ListSchemas :many
SELECT id, tenant_id, uuid, type, text, digest, fingerprint, rabin, created_at FROM schemas
WHERE tenant_id = current_tenant() AND id = ANY (@ids::integer[]);

-- name: ListSchemaLengths :many
SELECT id, octet_length(text) AS length FROM schemas WHERE tenant_id = current_tenant() AND id = ANY (@ids::integer[]);

-- name: ListSchemaReferences :many
SELECT schema_id, name, subject, version FROM schema_references
WHERE tenant_id = current_tenant() AND schema_id = ANY (@schema_ids::integer[])
ORDER BY schema_id, position;

-- name: NewestSchema :one
SELECT coalesce(max(id), 0)::integer FROM schemas WHERE tenant_id = current_tenant();

-- name: RemoveUnusedSchema :exec
DELETE FROM schemas s
WHERE s.tenant_id = current_tenant() AND s.id = @id
AND NOT EXISTS (SELECT FROM schema_versions v WHERE v.tenant_id = current_tenant() AND v.schema_id = s.id);

-- name: AddVersion :exec
INSERT INTO schema_versions (tenant_id, subject, version, schema_id, created_at, created_by)
VALUES (current_tenant(), @subject, @version, @schema_id, @created_at, @created_by);

-- name: ListVersions :many
SELECT tenant_id, subject, version, schema_id, created_at, created_by, deleted_at FROM schema_versions
WHERE tenant_id = current_tenant() AND subject = @subject
ORDER BY version;

-- name: ListVersionsOfSchema :many
SELECT tenant_id, subject, version, schema_id, created_at, created_by, deleted_at FROM schema_versions
WHERE tenant_id = current_tenant() AND schema_id = @schema_id
ORDER BY subject COLLATE "C", version;

-- name: ListAllVersions :many
SELECT v.tenant_id, v.subject, v.version, v.schema_id, v.created_at, v.created_by, v.deleted_at FROM schema_versions v
WHERE v.tenant_id = current_tenant()
AND starts_with(v.subject, @prefix)
AND CASE @show::text WHEN 'all' THEN true WHEN 'deleted' THEN v.deleted_at IS NOT NULL ELSE v.deleted_at IS NULL END
AND (NOT @latest_only::boolean OR v.version = (
    SELECT max(l.version) FROM schema_versions l
    WHERE l.tenant_id = current_tenant() AND l.subject = v.subject
    AND CASE @show::text WHEN 'all' THEN true WHEN 'deleted' THEN l.deleted_at IS NOT NULL ELSE l.deleted_at IS NULL END
))
ORDER BY v.subject COLLATE "C", v.version
LIMIT @max_rows OFFSET @skip_rows;

-- name: ListSubjects :many
SELECT subject FROM schema_versions
WHERE tenant_id = current_tenant() AND starts_with(subject, @prefix)
GROUP BY subject
HAVING CASE @show::text WHEN 'all' THEN true WHEN 'deleted' THEN bool_and(deleted_at IS NOT NULL) ELSE bool_or(deleted_at IS NULL) END
ORDER BY subject COLLATE "C"
LIMIT @max_rows OFFSET @skip_rows;

-- name: HideVersion :execrows
UPDATE schema_versions SET deleted_at = @at::timestamptz
WHERE tenant_id = current_tenant() AND subject = @subject AND version = @version AND deleted_at IS NULL;

-- name: RemoveVersion :execrows
DELETE FROM schema_versions WHERE tenant_id = current_tenant() AND subject = @subject AND version = @version;

-- name: ListReferrers :many
SELECT DISTINCT r.schema_id FROM schema_references r
JOIN schema_versions v ON v.tenant_id = r.tenant_id AND v.schema_id = r.schema_id
WHERE r.tenant_id = current_tenant() AND r.subject = @subject AND r.version = @version
AND (v.deleted_at IS NULL OR @deleted::boolean)
ORDER BY r.schema_id;

-- name: GetSettings :one
SELECT compatibility, normalize, mode FROM schema_config WHERE tenant_id = current_tenant() AND subject = @subject;

-- name: SetSettings :exec
INSERT INTO schema_config (tenant_id, subject, compatibility, normalize, mode)
VALUES (current_tenant(), @subject, @compatibility, @normalize, @mode)
ON CONFLICT (tenant_id, subject) DO UPDATE SET compatibility = excluded.compatibility, normalize = excluded.normalize, mode = excluded.mode;

-- name: RemoveSettings :exec
DELETE FROM schema_config WHERE tenant_id = current_tenant() AND subject = @subject;
