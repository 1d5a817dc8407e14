-- Quotas: how many events a tenant may have stored in a month before they are held, and who was told on the way there.

-- +goose Up

-- What holds for a tenant now. Every node follows it. A tenant that has no row here has no limit.
CREATE TABLE quotas (
    tenant_id   uuid PRIMARY KEY REFERENCES tenants (id),
    events      bigint CHECK (events >= 0), -- a month; NULL: as many as it likes
    hold        boolean     NOT NULL, -- what is more is held; otherwise it is stored and paid for
    keep_days   integer     NOT NULL CHECK (keep_days BETWEEN 1 AND 365), -- how long it is held
    because     text        NOT NULL CHECK (because IN ('plan', 'spend_cap')), -- what sets the limit
    extra       bigint      NOT NULL DEFAULT 0 CHECK (extra >= 0), -- events that operators have granted on top
    extra_month date        NOT NULL DEFAULT '1970-01-01', -- in which month
    standing    text        NOT NULL DEFAULT 'open' CHECK (standing IN ('open', 'restricted', 'suspended')), -- as the payment of its invoices has it
    raised_at   timestamptz, -- since when there is more room: what was held before is to be released; NULL: it was
    release_id  uuid, -- the release that does so
    changed_at  timestamptz NOT NULL,
    changed_xid bigint      NOT NULL -- set by a trigger: nodes ask for rows of transactions that they had not seen the end of
);
CREATE INDEX quotas_by_change ON quotas (changed_xid);
CREATE INDEX quotas_to_release ON quotas (tenant_id) WHERE raised_at IS NOT NULL;

CREATE TRIGGER quotas_stamp BEFORE INSERT OR UPDATE ON quotas FOR EACH ROW EXECUTE FUNCTION stamp_changed_xid();

-- +goose StatementBegin
CREATE FUNCTION notify_quotas() RETURNS trigger
    LANGUAGE plpgsql AS
$$
BEGIN
    PERFORM pg_notify('observatory_quotas', '');
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER quotas_notify AFTER INSERT OR UPDATE ON quotas FOR EACH STATEMENT EXECUTE FUNCTION notify_quotas();

-- How many events each log has stored of a tenant in a month, and up to how many it may without asking. Both are what the log's own node
-- says last, so that saying it again changes nothing.
CREATE TABLE quota_counts (
    tenant_id uuid        NOT NULL REFERENCES tenants (id),
    month     date        NOT NULL CHECK (date_trunc('month', month) = month),
    log_id    uuid        NOT NULL,
    counted   bigint      NOT NULL CHECK (counted >= 0),
    claimed   bigint      NOT NULL CHECK (claimed >= counted),
    at        timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, month, log_id)
);

-- What the people of a tenant were told, once a month each.
CREATE TABLE quota_warnings (
    tenant_id uuid        NOT NULL REFERENCES tenants (id),
    month     date        NOT NULL,
    kind      text        NOT NULL CHECK (kind IN ('half', 'most', 'reached', 'forecast', 'expiring')),
    used      bigint      NOT NULL,
    events    bigint      NOT NULL, -- the limit then
    day       date, -- of a forecast: when it will be reached; of what expires: when it begins to
    at        timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, month, kind)
);

ALTER TABLE quotas ENABLE ROW LEVEL SECURITY;
ALTER TABLE quotas FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON quotas TO observatory_app USING (tenant_id = current_tenant());
CREATE POLICY work ON quotas TO observatory_system USING (true); -- every node follows them

ALTER TABLE quota_counts ENABLE ROW LEVEL SECURITY;
ALTER TABLE quota_counts FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON quota_counts TO observatory_app USING (tenant_id = current_tenant());
CREATE POLICY work ON quota_counts TO observatory_system USING (true); -- a batch has events of many tenants

ALTER TABLE quota_warnings ENABLE ROW LEVEL SECURITY;
ALTER TABLE quota_warnings FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON quota_warnings TO observatory_app USING (tenant_id = current_tenant());
CREATE POLICY work ON quota_warnings TO observatory_system USING (true);

GRANT SELECT, INSERT, UPDATE (events, hold, keep_days, because, extra, extra_month, standing, raised_at, release_id, changed_at) ON quotas TO observatory_app;
GRANT SELECT, UPDATE (raised_at, release_id) ON quotas TO observatory_system; -- a node locks the row while it asks
GRANT SELECT ON quota_counts TO observatory_app;
GRANT SELECT, INSERT, UPDATE (counted, claimed, at) ON quota_counts TO observatory_system;
GRANT SELECT ON quota_warnings TO observatory_app;
GRANT SELECT, INSERT ON quota_warnings TO observatory_system;
