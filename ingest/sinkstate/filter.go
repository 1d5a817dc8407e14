package sinkstate

import (
	"encoding/binary"
	"time"

	"github.com/observatory/observatory/ingest"
)

// recent says of most events that they were not seen in the last day, and of the others in which hours they may have been. It has a
// Bloom filter for each of the last two days and for each of the last 26 hours, by the time of receipt: what was seen in the 24 hours before
// an instant lies in its own day or in the one before. The filters of the days are large enough for a day's events that all come at once.
type recent struct {
	days  [2]period
	hours [26]period
}

func newRecent() (r recent) {
	for i := range r.days {
		r.days[i].filter = newFilter(16 << 20)
	}
	for i := range r.hours {
		r.hours[i].filter = newFilter(512 << 10)
	}
	return r
}

func dayOf(t time.Time) int64  { return t.Unix() / (24 * 60 * 60) }
func hourOf(t time.Time) int64 { return t.Unix() / (60 * 60) }

func (r *recent) add(key ingest.SeenKey, at time.Time) {
	day, hour := dayOf(at), hourOf(at)
	r.days[day%int64(len(r.days))].add(day, key)
	r.hours[hour%int64(len(r.hours))].add(hour, key)
}

// mayHold is false only for keys that were not added with a time between from and to.
func (r *recent) mayHold(key ingest.SeenKey, from, to time.Time) bool {
	for day := dayOf(from); day <= dayOf(to); day++ {
		if r.days[day%int64(len(r.days))].mayHold(day, key) {
			return true
		}
	}
	return false
}

// mayHoldIn is false only for keys that were not added with a time within an hour.
func (r *recent) mayHoldIn(hour int64, key ingest.SeenKey) bool {
	return r.hours[hour%int64(len(r.hours))].mayHold(hour, key)
}

// period is a filter for one day or hour. It is used again for later ones.
type period struct {
	is     int64
	filter filter
}

func (p *period) add(is int64, key ingest.SeenKey) {
	if p.is < is {
		clear(p.filter)
		p.is = is
	}
	if p.is == is { // else it is too old to matter
		p.filter.add(key)
	}
}

// mayHold cannot tell of a period that is over and forgotten, so it says yes.
func (p *period) mayHold(is int64, key ingest.SeenKey) bool {
	return p.is > is || p.is == is && p.filter.mayHold(key)
}

// filter is a Bloom filter over blocks of 64 bytes: an event touches one cache line. With 16 MiB it is right for about ten million events,
// with 0.3 false "maybe" in a hundred; with more it says "maybe" more often, which costs time and nothing else.
type filter [][8]uint64

const filterBits = 6 // set per event

func newFilter(bytes int) filter { return make(filter, bytes/64) }

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
	return &f[binary.LittleEndian.Uint64(key[:])%uint64(len(f))], binary.LittleEndian.Uint64(key[8:])
}
