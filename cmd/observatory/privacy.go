package main

import (
	"context"
	"errors"
	"net/url"
	"slices"

	"github.com/google/uuid"

	"github.com/observatory/observatory/ingest/repair"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/internal/seal"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/archive"
	"github.com/observatory/observatory/privacy/certificate"
	"github.com/observatory/observatory/privacy/export"
	"github.com/observatory/observatory/privacy/form"
	"github.com/observatory/observatory/privacy/inventory"
	"github.com/observatory/observatory/privacy/privacych"
	"github.com/observatory/observatory/privacy/privacypg"
	"github.com/observatory/observatory/privacy/suppress"
	"github.com/observatory/observatory/tenants"
)

// answering is what answers for people: what tenants' users ask for, and every copy that it reaches.
type answering struct {
	store    *privacypg.Store
	requests privacypg.Requests
	service  *privacy.Service
	driver   *privacy.Driver
	resolver privacy.Resolver
	proofs   *certificate.Service
	exports  *export.Service
	form     *form.Service
	erasing  *privacych.Store
	archive  *archive.Service
}

func newAnswering(n *node, public *url.URL) (a answering, err error) {
	keys, err := suppress.NewKeys(n.cfg.SecretKey)
	if err != nil {
		return a, err
	}
	sealer, err := seal.New(n.cfg.SecretKey, "privacy requests")
	if err != nil {
		return a, err
	}
	a.store = privacypg.New(n.postgres, keys, n.logger)
	a.requests = a.store.Requests(sealer)
	a.resolver = newResolver(n)
	a.erasing = newErasing(n)
	if a.archive, err = newArchive(n, a.store); err != nil {
		return a, err
	}
	if err := a.prove(n, public); err != nil {
		return a, err
	}
	a.service = privacy.NewService(a.requests, a.resolver, a.copies(), n.now)
	if a.form, err = newForm(n, a); err != nil {
		return a, err
	}
	logs := privacypg.NewLogs(n.postgres)
	a.driver, err = privacy.NewDriver(privacy.DriverDeps{
		Requests: a.requests, Resolver: a.resolver, Suppressions: a.store.Suppressions(), Standings: a.store.Suppressions(),
		Barriers: privacy.NewLogBarriers(logs, logs, n.now), Copies: a.copies(), Releases: releases{n.releases}, Exporter: a.exports, Certifier: a.proofs,
		Now: n.now, Logger: n.logger,
	})
	return a, err
}

// copies are all places in which something about people is kept, in the order in which they are emptied: what others are made of comes first.
func (a answering) copies() []privacy.Copy {
	return slices.Concat(a.erasing.Copies(), []privacy.Copy{a.archive.Copy(), a.exports.Copy()}, a.store.Copies(), inventory.Stated())
}

// releases is the privacy.Releases of held events.
type releases struct{ *repair.Releases }

var errReleaseFailed = fault.New(fault.Unavailable, "release_failed", "What was held could not be given back. See the replays.")

// Release implements privacy.Releases. The replay that does it has the request's ID.
func (r releases) Release(ctx context.Context, tenant tenants.ID, request uuid.UUID) (privacy.Evidence, bool, error) {
	replay, err := r.Begin(ctx, tenant, request, false)
	switch {
	case errors.Is(err, repair.ErrReplayOpen):
		return nil, false, nil
	case err != nil:
		return nil, false, err
	case replay.State == repair.Failed || replay.State == repair.Cancelled:
		return nil, false, errReleaseFailed
	case replay.State != repair.Done:
		return nil, false, nil
	}
	return privacy.Evidence{"replay": replay.ID.String(), "stored": replay.Progress.Counts.Stored}, true, nil
}
