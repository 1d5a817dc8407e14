-- +goose Up

-- When events of the request go for good that are held for a while; the first second of 1970 for other exceptions.
ALTER TABLE receipts ADD COLUMN IF NOT EXISTS exceptions_until Array(DateTime('UTC'));

-- Held events whose time is over are removed by a worker that counts them for the ledger first. This is for where no worker runs. The times
-- are seconds since 1970: what is kept for ever must not wrap around.
ALTER TABLE held_events MODIFY TTL toDateTime(least(toUnixTimestamp(expires_at) + 2592000, 4294967295), 'UTC');

-- +goose Down
SELECT throwIf(1, 'migrations go forward only');
