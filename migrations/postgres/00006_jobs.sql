-- Jobs: the ledger of work. What has to be done stands here before a message about it is put into Redis, and how it went stands here
-- afterwards, so Redis may lose everything at any moment. All times are this server's: workers' clocks may differ.

-- +goose Up

CREATE TABLE jobs (
    id             uuid PRIMARY KEY,
    tenant_id      uuid REFERENCES tenants (id), -- null: work of the system itself, which no tenant sees
    kind           text        NOT NULL CHECK (kind ~ '^[a-z][a-z-]*:[a-z][a-z-]*$'),
    queue          text        NOT NULL CHECK (queue IN ('urgent', 'default', 'bulk')),
    params         jsonb       NOT NULL CHECK (octet_length(params::text) <= 65536), -- IDs and times, no personal data
    unique_key     text CHECK (char_length(unique_key) BETWEEN 1 AND 200), -- at most one open job of a tenant and kind has it
    state          text        NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'paused', 'done', 'failed', 'cancelled')),
    wanted         text        NOT NULL DEFAULT 'run' CHECK (wanted IN ('run', 'pause', 'cancel')), -- of a job that is running
    run_at         timestamptz NOT NULL DEFAULT now(), -- not before
    deadline_at    timestamptz,                        -- not after
    attempts       integer     NOT NULL DEFAULT 0, -- that began; the number of the last one tells whose word about the job counts
    failures       integer     NOT NULL DEFAULT 0, -- in a row
    losses         integer     NOT NULL DEFAULT 0, -- in a row: its worker was not heard of any more
    max_attempts   integer     NOT NULL CHECK (max_attempts > 0), -- failures in a row after which it has failed
    keep_seconds   integer     NOT NULL CHECK (keep_seconds > 0), -- after its end
    parent_id      uuid, -- the job that made it; may be swept already
    schedule       text,
    tick           timestamptz CHECK ((schedule IS NULL) = (tick IS NULL)), -- that it was made for
    missed         integer     NOT NULL DEFAULT 0, -- ticks before that one for which no job was made
    correlation_id text        NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now(),
    created_by     text        NOT NULL,
    asked_at       timestamptz, -- when somebody last paused, resumed, cancelled or retried it, and who
    asked_by       text,
    started_at     timestamptz, -- the first attempt
    ended_at       timestamptz CHECK ((ended_at IS NOT NULL) = (state IN ('done', 'failed', 'cancelled'))),
    keep_until     timestamptz,
    lease_until    timestamptz CHECK ((lease_until IS NOT NULL) = (state = 'running')), -- then its worker counts as dead
    worker         text, -- that has it, or had it last
    dispatched_at  timestamptz, -- when a message about it was put into Redis that nobody has acted on yet
    dispatches     integer     NOT NULL DEFAULT 0, -- messages so far; only the newest counts
    progress       jsonb,
    cursor         jsonb, -- how far the work is, for the next attempt
    error          text   -- why it failed last, in words that the tenant may see
);
CREATE UNIQUE INDEX jobs_one_open ON jobs (coalesce(tenant_id, '00000000-0000-0000-0000-000000000000'), kind, unique_key)
    WHERE unique_key IS NOT NULL AND state IN ('waiting', 'running', 'paused');
CREATE UNIQUE INDEX jobs_one_per_tick ON jobs (schedule, tick) WHERE schedule IS NOT NULL;
CREATE INDEX jobs_turns ON jobs (queue, coalesce(tenant_id, '00000000-0000-0000-0000-000000000000'), run_at, id) WHERE state = 'waiting' AND dispatched_at IS NULL;
CREATE INDEX jobs_waiting ON jobs (run_at) WHERE state = 'waiting';
CREATE INDEX jobs_running ON jobs (lease_until) WHERE state = 'running';
CREATE INDEX jobs_of_schedules ON jobs (schedule) WHERE schedule IS NOT NULL AND state IN ('waiting', 'running', 'paused');
CREATE INDEX jobs_by_tenant ON jobs (tenant_id, id);
CREATE INDEX jobs_by_parent ON jobs (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX jobs_to_sweep ON jobs (keep_until) WHERE keep_until IS NOT NULL;

CREATE TABLE job_attempts (
    job_id     uuid        NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    attempt    integer     NOT NULL CHECK (attempt > 0),
    tenant_id  uuid REFERENCES tenants (id),
    kind       text        NOT NULL,
    worker     text        NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    ended_at   timestamptz CHECK ((ended_at IS NULL) = (outcome = 'running')),
    outcome    text        NOT NULL DEFAULT 'running'
        CHECK (outcome IN ('running', 'ok', 'failed', 'lost', 'yielded', 'interrupted', 'paused', 'cancelled')),
    error      text, -- in words that the tenant may see
    cause      text, -- in all detail, for operators
    PRIMARY KEY (job_id, attempt)
);
CREATE INDEX job_attempts_by_kind ON job_attempts (tenant_id, kind, started_at);

-- What is done again and again. A row is made by the first worker that knows of the schedule.
CREATE TABLE schedules (
    name          text PRIMARY KEY,
    kind          text        NOT NULL,
    every_seconds integer     NOT NULL CHECK (every_seconds > 0),
    offset_seconds integer    NOT NULL CHECK (offset_seconds >= 0), -- ticks are at multiples of every_seconds since 1970, and this later
    next_tick     timestamptz NOT NULL,
    last_tick     timestamptz, -- that a job was made for
    seen_at       timestamptz NOT NULL DEFAULT now() -- when a worker last started that knows of it
);

CREATE TABLE workers (
    id         text PRIMARY KEY,
    host       text        NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    seen_at    timestamptz NOT NULL DEFAULT now(),
    slots      jsonb       NOT NULL -- by queue
);

-- Those who dispatch look several times a second anyway; this makes it milliseconds. What is made for a tick is dispatched by its maker.
-- +goose StatementBegin
CREATE FUNCTION notify_jobs() RETURNS trigger
    LANGUAGE plpgsql AS
$$
BEGIN
    PERFORM pg_notify('observatory_jobs', '');
    RETURN NULL;
END
$$;
-- +goose StatementEnd
CREATE TRIGGER jobs_notify AFTER INSERT ON jobs FOR EACH ROW WHEN (NEW.schedule IS NULL) EXECUTE FUNCTION notify_jobs();

-- Who sees which rows, and may do what with them.

ALTER TABLE jobs ENABLE ROW LEVEL SECURITY;
ALTER TABLE jobs FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON jobs TO observatory_app USING (tenant_id = current_tenant());
CREATE POLICY work ON jobs TO observatory_system USING (true);

ALTER TABLE job_attempts ENABLE ROW LEVEL SECURITY;
ALTER TABLE job_attempts FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON job_attempts TO observatory_app USING (tenant_id = current_tenant());
CREATE POLICY work ON job_attempts TO observatory_system USING (true);

ALTER TABLE schedules ENABLE ROW LEVEL SECURITY;
ALTER TABLE schedules FORCE ROW LEVEL SECURITY;
CREATE POLICY work ON schedules TO observatory_system USING (true);

ALTER TABLE workers ENABLE ROW LEVEL SECURITY;
ALTER TABLE workers FORCE ROW LEVEL SECURITY;
CREATE POLICY work ON workers TO observatory_system USING (true);

-- A tenant asks for work, and looks after what it asked for. An effect in a tenant's transaction ends its job in the same one.
GRANT SELECT, INSERT,
    UPDATE (state, wanted, run_at, failures, losses, asked_at, asked_by, ended_at, keep_until, lease_until, dispatched_at, error) ON jobs TO observatory_app;
GRANT SELECT (job_id, attempt, tenant_id, kind, worker, started_at, ended_at, outcome, error), UPDATE (ended_at, outcome, error) ON job_attempts TO observatory_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON jobs, job_attempts, schedules, workers TO observatory_system;
