-- +goose Up

-- Once what is erased stays out for ever, the logs are awaited for that before the first copy is emptied. Requests that were being carried out
-- go on as they were.
ALTER TABLE privacy_requests ADD COLUMN closing bigint NOT NULL DEFAULT 0; -- the mark that is awaited; 0: none
GRANT UPDATE (closing) ON privacy_requests TO observatory_app;
