-- Those that run inside one tenant are first; what Observatory does across tenants, as observatory_system, comes below.

-- Changes of what people set up look before they act, at each other: one at a time.
-- name: LockNotifySettings :exec
SELECT pg_advisory_xact_lock(hashtextextended('notify:' || current_tenant()::text, 0));

-- name: ListNotifyPeople :many
SELECT u.id, u.email, (u.email_verified_at IS NOT NULL)::boolean AS verified
FROM members m JOIN users u ON u.id = m.user_id
WHERE m.tenant_id = current_tenant()
ORDER BY m.joined_at, u.id;

-- name: ListChannels :many
SELECT id, name, kind, url_hint, members, sealed, created_at, created_by, secret_rotated_at, old_secret_until
FROM channels WHERE tenant_id = current_tenant() AND deleted_at IS NULL
ORDER BY name;

-- name: GetChannel :one
SELECT id, name, kind, url_hint, members, sealed, created_at, created_by, secret_rotated_at, old_secret_until
FROM channels WHERE tenant_id = current_tenant() AND id = @id AND deleted_at IS NULL;

-- name: AddChannel :exec
INSERT INTO channels (id, tenant_id, name, kind, url_hint, members, sealed, created_at, created_by, secret_rotated_at, old_secret_until)
VALUES (@id, current_tenant(), @name, @kind, @url_hint, @members, @sealed, @created_at, @created_by, sqlc.narg(secret_rotated_at), sqlc.narg(old_secret_until));

-- name: SetChannel :execrows
UPDATE channels SET name = @name, url_hint = @url_hint, members = @members, sealed = @sealed, secret_rotated_at = sqlc.narg(secret_rotated_at), old_secret_until = sqlc.narg(old_secret_until)
WHERE tenant_id = current_tenant() AND id = @id AND deleted_at IS NULL;

-- name: DeleteChannel :execrows
UPDATE channels SET deleted_at = @at::timestamptz, sealed = NULL, members = '{}'
WHERE tenant_id = current_tenant() AND id = @id AND deleted_at IS NULL;

-- name: ListPolicies :many
SELECT id, name, plan, created_at, created_by, updated_at
FROM escalation_policies WHERE tenant_id = current_tenant()
ORDER BY name;

-- name: GetPolicy :one
SELECT id, name, plan, created_at, created_by, updated_at
FROM escalation_policies WHERE tenant_id = current_tenant() AND id = @id;

-- name: AddPolicy :exec
INSERT INTO escalation_policies (id, tenant_id, name, plan, created_at, created_by, updated_at)
VALUES (@id, current_tenant(), @name, @plan, @created_at, @created_by, @updated_at);

-- name: SetPolicy :execrows
UPDATE escalation_policies SET name = @name, plan = @plan, updated_at = @updated_at
WHERE tenant_id = current_tenant() AND id = @id;

-- name: DeletePolicy :execrows
DELETE FROM escalation_policies WHERE tenant_id = current_tenant() AND id = @id;

-- name: ListRotations :many
SELECT id, name, timezone, minute, first_day, members, created_at, created_by
FROM rotations WHERE tenant_id = current_tenant()
ORDER BY name;

-- name: GetRotation :one
SELECT id, name, timezone, minute, first_day, members, created_at, created_by
FROM rotations WHERE tenant_id = current_tenant() AND id = @id;

-- name: AddRotation :exec
INSERT INTO rotations (id, tenant_id, name, timezone, minute, first_day, members, created_at, created_by)
VALUES (@id, current_tenant(), @name, @timezone, @minute, @first_day, @members, @created_at, @created_by);

-- name: SetRotation :execrows
UPDATE rotations SET name = @name, timezone = @timezone, minute = @minute, first_day = @first_day, members = @members
WHERE tenant_id = current_tenant() AND id = @id;

-- name: DeleteRotation :execrows
DELETE FROM rotations WHERE tenant_id = current_tenant() AND id = @id;

-- There may be no row yet that could be locked.
-- name: LockEscalation :exec
SELECT pg_advisory_xact_lock(hashtextextended('escalation:' || @incident::text, 0));

-- name: GetEscalation :one
SELECT round, taken, due_at, over FROM escalations
WHERE tenant_id = current_tenant() AND incident_id = @incident_id;

-- name: SetEscalation :exec
INSERT INTO escalations (incident_id, tenant_id, round, taken, due_at, over, updated_at)
VALUES (@incident_id, current_tenant(), @round, @taken, sqlc.narg(due_at), @over, @now)
ON CONFLICT (incident_id) DO UPDATE SET round = excluded.round, taken = excluded.taken, due_at = excluded.due_at, over = excluded.over, updated_at = excluded.updated_at;

-- name: HastenEscalation :execrows
UPDATE escalations SET due_at = @now::timestamptz, updated_at = @now::timestamptz
WHERE tenant_id = current_tenant() AND incident_id = @incident_id AND taken = @taken AND round = @round AND due_at > @now::timestamptz;

-- The row is locked against changes: an acknowledgement comes before or after the step that is being taken, not in between.
-- name: GetNotifiedIncident :one
SELECT id, tenant_id, group_key, title, severity, state, opened_at, resolved_at, acknowledged_at, snoozed_until, policy_id, muted
FROM incidents WHERE tenant_id = current_tenant() AND id = @id
FOR SHARE;

-- name: ListNotifiedRules :many
SELECT rule_id, name, severity FROM incident_rules
WHERE tenant_id = current_tenant() AND incident_id = @incident_id
ORDER BY fired_at, rule_id;

-- name: LastFired :many
SELECT text, details FROM incident_entries
WHERE tenant_id = current_tenant() AND incident_id = @incident_id AND kind IN ('opened', 'rule_fired')
ORDER BY id DESC
LIMIT 1;

-- name: AddNotifyEntry :exec
INSERT INTO incident_entries (id, tenant_id, incident_id, at, kind, actor, text, details)
VALUES (@id, current_tenant(), @incident_id, @at, @kind, '', @text, @details);

-- name: AddDelivery :execrows
INSERT INTO deliveries (id, tenant_id, kind, incident_id, channel_id, member_id, rotation_id, recipient, step, round, state, notice, attempts, max_attempts, next_at, created_at)
VALUES (@id, current_tenant(), @kind, sqlc.narg(incident_id), sqlc.narg(channel_id), sqlc.narg(member_id), sqlc.narg(rotation_id), @recipient, @step, @round, 'waiting', @notice,
    @attempts, @max_attempts, @next_at::timestamptz, @created_at)
ON CONFLICT (incident_id, kind, round, step, recipient) WHERE incident_id IS NOT NULL DO NOTHING;

-- name: AddDeliveryAttempt :exec
INSERT INTO delivery_attempts (tenant_id, delivery_id, attempt, at, outcome, answer, error)
VALUES (current_tenant(), @delivery_id, @attempt, @at, 'unknown', '', '');

-- What an attempt says that is not the newest any more changes nothing.
-- name: SettleDelivery :execrows
UPDATE deliveries SET state = @state, next_at = sqlc.narg(next_at), ended_at = sqlc.narg(ended_at)
WHERE tenant_id = current_tenant() AND id = @id AND state = 'waiting' AND attempts = @attempt;

-- name: SettleAttempt :exec
UPDATE delivery_attempts SET outcome = @outcome, elapsed_ms = sqlc.narg(elapsed_ms), status = sqlc.narg(status), answer = @answer, error = @error
WHERE tenant_id = current_tenant() AND delivery_id = @delivery_id AND attempt = @attempt;

-- name: ListDeliveries :many
SELECT d.id, d.kind, d.incident_id, d.channel_id, c.name AS channel_name, d.member_id, d.rotation_id, d.step, d.round, d.state, d.notice, d.max_attempts, d.next_at, d.created_at, d.ended_at
FROM deliveries d LEFT JOIN channels c ON c.tenant_id = d.tenant_id AND c.id = d.channel_id
WHERE d.tenant_id = current_tenant() AND d.id < @before
    AND (sqlc.narg(incident_id)::uuid IS NULL OR d.incident_id = sqlc.narg(incident_id)::uuid)
    AND (sqlc.narg(channel_id)::uuid IS NULL OR d.channel_id = sqlc.narg(channel_id)::uuid)
    AND (@state::text = '' OR d.state = @state::text)
    AND (sqlc.narg(id)::uuid IS NULL OR d.id = sqlc.narg(id)::uuid)
ORDER BY d.id DESC
LIMIT @max_rows;

-- name: ListDeliveryAttempts :many
SELECT delivery_id, attempt, at, outcome, elapsed_ms, status, answer, error
FROM delivery_attempts WHERE tenant_id = current_tenant() AND delivery_id = ANY (@deliveries::uuid[])
ORDER BY delivery_id, attempt;

-- name: ListTold :many
SELECT DISTINCT ON (d.recipient) d.channel_id, c.name AS channel_name, d.member_id, d.rotation_id
FROM deliveries d LEFT JOIN channels c ON c.tenant_id = d.tenant_id AND c.id = d.channel_id
WHERE d.tenant_id = current_tenant() AND d.incident_id = @incident_id AND d.kind = 'firing'
    AND (d.state = 'sent' OR d.state = 'waiting' AND d.attempts > 0)
ORDER BY d.recipient, d.id;

-- name: CountTests :one
SELECT count(DISTINCT created_at) FROM deliveries
WHERE tenant_id = current_tenant() AND kind = 'test' AND created_at >= @since;

-- Across tenants.

-- name: ListDueEscalations :many
SELECT i.tenant_id, i.id FROM incidents i LEFT JOIN escalations e ON e.incident_id = i.id
WHERE i.state = 'open' AND NOT i.muted AND i.acknowledged_at IS NULL AND (i.snoozed_until IS NULL OR i.snoozed_until <= @now::timestamptz)
    AND EXISTS (SELECT FROM escalation_policies p WHERE p.tenant_id = i.tenant_id AND p.id = i.policy_id)
    AND (e.incident_id IS NULL OR e.due_at <= @now::timestamptz)
UNION ALL
SELECT i.tenant_id, i.id FROM escalations e JOIN incidents i ON i.id = e.incident_id
WHERE NOT e.over AND i.state = 'resolved'
LIMIT @max_rows;

-- name: CancelPointlessDeliveries :exec
UPDATE deliveries SET state = 'cancelled', next_at = NULL, ended_at = @now::timestamptz
WHERE id IN (
    SELECT d.id FROM deliveries d JOIN incidents i ON i.id = d.incident_id
    WHERE d.kind = 'firing' AND d.state = 'waiting' AND d.next_at <= @now::timestamptz
        AND (i.state = 'resolved' OR i.acknowledged_at IS NOT NULL)
    FOR UPDATE OF d SKIP LOCKED
);

-- What is silenced or snoozed waits: its step is not taken again when that is over.
-- name: ClaimDeliveries :many
WITH due AS (
    SELECT d.id, row_number() OVER (PARTITION BY d.tenant_id ORDER BY d.next_at, d.id) AS place, d.next_at
    FROM deliveries d
    WHERE d.state = 'waiting' AND d.next_at <= @now::timestamptz
        AND NOT EXISTS (SELECT FROM incidents i WHERE i.id = d.incident_id AND d.kind = 'firing' AND (i.muted OR i.snoozed_until > @now::timestamptz))
), chosen AS (
    SELECT d.id FROM deliveries d JOIN due ON due.id = d.id
    WHERE due.place <= @per_tenant::int AND d.state = 'waiting' AND d.next_at <= @now::timestamptz
    ORDER BY due.place, due.next_at
    LIMIT @max_rows
    FOR UPDATE OF d SKIP LOCKED
)
UPDATE deliveries d SET attempts = d.attempts + 1, next_at = @again::timestamptz
FROM chosen WHERE d.id = chosen.id
RETURNING d.id, d.tenant_id, d.kind, d.incident_id, d.channel_id, d.member_id, d.rotation_id, d.step, d.round, d.notice, d.attempts, d.max_attempts, d.created_at;

-- name: AddClaimedAttempts :exec
INSERT INTO delivery_attempts (tenant_id, delivery_id, attempt, at, outcome, answer, error)
SELECT d.tenant_id, d.id, d.attempts, @now::timestamptz, 'unknown', '', '' FROM deliveries d
WHERE d.id = ANY (@deliveries::uuid[]) AND d.attempts <= d.max_attempts;

-- name: SweepDeliveries :execrows
DELETE FROM deliveries WHERE state <> 'waiting' AND ended_at < @before::timestamptz;
