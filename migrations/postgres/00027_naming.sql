-- +goose Up

-- Whoever approves a request may name further identifiers of the people before.
GRANT UPDATE (subjects) ON privacy_requests TO observatory_app;
