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
