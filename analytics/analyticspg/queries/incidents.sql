-- name: AddIncident :exec
INSERT INTO incidents (id, tenant_id, group_key, title, severity, state, opened_at, policy_id, muted, created_at)
VALUES (@id, current_tenant(), @group_key, @title, @severity, @state, @opened_at, sqlc.narg(policy_id), @muted, @created_at);

-- name: GetIncident :one
SELECT id, tenant_id, group_key, title, severity, state, opened_at, resolved_at, resolved_by, acknowledged_at, acknowledged_by, snoozed_until, policy_id, muted, created_at
FROM incidents WHERE tenant_id = current_tenant() AND id = @id;

-- name: LockIncident :one
SELECT id, tenant_id, group_key, title, severity, state, opened_at, resolved_at, resolved_by, acknowledged_at, acknowledged_by, snoozed_until, policy_id, muted, created_at
FROM incidents WHERE tenant_id = current_tenant() AND id = @id
FOR UPDATE;

-- name: LockOpenIncidentOfGroup :one
SELECT id, tenant_id, group_key, title, severity, state, opened_at, resolved_at, resolved_by, acknowledged_at, acknowledged_by, snoozed_until, policy_id, muted, created_at
FROM incidents WHERE tenant_id = current_tenant() AND group_key = @group_key AND state = 'open'
FOR UPDATE;

-- name: LockOpenIncidents :many
SELECT id, tenant_id, group_key, title, severity, state, opened_at, resolved_at, resolved_by, acknowledged_at, acknowledged_by, snoozed_until, policy_id, muted, created_at
FROM incidents WHERE tenant_id = current_tenant() AND state = 'open'
ORDER BY id
FOR UPDATE;

-- name: ListIncidents :many
SELECT i.id, i.tenant_id, i.group_key, i.title, i.severity, i.state, i.opened_at, i.resolved_at, i.resolved_by, i.acknowledged_at, i.acknowledged_by, i.snoozed_until, i.policy_id, i.muted, i.created_at
FROM incidents i
WHERE i.tenant_id = current_tenant()
    AND (@state::text = '' OR i.state = @state::text)
    AND (@severity::text = '' OR i.severity = @severity::text)
    AND i.opened_at < @to_time::timestamptz AND (i.resolved_at IS NULL OR i.resolved_at >= @from_time::timestamptz)
    AND (i.opened_at, i.id) < (@after_opened_at::timestamptz, @after_id::uuid)
    AND (sqlc.narg(rule_id)::uuid IS NULL OR EXISTS (
        SELECT FROM incident_rules r WHERE r.tenant_id = current_tenant() AND r.incident_id = i.id AND r.rule_id = sqlc.narg(rule_id)::uuid))
    AND (@event::text = '' OR EXISTS (
        SELECT FROM incident_rules r WHERE r.tenant_id = current_tenant() AND r.incident_id = i.id AND r.event IN ('', @event::text)))
ORDER BY i.opened_at DESC, i.id DESC
LIMIT @max_rows;

-- name: SetIncident :exec
UPDATE incidents SET title = @title, severity = @severity, state = @state, resolved_at = sqlc.narg(resolved_at), resolved_by = sqlc.narg(resolved_by),
    acknowledged_at = sqlc.narg(acknowledged_at), acknowledged_by = sqlc.narg(acknowledged_by), snoozed_until = sqlc.narg(snoozed_until),
    policy_id = sqlc.narg(policy_id), muted = @muted
WHERE tenant_id = current_tenant() AND id = @id;

-- name: SetIncidentRule :exec
INSERT INTO incident_rules (tenant_id, incident_id, rule_id, name, event, severity, group_label, fired_at, resolved_at)
VALUES (current_tenant(), @incident_id, @rule_id, @name, @event, @severity, @group_label, @fired_at, sqlc.narg(resolved_at))
ON CONFLICT (incident_id, rule_id) DO UPDATE SET name = excluded.name, event = excluded.event, severity = excluded.severity, group_label = excluded.group_label,
    fired_at = excluded.fired_at, resolved_at = excluded.resolved_at;

-- name: ListIncidentRules :many
SELECT tenant_id, incident_id, rule_id, name, event, severity, group_label, fired_at, resolved_at
FROM incident_rules
WHERE tenant_id = current_tenant() AND incident_id = ANY (@incidents::uuid[])
ORDER BY incident_id, fired_at, rule_id;

-- name: AddIncidentEntry :exec
INSERT INTO incident_entries (id, tenant_id, incident_id, at, kind, actor, text, details)
VALUES (@id, current_tenant(), @incident_id, @at, @kind, @actor, @text, @details);

-- name: ListIncidentEntries :many
SELECT id, tenant_id, incident_id, at, kind, actor, text, details
FROM incident_entries
WHERE tenant_id = current_tenant() AND incident_id = @incident_id
ORDER BY id DESC
LIMIT @max_rows;
