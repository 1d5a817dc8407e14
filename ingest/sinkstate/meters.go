package sinkstate

import (
	"encoding/binary"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/tenants"
)

// meters are how many events are metered of each tenant, in the newest month that any is metered in and in the one before. They lie in the
// database as well.
type meters struct {
	newest ingest.Month // 0: none is metered
	months [2]map[tenants.ID]int64
}

const meterKeySize = 1 + 4 + 16

// appendMonth appends what the keys of a month's counts begin with.
func appendMonth(dst []byte, m ingest.Month) []byte {
	return binary.BigEndian.AppendUint32(append(dst, 'q'), uint32(m)) //nolint:gosec // after the year 0
}

// Metered implements ingest.SinkState.
func (s *State) Metered() (all []ingest.Metered) {
	for month := s.meters.newest - 1; month <= s.meters.newest; month++ {
		for tenant, n := range s.meters.of(month) {
			all = append(all, ingest.Metered{Tenant: tenant, Month: month, Events: n})
		}
	}
	return all
}

// MeteredOf implements ingest.SinkState.
func (s *State) MeteredOf(tenant tenants.ID, month ingest.Month) int64 {
	return s.meters.of(month)[tenant]
}

// of is what is metered in a month; nil where that is forgotten, or was never begun.
func (m *meters) of(month ingest.Month) map[tenants.ID]int64 {
	if month > m.newest || month < m.newest-1 {
		return nil
	}
	return m.months[month&1]
}

// begin makes a month the newest, unless a later one is.
func (m *meters) begin(month ingest.Month) {
	if month <= m.newest {
		return
	}
	if month > m.newest+1 {
		m.months[(month-1)&1] = map[tenants.ID]int64{}
	}
	m.newest, m.months[month&1] = month, map[tenants.ID]int64{}
}

// write puts counts with more added to them into a batch of the database. Nothing else changes: see take.
func (m *meters) write(b *pebble.Batch, more []ingest.Metered) error {
	var key [meterKeySize]byte
	var value [8]byte
	newest := m.newest
	for i := range more {
		newest = max(newest, more[i].Month)
	}
	for i := range more {
		n := &more[i]
		if n.Month < newest-1 {
			continue
		}
		k := append(appendMonth(key[:0], n.Month), n.Tenant[:]...)
		binary.BigEndian.PutUint64(value[:], uint64(m.of(n.Month)[n.Tenant]+n.Events)) //nolint:gosec // not negative
		if err := b.Set(k, value[:], nil); err != nil {
			return fmt.Errorf("count events: %w", err)
		}
	}
	if newest > m.newest {
		if err := b.DeleteRange([]byte("q"), appendMonth(nil, newest-1), nil); err != nil {
			return fmt.Errorf("forget old counts: %w", err)
		}
	}
	return nil
}

// take takes over what was written.
func (m *meters) take(more []ingest.Metered) {
	for i := range more {
		m.begin(more[i].Month)
	}
	for i := range more {
		if of := m.of(more[i].Month); of != nil {
			of[more[i].Tenant] += more[i].Events
		}
	}
}

// recallMeters reads what was counted.
func (s *State) recallMeters() error {
	iter, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte("q"), UpperBound: []byte("r")})
	if err != nil {
		return fmt.Errorf("read sink state: %w", err)
	}
	for ok := iter.First(); ok; ok = iter.Next() {
		k := iter.Key()
		s.meters.take([]ingest.Metered{{
			Tenant: tenants.ID(k[5:]), Month: ingest.Month(binary.BigEndian.Uint32(k[1:])), Events: int64(binary.BigEndian.Uint64(iter.Value())), //nolint:gosec // were such
		}})
	}
	if err := iter.Close(); err != nil {
		return fmt.Errorf("read sink state: %w", err)
	}
	return nil
}
