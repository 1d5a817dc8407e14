package privacych

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"
	"github.com/google/uuid"

	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/tenants"
)

// condition says which rows are meant, in SQL with parameters.
type condition struct {
	sql  string
	args []any
}

// values tells how a condition looks for something among the identifiers of an operation.
type values interface {
	// among writes the condition that an expression of type String is one of those of a field.
	among(expression, field string) string
	// amongEach writes the condition that an expression of type Array(String) has one of them. It takes longer.
	amongEach(expression, field string) string
	args() []any
}

// plainly compares identifiers with those in a table that goes with the query. It is for queries: these leave no text behind.
type plainly struct{}

func (plainly) among(expression, field string) string {
	return expression + " IN (SELECT value FROM subjects WHERE field = '" + field + "')"
}

func (plainly) amongEach(expression, field string) string {
	return "hasAny(" + expression + ", (SELECT groupArray(value) FROM subjects WHERE field = '" + field + "'))"
}

func (plainly) args() []any { return nil }

// hashed compares hashes of identifiers with those in a set, which goes afterwards: it is for mutations.
type hashed struct{ set uuid.UUID }

func (h hashed) among(expression, field string) string {
	return "sipHash128Keyed(({set_k0:UInt64}, {set_k1:UInt64}), " + expression + ") IN (SELECT hash FROM erasing WHERE set_id = {set:UUID} AND field = '" + field + "')"
}

func (h hashed) amongEach(expression, field string) string {
	return "hasAny(arrayMap(x -> sipHash128Keyed(({set_k0:UInt64}, {set_k1:UInt64}), x), " + expression + "), (SELECT groupArray(hash) FROM erasing WHERE set_id = {set:UUID} AND field = '" + field + "'))"
}

func (h hashed) args() []any {
	k0, k1 := h.key()
	return []any{clickhouse.Named("set", h.set.String()), clickhouse.Named("set_k0", k0), clickhouse.Named("set_k1", k1)}
}

// key makes the hashes of two sets say nothing about each other. It keeps nobody from trying out guesses who can read the set: that is why
// the set goes.
func (h hashed) key() (uint64, uint64) {
	sum := sha256.Sum256(h.set[:])
	return binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:16])
}

// who are the identifiers of an operation, by the field in which they are looked for.
type who struct {
	users, anonymous []string
	properties       []path
	byPath           map[string][]string // field of the path: values
}

// path is a property that people are named by.
type path struct {
	field  string // p0, p1, ...: a path is somebody's text and does not stand in a statement
	column string // properties or context
	keys   []string
	folded bool // compared in lower case without blanks around it: an e-mail address
}

func newWho(s privacy.Subjects) (who, error) {
	w := who{users: s.UserIDs, anonymous: s.AnonymousIDs, byPath: map[string][]string{}}
	fields := map[string]int{}
	for _, p := range s.Properties {
		i, ok := fields[p.Path]
		if !ok {
			column, keys, ok := privacy.SplitPath(p.Path)
			if !ok {
				return who{}, privacy.ErrSubjectInvalid
			}
			i = len(w.properties)
			fields[p.Path] = i
			w.properties = append(w.properties, path{field: fmt.Sprintf("p%d", i), column: column, keys: keys, folded: slices.Contains(privacy.EmailPaths(), p.Path)})
		}
		value := p.Value
		if w.properties[i].folded {
			value = strings.ToLower(strings.TrimSpace(value))
		}
		w.byPath[w.properties[i].field] = append(w.byPath[w.properties[i].field], value)
	}
	return w, nil
}

const (
	userField      = "user_id"
	anonymousField = "anonymous_id"
)

// pairs are the identifiers by the field in which they are looked for: what a set or a table of subjects holds.
type pairs map[string][]string

func (w who) pairs() pairs {
	p := pairs{userField: w.users, anonymousField: w.anonymous}
	for field, values := range w.byPath {
		p[field] = values
	}
	return p
}

// table makes the table that goes with queries.
func (p pairs) table() (*ext.Table, error) {
	t, err := ext.NewTable("subjects", ext.Column("field", "String"), ext.Column("value", "String"))
	if err != nil {
		return nil, fmt.Errorf("list the subjects: %w", err)
	}
	for field, values := range p {
		for _, value := range values {
			if err := t.Append(field, value); err != nil {
				return nil, fmt.Errorf("list the subjects: %w", err)
			}
		}
	}
	return t, nil
}

// theirs is the condition for the subjects' own events: see privacy.Subjects. The table has the columns of events. An alias from an ID of
// theirs is theirs as well.
func (w who) theirs(v values) condition {
	c := condition{args: v.args()}
	var any []string
	var previous []string
	if len(w.users) > 0 {
		any = append(any, v.among("user_id", userField))
		previous = append(previous, v.among(previousID, userField))
	}
	if len(w.anonymous) > 0 {
		any = append(any, "(user_id = '' AND "+v.among("anonymous_id", anonymousField)+")")
		previous = append(previous, v.among(previousID, anonymousField))
	}
	if len(previous) > 0 {
		any = append(any, "(type = 'alias' AND ("+strings.Join(previous, " OR ")+"))")
	}
	for _, p := range w.properties {
		for i, keys := range readings(p.keys) {
			any = append(any, p.has(v, fmt.Sprintf("%s_%d", p.field, i), keys, &c.args))
		}
	}
	if len(any) == 0 {
		any = []string{"0"}
	}
	c.sql = "(" + strings.Join(any, "\n    OR ") + ")"
	return c
}

const previousID = "ifNull(JSONExtract(properties, 'previous_id', 'Nullable(String)'), '')"

// has writes the condition that the property, read in one way, has one of the values, or is a list that has one.
func (p path) has(v values, name string, keys []string, args *[]any) string {
	at := p.column
	var there []string
	for i, key := range keys {
		parameter := fmt.Sprintf("%s_%d", name, i)
		*args = append(*args, clickhouse.Named(parameter, key))
		at += ", {" + parameter + ":String}"
		there = append(there, "position("+p.column+", {"+parameter+":String}) > 0") // quicker than reading the JSON
	}
	if slices.ContainsFunc(keys, escaped) {
		there = []string{"1"}
	}
	value, each := "ifNull(JSONExtract("+at+", 'Nullable(String)'), '')", "JSONExtract("+at+", 'Array(String)')"
	if p.folded {
		value, each = "lowerUTF8(trimBoth("+value+"))", "arrayMap(x -> lowerUTF8(trimBoth(x)), "+each+")"
	}
	return "(" + strings.Join(there, " AND ") + " AND (" + v.among(value, p.field) + " OR JSONType(" + at + ") = 'Array' AND " + v.amongEach(each, p.field) + "))"
}

// readings are the ways in which the dots of a path may be meant: between names, or within one.
func readings(keys []string) [][]string {
	const most = 4 // names; of more there would be too many ways
	if len(keys) == 1 || len(keys) > most {
		return [][]string{keys}
	}
	var all [][]string
	for _, rest := range readings(keys[1:]) {
		all = append(all, append([]string{keys[0]}, rest...))
		all = append(all, append([]string{keys[0] + "." + rest[0]}, rest[1:]...))
	}
	return all
}

// escaped tells whether a key may stand in JSON otherwise than as it is.
func escaped(key string) bool {
	return strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r == '"' || r == '\\' || r == '/' || r > '~' })
}

// carried is the condition for the events of others that carry one of the subjects' anonymous IDs.
func (w who) carried(v values) condition {
	if len(w.anonymous) == 0 {
		return condition{sql: "0", args: v.args()}
	}
	c := w.theirs(v)
	c.sql = "(" + v.among("anonymous_id", anonymousField) + " AND NOT " + c.sql + ")"
	return c
}

// during is the condition for the rows of the tenant that the operation is about at all.
func during(tenant tenants.ID, op privacy.Operation, c condition) condition {
	c.sql = "tenant_id = {tenant:UUID} AND " + c.sql
	c.args = append(slices.Clone(c.args), clickhouse.Named("tenant", tenant.String()))
	if !op.ReceivedBefore.IsZero() {
		c.sql = "received_at < fromUnixTimestamp64Milli({before:Int64}, 'UTC') AND " + c.sql
		c.args = append(c.args, clickhouse.Named("before", op.ReceivedBefore.UnixMilli()))
	}
	return c
}
