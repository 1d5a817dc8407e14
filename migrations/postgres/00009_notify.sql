-- Who is told of an incident, how, and whether it worked: channels, escalation policies, rotations, how far each incident has escalated,
-- and the messages with every attempt to deliver them.
--
-- A step of an escalation and its messages are written in one transaction, and a message is the only one of its incident, kind, round,
-- step and recipient: so each is made once, however many workers try. Nothing here holds an address of a person; people are user IDs.

-- +goose Up

CREATE TABLE channels (
    id                uuid PRIMARY KEY,
    tenant_id         uuid        NOT NULL REFERENCES tenants (id),
    name              text        NOT NULL CHECK (char_length(name) BETWEEN 1 AND 120),
    kind              text        NOT NULL CHECK (kind IN ('email', 'webhook', 'slack')),
    url_hint          text        NOT NULL,
    members           uuid[]      NOT NULL, -- users, of email
    sealed            bytea, -- URL and secrets
    created_at        timestamptz NOT NULL,
    created_by        text        NOT NULL,
    secret_rotated_at timestamptz,
    old_secret_until  timestamptz, -- until when the secret before signs as well
    deleted_at        timestamptz, -- the name stays for the log of deliveries
    CHECK ((sealed IS NULL) = (kind = 'email' OR deleted_at IS NOT NULL)),
    UNIQUE (tenant_id, id)
);
CREATE UNIQUE INDEX channels_one_of_a_name ON channels (tenant_id, name) WHERE deleted_at IS NULL;

CREATE TABLE escalation_policies (
    id         uuid PRIMARY KEY,
    tenant_id  uuid        NOT NULL REFERENCES tenants (id),
    name       text        NOT NULL CHECK (char_length(name) BETWEEN 1 AND 120),
    plan       jsonb       NOT NULL CHECK (jsonb_typeof(plan) = 'object'), -- steps and repeats
    created_at timestamptz NOT NULL,
    created_by text        NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (tenant_id, id),
    UNIQUE (tenant_id, name)
);

-- A policy stays as long as a rule names it. Incidents keep the name of one that is gone.
ALTER TABLE alert_rules ADD FOREIGN KEY (tenant_id, policy_id) REFERENCES escalation_policies (tenant_id, id);

CREATE TABLE rotations (
    id         uuid PRIMARY KEY,
    tenant_id  uuid        NOT NULL REFERENCES tenants (id),
    name       text        NOT NULL CHECK (char_length(name) BETWEEN 1 AND 120),
    timezone   text        NOT NULL,
    minute     integer     NOT NULL CHECK (minute BETWEEN 0 AND 1439), -- of the day, on the clocks of the time zone
    first_day  date        NOT NULL, -- of a hand-over to the first member; its weekday is that of all
    members    uuid[]      NOT NULL CHECK (cardinality(members) > 0), -- users, in the order of their weeks
    created_at timestamptz NOT NULL,
    created_by text        NOT NULL,
    UNIQUE (tenant_id, name)
);

CREATE TABLE escalations (
    incident_id uuid PRIMARY KEY,
    tenant_id   uuid        NOT NULL,
    round       integer     NOT NULL CHECK (round > 0),
    taken       integer     NOT NULL CHECK (taken >= 0), -- steps of this round
    due_at      timestamptz, -- when the next step is; NULL: there is none
    over        boolean     NOT NULL, -- the incident is resolved, and whoever was told is told
    updated_at  timestamptz NOT NULL,
    CHECK (NOT over OR due_at IS NULL),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incidents (tenant_id, id)
);
CREATE INDEX escalations_going_on ON escalations (incident_id) WHERE NOT over;

CREATE TABLE deliveries (
    id           uuid PRIMARY KEY,
    tenant_id    uuid        NOT NULL REFERENCES tenants (id),
    kind         text        NOT NULL CHECK (kind IN ('firing', 'resolved', 'test')),
    incident_id  uuid CHECK ((incident_id IS NULL) = (kind = 'test')),
    channel_id   uuid,
    member_id    uuid, -- the user whom a mail goes to
    rotation_id  uuid, -- by which the member was on call
    recipient    text        NOT NULL,
    step         integer     NOT NULL CHECK (step >= 0), -- from 1 on; 0: none
    round        integer     NOT NULL CHECK (round >= 0),
    state        text        NOT NULL CHECK (state IN ('waiting', 'sent', 'failed', 'cancelled')),
    notice       jsonb       NOT NULL CHECK (jsonb_typeof(notice) = 'object'), -- what is said
    attempts     integer     NOT NULL CHECK (attempts >= 0), -- that began
    max_attempts integer     NOT NULL CHECK (max_attempts > 0),
    next_at      timestamptz CHECK ((next_at IS NULL) = (state <> 'waiting')), -- when it is due, or due again in case a worker died
    created_at   timestamptz NOT NULL,
    ended_at     timestamptz CHECK ((ended_at IS NULL) = (state = 'waiting')),
    CHECK (channel_id IS NOT NULL OR member_id IS NOT NULL),
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, channel_id) REFERENCES channels (tenant_id, id),
    FOREIGN KEY (tenant_id, incident_id) REFERENCES incidents (tenant_id, id)
);
CREATE UNIQUE INDEX deliveries_made_once ON deliveries (incident_id, kind, round, step, recipient) WHERE incident_id IS NOT NULL;
CREATE INDEX deliveries_by_tenant ON deliveries (tenant_id, id DESC);
CREATE INDEX deliveries_by_channel ON deliveries (tenant_id, channel_id, id DESC);
CREATE INDEX deliveries_tests ON deliveries (tenant_id, created_at) WHERE kind = 'test';
CREATE INDEX deliveries_due ON deliveries (next_at) WHERE state = 'waiting';
CREATE INDEX deliveries_ended ON deliveries (ended_at) WHERE state <> 'waiting';

CREATE TABLE delivery_attempts (
    tenant_id   uuid        NOT NULL,
    delivery_id uuid        NOT NULL,
    attempt     integer     NOT NULL CHECK (attempt > 0),
    at          timestamptz NOT NULL,
    outcome     text        NOT NULL CHECK (outcome IN ('delivered', 'failed', 'unknown')), -- unknown: under way, or its worker died
    elapsed_ms  bigint,
    status      integer, -- of the HTTP answer
    answer      text        NOT NULL CHECK (octet_length(answer) <= 1000), -- its beginning
    error       text        NOT NULL CHECK (char_length(error) <= 1000),
    PRIMARY KEY (delivery_id, attempt),
    FOREIGN KEY (tenant_id, delivery_id) REFERENCES deliveries (tenant_id, id) ON DELETE CASCADE
);

-- Who sees which rows, and may do what with them. Across tenants Observatory looks for what is due, claims messages, and deletes old ones.

ALTER TABLE channels ENABLE ROW LEVEL SECURITY;
ALTER TABLE channels FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON channels TO observatory_app USING (tenant_id = current_tenant());

ALTER TABLE escalation_policies ENABLE ROW LEVEL SECURITY;
ALTER TABLE escalation_policies FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON escalation_policies TO observatory_app USING (tenant_id = current_tenant());
CREATE POLICY read_all ON escalation_policies FOR SELECT TO observatory_system USING (true);

ALTER TABLE rotations ENABLE ROW LEVEL SECURITY;
ALTER TABLE rotations FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON rotations TO observatory_app USING (tenant_id = current_tenant());

ALTER TABLE escalations ENABLE ROW LEVEL SECURITY;
ALTER TABLE escalations FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON escalations TO observatory_app USING (tenant_id = current_tenant());
CREATE POLICY read_all ON escalations FOR SELECT TO observatory_system USING (true);

ALTER TABLE deliveries ENABLE ROW LEVEL SECURITY;
ALTER TABLE deliveries FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON deliveries TO observatory_app USING (tenant_id = current_tenant());
CREATE POLICY work ON deliveries TO observatory_system USING (true);

ALTER TABLE delivery_attempts ENABLE ROW LEVEL SECURITY;
ALTER TABLE delivery_attempts FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON delivery_attempts TO observatory_app USING (tenant_id = current_tenant());
CREATE POLICY work ON delivery_attempts TO observatory_system USING (true);

GRANT SELECT, INSERT, UPDATE (name, url_hint, members, sealed, secret_rotated_at, old_secret_until, deleted_at) ON channels TO observatory_app;
GRANT SELECT, INSERT, UPDATE (name, plan, updated_at), DELETE ON escalation_policies TO observatory_app;
GRANT SELECT, INSERT, UPDATE (name, timezone, minute, first_day, members), DELETE ON rotations TO observatory_app;
GRANT SELECT, INSERT, UPDATE (round, taken, due_at, over, updated_at) ON escalations TO observatory_app;
GRANT SELECT, INSERT, UPDATE (state, next_at, ended_at) ON deliveries TO observatory_app;
GRANT SELECT, INSERT, UPDATE (outcome, elapsed_ms, status, answer, error) ON delivery_attempts TO observatory_app;

GRANT SELECT (tenant_id, id) ON escalation_policies TO observatory_system;
GRANT SELECT ON escalations TO observatory_system;
GRANT SELECT, UPDATE (state, attempts, next_at, ended_at), DELETE ON deliveries TO observatory_system;
GRANT SELECT, INSERT ON delivery_attempts TO observatory_system;
