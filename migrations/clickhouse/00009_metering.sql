-- +goose Up

-- Usage is counted in the hour in which an event was received, so that receipts, the conservation ledger and invoices speak of the same hour. An
-- event that was held because its tenant had used up what its plan allows counts in the hour of its release.
ALTER TABLE events
    ADD COLUMN IF NOT EXISTS metered_at DateTime('UTC') DEFAULT toDateTime(received_at, 'UTC') CODEC(Delta, ZSTD(1)),
    ADD INDEX IF NOT EXISTS metered_at metered_at TYPE minmax GRANULARITY 1;
ALTER TABLE held_events
    ADD COLUMN IF NOT EXISTS metered_at DateTime('UTC') DEFAULT toDateTime(received_at, 'UTC') CODEC(Delta, ZSTD(1));

-- Whatever changes an hour of the conservation ledger has its usage counted again. Rows from before get the time of this migration, so that
-- hours that were never counted are.
ALTER TABLE ledger
    ADD COLUMN IF NOT EXISTS booked_at DateTime64(3, 'UTC') DEFAULT now64(3),
    ADD INDEX IF NOT EXISTS booked_at booked_at TYPE minmax GRANULARITY 1;
ALTER TABLE ledger MATERIALIZE COLUMN booked_at;

-- Events that counted as usage and were removed on purpose: erased, or past their retention. They count still. Whoever removes events writes
-- them down here first, so that what is in either place is, at any moment and after any crash, just what there was. An event is a hash of its
-- place in a receipt, which says nothing about it.
CREATE TABLE IF NOT EXISTS removed_usage
(
    tenant_id    UUID,
    hour         DateTime('UTC'), -- of metered_at
    meter        Enum8('events' = 1, 'bot_events' = 2, 'synthetic_events' = 3),
    event        UInt64,
    operation_id UUID CODEC(ZSTD(1)),
    at           DateTime64(3, 'UTC') DEFAULT now64(3) CODEC(Delta, ZSTD(1)),
    INDEX at at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (tenant_id, hour, meter, event)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

-- People of whom such events were removed, as hashes, with the first hour of the month that they counted in: who comes again after that is not
-- counted twice. Gone when nobody counts the month any more.
CREATE TABLE IF NOT EXISTS removed_users
(
    tenant_id UUID,
    month     Date,
    user      UInt64,
    hour      SimpleAggregateFunction(min, DateTime('UTC'))
)
ENGINE = AggregatingMergeTree
PARTITION BY month
ORDER BY (tenant_id, month, user)
TTL month + INTERVAL 80 DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1;

-- +goose Down
SELECT throwIf(1, 'migrations go forward only');
