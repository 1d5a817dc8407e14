-- What tenants consume. It is written across tenants, as observatory_system.

-- name: AddConsumption :exec
INSERT INTO consumption (tenant_id, kind, hour, flush, node, quantity)
SELECT unnest(@tenants::uuid[]), unnest(@kinds::text[]), unnest(@hours::timestamptz[]), @flush, @node, unnest(@quantities::bigint[])
ON CONFLICT DO NOTHING;

-- name: Consumed :many
SELECT hour, sum(quantity)::bigint AS quantity FROM consumption
WHERE tenant_id = current_tenant() AND kind = @kind AND hour >= @from_hour AND hour < @to_hour
GROUP BY hour ORDER BY hour;

-- name: ConsumedByTenants :many
SELECT tenant_id, kind, sum(quantity)::bigint AS quantity FROM consumption
WHERE hour >= @from_hour AND hour < @to_hour
GROUP BY tenant_id, kind ORDER BY tenant_id, kind;

-- name: LastConsumed :one
SELECT coalesce(max(hour), 'epoch')::timestamptz AS hour FROM consumption WHERE kind = @kind AND hour >= @since;

-- name: CompactConsumption :execrows
WITH several AS (
    SELECT c.tenant_id, c.kind, c.hour FROM consumption c WHERE c.hour < @before GROUP BY c.tenant_id, c.kind, c.hour HAVING count(*) > 1 ORDER BY c.hour LIMIT @at_once
), taken AS (
    DELETE FROM consumption c USING several s WHERE (c.tenant_id, c.kind, c.hour) = (s.tenant_id, s.kind, s.hour)
    RETURNING c.tenant_id, c.kind, c.hour, c.quantity
)
INSERT INTO consumption (tenant_id, kind, hour, flush, node, quantity)
SELECT t.tenant_id, t.kind, t.hour, @flush::uuid, 'all', sum(t.quantity)::bigint FROM taken t GROUP BY t.tenant_id, t.kind, t.hour;

-- name: JobTimeByHour :many
-- Of attempts that ended in the hours from from_hour to to_hour, by the hour of their end. What the system does for itself has no tenant.
SELECT coalesce(tenant_id, '00000000-0000-0000-0000-000000000000')::uuid AS tenant_id, date_trunc('hour', ended_at, 'UTC')::timestamptz AS hour,
    (1000 * sum(extract(epoch FROM ended_at - started_at)))::bigint AS ms
FROM job_attempts
WHERE ended_at >= @from_hour AND ended_at < @to_hour AND ended_at > started_at
GROUP BY 1, 2 ORDER BY 2, 1;

-- name: DatabaseNow :one
SELECT now()::timestamptz AS at;

-- name: ArchiveBytes :many
SELECT tenant_id, sum(bytes)::bigint AS bytes FROM archive_days GROUP BY tenant_id HAVING sum(bytes) > 0;

-- name: EventWeights :many
SELECT tenant_id, sum(bytes)::bigint AS bytes FROM usage_hours GROUP BY tenant_id HAVING sum(bytes) > 0;
