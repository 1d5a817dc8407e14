-- Run inside one tenant, as observatory_app, unless they say otherwise.

-- name: GetPolicy :one
SELECT version, document, note, created_at, created_by FROM policies
WHERE tenant_id = current_tenant() AND kind = @kind
ORDER BY version DESC LIMIT 1;

-- name: ListPolicyVersions :many
SELECT version, document, note, created_at, created_by FROM policies
WHERE tenant_id = current_tenant() AND kind = @kind
ORDER BY version DESC LIMIT @max_rows;

-- name: ListPolicies :many
SELECT DISTINCT ON (kind) kind, version, document, note, created_at, created_by FROM policies
WHERE tenant_id = current_tenant()
ORDER BY kind, version DESC;

-- name: AddPolicy :exec
INSERT INTO policies (tenant_id, kind, version, document, note, created_at, created_by, changed_xid)
VALUES (current_tenant(), @kind, @version, @document, @note, @created_at, @created_by, 0);

-- name: ListRedactionSecrets :many
SELECT version, created_at, created_by FROM redaction_secrets
WHERE tenant_id = current_tenant()
ORDER BY version;

-- name: AddRedactionSecret :exec
INSERT INTO redaction_secrets (tenant_id, version, created_at, created_by, changed_xid)
VALUES (current_tenant(), @version, @created_at, @created_by, 0);
