package main

import (
	"net/url"

	"github.com/observatory/observatory/analytics/analyticsch"
	"github.com/observatory/observatory/analytics/people"
	"github.com/observatory/observatory/privacy/certificate"
	"github.com/observatory/observatory/privacy/export"
	"github.com/observatory/observatory/privacy/privacych"
)

// prove makes what proves that requests were done, and gives people what there is about them.
func (a *answering) prove(n *node, public *url.URL) (err error) {
	a.proofs, err = certificate.New(certificate.Deps{
		Store: a.store, SecretKey: n.cfg.SecretKey, Issuer: certificate.Issuer{Name: public.String(), Version: version}, Now: n.now,
	})
	if err != nil {
		return err
	}
	known := people.New(people.Deps{Store: analyticsch.NewPeople(analyticsch.Config{Conn: n.events, Now: n.now}), Now: n.now})
	a.exports = export.New(export.Deps{
		Store: a.store, Records: privacych.NewRecords(n.events), Profiles: profiles{known}, Objects: n.objects, PublicURL: public, Now: n.now, Logger: n.logger,
	})
	return nil
}
