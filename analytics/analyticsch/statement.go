package analyticsch

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/tenants"
)

// The tables that statements read.
const (
	eventsTable      = "events FINAL"
	deadLettersTable = "dead_letters"
)

// statement is one SELECT with its parameters.
type statement struct {
	tenant     tenants.ID // zero: of all
	sql        string
	parameters []parameter
	keys       map[string]string // placeholders of a JSON path's keys, by the path's text
	values     int               // how many parameters were named by value
	peopled    bool              // somebody asked for persons, so that the events come with who is who
	unlinked   bool              // nobody goes by two IDs, see person
	stored     string            // the path whose text stands in the column value; "" where events are read
}

// parameter is a value and the name and type under which the SQL knows it.
type parameter struct {
	name  string
	kind  string
	value any // string, bool, float64, int, uint16, uint64, or a slice of string, float64, int64 or uint64
}

func newStatement(tenant tenants.ID) *statement {
	s := &statement{tenant: tenant, keys: map[string]string{}}
	s.bind("tenant", "UUID", tenant.String())
	return s
}

// from writes a FROM clause. Nothing else does, so there is no query that is not confined to its tenant.
func (s *statement) from(table string, conditions ...string) string {
	return scoped(s.table(table), "WHERE", conditions)
}

// fromByKey is from of the events, with conditions on columns of the sorting key only. All versions of an event share these, so the conditions
// may be checked before FINAL compares versions, which saves reading the rest of what does not match.
func (s *statement) fromByKey(conditions ...string) string {
	return scoped(s.table(eventsTable), "PREWHERE", conditions)
}

func scoped(table, clause string, conditions []string) string {
	return "FROM " + table + "\n" + clause + " " + strings.Join(append([]string{"tenant_id = {tenant:UUID}"}, conditions...), "\n  AND ")
}

// bind adds a parameter and returns its placeholder. A name stands for one value in a statement: bound again, it is the same.
func (s *statement) bind(name, kind string, value any) string {
	if !slices.ContainsFunc(s.parameters, func(p parameter) bool { return p.name == name }) {
		s.parameters = append(s.parameters, parameter{name: name, kind: kind, value: value})
	}
	return "{" + name + ":" + kind + "}"
}

// bindValue is bind under a name of its own.
func (s *statement) bindValue(kind string, value any) string {
	s.values++
	return s.bind("value"+strconv.Itoa(s.values), kind, value)
}

// bindTime is bind of an instant. The store knows milliseconds: rounded up, all comparisons with stored times stay the same.
func (s *statement) bindTime(name string, t time.Time) string {
	if rounded := t.Truncate(time.Millisecond); rounded.Before(t) {
		t = rounded.Add(time.Millisecond)
	}
	return s.bind(name, "DateTime64(3, 'UTC')", t.UTC().Format("2006-01-02 15:04:05.000"))
}

// bindHour is bind of an hour of rollups.
func (s *statement) bindHour(name string, hour time.Time) string {
	return s.bind(name, "DateTime('UTC')", hour.UTC().Format(time.DateTime))
}

// bindBuckets binds the starts of the buckets in Unix seconds.
func (s *statement) bindBuckets(b analytics.Buckets) string {
	starts := make([]int64, 0, len(b.Starts))
	for _, start := range b.Starts {
		starts = append(starts, start.Unix())
	}
	return s.bind("buckets", "Array(Int64)", starts)
}

// during are the conditions for a period, on the column that holds the time.
func (s *statement) during(column string, p analytics.Period) []string {
	return []string{column + " >= " + s.bindTime("from", p.From), column + " < " + s.bindTime("to", p.To)}
}

// matching are the conditions for an event name ("" is any) and a filter (nil is none).
func (s *statement) matching(event string, filter *analytics.Filter) ([]string, error) {
	var conditions []string
	if event != "" {
		conditions = append(conditions, "event = "+s.bind("event", "String", event))
	}
	if filter == nil {
		return conditions, nil
	}
	condition, err := s.filter(*filter)
	if err != nil {
		return nil, err
	}
	return append(conditions, condition), nil
}

// arguments are the parameters as the driver takes them.
func (s *statement) arguments() []any {
	var args []any
	for _, p := range s.parameters {
		args = append(args, clickhouse.Named(p.name, p.value))
	}
	return args
}

// texts are the parameters for people to read, long lists cut short.
func (s *statement) texts() map[string]string {
	texts := map[string]string{}
	for _, p := range s.parameters {
		texts[p.name] = p.text()
	}
	return texts
}

func (p parameter) text() string {
	switch v := p.value.(type) {
	case []string:
		return listText(v, strconv.Quote)
	case []float64:
		return listText(v, func(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) })
	case []int64:
		return listText(v, func(n int64) string { return strconv.FormatInt(n, 10) })
	case []uint64:
		return listText(v, func(n uint64) string { return strconv.FormatUint(n, 10) })
	default:
		return fmt.Sprint(v)
	}
}

func listText[T any](list []T, text func(T) string) string {
	const shown = 50
	var texts []string
	for _, v := range list[:min(len(list), shown)] {
		texts = append(texts, text(v))
	}
	if more := len(list) - shown; more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

// indent moves the lines of a nested SELECT to the right.
func indent(sql string) string {
	return "    " + strings.ReplaceAll(sql, "\n", "\n    ")
}

// with writes a WITH clause of subqueries, given as name, SQL, name, SQL and so on.
func with(subqueries ...string) string {
	var list []string
	for i := 0; i+1 < len(subqueries); i += 2 {
		list = append(list, "    "+subqueries[i]+" AS\n    (\n"+indent(indent(subqueries[i+1]))+"\n    )")
	}
	return "WITH\n" + strings.Join(list, ",\n")
}
