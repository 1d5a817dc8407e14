-- +goose Up

-- Rows that were removed on purpose: erased, or past their retention. The ledger says what became of events when they came; what is there now
-- is that, less these. Whoever removes rows counts them here first. Rows are told by a digest of what was counted, so that counting the same
-- rows again, after a crash, changes nothing.
CREATE TABLE IF NOT EXISTS removals
(
    tenant_id    UUID,
    hour         DateTime('UTC'), -- of receipt
    source_id    UUID,
    kind         Enum8('events' = 1, 'dead_letters' = 2, 'held_events' = 3),
    digest       UInt64,
    rows         Int64,
    operation_id UUID,
    at           DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (tenant_id, hour, source_id, kind, digest)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

-- +goose Down
SELECT throwIf(1, 'migrations go forward only');
