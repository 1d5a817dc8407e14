package tenants

import (
	"context"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// chain is an audit log in memory.
type chain struct {
	AuditRows
	entries []AuditEntry
}

func (c *chain) LastAudit(context.Context) (int64, AuditHash, error) {
	if len(c.entries) == 0 {
		return 0, AuditHash{}, nil
	}
	last := c.entries[len(c.entries)-1]
	return last.Seq, last.Hash, nil
}

func (c *chain) AddAudit(_ context.Context, e AuditEntry) error {
	c.entries = append(c.entries, e)
	return nil
}

func drawEntry(t *rapid.T) AuditEntry {
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "a", "ab", "b"})) // short ones, to look for ambiguous joints
	return AuditEntry{
		At:     time.UnixMicro(rapid.Int64Range(0, 1<<52).Draw(t, "at")),
		Actor:  Actor{Kind: ActorKind(text.Draw(t, "kind")), ID: text.Draw(t, "id"), Label: text.Draw(t, "label")},
		Action: text.Draw(t, "action"), Target: text.Draw(t, "target"), CorrelationID: text.Draw(t, "correlation"),
		Details: rapid.MapOfN(text, text, 0, 4).Draw(t, "details"),
	}
}

func TestAppendedEntriesMakeAChain(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		log, tenant := &chain{}, NewID()
		for range rapid.IntRange(1, 8).Draw(t, "entries") {
			if _, err := AppendAudit(t.Context(), log, tenant, drawEntry(t)); err != nil {
				t.Fatal(err)
			}
		}
		var prev AuditHash
		for i, e := range log.entries {
			if e.Seq != int64(i)+1 || e.PrevHash != prev || e.Hash != e.ChainHash(tenant) {
				t.Fatalf("entry %d does not follow: %+v", i+1, e)
			}
			prev = e.Hash
		}
	})
}

// Two entries that differ in anything differ in their hash, wherever the difference is.
func TestHashTellsEntriesApart(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		tenant := NewID()
		a, b := drawEntry(t), drawEntry(t)
		same := a.At.Equal(b.At) && a.Actor == b.Actor && a.Action == b.Action && a.Target == b.Target &&
			a.CorrelationID == b.CorrelationID && sameDetails(a.Details, b.Details)
		if (a.ChainHash(tenant) == b.ChainHash(tenant)) != same {
			t.Fatalf("%+v and %+v", a, b)
		}
		if a.ChainHash(tenant) == a.ChainHash(NewID()) {
			t.Fatal("the tenant does not count")
		}
		moved := a
		moved.Seq++
		if a.ChainHash(tenant) == moved.ChainHash(tenant) {
			t.Fatal("the number does not count")
		}
		// Text moved from one field to its neighbour.
		joined := a
		joined.Action, joined.Target = "", a.Action+a.Target
		if a.Action != "" && a.ChainHash(tenant) == joined.ChainHash(tenant) {
			t.Fatal("fields run into each other")
		}
	})
}

func sameDetails(a, b Details) bool {
	keys := func(d Details) []string {
		all := make([]string, 0, len(d))
		for name, value := range d {
			all = append(all, name+"\x00"+value)
		}
		slices.Sort(all)
		return all
	}
	return slices.Equal(keys(a), keys(b))
}
