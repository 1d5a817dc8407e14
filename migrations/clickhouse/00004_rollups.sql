-- +goose Up

-- Rollups: what queries ask again and again, per tenant and hour of the events' time. They are never adjusted: whatever changes in an
-- hour marks it, and its rollup is computed again from the events, under a new version. rollup_hours says which version is in force, and is
-- written last: readers take the rows of that version and no others.

-- Which hours have changed, and how far the rollup must have come. One row per hour and log: a batch that is about to be stored raises
-- begun to the end of its range, and stored afterwards. Maxima bear repeating. Changes that come by no log (an erasure, a person
-- who became known) have the zero log, and microseconds since 1970 in both.
CREATE TABLE IF NOT EXISTS marks
(
    tenant_id UUID,
    hour      DateTime('UTC'),
    log_id    UUID,
    begun     SimpleAggregateFunction(max, UInt64),
    stored    SimpleAggregateFunction(max, UInt64),
    marked_at SimpleAggregateFunction(max, DateTime64(3, 'UTC')),
    INDEX marked_at marked_at TYPE minmax GRANULARITY 1
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (tenant_id, hour, log_id)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- The version in force: the highest. marks are those it was computed from, by log, in the order of logs. gaps name what it does not hold
-- because there was too much of it: 'numbers', or 'values:' and a path.
CREATE TABLE IF NOT EXISTS rollup_hours
(
    tenant_id   UUID,
    hour        DateTime('UTC'),
    version     UInt64, -- microseconds since 1970
    marks       Array(Tuple(log_id UUID, stored UInt64)),
    events      UInt64,
    breakdowns  Array(String), -- paths that rollup_values was asked to hold
    gaps        Array(String),
    computed_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(hour)
ORDER BY (tenant_id, hour)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS rollup_events
(
    tenant_id UUID,
    event     LowCardinality(String),
    hour      DateTime('UTC'),
    version   UInt64,
    events    UInt64,
    people    AggregateFunction(uniqExactIf, String, UInt8) -- of persons, where there is one
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (tenant_id, event, hour, version)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- JSON numbers at the top level of properties.
CREATE TABLE IF NOT EXISTS rollup_numbers
(
    tenant_id UUID,
    event     LowCardinality(String),
    property  String,
    hour      DateTime('UTC'),
    version   UInt64,
    numbers   UInt64, -- events that have a number there
    sum       AggregateFunction(sumKahan, Float64),
    min       Float64,
    max       Float64,
    quantiles AggregateFunction(quantilesExactInclusive(0.5, 0.95, 0.99), Float64) CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (tenant_id, event, property, hour, version)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- All values of the chosen breakdowns; NULL for events without one.
CREATE TABLE IF NOT EXISTS rollup_values
(
    tenant_id UUID,
    event     LowCardinality(String),
    path      LowCardinality(String),
    hour      DateTime('UTC'),
    version   UInt64,
    value     Nullable(String) CODEC(ZSTD(1)),
    events    UInt64,
    people    AggregateFunction(uniqExactIf, String, UInt8)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (tenant_id, path, event, hour, version)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- A session's events within one hour. A session is what its rows come to together.
CREATE TABLE IF NOT EXISTS rollup_sessions
(
    tenant_id  UUID,
    hour       DateTime('UTC'),
    version    UInt64,
    session_id String CODEC(ZSTD(1)),
    began      DateTime64(3, 'UTC'),
    ended      DateTime64(3, 'UTC'),
    events     UInt64
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (tenant_id, hour, version, session_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Who was there within one hour, by the IDs that events carried together, and for the first time with which event.
CREATE TABLE IF NOT EXISTS rollup_people
(
    tenant_id      UUID,
    hour           DateTime('UTC'),
    version        UInt64,
    user_id        String CODEC(ZSTD(1)),
    anonymous_id   String CODEC(ZSTD(1)),
    events         UInt64,
    first_at       DateTime64(3, 'UTC'),
    first_event_id String CODEC(ZSTD(1)),
    last_at        DateTime64(3, 'UTC')
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (tenant_id, hour, version, user_id, anonymous_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- User IDs that were said to be the same person: previous_id from then on goes by user_id.
CREATE TABLE IF NOT EXISTS rollup_aliases
(
    tenant_id   UUID,
    hour        DateTime('UTC'),
    version     UInt64,
    previous_id String CODEC(ZSTD(1)),
    user_id     String CODEC(ZSTD(1)),
    at          DateTime64(3, 'UTC'),
    event_id    String CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (tenant_id, hour, version, previous_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- IDs that belong to a person who goes by another: what stitching has made of rollup_people and rollup_aliases. An ID that has become its
-- own person again has person = id.
CREATE TABLE IF NOT EXISTS identities
(
    tenant_id UUID,
    id        String CODEC(ZSTD(1)),
    person    String CODEC(ZSTD(1)),
    version   UInt64 -- microseconds since 1970
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (tenant_id, id)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- +goose Down
SELECT throwIf(1, 'migrations go forward only');
