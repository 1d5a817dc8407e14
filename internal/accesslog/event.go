package accesslog

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"net/netip"
	"strconv"
	"strings"

	"github.com/observatory/observatory/internal/client"
)

// The names of the events.
const (
	PageView    = "page_view"    // a page was asked for with GET and answered
	HTTPRequest = "http_request" // anything else: assets, errors, other methods
)

// MinKey is the length of the shortest visitor key, in bytes. With a shorter one the addresses could be guessed back.
const MinKey = 16

// The longest texts that are sent, in bytes; the rest is cut off and `clipped` names the field. They keep every event
// below the server's 32 KB.
const (
	maxURL       = 2048 // path, search, referrer, request
	maxUserAgent = 1024
)

// Mapper turns the lines of one log into events. It is not safe for concurrent use.
//
// Whoever holds the events must not be able to find the addresses, of which there are few enough to try them all. So
// everything that is derived from an address, the event's ID included, is an HMAC with a key that stays with the
// importer. The same key gives the same visitors and the same event IDs; another one gives other ones. The name of
// somebody who logged in by HTTP authentication is not sent at all.
type Mapper struct {
	mac  hash.Hash
	seen recent
}

// NewMapper makes a Mapper with a visitor key of at least MinKey bytes.
func NewMapper(key []byte) *Mapper {
	return &Mapper{mac: hmac.New(sha256.New, key), seen: recent{limit: 1 << 20}}
}

// Event is the event of one line. Its ID is derived from the line and from how many identical lines came before, so
// that reading the same log again, or a longer version of it, gives the same IDs.
func (m *Mapper) Event(l Line) client.Event {
	r := l.Record
	e := client.Event{
		Name:        HTTPRequest,
		ID:          m.eventID(l.Text),
		AnonymousID: m.visitor(r.Address),
		Timestamp:   r.Time,
		Properties:  map[string]any{"status": r.Status},
		Context:     map[string]any{"library": map[string]any{"name": "observatory-import"}},
		Ref:         l.Number,
	}
	var clipped []string
	set := func(fields map[string]any, name, value string, most int) {
		if value == "" {
			return
		}
		short, cut := clip(value, most)
		if cut {
			clipped = append(clipped, name)
		}
		fields[name] = short
	}
	if r.Method == "" {
		set(e.Properties, "request", r.Request, maxURL)
	} else {
		path, search := splitTarget(r.Target)
		set(e.Properties, "path", path, maxURL)
		set(e.Properties, "search", search, maxURL)
		e.Properties["method"] = r.Method
		if r.Protocol != "" {
			e.Properties["protocol"] = r.Protocol
		}
		if isPageView(r, path) {
			e.Name = PageView
		}
	}
	if r.Bytes >= 0 {
		e.Properties["bytes"] = r.Bytes
	}
	set(e.Properties, "referrer", r.Referrer, maxURL)
	set(e.Properties, "user_agent", r.UserAgent, maxUserAgent)
	if clipped != nil {
		e.Properties["clipped"] = clipped
	}
	if agent, known := e.Properties["user_agent"]; known {
		e.Context["userAgent"] = agent
	}
	if e.Name == PageView {
		e.Context["page"] = page(e.Properties)
	}
	return e
}

// page is the part of the context where Segment's browser client says which page it was.
func page(properties map[string]any) map[string]any {
	fields := map[string]any{}
	for _, name := range []string{"path", "search", "referrer"} {
		if value, known := properties[name]; known {
			fields[name] = value
		}
	}
	return fields
}

// visitor is a pseudonym of an address: 80 bits of a keyed hash. Different spellings of an IP address are one visitor;
// where the server did not write an address there is none.
func (m *Mapper) visitor(address string) string {
	if address == "-" {
		return ""
	}
	if ip, err := netip.ParseAddr(address); err == nil {
		address = ip.Unmap().String()
	}
	sum := m.sum("visitor", strings.ToLower(address))
	return "visitor-" + hex.EncodeToString(sum[:10])
}

// eventID is 128 bits of a keyed hash.
func (m *Mapper) eventID(line string) string {
	id := m.sum("event", "1", line)
	if n := m.seen.count(id); n > 1 {
		id = m.sum("event", strconv.Itoa(n), line)
	}
	return "log-" + hex.EncodeToString(id[:])
}

// sum is the first half of the HMAC over the parts. Only the last of them may hold a NUL, which keeps them apart.
func (m *Mapper) sum(parts ...string) (id [16]byte) {
	m.mac.Reset()
	for _, p := range parts {
		m.mac.Write([]byte(p))
		m.mac.Write([]byte{0})
	}
	copy(id[:], m.mac.Sum(nil))
	return id
}

// recent counts how often something came, over at least the last `limit` different ones. Identical lines carry the same
// second, so they are never far apart; the bound keeps the memory below 100 MB however long the log is.
type recent struct {
	limit    int
	now, old map[[16]byte]int
}

// count is 1 for the first time.
func (r *recent) count(id [16]byte) int {
	n := r.now[id]
	if n == 0 {
		n = r.old[id]
	}
	if r.now == nil || len(r.now) >= r.limit {
		r.now, r.old = map[[16]byte]int{}, r.now
	}
	r.now[id] = n + 1
	return n + 1
}
