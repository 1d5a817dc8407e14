-- Run inside one tenant, as observatory_app. Row-level security narrows every table to that tenant; the queries say so as
-- well, so that neither fence is the only one.

-- name: GetTenant :one
SELECT id, name, timezone, created_at, residency, closing_at, closed_at FROM tenants WHERE id = current_tenant();

-- name: AddTenant :exec
INSERT INTO tenants (id, name, timezone, created_at, residency) VALUES (@id, @name, @timezone, @created_at, @residency);

-- name: UpdateTenant :execrows
UPDATE tenants SET name = @name, timezone = @timezone, residency = @residency WHERE id = current_tenant();

-- name: ListMembers :many
SELECT u.id, u.email, u.name, u.email_verified_at, u.created_at, m.role, m.joined_at
FROM members m JOIN users u ON u.id = m.user_id
WHERE m.tenant_id = current_tenant()
ORDER BY m.joined_at, u.id;

-- name: AddMember :exec
INSERT INTO members (tenant_id, user_id, role, joined_at) VALUES (current_tenant(), @user_id, @role, @joined_at);

-- name: SetMemberRole :execrows
UPDATE members SET role = @role WHERE tenant_id = current_tenant() AND user_id = @user_id;

-- name: RemoveMember :execrows
DELETE FROM members WHERE tenant_id = current_tenant() AND user_id = @user_id;

-- name: ListOpenInvitations :many
SELECT id, email, role, invited_by, created_at, expires_at
FROM invitations
WHERE tenant_id = current_tenant() AND accepted_at IS NULL AND withdrawn_at IS NULL
ORDER BY id DESC;

-- name: AddInvitation :exec
INSERT INTO invitations (id, tenant_id, email, role, invited_by, token_hash, created_at, expires_at)
VALUES (@id, current_tenant(), @email, @role, @invited_by, @token_hash, @created_at, @expires_at);

-- name: CloseInvitation :execrows
UPDATE invitations SET accepted_at = sqlc.narg(accepted_at), withdrawn_at = sqlc.narg(withdrawn_at)
WHERE tenant_id = current_tenant() AND id = @id AND accepted_at IS NULL AND withdrawn_at IS NULL;

-- name: ListSources :many
SELECT id, tenant_id, name, kind, env, created_at, archived_at FROM sources WHERE tenant_id = current_tenant() ORDER BY id;

-- name: GetSource :one
SELECT id, tenant_id, name, kind, env, created_at, archived_at FROM sources WHERE tenant_id = current_tenant() AND id = @id;

-- name: AddSource :exec
INSERT INTO sources (id, tenant_id, name, kind, env, created_at, archived_at)
VALUES (@id, current_tenant(), @name, @kind, @env, @created_at, @archived_at);

-- name: UpdateSource :execrows
UPDATE sources SET name = @name, archived_at = @archived_at WHERE tenant_id = current_tenant() AND id = @id;

-- name: ListKeys :many
SELECT id, tenant_id, source_id, kind, name, scopes, env, origins, kid, hint, created_at, created_by, expires_at, revoked_at, changed_xid
FROM api_keys
WHERE tenant_id = current_tenant()
ORDER BY id DESC;

-- name: GetKey :one
SELECT id, tenant_id, source_id, kind, name, scopes, env, origins, kid, hint, created_at, created_by, expires_at, revoked_at, changed_xid
FROM api_keys
WHERE tenant_id = current_tenant() AND id = @id;

-- name: AddKey :exec
INSERT INTO api_keys (id, tenant_id, source_id, kind, name, scopes, env, origins, kid, hint, created_at, created_by, expires_at, changed_xid)
VALUES (@id, current_tenant(), @source_id, @kind, @name, @scopes, @env, @origins, @kid, @hint, @created_at, @created_by, @expires_at, 0);

-- name: UpdateKey :execrows
UPDATE api_keys SET name = @name, origins = @origins, expires_at = @expires_at, revoked_at = @revoked_at WHERE tenant_id = current_tenant() AND id = @id;

-- name: LockTenant :exec
SELECT pg_advisory_xact_lock(hashtextextended('observatory tenant ' || current_tenant()::text, 0));

-- name: LastAudit :one
SELECT seq, hash FROM audit_log WHERE tenant_id = current_tenant() ORDER BY seq DESC LIMIT 1;

-- name: AddAudit :exec
INSERT INTO audit_log (tenant_id, seq, at, actor_kind, actor_id, actor_label, action, target, details, correlation_id, prev_hash, hash)
VALUES (current_tenant(), @seq, @at, @actor_kind, @actor_id, @actor_label, @action, @target, @details, @correlation_id, @prev_hash, @hash);

-- name: ListAuditBefore :many
SELECT tenant_id, seq, at, actor_kind, actor_id, actor_label, action, target, details, correlation_id, prev_hash, hash
FROM audit_log
WHERE tenant_id = current_tenant() AND seq < @seq
ORDER BY seq DESC
LIMIT @max_rows;

-- name: ListAuditAfter :many
SELECT tenant_id, seq, at, actor_kind, actor_id, actor_label, action, target, details, correlation_id, prev_hash, hash
FROM audit_log
WHERE tenant_id = current_tenant() AND seq > @seq
ORDER BY seq
LIMIT @max_rows;
