-- Who has paid, and what the provider was told. What does not say otherwise runs inside one tenant, as observatory_app.

-- name: PaymentAccount :one
SELECT tenant_id, standing, since, effective, overdue_since, reminded, suspended_by, customer, metered_from, metered_until, reconciled_at, subscription, subscribed,
    way_kind, way_brand, way_last4, way_until, looked_at, error
FROM payment_accounts WHERE tenant_id = current_tenant();

-- name: OpenPaymentAccount :exec
INSERT INTO payment_accounts (tenant_id, since) VALUES (current_tenant(), @since) ON CONFLICT DO NOTHING;

-- name: SetStanding :execrows
UPDATE payment_accounts SET standing = @standing, since = @since, overdue_since = @overdue_since, reminded = @reminded, suspended_by = @suspended_by
WHERE tenant_id = current_tenant() AND standing = @was AND reminded = @was_reminded AND suspended_by = @was_suspended_by;

-- name: StandingTookEffect :exec
UPDATE payment_accounts SET effective = @effective WHERE tenant_id = current_tenant();

-- name: SaveProviderAccount :exec
UPDATE payment_accounts SET customer = @customer, metered_from = coalesce(metered_from, @metered_from), subscription = @subscription, subscribed = @subscribed,
    way_kind = @way_kind, way_brand = @way_brand, way_last4 = @way_last4, way_until = @way_until, looked_at = @looked_at, error = @error
WHERE tenant_id = current_tenant();

-- name: SaveMetered :exec
UPDATE payment_accounts SET metered_until = @metered_until::timestamptz, reconciled_at = @reconciled_at WHERE tenant_id = current_tenant();

-- name: AddCheckout :exec
INSERT INTO payment_checkouts (id, tenant_id, plan, plan_interval, currency, asked_by, made_at)
VALUES (@id, current_tenant(), @plan, @plan_interval, @currency, @asked_by, @made_at) ON CONFLICT DO NOTHING;

-- name: OpenCheckouts :many
SELECT id, plan, plan_interval, currency, asked_by, made_at FROM payment_checkouts
WHERE tenant_id = current_tenant() AND state = 'open' ORDER BY made_at, id;

-- name: EndCheckout :exec
UPDATE payment_checkouts SET state = @state, ended_at = @ended_at::timestamptz, error = @error
WHERE tenant_id = current_tenant() AND id = @id AND state = 'open';

-- name: PaymentDocuments :many
SELECT invoice_id, begun_at, provider_id, state, tax, due, page, declined, looked_at, error FROM payment_documents
WHERE tenant_id = current_tenant() AND (state IN ('draft', 'open') OR invoice_id = ANY(@invoices::uuid[]))
ORDER BY begun_at, invoice_id;

-- name: SavePaymentDocument :exec
INSERT INTO payment_documents (tenant_id, invoice_id, begun_at, provider_id, state, tax, due, page, declined, looked_at, error)
VALUES (current_tenant(), @invoice_id, @begun_at, @provider_id, @state, @tax, @due, @page, @declined, @looked_at, @error)
ON CONFLICT (tenant_id, invoice_id) DO UPDATE SET provider_id = excluded.provider_id, state = excluded.state, tax = excluded.tax, due = excluded.due,
    page = excluded.page, declined = excluded.declined, looked_at = excluded.looked_at, error = excluded.error;

-- As observatory_system.
-- name: PaymentTurn :many
SELECT tenant_id FROM payment_accounts WHERE standing <> 'ok' OR effective <> 'ok'
UNION SELECT tenant_id FROM payment_checkouts WHERE state = 'open'
UNION SELECT tenant_id FROM payment_documents WHERE state IN ('draft', 'open')
UNION SELECT a.tenant_id FROM payment_accounts a JOIN payment_events e ON e.customer = a.customer WHERE e.done_at IS NULL AND e.customer <> '';

-- As observatory_system.
-- name: CustomersOfProvider :many
SELECT tenant_id FROM payment_accounts WHERE customer <> '' ORDER BY tenant_id;

-- name: AddUsageRow :exec
INSERT INTO payment_usage (tenant_id, meter, hour, revision, part, quantity, state, begun_at)
VALUES (current_tenant(), @meter, @hour, @revision, @part, @quantity, @state, @begun_at);

-- name: SaveUsageRow :exec
UPDATE payment_usage SET state = @state, begun_at = @begun_at, told_at = @told_at, error = @error
WHERE tenant_id = current_tenant() AND meter = @meter AND hour = @hour AND revision = @revision AND part = @part;

-- name: OpenUsageRows :many
SELECT meter, hour, revision, part, quantity, state, begun_at, told_at FROM payment_usage
WHERE tenant_id = current_tenant() AND state IN ('telling', 'taking_back') ORDER BY begun_at, meter, hour, revision, part;

-- name: UsageRows :many
SELECT meter, hour, revision, part, quantity, state, begun_at, told_at FROM payment_usage
WHERE tenant_id = current_tenant() AND hour >= @from_hour AND hour < @to_hour ORDER BY meter, hour, revision, part;

-- name: PaymentDifference :one
SELECT ours, theirs, reason, ended_at FROM payment_differences WHERE tenant_id = current_tenant() AND meter = @meter AND hour = @hour;

-- name: SaveDifference :exec
INSERT INTO payment_differences (tenant_id, meter, hour, ours, theirs, reason, found_at, ended_at)
VALUES (current_tenant(), @meter, @hour, @ours, @theirs, @reason, @found_at, @ended_at)
ON CONFLICT (tenant_id, meter, hour) DO UPDATE SET ours = excluded.ours, theirs = excluded.theirs, reason = excluded.reason, found_at = excluded.found_at, ended_at = excluded.ended_at;

-- name: PaymentDifferences :many
SELECT meter, hour, ours, theirs, reason, found_at FROM payment_differences
WHERE tenant_id = current_tenant() AND ended_at IS NULL ORDER BY hour DESC, meter LIMIT 1000;

-- As observatory_system.
-- name: CountDifferences :one
SELECT count(*) FROM payment_differences WHERE ended_at IS NULL;

-- As observatory_system. copies is 1 for one that did not come before.
-- name: AddPaymentEvent :one
INSERT INTO payment_events (id, kind, customer, happened_at, received_at) VALUES (@id, @kind, @customer, @happened_at, @received_at)
ON CONFLICT (id) DO UPDATE SET copies = payment_events.copies + 1
RETURNING copies;

-- As observatory_system.
-- name: TenantOfCustomer :one
SELECT tenant_id FROM payment_accounts WHERE customer = @customer AND customer <> '';

-- As observatory_system.
-- name: OpenPaymentEvents :many
SELECT id FROM payment_events WHERE customer = @customer AND done_at IS NULL ORDER BY received_at, id;

-- As observatory_system.
-- name: EndPaymentEvents :exec
UPDATE payment_events SET done_at = @done_at::timestamptz WHERE id = ANY(@ids::text[]) AND done_at IS NULL;

-- As observatory_system.
-- name: SweepPaymentEvents :execrows
DELETE FROM payment_events WHERE received_at < @before;

-- As observatory_system.
-- name: ListBillingManagers :many
SELECT u.email, t.name AS organisation FROM members m JOIN users u ON u.id = m.user_id JOIN tenants t ON t.id = m.tenant_id
WHERE m.tenant_id = @tenant_id AND m.role IN ('owner', 'admin') ORDER BY u.email;

-- name: PaymentCustomer :one
SELECT t.name, t.closed_at, coalesce((SELECT u.email FROM members m JOIN users u ON u.id = m.user_id
    WHERE m.tenant_id = t.id AND m.role = 'owner' ORDER BY m.joined_at, u.id LIMIT 1), '')::text AS email
FROM tenants t WHERE t.id = current_tenant();

-- name: UnpaidInvoicesOfTenant :many
SELECT id FROM invoices
WHERE tenant_id = current_tenant() AND kind = 'invoice' AND state IN ('issued', 'past_due', 'uncollectible') AND total > 0
ORDER BY due_at, id;

-- As observatory_system.
-- name: TenantsThatOwe :many
SELECT DISTINCT tenant_id FROM invoices WHERE kind = 'invoice' AND state IN ('issued', 'past_due', 'uncollectible') AND total > 0;

-- name: BookedSince :many
SELECT DISTINCT ON (l.meter, l.hour) l.meter, l.hour, l.revision, l.quantity, l.delta, l.found, l.gone, l.reason, l.at
FROM usage_ledger l
WHERE l.tenant_id = current_tenant() AND l.hour >= @from_hour
    AND EXISTS (SELECT FROM usage_ledger b WHERE b.tenant_id = l.tenant_id AND b.meter = l.meter AND b.hour = l.hour AND b.at >= @since)
ORDER BY l.meter, l.hour, l.revision DESC;
