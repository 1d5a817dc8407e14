-- Rules and what came of their ticks. Those that are read across tenants come last.

-- name: CountAlertRules :one
SELECT count(*) FROM alert_rules WHERE tenant_id = current_tenant();

-- name: LockTenantFor :exec
SELECT pg_advisory_xact_lock(hashtextextended(current_tenant()::text || @what::text, 7));

-- name: AddAlertRule :exec
INSERT INTO alert_rules (id, tenant_id, name, spec, interval_s, severity, group_label, policy_id, labels, enabled, revision, created_at, created_by, updated_at, updated_by,
    next_tick, due_at, state, since, memory)
VALUES (@id, current_tenant(), @name, @spec, @interval_s, @severity, @group_label, sqlc.narg(policy_id), @labels, @enabled, @revision, @created_at, @created_by, @updated_at, @updated_by,
    @next_tick, @due_at, @state, @since, @memory);

-- name: GetAlertRule :one
SELECT id, tenant_id, name, spec, interval_s, severity, group_label, policy_id, labels, enabled, revision, created_at, created_by, updated_at, updated_by,
    next_tick, due_at, state, since, memory, incident_id
FROM alert_rules WHERE tenant_id = current_tenant() AND id = @id;

-- name: LockAlertRule :one
SELECT id, tenant_id, name, spec, interval_s, severity, group_label, policy_id, labels, enabled, revision, created_at, created_by, updated_at, updated_by,
    next_tick, due_at, state, since, memory, incident_id
FROM alert_rules WHERE tenant_id = current_tenant() AND id = @id
FOR UPDATE;

-- name: ListAlertRules :many
SELECT id, tenant_id, name, spec, interval_s, severity, group_label, policy_id, labels, enabled, revision, created_at, created_by, updated_at, updated_by,
    next_tick, due_at, state, since, memory, incident_id
FROM alert_rules WHERE tenant_id = current_tenant()
ORDER BY lower(name), id;

-- name: ListDueAlertRules :many
SELECT id, tenant_id, name, spec, interval_s, severity, group_label, policy_id, labels, enabled, revision, created_at, created_by, updated_at, updated_by,
    next_tick, due_at, state, since, memory, incident_id
FROM alert_rules WHERE tenant_id = current_tenant() AND enabled AND due_at <= @now
ORDER BY due_at, id;

-- name: SetAlertRule :exec
UPDATE alert_rules SET name = @name, spec = @spec, interval_s = @interval_s, severity = @severity, group_label = @group_label, policy_id = sqlc.narg(policy_id),
    labels = @labels, enabled = @enabled, revision = @revision, updated_at = @updated_at, updated_by = @updated_by,
    next_tick = @next_tick, due_at = @due_at, state = @state, since = @since, memory = @memory, incident_id = sqlc.narg(incident_id)
WHERE tenant_id = current_tenant() AND id = @id;

-- name: DeleteAlertRule :exec
DELETE FROM alert_rules WHERE tenant_id = current_tenant() AND id = @id;

-- A rule that began anew by a clock that is behind comes to its last tick once more: what came of it first stays, and the rule goes on.
-- name: AddAlertEvaluation :exec
INSERT INTO alert_evaluations (tenant_id, rule_id, tick, value, previous, expected_low, expected_high, state, muted, note, missed, evaluated_at)
VALUES (current_tenant(), @rule_id, @tick, sqlc.narg(value), sqlc.narg(previous), sqlc.narg(expected_low), sqlc.narg(expected_high), @state, @muted, @note, @missed, @evaluated_at)
ON CONFLICT (rule_id, tick) DO NOTHING;

-- name: ListAlertEvaluations :many
SELECT tenant_id, rule_id, tick, value, previous, expected_low, expected_high, state, muted, note, missed, evaluated_at
FROM alert_evaluations
WHERE tenant_id = current_tenant() AND rule_id = @rule_id AND tick >= @from_tick AND tick < @to_tick
ORDER BY tick DESC
LIMIT @max_rows;

-- name: ListLastAlertEvaluations :many
SELECT e.tenant_id, e.rule_id, e.tick, e.value, e.previous, e.expected_low, e.expected_high, e.state, e.muted, e.note, e.missed, e.evaluated_at
FROM alert_rules r CROSS JOIN LATERAL (
    SELECT l.tenant_id, l.rule_id, l.tick, l.value, l.previous, l.expected_low, l.expected_high, l.state, l.muted, l.note, l.missed, l.evaluated_at
    FROM alert_evaluations l WHERE l.rule_id = r.id
    ORDER BY l.tick DESC LIMIT 1
) e
WHERE r.tenant_id = current_tenant();

-- name: AlertClock :one
SELECT clock_timestamp()::timestamptz AS now;

-- name: ListTenantsWithDueAlerts :many
SELECT tenant_id FROM alert_rules WHERE enabled AND due_at <= @now
UNION
SELECT tenant_id FROM silences WHERE phase = 'scheduled' AND starts_at <= @now
UNION
SELECT tenant_id FROM silences WHERE phase <> 'over' AND ends_at <= @now;

-- name: DeleteAlertEvaluations :execrows
DELETE FROM alert_evaluations WHERE evaluated_at < @before;
