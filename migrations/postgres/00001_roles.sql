-- The two roles that all of Observatory's work in this database is done as. They belong to the whole server, so another
-- database may have made them already, or may be making them at this moment.
--
--   observatory_app     what a tenant's requests run as; row-level security shows it that tenant only
--   observatory_system  what work across tenants runs as; each table says by policy what it may see

-- +goose Up
-- +goose StatementBegin
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['observatory_app', 'observatory_system'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', name);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL; -- somebody else was quicker
            END;
        END IF;
        IF NOT pg_has_role(current_user, name, 'SET') THEN
            BEGIN
                EXECUTE format('GRANT %I TO CURRENT_USER', name);
            EXCEPTION WHEN unique_violation THEN
                NULL;
            END;
        END IF;
    END LOOP;
END
$$;
-- +goose StatementEnd

GRANT USAGE ON SCHEMA public TO observatory_app, observatory_system;
