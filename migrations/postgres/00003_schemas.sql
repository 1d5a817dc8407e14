-- The schema registry: texts, the subjects that hold versions of them, and how strict each subject is. All of it belongs
-- to tenants. Keys get two scopes for it.
--
-- A text is kept once per tenant, whatever the number of subjects that use it. IDs come from one sequence for all tenants,
-- since the framing of a message has room for 32 bits and nothing else; looking one up still needs its tenant.

-- +goose Up

ALTER TABLE api_keys DROP CONSTRAINT api_keys_scopes_check;
ALTER TABLE api_keys ADD CONSTRAINT api_keys_scopes_check CHECK (
    scopes <@ ARRAY['events:write', 'query:read', 'schemas:read', 'schemas:write', 'privacy:write', 'admin'] AND scopes <> '{}'
);

-- One row per tenant that has ever changed its registry. Changing it is the lock that makes registrations take turns, and
-- its revision is how nodes notice that something changed: by notification, and by asking for rows that changed in a
-- transaction which they had not seen the end of (as with api_keys).
CREATE TABLE schema_registries (
    tenant_id   uuid PRIMARY KEY REFERENCES tenants (id),
    revision    bigint NOT NULL,
    changed_xid bigint NOT NULL -- set by a trigger
);
CREATE INDEX schema_registries_by_change ON schema_registries (changed_xid);

CREATE TABLE schemas (
    id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id   uuid        NOT NULL REFERENCES tenants (id),
    uuid        uuid        NOT NULL UNIQUE,
    type        text        NOT NULL CHECK (type IN ('AVRO', 'JSON', 'PROTOBUF')),
    text        text        NOT NULL CHECK (octet_length(text) <= 1048576),
    digest      bytea       NOT NULL CHECK (octet_length(digest) = 32), -- SHA-256 of type, text without layout, and references: what makes two registrations the same
    fingerprint bytea       NOT NULL CHECK (octet_length(fingerprint) = 32), -- SHA-256 of the canonical form
    rabin       bigint, -- CRC-64-AVRO of the canonical form, its bits as a signed number; Avro only
    created_at  timestamptz NOT NULL,
    UNIQUE (tenant_id, id),
    UNIQUE (tenant_id, digest)
);
CREATE INDEX schemas_by_fingerprint ON schemas (tenant_id, fingerprint);
CREATE INDEX schemas_by_rabin ON schemas (tenant_id, rabin) WHERE rabin IS NOT NULL;

CREATE TABLE schema_versions (
    tenant_id  uuid        NOT NULL,
    subject    text        NOT NULL CHECK (octet_length(subject) BETWEEN 1 AND 512),
    version    integer     NOT NULL CHECK (version > 0),
    schema_id  integer     NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text        NOT NULL, -- label of who registered it
    deleted_at timestamptz, -- deleted softly: hidden, but what was written with it can still be read
    PRIMARY KEY (tenant_id, subject, version),
    FOREIGN KEY (tenant_id, schema_id) REFERENCES schemas (tenant_id, id)
);
CREATE UNIQUE INDEX schema_versions_live ON schema_versions (tenant_id, subject, schema_id) WHERE deleted_at IS NULL;
CREATE INDEX schema_versions_by_schema ON schema_versions (tenant_id, schema_id);

-- What a text refers to, by the name that it uses. The second key keeps a version from being removed while a text needs it.
CREATE TABLE schema_references (
    tenant_id uuid     NOT NULL,
    schema_id integer  NOT NULL,
    position  smallint NOT NULL,
    name      text     NOT NULL,
    subject   text     NOT NULL,
    version   integer  NOT NULL,
    PRIMARY KEY (tenant_id, schema_id, position),
    FOREIGN KEY (tenant_id, schema_id) REFERENCES schemas (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, subject, version) REFERENCES schema_versions (tenant_id, subject, version)
);
CREATE INDEX schema_references_by_version ON schema_references (tenant_id, subject, version);

-- What a tenant has set; subject '' is its default for all subjects, and NULL what it has not set.
CREATE TABLE schema_config (
    tenant_id     uuid NOT NULL REFERENCES tenants (id),
    subject       text NOT NULL CHECK (octet_length(subject) <= 512),
    compatibility text CHECK (compatibility IN (
        'NONE', 'BACKWARD', 'BACKWARD_TRANSITIVE', 'FORWARD', 'FORWARD_TRANSITIVE', 'FULL', 'FULL_TRANSITIVE'
    )),
    normalize     boolean,
    mode          text CHECK (mode IN ('READWRITE', 'READONLY')),
    PRIMARY KEY (tenant_id, subject)
);

CREATE TRIGGER schema_registries_stamp BEFORE INSERT OR UPDATE ON schema_registries
    FOR EACH ROW EXECUTE FUNCTION stamp_changed_xid();

-- +goose StatementBegin
CREATE FUNCTION notify_schemas() RETURNS trigger
    LANGUAGE plpgsql AS
$$
BEGIN
    PERFORM pg_notify('observatory_schemas', NEW.tenant_id::text);
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER schema_registries_notify AFTER INSERT OR UPDATE ON schema_registries
    FOR EACH ROW EXECUTE FUNCTION notify_schemas();

-- Who sees which rows.

ALTER TABLE schema_registries ENABLE ROW LEVEL SECURITY;
ALTER TABLE schema_registries FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON schema_registries TO observatory_app USING (tenant_id = current_tenant());
CREATE POLICY read_all ON schema_registries FOR SELECT TO observatory_system USING (true); -- every node looks for changes

ALTER TABLE schemas ENABLE ROW LEVEL SECURITY;
ALTER TABLE schemas FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON schemas TO observatory_app USING (tenant_id = current_tenant());

ALTER TABLE schema_versions ENABLE ROW LEVEL SECURITY;
ALTER TABLE schema_versions FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON schema_versions TO observatory_app USING (tenant_id = current_tenant());

ALTER TABLE schema_references ENABLE ROW LEVEL SECURITY;
ALTER TABLE schema_references FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON schema_references TO observatory_app USING (tenant_id = current_tenant());

ALTER TABLE schema_config ENABLE ROW LEVEL SECURITY;
ALTER TABLE schema_config FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON schema_config TO observatory_app USING (tenant_id = current_tenant());

-- Who may do what with the rows that they see. The text behind an ID never changes.

GRANT SELECT, INSERT, UPDATE (revision) ON schema_registries TO observatory_app;
GRANT SELECT, INSERT, DELETE ON schemas TO observatory_app;
GRANT SELECT, INSERT, UPDATE (deleted_at), DELETE ON schema_versions TO observatory_app;
GRANT SELECT, INSERT ON schema_references TO observatory_app; -- they go with their text
GRANT SELECT, INSERT, UPDATE (compatibility, normalize, mode), DELETE ON schema_config TO observatory_app;

GRANT SELECT ON schema_registries TO observatory_system;
