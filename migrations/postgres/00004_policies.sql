-- What tenants declare about their events besides schemas: policies of several kinds, each a document with versions, of which the
-- highest is in force; and how often the secret that redaction hashes with was replaced.

-- +goose Up

-- History: a version is never changed or removed.
CREATE TABLE policies (
    tenant_id   uuid        NOT NULL REFERENCES tenants (id),
    kind        text        NOT NULL CHECK (kind IN ('contract', 'redaction', 'enrichment', 'quarantine')),
    version     integer     NOT NULL CHECK (version > 0),
    document    jsonb       NOT NULL CHECK (jsonb_typeof(document) = 'object' AND octet_length(document::text) <= 1048576),
    note        text        NOT NULL CHECK (char_length(note) <= 500),
    created_at  timestamptz NOT NULL,
    created_by  text        NOT NULL, -- label of who published it
    changed_xid bigint      NOT NULL, -- set by a trigger: nodes ask for rows of transactions that they had not seen the end of
    PRIMARY KEY (tenant_id, kind, version)
);
CREATE INDEX policies_by_change ON policies (changed_xid);

-- The secrets themselves are derived from the installation's secret key, the tenant and the version; none is kept. Version 1 is there
-- without a row.
CREATE TABLE redaction_secrets (
    tenant_id   uuid        NOT NULL REFERENCES tenants (id),
    version     integer     NOT NULL CHECK (version > 1),
    created_at  timestamptz NOT NULL,
    created_by  text        NOT NULL,
    changed_xid bigint      NOT NULL,
    PRIMARY KEY (tenant_id, version)
);
CREATE INDEX redaction_secrets_by_change ON redaction_secrets (changed_xid);

CREATE TRIGGER policies_stamp BEFORE INSERT ON policies FOR EACH ROW EXECUTE FUNCTION stamp_changed_xid();
CREATE TRIGGER redaction_secrets_stamp BEFORE INSERT ON redaction_secrets FOR EACH ROW EXECUTE FUNCTION stamp_changed_xid();

-- +goose StatementBegin
CREATE FUNCTION notify_policies() RETURNS trigger
    LANGUAGE plpgsql AS
$$
BEGIN
    PERFORM pg_notify('observatory_policies', NEW.tenant_id::text);
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER policies_notify AFTER INSERT ON policies FOR EACH ROW EXECUTE FUNCTION notify_policies();
CREATE TRIGGER redaction_secrets_notify AFTER INSERT ON redaction_secrets FOR EACH ROW EXECUTE FUNCTION notify_policies();

CREATE TRIGGER policies_are_history BEFORE UPDATE OR DELETE OR TRUNCATE ON policies
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER redaction_secrets_are_history BEFORE UPDATE OR DELETE OR TRUNCATE ON redaction_secrets
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

ALTER TABLE policies ENABLE ROW LEVEL SECURITY;
ALTER TABLE policies FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON policies TO observatory_app USING (tenant_id = current_tenant());
CREATE POLICY read_all ON policies FOR SELECT TO observatory_system USING (true); -- every node looks for changes

ALTER TABLE redaction_secrets ENABLE ROW LEVEL SECURITY;
ALTER TABLE redaction_secrets FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON redaction_secrets TO observatory_app USING (tenant_id = current_tenant());
CREATE POLICY read_all ON redaction_secrets FOR SELECT TO observatory_system USING (true); -- every node looks for changes

GRANT SELECT, INSERT ON policies, redaction_secrets TO observatory_app;
GRANT SELECT (tenant_id, changed_xid) ON policies, redaction_secrets TO observatory_system;
