-- Proofs: the keys that sign certificates of privacy requests, the certificates, and the files that subjects are given of their data.

-- +goose Up

-- Only observatory_system touches keys. The newest signs. All stay for good, so that every certificate can be verified.
CREATE TABLE certificate_keys (
    kid            text PRIMARY KEY, -- RFC 7638 thumbprint of the public half
    public_key     bytea       NOT NULL CHECK (octet_length(public_key) = 32),
    sealed_private bytea       NOT NULL, -- AES-256-GCM under the process's secret key
    ordinal        bigint      NOT NULL GENERATED ALWAYS AS IDENTITY, -- the highest signs
    created_at     timestamptz NOT NULL
);

-- Certificates hold no personal data.
CREATE TABLE privacy_certificates (
    request_id uuid PRIMARY KEY,
    tenant_id  uuid        NOT NULL,
    kid        text        NOT NULL REFERENCES certificate_keys (kid),
    jws        text        NOT NULL,
    issued_at  timestamptz NOT NULL,
    FOREIGN KEY (tenant_id, request_id) REFERENCES privacy_requests (tenant_id, id)
);

-- One row per export. The file is in the object storage until it expires, or until one of its subjects is erased; the row stays without it.
-- The row is there before the file, so that no file is ever forgotten.
CREATE TABLE privacy_exports (
    request_id    uuid PRIMARY KEY,
    tenant_id     uuid        NOT NULL,
    object        text        NOT NULL, -- its name in the object storage
    bytes         bigint      NOT NULL DEFAULT 0 CHECK (bytes >= 0),
    sha256        text        NOT NULL DEFAULT '',
    records       jsonb       NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(records) = 'object'),
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    made_at       timestamptz, -- NULL: the file is being written
    token_hash    bytea UNIQUE CHECK (octet_length(token_hash) = 32), -- of the newest link; NULL when there is none, or it was used
    downloads     integer     NOT NULL DEFAULT 0,
    downloaded_at timestamptz,
    erased_at     timestamptz, -- the file is gone
    erased_by     uuid, -- the request that erased it; NULL: it had expired
    CHECK ((made_at IS NULL) = (sha256 = '')),
    FOREIGN KEY (tenant_id, request_id) REFERENCES privacy_requests (tenant_id, id)
);
CREATE INDEX privacy_exports_by_tenant ON privacy_exports (tenant_id);
CREATE INDEX privacy_exports_to_sweep ON privacy_exports (expires_at) WHERE erased_at IS NULL;

-- Whom an exported file is about, by keyed hashes of their identifiers.
CREATE TABLE privacy_export_subjects (
    tenant_id  uuid  NOT NULL REFERENCES tenants (id),
    hash       bytea NOT NULL CHECK (octet_length(hash) = 16),
    request_id uuid  NOT NULL REFERENCES privacy_exports (request_id) ON DELETE CASCADE,
    PRIMARY KEY (tenant_id, hash, request_id)
);

-- Who sees which rows, and may do what with them. Whoever has a link has no tenant: whose it is, is found across them.

ALTER TABLE certificate_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE certificate_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY keep ON certificate_keys TO observatory_system USING (true);

ALTER TABLE privacy_certificates ENABLE ROW LEVEL SECURITY;
ALTER TABLE privacy_certificates FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON privacy_certificates TO observatory_app USING (tenant_id = current_tenant());

ALTER TABLE privacy_exports ENABLE ROW LEVEL SECURITY;
ALTER TABLE privacy_exports FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON privacy_exports TO observatory_app USING (tenant_id = current_tenant());
CREATE POLICY read_all ON privacy_exports FOR SELECT TO observatory_system USING (true);

ALTER TABLE privacy_export_subjects ENABLE ROW LEVEL SECURITY;
ALTER TABLE privacy_export_subjects FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON privacy_export_subjects TO observatory_app USING (tenant_id = current_tenant());

GRANT SELECT, INSERT ON certificate_keys TO observatory_system;
GRANT SELECT, INSERT ON privacy_certificates TO observatory_app;
GRANT SELECT, INSERT, UPDATE (bytes, sha256, records, made_at, token_hash, downloads, downloaded_at, erased_at, erased_by) ON privacy_exports TO observatory_app;
GRANT SELECT ON privacy_exports TO observatory_system;
GRANT SELECT, INSERT, DELETE ON privacy_export_subjects TO observatory_app;
