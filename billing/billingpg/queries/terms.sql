-- What tenants agreed to. All but the last run inside one tenant, as observatory_app.

-- name: GetTenantCreated :one
SELECT created_at FROM tenants WHERE id = current_tenant();

-- name: ListTerms :many
SELECT revision, from_hour, plan, catalogue, currency, fee_interval, trial_until, coupon, spend_cap, reason, changed_by, at
FROM terms
WHERE tenant_id = current_tenant()
ORDER BY revision;

-- name: AddTerms :exec
INSERT INTO terms (tenant_id, revision, from_hour, plan, catalogue, currency, fee_interval, trial_until, coupon, spend_cap, reason, changed_by, at)
VALUES (current_tenant(), @revision, @from_hour, @plan, @catalogue, @currency, @fee_interval, sqlc.narg(trial_until), @coupon, sqlc.narg(spend_cap),
    @reason, @changed_by, @at);

-- name: ListTermsInUse :many
-- As observatory_system: plans that somebody agreed to.
SELECT DISTINCT catalogue, plan, coupon FROM terms ORDER BY catalogue, plan, coupon;
