-- What the operator measures of all tenants at once.

-- +goose Up

CREATE POLICY measure ON archive_days FOR SELECT TO observatory_system USING (true);
GRANT SELECT (tenant_id, bytes) ON archive_days TO observatory_system;
