-- Of one tenant at a time at most one request is added: whoever comes second finds the first.
-- name: LockFiling :exec
SELECT pg_advisory_xact_lock(hashtextextended('privacy_requests ' || current_tenant()::text, 0));

-- name: FindRequestByKey :one
SELECT id, body FROM privacy_requests WHERE tenant_id = current_tenant() AND idempotency = @idempotency::bytea;

-- name: FindRequestByBody :one
SELECT id FROM privacy_requests
WHERE tenant_id = current_tenant() AND body = @body AND filed_at > @since AND state <> 'cancelled'
ORDER BY filed_at DESC
LIMIT 1;

-- name: CountOpenRequests :one
SELECT count(*) FROM privacy_requests WHERE tenant_id = current_tenant() AND ended_at IS NULL;

-- name: AddRequest :exec
INSERT INTO privacy_requests (id, tenant_id, type, state, note, stay, subjects, origin, filed_at, filed_by_kind, filed_by_id, filed_by, idempotency, body,
    deadline_at, approved_at, approved_by, asleep, changed_at)
VALUES (@id, current_tenant(), @type, @state, @note, @stay, @subjects, @origin, @filed_at, @filed_by_kind, @filed_by_id, @filed_by,
    sqlc.narg(idempotency), @body, @deadline_at, sqlc.narg(approved_at), sqlc.narg(approved_by), @asleep, @filed_at);

-- name: AddSubjects :exec
INSERT INTO privacy_subjects (tenant_id, request_id, number, hash, sealed)
SELECT current_tenant(), @request_id, unnest(@numbers::integer[]), unnest(@hashes::bytea[]), unnest(@sealed::bytea[]);

-- name: AreSubjectsBusy :one
SELECT EXISTS (
    SELECT FROM privacy_subjects s JOIN privacy_requests r ON r.id = s.request_id
    WHERE s.tenant_id = current_tenant() AND s.hash = ANY (@hashes::bytea[]) AND r.ended_at IS NULL AND r.type IN ('erase', 'restrict')
) AS busy;

-- name: GetRequest :one
SELECT id, tenant_id, type, state, note, stay, subjects, origin, filed_at, filed_by_kind, filed_by_id, filed_by, idempotency, body, deadline_at, extended,
    approved_at, approved_by, resolved, mark, position, waiting, changed_at, ended_at, error, asleep, told_at, closing
FROM privacy_requests WHERE tenant_id = current_tenant() AND id = @id;

-- name: GetRequestForUpdate :one
SELECT id, tenant_id, type, state, note, stay, subjects, origin, filed_at, filed_by_kind, filed_by_id, filed_by, idempotency, body, deadline_at, extended,
    approved_at, approved_by, resolved, mark, position, waiting, changed_at, ended_at, error, asleep, told_at, closing
FROM privacy_requests WHERE tenant_id = current_tenant() AND id = @id
FOR UPDATE;

-- name: ListRequests :many
SELECT id, tenant_id, type, state, note, stay, subjects, origin, filed_at, filed_by_kind, filed_by_id, filed_by, idempotency, body, deadline_at, extended,
    approved_at, approved_by, resolved, mark, position, waiting, changed_at, ended_at, error, asleep, told_at, closing
FROM privacy_requests
WHERE tenant_id = current_tenant() AND id < @before
    AND (cardinality(@states::text[]) = 0 OR state = ANY (@states::text[])) AND (@type::text = '' OR type = @type::text)
ORDER BY id DESC
LIMIT @max_rows;

-- name: ListOpenRequests :many
SELECT id, tenant_id, type, state, note, stay, subjects, origin, filed_at, filed_by_kind, filed_by_id, filed_by, idempotency, body, deadline_at, extended,
    approved_at, approved_by, resolved, mark, position, waiting, changed_at, ended_at, error, asleep, told_at, closing
FROM privacy_requests
WHERE tenant_id = current_tenant() AND ended_at IS NULL
ORDER BY deadline_at, id
LIMIT @max_rows;

-- name: SetRequest :exec
UPDATE privacy_requests SET state = @state, subjects = @subjects, deadline_at = @deadline_at, extended = @extended, approved_at = sqlc.narg(approved_at),
    approved_by = sqlc.narg(approved_by), resolved = @resolved, mark = @mark, position = sqlc.narg(position), waiting = @waiting,
    changed_at = @changed_at, ended_at = sqlc.narg(ended_at), error = @error, asleep = @asleep, told_at = sqlc.narg(told_at), closing = @closing
WHERE tenant_id = current_tenant() AND id = @id;

-- name: ListSubjects :many
SELECT number, sealed FROM privacy_subjects
WHERE tenant_id = current_tenant() AND request_id = @request_id AND number >= @first AND sealed IS NOT NULL
ORDER BY number
LIMIT @max_rows;

-- name: SealSubjects :exec
UPDATE privacy_subjects p SET sealed = t.s
FROM (SELECT unnest(@numbers::integer[]) AS n, unnest(@sealed::bytea[]) AS s) t
WHERE p.tenant_id = current_tenant() AND p.request_id = @request_id AND p.number = t.n;

-- name: ForgetSubjects :exec
UPDATE privacy_subjects SET sealed = NULL
WHERE tenant_id = current_tenant() AND request_id = @request_id AND sealed IS NOT NULL;

-- name: ListSteps :many
SELECT number, copy, state, before, unit, after, pending, evidence, began_at, erased_at, ended_at, failing_at, error
FROM privacy_steps WHERE tenant_id = current_tenant() AND request_id = @request_id
ORDER BY number;

-- name: PutStep :exec
INSERT INTO privacy_steps (tenant_id, request_id, number, copy, state, before, unit, after, pending, evidence, began_at, erased_at, ended_at, failing_at, error)
VALUES (current_tenant(), @request_id, @number, @copy, @state, @before, @unit, @after, @pending, @evidence, sqlc.narg(began_at), sqlc.narg(erased_at),
    sqlc.narg(ended_at), sqlc.narg(failing_at), @error)
ON CONFLICT (request_id, copy) DO UPDATE SET state = excluded.state, before = excluded.before, unit = excluded.unit, after = excluded.after,
    pending = excluded.pending, evidence = excluded.evidence, began_at = excluded.began_at, erased_at = excluded.erased_at, ended_at = excluded.ended_at,
    failing_at = excluded.failing_at, error = excluded.error;

-- name: AddMoment :exec
INSERT INTO privacy_moments (id, tenant_id, request_id, at, state, actor, text)
VALUES (@id, current_tenant(), @request_id, @at, @state, @actor, @text);

-- name: ListMoments :many
SELECT at, state, actor, text FROM privacy_moments
WHERE tenant_id = current_tenant() AND request_id = @request_id
ORDER BY id;

-- What Observatory looks for across tenants, as observatory_system.

-- name: ListAwakeRequests :many
SELECT id, tenant_id FROM privacy_requests WHERE NOT asleep ORDER BY id LIMIT 10000;

-- name: ListOverdueRequests :many
SELECT id, tenant_id FROM privacy_requests
WHERE ended_at IS NULL AND deadline_at < @now::timestamptz AND told_at IS NULL
ORDER BY tenant_id, id;

-- name: CountOverdueRequests :one
SELECT count(*) FROM privacy_requests WHERE ended_at IS NULL AND deadline_at < @now::timestamptz;

-- name: ListPrivacyManagers :many
SELECT t.name AS organisation, u.email
FROM members m JOIN users u ON u.id = m.user_id JOIN tenants t ON t.id = m.tenant_id
WHERE m.tenant_id = @tenant_id AND m.role IN ('owner', 'admin')
ORDER BY u.id;

-- name: MarkRequestTold :execrows
UPDATE privacy_requests SET told_at = @now::timestamptz
WHERE id = @id AND told_at IS NULL AND ended_at IS NULL;
