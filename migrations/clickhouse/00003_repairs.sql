-- +goose Up

-- Dead letters that were put right, or turned out to have been stored meanwhile. The dead letter itself stays until its time is over;
-- a receipt is read with these rows laid over it. They outlive every dead letter.
CREATE TABLE IF NOT EXISTS repairs
(
    tenant_id     UUID,
    received_at   DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    receipt_id    UUID,
    receipt_index UInt16,
    replay_id     UUID,
    status        Enum8('stored' = 0, 'duplicate' = 1),
    message       String CODEC(ZSTD(1)),
    repaired_at   DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    _batch_id     UUID CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (tenant_id, received_at, receipt_id, receipt_index)
TTL toDateTime(repaired_at) + INTERVAL 400 DAY
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1;

-- A repair moves an event from one count to another, in the hour in which it was received: a row that takes from one and gives to the other.
ALTER TABLE ledger
    MODIFY COLUMN received Int64,
    MODIFY COLUMN stored Int64,
    MODIFY COLUMN duplicate Int64,
    MODIFY COLUMN quarantined Int64,
    MODIFY COLUMN suppressed Int64,
    MODIFY COLUMN held Int64;

-- The replay of history that wrote the row in place of the one before. Such rows are not counted twice when the ledger is checked.
ALTER TABLE events ADD COLUMN IF NOT EXISTS _rerun_id UUID CODEC(ZSTD(1));

-- +goose Down
SELECT throwIf(1, 'migrations go forward only');
