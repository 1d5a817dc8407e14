package enrich

import (
	"strings"

	"github.com/mileusna/useragent"

	"github.com/observatory/observatory/ingest/doc"
)

// bot is the step that tells programs from people. It sets Event.Bot to the reason:
//
//	synthetic                     a synthetic test, and the sender says so: context.synthetic is true
//	declared                      the sender says so: context.bot is true
//	crawler: Googlebot            a known crawler, or one that calls itself a bot
//	headless: HeadlessChrome      a browser that no one looks at
//	library: curl                 a program's HTTP library
//	data centre: 203.0.113.0/24   the address lies in the configured list
//
// Events of bots are stored like any other. Queries include them unless they filter.
func (e *Enricher) bot(s *subject) {
	for _, said := range [...]struct {
		key    string
		reason []byte
	}{{"synthetic", synthetic}, {"bot", declared}} {
		if n := s.Context.Child(said.key); n != nil && n.Kind() == doc.Bool && n.Raw()[0] == 't' {
			s.Event.Bot = said.reason
			return
		}
	}
	reason := s.parseAgent(e.resources.Agents).bot
	if reason == nil && e.resources.DataCentres != nil {
		reason = e.resources.DataCentres.find(s.address())
	}
	if reason != nil {
		s.Event.Bot = reason
	}
}

//nolint:gochecknoglobals // never change
var (
	synthetic = []byte("synthetic")
	declared  = []byte("declared")
)

// Crawler is a program that reads sites, and the words of its user agent that give it away.
type Crawler struct {
	Sign string // in lower case
	Name string // as people know it
}

// botReason tells why a user agent is a program's; empty: it is not.
func botReason(crawlers []Crawler, sent, lower string, ua *useragent.UserAgent) string {
	for _, h := range headless {
		if strings.Contains(lower, h.Sign) {
			return "headless: " + h.Name
		}
	}
	for _, c := range crawlers {
		if strings.Contains(lower, c.Sign) {
			return "crawler: " + c.Name
		}
	}
	product, _, _ := strings.Cut(lower, " ")
	product, _, _ = strings.Cut(product, "/")
	if name := libraries[product]; name != "" {
		return "library: " + name
	}
	// Well-behaved crawlers that no list knows yet say what they are, or leave an address for complaints. No browser does.
	if strings.Contains(sent, "+http") || ua.URL != "" && browsers[ua.Name] == "" || callsItselfBot(lower) {
		return "crawler: unknown"
	}
	return ""
}

// callsItselfBot finds words that end like those of crawlers. "Cubot" is a maker of telephones.
func callsItselfBot(lower string) bool {
	for _, sign := range []string{"bot", "crawler", "spider"} {
		rest := lower
		for {
			at := strings.Index(rest, sign)
			if at < 0 {
				break
			}
			before, after := rest[:at], rest[at+len(sign):]
			if (after == "" || !isLetter(after[0])) && (sign != "bot" || !strings.HasSuffix(before, "cu")) {
				return true
			}
			rest = after
		}
	}
	return false
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' }
