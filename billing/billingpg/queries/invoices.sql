-- Invoices and what belongs to them. Inside one tenant, as observatory_app, but for those that say otherwise.

-- name: GetBilledTenant :one
SELECT t.name, t.created_at, coalesce(b.revision, 0)::bigint AS revision
FROM tenants t LEFT JOIN billing_books b ON b.tenant_id = t.id
WHERE t.id = current_tenant();

-- name: ListClosedPeriods :many
SELECT from_at, to_at, until_at, read_at FROM billing_periods WHERE tenant_id = current_tenant() ORDER BY from_at;

-- What was charged, by what a line is about: credit notes take away, and what went into an invoice from the credit is a way of paying it.
-- name: ListCharges :many
SELECT l.charge_for, i.currency, (CASE l.kind WHEN 'correction' THEN l.corrects ELSE l.kind END)::text AS kind,
       l.plan, l.meter, l.from_at, l.to_at, l.tier, l.unit,
       (array_agg(l.text ORDER BY i.number, l.position))[1]::text AS text,
       sum(l.quantity)::bigint AS quantity,
       sum(CASE i.kind WHEN 'credit_note' THEN -l.amount ELSE l.amount END)::bigint AS amount,
       (SELECT f.id FROM invoices f JOIN invoice_lines g ON g.tenant_id = f.tenant_id AND g.invoice_id = f.id
        WHERE f.tenant_id = current_tenant() AND f.kind = 'invoice' AND f.currency = i.currency AND g.charge_for = l.charge_for AND g.kind <> 'credit'
        ORDER BY f.number LIMIT 1)::uuid AS document
FROM invoice_lines l JOIN invoices i ON i.tenant_id = l.tenant_id AND i.id = l.invoice_id
WHERE l.tenant_id = current_tenant() AND l.kind <> 'credit'
GROUP BY l.charge_for, i.currency, 3, l.plan, l.meter, l.from_at, l.to_at, l.tier, l.unit
ORDER BY l.charge_for, i.currency, min(i.number), min(l.position);

-- name: ListBalances :many
SELECT currency, sum(amount)::bigint AS amount FROM billing_credits WHERE tenant_id = current_tenant() GROUP BY currency ORDER BY currency;

-- name: BeginBooks :execrows
INSERT INTO billing_books (tenant_id, revision) VALUES (current_tenant(), 1) ON CONFLICT DO NOTHING;

-- name: MoveBooks :execrows
UPDATE billing_books SET revision = revision + 1 WHERE tenant_id = current_tenant() AND revision = @revision;

-- Of a change that goes with any state of the books: whoever has read them before has to read again.
-- name: TouchBooks :exec
INSERT INTO billing_books AS b (tenant_id, revision) VALUES (current_tenant(), 1) ON CONFLICT (tenant_id) DO UPDATE SET revision = b.revision + 1;

-- As observatory_system. It makes everybody else who needs a number of the year wait until the transaction ends.
-- name: TakeInvoiceNumbers :one
INSERT INTO invoice_numbers AS n (year, last) VALUES (@year, @wanted) ON CONFLICT (year) DO UPDATE SET last = n.last + @wanted
RETURNING last;

-- name: ClosePeriod :exec
INSERT INTO billing_periods (tenant_id, from_at, to_at, until_at, read_at, closed_at)
VALUES (current_tenant(), @from_at, @to_at, @until_at, @read_at, @closed_at);

-- name: AddInvoice :exec
INSERT INTO invoices (id, tenant_id, tenant_name, kind, number, corrects, period_from, period_to, currency, total, state, issued_at, due_at, paid_at, read_at)
VALUES (@id, current_tenant(), @tenant_name, @kind, @number, @corrects, @period_from, @period_to, @currency, @total, @state, @issued_at, @due_at, @paid_at, @read_at);

-- name: AddInvoiceLine :exec
INSERT INTO invoice_lines (id, tenant_id, invoice_id, position, kind, corrects, charge_for, text, plan, meter, from_at, to_at, quantity, tier, unit, amount)
VALUES (@id, current_tenant(), @invoice_id, @position, @kind, @corrects, @charge_for, @text, @plan, @meter, @from_at, @to_at, @quantity, @tier, @unit, @amount);

-- name: AddCredit :exec
INSERT INTO billing_credits (id, tenant_id, at, currency, amount, kind, invoice_id, note, by_whom)
VALUES (@id, current_tenant(), @at, @currency, @amount, @kind, @invoice_id, @note, @by_whom);

-- name: ListCredits :many
SELECT id, at, currency, amount, kind, invoice_id, note, by_whom FROM billing_credits WHERE tenant_id = current_tenant() ORDER BY id DESC LIMIT @max_rows;

-- As observatory_system: the first month of each tenant that is not closed, where it is over by then.
-- name: ListDuePeriods :many
SELECT id, month FROM (
    SELECT t.id, coalesce((SELECT max(p.to_at) FROM billing_periods p WHERE p.tenant_id = t.id), date_trunc('month', t.created_at, 'UTC'))::timestamptz AS month
    FROM tenants t
    WHERE t.closed_at IS NULL
      AND NOT EXISTS (SELECT FROM offboardings o WHERE o.tenant_id = t.id AND o.state IN ('barrier', 'deleting', 'verifying'))
) due
WHERE (due.month AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC' <= @before::timestamptz
ORDER BY month, id;

-- name: GetInvoice :one
SELECT id, tenant_id, tenant_name, kind, number, corrects, period_from, period_to, currency, total, state, issued_at, due_at, paid_at, read_at
FROM invoices
WHERE tenant_id = current_tenant() AND id = @id;

-- name: ListInvoiceLines :many
SELECT id, kind, corrects, charge_for, text, plan, meter, from_at, to_at, quantity, tier, unit, amount
FROM invoice_lines
WHERE tenant_id = current_tenant() AND invoice_id = @invoice_id
ORDER BY position;

-- name: ListCreditNotesOf :many
SELECT id, tenant_id, tenant_name, kind, number, corrects, period_from, period_to, currency, total, state, issued_at, due_at, paid_at, read_at
FROM invoices
WHERE tenant_id = current_tenant() AND corrects = @corrects::uuid
ORDER BY issued_at, id;

-- name: ListInvoices :many
SELECT id, tenant_id, tenant_name, kind, number, corrects, period_from, period_to, currency, total, state, issued_at, due_at, paid_at, read_at
FROM invoices
WHERE tenant_id = current_tenant() AND id < @before
ORDER BY id DESC
LIMIT @max_rows;

-- As observatory_system.
-- name: ListUnpaidInvoices :many
SELECT id, tenant_id, tenant_name, kind, number, corrects, period_from, period_to, currency, total, state, issued_at, due_at, paid_at, read_at
FROM invoices
WHERE kind = 'invoice' AND state IN ('issued', 'past_due', 'uncollectible')
ORDER BY due_at, id;

-- name: LockInvoice :one
SELECT state FROM invoices WHERE tenant_id = current_tenant() AND id = @id FOR UPDATE;

-- name: MarkInvoice :exec
UPDATE invoices SET state = @state, paid_at = @paid_at WHERE tenant_id = current_tenant() AND id = @id;

-- Invoices with a line about a month, for the hours that they charge.
-- name: ListUsageLines :many
SELECT l.id, l.invoice_id, i.number, l.charge_for, l.meter, l.from_at, l.to_at
FROM invoice_lines l JOIN invoices i ON i.tenant_id = l.tenant_id AND i.id = l.invoice_id
WHERE l.tenant_id = current_tenant() AND l.kind = 'usage' AND l.meter = @meter AND l.to_at > @from_at AND l.from_at < @to_at
ORDER BY i.number, l.position;
