-- The public form by which a tenant's users file requests about themselves, and what was filed by it and not confirmed yet.

-- +goose Up

CREATE TABLE privacy_forms (
    tenant_id  uuid PRIMARY KEY REFERENCES tenants (id),
    token      text        NOT NULL UNIQUE CHECK (token ~ '^[A-Za-z0-9_-]{22}$'), -- in the form's address; not a secret
    enabled    boolean     NOT NULL,
    title      text        NOT NULL CHECK (char_length(title) <= 120),
    intro      text        NOT NULL CHECK (char_length(intro) <= 2000),
    types      text[]      NOT NULL CHECK (cardinality(types) > 0 AND types <@ ARRAY ['erase', 'export', 'restrict']),
    changed_at timestamptz NOT NULL,
    changed_by text        NOT NULL
);

-- Until somebody has opened the link that was mailed to the address, a filing is no request. Then it is one, under its ID, and goes from here.
CREATE TABLE privacy_filings (
    id           uuid PRIMARY KEY,
    tenant_id    uuid        NOT NULL REFERENCES tenants (id),
    type         text        NOT NULL CHECK (type IN ('erase', 'export', 'restrict')),
    sealed_email bytea       NOT NULL,
    link_hash    bytea       NOT NULL UNIQUE CHECK (octet_length(link_hash) = 32), -- SHA-256 of the link's token
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL
);
CREATE INDEX privacy_filings_by_end ON privacy_filings (expires_at);
CREATE INDEX privacy_filings_by_tenant ON privacy_filings (tenant_id, created_at);

-- Who sees which rows. Whoever files is no member of any tenant, so filings are the system's.

ALTER TABLE privacy_forms ENABLE ROW LEVEL SECURITY;
ALTER TABLE privacy_forms FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON privacy_forms TO observatory_app USING (tenant_id = current_tenant());
CREATE POLICY read_all ON privacy_forms FOR SELECT TO observatory_system USING (true);

ALTER TABLE privacy_filings ENABLE ROW LEVEL SECURITY;
ALTER TABLE privacy_filings FORCE ROW LEVEL SECURITY;
CREATE POLICY work ON privacy_filings TO observatory_system USING (true);

GRANT SELECT, INSERT, UPDATE (token, enabled, title, intro, types, changed_at, changed_by) ON privacy_forms TO observatory_app;
GRANT SELECT ON privacy_forms TO observatory_system;
GRANT SELECT, INSERT, DELETE ON privacy_filings TO observatory_system;
