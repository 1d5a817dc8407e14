-- Keys belong to the installation: run across tenants, as observatory_system.

-- name: LockCertificateKeys :exec
SELECT pg_advisory_xact_lock(hashtextextended('observatory certificate keys', 0));

-- name: ListCertificateKeys :many
SELECT kid, public_key, sealed_private, created_at FROM certificate_keys ORDER BY ordinal DESC;

-- name: AddCertificateKey :exec
INSERT INTO certificate_keys (kid, public_key, sealed_private, created_at) VALUES (@kid, @public_key, @sealed_private, @created_at);

-- Certificates belong to a tenant: run inside it, as observatory_app.

-- name: GetTenantName :one
SELECT name, coalesce(residency, '')::text AS residency FROM tenants WHERE id = current_tenant();

-- name: KeepCertificate :exec
INSERT INTO privacy_certificates (request_id, tenant_id, kid, jws, issued_at) VALUES (@request_id, current_tenant(), @kid, @jws, @issued_at)
ON CONFLICT (request_id) DO NOTHING;

-- name: GetCertificate :one
SELECT kid, jws, issued_at FROM privacy_certificates WHERE request_id = @request_id;
