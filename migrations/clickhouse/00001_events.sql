-- +goose Up

-- ClickHouse has no transactions: a step that is cut short is done again from its beginning, so each of its statements bears repeating.

-- One row per event. A retry of an event within 24 hours is recognised before it gets here; a later one has the same
-- sorting key and is replaced by the engine, so queries read with FINAL. The hour, not the instant, is in the key:
-- a retry's corrected time may differ by the network's delay.
-- Columns that begin with an underscore are ours and never shown.
CREATE TABLE IF NOT EXISTS events
(
    tenant_id      UUID,
    event          LowCardinality(String),
    type           Enum8('track' = 1, 'identify' = 2, 'page' = 3, 'screen' = 4, 'group' = 5, 'alias' = 6),
    time           DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    event_id       String CODEC(ZSTD(1)),
    user_id        String CODEC(ZSTD(1)),
    anonymous_id   String CODEC(ZSTD(1)),
    session_id     String CODEC(ZSTD(1)),
    properties     String CODEC(ZSTD(1)),
    context        String CODEC(ZSTD(1)),
    source_id      UUID,
    received_at    DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    correlation_id String CODEC(ZSTD(1)),
    receipt_id     UUID CODEC(ZSTD(1)),
    receipt_index  UInt16,
    _batch_id      UUID CODEC(ZSTD(1)),
    INDEX received_at received_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (tenant_id, event, toStartOfHour(time), event_id)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- Events that broke a rule, as they were sent (redacted by the tenant's policy before they were written anywhere).
CREATE TABLE IF NOT EXISTS dead_letters
(
    tenant_id      UUID,
    received_at    DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    receipt_id     UUID,
    receipt_index  UInt16,
    event_id       String CODEC(ZSTD(1)),
    event          String CODEC(ZSTD(1)),
    code           LowCardinality(String),
    message        String CODEC(ZSTD(1)),
    payload        String CODEC(ZSTD(1)),
    source_id      UUID,
    correlation_id String CODEC(ZSTD(1)),
    _batch_id      UUID CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (tenant_id, received_at, receipt_id, receipt_index)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- One row per accepted request. The exceptions_ arrays name the events that were not stored; all others were.
CREATE TABLE IF NOT EXISTS receipts
(
    tenant_id          UUID,
    received_at        DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    receipt_id         UUID,
    source_id          UUID,
    key_id             UUID,
    correlation_id     String CODEC(ZSTD(1)),
    event_ids          Array(String) CODEC(ZSTD(1)),
    exceptions_index   Array(UInt16),
    exceptions_status  Array(Enum8('duplicate' = 1, 'quarantined' = 2, 'suppressed' = 3, 'held' = 4)),
    exceptions_code    Array(LowCardinality(String)),
    exceptions_message Array(String) CODEC(ZSTD(1)),
    _batch_id          UUID CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(received_at)
ORDER BY (tenant_id, received_at, receipt_id)
TTL toDateTime(received_at) + INTERVAL 31 DAY
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1;

-- The conservation ledger: one row per batch, tenant, source and hour of receipt. Sums over it never change once written.
CREATE TABLE IF NOT EXISTS ledger
(
    tenant_id   UUID,
    hour        DateTime('UTC'),
    source_id   UUID,
    received    UInt64,
    stored      UInt64,
    duplicate   UInt64,
    quarantined UInt64,
    suppressed  UInt64,
    held        UInt64,
    _batch_id   UUID
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (tenant_id, hour, source_id)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- +goose Down
SELECT throwIf(1, 'migrations go forward only');
