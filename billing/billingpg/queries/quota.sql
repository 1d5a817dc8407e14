-- name: ListQuotasChangedSince :many
SELECT tenant_id, events, hold, keep_days, because, extra, to_char(extra_month, 'YYYY-MM-DD') AS extra_month, standing, raised_at, release_id
FROM quotas
WHERE changed_xid >= @since::bigint;

-- name: SnapshotXmin :one
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint;

-- name: LockQuotas :many
SELECT tenant_id, events, hold, keep_days, because, extra, to_char(extra_month, 'YYYY-MM-DD') AS extra_month, standing, raised_at, release_id
FROM quotas
WHERE tenant_id = ANY (@tenants::uuid[])
ORDER BY tenant_id
FOR UPDATE;

-- name: OthersClaims :many
-- A log that was not heard of for as long as a claim is kept uses no claim without asking. That is by the clock of this server: those of nodes differ.
SELECT tenant_id, to_char(month, 'YYYY-MM-DD') AS month,
    sum(CASE WHEN at > now() - @kept::interval THEN claimed ELSE counted END)::bigint AS claimed,
    sum(CASE WHEN at > now() - @kept::interval THEN claimed - counted ELSE 0 END)::bigint AS spare
FROM quota_counts
WHERE tenant_id = ANY (@tenants::uuid[]) AND month = ANY (CAST(@months::text[] AS date[])) AND log_id <> @log_id
GROUP BY tenant_id, month;

-- name: PutQuotaCounts :exec
INSERT INTO quota_counts (tenant_id, month, log_id, counted, claimed, at)
SELECT t.tenant, t.month::date, @log_id, t.counted, t.claimed, now()
FROM (SELECT unnest(@tenants::uuid[]) AS tenant, unnest(@months::text[]) AS month, unnest(@counted::bigint[]) AS counted, unnest(@claimed::bigint[]) AS claimed) AS t
JOIN tenants ON tenants.id = t.tenant
ORDER BY t.tenant, t.month
ON CONFLICT (tenant_id, month, log_id) DO UPDATE SET counted = EXCLUDED.counted, claimed = EXCLUDED.claimed, at = EXCLUDED.at;

-- name: FindQuota :many
SELECT tenant_id, events, hold, keep_days, because, extra, to_char(extra_month, 'YYYY-MM-DD') AS extra_month, standing, raised_at, release_id
FROM quotas;

-- name: LockQuota :many
SELECT tenant_id, events, hold, keep_days, because, extra, to_char(extra_month, 'YYYY-MM-DD') AS extra_month, standing, raised_at, release_id
FROM quotas
FOR UPDATE;

-- Where there is no row nothing can be locked; whoever finds none makes one that says nothing.
-- name: OpenQuota :exec
INSERT INTO quotas (tenant_id, hold, keep_days, because, changed_at, changed_xid) VALUES (current_tenant(), false, @keep_days, @because, @at, 0)
ON CONFLICT DO NOTHING;

-- name: PutQuota :exec
INSERT INTO quotas (tenant_id, events, hold, keep_days, because, extra, extra_month, standing, raised_at, release_id, changed_at, changed_xid)
VALUES (current_tenant(), sqlc.narg(events)::bigint, @hold, @keep_days, @because, @extra, CAST(@extra_month::text AS date), @standing, sqlc.narg(raised_at)::timestamptz, sqlc.narg(release_id)::uuid, @at, 0)
ON CONFLICT (tenant_id) DO UPDATE SET events = EXCLUDED.events, hold = EXCLUDED.hold, keep_days = EXCLUDED.keep_days, because = EXCLUDED.because,
    extra = EXCLUDED.extra, extra_month = EXCLUDED.extra_month, standing = EXCLUDED.standing, raised_at = EXCLUDED.raised_at, release_id = EXCLUDED.release_id, changed_at = EXCLUDED.changed_at;

-- name: CountQuota :one
SELECT coalesce(sum(counted), 0)::bigint FROM quota_counts WHERE month = CAST(@month::text AS date);

-- name: CountQuotas :many
SELECT tenant_id, sum(counted)::bigint AS counted FROM quota_counts WHERE month = CAST(@month::text AS date) GROUP BY tenant_id;

-- name: ListRaisedQuotas :many
SELECT tenant_id, events, hold, keep_days, because, extra, to_char(extra_month, 'YYYY-MM-DD') AS extra_month, standing, raised_at, release_id
FROM quotas
WHERE raised_at IS NOT NULL
ORDER BY raised_at, tenant_id;

-- name: SetQuotaRelease :exec
UPDATE quotas SET raised_at = sqlc.narg(raised_at)::timestamptz, release_id = sqlc.narg(release_id)::uuid
WHERE tenant_id = @tenant_id AND raised_at = @was;

-- name: ListTenantsForQuotas :many
SELECT id FROM tenants WHERE closed_at IS NULL ORDER BY id;

-- name: AddQuotaWarning :execrows
INSERT INTO quota_warnings (tenant_id, month, kind, used, events, day, at)
VALUES (@tenant_id, CAST(@month::text AS date), @kind, @used, @events, CAST(sqlc.narg(day)::text AS date), @at)
ON CONFLICT DO NOTHING;

-- name: ListQuotaWarnings :many
SELECT kind, used, events, to_char(coalesce(day, '1970-01-01'), 'YYYY-MM-DD') AS day, at FROM quota_warnings WHERE month = CAST(@month::text AS date) ORDER BY at, kind;

-- name: ListQuotaWarningsOfMonth :many
SELECT tenant_id, kind FROM quota_warnings WHERE month = CAST(@month::text AS date);
