package infer

import (
	"bytes"
	"net/netip"
	"net/url"
	"regexp"
	"time"
	"unicode/utf8"
)

// formats is a set of formats of JSON Schema.
type formats uint8

const (
	dateTime formats = 1 << iota
	date
	uuid
	email
	ipv4
	ipv6
	uri
	allFormats formats = 1<<7 - 1
)

// name is the format that is left; empty when none is, or when no text was seen.
func (f formats) name() string {
	switch f {
	case dateTime:
		return "date-time"
	case date:
		return "date"
	case uuid:
		return "uuid"
	case email:
		return "email"
	case ipv4:
		return "ipv4"
	case ipv6:
		return "ipv6"
	case uri:
		return "uri"
	default:
		return ""
	}
}

// formatsOf is the format of a text. It recognises less than JSON Schema allows: what is proposed must fit what was seen.
func formatsOf(t []byte) formats {
	if len(t) < 3 || len(t) > 2048 || !utf8.Valid(t) {
		return 0
	}
	text := string(t)
	switch {
	case len(t) == len(time.DateOnly) && t[4] == '-':
		if _, err := time.Parse(time.DateOnly, text); err == nil {
			return date
		}
	case len(t) > 18 && t[10] == 'T' && !bytes.Contains(t, []byte(",")):
		if _, err := time.Parse(time.RFC3339Nano, text); err == nil {
			return dateTime
		}
	case len(t) == 36 && uuidForm.Match(t):
		return uuid
	case bytes.HasPrefix(t, []byte("http://")) || bytes.HasPrefix(t, []byte("https://")):
		if u, err := url.Parse(text); err == nil && u.Host != "" && uriForm.Match(t) {
			return uri
		}
	case bytes.IndexByte(t, '@') > 0:
		if len(t) < 255 && emailForm.Match(t) {
			return email
		}
	default:
		if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
			if a.Is4() {
				return ipv4
			}
			return ipv6
		}
	}
	return 0
}

var (
	uuidForm  = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	emailForm = regexp.MustCompile(`^[A-Za-z0-9_%+-]{1,32}(\.[A-Za-z0-9_%+-]{1,15}){0,1}@[A-Za-z0-9]+(\.[A-Za-z0-9]+)+$`)
	uriForm   = regexp.MustCompile(`^[A-Za-z0-9:/?#@!$&'()*+,;=._~%-]+$`)
)
