-- Keys that may read usage and invoices.

-- +goose Up

ALTER TABLE api_keys DROP CONSTRAINT api_keys_scopes_check;
ALTER TABLE api_keys ADD CONSTRAINT api_keys_scopes_check CHECK (
    scopes <@ ARRAY['events:write', 'query:read', 'schemas:read', 'schemas:write', 'privacy:write', 'billing:read', 'admin'] AND scopes <> '{}'
);
