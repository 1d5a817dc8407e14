-- What tenants use, hour by hour: the ledger that plans, quotas and invoices are computed from.

-- +goose Up

-- Lines are added, never changed. The newest revision of an hour says what it comes to; the deltas of a month add up to the month.
CREATE TABLE usage_ledger (
    tenant_id uuid        NOT NULL REFERENCES tenants (id),
    meter     text        NOT NULL CHECK (meter ~ '^[a-z_]{1,40}$'),
    hour      timestamptz NOT NULL CHECK (hour = date_trunc('hour', hour, 'UTC')),
    revision  integer     NOT NULL CHECK (revision >= 1),
    quantity  bigint      NOT NULL CHECK (quantity >= 0), -- what the hour comes to
    delta     bigint      NOT NULL,                       -- against the revision before
    found     bigint      NOT NULL CHECK (found >= 0),    -- what was in the store then
    gone      bigint      NOT NULL CHECK (gone >= 0),     -- what had been removed on purpose by then
    reason    text        NOT NULL CHECK (reason IN ('measured', 'ongoing', 'late', 'replay', 'duplicate', 'erasure', 'recount')),
    at        timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, meter, hour, revision),
    CHECK (quantity = found + gone),
    CHECK (revision > 1 OR delta = quantity)
);
CREATE INDEX usage_ledger_by_hour ON usage_ledger (tenant_id, hour);
CREATE TRIGGER usage_ledger_is_history BEFORE UPDATE OR DELETE OR TRUNCATE ON usage_ledger
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

-- How far the counting of an hour is. What the store wrote down before seen_at was there when the hour was counted.
CREATE TABLE usage_hours (
    tenant_id  uuid        NOT NULL REFERENCES tenants (id),
    hour       timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL, -- by the clock of the store of events
    counted_at timestamptz NOT NULL,
    closed     boolean     NOT NULL, -- the hour was over, and every log carried past its end
    bytes      bigint      NOT NULL DEFAULT 0 CHECK (bytes >= 0), -- of the billable events in the store, as texts
    PRIMARY KEY (tenant_id, hour)
);

-- When all hours of a month were counted at once, which counting people needs, and how long that took.
CREATE TABLE usage_months (
    tenant_id  uuid        NOT NULL REFERENCES tenants (id),
    month      timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL,
    counted_at timestamptz NOT NULL,
    took       interval    NOT NULL,
    closed     boolean     NOT NULL, -- counted after it was over, with every log carried past its end
    PRIMARY KEY (tenant_id, month)
);

-- Up to when all that a node has acknowledged is in the store of events.
ALTER TABLE logs ADD COLUMN carried_to timestamptz;

ALTER TABLE usage_ledger ENABLE ROW LEVEL SECURITY;
ALTER TABLE usage_ledger FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON usage_ledger TO observatory_app USING (tenant_id = current_tenant());
CREATE POLICY read_all ON usage_ledger FOR SELECT TO observatory_system USING (true);

ALTER TABLE usage_hours ENABLE ROW LEVEL SECURITY;
ALTER TABLE usage_hours FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON usage_hours TO observatory_app USING (tenant_id = current_tenant());
CREATE POLICY read_all ON usage_hours FOR SELECT TO observatory_system USING (true);

ALTER TABLE usage_months ENABLE ROW LEVEL SECURITY;
ALTER TABLE usage_months FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON usage_months TO observatory_app USING (tenant_id = current_tenant());
CREATE POLICY read_all ON usage_months FOR SELECT TO observatory_system USING (true);

GRANT SELECT, INSERT ON usage_ledger TO observatory_app;
GRANT SELECT, INSERT, UPDATE (seen_at, counted_at, closed, bytes) ON usage_hours TO observatory_app;
GRANT SELECT, INSERT, UPDATE (seen_at, counted_at, took, closed) ON usage_months TO observatory_app;
GRANT SELECT ON usage_ledger, usage_hours, usage_months TO observatory_system;

-- The ledger stays when its tenant is erased: it holds counts. How far the counting was does not matter any more then.
SELECT make_erasable('usage_hours');
SELECT make_erasable('usage_months');
