-- The life cycle of data: how long it is kept, which of it is used, where it is kept, and how a whole tenant is erased.

-- +goose Up

ALTER TABLE policies DROP CONSTRAINT policies_kind_check,
    ADD CONSTRAINT policies_kind_check CHECK (kind IN ('contract', 'redaction', 'enrichment', 'quarantine', 'retention'));

-- One application of a tenant's retention policy. A run that was cut short is taken up again: what it was counted to remove stays as it is.
CREATE TABLE retention_runs (
    id             uuid PRIMARY KEY,
    tenant_id      uuid        NOT NULL REFERENCES tenants (id),
    policy_version integer     NOT NULL CHECK (policy_version >= 0),
    today          timestamptz NOT NULL, -- midnight UTC from which days are counted back
    state          text        NOT NULL CHECK (state IN ('running', 'done', 'failed')),
    counted        boolean     NOT NULL DEFAULT false, -- what goes stands in the books; it is not counted again
    results        jsonb       NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(results) = 'array'), -- per rule and copy: how much went
    evidence       jsonb       NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(evidence) = 'object'),
    error          text        NOT NULL DEFAULT '',
    asked_by       text        NOT NULL, -- label
    started_at     timestamptz NOT NULL,
    ended_at       timestamptz CHECK ((ended_at IS NOT NULL) = (state <> 'running'))
);
CREATE INDEX retention_runs_by_tenant ON retention_runs (tenant_id, id DESC);
CREATE UNIQUE INDEX retention_runs_one_open ON retention_runs (tenant_id) WHERE state = 'running';

-- When somebody last asked about a property. An empty event: about events of any name.
CREATE TABLE property_uses (
    tenant_id    uuid        NOT NULL REFERENCES tenants (id),
    event        text        NOT NULL,
    path         text        NOT NULL CHECK (path <> ''),
    first_used   timestamptz NOT NULL,
    last_used    timestamptz NOT NULL,
    uses         bigint      NOT NULL CHECK (uses > 0),
    PRIMARY KEY (tenant_id, event, path)
);

-- Where a tenant's data may be kept, and whether it is leaving. Nodes follow both with the tenant's API keys.
ALTER TABLE tenants
    ADD COLUMN residency  text CHECK (residency ~ '^[a-z0-9-]{1,32}$'), -- NULL: anywhere
    ADD COLUMN closing_at timestamptz, -- since then nothing is accepted for it
    ADD COLUMN closed_at  timestamptz; -- when it was erased; the row stays for the audit log

-- +goose StatementBegin
CREATE FUNCTION touch_keys_of_tenant() RETURNS trigger
    LANGUAGE plpgsql AS
$$
BEGIN
    UPDATE api_keys SET revoked_at = revoked_at WHERE tenant_id = NEW.id; -- stamps and notifies
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER tenants_touch_keys AFTER UPDATE OF residency, closing_at ON tenants
    FOR EACH ROW EXECUTE FUNCTION touch_keys_of_tenant();

-- How a tenant leaves. The row outlives everything else of the tenant, with the certificate.
CREATE TABLE offboardings (
    id               uuid PRIMARY KEY,
    tenant_id        uuid        NOT NULL REFERENCES tenants (id),
    tenant_name      text        NOT NULL,
    residency        text,
    state            text        NOT NULL CHECK (state IN ('received', 'barrier', 'deleting', 'verifying',
        'completed', 'completed_with_exceptions', 'failed', 'cancelled')),
    asked_at         timestamptz NOT NULL,
    asked_by         text        NOT NULL, -- label
    erase_at         timestamptz NOT NULL, -- not before; until then it can be called off
    changed_at       timestamptz NOT NULL, -- when it got its state
    ended_at         timestamptz CHECK ((ended_at IS NOT NULL) = (state IN ('completed', 'completed_with_exceptions', 'failed', 'cancelled'))),
    waiting          text        NOT NULL DEFAULT '', -- what it waits for, in words
    error            text        NOT NULL DEFAULT '',
    mark             bigint      NOT NULL DEFAULT 0, -- that the barrier is about
    position         jsonb, -- of the logs, once they are past the barrier
    steps            jsonb       NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(steps) = 'array'), -- per copy: before, after, evidence
    people           uuid[]      NOT NULL DEFAULT '{}', -- members whose accounts are looked at once the tenant's rows are gone
    owners           bytea, -- addresses of the owners, sealed, until they were told of the end
    export_object    text, -- the last export, in object storage; NULL while it is made and after it was removed
    export_bytes     bigint,
    export_digest    text, -- hex SHA-256
    export_until     timestamptz,
    export_token     bytea CHECK (octet_length(export_token) = 32), -- hash of the mailed token
    certificate_token bytea CHECK (octet_length(certificate_token) = 32)
);
CREATE UNIQUE INDEX offboardings_one_open ON offboardings (tenant_id) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX offboardings_by_export_token ON offboardings (export_token) WHERE export_token IS NOT NULL;
CREATE UNIQUE INDEX offboardings_by_certificate_token ON offboardings (certificate_token) WHERE certificate_token IS NOT NULL;

-- A third role erases whole tenants, table by table, and can do so only while the tenant is being erased. It belongs to the whole server.
-- +goose StatementBegin
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'observatory_eraser') THEN
        BEGIN
            CREATE ROLE observatory_eraser NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL; -- somebody else was quicker
        END;
    END IF;
    IF NOT pg_has_role(current_user, 'observatory_eraser', 'SET') THEN
        BEGIN
            GRANT observatory_eraser TO CURRENT_USER;
        EXCEPTION WHEN unique_violation THEN
            NULL;
        END;
    END IF;
END
$$;
-- +goose StatementEnd
GRANT USAGE ON SCHEMA public TO observatory_eraser;

-- +goose StatementBegin
CREATE FUNCTION tenant_is_being_erased() RETURNS boolean
    LANGUAGE sql STABLE
    RETURN EXISTS (SELECT FROM offboardings o WHERE o.tenant_id = current_tenant() AND o.state IN ('deleting', 'verifying'));
-- +goose StatementEnd

-- Every table with tenant_id is either made erasable by this function, in the migration that makes the table, or named in privacy/inventory as
-- one that stays. A test compares both with the tables that there are.
-- +goose StatementBegin
CREATE FUNCTION make_erasable(t regclass) RETURNS void
    LANGUAGE plpgsql AS
$$
BEGIN
    EXECUTE format('GRANT SELECT, DELETE ON %s TO observatory_eraser', t);
    EXECUTE format('CREATE POLICY erase ON %s TO observatory_eraser USING (tenant_id = current_tenant() AND tenant_is_being_erased())', t);
END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
DO $$
DECLARE
    t regclass;
BEGIN
    FOR t IN
        SELECT a.attrelid::regclass FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE a.attname = 'tenant_id' AND NOT a.attisdropped AND c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
          AND c.relname NOT IN ('audit_log', 'offboardings', 'privacy_certificates')
    LOOP
        PERFORM make_erasable(t);
    END LOOP;
END
$$;
-- +goose StatementEnd

-- Certificates hold no personal data, and outlive the requests that they are about.
ALTER TABLE privacy_certificates DROP CONSTRAINT IF EXISTS privacy_certificates_tenant_id_request_id_fkey;

-- With a tenant go the accounts of people who belong to no other.
CREATE POLICY see_all ON members FOR SELECT TO observatory_eraser USING (true);
CREATE POLICY erase ON users TO observatory_eraser
    USING (tenant_is_being_erased() AND NOT EXISTS (SELECT FROM members m WHERE m.user_id = users.id));
CREATE POLICY erase ON sessions TO observatory_eraser
    USING (tenant_is_being_erased() AND NOT EXISTS (SELECT FROM members m WHERE m.user_id = sessions.user_id));
CREATE POLICY erase ON links TO observatory_eraser
    USING (tenant_is_being_erased() AND NOT EXISTS (SELECT FROM members m WHERE m.user_id = links.user_id));
GRANT SELECT (id), DELETE ON users TO observatory_eraser;
GRANT SELECT (user_id), DELETE ON sessions, links TO observatory_eraser;

-- History is not rewritten; it ends with its tenant. The audit log does not: the role has no right to it.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION refuse_rewriting() RETURNS trigger
    LANGUAGE plpgsql AS
$$
BEGIN
    IF TG_OP = 'DELETE' AND current_user = 'observatory_eraser' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% is history and takes no %', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;
-- +goose StatementEnd

ALTER TABLE retention_runs ENABLE ROW LEVEL SECURITY;
ALTER TABLE retention_runs FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON retention_runs TO observatory_app USING (tenant_id = current_tenant());

ALTER TABLE property_uses ENABLE ROW LEVEL SECURITY;
ALTER TABLE property_uses FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON property_uses TO observatory_app USING (tenant_id = current_tenant());

ALTER TABLE offboardings ENABLE ROW LEVEL SECURITY;
ALTER TABLE offboardings FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON offboardings TO observatory_app USING (tenant_id = current_tenant());
CREATE POLICY read_all ON offboardings FOR SELECT TO observatory_system USING (true); -- what is open; and by the hash of a mailed token
CREATE POLICY erased ON offboardings FOR SELECT TO observatory_eraser USING (tenant_id = current_tenant());

GRANT SELECT, INSERT, UPDATE (state, counted, results, evidence, error, ended_at) ON retention_runs TO observatory_app;
GRANT SELECT, INSERT, UPDATE (last_used, uses) ON property_uses TO observatory_app;
GRANT UPDATE (residency, closing_at, closed_at) ON tenants TO observatory_app;
GRANT SELECT, INSERT, UPDATE (state, changed_at, ended_at, waiting, error, mark, position, steps, people, owners,
    export_object, export_bytes, export_digest, export_until, export_token, certificate_token) ON offboardings TO observatory_app;
GRANT SELECT ON offboardings TO observatory_system;
GRANT SELECT ON offboardings TO observatory_eraser;
GRANT SELECT (tenant_id, kind, version) ON policies TO observatory_system; -- who has a retention policy
