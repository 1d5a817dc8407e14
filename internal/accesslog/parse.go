package accesslog

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Record is one line of the log. Its strings are valid UTF-8 without control characters. A field that the server wrote
// as "-" is empty.
type Record struct {
	Address   string    // the client's: IPv4, IPv6 or a host name
	User      string    // who logged in by HTTP authentication
	Time      time.Time // UTC, to the second
	Request   string    // the request line as it came; the next three are empty when it is not one
	Method    string    // GET
	Target    string    // /path?query, or what else stood there
	Protocol  string    // HTTP/1.1; empty for HTTP/0.9
	Status    int       // 100 to 999
	Bytes     int64     // size of the body; -1 when the server did not say
	Referrer  string
	UserAgent string
}

// timeLayout of the combined format, without the brackets.
const timeLayout = "02/Jan/2006:15:04:05 -0700"

// ParseCombined reads one line, without its end. Fields after the user agent, which some servers add, are passed over.
// The error says what is wrong with the line and where.
func ParseCombined(line string) (Record, error) {
	r, err := parseCombined(line)
	if err != nil {
		return Record{}, err
	}
	return r, nil
}

func parseCombined(line string) (r Record, err error) {
	rest := line
	if r.Address, rest, err = word(rest, "client address"); err != nil {
		return r, err
	}
	// A user name may hold spaces, so the bracket of the time is what ends it.
	who, rest, found := strings.Cut(rest, " [")
	if !found {
		return r, errors.New("the time in [brackets] is missing")
	}
	_, user, found := strings.Cut(who, " ")
	if !found {
		return r, errors.New("between client address and time there must be two fields, such as - -")
	}
	r.User = dash(text(user))
	if r.Time, rest, err = timestamp(rest); err != nil {
		return r, err
	}
	if r.Request, rest, err = quoted(rest, "request"); err != nil {
		return r, err
	}
	r.Request = dash(r.Request)
	r.Method, r.Target, r.Protocol = splitRequest(r.Request)
	if r.Status, rest, err = status(rest); err != nil {
		return r, err
	}
	if r.Bytes, rest, err = size(rest); err != nil {
		return r, err
	}
	if r.Referrer, rest, err = quoted(rest, "referrer"); err != nil {
		return r, err
	}
	if r.UserAgent, _, err = quoted(rest, "user agent"); err != nil {
		return r, err
	}
	r.Referrer, r.UserAgent = dash(r.Referrer), dash(r.UserAgent)
	return r, nil
}

// word takes a field without quotes.
func word(s, field string) (value, rest string, err error) {
	value, rest, found := strings.Cut(s, " ")
	switch {
	case value == "":
		return "", "", fmt.Errorf("the %s is missing", field)
	case !found:
		return "", "", fmt.Errorf("the line ends after the %s", field)
	}
	return text(value), rest, nil
}

// timestamp takes the time, whose opening bracket is gone already.
func timestamp(s string) (at time.Time, rest string, err error) {
	value, rest, found := strings.Cut(s, "]")
	if !found {
		return at, "", errors.New("the line ends inside the time: the closing bracket is missing")
	}
	at, err = time.Parse(timeLayout, value)
	if err != nil {
		return at, "", fmt.Errorf("the time %s is not like [17/May/2015:10:05:03 +0000]", excerpt(value))
	}
	rest, found = strings.CutPrefix(rest, " ")
	if !found {
		return at, "", ended(rest, "time")
	}
	return at.UTC(), rest, nil
}

// quoted takes a field in quotes and undoes the server's escapes.
func quoted(s, field string) (value, rest string, err error) {
	s, found := strings.CutPrefix(s, `"`)
	if !found {
		if s == "" {
			return "", "", fmt.Errorf("the %s is missing", field)
		}
		return "", "", fmt.Errorf("the %s must stand in quotes, not %s", field, excerpt(s))
	}
	end := closingQuote(s)
	if end < 0 {
		return "", "", fmt.Errorf("the line ends inside the %s: the closing quote is missing", field)
	}
	value, rest = s[:end], s[end+1:]
	if rest == "" {
		return text(value), "", nil
	}
	rest, found = strings.CutPrefix(rest, " ")
	if !found {
		return "", "", ended(rest, field)
	}
	return text(value), rest, nil
}

// closingQuote is the index of the first quote that no backslash stands for, or -1.
func closingQuote(s string) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}

func status(s string) (code int, rest string, err error) {
	value, rest, found := strings.Cut(s, " ")
	if value == "" {
		return 0, "", errors.New("the status is missing")
	}
	if code, err = strconv.Atoi(value); err != nil || len(value) != 3 || code < 100 {
		return 0, "", fmt.Errorf("the status %s is not a number of three digits", excerpt(value))
	}
	if !found {
		return 0, "", errors.New("the line ends after the status")
	}
	return code, rest, nil
}

func size(s string) (bytes int64, rest string, err error) {
	value, rest, found := strings.Cut(s, " ")
	switch value {
	case "":
		return 0, "", errors.New("the size is missing")
	case "-":
		bytes = -1
	default:
		unsigned, err := strconv.ParseUint(value, 10, 63)
		if err != nil {
			return 0, "", fmt.Errorf("the size %s is neither a number of bytes nor -", excerpt(value))
		}
		bytes = int64(unsigned)
	}
	if !found {
		return 0, "", errors.New("the line ends after the size (this is the common format; the combined one goes on with referrer and user agent)")
	}
	return bytes, rest, nil
}

// ended is the error for a field that is followed by something other than a space.
func ended(rest, field string) error {
	if rest == "" {
		return fmt.Errorf("the line ends after the %s", field)
	}
	return fmt.Errorf("after the %s there must be a space, not %s", field, excerpt(rest))
}

// dash makes the server's sign for "nothing" an empty string.
func dash(s string) string {
	if s == "-" {
		return ""
	}
	return s
}

// excerpt quotes the beginning of a field for an error.
func excerpt(s string) string {
	const most = 32
	if len(s) > most {
		return strconv.Quote(s[:most]) + "..."
	}
	return strconv.Quote(s)
}

// splitRequest takes a request line apart. A target may hold spaces: clients send what they like. What is no request
// line, such as the bytes of another protocol, gives three empty strings.
func splitRequest(line string) (method, target, protocol string) {
	method, target, _ = strings.Cut(line, " ")
	if !isMethod(method) {
		return "", "", ""
	}
	if i := strings.LastIndexByte(target, ' '); i >= 0 && isProtocol(target[i+1:]) {
		target, protocol = target[:i], target[i+1:]
	}
	if target = strings.TrimSpace(target); target == "" || isProtocol(target) {
		return "", "", ""
	}
	return method, target, protocol
}

// isMethod tells whether s is a token (RFC 9110, section 5.6.2) of a length that methods have.
func isMethod(s string) bool {
	const longest = 32
	return s != "" && len(s) <= longest && strings.Trim(s, "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") == ""
}

func isProtocol(s string) bool {
	const longest = len("HTTP/1.1") + 8
	return strings.HasPrefix(s, "HTTP/") && len(s) <= longest
}
