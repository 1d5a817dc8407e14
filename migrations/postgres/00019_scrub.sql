-- Identifiers of people are taken out of texts that should hold none, if one ever does: history is not rewritten but for that.

-- +goose Up

GRANT UPDATE (spec) ON replays TO observatory_system;
GRANT UPDATE (note) ON alert_evaluations TO observatory_app;
GRANT UPDATE (group_key) ON incidents TO observatory_app;
GRANT UPDATE (text, details) ON incident_entries TO observatory_app;
GRANT UPDATE (notice) ON deliveries TO observatory_app;

-- The public form leaves with its tenant, like everything else.
SELECT make_erasable('privacy_forms');
SELECT make_erasable('privacy_filings');
