-- +goose Up

-- Events that are kept aside: of people whose data is restricted, and such as nobody could say about whether they may be stored. They are
-- in no answer about events. A release goes through the log and stores an event under its own ID and time; a row in repairs says so.
-- The columns are those of events, in their order, then why and since when it is held and when it goes for good.
CREATE TABLE IF NOT EXISTS held_events
(
    tenant_id          UUID,
    event              LowCardinality(String),
    type               Enum8('track' = 1, 'identify' = 2, 'page' = 3, 'screen' = 4, 'group' = 5, 'alias' = 6),
    time               DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    event_id           String CODEC(ZSTD(1)),
    user_id            String CODEC(ZSTD(1)),
    anonymous_id       String CODEC(ZSTD(1)),
    session_id         String CODEC(ZSTD(1)),
    properties         String CODEC(ZSTD(1)),
    context            String CODEC(ZSTD(1)),
    source_id          UUID,
    received_at        DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    correlation_id     String CODEC(ZSTD(1)),
    receipt_id         UUID CODEC(ZSTD(1)),
    receipt_index      UInt16,
    sdk_name           LowCardinality(String),
    sdk_version        LowCardinality(String),
    schema_id          UInt32,
    violations_code    Array(LowCardinality(String)),
    violations_path    Array(String) CODEC(ZSTD(1)),
    violations_message Array(String) CODEC(ZSTD(1)),
    redactions         Array(LowCardinality(String)),
    policy_version     UInt32,
    bot                LowCardinality(String),
    facts              String CODEC(ZSTD(1)),
    reason             LowCardinality(String),                    -- restricted, suppression_unknown, ...
    held_at            DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    expires_at         DateTime('UTC') DEFAULT toDateTime(4294967295, 'UTC'), -- the last second that there is: never
    _batch_id          UUID CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (tenant_id, received_at, receipt_id, receipt_index)
TTL expires_at
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- An outcome can also be that an event which was held is suppressed for good, or that one which was stored is held.
ALTER TABLE repairs MODIFY COLUMN status Enum8('stored' = 0, 'duplicate' = 1, 'suppressed' = 3, 'held' = 4);

-- +goose Down
SELECT throwIf(1, 'migrations go forward only');
