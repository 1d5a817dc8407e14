-- +goose Up

-- What a tenant's rules made of an event: which schema it conforms to and where it does not, which redaction rules touched it, whether
-- it is a bot's, and what enrichment found out about it (facts: a flat JSON object, apart from what the sender sent).
-- schema_id 0, policy_version 0 and empty texts mean none, and the default policy.
ALTER TABLE events
    ADD COLUMN IF NOT EXISTS sdk_name           LowCardinality(String),
    ADD COLUMN IF NOT EXISTS sdk_version        LowCardinality(String),
    ADD COLUMN IF NOT EXISTS schema_id          UInt32,
    ADD COLUMN IF NOT EXISTS violations_code    Array(LowCardinality(String)),
    ADD COLUMN IF NOT EXISTS violations_path    Array(String) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS violations_message Array(String) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS redactions         Array(LowCardinality(String)),
    ADD COLUMN IF NOT EXISTS policy_version     UInt32,
    ADD COLUMN IF NOT EXISTS bot                LowCardinality(String),
    ADD COLUMN IF NOT EXISTS facts              String CODEC(ZSTD(1));

-- A dead letter knows what is needed to group it with its like (cause: events that break the same rule at the same place), to tell who
-- sends such events, and to put it right. It goes when the tenant's time is over.
ALTER TABLE dead_letters
    ADD COLUMN IF NOT EXISTS cause        UUID,
    ADD COLUMN IF NOT EXISTS type         Enum8('unknown' = 0, 'track' = 1, 'identify' = 2, 'page' = 3, 'screen' = 4, 'group' = 5, 'alias' = 6),
    ADD COLUMN IF NOT EXISTS time         DateTime64(3, 'UTC') DEFAULT received_at,
    ADD COLUMN IF NOT EXISTS user_id      String CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS anonymous_id String CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS path         String CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS schema_id    UInt32,
    ADD COLUMN IF NOT EXISTS format       Enum8('native' = 0, 'segment' = 1, 'text' = 2, 'binary' = 3),
    ADD COLUMN IF NOT EXISTS sdk_name     LowCardinality(String),
    ADD COLUMN IF NOT EXISTS sdk_version  LowCardinality(String),
    ADD COLUMN IF NOT EXISTS key_id       UUID,
    ADD COLUMN IF NOT EXISTS redactions   Array(LowCardinality(String)),
    ADD COLUMN IF NOT EXISTS expires_at   DateTime('UTC') DEFAULT toDateTime(received_at, 'UTC') + INTERVAL 90 DAY;

ALTER TABLE dead_letters MODIFY TTL expires_at;

-- +goose Down
SELECT throwIf(1, 'migrations go forward only');
