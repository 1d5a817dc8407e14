package sinkstate

import (
	"encoding/binary"
	"time"

	"github.com/observatory/observatory/ingest"
)

// recent says of most events that they were not seen in the last day. It has one Bloom filter for the events of each of the last two
// days, by the day of their receipt: what was seen in the 24 hours before an instant lies in its own day or in the one before.
type recent struct {
	filters [2]filter
	days    [2]int64 // that the filters are for
}

const secondsOfDay = 24 * 60 * 60

func newRecent() recent { return recent{filters: [2]filter{newFilter(), newFilter()}} }

func (r *recent) add(key ingest.SeenKey, at time.Time) {
	day := at.Unix() / secondsOfDay
	slot := day & 1
	if r.days[slot] < day {
		clear(r.filters[slot])
		r.days[slot] = day
	}
	if r.days[slot] == day { // else it is too old to matter
		r.filters[slot].add(key)
	}
}

// mayHold is false only for keys that were not added with a time between from and to, which are at most a day apart.
func (r *recent) mayHold(key ingest.SeenKey, from, to time.Time) bool {
	for day := from.Unix() / secondsOfDay; day <= to.Unix()/secondsOfDay; day++ {
		if slot := day & 1; r.days[slot] == day && r.filters[slot].mayHold(key) {
			return true
		}
	}
	return false
}

// filter is a Bloom filter over blocks of 64 bytes: an event touches one cache line. It has 16 MiB, which is right for about ten million events
// with one false "maybe" in a hundred; with more it says "maybe" more often, which costs time and nothing else.
type filter [][8]uint64

const (
	filterBlocks = 1 << 18 // of 64 bytes
	filterBits   = 6       // set per event
)

func newFilter() filter { return make(filter, filterBlocks) }

func (f filter) add(key ingest.SeenKey) {
	block, bits := f.place(key)
	for range filterBits {
		block[bits>>6&7] |= 1 << (bits & 63)
		bits >>= 9
	}
}

func (f filter) mayHold(key ingest.SeenKey) bool {
	block, bits := f.place(key)
	for range filterBits {
		if block[bits>>6&7]&(1<<(bits&63)) == 0 {
			return false
		}
		bits >>= 9
	}
	return true
}

// place picks a block by the key's first half and the bits in it by its second.
func (f filter) place(key ingest.SeenKey) (*[8]uint64, uint64) {
	return &f[binary.LittleEndian.Uint64(key[:])%filterBlocks], binary.LittleEndian.Uint64(key[8:])
}
