package analyticsch

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/analytics/rollup"
)

// rollupTable is a table that one SELECT over the events of some hours fills: what it groups by, and what it counts.
type rollupTable struct {
	name    string
	key     []string // columns that tell the rows of an hour apart, besides tenant and version
	shown   []string // those of them that are no person's: operators may see them
	figures []figure
	rows    func(s *statement) ([]string, error) // what is taken from each event, key among it
	where   string                               // which events count; empty: all
	// limit is how many rows one group of limitBy may have at most; one more is kept, which tells that there were too many. 0: no limit.
	limit   int
	limitBy []string
	paths   []string // that rollup_values is asked to hold
}

// figure is a column that is counted.
type figure struct {
	column string
	sql    string
	// final makes a value of it that can be compared; empty: it is one
	final string
	// rounded: sums of floats depend on the order of the events, within 1e-9
	rounded bool
}

// rollupTables are all tables that hold rollups. The breakdowns are valid paths.
func rollupTables(breakdowns []string) []rollupTable {
	count := figure{column: "events", sql: "count()"}
	people := figure{column: "people", sql: "uniqExactIfState(person, person != '')", final: "finalizeAggregation(people)"}
	columns := func(names ...string) func(*statement) ([]string, error) {
		return func(*statement) ([]string, error) { return names, nil }
	}
	tables := []rollupTable{
		{
			name: "rollup_events", key: []string{"event"}, shown: []string{"event"}, figures: []figure{count, people},
			rows: func(s *statement) ([]string, error) { return []string{"event", s.person() + " AS person"}, nil },
		},
		{
			name: "rollup_numbers", key: []string{"event", "property"}, shown: []string{"event", "property"},
			figures: []figure{
				{column: "numbers", sql: "count()"},
				{column: "sum", sql: "sumKahanState(number)", final: "finalizeAggregation(sum)", rounded: true},
				{column: "min", sql: "min(number)"},
				{column: "max", sql: "max(number)"},
				{column: "quantiles", sql: "quantilesExactInclusiveState(0.5, 0.95, 0.99)(number)", final: "finalizeAggregation(quantiles)"},
			},
			rows:  columns("event", numbersSQL, "member.1 AS property", "JSONExtractFloat(member.2) AS number"),
			limit: rollup.MaxNumbers, limitBy: []string{"event", "hour"},
		},
		{
			name: "rollup_sessions", key: []string{"session_id"},
			figures: []figure{{column: "began", sql: "min(time)"}, {column: "ended", sql: "max(time)"}, count},
			rows:    columns("session_id", "time"), where: "session_id != ''",
		},
		{
			name: "rollup_people", key: []string{"user_id", "anonymous_id"},
			figures: []figure{
				count,
				{column: "first_at", sql: "min(time)"},
				{column: "first_event_id", sql: "argMin(event_id, (time, event_id))"},
				{column: "last_at", sql: "max(time)"},
			},
			rows: columns("user_id", "anonymous_id", "event_id", "time"), where: "(user_id != '' OR anonymous_id != '')",
		},
		{
			name: "rollup_aliases", key: []string{"previous_id", "user_id", "event_id"}, figures: []figure{{column: "at", sql: "min(time)"}},
			rows:  columns("ifNull(JSONExtract(properties, 'previous_id', 'Nullable(String)'), '') AS previous_id", "user_id", "event_id", "time"),
			where: "type = 'alias' AND user_id != '' AND previous_id NOT IN ('', user_id)",
		},
	}
	if len(breakdowns) == 0 {
		return tables
	}
	return append(tables, rollupTable{
		name: "rollup_values", key: []string{"event", "path", "value"}, shown: []string{"event", "path"}, figures: []figure{count, people}, paths: breakdowns,
		rows: func(s *statement) ([]string, error) {
			pairs, err := s.pairs(breakdowns)
			return []string{"event", s.person() + " AS person", "arrayJoin(" + pairs + ") AS pair", "pair.1 AS path", "pair.2 AS value"}, err
		},
		limit: rollup.MaxValues, limitBy: []string{"event", "path", "hour"},
	})
}

// numbersSQL makes a row of each number at the top level of the properties: what operand.number finds there, since in valid JSON exactly
// numbers begin with a digit or a minus sign ('-' is 45, '0' to '9' are 48 to 57). A key that is empty is left out: no path can name it.
const numbersSQL = `arrayJoin(arrayFilter(
        member -> member.1 != '' AND ascii(member.2) BETWEEN 45 AND 57,
        JSONExtractKeysAndValuesRaw(properties))) AS member`

// pairs is an array of what an event has at each of the paths.
func (s *statement) pairs(paths []string) (string, error) {
	pairs := make([]string, 0, len(paths))
	for _, path := range paths {
		o, err := s.operand(path)
		if err != nil {
			return "", err
		}
		pairs = append(pairs, "("+s.bindValue("String", path)+", "+o.value()+")")
	}
	return "[" + strings.Join(pairs, ", ") + "]", nil
}

// eventsOf writes the FROM clause for events of these hours. The conditions are on the sorting key (the time as far as it is cut at hours),
// so they choose what FINAL has to compare; those on the time itself say which months.
func (s *statement) eventsOf(hours []time.Time) string {
	first, last := slices.MinFunc(hours, time.Time.Compare), slices.MaxFunc(hours, time.Time.Compare)
	during := s.during("time", analytics.Period{From: first, To: last.Add(time.Hour)})
	return s.fromByKey(append(during, "toStartOfHour(time) IN "+s.hours(hours))...)
}

// hours binds a list of hours, which a statement has one of.
func (s *statement) hours(hours []time.Time) string {
	const name, kind = "hours", "Array(DateTime('UTC'))"
	if slices.ContainsFunc(s.parameters, func(p parameter) bool { return p.name == name }) {
		return "{" + name + ":" + kind + "}"
	}
	texts := make([]string, 0, len(hours))
	for _, h := range hours {
		texts = append(texts, h.UTC().Format(time.DateTime))
	}
	return s.bind(name, kind, texts)
}

// compute writes the SELECT that fills a table for some hours.
func (t rollupTable) compute(s *statement, hours []time.Time) (string, error) {
	taken, err := t.rows(s)
	if err != nil {
		return "", err
	}
	rows := "SELECT\n    toStartOfHour(time) AS hour,\n    " + strings.Join(taken, ",\n    ") + "\n" + s.eventsOf(hours)
	if t.where != "" {
		rows += "\nWHERE " + t.where
	}
	columns := append([]string{"hour"}, t.key...)
	for _, f := range t.figures {
		columns = append(columns, f.sql+" AS "+f.column)
	}
	sql := "SELECT\n    " + strings.Join(columns, ",\n    ") + "\nFROM\n(\n" + indent(rows) + "\n)\nGROUP BY hour, " + strings.Join(t.key, ", ")
	if t.limit > 0 {
		sql += fmt.Sprintf("\nLIMIT %d BY %s", t.limit+1, strings.Join(t.limitBy, ", "))
	}
	return sql, nil
}

// columns are all columns of the table but tenant and version.
func (t rollupTable) columns() []string {
	columns := append([]string{"hour"}, t.key...)
	for _, f := range t.figures {
		columns = append(columns, f.column)
	}
	return columns
}

// fill writes the INSERT that computes a table for some hours under a version.
func (t rollupTable) fill(s *statement, hours []time.Time, version uint64) error {
	sql, err := t.compute(s, hours)
	columns := strings.Join(t.columns(), ", ")
	s.sql = "INSERT INTO " + t.name + " (tenant_id, version, " + columns + ")\n" +
		"SELECT {tenant:UUID}, " + s.bind("version", "UInt64", version) + ", " + columns + "\nFROM\n(\n" + indent(sql) + "\n)"
	return err
}
