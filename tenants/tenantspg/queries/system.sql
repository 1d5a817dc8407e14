-- Run across tenants, as observatory_system.

-- name: ListTenantIDs :many
SELECT id FROM tenants ORDER BY id;

-- name: AddUser :exec
INSERT INTO users (id, email, email_key, name, password_hash, email_verified_at, created_at)
VALUES (@id, @email, @email_key, @name, @password_hash, @email_verified_at, @created_at);

-- name: GetUserByEmail :one
SELECT id, email, email_key, name, password_hash, email_verified_at, created_at FROM users WHERE email_key = @email_key;

-- name: GetUserByID :one
SELECT id, email, email_key, name, password_hash, email_verified_at, created_at FROM users WHERE id = @id;

-- name: SetPassword :execrows
UPDATE users SET password_hash = @password_hash WHERE id = @id;

-- name: SetEmailVerified :exec
UPDATE users SET email_verified_at = @at::timestamptz WHERE id = @id AND email_verified_at IS NULL;

-- name: ListMemberships :many
SELECT t.id, t.name, t.timezone, t.created_at, t.residency, t.closing_at, m.role, m.joined_at
FROM members m JOIN tenants t ON t.id = m.tenant_id
WHERE m.user_id = @user_id
ORDER BY m.joined_at, t.id;

-- name: GetInvitationByHash :one
SELECT t.id AS tenant_id, t.name AS tenant_name, t.timezone AS tenant_timezone, t.created_at AS tenant_created_at,
       i.id, i.email, i.role, i.invited_by, i.created_at, i.expires_at, i.accepted_at, i.withdrawn_at
FROM invitations i JOIN tenants t ON t.id = i.tenant_id
WHERE i.token_hash = @token_hash;

-- name: AddSession :exec
INSERT INTO sessions (hash, user_id, current_tenant_id, created_at, last_seen_at, expires_at)
VALUES (@hash, @user_id, @current_tenant_id, @created_at, @last_seen_at, @expires_at);

-- name: GetSession :one
SELECT s.current_tenant_id, s.created_at AS started_at, s.last_seen_at, s.expires_at,
       u.id, u.email, u.name, u.email_verified_at, u.created_at
FROM sessions s JOIN users u ON u.id = s.user_id
WHERE s.hash = @hash;

-- name: TouchSession :exec
UPDATE sessions SET last_seen_at = @at WHERE hash = @hash;

-- name: SetSessionTenant :exec
UPDATE sessions SET current_tenant_id = @current_tenant_id WHERE hash = @hash;

-- name: EndSession :exec
DELETE FROM sessions WHERE hash = @hash;

-- name: EndSessions :exec
DELETE FROM sessions WHERE user_id = @user_id AND hash <> @but;

-- name: SweepSessions :execrows
DELETE FROM sessions WHERE expires_at <= @now OR last_seen_at <= @idle_since;

-- name: SweepLinks :execrows
DELETE FROM links WHERE expires_at <= @now OR used_at IS NOT NULL;

-- name: SweepMail :execrows
DELETE FROM mail_outbox WHERE coalesce(sent_at, given_up_at) <= @settled_before::timestamptz;

-- name: AddLink :exec
INSERT INTO links (hash, kind, user_id, created_at, expires_at) VALUES (@hash, @kind, @user_id, @created_at, @expires_at);

-- name: GetOpenLink :one
SELECT user_id, created_at, expires_at FROM links
WHERE hash = @hash AND kind = @kind AND used_at IS NULL AND expires_at > @at;

-- name: UseLink :one
UPDATE links SET used_at = @at::timestamptz
WHERE hash = @hash AND kind = @kind AND used_at IS NULL AND expires_at > @at::timestamptz
RETURNING user_id, created_at, expires_at;

-- name: DropLinks :exec
DELETE FROM links WHERE user_id = @user_id AND kind = @kind AND used_at IS NULL;

-- name: LockSigningKeys :exec
SELECT pg_advisory_xact_lock(hashtextextended('observatory signing keys', 0));

-- name: LockSigningKeysShared :exec
SELECT pg_advisory_xact_lock_shared(hashtextextended('observatory signing keys', 0));

-- name: ListLiveSigningKeys :many
SELECT kid, public_key, sealed_private, created_at FROM signing_keys WHERE retired_at IS NULL ORDER BY ordinal DESC;

-- name: AddSigningKey :exec
INSERT INTO signing_keys (kid, public_key, sealed_private, created_at) VALUES (@kid, @public_key, @sealed_private, @created_at);

-- name: RetireSigningKey :exec
UPDATE signing_keys SET retired_at = @at::timestamptz WHERE kid = @kid AND retired_at IS NULL;

-- name: ListKeysSignedWith :many
SELECT id, tenant_id, source_id, kind, name, scopes, env, origins, kid, hint, created_at, created_by, expires_at, revoked_at, changed_xid
FROM api_keys
WHERE kid = @kid AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > @at::timestamptz)
ORDER BY tenant_id, id;

-- The lowest transaction number that was still running when this transaction took its snapshot: whatever it cannot see
-- yet has this number or a higher one.
-- name: SnapshotXmin :one
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint;

-- Keys that ended long ago are left out: their users hear "unknown" rather than "revoked" or "expired".
-- name: ListKeysChangedSince :many
SELECT sqlc.embed(k), t.residency, t.closing_at
FROM api_keys k JOIN tenants t ON t.id = k.tenant_id
WHERE k.changed_xid >= @xid AND coalesce(k.revoked_at, k.expires_at, 'infinity') > now() - interval '90 days';

-- name: AddMail :exec
INSERT INTO mail_outbox (id, kind, sealed, created_at, expires_at, due_at)
VALUES (@id, @kind, @sealed, @created_at, @expires_at, @created_at);

-- name: ClaimMail :many
UPDATE mail_outbox SET attempts = attempts + 1, due_at = @again::timestamptz
WHERE id IN (
    SELECT o.id FROM mail_outbox o
    WHERE o.sent_at IS NULL AND o.given_up_at IS NULL AND o.due_at <= @now::timestamptz
    ORDER BY o.due_at, o.id
    LIMIT @max_rows
    FOR UPDATE SKIP LOCKED
)
RETURNING id, kind, sealed, created_at, expires_at, attempts;

-- name: MailSent :exec
UPDATE mail_outbox SET sent_at = @at::timestamptz, sealed = NULL, last_error = NULL WHERE id = @id;

-- name: MailFailed :exec
UPDATE mail_outbox SET due_at = @again::timestamptz, last_error = @why::text WHERE id = @id;

-- name: MailGivenUp :exec
UPDATE mail_outbox SET given_up_at = @at::timestamptz, sealed = NULL, last_error = @why::text WHERE id = @id;
