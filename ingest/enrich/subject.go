package enrich

import (
	"net/netip"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/doc"
)

// subject is an event under the steps' hands, and what one step found that another wants to know.
type subject struct {
	Input
	facts     facts
	agent     *agent    // nil: not looked for yet
	sessionID sessionID // that was derived; zero: none
}

// parseAgent reads the user agent of the end user's browser or app, if one is known: what the sender passes on, or else the
// connection's own where a page made the request. A server's own user agent says nothing about the person.
func (s *subject) parseAgent(agents *Agents) *agent {
	if s.agent == nil {
		switch sent := textAt(s.Context, "userAgent"); {
		case len(sent) > 0:
			s.agent = find(agents, sent)
		case s.Client != nil && s.Client.Browser:
			s.agent = find(agents, s.Client.UserAgent)
		default:
			s.agent = &noAgent
		}
	}
	return s.agent
}

// address is that of the end user, if it is known: the connection's where a page made the request, or else what the
// server passes on, which redaction may have cut to its network. The zero address: unknown.
func (s *subject) address() netip.Addr {
	if s.Client != nil && s.Client.Browser {
		return s.Client.Address.Unmap()
	}
	sent := textAt(s.Context, "ip")
	if len(sent) == 0 || len(sent) > len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255/128") {
		return netip.Addr{}
	}
	if addr, err := netip.ParseAddr(string(sent)); err == nil {
		return addr.Unmap().WithZone("")
	}
	if network, err := netip.ParsePrefix(string(sent)); err == nil {
		return network.Addr().Unmap()
	}
	return netip.Addr{}
}

// isPage tells events that are about a page of a site.
func (s *subject) isPage() bool {
	return s.Event.Type == ingest.Page || string(s.Event.Name) == ingest.Page.DefaultName()
}

// textAt finds the text of a string; nil when there is no such string.
func textAt(n *doc.Node, path ...string) []byte {
	n = n.At(path...)
	if n == nil || n.Kind() != doc.String {
		return nil
	}
	return n.Text()
}
