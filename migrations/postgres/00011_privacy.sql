-- What people ask for about themselves: requests, whom they are about, how each copy was dealt with, and what happened when.
--
-- Identifiers of subjects stand here sealed, and only until the request is over; afterwards there are hashes. What is said about copies
-- (counts, evidence) and in the history holds none.

-- +goose Up

CREATE TABLE privacy_requests (
    id              uuid PRIMARY KEY,
    tenant_id       uuid        NOT NULL REFERENCES tenants (id),
    type            text        NOT NULL CHECK (type IN ('erase', 'export', 'suppress', 'unsuppress', 'restrict', 'offboard')),
    state           text        NOT NULL CHECK (state IN ('received', 'verified', 'suppressed', 'barrier', 'deleting', 'verifying',
        'completed', 'completed_with_exceptions', 'failed', 'cancelled')),
    note            text        NOT NULL CHECK (char_length(note) <= 1000),
    stay            boolean     NOT NULL, -- the subjects stay suppressed when an erasure is over
    subjects        integer     NOT NULL CHECK (subjects BETWEEN 0 AND 5000),
    origin          text        NOT NULL CHECK (origin IN ('member', 'form', 'segment')),
    filed_at        timestamptz NOT NULL,
    filed_by_kind   text        NOT NULL,
    filed_by_id     text        NOT NULL,
    filed_by        text        NOT NULL, -- label
    idempotency     bytea CHECK (octet_length(idempotency) = 16), -- keyed hash of the key that it came with
    body            bytea       NOT NULL CHECK (octet_length(body) = 16), -- keyed hash of what was asked for
    deadline_at     timestamptz NOT NULL,
    extended        text        NOT NULL DEFAULT '' CHECK (char_length(extended) <= 1000), -- why the deadline was moved
    approved_at     timestamptz, -- NULL: waits for somebody to approve
    approved_by     text CHECK ((approved_by IS NULL) = (approved_at IS NULL)),
    resolved        boolean     NOT NULL DEFAULT false, -- it has been found out who the subjects are
    mark            bigint      NOT NULL DEFAULT 0, -- of the suppressions that the barrier is about
    position        jsonb, -- of the logs, once they are past the barrier
    waiting         text        NOT NULL DEFAULT '', -- what it waits for, in words
    changed_at      timestamptz NOT NULL, -- when it got its state
    ended_at        timestamptz CHECK ((ended_at IS NOT NULL) = (state IN ('completed', 'completed_with_exceptions', 'failed', 'cancelled'))),
    error           text        NOT NULL DEFAULT '',
    asleep          boolean     NOT NULL DEFAULT false, -- nothing is to be done until somebody does something
    told_at         timestamptz, -- when owners and admins were told that it is overdue
    UNIQUE (tenant_id, id)
);
CREATE INDEX privacy_requests_by_tenant ON privacy_requests (tenant_id, id DESC);
CREATE INDEX privacy_requests_by_body ON privacy_requests (tenant_id, body, filed_at);
CREATE INDEX privacy_requests_open ON privacy_requests (deadline_at) WHERE ended_at IS NULL;
CREATE INDEX privacy_requests_awake ON privacy_requests (id) WHERE NOT asleep;
CREATE UNIQUE INDEX privacy_requests_once ON privacy_requests (tenant_id, idempotency) WHERE idempotency IS NOT NULL;

CREATE TABLE privacy_subjects (
    tenant_id  uuid     NOT NULL,
    request_id uuid     NOT NULL,
    number     integer  NOT NULL CHECK (number BETWEEN 0 AND 4999),
    hash       bytea    NOT NULL CHECK (octet_length(hash) = 16), -- keyed, of the identifier that was given
    sealed     bytea, -- the person, for as long as the request is open
    PRIMARY KEY (request_id, number),
    FOREIGN KEY (tenant_id, request_id) REFERENCES privacy_requests (tenant_id, id)
);
CREATE INDEX privacy_subjects_by_hash ON privacy_subjects (tenant_id, hash);

CREATE TABLE privacy_steps (
    tenant_id   uuid    NOT NULL,
    request_id  uuid    NOT NULL,
    number      integer NOT NULL CHECK (number >= 0), -- the order in which they are done
    copy        text    NOT NULL CHECK (copy ~ '^[a-z][a-z-]{0,39}$'),
    state       text    NOT NULL CHECK (state IN ('waiting', 'counted', 'erased', 'clear', 'failed')),
    before      bigint  NOT NULL DEFAULT 0 CHECK (before >= 0),
    unit        text    NOT NULL DEFAULT '',
    after       bigint  NOT NULL DEFAULT 0 CHECK (after >= 0),
    pending     text    NOT NULL DEFAULT '',
    evidence    jsonb   NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(evidence) = 'object'),
    began_at    timestamptz,
    erased_at   timestamptz,
    ended_at    timestamptz CHECK ((ended_at IS NOT NULL) = (state IN ('clear', 'failed'))),
    failing_at  timestamptz, -- since when each attempt has failed
    error       text    NOT NULL DEFAULT '',
    PRIMARY KEY (request_id, copy),
    UNIQUE (request_id, number),
    FOREIGN KEY (tenant_id, request_id) REFERENCES privacy_requests (tenant_id, id)
);

-- What happened to a request, in order. History: rows are only added.
CREATE TABLE privacy_moments (
    id         uuid PRIMARY KEY, -- version 7: in the order in which they were written
    tenant_id  uuid        NOT NULL,
    request_id uuid        NOT NULL,
    at         timestamptz NOT NULL,
    state      text        NOT NULL,
    actor      text        NOT NULL, -- label of a person or key; '': Observatory itself
    text       text        NOT NULL CHECK (char_length(text) <= 2000),
    FOREIGN KEY (tenant_id, request_id) REFERENCES privacy_requests (tenant_id, id)
);
CREATE INDEX privacy_moments_by_request ON privacy_moments (tenant_id, request_id, id);

-- Who sees which rows, and may do what with them. Across tenants Observatory only looks for what is open and what is overdue; it goes on
-- inside the tenant.

ALTER TABLE privacy_requests ENABLE ROW LEVEL SECURITY;
ALTER TABLE privacy_requests FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON privacy_requests TO observatory_app USING (tenant_id = current_tenant());
CREATE POLICY work ON privacy_requests TO observatory_system USING (true);

ALTER TABLE privacy_subjects ENABLE ROW LEVEL SECURITY;
ALTER TABLE privacy_subjects FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON privacy_subjects TO observatory_app USING (tenant_id = current_tenant());

ALTER TABLE privacy_steps ENABLE ROW LEVEL SECURITY;
ALTER TABLE privacy_steps FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON privacy_steps TO observatory_app USING (tenant_id = current_tenant());

ALTER TABLE privacy_moments ENABLE ROW LEVEL SECURITY;
ALTER TABLE privacy_moments FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON privacy_moments TO observatory_app USING (tenant_id = current_tenant());

GRANT SELECT, INSERT, UPDATE (state, deadline_at, extended, approved_at, approved_by, resolved, mark, position, waiting, changed_at, ended_at, error, asleep, told_at)
    ON privacy_requests TO observatory_app;
GRANT SELECT, INSERT, UPDATE (sealed) ON privacy_subjects TO observatory_app;
GRANT SELECT, INSERT, UPDATE (state, before, unit, after, pending, evidence, began_at, erased_at, ended_at, failing_at, error) ON privacy_steps TO observatory_app;
GRANT SELECT, INSERT ON privacy_moments TO observatory_app;
GRANT SELECT (id, tenant_id, state, deadline_at, ended_at, asleep, told_at), UPDATE (told_at) ON privacy_requests TO observatory_system;
