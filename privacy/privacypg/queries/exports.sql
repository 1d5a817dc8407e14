-- Exported files. Run inside a tenant, as observatory_app, but for what says otherwise.

-- name: BeginExport :exec
INSERT INTO privacy_exports (request_id, tenant_id, object, created_at, expires_at) VALUES (@request_id, current_tenant(), @object, @created_at, @expires_at)
ON CONFLICT (request_id) DO NOTHING;

-- name: AddExportSubjects :exec
INSERT INTO privacy_export_subjects (tenant_id, hash, request_id) SELECT current_tenant(), unnest(@hashes::bytea[]), @request_id
ON CONFLICT DO NOTHING;

-- name: FinishExport :execrows
UPDATE privacy_exports SET bytes = @bytes, sha256 = @sha256, records = @records, made_at = @made_at
WHERE request_id = @request_id AND erased_at IS NULL;

-- name: GetExport :one
SELECT request_id, object, bytes, sha256, records, created_at, expires_at, made_at, (token_hash IS NOT NULL)::boolean AS link_open, downloads, downloaded_at, erased_at
FROM privacy_exports WHERE request_id = @request_id;

-- name: SetExportLink :execrows
UPDATE privacy_exports SET token_hash = @token_hash
WHERE request_id = @request_id AND made_at IS NOT NULL AND erased_at IS NULL AND expires_at > @at;

-- name: RedeemExportLink :one
UPDATE privacy_exports SET token_hash = NULL, downloads = downloads + 1, downloaded_at = @at
WHERE token_hash = @token_hash AND erased_at IS NULL AND expires_at > @at
RETURNING request_id, object, bytes, sha256, records, created_at, expires_at, made_at, false AS link_open, downloads, downloaded_at, erased_at;

-- The files about any of these subjects, those that are gone as well.
-- name: ListExportsAbout :many
SELECT e.request_id, e.object, e.erased_at
FROM privacy_exports e
WHERE EXISTS (SELECT FROM privacy_export_subjects s WHERE s.tenant_id = e.tenant_id AND s.request_id = e.request_id AND s.hash = ANY (@hashes::bytea[]))
ORDER BY e.request_id;

-- name: MarkExportErased :exec
UPDATE privacy_exports SET erased_at = @at, erased_by = @erased_by, token_hash = NULL WHERE request_id = @request_id AND erased_at IS NULL;

-- name: ForgetExportSubjects :exec
DELETE FROM privacy_export_subjects WHERE request_id = @request_id;

-- Across tenants, as observatory_system.

-- name: FindExportLink :one
SELECT tenant_id FROM privacy_exports WHERE token_hash = @token_hash;

-- name: ListExpiredExports :many
SELECT tenant_id, request_id, object FROM privacy_exports WHERE erased_at IS NULL AND expires_at <= @at ORDER BY expires_at LIMIT 100;
