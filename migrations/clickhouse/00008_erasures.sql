-- +goose Up

-- Erasures. What is removed must not stand in a statement, since the texts of mutations are kept: it stands in a set that the statement names,
-- as hashes, and the set goes once the statement is done.
CREATE TABLE IF NOT EXISTS erasing
(
    set_id UUID, -- of one operation in one table; the key of the hashes comes from it
    field  LowCardinality(String),
    hash   FixedString(16),
    at     DateTime('UTC') DEFAULT now()
)
ENGINE = MergeTree
PARTITION BY set_id
ORDER BY (set_id, field, hash)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Where something was hidden, and whether it lies on the disk still. Parts of a table have versions, which inserts and mutations count up.
-- Rows that were hidden when the highest was version are gone once the mask of deleted rows was applied after that (applied is the lowest
-- version then) and no part of an earlier version is left. Maxima bear repeating.
CREATE TABLE IF NOT EXISTS erasures
(
    operation_id UUID,
    table_name   LowCardinality(String),
    tenant_id    UUID,
    begun        SimpleAggregateFunction(max, UInt64),
    hidden_at    SimpleAggregateFunction(max, UInt64), -- microseconds since 1970; 0: not hidden yet
    version      SimpleAggregateFunction(max, UInt64), -- 0: nothing lies on the disk on its account
    applied      SimpleAggregateFunction(max, UInt64)  -- 0: not applied yet
)
ENGINE = AggregatingMergeTree
ORDER BY (operation_id, table_name, tenant_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- The hours of events' time in which an operation changes something: their rollups are computed again, and those from before removed.
CREATE TABLE IF NOT EXISTS erased_hours
(
    operation_id UUID,
    tenant_id    UUID,
    hour         DateTime('UTC'),
    at           DateTime('UTC') DEFAULT now()
)
ENGINE = ReplacingMergeTree
ORDER BY (operation_id, tenant_id, hour)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- A part that takes the place of others must be on the disk before they go, or a power cut loses both.
ALTER TABLE events MODIFY SETTING min_rows_to_fsync_after_merge = 1;
ALTER TABLE dead_letters MODIFY SETTING min_rows_to_fsync_after_merge = 1;
ALTER TABLE held_events MODIFY SETTING min_rows_to_fsync_after_merge = 1;
ALTER TABLE receipts MODIFY SETTING min_rows_to_fsync_after_merge = 1;
ALTER TABLE ledger MODIFY SETTING min_rows_to_fsync_after_merge = 1;
ALTER TABLE repairs MODIFY SETTING min_rows_to_fsync_after_merge = 1;
ALTER TABLE marks MODIFY SETTING min_rows_to_fsync_after_merge = 1;
ALTER TABLE rollup_hours MODIFY SETTING min_rows_to_fsync_after_merge = 1;
ALTER TABLE rollup_events MODIFY SETTING min_rows_to_fsync_after_merge = 1;
ALTER TABLE rollup_numbers MODIFY SETTING min_rows_to_fsync_after_merge = 1;
ALTER TABLE rollup_values MODIFY SETTING min_rows_to_fsync_after_merge = 1;
ALTER TABLE rollup_sessions MODIFY SETTING min_rows_to_fsync_after_merge = 1;
ALTER TABLE rollup_people MODIFY SETTING min_rows_to_fsync_after_merge = 1;
ALTER TABLE rollup_aliases MODIFY SETTING min_rows_to_fsync_after_merge = 1;
ALTER TABLE identities MODIFY SETTING min_rows_to_fsync_after_merge = 1;

-- +goose Down
SELECT throwIf(1, 'migrations go forward only');
