package redact

import (
	"bytes"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// apply is what becomes of a whole value that a path or a key rule matches, but for dropping and allowing.
func (r *compiled) apply(text []byte, s *sealer) string {
	switch r.action {
	case mask:
		return maskValue(string(text), r.keep)
	case hash:
		if isPseudonym(text) {
			return string(text)
		}
		return s.hash(text)
	case tokenise:
		if isPseudonym(text) {
			return string(text)
		}
		return s.token(text)
	case truncate:
		return truncated(string(text), r.places)
	case generalise:
		return generalised(string(text), r.width)
	default:
		return Redacted
	}
}

// value is what stands in a text for the value of a name that a key rule matches.
func (r *compiled) value(text []byte, s *sealer) string { return r.apply(text, s) }

// part is what stands in a text for what a detector found.
func (r *compiled) part(text []byte, s *sealer) string {
	if r.action == mask {
		return r.detector.masked(text, r.keep)
	}
	return r.apply(text, s)
}

// maskedLength is how many characters of a value a mask shows at most, so that it does not tell the length of long ones.
const maskedLength = 16

// maskValue puts stars in place of all but the last keep characters. Of a value that has less than twice as many nothing stays.
func maskValue(text string, keep int) string {
	n := utf8.RuneCountInString(text)
	if n < 2*keep {
		keep = 0
	}
	tail := len(text)
	for range keep {
		_, size := utf8.DecodeLastRuneInString(text[:tail])
		tail -= size
	}
	return strings.Repeat("*", min(n, maskedLength)-keep) + text[tail:]
}

// maskNumber puts stars in place of letters and digits, but for the last keep of them; what groups them stays.
func maskNumber(text []byte, keep int) string {
	total := 0
	for _, c := range text {
		if isAlnum(c) || c == '*' {
			total++
		}
	}
	if total < 2*keep {
		keep = 0
	}
	out := make([]byte, 0, len(text))
	seen := 0
	for _, c := range text {
		if isAlnum(c) || c == '*' {
			if seen++; seen <= total-keep {
				c = '*'
			}
		}
		out = append(out, c)
	}
	return string(out)
}

// isMasked tells whether a text is what a detector's mask leaves: stars, with no more than the last characters or the domain of an
// e-mail address behind them.
func isMasked(text []byte) bool {
	if domain, ok := bytes.CutPrefix(text, []byte("***@")); ok {
		return domainEnd(domain, 0) == len(domain)
	}
	stars, others := 0, 0
	for _, c := range text {
		switch {
		case c == '*' && others == 0:
			stars++
		case isAlnum(c):
			others++
		case separatorAt([]byte{c}, 0) == 0 && c != '(' && c != ')' && c < utf8.RuneSelf:
			return false
		}
	}
	return stars >= 3 && others <= 8
}

// truncated makes a value less exact: an IP address becomes its network, decimals are cut. What is neither becomes Redacted.
func truncated(text string, places int) string {
	if network, ok := networkOf(text); ok {
		return network
	}
	parts := strings.Split(text, ",")
	for i, part := range parts {
		body := strings.TrimFunc(part, unicode.IsSpace)
		short, ok := cutDecimals(body, places)
		if !ok || len(parts) > 3 {
			return Redacted
		}
		parts[i] = strings.Replace(part, body, short, 1)
	}
	return strings.Join(parts, ",")
}

// networkOf is an IPv4 address with its last byte zero, or an IPv6 address with all but its first 48 bits zero.
func networkOf(text string) (string, bool) {
	a, err := netip.ParseAddr(text)
	if err != nil {
		return "", false
	}
	a = a.WithZone("")
	bits := 48
	switch {
	case a.Is4():
		bits = 24
	case a.Is4In6():
		bits = 96 + 24
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return "", false
	}
	return p.Addr().String(), true
}

// cutDecimals cuts a decimal number to some places, towards zero.
func cutDecimals(text string, places int) (string, bool) {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return "", false
	}
	if strings.ContainsAny(text, "eExXpP_") {
		text = strconv.FormatFloat(f, 'f', -1, 64)
	}
	whole, decimals, found := strings.Cut(strings.TrimPrefix(text, "+"), ".")
	if !found || len(decimals) <= places {
		return text, true
	}
	if places == 0 {
		return whole, true
	}
	return whole + "." + decimals[:places], true
}

// generalised makes a number a band of the width given, as in 30-39, and a date its year. What is neither becomes Redacted.
func generalised(text string, width int) string {
	text = strings.TrimSpace(text)
	if isBand(text) || isYear(text) {
		return text
	}
	if year, ok := yearOf(text); ok {
		return year
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.Abs(f) > 1e15 || math.IsNaN(f) {
		return Redacted
	}
	low := int64(math.Floor(f/float64(width))) * int64(width)
	return strconv.FormatInt(low, 10) + "-" + strconv.FormatInt(low+int64(width)-1, 10)
}

// isBand tells whether text is what generalised makes of a number.
func isBand(text string) bool {
	i := strings.LastIndex(strings.Replace(text, "--", "-#", 1), "-")
	if rest := strings.Index(text, "--"); rest > 0 {
		i = rest
	}
	if i <= 0 {
		return false
	}
	low, err := strconv.ParseInt(text[:i], 10, 64)
	up, err2 := strconv.ParseInt(text[i+1:], 10, 64)
	return err == nil && err2 == nil && low < up && up-low < 1000 && !strings.HasPrefix(text[i+1:], "0")
}

func isYear(text string) bool {
	n, err := strconv.Atoi(text)
	return err == nil && len(text) == 4 && n >= 1800 && n < 2200
}

// yearOf finds the year of a date: 1985-03-17 with or without a time behind it, 17.03.1985, 03/17/1985.
func yearOf(text string) (string, bool) {
	if len(text) < 8 || len(text) > 40 {
		return "", false
	}
	if isYear(text[:4]) && (text[4] == '-' || text[4] == '/' || text[4] == '.') && isDigit(text[5]) {
		return text[:4], true
	}
	i := strings.LastIndexAny(text, "./-")
	if i >= 3 && len(text)-i == 5 && isYear(text[i+1:]) && isDigit(text[0]) {
		return text[i+1:], true
	}
	if len(text) == 8 && isYear(text[:4]) {
		if _, err := strconv.Atoi(text); err == nil {
			return text[:4], true
		}
	}
	return "", false
}
