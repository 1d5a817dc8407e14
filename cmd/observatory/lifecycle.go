package main

import (
	"context"
	"errors"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/analytics/analyticsch"
	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/privacy/minimise"
	"github.com/observatory/observatory/privacy/minimise/minimisech"
	"github.com/observatory/observatory/privacy/retention"
	"github.com/observatory/observatory/privacy/retention/retentionch"
	"github.com/observatory/observatory/tenants"
)

// lifecycle is what looks after data from its beginning to its end.
type lifecycle struct {
	retention    *retention.Service
	uses         *minimise.Recorder
	minimisation *minimise.Service
}

func newLifecycle(n *node) lifecycle {
	var l lifecycle
	l.retention = retention.New(retention.Deps{
		Policies: retentionPolicies{n}, Runs: n.privacy.store.Retention(), Copies: retentionch.Copies(n.events), Jobs: n.jobs, Now: n.now, Logger: n.logger,
	})
	l.uses = minimise.NewRecorder(n.privacy.store.Uses(), n.now, n.logger)
	l.minimisation = minimise.New(minimisech.New(n.events), n.privacy.store.Uses(), n.now)
	return l
}

// checkRetention is what the policies of ingest know of those of retention.
func checkRetention(document []byte) error {
	_, err := retention.Parse(document)
	return err
}

// retentionPolicies are those that tenants publish, as retention.Policies.
type retentionPolicies struct{ *node }

func (p retentionPolicies) Retention(ctx context.Context, tenant tenants.ID) (document []byte, version int, err error) {
	policy, err := p.declared.Policy(ctx, tenant, ingest.RetentionPolicy)
	if errors.Is(err, ingest.ErrNoSuchPolicy) {
		return []byte("{}"), 0, nil
	}
	return policy.Document, policy.Version, err
}

// asked is the store of events as questions of tenants go to it.
func (n *node) asked() analytics.Store {
	return analytics.Recording(analyticsch.New(analyticsch.Config{Conn: n.events, Now: n.now}), n.lifecycle.uses)
}
