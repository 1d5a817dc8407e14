package main

import (
	"context"
	"net/url"

	"github.com/google/uuid"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/analytics/analyticsch"
	"github.com/observatory/observatory/cmd/observatory/bridge"
	"github.com/observatory/observatory/internal/seal"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/archive"
	"github.com/observatory/observatory/privacy/certificate"
	"github.com/observatory/observatory/privacy/minimise"
	"github.com/observatory/observatory/privacy/minimise/minimisech"
	"github.com/observatory/observatory/privacy/offboard"
	"github.com/observatory/observatory/privacy/offboard/offboardch"
	"github.com/observatory/observatory/privacy/privacypg"
	"github.com/observatory/observatory/privacy/retention"
	"github.com/observatory/observatory/privacy/retention/retentionch"
	"github.com/observatory/observatory/tenants"
)

// lifecycle is what looks after data from its beginning to its end.
type lifecycle struct {
	retention    *retention.Service
	uses         *minimise.Recorder
	minimisation *minimise.Service
	offboard     *offboard.Service
}

func newLifecycle(n *node, public *url.URL) (l lifecycle, err error) {
	l.retention = retention.New(retention.Deps{
		Policies: bridge.Retention(n.declared), Runs: n.privacy.store.Retention(), Copies: retentionch.Copies(n.events, n.metering), Jobs: n.jobs, Now: n.now, Logger: n.logger,
	})
	l.uses = minimise.NewRecorder(n.privacy.store.Uses(), n.now, n.logger)
	l.minimisation = minimise.New(minimisech.New(n.events), n.privacy.store.Uses(), n.now)
	sealer, err := seal.New(n.cfg.SecretKey, "off-boarding")
	if err != nil {
		return l, err
	}
	logs, control := privacypg.NewLogs(n.postgres), n.privacy.store.ControlPlane()
	l.offboard = offboard.New(offboard.Deps{
		Book: n.privacy.store.Offboardings(n.tenants.Outbox, sealer), Organisations: n.tenants.Organisation, Suppressions: n.privacy.store.Suppressions(),
		Barriers: privacy.NewLogBarriers(logs, logs, n.now), Data: offboardch.NewData(n.events), Control: control, Storage: n.objects,
		Copies: append(offboardch.Copies(n.events),
			archived{offboard.Folder{Files: n.objects, Of: "archive", Prefix: "events/"}, n.privacy.archive}, offboard.Folder{Files: n.objects, Of: "exports", Prefix: "exports/"}, control),
		Certificates: signed{n.privacy.proofs}, Bills: n.invoices, Jobs: n.jobs, Grace: n.cfg.LeaveGrace, PublicURL: public, Now: n.now, Logger: n.logger,
	})
	return l, nil
}

// archived is a tenant's archive as an offboard.Copy.
type archived struct {
	offboard.Folder
	archive *archive.Service
}

// Erase implements offboard.Copy. The key goes first, and whoever is at work on a file of the tenant is in vain.
func (a archived) Erase(ctx context.Context, l offboard.Leaving) (privacy.Evidence, error) {
	files, err := a.archive.Remove(ctx, l.Tenant)
	return privacy.Evidence{"files": files}, err
}

// signed are certificates as offboard.Certificates.
type signed struct{ *certificate.Service }

// JWS implements offboard.Certificates.
func (s signed) JWS(ctx context.Context, tenant tenants.ID, request uuid.UUID) (string, error) {
	found, err := s.Find(ctx, tenant, request)
	return found.JWS, err
}

// asked is the store of events as questions of tenants go to it.
func (n *node) asked() analytics.Store {
	return analytics.Recording(analyticsch.New(analyticsch.Config{Conn: n.events, Now: n.now}), n.lifecycle.uses)
}
