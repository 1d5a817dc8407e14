package main

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/analytics/alert"
	"github.com/observatory/observatory/api"
	"github.com/observatory/observatory/ingest/repair"
	"github.com/observatory/observatory/internal/flow"
	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/tenants"
)

// stages measure the stages that the data of a tenant goes through: those of this node, and those that are the same on every node.
type stages struct {
	*serving
	probes []flow.Probe
}

var _ api.Pipeline = (*stages)(nil)

func newStages(s *serving, rules *alert.Rules) *stages {
	p := &stages{serving: s}
	p.probes = slices.Concat(p.eventProbes(), p.rollupProbes(), p.alertProbes(rules), p.repairProbes(), p.queueProbes())
	return p
}

// Stages implements api.Pipeline.
func (p *stages) Stages(ctx context.Context, tenant tenants.ID) []flow.Stage {
	return flow.Look(ctx, uuid.UUID(tenant), p.probes)
}

// Edges implements api.Pipeline.
func (p *stages) Edges() []flow.Edge {
	return []flow.Edge{
		{From: "accept", To: "log"},
		{From: "log", To: "sink"},
		{From: "sink", To: "store"},
		{From: "store", To: "rollups"},
		{From: "rollups", To: "alerts"},
		{From: "sink", To: "quarantine"},
		{From: "quarantine", To: "replay"},
		{From: "replay", To: "log"},
		{From: string(jobs.Bulk), To: "rollups"},
		{From: string(jobs.Default), To: "rollups"},
		{From: string(jobs.Urgent), To: "alerts"},
	}
}

const safeInLog = "Nothing is lost: events that were acknowledged are safe in the log."

// eventProbes measure the way of an event on this node.
func (p *stages) eventProbes() []flow.Probe {
	const late, stuck = 10 * time.Second, time.Minute
	return []flow.Probe{
		{
			Name: "accept", Unit: flow.Events,
			Rule:    flow.Rule{Idle: "Events are accepted.", Meanwhile: "Senders are told to send again, so nothing is lost if they do."},
			Measure: p.accept,
		},
		{
			Name: "log", Unit: flow.Events,
			Rule:    flow.Rule{Late: late, Stuck: stuck, Idle: "Everything that was acknowledged is stored.", Meanwhile: safeInLog},
			Measure: p.logged,
		},
		{
			Name: "sink", Unit: flow.Events,
			Rule:    flow.Rule{Late: late, Stuck: stuck, Idle: "Every event is carried into the store as it comes.", Meanwhile: safeInLog},
			Measure: p.carried,
		},
		{
			Name: "store", Unit: flow.Events,
			Rule:    flow.Rule{Idle: "What is stored can be asked about.", Meanwhile: "Questions cannot be answered until it does. " + safeInLog},
			Measure: p.stores,
		},
	}
}

func (p *stages) accept(_ context.Context, tenant uuid.UUID) (flow.Figures, error) {
	if p.log.Full() != nil {
		return flow.Figures{}, flow.Down("There is no room to keep events safe.")
	}
	if p.keys.Ready() != nil {
		return flow.Figures{}, flow.Down("API keys are not known yet.")
	}
	pace := p.paceOf(tenant)
	return flow.Figures{PerSecond: &pace.accepted}, nil
}

func (p *stages) logged(_ context.Context, tenant uuid.UUID) (flow.Figures, error) {
	pace := p.paceOf(tenant)
	figures := flow.Figures{Depth: &pace.waiting, PerSecond: &pace.settled}
	if pace.waiting > 0 {
		figures.Oldest = &pace.oldest
	}
	return figures, nil
}

func (p *stages) carried(_ context.Context, tenant uuid.UUID) (flow.Figures, error) {
	pace := p.paceOf(tenant)
	figures := flow.Figures{PerSecond: &pace.settled}
	if pace.settled > 0 {
		figures.Lag = &pace.lag
	}
	if p.behind() != nil {
		return figures, flow.Down("Events wait in the log and are not stored.")
	}
	return figures, nil
}

func (p *stages) stores(ctx context.Context, tenant uuid.UUID) (flow.Figures, error) {
	pace := p.paceOf(tenant)
	return flow.Figures{PerSecond: &pace.stored}, p.events.Ping(ctx)
}

func (p *stages) paceOf(tenant uuid.UUID) paceNow {
	return p.pace.at(tenants.ID(tenant), p.sink.Settled() >= p.log.End())
}

// repairProbes measure what was set aside, and how it is put right.
func (p *stages) repairProbes() []flow.Probe {
	return []flow.Probe{
		{
			Name: "quarantine", Unit: flow.Events, // they wait for somebody, so none is late
			Rule:    flow.Rule{Idle: "No event is in quarantine.", Meanwhile: "What is in quarantine stays there."},
			Measure: p.quarantine,
		},
		{
			Name: "replay", Unit: flow.Replays,
			Rule:    flow.Rule{Late: time.Minute, Stuck: 10 * time.Minute, Idle: "No replay waits.", Meanwhile: "What was replayed stays so."},
			Measure: p.replay,
		},
	}
}

func (p *stages) quarantine(ctx context.Context, tenant uuid.UUID) (flow.Figures, error) {
	letters, oldest, err := p.store.InQuarantine(ctx, tenants.ID(tenant))
	if err != nil {
		return flow.Figures{}, err
	}
	pace := p.paceOf(tenant)
	return flow.Figures{Depth: &letters, PerSecond: &pace.aside, Oldest: p.since(oldest)}, nil
}

func (p *stages) replay(ctx context.Context, tenant uuid.UUID) (flow.Figures, error) {
	const newest = 50 // at most two of a tenant are open for each cause
	replays, err := p.replays.service.List(ctx, tenants.ID(tenant), nil, newest)
	if err != nil {
		return flow.Figures{}, err
	}
	var waiting, running int64
	var oldest time.Time
	for _, r := range replays {
		switch r.State {
		case repair.Waiting:
			waiting++
			oldest = r.CreatedAt // newest first, so that the last one is the oldest
		case repair.Running, repair.Pausing, repair.Cancelling:
			running++
		case repair.Paused, repair.Done, repair.Cancelled, repair.Failed:
		}
	}
	return flow.Figures{Depth: &waiting, InHand: &running, Oldest: p.since(oldest)}, nil
}

// queueProbes measure the queues of jobs.
func (p *stages) queueProbes() []flow.Probe {
	late := map[jobs.Queue]time.Duration{jobs.Urgent: 10 * time.Second, jobs.Default: time.Minute, jobs.Bulk: 15 * time.Minute}
	var probes []flow.Probe
	for _, queue := range jobs.Queues() {
		probes = append(probes, flow.Probe{
			Name: string(queue), Unit: flow.Jobs,
			Rule:    flow.Rule{Late: late[queue], Stuck: 5 * late[queue], Idle: "No job waits.", Meanwhile: "No job is lost: each runs as soon as a worker has room for it."},
			Measure: func(ctx context.Context, tenant uuid.UUID) (flow.Figures, error) { return p.queue(ctx, tenant, queue) },
		})
	}
	return probes
}

func (p *stages) queue(ctx context.Context, tenant uuid.UUID, queue jobs.Queue) (flow.Figures, error) {
	standings, err := p.jobs.Standings(ctx, tenant)
	if err != nil {
		return flow.Figures{}, err
	}
	s := standings[slices.IndexFunc(standings, func(s jobs.Standing) bool { return s.Queue == queue })]
	waiting, running, rate := int64(s.Waiting), int64(s.Running), float64(s.Ended)/jobs.StandingWindow.Seconds()
	figures := flow.Figures{Depth: &waiting, InHand: &running, PerSecond: &rate}
	if s.Waiting > 0 {
		figures.Oldest = &s.Oldest
	}
	if s.Ended > 0 && queue != jobs.Bulk { // what takes long is not late
		figures.Lag = &s.Lag
	}
	return figures, nil
}

// since is how long ago something was; nil where it never was.
func (p *stages) since(at time.Time) *time.Duration {
	if at.IsZero() {
		return nil
	}
	ago := max(0, p.now().Sub(at))
	return &ago
}
