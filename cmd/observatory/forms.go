package main

import (
	"time"

	"github.com/observatory/observatory/internal/seal"
	"github.com/observatory/observatory/privacy/form"
	"github.com/observatory/observatory/tenants"
)

// newForm makes the public form, whose filings become requests of a.
func newForm(n *node, a answering) (*form.Service, error) {
	sealer, err := seal.New(n.cfg.SecretKey, "privacy form")
	if err != nil {
		return nil, err
	}
	return form.New(form.Deps{
		Store: a.store.Forms(), Filer: a.service, Outbox: n.tenants.Outbox, Seal: sealer, Now: n.now,
		PerAddress: tenants.NewLimiter(tenants.Rate{}, tenants.Rate{Burst: 10, Every: time.Minute}, n.now),
		PerEmail:   tenants.NewLimiter(tenants.Rate{}, tenants.Rate{Burst: 3, Every: time.Hour}, n.now),
	}), nil
}
