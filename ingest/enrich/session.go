package enrich

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/tenants"
)

// session is the step that finds out which session an event belongs to, where the sender does not say. It sets
// Event.SessionID and says with session_new whether the event began the session.
//
// A session is a person's events with never more than the policy's timeout between them, by the events' own times, and at
// most a day long. A person is an anonymous ID, which stays when somebody logs in, or else a user ID. A new campaign
// begins no new session, as in Google Analytics 4: how the session began stands on its first event. What comes late, within
// a session that is still remembered, falls into it.
func (e *Enricher) session(s *subject) {
	if e.resources.Sessions == nil || s.Trial || len(s.Event.SessionID) > 0 {
		return
	}
	person := s.Event.AnonymousID
	if len(person) == 0 {
		person = s.Event.UserID
	}
	if len(person) == 0 {
		return
	}
	id, begins := e.resources.Sessions.place(s.Tenant, person, s.Event.ID, s.Event.Time, e.policy.Timeout)
	s.sessionID = id
	s.facts.bool("session_new", begins)
}

const (
	maxSession   = 24 * time.Hour
	keptSessions = 4 // of a person, that late events may fall into
)

// sessionID is "ses_" and 120 bits in base64. The zero value is none.
type sessionID [24]byte

// Sessions remembers the latest sessions of the people who were seen last, in this process only: another node knows
// nothing of them, and after a restart everybody's session begins anew. Nobody is remembered who was not seen for a day, as long as
// HourPasses is called. It is for many goroutines.
type Sessions struct {
	seed   maphash.Seed
	hour   atomic.Int32 // of this memory's life
	shards [16]sessionShard
}

type sessionShard struct {
	mu     sync.Mutex
	people *simplelru.LRU[personKey, *person]
}

// personKey stands for a person of a tenant: a hash that nobody can make collide.
type personKey [16]byte

type person struct {
	latest [keptSessions]span // in no order; unused ones have no opener
	seen   int32              // in which hour last
}

// span is a session that was seen. Times are in milliseconds.
type span struct {
	id          sessionID
	first, last int64
	opener      uint64 // hash of the ID of the event that began it, never 0
}

// DefaultPeople is how many people a process remembers unless told otherwise. They take about 25 MB.
const DefaultPeople = 100_000

// NewSessions makes a memory for that many people at least.
func NewSessions(people int) *Sessions {
	m := &Sessions{seed: maphash.MakeSeed()}
	each := people/len(m.shards) + 1
	for i := range m.shards {
		m.shards[i].people, _ = simplelru.NewLRU[personKey, *person](each, nil) // fails for sizes below 1 only
	}
	return m
}

// place finds the session of an event, or begins one, and tells whether this event began it. A retry of that event gets
// the same answer.
func (m *Sessions) place(tenant tenants.ID, who, event []byte, at time.Time, timeout time.Duration) (id sessionID, begins bool) {
	var (
		key    = keyOf(tenant, who)
		opener = max(maphash.Bytes(m.seed, event), 1)
		shard  = &m.shards[key[0]%uint8(len(m.shards))]
	)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	p, known := shard.people.Get(key)
	if !known {
		p = new(person)
		shard.people.Add(key, p)
	}
	p.seen = m.hour.Load()
	s := p.place(at.UnixMilli(), opener, timeout.Milliseconds())
	if s.id == (sessionID{}) {
		s.id = newSessionID(key, s.first)
	}
	return s.id, s.opener == opener
}

// HourPasses is called every hour. Who was not seen for a day is forgotten then: also what stands for people who were erased.
func (m *Sessions) HourPasses() {
	day := int32(maxSession / time.Hour)
	hour := m.hour.Add(1)
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		for {
			_, p, ok := s.people.GetOldest()
			if !ok || p.seen+day >= hour {
				break
			}
			s.people.RemoveOldest()
		}
		s.mu.Unlock()
	}
}

// People is how many are remembered.
func (m *Sessions) People() (n int) {
	for i := range m.shards {
		m.shards[i].mu.Lock()
		n += m.shards[i].people.Len()
		m.shards[i].mu.Unlock()
	}
	return n
}

// place finds the session of an event, or puts a new one without an ID in place of the oldest.
func (p *person) place(at int64, opener uint64, timeout int64) *span {
	oldest := &p.latest[0]
	for i := range p.latest {
		s := &p.latest[i]
		if s.opener != 0 && s.takes(at, timeout) {
			s.first, s.last = min(s.first, at), max(s.last, at)
			return s
		}
		if s.opener == 0 || oldest.opener != 0 && s.last < oldest.last {
			oldest = s
		}
	}
	*oldest = span{first: at, last: at, opener: opener}
	return oldest
}

// takes tells whether an event at that time belongs to the session.
func (s *span) takes(at, timeout int64) bool {
	return at >= s.first-timeout && at <= s.last+timeout &&
		max(s.last, at)-min(s.first, at) <= maxSession.Milliseconds()
}

func keyOf(tenant tenants.ID, who []byte) personKey {
	buf := append(make([]byte, 0, len(tenant)+ingest.MaxIDBytes), tenant[:]...)
	sum := sha256.Sum256(append(buf, who...))
	return personKey(sum[:16])
}

// newSessionID is derived from nothing but who and when, so that another node and a replay come to the same.
func newSessionID(who personKey, start int64) (id sessionID) {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(who[:], uint64(start)))
	copy(id[:], "ses_")
	base64.RawURLEncoding.Encode(id[4:], sum[:15])
	return id
}
