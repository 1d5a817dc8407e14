-- name: GetForm :one
SELECT token, enabled, title, intro, types, changed_at, changed_by FROM privacy_forms;

-- name: PutForm :exec
INSERT INTO privacy_forms (tenant_id, token, enabled, title, intro, types, changed_at, changed_by)
VALUES (current_tenant(), @token, @enabled, @title, @intro, @types, @changed_at, @changed_by)
ON CONFLICT (tenant_id) DO UPDATE
SET token = excluded.token, enabled = excluded.enabled, title = excluded.title, intro = excluded.intro, types = excluded.types,
    changed_at = excluded.changed_at, changed_by = excluded.changed_by;

-- name: GetFormByToken :one
SELECT f.tenant_id, t.name AS organisation, f.enabled, f.title, f.intro, f.types
FROM privacy_forms f JOIN tenants t ON t.id = f.tenant_id
WHERE f.token = @token;

-- name: AddFiling :exec
INSERT INTO privacy_filings (id, tenant_id, type, sealed_email, link_hash, created_at, expires_at)
VALUES (@id, @tenant_id, @type, @sealed_email, @link_hash, @created_at, @expires_at);

-- name: GetFiling :one
SELECT f.id, f.tenant_id, f.type, f.sealed_email, f.created_at, f.expires_at, t.name AS organisation
FROM privacy_filings f JOIN tenants t ON t.id = f.tenant_id
WHERE f.link_hash = @link_hash AND f.expires_at > @now;

-- name: CountFilings :one
SELECT count(*) FROM privacy_filings WHERE tenant_id = @tenant_id;

-- name: RemoveFiling :exec
DELETE FROM privacy_filings WHERE id = @id;

-- name: RemoveExpiredFilings :exec
DELETE FROM privacy_filings WHERE expires_at <= @now;
