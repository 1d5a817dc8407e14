-- name: AddSilence :exec
INSERT INTO silences (id, tenant_id, rules, groups, severities, starts_at, ends_at, reason, phase, created_at, created_by)
VALUES (@id, current_tenant(), @rules, @groups, @severities, @starts_at, @ends_at, @reason, @phase, @created_at, @created_by);

-- name: GetSilence :one
SELECT id, tenant_id, rules, groups, severities, starts_at, ends_at, reason, phase, created_at, created_by
FROM silences WHERE tenant_id = current_tenant() AND id = @id;

-- name: ListSilences :many
SELECT id, tenant_id, rules, groups, severities, starts_at, ends_at, reason, phase, created_at, created_by
FROM silences
WHERE tenant_id = current_tenant()
    AND (@phase::text = '' OR @phase::text = CASE WHEN starts_at > @now::timestamptz THEN 'scheduled' WHEN ends_at > @now::timestamptz THEN 'active' ELSE 'over' END)
    AND (ends_at, id) < (@after_ends_at::timestamptz, @after_id::uuid)
ORDER BY ends_at DESC, id DESC
LIMIT @max_rows;

-- name: ListSilencesNow :many
SELECT id, tenant_id, rules, groups, severities, starts_at, ends_at, reason, phase, created_at, created_by
FROM silences
WHERE tenant_id = current_tenant() AND starts_at <= @now AND (ends_at > @now OR phase <> 'over')
ORDER BY id;

-- name: SetSilence :exec
UPDATE silences SET rules = @rules, groups = @groups, severities = @severities, starts_at = @starts_at, ends_at = @ends_at, reason = @reason, phase = @phase
WHERE tenant_id = current_tenant() AND id = @id;

-- name: DeleteSilence :exec
DELETE FROM silences WHERE tenant_id = current_tenant() AND id = @id;
