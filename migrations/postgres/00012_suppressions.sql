-- Suppressions: whose events are not stored, or kept aside. Identifiers themselves are not kept, only hashes with a key of the tenant.

-- +goose Up

-- A row is never deleted: state says what holds now, and erased_before what holds for ever.
CREATE TABLE suppressions (
    tenant_id     uuid        NOT NULL REFERENCES tenants (id),
    kind          text        NOT NULL CHECK (kind IN ('user_id', 'anonymous_id', 'property')),
    path          text        NOT NULL CHECK ((kind = 'property') = (path <> '')), -- of the property
    hash          bytea       NOT NULL CHECK (octet_length(hash) = 16), -- of kind, path and value
    state         text        NOT NULL CHECK (state IN ('none', 'suppressed', 'restricted')),
    erased_before timestamptz, -- what was received before it stays out, whatever way it comes back
    person        uuid        NOT NULL, -- who frees one identifier of a person, frees those that came with it
    request_id    uuid        NOT NULL, -- the request that changed it last
    created_at    timestamptz NOT NULL,
    changed_at    timestamptz NOT NULL,
    changed_xid   bigint      NOT NULL, -- set by a trigger: nodes ask for rows of transactions that they had not seen the end of
    PRIMARY KEY (tenant_id, kind, path, hash)
);
CREATE INDEX suppressions_by_change ON suppressions (changed_xid);
CREATE INDEX suppressions_by_person ON suppressions (tenant_id, person);
CREATE INDEX suppressions_by_hash ON suppressions (tenant_id, hash);
CREATE INDEX suppressions_by_time ON suppressions (tenant_id, changed_at, hash);

CREATE TRIGGER suppressions_stamp BEFORE INSERT OR UPDATE ON suppressions FOR EACH ROW EXECUTE FUNCTION stamp_changed_xid();

-- One notification for each statement: a request may name thousands.
-- +goose StatementBegin
CREATE FUNCTION notify_suppressions() RETURNS trigger
    LANGUAGE plpgsql AS
$$
BEGIN
    PERFORM pg_notify('observatory_suppressions', '');
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER suppressions_notify AFTER INSERT OR UPDATE ON suppressions FOR EACH STATEMENT EXECUTE FUNCTION notify_suppressions();

ALTER TABLE suppressions ENABLE ROW LEVEL SECURITY;
ALTER TABLE suppressions FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON suppressions TO observatory_app USING (tenant_id = current_tenant());
CREATE POLICY read_all ON suppressions FOR SELECT TO observatory_system USING (true); -- every node follows them

GRANT SELECT, INSERT, UPDATE (state, erased_before, person, request_id, changed_at) ON suppressions TO observatory_app;
GRANT SELECT ON suppressions TO observatory_system;
