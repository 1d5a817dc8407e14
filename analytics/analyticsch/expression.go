package analyticsch

import (
	"strconv"
	"strings"

	"github.com/observatory/observatory/analytics"
)

// operand is what an event has at a path, as SQL. See analytics.Operator for what its text is and when it is missing.
type operand struct {
	path analytics.Path
	args string // column and keys, the arguments of the JSON functions; "" for a plain field

	// stored says that the text stands in a column of its own, value, which is null when missing. Then there are no numbers and no
	// booleans to compare.
	stored bool
}

func (s *statement) operand(path string) (operand, error) {
	p, err := analytics.ParsePath(path)
	if err != nil || !p.IsJSON() || path == s.stored {
		return operand{path: p, stored: path == s.stored}, err
	}
	args, bound := s.keys[path]
	if !bound {
		list := []string{column(p.Field)}
		for i, key := range p.Keys {
			list = append(list, s.bind("path"+strconv.Itoa(len(s.keys)+1)+"_"+strconv.Itoa(i+1), "String", key))
		}
		args = strings.Join(list, ", ")
		s.keys[path] = args
	}
	return operand{path: p, args: args}, nil
}

// column maps the name of a field to its column, so that the SQL holds constants only. An unknown name becomes a column that
// no table has; ParsePath lets none through.
func column(field string) string {
	switch field {
	case "event":
		return "event"
	case "type":
		return "toString(type)"
	case "user_id":
		return "user_id"
	case "anonymous_id":
		return "anonymous_id"
	case "session_id":
		return "session_id"
	case "source_id":
		return "toString(source_id)"
	case "event_id":
		return "event_id"
	case "correlation_id":
		return "correlation_id"
	case "bot":
		return "bot"
	case "sdk_name":
		return "sdk_name"
	case "sdk_version":
		return "sdk_version"
	case "properties":
		return "properties"
	case "context":
		return "context"
	case "facts":
		return "facts"
	default:
		return "unknown_field"
	}
}

// text is a Nullable(String) in JSON, null when missing, and a String that is empty when missing otherwise.
func (o operand) text() string {
	switch {
	case o.stored && o.path.IsJSON():
		return "value"
	case o.stored:
		return "ifNull(value, '')"
	case o.path.IsJSON():
		return "JSONExtract(" + o.args + ", 'Nullable(String)')"
	}
	return column(o.path.Field)
}

// value is the text, a Nullable(String) that is null when missing.
func (o operand) value() string {
	switch {
	case o.stored:
		return "value"
	case o.path.IsJSON():
		return o.text()
	}
	return "CAST(nullIf(" + o.text() + ", ''), 'Nullable(String)')"
}

// number is a Nullable(Float64), null where there is no JSON number.
func (o operand) number() string {
	return "if(JSONType(" + o.args + ") IN ('Int64', 'UInt64', 'Double'), JSONExtractFloat(" + o.args + "), NULL)"
}

// is tells whether there is this JSON boolean.
func (o operand) is(b bool) string {
	return "(JSONType(" + o.args + ") = 'Bool' AND JSONExtractBool(" + o.args + ") = " + strconv.FormatBool(b) + ")"
}

// isSet tells whether it is not missing.
func (o operand) isSet() string {
	switch {
	case o.stored && o.path.IsJSON():
		return "isNotNull(value)"
	case o.path.IsJSON():
		return "JSONType(" + o.args + ") != 'Null'"
	}
	return o.text() + " != ''"
}
