package repair

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/observatory/observatory/ingest/doc"
)

type convertStep struct {
	at      path
	convert func(*doc.Node)
}

func (s convertStep) apply(root *doc.Node) { s.at.each(root, s.convert) }

// conversions are by what they make. One that cannot be done leaves the value as it is.
func conversions() map[string]func(*doc.Node) {
	return map[string]func(*doc.Node){
		"string": toString, "number": toNumber, "integer": toInteger, "boolean": toBoolean, "date_time": toDateTime,
	}
}

func toString(n *doc.Node) {
	if n.Kind() == doc.Number || n.Kind() == doc.Bool {
		n.SetString(string(n.Raw()))
	}
}

// toNumber reads what people write for numbers: 12.50, " 12", +3, .5.
func toNumber(n *doc.Node) {
	if n.Kind() != doc.String {
		return
	}
	text := strings.TrimPrefix(strings.TrimSpace(string(n.Text())), "+")
	f, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil || math.IsInf(f, 0) || math.IsNaN(f) || strings.ContainsAny(text, "_xX"):
	case json.Valid([]byte(text)):
		n.SetNumber(text) // with all its digits
	default:
		n.SetNumber(strconv.FormatFloat(f, 'g', -1, 64))
	}
}

// toInteger converts numbers without a fraction: "12", 12.0, 1e3.
func toInteger(n *doc.Node) {
	if n.Kind() != doc.String && n.Kind() != doc.Number {
		return
	}
	text := strings.TrimPrefix(strings.TrimSpace(string(n.Text())), "+")
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		n.SetInt(i)
		return
	}
	const exact = 1 << 53 // beyond it a float skips whole numbers
	if f, err := strconv.ParseFloat(text, 64); err == nil && f == math.Trunc(f) && math.Abs(f) <= exact && !strings.ContainsAny(text, "_xX") {
		n.SetInt(int64(f))
	}
}

func toBoolean(n *doc.Node) {
	if n.Kind() != doc.String && n.Kind() != doc.Number {
		return
	}
	switch strings.ToLower(strings.TrimSpace(string(n.Text()))) {
	case "true", "yes", "on", "1":
		n.SetBool(true)
	case "false", "no", "off", "0":
		n.SetBool(false)
	}
}

// toDateTime makes an RFC 3339 time in UTC of the usual ways to write one, and of seconds or milliseconds since 1970.
func toDateTime(n *doc.Node) {
	text := strings.TrimSpace(string(n.Text()))
	if n.Kind() == doc.Number || n.Kind() == doc.String && text != "" && strings.Trim(text, "0123456789.") == "" {
		setUnix(n, text)
		return
	}
	if n.Kind() != doc.String {
		return
	}
	for _, layout := range [...]string{
		time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly,
		time.RFC1123Z, time.RFC1123, time.RFC850, time.ANSIC, "2006-01-02T15:04:05.999999999Z0700",
	} {
		if t, err := time.Parse(layout, text); err == nil {
			setTime(n, t)
			return
		}
	}
}

func setUnix(n *doc.Node, text string) {
	const latest = 1e11 // seconds: the year 5138; what is more are milliseconds
	f, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil || f < 0 || f >= latest*1000:
	case f < latest:
		setTime(n, time.UnixMilli(int64(math.Round(f*1000))))
	default:
		setTime(n, time.UnixMilli(int64(f)))
	}
}

func setTime(n *doc.Node, t time.Time) { n.SetString(t.UTC().Format("2006-01-02T15:04:05.000Z07:00")) }
