-- Organisations, people, sources, API keys, sessions, mail and the audit log.
--
-- Two kinds of tables stand here, and row-level security is enabled and forced on all of them:
--
--   Tenant-owned tables carry tenant_id (the table tenants: id). observatory_app sees and changes the rows of the tenant
--   that the transaction was opened for, and no rows when it was opened for none. observatory_system reads the few that
--   work across tenants needs, each named by a policy below, and writes none: when it has to change something in a tenant,
--   it goes on as observatory_app inside that tenant, in the same transaction.
--
--   Identity tables belong to no tenant: users, sessions, links, signing_keys, mail_outbox. Only observatory_system
--   touches them, because what a tenant's request could read there is somebody else's: password hashes, session hashes,
--   sealed private keys. The one exception is users, of which observatory_app sees the members of its own tenant, without
--   their password hashes.
--
-- Rights are given by the column where rows change at all, so that what is history (who made a key, with which claims)
-- cannot be rewritten. Nothing here may delete a tenant, a source, a key or an audit entry.

-- +goose Up

-- The tenant that this transaction was opened for; NULL, which equals nothing, when it was opened for none.
-- +goose StatementBegin
CREATE FUNCTION current_tenant() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('app.tenant_id', true), '')::uuid;
-- +goose StatementEnd

CREATE TABLE tenants (
    id         uuid PRIMARY KEY,
    name       text        NOT NULL CHECK (char_length(name) BETWEEN 1 AND 120),
    timezone   text        NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE users (
    id                uuid PRIMARY KEY,
    email             text        NOT NULL, -- as its owner wrote it; mail goes here
    email_key         text        NOT NULL UNIQUE, -- case folded, domain in ASCII; for comparing
    name              text        NOT NULL,
    password_hash     text        NOT NULL, -- PHC string format
    email_verified_at timestamptz,
    created_at        timestamptz NOT NULL
);

CREATE TABLE members (
    tenant_id uuid        NOT NULL REFERENCES tenants (id),
    user_id   uuid        NOT NULL REFERENCES users (id),
    role      text        NOT NULL CHECK (role IN ('owner', 'admin', 'analyst', 'viewer')),
    joined_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, user_id)
);
CREATE INDEX members_by_user ON members (user_id);

CREATE TABLE invitations (
    id           uuid PRIMARY KEY,
    tenant_id    uuid        NOT NULL REFERENCES tenants (id),
    email        text        NOT NULL,
    role         text        NOT NULL CHECK (role IN ('owner', 'admin', 'analyst', 'viewer')),
    invited_by   text        NOT NULL,
    token_hash   bytea       NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    accepted_at  timestamptz,
    withdrawn_at timestamptz,
    CHECK (accepted_at IS NULL OR withdrawn_at IS NULL)
);
CREATE INDEX invitations_open ON invitations (tenant_id) WHERE accepted_at IS NULL AND withdrawn_at IS NULL;

CREATE TABLE sources (
    id          uuid PRIMARY KEY,
    tenant_id   uuid        NOT NULL REFERENCES tenants (id),
    name        text        NOT NULL CHECK (char_length(name) BETWEEN 1 AND 120),
    kind        text        NOT NULL CHECK (kind IN ('site', 'app', 'sensor')),
    env         text        NOT NULL CHECK (env IN ('production', 'staging', 'development')),
    created_at  timestamptz NOT NULL,
    archived_at timestamptz,
    UNIQUE (tenant_id, id)
);

CREATE TABLE signing_keys (
    kid            text PRIMARY KEY, -- RFC 7638 thumbprint
    public_key     bytea       NOT NULL CHECK (octet_length(public_key) = 32),
    sealed_private bytea       NOT NULL, -- AES-256-GCM under the process's secret key
    ordinal        bigint      NOT NULL GENERATED ALWAYS AS IDENTITY, -- the highest signs; clocks of nodes differ too much to tell
    created_at     timestamptz NOT NULL,
    retired_at     timestamptz
);

CREATE TABLE api_keys (
    id          uuid PRIMARY KEY, -- the token's jti; the token itself is stored nowhere
    tenant_id   uuid        NOT NULL REFERENCES tenants (id),
    source_id   uuid        NOT NULL,
    kind        text        NOT NULL CHECK (kind IN ('publishable', 'secret')),
    name        text        NOT NULL CHECK (char_length(name) BETWEEN 1 AND 120),
    scopes      text[]      NOT NULL CHECK (scopes <@ ARRAY['events:write', 'query:read', 'privacy:write', 'admin'] AND scopes <> '{}'),
    env         text        NOT NULL CHECK (env IN ('production', 'staging', 'development')),
    origins     text[]      NOT NULL CHECK (kind = 'publishable' OR origins = '{}'),
    kid         text        NOT NULL REFERENCES signing_keys (kid),
    hint        text        NOT NULL,
    created_at  timestamptz NOT NULL,
    created_by  text        NOT NULL,
    expires_at  timestamptz,
    revoked_at  timestamptz,
    changed_xid bigint      NOT NULL, -- the transaction that changed the row last; set by a trigger, see below
    CHECK (kind = 'secret' OR scopes = ARRAY['events:write']),
    FOREIGN KEY (tenant_id, source_id) REFERENCES sources (tenant_id, id) -- a key of one tenant never names another's source
);
CREATE INDEX api_keys_by_tenant ON api_keys (tenant_id, id);
CREATE INDEX api_keys_by_change ON api_keys (changed_xid);
CREATE INDEX api_keys_by_kid ON api_keys (kid);

CREATE TABLE sessions (
    hash              bytea PRIMARY KEY CHECK (octet_length(hash) = 32), -- SHA-256 of the token
    user_id           uuid        NOT NULL REFERENCES users (id),
    current_tenant_id uuid REFERENCES tenants (id),
    created_at        timestamptz NOT NULL,
    last_seen_at      timestamptz NOT NULL,
    expires_at        timestamptz NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_end ON sessions (expires_at);

-- Single-use links that were mailed to people.
CREATE TABLE links (
    hash       bytea PRIMARY KEY CHECK (octet_length(hash) = 32), -- SHA-256 of the token
    kind       text        NOT NULL CHECK (kind IN ('verify', 'reset')),
    user_id    uuid        NOT NULL REFERENCES users (id),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX links_by_user ON links (user_id);

-- A mail is a row here before it is a mail, in the transaction that it belongs to.
CREATE TABLE mail_outbox (
    id          uuid PRIMARY KEY,
    kind        text        NOT NULL,
    sealed      bytea, -- recipient and link, AES-256-GCM; NULL once sent or given up
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    due_at      timestamptz NOT NULL,
    attempts    integer     NOT NULL DEFAULT 0,
    sent_at     timestamptz,
    given_up_at timestamptz,
    last_error  text
);
CREATE INDEX mail_outbox_due ON mail_outbox (due_at) WHERE sent_at IS NULL AND given_up_at IS NULL;

-- One chain per tenant: seq counts from 1 without gaps, hash covers the entry and prev_hash (tenants.AuditEntry.ChainHash).
CREATE TABLE audit_log (
    tenant_id      uuid        NOT NULL REFERENCES tenants (id),
    seq            bigint      NOT NULL CHECK (seq > 0),
    at             timestamptz NOT NULL,
    actor_kind     text        NOT NULL CHECK (actor_kind IN ('user', 'api_key', 'system')),
    actor_id       text        NOT NULL,
    actor_label    text        NOT NULL,
    action         text        NOT NULL,
    target         text        NOT NULL,
    details        jsonb       NOT NULL, -- an object of texts
    correlation_id text        NOT NULL,
    prev_hash      bytea       NOT NULL CHECK (octet_length(prev_hash) = 32),
    hash           bytea       NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (tenant_id, seq)
);

-- History is not rewritten, not even by the owner of the table, who would have to take this trigger away first.
-- +goose StatementBegin
CREATE FUNCTION refuse_rewriting() RETURNS trigger
    LANGUAGE plpgsql AS
$$
BEGIN
    RAISE EXCEPTION '% is history and takes no %', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;
-- +goose StatementEnd
CREATE TRIGGER audit_log_is_history BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();

-- Nodes follow the changes of keys in two ways: by notification, and by asking every two seconds for the rows that
-- changed in a transaction which they had not seen the end of. For the latter each row carries the number of the
-- transaction that changed it last: unlike a time or a sequence, it can be compared with a snapshot without missing
-- transactions that were still running.
-- +goose StatementBegin
CREATE FUNCTION stamp_changed_xid() RETURNS trigger
    LANGUAGE plpgsql AS
$$
BEGIN
    NEW.changed_xid := pg_current_xact_id()::text::bigint;
    RETURN NEW;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER api_keys_stamp BEFORE INSERT OR UPDATE ON api_keys
    FOR EACH ROW EXECUTE FUNCTION stamp_changed_xid();

-- +goose StatementBegin
CREATE FUNCTION notify_keys() RETURNS trigger
    LANGUAGE plpgsql AS
$$
BEGIN
    PERFORM pg_notify('observatory_keys', '');
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER api_keys_notify AFTER INSERT OR UPDATE OR DELETE ON api_keys
    FOR EACH STATEMENT EXECUTE FUNCTION notify_keys();
CREATE TRIGGER signing_keys_notify AFTER INSERT OR UPDATE OR DELETE ON signing_keys
    FOR EACH STATEMENT EXECUTE FUNCTION notify_keys();

-- Who sees which rows.

ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON tenants TO observatory_app USING (id = current_tenant());
CREATE POLICY read_all ON tenants FOR SELECT TO observatory_system USING (true); -- names for the organisation switch and invitations

ALTER TABLE members ENABLE ROW LEVEL SECURITY;
ALTER TABLE members FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON members TO observatory_app USING (tenant_id = current_tenant());
CREATE POLICY read_all ON members FOR SELECT TO observatory_system USING (true); -- a person's memberships

ALTER TABLE invitations ENABLE ROW LEVEL SECURITY;
ALTER TABLE invitations FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON invitations TO observatory_app USING (tenant_id = current_tenant());
CREATE POLICY read_all ON invitations FOR SELECT TO observatory_system USING (true); -- by the hash of a mailed token

ALTER TABLE sources ENABLE ROW LEVEL SECURITY;
ALTER TABLE sources FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON sources TO observatory_app USING (tenant_id = current_tenant());

ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE api_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON api_keys TO observatory_app USING (tenant_id = current_tenant());
CREATE POLICY read_all ON api_keys FOR SELECT TO observatory_system USING (true); -- every node's key ring

ALTER TABLE audit_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_log FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON audit_log TO observatory_app USING (tenant_id = current_tenant());

ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE users FORCE ROW LEVEL SECURITY;
CREATE POLICY own_members ON users FOR SELECT TO observatory_app
    USING (id IN (SELECT m.user_id FROM members m WHERE m.tenant_id = current_tenant()));
CREATE POLICY everything ON users TO observatory_system USING (true);

ALTER TABLE sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE sessions FORCE ROW LEVEL SECURITY;
CREATE POLICY everything ON sessions TO observatory_system USING (true);

ALTER TABLE links ENABLE ROW LEVEL SECURITY;
ALTER TABLE links FORCE ROW LEVEL SECURITY;
CREATE POLICY everything ON links TO observatory_system USING (true);

ALTER TABLE signing_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE signing_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY everything ON signing_keys TO observatory_system USING (true);

ALTER TABLE mail_outbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE mail_outbox FORCE ROW LEVEL SECURITY;
CREATE POLICY everything ON mail_outbox TO observatory_system USING (true);

-- Who may do what with the rows that they see.

GRANT SELECT, INSERT, UPDATE (name, timezone) ON tenants TO observatory_app;
GRANT SELECT, INSERT, UPDATE (role), DELETE ON members TO observatory_app;
GRANT SELECT (id, tenant_id, email, role, invited_by, created_at, expires_at, accepted_at, withdrawn_at),
    INSERT, UPDATE (accepted_at, withdrawn_at) ON invitations TO observatory_app;
GRANT SELECT, INSERT, UPDATE (name, archived_at) ON sources TO observatory_app;
GRANT SELECT, INSERT, UPDATE (name, origins, expires_at, revoked_at) ON api_keys TO observatory_app;
GRANT SELECT, INSERT ON audit_log TO observatory_app;
GRANT SELECT (id, email, name, email_verified_at, created_at) ON users TO observatory_app;

GRANT SELECT ON tenants, members, invitations, api_keys TO observatory_system;
GRANT SELECT, INSERT, UPDATE (password_hash, email_verified_at) ON users TO observatory_system;
GRANT SELECT, INSERT, UPDATE (current_tenant_id, last_seen_at), DELETE ON sessions TO observatory_system;
GRANT SELECT, INSERT, UPDATE (used_at), DELETE ON links TO observatory_system;
GRANT SELECT, INSERT, UPDATE (retired_at) ON signing_keys TO observatory_system;
GRANT SELECT, INSERT, UPDATE (sealed, due_at, attempts, sent_at, given_up_at, last_error), DELETE ON mail_outbox TO observatory_system;
