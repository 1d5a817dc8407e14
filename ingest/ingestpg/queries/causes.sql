-- What the mail about new causes needs; run as observatory_system.

-- name: NoteCauses :exec
INSERT INTO quarantine_causes (tenant_id, cause, code, first_seen, noted_at)
SELECT t.id, unnest(@causes::uuid[]), unnest(@codes::text[]), unnest(@first_seen::timestamptz[]), @now::timestamptz
FROM tenants t
WHERE t.id = @tenant_id
ON CONFLICT DO NOTHING;

-- name: ListUnnotifiedCauses :many
SELECT cause, code FROM quarantine_causes WHERE tenant_id = @tenant_id AND notified_at IS NULL ORDER BY first_seen, cause FOR UPDATE;

-- name: LastNotified :one
SELECT coalesce(max(notified_at), 'epoch')::timestamptz FROM quarantine_causes WHERE tenant_id = @tenant_id;

-- name: MarkNotified :exec
UPDATE quarantine_causes SET notified_at = @now::timestamptz WHERE tenant_id = @tenant_id AND notified_at IS NULL;

-- name: ListUnnotifiedTenants :many
SELECT DISTINCT tenant_id FROM quarantine_causes WHERE notified_at IS NULL;

-- name: ListDataManagers :many
SELECT t.name AS organisation, u.email
FROM members m JOIN users u ON u.id = m.user_id JOIN tenants t ON t.id = m.tenant_id
WHERE m.tenant_id = @tenant_id AND m.role IN ('owner', 'admin')
ORDER BY u.id;
