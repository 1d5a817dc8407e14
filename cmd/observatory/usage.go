package main

import (
	"context"
	"time"

	"github.com/observatory/observatory/billing/billingch"
	"github.com/observatory/observatory/billing/usage"
)

// newUsage makes what meters.
func newUsage(n *node) *usage.Service {
	return usage.New(usage.Deps{
		Books: n.billing.Usage(), Counter: billingch.NewCounter(n.events, n.metering), Consumption: n.billing.Consumption(), Jobs: n.jobs, Now: n.now, Logger: n.logger,
	})
}

const (
	// carriedEvery is how often a node tells how far its log has been carried.
	carriedEvery = 5 * time.Second
	// accepting is how long a request may take from when it is received until it lies in the log.
	accepting = 2 * time.Minute
)

// tellCarried writes down, until ctx ends, up to when everything that this node has acknowledged is stored: usage of an hour is complete when every
// node is past its end. A database that fails is tried again.
func (s *serving) tellCarried(ctx context.Context) error {
	failing := false
	for {
		err := s.tellCarriedOnce(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // ending is what was asked for
		}
		if err != nil && !failing { // once: it may go on for long
			s.logger.Warn("how far this node's log is stored cannot be told; the usage of hours is not complete meanwhile", "error", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(carriedEvery):
		}
	}
}

func (s *serving) tellCarriedOnce(ctx context.Context) error {
	at := s.now()
	end, err := s.log.Sync(ctx)
	if err != nil {
		return err
	}
	if err := s.sink.WaitSettled(ctx, end); err != nil {
		return err
	}
	return s.billing.Usage().NoteCarried(ctx, s.log.id, at.Add(-accepting))
}
