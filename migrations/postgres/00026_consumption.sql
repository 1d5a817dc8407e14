-- What tenants make the installation do, as it is measured: time of the store and of the workers, bytes stored and sent. Rows are added by every
-- node each few seconds; those of one hour are later put together, which changes no sum.

-- +goose Up

CREATE TABLE consumption (
    tenant_id uuid        NOT NULL, -- all zeros: the installation itself
    kind      text        NOT NULL CHECK (kind ~ '^[a-z_]{1,40}$'),
    hour      timestamptz NOT NULL CHECK (hour = date_trunc('hour', hour, 'UTC')),
    flush     uuid        NOT NULL, -- what was written at once: writing it again adds nothing
    node      text        NOT NULL,
    quantity  bigint      NOT NULL CHECK (quantity > 0), -- bytes, milliseconds, or a number of something: see billing.Resource
    PRIMARY KEY (tenant_id, kind, hour, flush)
);
CREATE INDEX consumption_by_hour ON consumption (hour);

-- +goose StatementBegin
CREATE TRIGGER consumption_is_history BEFORE UPDATE OR TRUNCATE ON consumption FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
-- +goose StatementEnd

ALTER TABLE consumption ENABLE ROW LEVEL SECURITY;
ALTER TABLE consumption FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON consumption TO observatory_app USING (tenant_id = current_tenant());
CREATE POLICY measure ON consumption TO observatory_system USING (true); -- one writing is about many tenants

GRANT SELECT ON consumption TO observatory_app;
GRANT SELECT, INSERT, DELETE ON consumption TO observatory_system;
