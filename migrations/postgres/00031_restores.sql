-- A restore puts events straight into the store, and erasures wait for it as for a log.

-- +goose Up

ALTER TABLE logs DROP CONSTRAINT logs_kind_check, ADD CONSTRAINT logs_kind_check CHECK (kind IN ('local', 'kafka', 'restore'));
