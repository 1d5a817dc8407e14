package main

import (
	"net/url"

	"github.com/observatory/observatory/internal/seal"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/certificate"
	"github.com/observatory/observatory/privacy/export"
	"github.com/observatory/observatory/privacy/form"
	"github.com/observatory/observatory/privacy/privacych"
	"github.com/observatory/observatory/privacy/privacypg"
	"github.com/observatory/observatory/privacy/suppress"
)

// answering is what answers for people: what tenants' users ask for, and every copy that it reaches.
type answering struct {
	store    *privacypg.Store
	requests privacypg.Requests
	service  *privacy.Service
	resolver privacy.Resolver
	proofs   *certificate.Service
	exports  *export.Service
	form     *form.Service
	erasing  *privacych.Store
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
	a.service = privacy.NewService(a.requests, a.resolver, nil, n.now)
	if a.form, err = newForm(n, a); err != nil {
		return a, err
	}
	return a, a.prove(n, public)
}
