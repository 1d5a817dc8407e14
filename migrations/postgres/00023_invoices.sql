-- Invoices, what corrects them, and what stands to a tenant's credit. Nothing of it goes when a tenant does: it was a business between two.

-- +goose Up

-- What one transaction about a tenant's invoices sees of the one before it: each adds 1, unless somebody else did since it was read.
CREATE TABLE billing_books (
    tenant_id uuid PRIMARY KEY REFERENCES tenants (id),
    revision  bigint NOT NULL CHECK (revision > 0)
);

-- Months that are closed. Each is closed once, whether it came to an invoice or to nothing.
CREATE TABLE billing_periods (
    tenant_id uuid        NOT NULL REFERENCES tenants (id),
    from_at   timestamptz NOT NULL,
    to_at     timestamptz NOT NULL CHECK (to_at > from_at),
    until_at  timestamptz NOT NULL CHECK (until_at > from_at AND until_at <= to_at), -- hours that were charged; before its end: the tenant was leaving
    read_at   timestamptz NOT NULL, -- what was booked up to then is in it, and in the corrections that were made with it
    closed_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, from_at)
);

-- The last number of each year. It moves with the transaction of the document that gets it, so none is left out.
CREATE TABLE invoice_numbers (
    year integer PRIMARY KEY,
    last bigint NOT NULL CHECK (last > 0)
);

CREATE TABLE invoices (
    id          uuid PRIMARY KEY,
    tenant_id   uuid        NOT NULL REFERENCES tenants (id),
    tenant_name text        NOT NULL, -- as it was called then
    kind        text        NOT NULL CHECK (kind IN ('invoice', 'credit_note')),
    number      text        NOT NULL UNIQUE CHECK (number ~ '^[0-9]{4}-[0-9]{6,}$'),
    corrects    uuid CHECK ((corrects IS NOT NULL) = (kind = 'credit_note')),
    period_from timestamptz NOT NULL,
    period_to   timestamptz NOT NULL CHECK (period_to > period_from),
    currency    text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    total       bigint      NOT NULL CHECK (total >= 0), -- minor units; of a credit note: what is credited
    state       text        NOT NULL CHECK (state IN ('issued', 'paid', 'past_due', 'uncollectible', 'void')),
    issued_at   timestamptz NOT NULL,
    due_at      timestamptz NOT NULL,
    paid_at     timestamptz CHECK ((paid_at IS NOT NULL) = (state = 'paid')),
    read_at     timestamptz NOT NULL, -- see billing_periods
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, corrects) REFERENCES invoices (tenant_id, id)
);
CREATE UNIQUE INDEX invoices_once ON invoices (tenant_id, period_from, currency) WHERE kind = 'invoice';
CREATE INDEX invoices_open ON invoices (due_at) WHERE kind = 'invoice' AND state IN ('issued', 'past_due');

-- The amounts of an invoice's lines add up to its total; those of a credit note say what is credited.
CREATE TABLE invoice_lines (
    id         uuid PRIMARY KEY,
    tenant_id  uuid        NOT NULL,
    invoice_id uuid        NOT NULL,
    position   integer     NOT NULL,
    kind       text        NOT NULL CHECK (kind IN ('fee', 'usage', 'correction', 'coupon', 'cap', 'credit')),
    corrects   text        NOT NULL CHECK ((corrects <> '') = (kind = 'correction')), -- kind of the line that it corrects
    charge_for timestamptz NOT NULL, -- month that it is charged for; of a correction an earlier one than the invoice's
    text       text        NOT NULL,
    plan       text        NOT NULL,
    meter      text        NOT NULL,
    from_at    timestamptz NOT NULL,
    to_at      timestamptz NOT NULL,
    quantity   bigint      NOT NULL,
    tier       text        NOT NULL,
    unit       text        NOT NULL,
    amount     bigint      NOT NULL,
    UNIQUE (invoice_id, position),
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id)
);
CREATE INDEX invoice_lines_by_month ON invoice_lines (tenant_id, charge_for);
CREATE TRIGGER invoice_lines_are_history BEFORE UPDATE OR DELETE OR TRUNCATE ON invoice_lines
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

-- What stands to a tenant's credit: the sum of its rows, by currency.
CREATE TABLE billing_credits (
    id         uuid PRIMARY KEY,
    tenant_id  uuid        NOT NULL REFERENCES tenants (id),
    at         timestamptz NOT NULL,
    currency   text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    amount     bigint      NOT NULL CHECK (amount <> 0), -- minor units; below 0: it went into an invoice
    kind       text        NOT NULL CHECK (kind IN ('grant', 'credit_note', 'carried', 'applied')),
    invoice_id uuid CHECK ((invoice_id IS NULL) = (kind = 'grant')),
    note       text        NOT NULL,
    by_whom    text        NOT NULL, -- label
    FOREIGN KEY (tenant_id, invoice_id) REFERENCES invoices (tenant_id, id)
);
CREATE INDEX billing_credits_of_tenant ON billing_credits (tenant_id, id);
CREATE TRIGGER billing_credits_are_history BEFORE UPDATE OR DELETE OR TRUNCATE ON billing_credits
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

ALTER TABLE billing_books ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_books FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON billing_books TO observatory_app USING (tenant_id = current_tenant());

ALTER TABLE billing_periods ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_periods FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON billing_periods TO observatory_app USING (tenant_id = current_tenant());
CREATE POLICY read_all ON billing_periods FOR SELECT TO observatory_system USING (true); -- whose turn it is

ALTER TABLE invoice_numbers ENABLE ROW LEVEL SECURITY;
ALTER TABLE invoice_numbers FORCE ROW LEVEL SECURITY;
CREATE POLICY everything ON invoice_numbers TO observatory_system USING (true);

ALTER TABLE invoices ENABLE ROW LEVEL SECURITY;
ALTER TABLE invoices FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON invoices TO observatory_app USING (tenant_id = current_tenant());
CREATE POLICY read_all ON invoices FOR SELECT TO observatory_system USING (true); -- what is not paid

ALTER TABLE invoice_lines ENABLE ROW LEVEL SECURITY;
ALTER TABLE invoice_lines FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON invoice_lines TO observatory_app USING (tenant_id = current_tenant());

ALTER TABLE billing_credits ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing_credits FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON billing_credits TO observatory_app USING (tenant_id = current_tenant());

GRANT SELECT, INSERT, UPDATE (revision) ON billing_books TO observatory_app;
GRANT SELECT, INSERT ON billing_periods TO observatory_app;
GRANT SELECT ON billing_periods TO observatory_system;
GRANT SELECT, INSERT, UPDATE (last) ON invoice_numbers TO observatory_system;
GRANT SELECT, INSERT, UPDATE (state, paid_at) ON invoices TO observatory_app;
GRANT SELECT ON invoices TO observatory_system;
GRANT SELECT, INSERT ON invoice_lines, billing_credits TO observatory_app;
