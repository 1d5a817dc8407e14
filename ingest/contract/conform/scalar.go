package conform

import (
	"bytes"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// The conversions here are without loss: what comes out says the same as what was sent, and can be turned back. Whatever
// is doubtful stays as it is, and so stays a violation.

// maxNumberBytes bounds literals that are taken for numbers.
const maxNumberBytes = 40

// numberLiteral tells whether text is a number that every reader would write the same way: no leading zero or plus, no
// space, no exponent, no more digits than a 64-bit float keeps apart.
func numberLiteral(text []byte) (ok, integral bool) {
	t := text
	if len(t) > 0 && t[0] == '-' {
		t = t[1:]
	}
	if len(t) == 0 || len(t) > maxNumberBytes || bytes.Equal(text, []byte("-0")) {
		return false, false
	}
	whole, fraction, point := bytes.Cut(t, []byte("."))
	if !digits(whole) || len(whole) > 1 && whole[0] == '0' || point && !digits(fraction) {
		return false, false
	}
	significant := len(bytes.TrimLeft(append(append([]byte(nil), whole...), fraction...), "0"))
	switch {
	case !point && significant > 15:
		const safe = 1<<53 - 1 // what JavaScript and most JSON readers keep exactly
		v, err := strconv.ParseInt(string(text), 10, 64)
		return err == nil && v >= -safe && v <= safe, true
	case point && significant > 15:
		return false, false
	}
	return true, !point
}

func digits(text []byte) bool {
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(text) > 0
}

// boolean reads true and false in any case, as languages print them.
func boolean(text []byte) (value, ok bool) {
	switch {
	case len(text) > 5:
		return false, false
	case strings.EqualFold(string(text), "true"):
		return true, true
	case strings.EqualFold(string(text), "false"):
		return false, true
	default:
		return false, false
	}
}

// integerOf is the whole number that a JSON literal stands for, as in 3, 3.0 or 3e2.
func integerOf(literal []byte) (*big.Int, bool) {
	if v, err := strconv.ParseInt(string(literal), 10, 64); err == nil {
		return big.NewInt(v), true
	}
	if len(literal) > maxNumberBytes || exponent(literal) > 400 {
		return nil, false
	}
	r, ok := new(big.Rat).SetString(string(literal))
	if !ok || !r.IsInt() {
		return nil, false
	}
	return r.Num(), true
}

// exponent is the size of a literal's exponent, without its sign; large when it is absurd.
func exponent(literal []byte) int {
	_, e, ok := bytes.Cut(bytes.ToLower(literal), []byte("e"))
	if !ok {
		return 0
	}
	v, err := strconv.Atoi(strings.TrimLeft(string(e), "+-"))
	if err != nil {
		return 1 << 20
	}
	return v
}

// timeForms are common ways of writing a time that can be read in one way only. Those without a zone are UTC.
var timeForms = [...]string{ //nolint:gochecknoglobals // a constant table
	time.RFC3339Nano,
	"2006-01-02T15:04:05.999999999",
	"2006-01-02 15:04:05.999999999Z07:00",
	"2006-01-02 15:04:05.999999999 Z07:00",
	"2006-01-02 15:04:05.999999999 -0700",
	"2006-01-02 15:04:05.999999999",
	"2006-01-02T15:04:05.999999999-0700",
	"2006-01-02T15:04Z07:00",
	"2006-01-02T15:04",
	"2006-01-02 15:04",
	"20060102T150405Z0700",
	time.RFC1123,
	time.RFC1123Z,
}

var dateForms = [...]string{"2006-01-02", "2006/01/02", "20060102"} //nolint:gochecknoglobals // a constant table

// parseTime reads a time or a date in one of the common forms, or seconds or milliseconds since 1970 in digits.
func parseTime(text []byte) (time.Time, bool) {
	if len(text) < 8 || len(text) > 40 {
		return time.Time{}, false
	}
	if t, ok := parseDate(text); ok {
		return t, true
	}
	if c := text[len(text)-1]; c >= '0' && c <= '9' && bytes.IndexByte(text, '-') < 0 && bytes.IndexByte(text, ':') < 0 {
		return unixTime(text)
	}
	if bytes.HasSuffix(text, []byte("z")) || bytes.ContainsRune(text, 't') {
		text = bytes.ToUpper(text)
	}
	for _, form := range timeForms {
		t, err := time.Parse(form, string(text))
		if err != nil {
			continue
		}
		if name, offset := t.Zone(); offset == 0 && name != "" && name != "UTC" && name != "GMT" {
			return time.Time{}, false // a zone by a name that is not unique
		}
		if t.Year() < 1 || t.Year() > 9999 {
			return time.Time{}, false
		}
		return t, true
	}
	return time.Time{}, false
}

func parseDate(text []byte) (time.Time, bool) {
	if len(text) != 8 && len(text) != 10 {
		return time.Time{}, false
	}
	for _, form := range dateForms {
		if t, err := time.Parse(form, string(text)); err == nil && t.Year() >= 1000 {
			return t, true
		}
	}
	return time.Time{}, false
}

// unixTime reads seconds (1973 to 5138) or milliseconds (the same) since 1970, with at most nine places.
func unixTime(literal []byte) (time.Time, bool) {
	whole, fraction, point := bytes.Cut(literal, []byte("."))
	if !digits(whole) || len(whole) > 14 || point && (!digits(fraction) || len(fraction) > 9) {
		return time.Time{}, false
	}
	v, err := strconv.ParseInt(string(whole), 10, 64)
	if err != nil {
		return time.Time{}, false
	}
	var part int64
	if point {
		if part, err = strconv.ParseInt((string(fraction) + "00000000")[:9], 10, 64); err != nil {
			return time.Time{}, false
		}
	}
	switch {
	case v >= 1e8 && v < 1e11:
		return time.Unix(v, part).UTC(), true
	case v >= 1e11 && v < 1e14 && part%1e6 == 0:
		return time.UnixMilli(v).Add(time.Duration(part / 1e6)).UTC(), true
	default:
		return time.Time{}, false
	}
}

// midnight tells whether a time says no more than its date.
func midnight(t time.Time) bool { return t.Equal(t.Truncate(24 * time.Hour)) }
