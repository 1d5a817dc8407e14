-- Organisations that leave. What does not say otherwise runs inside one tenant, as observatory_app.

-- name: AddOffboarding :exec
INSERT INTO offboardings (id, tenant_id, tenant_name, residency, state, asked_at, asked_by, erase_at, changed_at)
VALUES (@id, current_tenant(), @tenant_name, @residency, @state, @asked_at, @asked_by, @erase_at, @changed_at);

-- name: CloseTenant :exec
UPDATE tenants SET closing_at = @closing_at WHERE id = current_tenant();

-- name: NewestOffboarding :one
SELECT id, tenant_id, tenant_name, residency, state, asked_at, asked_by, erase_at, changed_at, ended_at, waiting, error, mark, position, steps, people, owners,
    export_object, export_bytes, export_digest, export_until, export_token, certificate_token
FROM offboardings WHERE tenant_id = current_tenant() ORDER BY id DESC LIMIT 1;

-- name: CancelOffboarding :execrows
UPDATE offboardings SET state = 'cancelled', changed_at = @now::timestamptz, ended_at = @now::timestamptz, waiting = '', export_token = NULL
WHERE tenant_id = current_tenant() AND state = 'received';

-- name: BeginErasingTenant :execrows
UPDATE offboardings SET state = 'barrier', mark = 0, position = NULL, changed_at = @now::timestamptz, waiting = '', people = @people, owners = @owners
WHERE tenant_id = current_tenant() AND id = @id AND state = 'received';

-- name: SaveOffboarding :execrows
UPDATE offboardings SET state = @state, changed_at = @changed_at, waiting = @waiting, error = @error, mark = @mark, position = @position, steps = @steps
WHERE tenant_id = current_tenant() AND id = @id AND ended_at IS NULL;

-- name: KeepOffboardingExport :execrows
UPDATE offboardings SET export_object = @export_object::text, export_bytes = @export_bytes::bigint, export_digest = @export_digest::text,
    export_until = @export_until::timestamptz, export_token = @export_token::bytea
WHERE tenant_id = current_tenant() AND id = @id AND ended_at IS NULL;

-- name: DropOffboardingExport :exec
UPDATE offboardings SET export_object = NULL, export_token = NULL WHERE tenant_id = current_tenant() AND id = @id;

-- name: EndOffboarding :execrows
UPDATE offboardings SET state = @state, changed_at = @now::timestamptz, ended_at = @now::timestamptz, waiting = '', steps = @steps, people = '{}', owners = NULL,
    certificate_token = @certificate_token::bytea
WHERE tenant_id = current_tenant() AND id = @id AND ended_at IS NULL;

-- The row stays for the audit log; it says nothing about who it was.
-- name: BuryTenant :exec
UPDATE tenants SET name = '(left)', closed_at = @closed_at::timestamptz WHERE id = current_tenant();

-- name: ListPeopleOfTenant :many
SELECT m.user_id, m.role, u.email FROM members m JOIN users u ON u.id = m.user_id WHERE m.tenant_id = current_tenant() ORDER BY m.user_id;

-- As observatory_system.
-- name: ListOpenOffboardings :many
SELECT DISTINCT tenant_id FROM offboardings
WHERE ended_at IS NULL OR (export_object IS NOT NULL AND export_until <= @now::timestamptz);

-- As observatory_system.
-- name: TenantOfExportToken :one
SELECT tenant_id FROM offboardings WHERE export_token = @token;

-- As observatory_system.
-- name: TenantOfCertificateToken :one
SELECT tenant_id FROM offboardings WHERE certificate_token = @token;
