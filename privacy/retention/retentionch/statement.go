package retentionch

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/observatory/observatory/privacy/retention"
	"github.com/observatory/observatory/tenants"
)

// statement collects the parameters of one statement of retention. Every condition that it writes begins with the tenant.
type statement struct {
	args []any
	n    int
}

func newStatement(tenant tenants.ID) *statement {
	return &statement{args: []any{clickhouse.Named("tenant", tenant.String())}}
}

func (s *statement) bind(kind string, value any) string {
	s.n++
	name := fmt.Sprintf("p%d", s.n)
	s.args = append(s.args, clickhouse.Named(name, value))
	return "{" + name + ":" + kind + "}"
}

// covered is the condition for rows that a rule is for, of any table with tenant_id, event and received_at.
func (s *statement) covered(r retention.Rule) string {
	condition := "tenant_id = {tenant:UUID} AND received_at < " + s.bind("DateTime64(3, 'UTC')", r.Before.UTC().Format("2006-01-02 15:04:05.000"))
	switch {
	case r.Event != "":
		condition += " AND event = " + s.bind("String", r.Event)
	case len(r.Except) > 0:
		condition += " AND event NOT IN " + s.bind("Array(String)", r.Except)
	}
	return condition
}

// place is where the JSON of an event lies in a table: keys inside a column.
type place struct {
	column string
	prefix []string
}

// places are where a path's root is looked for in rows of a table. An event that was rejected lies in one column as it was sent, where the
// properties of Segment's identify are called traits.
func places(table, root string) []place {
	if table != deadLetters {
		return []place{{column: root}}
	}
	switch root {
	case "properties":
		return []place{{"payload", []string{"properties"}}, {"payload", []string{"traits"}}}
	case "context":
		return []place{{"payload", []string{"context"}}}
	}
	return nil // what we found out about an event (facts) is not kept of one that was rejected
}

// holds is the condition for rows whose JSON has a value at the keys. JSON that the store cannot read, because of a number beyond 64 bits,
// counts when it has the innermost key anywhere.
func (s *statement) holds(column string, keys []string) string {
	args := []string{column}
	for _, k := range keys {
		args = append(args, s.bind("String", k))
	}
	return "(JSONHas(" + strings.Join(args, ", ") + ") OR " + column + " != '' AND NOT isValidJSON(" + column + ") AND position(" + column + ", " + args[len(args)-1] + ") > 0)"
}

// without writes the column without what lies at the keys: {} where the store cannot read it.
func (s *statement) without(column string, keys []string) string {
	return "if(isValidJSON(" + column + "), " + s.remove(column, keys, 0) + ", '{}')"
}

// remove writes an object without what lies at the keys. It reads the object once at each level, and leaves all else as it is, but for how
// numbers are written: as doubles, or whole numbers of 64 bits.
func (s *statement) remove(object string, keys []string, depth int) string {
	member, key := fmt.Sprintf("m%d", depth), s.bind("String", keys[0])
	value, kept := member+".2", "arrayFilter("+member+" -> "+member+".1 != "+key+", JSONExtractKeysAndValuesRaw("+object+"))"
	if len(keys) > 1 {
		value = "if(" + member + ".1 = " + key + " AND startsWith(" + value + ", '{'), " + s.remove(value, keys[1:], depth+1) + ", " + value + ")"
		kept = "JSONExtractKeysAndValuesRaw(" + object + ")"
	}
	return "concat('{', arrayStringConcat(arrayMap(" + member + " -> concat(toJSONString(" + member + ".1), ':', " + value + "), " + kept + "), ','), '}')"
}

// affected is the condition for rows of a table that a rule changes or removes.
func (s *statement) affected(table string, r retention.Rule) string {
	condition := s.covered(r)
	if r.Whole() {
		return condition
	}
	var anywhere []string
	for _, p := range places(table, r.Path.Root) {
		anywhere = append(anywhere, s.holds(p.column, slices.Concat(p.prefix, r.Path.Keys)))
	}
	if len(anywhere) == 0 {
		return condition + " AND false"
	}
	return condition + " AND (" + strings.Join(anywhere, " OR ") + ")"
}

// count writes the count of rows that each of the rules affects.
func (s *statement) count(table, modifier string, rules []retention.Rule) string {
	columns := make([]string, len(rules))
	for i, r := range rules {
		columns[i] = "countIf(" + s.affected(table, r) + ")"
	}
	return "SELECT [" + strings.Join(columns, ", ") + "] FROM " + table + modifier + " WHERE tenant_id = {tenant:UUID}"
}

// any is the condition for rows that at least one of the rules affects.
func (s *statement) any(table string, rules []retention.Rule) string {
	conditions := make([]string, len(rules))
	for i, r := range rules {
		conditions[i] = "(" + s.affected(table, r) + ")"
	}
	return "(" + strings.Join(conditions, " OR ") + ")"
}

// alter writes the mutation that applies the rules. It carries the run's ID, by which it is found again.
func (s *statement) alter(table string, run retention.RunID, rules []retention.Rule) string {
	var commands []string
	tag := " AND " + s.bind("String", mutationTag(run)) + " != ''"
	for _, r := range rules {
		if r.Whole() {
			commands = append(commands, "DELETE WHERE "+s.affected(table, r)+tag)
			continue
		}
		for _, p := range places(table, r.Path.Root) {
			keys := slices.Concat(p.prefix, r.Path.Keys)
			commands = append(commands, "UPDATE "+p.column+" = "+s.without(p.column, keys)+" WHERE "+s.covered(r)+" AND "+s.holds(p.column, keys)+tag)
		}
	}
	return "ALTER TABLE " + table + " " + strings.Join(commands, ", ")
}

func mutationTag(run retention.RunID) string { return "retention " + run.String() }

// retentionLog is the log under which retention marks hours: from the moment when it begins to change their events until that is over.
const retentionLog = "01934f2e-9d00-7e1e-8e7e-000000000001"

// begin writes the marks of the hours whose events the rules change. They are begun and not stored, so that no rollup of theirs is read or
// computed until finish.
func (s *statement) begin(rules []retention.Rule) string {
	log := s.bind("UUID", retentionLog)
	return `INSERT INTO marks (tenant_id, hour, log_id, begun, stored, marked_at)
SELECT tenant_id, hour, ` + log + `, greatest(toUInt64(toUnixTimestamp64Micro(now64(6))), max(mark) + 1), 0, now64(3)
FROM
(
    SELECT tenant_id, toStartOfHour(time) AS hour, toUInt64(0) AS mark FROM events WHERE ` + s.any(events, rules) + ` GROUP BY tenant_id, hour
    UNION ALL
    SELECT tenant_id, hour, begun AS mark FROM marks
    WHERE tenant_id = {tenant:UUID} AND log_id = ` + log + `
      AND hour IN (SELECT toStartOfHour(time) FROM events WHERE ` + s.any(events, rules) + `)
)
GROUP BY tenant_id, hour`
}

// finish writes that the change of all hours that were begun is over.
func (s *statement) finish() string {
	return `INSERT INTO marks (tenant_id, hour, log_id, begun, stored, marked_at)
SELECT tenant_id, hour, log_id, max(begun) AS last, last, now64(3)
FROM marks
WHERE tenant_id = {tenant:UUID} AND log_id = ` + s.bind("UUID", retentionLog) + `
GROUP BY tenant_id, hour, log_id
HAVING last > max(stored)`
}
