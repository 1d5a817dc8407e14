package tenants

import (
	"strings"
	"sync/atomic"
)

// tokenCache remembers tokens whose signature was verified, because verifying one costs 50 µs and looking it up a tenth of
// a microsecond. It is bounded and forgets by the clock algorithm: a hand goes round and takes the first token that was
// not used since the hand last passed.
//
// It is keyed by the token itself, not by a digest of it: a Go map hashes with a secret seed and then compares in full, so
// there are no collisions to reason about, and it is several times as fast as SHA-256.
//
// get may run concurrently with get; put and clear must be alone.
type tokenCache struct {
	index map[string]int // token to slot
	slots []tokenSlot
	hand  int
	size  int
}

type tokenSlot struct {
	token string
	entry *ringEntry
	used  atomic.Bool
}

func newTokenCache(size int) *tokenCache {
	return &tokenCache{index: make(map[string]int), size: size}
}

func (c *tokenCache) get(token string) (*ringEntry, bool) {
	i, ok := c.index[token]
	if !ok {
		return nil, false
	}
	slot := &c.slots[i]
	if !slot.used.Load() { // writing only once keeps the cache line shared between cores
		slot.used.Store(true)
	}
	return slot.entry, true
}

func (c *tokenCache) put(token string, entry *ringEntry) {
	if i, ok := c.index[token]; ok {
		c.slots[i].entry = entry
		return
	}
	token = strings.Clone(token) // it may be a slice of a whole request
	if len(c.slots) < c.size {
		c.index[token] = len(c.slots)
		c.slots = append(c.slots, tokenSlot{token: token, entry: entry})
		return
	}
	for c.slots[c.hand].used.Swap(false) {
		c.hand = (c.hand + 1) % c.size
	}
	slot := &c.slots[c.hand]
	delete(c.index, slot.token)
	slot.token, slot.entry = token, entry
	c.index[token] = c.hand
	c.hand = (c.hand + 1) % c.size
}

func (c *tokenCache) clear() {
	clear(c.index)
	clear(c.slots)
	c.slots, c.hand = c.slots[:0], 0
}
