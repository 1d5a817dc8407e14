package tenants

import (
	"testing"

	"pgregory.net/rapid"
)

// Whatever is put in and asked for, the cache gives back what was put in last under that name or nothing, and stays within
// its size.
func TestTokenCache(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 5).Draw(t, "size")
		c, model := newTokenCache(size), map[string]*ringEntry{}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			token := rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f", "g"}).Draw(t, "token")
			switch rapid.IntRange(0, 9).Draw(t, "step") {
			case 0:
				c.clear()
				clear(model)
			case 1, 2, 3, 4:
				entry := &ringEntry{}
				c.put(token, entry)
				model[token] = entry
				if got, ok := c.get(token); !ok || got != entry {
					t.Fatalf("%q was put in and is not there", token)
				}
			default:
				if got, ok := c.get(token); ok && got != model[token] {
					t.Fatalf("%q gives something else", token)
				}
			}
			if len(c.index) > size || len(c.slots) > size {
				t.Fatalf("%d tokens in a cache for %d", len(c.index), size)
			}
		}
	})
}

func TestTokenCacheKeepsWhatIsUsed(t *testing.T) {
	t.Parallel()
	c := newTokenCache(3)
	for _, token := range []string{"used", "b", "c", "d", "e", "f", "g"} {
		c.put(token, &ringEntry{})
		if _, ok := c.get("used"); !ok {
			t.Fatalf("what is used all the time was forgotten for %q", token)
		}
	}
}
