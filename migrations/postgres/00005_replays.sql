-- Replays: jobs that put quarantined events right, or run stored events through the rules again. And which causes of quarantine
-- somebody was told of.

-- +goose Up

CREATE TABLE replays (
    id         uuid PRIMARY KEY,
    tenant_id  uuid        NOT NULL REFERENCES tenants (id),
    kind       text        NOT NULL CHECK (kind IN ('repair', 'history')),
    cause      uuid CHECK ((kind = 'repair') = (cause IS NOT NULL)),
    spec       jsonb       NOT NULL, -- what was asked for
    state      text        NOT NULL CHECK (state IN ('waiting', 'running', 'pausing', 'cancelling', 'paused', 'cancelled', 'done', 'failed')),
    progress   jsonb       NOT NULL, -- counts and cursor, which belong together
    log_id     uuid, -- the log that its events go through: only the node with that log may go on with it
    created_at timestamptz NOT NULL,
    created_by text        NOT NULL,
    started_at timestamptz,
    seen_at    timestamptz, -- when its node last wrote down how far it is
    ended_at   timestamptz,
    error      text
);
CREATE INDEX replays_by_tenant ON replays (tenant_id, id);
CREATE INDEX replays_open ON replays (created_at) WHERE state IN ('waiting', 'running', 'pausing', 'cancelling');
CREATE UNIQUE INDEX replays_one_per_cause ON replays (tenant_id, coalesce(cause, '00000000-0000-0000-0000-000000000000'))
    WHERE state IN ('waiting', 'running', 'pausing', 'cancelling', 'paused');

CREATE TABLE quarantine_causes (
    tenant_id   uuid        NOT NULL REFERENCES tenants (id),
    cause       uuid        NOT NULL,
    code        text        NOT NULL,
    first_seen  timestamptz NOT NULL,
    noted_at    timestamptz NOT NULL,
    notified_at timestamptz, -- somebody was told, or nobody wanted to be
    PRIMARY KEY (tenant_id, cause)
);
CREATE INDEX quarantine_causes_open ON quarantine_causes (tenant_id) WHERE notified_at IS NULL;

-- Who sees which rows, and may do what with them. The node that works on a replay looks for it across tenants.

ALTER TABLE replays ENABLE ROW LEVEL SECURITY;
ALTER TABLE replays FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON replays TO observatory_app USING (tenant_id = current_tenant());
CREATE POLICY work ON replays TO observatory_system USING (true);

ALTER TABLE quarantine_causes ENABLE ROW LEVEL SECURITY;
ALTER TABLE quarantine_causes FORCE ROW LEVEL SECURITY;
CREATE POLICY work ON quarantine_causes TO observatory_system USING (true);

GRANT SELECT, INSERT, UPDATE (state, progress, ended_at) ON replays TO observatory_app;
GRANT SELECT, UPDATE (state, progress, log_id, started_at, seen_at, ended_at, error) ON replays TO observatory_system;
GRANT SELECT, INSERT, UPDATE (notified_at), DELETE ON quarantine_causes TO observatory_system;
