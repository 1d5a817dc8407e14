package conform

import (
	"bytes"
	"encoding/base64"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/observatory/observatory/ingest/doc"
)

// holds tells whether a scalar value is of a shape as it stands.
func (s *shape) holds(n *doc.Node) bool {
	switch s.kind {
	case shapeNull:
		return n.Kind() == doc.Null
	case shapeBool:
		return n.Kind() == doc.Bool
	case shapeInt:
		return n.Kind() == doc.Number && allDigits(n.Raw()) && s.within(n.Raw())
	case shapeFloat:
		return n.Kind() == doc.Number && s.floats(n.Raw())
	case shapeDecimal:
		return n.Kind() == doc.Number && s.decimals(n.Raw())
	default: // a text
	}
	if n.Kind() != doc.String {
		return false
	}
	text := n.Text()
	switch s.kind {
	case shapeString:
		return true
	case shapeBytes:
		b, err := base64.StdEncoding.Strict().DecodeString(string(text))
		return err == nil && (s.size < 0 || s.size == len(b))
	case shapeUUID:
		return isUUID(text)
	case shapeDate:
		_, err := time.Parse(time.DateOnly, string(text))
		return err == nil
	case shapeTime:
		_, err := time.Parse("15:04:05.999999", string(text))
		return err == nil
	case shapeTimestamp:
		_, err := time.Parse(time.RFC3339Nano, string(text))
		return err == nil
	case shapeLocal:
		_, err := time.Parse("2006-01-02T15:04:05.999999999", string(text))
		return err == nil
	case shapeMonths:
		return len(text) < 64 && isMonths(string(text))
	case shapeDuration:
		return len(text) < 64 && isSeconds(string(text))
	case shapeEnum:
		return slices.Contains(s.symbols, string(text))
	default:
		return false
	}
}

// isMonths tells whether a text is a duration as in P1M2DT3.5S.
func isMonths(text string) bool {
	var numbers [4]string
	var ok [5]bool
	text, ok[0] = strings.CutPrefix(text, "P")
	numbers[0], text, ok[1] = strings.Cut(text, "M")
	numbers[1], text, ok[2] = strings.Cut(text, "DT")
	text, ok[3] = strings.CutSuffix(text, "S")
	var point bool
	numbers[2], numbers[3], point = strings.Cut(text, ".")
	ok[4] = !point || len(numbers[3]) <= 3 && digits([]byte(numbers[3]))
	for _, number := range numbers[:3] {
		_, err := strconv.ParseUint(number, 10, 32)
		ok[0] = ok[0] && err == nil
	}
	return ok == [5]bool{true, true, true, true, true}
}

// isSeconds tells whether a text is a duration as in 1.5s.
func isSeconds(text string) bool {
	text, ok := strings.CutSuffix(strings.TrimPrefix(text, "-"), "s")
	whole, fraction, point := strings.Cut(text, ".")
	return ok && len(whole) <= 12 && digits([]byte(whole)) && (!point || len(fraction) <= 9 && digits([]byte(fraction)))
}

// scalar converts a scalar value to a shape, without loss. It is false, and nothing has changed, when it cannot be.
func (s *shape) scalar(n *doc.Node) bool {
	if s.holds(n) {
		return true
	}
	switch n.Kind() {
	case doc.String:
		return s.fromText(n, n.Text())
	case doc.Number:
		return s.fromNumber(n)
	case doc.Bool:
		if s.kind == shapeString {
			n.SetString(string(n.Raw()))
			return true
		}
		return false
	default:
		return false
	}
}

func (s *shape) fromText(n *doc.Node, text []byte) bool {
	switch s.kind {
	case shapeBool:
		value, ok := boolean(text)
		if ok {
			n.SetBool(value)
		}
		return ok
	case shapeInt:
		if len(text) > 20 || !canonical(text) || !allDigits(text) || !s.within(text) {
			return false
		}
		n.SetNumber(string(text))
		return true
	case shapeFloat:
		if ok, _ := numberLiteral(text); !ok || !s.floats(text) {
			return false
		}
		n.SetNumber(string(text))
		return true
	case shapeDecimal:
		if len(text) > maxDecimalBytes || !canonical(text) || !s.decimals(text) {
			return false
		}
		n.SetNumber(string(text))
		return true
	case shapeBytes:
		return s.fromBase64(n, text)
	case shapeEnum:
		right := ""
		if len(text) < 1<<10 {
			right = one(s.symbols, string(text))
		}
		if right == "" {
			right = s.fallback
		}
		if right == "" {
			return false
		}
		n.SetString(right)
		return true
	case shapeDate, shapeTimestamp, shapeLocal:
		return s.fromTime(n, text)
	default:
		return false
	}
}

// canonical tells whether a text is a plain number: no plus, no leading zero, no exponent, no space.
func canonical(text []byte) bool {
	t := bytes.TrimPrefix(text, []byte("-"))
	whole, fraction, point := bytes.Cut(t, []byte("."))
	return digits(whole) && (len(whole) == 1 || whole[0] != '0') && (!point || digits(fraction)) && string(text) != "-0"
}

// fromBase64 accepts the other alphabet, and missing padding.
func (s *shape) fromBase64(n *doc.Node, text []byte) bool {
	t := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(string(text), "="))
	b, err := base64.RawStdEncoding.Strict().DecodeString(t)
	if err != nil || s.size >= 0 && s.size != len(b) {
		return false
	}
	n.SetString(base64.StdEncoding.EncodeToString(b))
	return true
}

func (s *shape) fromNumber(n *doc.Node) bool {
	literal := n.Raw()
	switch s.kind {
	case shapeInt:
		v, whole := integerOf(literal)
		if !whole || !s.within([]byte(v.String())) {
			return false
		}
		n.SetNumber(v.String())
		return true
	case shapeString:
		n.SetString(string(literal))
		return true
	case shapeEnum:
		v, err := strconv.ParseInt(string(literal), 10, 32)
		if err != nil || s.numbers == nil {
			return false
		}
		if name, ok := s.numbers[v]; ok {
			n.SetString(name)
			return true
		}
		return !s.closed
	case shapeDate:
		if v, err := strconv.ParseInt(string(literal), 10, 64); err == nil && v > -1e6 && v < 3e6 { // days, as in Avro's JSON encoding
			if t := time.Unix(v*86400, 0).UTC(); t.Year() >= 1 && t.Year() <= 9999 {
				n.SetString(t.Format(time.DateOnly))
				return true
			}
		}
		return s.fromTime(n, literal)
	case shapeTime:
		return s.fromTicks(n, literal)
	case shapeTimestamp, shapeLocal:
		if v, err := strconv.ParseInt(string(literal), 10, 64); err == nil && s.unit == time.Microsecond && v >= 1e14 && v < 1e17 {
			n.SetString(time.UnixMicro(v).UTC().Format(s.timeForm()))
			return true
		}
		return s.fromTime(n, literal)
	default:
		return false
	}
}

func (s *shape) timeForm() string {
	switch s.kind {
	case shapeDate:
		return time.DateOnly
	case shapeLocal:
		return "2006-01-02T15:04:05.999999999"
	default:
		return time.RFC3339Nano
	}
}

// fromTime converts a time in a common form. A date has to be at midnight, and what has no zone is in none but UTC.
func (s *shape) fromTime(n *doc.Node, text []byte) bool {
	t, ok := parseTime(text)
	if !ok || s.kind == shapeDate && !midnight(t) {
		return false
	}
	if _, offset := t.Zone(); s.kind != shapeTimestamp && offset != 0 {
		return false
	}
	n.SetString(t.Format(s.timeForm()))
	return true
}

// fromTicks converts milliseconds or microseconds since midnight.
func (s *shape) fromTicks(n *doc.Node, literal []byte) bool {
	v, err := strconv.ParseInt(string(literal), 10, 64)
	if err != nil || v < 0 || s.unit == 0 || v >= int64(24*time.Hour/s.unit) {
		return false
	}
	var o out
	o.integer(s, s, v)
	return n.SetRaw(o.buf) == nil
}

// within tells whether a whole number in digits is in range.
func (s *shape) within(literal []byte) bool {
	if t, negative := bytes.CutPrefix(literal, []byte("-")); negative {
		v, err := strconv.ParseUint(string(t), 10, 64)
		return err == nil && v <= s.low
	}
	v, err := strconv.ParseUint(string(literal), 10, 64)
	return err == nil && v <= s.high
}

func (s *shape) floats(literal []byte) bool {
	bits := 64
	if s.single {
		bits = 32
	}
	_, err := strconv.ParseFloat(string(literal), bits)
	return err == nil
}

// maxDecimalBytes bounds the literals of decimals.
const maxDecimalBytes = 1300

// decimals tells whether a number has no more digits than the shape.
func (s *shape) decimals(literal []byte) bool {
	if len(literal) > maxDecimalBytes || exponent(literal) > 400 {
		return false
	}
	r, ok := new(big.Rat).SetString(string(literal))
	if !ok {
		return false
	}
	r.Mul(r, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(min(s.scale, 400))), nil)))
	return r.IsInt() && len(new(big.Int).Abs(r.Num()).String()) <= s.precision
}

// keyFits tells whether the name of a member is a key of a Protobuf map.
func (s *shape) keyFits(key []byte) bool {
	switch s.kind {
	case shapeBool:
		return string(key) == "true" || string(key) == "false"
	case shapeInt:
		return len(key) <= 20 && canonical(key) && allDigits(key) && s.within(key)
	default:
		return true
	}
}
