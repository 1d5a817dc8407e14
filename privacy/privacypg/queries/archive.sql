-- name: GetArchive :many
SELECT encrypted, recipient, sealed_key, epoch FROM archives;

-- name: EnsureArchive :exec
INSERT INTO archives (tenant_id) VALUES (current_tenant()) ON CONFLICT DO NOTHING;

-- name: LockArchive :one
SELECT epoch FROM archives FOR UPDATE;

-- name: AdvanceArchive :exec
INSERT INTO archives (tenant_id, epoch) VALUES (current_tenant(), 1)
ON CONFLICT (tenant_id) DO UPDATE SET epoch = archives.epoch + 1, changed_at = now();

-- A manifest is kept unless a newer one is.
-- name: PutArchiveDay :exec
INSERT INTO archive_days (tenant_id, date, generation, manifest, files, events, bytes, newest, written_at)
VALUES (current_tenant(), @date, @generation, @manifest, @files, @events, @bytes, sqlc.narg(newest), @written_at)
ON CONFLICT (tenant_id, date) DO UPDATE SET
    generation = excluded.generation, manifest = excluded.manifest, files = excluded.files, events = excluded.events, bytes = excluded.bytes,
    newest = excluded.newest, written_at = excluded.written_at
WHERE archive_days.generation < excluded.generation;

-- name: ListArchiveDays :many
SELECT manifest, (cleaned >= generation)::boolean AS cleaned
FROM archive_days
WHERE cardinality(@dates::text[]) = 0 OR date = ANY (@dates::text[]);

-- name: CleanedArchiveDay :exec
UPDATE archive_days SET cleaned = @generation WHERE date = @date AND cleaned < @generation AND generation = @generation;

-- name: SumArchiveDays :one
SELECT count(*) AS days, COALESCE(sum(files), 0)::bigint AS files, COALESCE(sum(events), 0)::bigint AS events, COALESCE(sum(bytes), 0)::bigint AS bytes,
    COALESCE(max(newest), 'epoch')::timestamptz AS newest, COALESCE(max(written_at), 'epoch')::timestamptz AS written_at
FROM archive_days;

-- name: SetArchiveKey :exec
UPDATE archives SET recipient = @recipient, sealed_key = @sealed_key, changed_at = now() WHERE recipient = '';

-- name: SetArchiveEncrypted :execrows
UPDATE archives SET encrypted = @encrypted, changed_at = now() WHERE encrypted <> @encrypted;

-- name: RemoveArchive :exec
UPDATE archives SET encrypted = false, recipient = '', sealed_key = '', changed_at = now();

-- name: RemoveArchiveDays :exec
DELETE FROM archive_days;
