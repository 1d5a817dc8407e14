package main

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/tenants"
)

func TestThePaceOfATenantIsItsOwn(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	p := newPace(func() time.Time { return now })
	mine, other := tenants.ID(uuid.New()), tenants.ID(uuid.New())
	header := func(of tenants.ID) *ingest.Header {
		return &ingest.Header{Sender: ingest.Sender{Tenant: of}, ReceivedAt: now}
	}

	p.accepted(ingest.Sender{Tenant: other}, 1000)
	p.accepted(ingest.Sender{Tenant: mine}, 120)
	first := header(mine)
	now = now.Add(3 * time.Second)
	p.accepted(ingest.Sender{Tenant: mine}, 60)
	second := header(mine)
	require.Equal(t, paceNow{accepted: 3, waiting: 180, oldest: 3 * time.Second}, p.at(mine, false))

	now = now.Add(2 * time.Second)
	p.stored(&ingest.Settlement{Receipts: []ingest.SettledReceipt{{
		Header: first, EventIDs: make([][]byte, 120),
		Exceptions: append(make([]ingest.Outcome, 0), ingest.Outcome{Status: ingest.Quarantined}, ingest.Outcome{Status: ingest.Duplicate}),
	}}})
	require.Equal(t, paceNow{
		accepted: 3, settled: 2, stored: 118. / 60, aside: 1. / 60, waiting: 60, oldest: 5 * time.Second, lag: 5 * time.Second,
	}, p.at(mine, false))

	p.stored(&ingest.Settlement{Receipts: []ingest.SettledReceipt{{Header: second, EventIDs: make([][]byte, 60)}}})
	now = now.Add(time.Minute)
	require.Equal(t, paceNow{lag: 2 * time.Second}, p.at(mine, false), "a minute later all of it is forgotten")
	require.Equal(t, int64(1000), p.at(other, false).waiting)
	require.Zero(t, p.at(tenants.ID(uuid.New()), false))
}

// What a process before this one has left in the log was not counted when it came, and is not when it leaves; and where nothing is in the log
// nothing waits, in whichever order one was told of it.
func TestThePaceIsNotPutOffByWhatItDidNotSee(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	p := newPace(func() time.Time { return now })
	sender := ingest.Sender{Tenant: tenants.ID(uuid.New())}
	before := &ingest.Header{Sender: sender, ReceivedAt: now.Add(-time.Hour)}
	p.stored(&ingest.Settlement{Receipts: []ingest.SettledReceipt{{Header: before, EventIDs: make([][]byte, 600)}}})
	p.accepted(sender, 6)
	require.Equal(t, paceNow{accepted: .1, settled: 10, stored: 10, waiting: 6, lag: time.Hour}, p.at(sender.Tenant, false))
	require.Zero(t, p.at(sender.Tenant, true).waiting)
}

func TestAMeterForgetsAfterAMinute(t *testing.T) {
	t.Parallel()
	start := time.Unix(1_000_000_007, 0)
	var m meter
	for i := range 200 {
		now := start.Add(time.Duration(i) * time.Second)
		m.add(now, 1)
		require.InDelta(t, float64(min(i+1, 60))/60, m.perSecond(now), 1e-9)
	}
	require.InDelta(t, 10./60, m.perSecond(start.Add(249*time.Second)), 1e-9)
	require.Zero(t, m.perSecond(start.Add(24*time.Hour)))
}
