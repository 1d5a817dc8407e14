-- What the operator sees of all tenants at once. All run as observatory_system.

-- name: ListTenantsForOperator :many
SELECT id, name, created_at, closing_at, closed_at FROM tenants ORDER BY lower(name), id;

-- name: ListTermsOfAll :many
SELECT tenant_id, revision, from_hour, plan, catalogue, currency, fee_interval, trial_until, coupon, spend_cap, reason, changed_by, at
FROM terms ORDER BY tenant_id, revision;

-- name: ListOwed :many
SELECT tenant_id, currency, sum(total)::bigint AS owed, coalesce(sum(total) FILTER (WHERE due_at < @now), 0)::bigint AS overdue
FROM invoices WHERE kind = 'invoice' AND state IN ('issued', 'past_due') AND total > 0
GROUP BY tenant_id, currency ORDER BY tenant_id, currency;

-- name: ListStandings :many
SELECT tenant_id, standing, suspended_by FROM payment_accounts WHERE standing <> 'ok' OR suspended_by <> '';

-- name: ListUsedOfAll :many
SELECT tenant_id, meter, sum(delta)::bigint AS quantity FROM usage_ledger
WHERE hour >= @from_hour AND hour < @to_hour
GROUP BY tenant_id, meter ORDER BY tenant_id, meter;
