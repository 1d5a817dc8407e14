-- Checks of data quality, and what they found.
--
-- A tick of a check has one result. Whoever writes it locks the check, finds it as it was read, and moves it on to its next tick in the
-- same transaction.

-- +goose Up

CREATE TABLE quality_checks (
    id          uuid PRIMARY KEY,
    tenant_id   uuid             NOT NULL REFERENCES tenants (id),
    builtin     boolean          NOT NULL, -- everybody has it
    name        text             NOT NULL CHECK (char_length(name) BETWEEN 1 AND 120),
    kind        text             NOT NULL CHECK (kind IN ('volume', 'nulls', 'freshness', 'ledger')),
    event       text             NOT NULL, -- '': any
    property    text             NOT NULL, -- '' but for nulls
    tolerance   double precision NOT NULL, -- of volume
    max_share   double precision NOT NULL CHECK (max_share BETWEEN 0 AND 1), -- of nulls
    sla_s       integer          NOT NULL CHECK (sla_s >= 0), -- of freshness
    interval_s  integer          NOT NULL CHECK (interval_s BETWEEN 300 AND 86400),
    enabled     boolean          NOT NULL,
    revision    integer          NOT NULL CHECK (revision > 0), -- counts changes: what was measured for an earlier one is not written
    next_tick   timestamptz      NOT NULL, -- the first that has no result
    due_at      timestamptz      NOT NULL, -- when it may be made
    created_at  timestamptz      NOT NULL,
    created_by  text             NOT NULL,
    updated_at  timestamptz      NOT NULL,
    updated_by  text             NOT NULL,
    UNIQUE (tenant_id, id)
);
CREATE INDEX quality_checks_due ON quality_checks (due_at) WHERE enabled;
CREATE UNIQUE INDEX quality_checks_one_builtin_of_a_kind ON quality_checks (tenant_id, kind) WHERE builtin;

CREATE TABLE quality_results (
    tenant_id   uuid        NOT NULL,
    check_id    uuid        NOT NULL,
    tick        timestamptz NOT NULL,
    measured_at timestamptz NOT NULL,
    verdict     text        NOT NULL CHECK (verdict IN ('pass', 'warn', 'fail', 'unknown')),
    value       double precision, -- events, a share, seconds or hours; NULL: there was nothing to measure
    expected    double precision,
    low         double precision, -- from low to high passes
    high        double precision,
    explanation text        NOT NULL CHECK (char_length(explanation) <= 2000),
    samples     jsonb       NOT NULL CHECK (jsonb_typeof(samples) = 'array'), -- of past weeks
    PRIMARY KEY (check_id, tick),
    FOREIGN KEY (tenant_id, check_id) REFERENCES quality_checks (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX quality_results_newest ON quality_results (check_id, measured_at DESC, tick DESC);
CREATE INDEX quality_results_by_time ON quality_results (tick);

-- Who sees which rows, and may do what with them. Across tenants Observatory looks for what is due, counts verdicts, and deletes old results.

ALTER TABLE quality_checks ENABLE ROW LEVEL SECURITY;
ALTER TABLE quality_checks FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON quality_checks TO observatory_app USING (tenant_id = current_tenant());
CREATE POLICY read_all ON quality_checks FOR SELECT TO observatory_system USING (true);

ALTER TABLE quality_results ENABLE ROW LEVEL SECURITY;
ALTER TABLE quality_results FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON quality_results TO observatory_app USING (tenant_id = current_tenant());
CREATE POLICY work ON quality_results TO observatory_system USING (true);

GRANT SELECT, INSERT, DELETE, UPDATE (name, event, property, tolerance, max_share, sla_s, interval_s, enabled, revision, next_tick, due_at, updated_at, updated_by)
    ON quality_checks TO observatory_app;
GRANT SELECT, INSERT, UPDATE (measured_at, verdict, value, expected, low, high, explanation, samples) ON quality_results TO observatory_app;
GRANT SELECT (id, tenant_id, builtin, kind, enabled, due_at) ON quality_checks TO observatory_system;
GRANT SELECT (check_id, tick, measured_at, verdict), DELETE ON quality_results TO observatory_system;
