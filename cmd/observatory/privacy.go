package main

import (
	"net/url"
	"slices"

	"github.com/observatory/observatory/analytics/analyticsch"
	"github.com/observatory/observatory/cmd/observatory/bridge"
	"github.com/observatory/observatory/internal/seal"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/archive"
	"github.com/observatory/observatory/privacy/certificate"
	"github.com/observatory/observatory/privacy/export"
	"github.com/observatory/observatory/privacy/form"
	"github.com/observatory/observatory/privacy/inventory"
	"github.com/observatory/observatory/privacy/privacych"
	"github.com/observatory/observatory/privacy/privacypg"
	"github.com/observatory/observatory/privacy/resolve"
	"github.com/observatory/observatory/privacy/suppress"
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
	a.resolver = resolve.New(bridge.People(analyticsch.NewKin(analyticsch.Config{Conn: n.events, Now: n.now})), bridge.Forms(n.declared, n.cfg.SecretKey))
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
		Barriers: privacy.NewLogBarriers(logs, logs, n.now), Copies: a.copies(), Releases: bridge.Releases(n.releases), Exporter: a.exports, Certifier: a.proofs,
		Now: n.now, Logger: n.logger,
	})
	return a, err
}

// copies are all places in which something about people is kept, in the order in which they are emptied: what others are made of comes first.
func (a answering) copies() []privacy.Copy {
	return slices.Concat(a.erasing.Copies(), []privacy.Copy{a.archive.Copy(), a.exports.Copy()}, a.store.Copies(), inventory.Stated())
}
