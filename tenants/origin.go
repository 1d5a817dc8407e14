package tenants

import (
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// AnyOrigin in a key's origins allows every origin.
const AnyOrigin = "*"

// maxOrigins of one key, and the longest origin in bytes.
const (
	maxOrigins      = 100
	maxOriginLength = 255
)

// AllowsOrigin tells whether a web page of this origin may use the key. The origin is the value of the Origin header as
// browsers send it (RFC 6454, section 6.2), for example "https://shop.example.com"; ask only when the header is there.
//
// An origin is allowed when it is listed, when it lies below a listed wildcard (https://*.example.com covers
// https://a.example.com and https://a.b.example.com but not https://example.com), or when the list holds "*". An empty
// list allows none, so a secret key is good for no page.
func (k *APIKey) AllowsOrigin(origin string) bool {
	if origin == "" {
		return false
	}
	return slices.ContainsFunc(k.Origins, func(pattern string) bool { return originMatches(pattern, origin) })
}

func originMatches(pattern, origin string) bool {
	if pattern == AnyOrigin || strings.EqualFold(pattern, origin) {
		return true
	}
	scheme, base, ok := strings.Cut(pattern, "://*.")
	if !ok {
		return false
	}
	head := len(scheme) + len("://")
	tail := len(origin) - len(base) - len(".")
	if tail <= head || !strings.EqualFold(origin[:head], scheme+"://") || !strings.EqualFold(origin[tail:], "."+base) {
		return false
	}
	// What the star stands for must be labels of a host name: an "@", ":" or "/" in it would make it another host.
	return isHostName(origin[head:tail])
}

// isHostName tells whether s is made of non-empty labels of ASCII letters, digits, hyphens and underscores.
func isHostName(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if label == "" {
			return false
		}
		if strings.ContainsFunc(label, notInHostName) {
			return false
		}
	}
	return true
}

func notInHostName(c rune) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		return false
	}
	return true
}

// cleanOrigins brings patterns into the form that browsers send (lower case, no default port, no trailing slash, host
// names in ASCII), without repetition. It returns ErrOriginInvalid.
func cleanOrigins(patterns []string) ([]string, error) {
	if len(patterns) > maxOrigins {
		return nil, ErrOriginInvalid
	}
	cleaned := make([]string, 0, len(patterns))
	for _, p := range patterns {
		c, err := cleanOrigin(p)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(cleaned, c) {
			cleaned = append(cleaned, c)
		}
	}
	return cleaned, nil
}

func cleanOrigin(pattern string) (string, error) {
	pattern = strings.TrimSpace(pattern)
	if pattern == AnyOrigin {
		return pattern, nil
	}
	if len(pattern) > maxOriginLength {
		return "", ErrOriginInvalid
	}
	// The star is taken out before parsing, so that what remains is an ordinary URL.
	scheme, rest, wildcard := strings.Cut(pattern, "://*.")
	if wildcard {
		pattern = scheme + "://" + rest
	}
	u, err := url.Parse(strings.TrimSuffix(pattern, "/"))
	if err != nil || u.Scheme == "" || u.Hostname() == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.Opaque != "" {
		return "", ErrOriginInvalid
	}
	host, err := originHost(u)
	if err != nil {
		return "", err
	}
	if !wildcard {
		return u.Scheme + "://" + host, nil
	}
	if !wildcardMakesSense(u) {
		return "", ErrOriginInvalid
	}
	return u.Scheme + "://*." + host, nil
}

// originHost is host and port as a browser would write them.
func originHost(u *url.URL) (string, error) {
	name, port := strings.ToLower(u.Hostname()), u.Port()
	if strings.HasSuffix(u.Host, ":") {
		return "", ErrOriginInvalid
	}
	if strings.Contains(name, ":") { // an IPv6 address
		name = "[" + name + "]"
	} else {
		if ascii, err := idna.Lookup.ToASCII(name); err == nil {
			name = ascii
		}
		if !isHostName(name) {
			return "", ErrOriginInvalid
		}
	}
	if port == "" || u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		return name, nil
	}
	return name + ":" + port, nil
}

// wildcardMakesSense refuses stars that stand for other people's sites: below a public suffix (*.com, *.co.uk,
// *.github.io), below an IP address, and in schemes that have no subdomains.
func wildcardMakesSense(u *url.URL) bool {
	if u.Scheme != "https" && u.Scheme != "http" {
		return false
	}
	name := strings.ToLower(u.Hostname())
	if name == "localhost" {
		return true
	}
	if ascii, err := idna.Lookup.ToASCII(name); err == nil {
		name = ascii
	}
	if strings.Contains(name, ":") || isDottedNumber(name) {
		return false
	}
	_, err := publicsuffix.EffectiveTLDPlusOne(name)
	return err == nil
}

func isDottedNumber(name string) bool {
	return strings.Trim(name, "0123456789.") == ""
}
