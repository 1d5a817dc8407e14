package enrich

import (
	"bytes"
	"net/url"
	"strings"
)

// campaign is the step that finds out how a visitor came: utm_source, utm_medium, utm_campaign, utm_term, utm_content,
// click_id (whose it is, never its value), referrer_domain, channel. Campaigns come from context.campaign, as Segment's
// libraries send it, or else from the address of the page. A referrer on the page's own site tells nothing, and such a
// page view has no channel: the visitor was there already.
func (e *Enricher) campaign(s *subject) {
	v := s.visit()
	for i := range v.utm {
		if len(v.utm[i]) > 0 {
			text(&s.facts, utmFacts[i], v.utm[i])
		}
	}
	text(&s.facts, "click_id", v.click)
	text(&s.facts, "referrer_domain", v.referrer)
	text(&s.facts, "channel", v.channel())
}

// visit is what an event tells about how its visitor came.
type visit struct {
	page     bool // the event is about a page
	internal bool // the visitor came from the same site
	utm      [len(utmFacts)][]byte
	click    string // whose click ID the address has
	referrer string // domain, in lower case, without www.; empty when there is none or it is internal
}

const (
	utmSource = iota
	utmMedium
)

var (
	utmFacts     = [...]string{"utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"} //nolint:gochecknoglobals // a constant table
	campaignKeys = [...]string{"source", "medium", "name", "term", "content"}                         //nolint:gochecknoglobals // of context.campaign
)

// parameters are those of an address that tell how its visitor came: campaigns, and click IDs with the network that marks
// its links with them.
var parameters = map[string]string{ //nolint:gochecknoglobals // a constant table
	"utm_source": "", "utm_medium": "", "utm_campaign": "", "utm_term": "", "utm_content": "",
	"gclid":      "google ads",
	"gbraid":     "google ads",
	"wbraid":     "google ads",
	"gad_source": "google ads",
	"dclid":      "google display",
	"msclkid":    "microsoft ads",
	"fbclid":     "facebook", // on every link, paid or not
	"igshid":     "instagram",
	"igsh":       "instagram",
	"ttclid":     "tiktok ads",
	"twclid":     "x ads",
	"li_fat_id":  "linkedin ads",
	"rdt_cid":    "reddit ads",
	"sccid":      "snapchat ads",
	"epik":       "pinterest",
	"yclid":      "yandex ads",
	"mc_cid":     "mailchimp",
	"_hsenc":     "hubspot email",
}

const longestParameter = len("utm_campaign")

func (s *subject) visit() visit {
	var v visit
	context := s.Context.Child("page")
	v.page = context != nil && context.Len() > 0 || s.isPage()
	field := func(name string) []byte {
		if t := textAt(context, name); len(t) > 0 || !v.page {
			return t
		}
		return textAt(s.Properties, name)
	}
	address := field("url")
	query := queryOf(address)
	if len(query) == 0 {
		query = bytes.TrimPrefix(field("search"), []byte("?"))
	}
	v.readQuery(query)
	if sent := s.Context.Child("campaign"); sent != nil {
		for i, key := range campaignKeys {
			if t := textAt(sent, key); len(t) > 0 {
				v.utm[i] = t
			}
		}
	}
	if referrer := field("referrer"); len(referrer) > 0 {
		v.referrer = hostOf(referrer)
		if own := hostOf(address); v.referrer != "" && own != "" && sameSite(own, v.referrer) {
			v.referrer, v.internal = "", true
		}
	}
	return v
}

// readQuery looks through the parameters of an address for campaigns and click IDs. Of several with one name the last counts.
func (v *visit) readQuery(query []byte) {
	for len(query) > 0 {
		var pair []byte
		pair, query, _ = bytes.Cut(query, []byte("&"))
		key, value, _ := bytes.Cut(pair, []byte("="))
		var lower [longestParameter]byte
		if len(value) == 0 || len(key) > len(lower) {
			continue
		}
		for i, c := range key {
			if c >= 'A' && c <= 'Z' {
				c += 'a' - 'A'
			}
			lower[i] = c
		}
		switch network, known := parameters[string(lower[:len(key)])]; {
		case !known:
		case network != "":
			v.click = network
		default:
			for i, name := range utmFacts {
				if string(lower[:len(key)]) == name {
					v.utm[i] = unescape(value)
				}
			}
		}
	}
}

// unescape decodes a parameter; one that cannot be decoded stays as it is.
func unescape(value []byte) []byte {
	if bytes.IndexByte(value, '%') < 0 && bytes.IndexByte(value, '+') < 0 {
		return value
	}
	if text, err := url.QueryUnescape(string(value)); err == nil {
		return []byte(strings.ToValidUTF8(text, "\uFFFD"))
	}
	return value
}

func queryOf(address []byte) []byte {
	_, query, ok := bytes.Cut(address, []byte("?"))
	if !ok {
		return nil
	}
	query, _, _ = bytes.Cut(query, []byte("#"))
	return query
}

// hostOf is the host of an address in lower case, without port and www.; empty when there is none.
func hostOf(address []byte) string {
	_, rest, ok := bytes.Cut(address, []byte("://"))
	if !ok {
		return ""
	}
	if end := bytes.IndexAny(rest, "/?#\\"); end >= 0 {
		rest = rest[:end]
	}
	if at := bytes.LastIndexByte(rest, '@'); at >= 0 {
		rest = rest[at+1:]
	}
	if bytes.HasPrefix(rest, []byte("[")) {
		return "" // an IPv6 address
	}
	rest, _, _ = bytes.Cut(rest, []byte(":"))
	if len(rest) > 253 || !isHost(rest) {
		return ""
	}
	return strings.TrimPrefix(strings.TrimSuffix(strings.ToLower(string(rest)), "."), "www.")
}

// isHost tells what can be a host's name in ASCII. An address of four numbers is none: it names a machine, not a site.
func isHost(name []byte) bool {
	letters := false
	for _, c := range name {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
			letters = true
		case c >= '0' && c <= '9', c == '.', c == '-', c == '_':
		default:
			return false
		}
	}
	return letters
}
