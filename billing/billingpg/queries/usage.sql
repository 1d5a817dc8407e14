-- name: NewestUsage :many
SELECT DISTINCT ON (meter, hour) meter, hour, revision, quantity, delta, found, gone, reason, at
FROM usage_ledger
WHERE tenant_id = current_tenant() AND hour >= @from_hour AND hour < @to_hour
ORDER BY meter, hour, revision DESC;

-- name: UsageRevisions :many
SELECT meter, hour, revision, quantity, delta, found, gone, reason, at
FROM usage_ledger
WHERE tenant_id = current_tenant() AND meter = @meter AND hour >= @from_hour AND hour < @to_hour
ORDER BY hour, revision;

-- name: UsageCorrections :many
SELECT meter, sum(delta)::bigint AS corrected
FROM usage_ledger
WHERE tenant_id = current_tenant() AND hour >= @from_hour AND hour < @to_hour AND reason NOT IN ('measured', 'ongoing')
GROUP BY meter;

-- name: LockUsage :exec
SELECT pg_advisory_xact_lock(hashtextextended('usage ' || current_tenant()::text, 0));

-- name: TenantMeters :one
SELECT (closed_at IS NULL AND NOT tenant_is_being_erased())::boolean AS meters
FROM tenants WHERE id = current_tenant();

-- name: AddUsage :batchexec
INSERT INTO usage_ledger (tenant_id, meter, hour, revision, quantity, delta, found, gone, reason, at)
VALUES (current_tenant(), @meter, @hour, @revision, @quantity, @delta, @found, @gone, @reason, @at);

-- name: SeenUsageHours :many
SELECT hour, seen_at, closed FROM usage_hours
WHERE tenant_id = current_tenant() AND hour = ANY (@hours::timestamptz[]);

-- name: UsageHoursBetween :many
SELECT hour, seen_at, closed FROM usage_hours
WHERE tenant_id = current_tenant() AND hour >= @from_hour AND hour < @to_hour;

-- name: NoteUsageHour :batchexec
INSERT INTO usage_hours AS h (tenant_id, hour, seen_at, counted_at, closed, bytes)
VALUES (current_tenant(), @hour, @seen_at, @counted_at, @closed, coalesce(sqlc.narg('bytes')::bigint, 0))
ON CONFLICT (tenant_id, hour) DO UPDATE SET seen_at = greatest(h.seen_at, excluded.seen_at), counted_at = excluded.counted_at,
    closed = h.closed OR excluded.closed, bytes = coalesce(sqlc.narg('bytes')::bigint, h.bytes);

-- name: NoteUsageMonth :exec
INSERT INTO usage_months AS m (tenant_id, month, seen_at, counted_at, took, closed)
VALUES (current_tenant(), @month, @seen_at, @counted_at, @took, @closed)
ON CONFLICT (tenant_id, month) DO UPDATE SET seen_at = greatest(m.seen_at, excluded.seen_at), counted_at = excluded.counted_at, took = excluded.took, closed = m.closed OR excluded.closed;

-- name: UsageMonth :one
SELECT seen_at, counted_at, closed FROM usage_months WHERE tenant_id = current_tenant() AND month = @month;

-- name: OpenUsageMonths :many
SELECT h.tenant_id, h.month::timestamptz AS month, m.counted_at, coalesce(m.took, '0')::interval AS took
FROM (SELECT DISTINCT tenant_id, date_trunc('month', hour, 'UTC') AS month FROM usage_hours WHERE hour >= @since) h
LEFT JOIN usage_months m ON m.tenant_id = h.tenant_id AND m.month = h.month
WHERE m.closed IS NOT TRUE;

-- name: OpenUsageHours :many
SELECT tenant_id, hour FROM usage_hours WHERE NOT closed AND hour < @before ORDER BY tenant_id, hour LIMIT 10000;

-- name: MeteredTenants :many
SELECT DISTINCT tenant_id FROM usage_hours WHERE hour >= @since;

-- name: HasUsageHours :one
SELECT EXISTS (SELECT FROM usage_hours WHERE tenant_id = current_tenant() AND hour >= @from_hour AND hour < @to_hour);

-- name: StoredBytes :one
SELECT coalesce(sum(bytes), 0)::bigint AS bytes FROM usage_hours WHERE tenant_id = current_tenant() AND hour <= @hour;

-- name: WeighedTenants :many
SELECT s.tenant_id, l.hour::timestamptz AS last
FROM (SELECT DISTINCT tenant_id FROM usage_hours WHERE bytes > 0) s
CROSS JOIN LATERAL (SELECT coalesce(max(u.hour), 'epoch')::timestamptz AS hour FROM usage_ledger u WHERE u.tenant_id = s.tenant_id AND u.meter = 'storage') l;

-- name: CarriedTo :one
SELECT coalesce(min(coalesce(carried_to, 'epoch')), now())::timestamptz AS carried_to FROM logs WHERE retired_at IS NULL AND NOT empty;

-- name: NoteCarried :exec
UPDATE logs SET carried_to = @carried_to WHERE log_id = @log_id;

-- name: Consumers :many
SELECT DISTINCT tenant_id FROM consumption WHERE hour >= @since AND kind = ANY (@kinds::text[]);
