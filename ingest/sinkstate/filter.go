package sinkstate

import (
	"encoding/binary"

	"github.com/observatory/observatory/ingest"
)

// filter is a Bloom filter over 64-byte blocks: an event touches one cache line. It has 16 MiB, which is right for about ten million events
// a day with one false "maybe" in a hundred; with more it says "maybe" more often, which costs time and nothing else.
type filter struct{ blocks [][8]uint64 }

const (
	filterBlocks = 1 << 18 // of 64 bytes
	filterBits   = 6       // set per event
)

func newFilter() *filter { return &filter{blocks: make([][8]uint64, filterBlocks)} }

func (f *filter) clear() { clear(f.blocks) }

func (f *filter) add(key ingest.SeenKey) {
	block, bits := f.place(key)
	for range filterBits {
		block[bits>>6&7] |= 1 << (bits & 63)
		bits >>= 9
	}
}

// mayHold is false only for keys that were never added.
func (f *filter) mayHold(key ingest.SeenKey) bool {
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
func (f *filter) place(key ingest.SeenKey) (*[8]uint64, uint64) {
	return &f.blocks[binary.LittleEndian.Uint64(key[:])%filterBlocks], binary.LittleEndian.Uint64(key[8:])
}
