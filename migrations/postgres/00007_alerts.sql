-- Alerts: rules that are evaluated tick by tick, what came of each tick, the incidents that they open, and silences.
--
-- A tick is evaluated in one transaction, which begins by locking the rule: it moves the rule to its next tick, writes the
-- evaluation, and opens, joins or resolves the incident. So a tick counts once, however many workers try and wherever one dies.

-- +goose Up

CREATE TABLE alert_rules (
    id          uuid PRIMARY KEY,
    tenant_id   uuid        NOT NULL REFERENCES tenants (id),
    name        text        NOT NULL CHECK (char_length(name) BETWEEN 1 AND 120),
    spec        jsonb       NOT NULL CHECK (jsonb_typeof(spec) = 'object' AND octet_length(spec::text) <= 262144), -- what is measured and when that is wrong
    interval_s  integer     NOT NULL CHECK (interval_s BETWEEN 60 AND 86400),
    severity    text        NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    group_label text        NOT NULL CHECK (char_length(group_label) <= 120), -- '': a group of its own
    policy_id   uuid, -- who is told; NULL: nobody
    labels      jsonb       NOT NULL CHECK (jsonb_typeof(labels) = 'object'),
    enabled     boolean     NOT NULL,
    revision    integer     NOT NULL CHECK (revision > 0), -- counts changes: a value that was measured for an earlier one is not used
    created_at  timestamptz NOT NULL,
    created_by  text        NOT NULL,
    updated_at  timestamptz NOT NULL,
    updated_by  text        NOT NULL,

    next_tick   timestamptz NOT NULL, -- the first that was not evaluated
    due_at      timestamptz NOT NULL, -- when it may be
    state       text        NOT NULL CHECK (state IN ('ok', 'pending', 'firing', 'resolved')),
    since       timestamptz NOT NULL, -- the state
    memory      jsonb       NOT NULL, -- the rest of what the state machine keeps
    incident_id uuid, -- of the episode that goes on; a person may have resolved it before the rule did
    UNIQUE (tenant_id, id)
);
CREATE INDEX alert_rules_by_tenant ON alert_rules (tenant_id, id);
CREATE INDEX alert_rules_due ON alert_rules (due_at) WHERE enabled;

CREATE TABLE alert_evaluations (
    tenant_id     uuid        NOT NULL,
    rule_id       uuid        NOT NULL,
    tick          timestamptz NOT NULL, -- the end of the window that was measured
    value         double precision, -- NULL: there was nothing to measure
    previous      double precision, -- what it was compared with
    expected_low  double precision, -- what is usual at this time of the week
    expected_high double precision,
    state         text        NOT NULL CHECK (state IN ('ok', 'pending', 'firing', 'resolved')),
    muted         boolean     NOT NULL,
    note          text        NOT NULL,
    missed        integer     NOT NULL CHECK (missed >= 0), -- ticks before this one that were never evaluated
    evaluated_at  timestamptz NOT NULL,
    PRIMARY KEY (rule_id, tick),
    FOREIGN KEY (tenant_id, rule_id) REFERENCES alert_rules (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX alert_evaluations_by_time ON alert_evaluations (evaluated_at);

-- All that a silence names must fit a rule, of each kind one; what it names none of, fits.
CREATE TABLE silences (
    id         uuid PRIMARY KEY,
    tenant_id  uuid        NOT NULL REFERENCES tenants (id),
    rules      uuid[]      NOT NULL,
    groups     text[]      NOT NULL,
    severities text[]      NOT NULL CHECK (severities <@ ARRAY['info', 'warning', 'critical']),
    starts_at  timestamptz NOT NULL,
    ends_at    timestamptz NOT NULL CHECK (ends_at > starts_at),
    reason     text        NOT NULL CHECK (char_length(reason) <= 500),
    phase      text        NOT NULL CHECK (phase IN ('scheduled', 'active', 'over')), -- that open incidents know of
    created_at timestamptz NOT NULL,
    created_by text        NOT NULL,
    CHECK (cardinality(rules) + cardinality(groups) + cardinality(severities) > 0)
);
CREATE INDEX silences_by_tenant ON silences (tenant_id, ends_at);
CREATE INDEX silences_to_come ON silences (starts_at) WHERE phase = 'scheduled';
CREATE INDEX silences_in_force ON silences (ends_at) WHERE phase <> 'over';

CREATE TABLE incidents (
    id              uuid PRIMARY KEY,
    tenant_id       uuid        NOT NULL REFERENCES tenants (id),
    group_key       text        NOT NULL, -- 'group:' and a label, or 'rule:' and an ID
    title           text        NOT NULL,
    severity        text        NOT NULL CHECK (severity IN ('info', 'warning', 'critical')), -- the highest of its rules so far
    state           text        NOT NULL CHECK (state IN ('open', 'resolved')),
    opened_at       timestamptz NOT NULL, -- the tick at which the first rule fired
    resolved_at     timestamptz CHECK ((resolved_at IS NULL) = (state = 'open')),
    resolved_by     text, -- NULL: by itself
    acknowledged_at timestamptz,
    acknowledged_by text CHECK ((acknowledged_by IS NULL) = (acknowledged_at IS NULL)),
    snoozed_until   timestamptz,
    policy_id       uuid, -- of the first rule that had one
    muted           boolean     NOT NULL, -- every rule that fires is silenced: nobody is to be told
    created_at      timestamptz NOT NULL,
    UNIQUE (tenant_id, id)
);
CREATE INDEX incidents_by_tenant ON incidents (tenant_id, opened_at DESC, id DESC);
CREATE INDEX incidents_open ON incidents (tenant_id, id) WHERE state = 'open';
CREATE UNIQUE INDEX incidents_one_open_per_group ON incidents (tenant_id, group_key) WHERE state = 'open';

-- The rules of an incident, as they were when they fired: they may be changed or deleted later.
CREATE TABLE incident_rules (
    tenant_id   uuid        NOT NULL,
    incident_id uuid        NOT NULL,
    rule_id     uuid        NOT NULL,
    name        text        NOT NULL,
    event       text        NOT NULL, -- whose chart it belongs to; '': all events
    severity    text        NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    group_label text        NOT NULL,
    fired_at    timestamptz NOT NULL, -- the last time
    resolved_at timestamptz,
    PRIMARY KEY (incident_id, rule_id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incidents (tenant_id, id)
);
CREATE INDEX incident_rules_by_rule ON incident_rules (tenant_id, rule_id);

-- What happened to an incident, in order. History: rows are only added.
CREATE TABLE incident_entries (
    id          uuid PRIMARY KEY, -- version 7: in the order in which they were written
    tenant_id   uuid        NOT NULL,
    incident_id uuid        NOT NULL,
    at          timestamptz NOT NULL,
    kind        text        NOT NULL CHECK (kind ~ '^[a-z_]{1,40}$'),
    actor       text        NOT NULL, -- label of a person or key; '': Observatory itself
    text        text        NOT NULL CHECK (char_length(text) <= 2000),
    details     jsonb       NOT NULL CHECK (jsonb_typeof(details) = 'object'),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incidents (tenant_id, id)
);
CREATE INDEX incident_entries_by_incident ON incident_entries (tenant_id, incident_id, id);

-- Who sees which rows, and may do what with them. Across tenants Observatory only looks for what is due; it goes on inside the tenant.

ALTER TABLE alert_rules ENABLE ROW LEVEL SECURITY;
ALTER TABLE alert_rules FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON alert_rules TO observatory_app USING (tenant_id = current_tenant());
CREATE POLICY read_all ON alert_rules FOR SELECT TO observatory_system USING (true);

ALTER TABLE alert_evaluations ENABLE ROW LEVEL SECURITY;
ALTER TABLE alert_evaluations FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON alert_evaluations TO observatory_app USING (tenant_id = current_tenant());
CREATE POLICY work ON alert_evaluations TO observatory_system USING (true); -- old ones are deleted

ALTER TABLE silences ENABLE ROW LEVEL SECURITY;
ALTER TABLE silences FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON silences TO observatory_app USING (tenant_id = current_tenant());
CREATE POLICY read_all ON silences FOR SELECT TO observatory_system USING (true);

ALTER TABLE incidents ENABLE ROW LEVEL SECURITY;
ALTER TABLE incidents FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON incidents TO observatory_app USING (tenant_id = current_tenant());
CREATE POLICY read_all ON incidents FOR SELECT TO observatory_system USING (true);

ALTER TABLE incident_rules ENABLE ROW LEVEL SECURITY;
ALTER TABLE incident_rules FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON incident_rules TO observatory_app USING (tenant_id = current_tenant());

ALTER TABLE incident_entries ENABLE ROW LEVEL SECURITY;
ALTER TABLE incident_entries FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON incident_entries TO observatory_app USING (tenant_id = current_tenant());

GRANT SELECT, INSERT, DELETE, UPDATE (name, spec, interval_s, severity, group_label, policy_id, labels, enabled, revision, updated_at, updated_by,
    next_tick, due_at, state, since, memory, incident_id) ON alert_rules TO observatory_app;
GRANT SELECT, INSERT ON alert_evaluations TO observatory_app;
GRANT SELECT, INSERT, DELETE, UPDATE (rules, groups, severities, starts_at, ends_at, reason, phase) ON silences TO observatory_app;
GRANT SELECT, INSERT, UPDATE (title, severity, state, resolved_at, resolved_by, acknowledged_at, acknowledged_by, snoozed_until, policy_id, muted) ON incidents TO observatory_app;
GRANT SELECT, INSERT, UPDATE (name, event, severity, group_label, fired_at, resolved_at) ON incident_rules TO observatory_app;
GRANT SELECT, INSERT ON incident_entries TO observatory_app;

GRANT SELECT (tenant_id, due_at, enabled) ON alert_rules TO observatory_system;
GRANT SELECT (tenant_id, starts_at, ends_at, phase) ON silences TO observatory_system;
GRANT SELECT (evaluated_at), DELETE ON alert_evaluations TO observatory_system;
GRANT SELECT ON incidents TO observatory_system;
