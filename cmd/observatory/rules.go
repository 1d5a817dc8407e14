package main

import (
	"context"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/observatory/observatory/cmd/observatory/bridge"
	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/enrich"
	"github.com/observatory/observatory/ingest/ingestpg"
	"github.com/observatory/observatory/ingest/pipeline"
	"github.com/observatory/observatory/ingest/redact"
	"github.com/observatory/observatory/ingest/schema"
	avroformat "github.com/observatory/observatory/ingest/schema/avro"
	jsonformat "github.com/observatory/observatory/ingest/schema/jsonschema"
	protoformat "github.com/observatory/observatory/ingest/schema/protobuf"
)

// schemaFormats are the types of schemas that tenants can register.
func schemaFormats() map[schema.Type]schema.Format {
	return map[schema.Type]schema.Format{
		schema.Avro: avroformat.Format{}, schema.JSON: jsonformat.Format{}, schema.Protobuf: protoformat.Format{},
	}
}

// rules is what prepares events on this node, with the files that enrichment looks things up in.
type rules struct {
	pipeline   *pipeline.Pipeline
	policies   *ingest.Policies
	rehearsals *pipeline.Rehearsals
	redaction  *redact.Service
	resources  enrich.Resources
	logger     *slog.Logger
}

func newRules(n *node) (*rules, error) {
	r := &rules{logger: n.logger, resources: enrich.Resources{Agents: enrich.NewAgents(nil), Sessions: enrich.NewSessions(enrich.DefaultPeople)}}
	var err error
	if n.cfg.GeoDB != "" {
		if r.resources.Geo, err = enrich.OpenGeo(n.cfg.GeoDB); err != nil {
			return nil, err
		}
	}
	if n.cfg.DataCentres != "" {
		if r.resources.DataCentres, err = enrich.OpenRanges(n.cfg.DataCentres); err != nil {
			return nil, err
		}
	}
	r.pipeline = pipeline.New(pipeline.Config{Secret: n.cfg.SecretKey}, pipeline.Deps{
		Feed: ingestpg.New(n.following, n.logger), Formats: schemaFormats(), Resources: r.resources, Retention: bridge.CheckRetention, Logger: n.logger, Now: n.now,
	})
	r.policies = ingest.NewPolicies(n.declared, r.pipeline.Rulebook(), n.now)
	r.rehearsals = pipeline.NewRehearsals(r.pipeline, n.store)
	r.redaction = redact.NewService(n.declared, r.pipeline.Rulebook(), n.now)
	return r, nil
}

// run keeps the rules fresh until ctx ends.
func (r *rules) run(ctx context.Context) error {
	var group errgroup.Group
	group.Go(func() error { return r.pipeline.Rulebook().Run(ctx) })
	group.Go(func() error { return r.followFiles(ctx) })
	group.Go(func() error { return r.forgetPeople(ctx) })
	return group.Wait()
}

// forgetPeople has this process forget who was not seen for a day, until ctx ends.
func (r *rules) forgetPeople(ctx context.Context) error {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			r.resources.Sessions.HourPasses()
		}
	}
}

// followFiles reads the files again when they change, until ctx ends.
func (r *rules) followFiles(ctx context.Context) error {
	const every = 30 * time.Second
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if r.resources.Geo != nil {
			r.tell(r.resources.Geo.Refresh())
		}
		if r.resources.DataCentres != nil {
			r.tell(r.resources.DataCentres.Refresh())
		}
	}
}

func (r *rules) tell(changed bool, err error) {
	switch {
	case err != nil:
		r.logger.Warn("a file of enrichment cannot be read again; what was read before is used", "error", err)
	case changed:
		r.logger.Info("a file of enrichment was read again")
	}
}
