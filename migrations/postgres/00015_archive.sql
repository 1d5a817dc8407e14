-- The archive: what holds for a tenant's, and what is known of its days. The files and their manifests are in the object storage; all but
-- keys can be lost here and is filled in again.

-- +goose Up

-- A row per tenant that has, or had, an archive. It references no tenant: it outlives one for as long as there are files.
CREATE TABLE archives (
    tenant_id  uuid PRIMARY KEY,
    encrypted  boolean     NOT NULL DEFAULT false, -- whether files are encrypted
    recipient  text        NOT NULL DEFAULT '',    -- the public half of the key, as age writes it; '' where there is none
    sealed_key bytea       NOT NULL DEFAULT '',    -- the other, AES-256-GCM under the process's secret key
    epoch      bigint      NOT NULL DEFAULT 0,     -- what was read in an earlier one must not be published
    changed_at timestamptz NOT NULL DEFAULT now(),
    CHECK (NOT encrypted OR recipient <> '')
);

-- The newest manifest of each day.
CREATE TABLE archive_days (
    tenant_id  uuid   NOT NULL,
    date       text   NOT NULL CHECK (date ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'),
    generation bigint NOT NULL,
    manifest   jsonb  NOT NULL CHECK (jsonb_typeof(manifest) = 'object'), -- holds no personal data
    files      bigint NOT NULL,
    events     bigint NOT NULL,
    bytes      bigint NOT NULL,
    newest     timestamptz, -- the beginning of the newest hour that has events
    written_at timestamptz NOT NULL,
    cleaned    bigint NOT NULL DEFAULT 0, -- nothing is left of what came before this generation
    PRIMARY KEY (tenant_id, date)
);

ALTER TABLE archives ENABLE ROW LEVEL SECURITY;
ALTER TABLE archives FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON archives TO observatory_app USING (tenant_id = current_tenant());

ALTER TABLE archive_days ENABLE ROW LEVEL SECURITY;
ALTER TABLE archive_days FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON archive_days TO observatory_app USING (tenant_id = current_tenant());

GRANT SELECT, INSERT, DELETE, UPDATE (encrypted, recipient, sealed_key, epoch, changed_at) ON archives TO observatory_app;
GRANT SELECT, INSERT, DELETE, UPDATE (generation, manifest, files, events, bytes, newest, written_at, cleaned) ON archive_days TO observatory_app;
