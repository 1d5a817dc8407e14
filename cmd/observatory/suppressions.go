package main

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/observatory/observatory/cmd/observatory/bridge"
	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/internal/follow"
	"github.com/observatory/observatory/privacy/privacypg"
	"github.com/observatory/observatory/privacy/suppress"
)

// suppressions tell collector, sink and replays of this node whose events must not be stored.
type suppressions struct {
	ingest.Suppression
	set *suppress.Set
}

// newSuppressions makes them; applied is told what is in force on this node, and whether that is a change.
func newSuppressions(n *node, applied func(mark follow.Mark, changed bool)) (suppressions, error) {
	keys, err := suppress.NewKeys(n.cfg.SecretKey)
	if err != nil {
		return suppressions{}, err
	}
	set := suppress.NewSet(suppress.Config{Keys: keys, Feed: privacypg.New(n.following, keys, n.logger), Applied: applied, Log: n.logger, Now: n.now})
	s := suppressions{bridge.Suppression(set), set}
	f := promauto.With(n.metrics)
	f.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "observatory_suppressions_staleness_seconds", Help: "Time since the suppressions were last known to be up to date. Beyond 15 minutes events are held.",
	}, func() float64 { return s.set.Staleness().Seconds() })
	f.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "observatory_suppressions", Help: "Identifiers that are suppressed, restricted, or of whom something was erased.",
	}, func() float64 {
		view := s.set.Enter()
		defer view.Leave()
		return float64(view.Entries())
	})
	return s, nil
}

// await returns when it is known who is suppressed, or nobody could find out for so long that events are to be held.
func (s suppressions) await(ctx context.Context) error {
	const pause = 100 * time.Millisecond
	for {
		if _, ok := s.set.SyncedAt(); ok || !s.set.Known() {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

var errSuppressionsUnknown = errors.New("it was never known who is suppressed")

// known is an error until the suppressions were read for the first time.
func (s suppressions) known() error {
	if _, ok := s.set.SyncedAt(); !ok {
		return errSuppressionsUnknown
	}
	return nil
}
