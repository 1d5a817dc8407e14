-- Who has paid, what becomes of those who have not, and what a provider of payments was told. Rows hold IDs, amounts, states and words of
-- ours; how somebody pays is known to the provider alone.

-- +goose Up

-- A tenant without a row is in good standing, and known to no provider.
CREATE TABLE payment_accounts (
    tenant_id     uuid PRIMARY KEY REFERENCES tenants (id),
    standing      text        NOT NULL DEFAULT 'ok' CHECK (standing IN ('ok', 'past_due', 'restricted', 'suspended')),
    since         timestamptz NOT NULL, -- when it got its standing
    effective     text        NOT NULL DEFAULT 'ok', -- the standing that quotas were told of last
    overdue_since timestamptz, -- when the oldest invoice that is not paid was due; NULL: none is overdue
    reminded      integer     NOT NULL DEFAULT 0, -- letters since then
    suspended_by  text        NOT NULL DEFAULT '', -- label of the operator who has suspended it; '': nobody
    customer      text        NOT NULL DEFAULT '', -- what follows is as the provider has it
    metered_from  timestamptz, -- hour from which on the provider is told of usage
    metered_until timestamptz, -- what was booked before it has been looked at
    reconciled_at timestamptz, -- when all of it was last compared
    subscription  text        NOT NULL DEFAULT '',
    subscribed    text        NOT NULL DEFAULT '', -- what the subscription is for: plan, interval and currency
    way_kind      text        NOT NULL DEFAULT '', -- of paying: card, sepa_debit, ...; '': none
    way_brand     text        NOT NULL DEFAULT '',
    way_last4     text        NOT NULL DEFAULT '',
    way_until     timestamptz, -- when it expires
    looked_at     timestamptz, -- when the provider was last asked
    error         text        NOT NULL DEFAULT '', -- why the last look failed
    CHECK ((customer <> '') = (metered_from IS NOT NULL))
);
CREATE UNIQUE INDEX payment_accounts_by_customer ON payment_accounts (customer) WHERE customer <> '';
CREATE INDEX payment_accounts_not_ok ON payment_accounts (tenant_id) WHERE standing <> 'ok' OR effective <> 'ok';

-- Somebody was sent to the provider, to say how they pay, and for which plan.
CREATE TABLE payment_checkouts (
    id        text PRIMARY KEY, -- as the provider has it
    tenant_id uuid        NOT NULL REFERENCES tenants (id),
    plan      text        NOT NULL, -- to change to; '': none
    plan_interval text    NOT NULL,
    currency  text        NOT NULL,
    asked_by  text        NOT NULL, -- label
    made_at   timestamptz NOT NULL,
    state     text        NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done', 'expired', 'failed')),
    ended_at  timestamptz CHECK ((ended_at IS NULL) = (state = 'open')),
    error     text        NOT NULL DEFAULT ''
);
CREATE INDEX payment_checkouts_open ON payment_checkouts (tenant_id) WHERE state = 'open';

-- Our invoices, as the provider has them.
CREATE TABLE payment_documents (
    tenant_id   uuid        NOT NULL REFERENCES tenants (id),
    invoice_id  uuid        NOT NULL,
    begun_at    timestamptz NOT NULL, -- before the provider was told the first time
    provider_id text        NOT NULL DEFAULT '',
    state       text        NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'open', 'paid', 'void', 'uncollectible')),
    tax         bigint      NOT NULL DEFAULT 0, -- minor units, added by the provider
    due         bigint      NOT NULL DEFAULT 0, -- what is still to be paid, with tax
    page        text        NOT NULL DEFAULT '', -- where it can be paid
    declined    text        NOT NULL DEFAULT '', -- why the last attempt to collect it failed
    looked_at   timestamptz,
    error       text        NOT NULL DEFAULT '',
    PRIMARY KEY (tenant_id, invoice_id)
);
CREATE INDEX payment_documents_open ON payment_documents (tenant_id) WHERE state IN ('draft', 'open');

-- What the provider is told of usage. A row is written before the provider is told, so that whatever dies meanwhile, the same is told again.
CREATE TABLE payment_usage (
    tenant_id uuid        NOT NULL REFERENCES tenants (id),
    meter     text        NOT NULL,
    hour      timestamptz NOT NULL,
    revision  integer     NOT NULL CHECK (revision > 0), -- of the ledger: the newest that it covers
    part      integer     NOT NULL CHECK (part >= 0), -- above 0: told in addition, because more was cancelled or lost than was meant
    quantity  bigint      NOT NULL CHECK (quantity > 0),
    state     text        NOT NULL CHECK (state IN ('telling', 'told', 'taking_back', 'taken_back', 'given_up')),
    begun_at  timestamptz NOT NULL, -- before the first attempt to tell
    told_at   timestamptz,
    error     text        NOT NULL DEFAULT '',
    PRIMARY KEY (tenant_id, meter, hour, revision, part)
);
CREATE INDEX payment_usage_open ON payment_usage (tenant_id) WHERE state IN ('telling', 'taking_back');

-- Hours of which the provider has another quantity than the ledger, and can not be told any more. Invoices are made from the ledger, so they
-- are right all the same.
CREATE TABLE payment_differences (
    tenant_id uuid        NOT NULL REFERENCES tenants (id),
    meter     text        NOT NULL,
    hour      timestamptz NOT NULL,
    ours      bigint      NOT NULL,
    theirs    bigint      NOT NULL,
    reason    text        NOT NULL CHECK (reason IN ('too_late_to_take_back', 'too_old_to_tell', 'unknown_outcome', 'more_than_told')),
    found_at  timestamptz NOT NULL,
    ended_at  timestamptz, -- when both were equal again
    PRIMARY KEY (tenant_id, meter, hour)
);

-- Webhooks that were taken. They are about whoever the provider says: no tenant's, until they are looked at.
CREATE TABLE payment_events (
    id          text PRIMARY KEY, -- the provider's
    kind        text        NOT NULL,
    customer    text        NOT NULL,
    happened_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    done_at     timestamptz,
    copies      integer     NOT NULL DEFAULT 1 -- how often it came
);
CREATE INDEX payment_events_open ON payment_events (customer) WHERE done_at IS NULL;
CREATE INDEX payment_events_by_time ON payment_events (received_at);

ALTER TABLE payment_accounts ENABLE ROW LEVEL SECURITY;
ALTER TABLE payment_accounts FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON payment_accounts TO observatory_app USING (tenant_id = current_tenant());
CREATE POLICY read_all ON payment_accounts FOR SELECT TO observatory_system USING (true); -- whose turn it is, and whom nodes hold back

ALTER TABLE payment_checkouts ENABLE ROW LEVEL SECURITY;
ALTER TABLE payment_checkouts FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON payment_checkouts TO observatory_app USING (tenant_id = current_tenant());
CREATE POLICY read_all ON payment_checkouts FOR SELECT TO observatory_system USING (true);

ALTER TABLE payment_documents ENABLE ROW LEVEL SECURITY;
ALTER TABLE payment_documents FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON payment_documents TO observatory_app USING (tenant_id = current_tenant());
CREATE POLICY read_all ON payment_documents FOR SELECT TO observatory_system USING (true);

ALTER TABLE payment_usage ENABLE ROW LEVEL SECURITY;
ALTER TABLE payment_usage FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON payment_usage TO observatory_app USING (tenant_id = current_tenant());

ALTER TABLE payment_differences ENABLE ROW LEVEL SECURITY;
ALTER TABLE payment_differences FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON payment_differences TO observatory_app USING (tenant_id = current_tenant());
CREATE POLICY read_all ON payment_differences FOR SELECT TO observatory_system USING (true); -- how many there are

GRANT SELECT, INSERT, UPDATE (standing, since, effective, overdue_since, reminded, suspended_by, customer, metered_from, metered_until, reconciled_at, subscription, subscribed,
    way_kind, way_brand, way_last4, way_until, looked_at, error) ON payment_accounts TO observatory_app;
GRANT SELECT, INSERT, UPDATE (state, ended_at, error) ON payment_checkouts TO observatory_app;
GRANT SELECT, INSERT, UPDATE (provider_id, state, tax, due, page, declined, looked_at, error) ON payment_documents TO observatory_app;
GRANT SELECT, INSERT, UPDATE (state, begun_at, told_at, error) ON payment_usage TO observatory_app;
GRANT SELECT, INSERT, UPDATE (ours, theirs, reason, found_at, ended_at) ON payment_differences TO observatory_app;
GRANT SELECT ON payment_accounts, payment_checkouts, payment_documents, payment_differences TO observatory_system;
GRANT SELECT, INSERT, UPDATE (done_at, copies), DELETE ON payment_events TO observatory_system;
