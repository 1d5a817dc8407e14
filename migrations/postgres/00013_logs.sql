-- How far the durable log of every node is, as the node itself says. An erasure waits here until nothing of a person is on its way any more.

-- +goose Up

CREATE TABLE logs (
    log_id     uuid PRIMARY KEY,
    kind       text        NOT NULL CHECK (kind IN ('local', 'kafka')),
    host       text        NOT NULL, -- of the node that writes it
    applied    bigint      NOT NULL CHECK (applied >= 0), -- suppressions that were changed by transactions before this one are in force; 0: none yet
    ended      bigint      NOT NULL CHECK (ended >= 0), -- what was accepted under the suppressions before those lies before this offset
    clock      timestamptz NOT NULL, -- and was received before this, by the node's clock
    settled    bigint      NOT NULL CHECK (settled >= 0), -- what lies before this offset is stored
    forgotten  bigint      NOT NULL CHECK (forgotten >= 0), -- no byte of what lies before this offset is left
    empty      boolean     NOT NULL, -- the node has ended and left nothing in it
    seen_at    timestamptz NOT NULL,
    retired_at timestamptz -- since when it is known that its node never returns
);

-- Where a change of the suppressions divides what is received. Kept while somebody waits for it: logs grow.
CREATE TABLE log_positions (
    mark     bigint PRIMARY KEY, -- of the change
    position jsonb       NOT NULL CHECK (jsonb_typeof(position) = 'object'),
    asked_at timestamptz NOT NULL
);

-- Logs hold events of all tenants, so no tenant sees them.
ALTER TABLE logs ENABLE ROW LEVEL SECURITY;
ALTER TABLE logs FORCE ROW LEVEL SECURITY;
CREATE POLICY work ON logs TO observatory_system USING (true);

ALTER TABLE log_positions ENABLE ROW LEVEL SECURITY;
ALTER TABLE log_positions FORCE ROW LEVEL SECURITY;
CREATE POLICY work ON log_positions TO observatory_system USING (true);

GRANT SELECT, INSERT, UPDATE ON logs TO observatory_system;
GRANT SELECT, INSERT, UPDATE, DELETE ON log_positions TO observatory_system;
