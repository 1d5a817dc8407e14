-- Rollups: what tenants choose about them. The rollups themselves are in ClickHouse.

-- +goose Up

-- Breakdowns beyond the default ones. Changing them has the history filled, by a job that comes in the same transaction.
CREATE TABLE rollup_breakdowns (
    tenant_id  uuid PRIMARY KEY REFERENCES tenants (id),
    paths      text[]      NOT NULL CHECK (cardinality(paths) <= 10),
    changed_at timestamptz NOT NULL
);

ALTER TABLE rollup_breakdowns ENABLE ROW LEVEL SECURITY;
ALTER TABLE rollup_breakdowns FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON rollup_breakdowns TO observatory_app USING (tenant_id = current_tenant());

GRANT SELECT, INSERT, UPDATE ON rollup_breakdowns TO observatory_app;
