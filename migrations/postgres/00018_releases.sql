-- Releases of held events are replays too. One of them may be open beside a replay of history.

-- +goose Up

ALTER TABLE replays DROP CONSTRAINT replays_kind_check;
ALTER TABLE replays ADD CONSTRAINT replays_kind_check CHECK (kind IN ('repair', 'history', 'release'));

CREATE UNIQUE INDEX replays_one_per_kind_and_cause ON replays (tenant_id, kind, coalesce(cause, '00000000-0000-0000-0000-000000000000'))
    WHERE state IN ('waiting', 'running', 'pausing', 'cancelling', 'paused');
DROP INDEX replays_one_per_cause;
