package suppress

import (
	"bytes"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/tenants"
)

// Fate is what becomes of an event.
type Fate uint8

// The fates, the strongest last.
const (
	Pass Fate = iota
	Hold      // somebody's whose data is kept and not used
	Out       // it is not stored
)

// Verdict is what becomes of an event for the sake of people.
type Verdict struct {
	Fate   Fate
	Unlink bool // it is somebody else's, and goes on without its anonymous ID
}

// Traces are what an event tells about people.
type Traces struct {
	UserID, AnonymousID []byte
	PreviousID          []byte // of an alias: who the user was before
	ReceivedAt          time.Time
	Entered             bool     // it was let in before, and judged then: only what was erased stays out
	Paths               []string // of the values, each one of the tenant's Paths
	Values              [][]byte // texts
}

// Tenant is what holds for the people of one tenant. It does not change.
type Tenant struct {
	rules   map[Hash]rule
	paths   []string
	hashers *sync.Pool // of *hasher
}

type rule struct {
	standing privacy.Standing
	erased   time.Time // what was received before stays out
}

// newTenant makes of what held before, which may be nil, what holds with entries that changed. Nil: nothing holds.
func newTenant(keys Keys, id tenants.ID, before *Tenant, entries []Entry) *Tenant {
	t := &Tenant{rules: map[Hash]rule{}}
	if before != nil {
		t.rules, t.paths, t.hashers = maps.Clone(before.rules), slices.Clone(before.paths), before.hashers
	} else {
		t.hashers = &sync.Pool{New: func() any { return newHasher(keys, id) }}
	}
	for _, e := range entries {
		if e.Standing == privacy.Free && e.ErasedBefore.IsZero() {
			delete(t.rules, e.Hash)
			continue
		}
		t.rules[e.Hash] = rule{standing: e.Standing, erased: e.ErasedBefore}
		if e.Kind == privacy.Property && !slices.Contains(t.paths, e.Path) {
			t.paths = append(t.paths, e.Path)
		}
	}
	if len(t.rules) == 0 {
		return nil
	}
	return t
}

// Paths are the properties whose values matter, as in properties.phone.
func (t *Tenant) Paths() []string { return t.paths }

// Verdict judges an event. It is somebody's by its user ID, or by its anonymous ID where it has no user ID, or by the value of a property, or
// because it says that somebody goes by another ID from now on.
func (t *Tenant) Verdict(e Traces) Verdict {
	h := t.hashers.Get().(*hasher) //nolint:forcetypeassert // the pool holds nothing else
	defer t.hashers.Put(h)
	fate := t.of(h, &e, privacy.UserID, "", e.UserID)
	device := t.of(h, &e, privacy.AnonymousID, "", e.AnonymousID)
	if len(e.UserID) == 0 {
		fate = device
	}
	if len(e.PreviousID) > 0 {
		fate = max(fate, t.of(h, &e, privacy.UserID, "", e.PreviousID), t.of(h, &e, privacy.AnonymousID, "", e.PreviousID))
	}
	for i, path := range e.Paths {
		fate = max(fate, t.of(h, &e, privacy.Property, path, e.Values[i]))
		if slices.Contains(privacy.EmailPaths(), path) { // an address is the same however it is written
			if folded := bytes.ToLower(bytes.TrimSpace(e.Values[i])); !bytes.Equal(folded, e.Values[i]) {
				fate = max(fate, t.of(h, &e, privacy.Property, path, folded))
			}
		}
	}
	return Verdict{Fate: fate, Unlink: fate != Out && len(e.UserID) > 0 && device == Out}
}

// of is what becomes of an event for the sake of one of the values that it holds.
func (t *Tenant) of(h *hasher, e *Traces, kind privacy.Kind, path string, value []byte) Fate {
	if len(value) == 0 || len(value) > privacy.MaxValueBytes {
		return Pass
	}
	r, ok := t.rules[h.of(kind, path, value)]
	switch {
	case !ok:
		return Pass
	case e.Entered:
		return r.entered(e.ReceivedAt)
	}
	return r.entering(e.ReceivedAt)
}

// entering is what becomes of an event that comes in, or is to come back.
func (r rule) entering(received time.Time) Fate {
	switch {
	case r.standing == privacy.Barred || received.Before(r.erased):
		return Out
	case r.standing == privacy.Restricted:
		return Hold
	}
	return Pass
}

// entered is what becomes of one that was let in. Whoever was suppressed only since then may yet turn out to go by another ID, and nothing but
// this event may tell: it is stored as it is, seen by those who look for such IDs, and then dealt with where it lies.
func (r rule) entered(received time.Time) Fate {
	if received.Before(r.erased) {
		return Out
	}
	return Pass
}
