-- What tenants agreed to: a plan, from an hour on. What a plan is stands in the file of plans (billing/plan).

-- +goose Up

-- A tenant without a row has the first plan of the file. The row of the highest revision whose from_hour is not after an hour is in force in it.
CREATE TABLE terms (
    tenant_id    uuid        NOT NULL REFERENCES tenants (id),
    revision     integer     NOT NULL CHECK (revision > 0),
    from_hour    timestamptz NOT NULL CHECK (from_hour = date_trunc('hour', from_hour, 'UTC')),
    plan         text        NOT NULL CHECK (plan ~ '^[a-z][a-z0-9_]{0,31}$'),
    catalogue    integer     NOT NULL CHECK (catalogue > 0), -- version of the file
    currency     text        NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    fee_interval text        NOT NULL CHECK (fee_interval IN ('month', 'year')),
    trial_until  timestamptz CHECK (trial_until = date_trunc('hour', trial_until, 'UTC')), -- NULL: no trial
    coupon       text        NOT NULL CHECK (coupon ~ '^([A-Z0-9]{3,32})?$'), -- '': none
    spend_cap    bigint      CHECK (spend_cap >= 0), -- minor units of the currency in a month; NULL: none
    reason       text        NOT NULL CHECK (char_length(reason) <= 200),
    changed_by   text        NOT NULL, -- kind and ID of whoever changed it
    at           timestamptz NOT NULL,
    changed_xid  bigint      NOT NULL, -- set by a trigger: nodes ask for rows of transactions that they had not seen the end of
    PRIMARY KEY (tenant_id, revision)
);
CREATE INDEX terms_by_change ON terms (changed_xid);

CREATE TRIGGER terms_are_history BEFORE UPDATE OR DELETE OR TRUNCATE ON terms FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER terms_stamp BEFORE INSERT ON terms FOR EACH ROW EXECUTE FUNCTION stamp_changed_xid();

-- +goose StatementBegin
CREATE FUNCTION notify_terms() RETURNS trigger
    LANGUAGE plpgsql AS
$$
BEGIN
    PERFORM pg_notify('observatory_terms', '');
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER terms_notify AFTER INSERT ON terms FOR EACH STATEMENT EXECUTE FUNCTION notify_terms();

ALTER TABLE terms ENABLE ROW LEVEL SECURITY;
ALTER TABLE terms FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON terms TO observatory_app USING (tenant_id = current_tenant());
CREATE POLICY read_all ON terms FOR SELECT TO observatory_system USING (true); -- limits follow them; and for the operator

GRANT SELECT, INSERT ON terms TO observatory_app;
GRANT SELECT ON terms TO observatory_system;
