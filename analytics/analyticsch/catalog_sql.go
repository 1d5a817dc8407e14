package analyticsch

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/tenants"
)

// nameRow is an event name with what its events have in common.
type nameRow struct {
	Name      string    `ch:"event"`
	Type      string    `ch:"newest_type"`
	Count     uint64    `ch:"events"`
	FirstSeen time.Time `ch:"first_seen"`
	LastSeen  time.Time `ch:"last_seen"`
}

func (r nameRow) event() analytics.CatalogEvent {
	return analytics.CatalogEvent{
		Name: r.Name, Type: r.Type, Count: int64(r.Count), FirstSeen: r.FirstSeen.UTC(), LastSeen: r.LastSeen.UTC(),
		Properties: []analytics.CatalogProperty{},
	}
}

func listNames(tenant tenants.ID, period analytics.Period) *statement {
	s := newStatement(tenant)
	s.sql = `SELECT
    event,
    argMax(type, time) AS newest_type,
    count() AS events,
    min(time) AS first_seen,
    max(time) AS last_seen
` + s.from(eventsTable, s.during("time", period)...) + `
GROUP BY event
ORDER BY events DESC, event ASC
LIMIT ` + s.bind("limit", "UInt32", analytics.MaxCatalogEvents)
	return s
}

// propertyRow is a place in the JSON of the events of one name.
type propertyRow struct {
	Event    string   `ch:"event"`
	Name     string   `ch:"name"`
	Types    []string `ch:"types"`
	Share    float64  `ch:"share"`
	Examples []string `ch:"examples"`
}

func (r propertyRow) property() analytics.CatalogProperty {
	p := analytics.CatalogProperty{Name: r.Name, Types: []string{}, Share: r.Share, Examples: r.Examples}
	for _, t := range analytics.JSONTypes() {
		if slices.Contains(r.Types, t) {
			p.Types = append(p.Types, t)
		}
	}
	return p
}

// listProperties writes the query for the properties of these event names. It finds the newest events in two steps, by hours
// and then by time, so that only the documents of the sample are read and parsed, and not those of every event.
func listProperties(tenant tenants.ID, period analytics.Period, names []string) *statement {
	s := newStatement(tenant)
	during := s.during("time", period)
	sample := s.bind("sample", "UInt32", analytics.CatalogSample(len(names)))
	subqueries := []string{
		// Without FINAL, which would cost more than all the rest: duplicates only make the sample a little smaller.
		"hours", "SELECT\n    event,\n    toStartOfHour(time) AS hour,\n    count() AS events\n" +
			s.from("events", slices.Concat(during, []string{"event IN " + s.bind("events", "Array(String)", names)})...) +
			"\nGROUP BY event, hour",
		"counted", `SELECT
    event,
    hour,
    sum(events) OVER (PARTITION BY event ORDER BY hour DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) - events AS newer
FROM hours`,
		"sample", "SELECT\n    event,\n    toStartOfHour(time) AS hour,\n    event_id\n" +
			s.from(eventsTable, slices.Concat(during, []string{"(event, toStartOfHour(time)) IN (SELECT event, hour FROM counted WHERE newer < " + sample + ")"})...) +
			"\nORDER BY time DESC\nLIMIT " + sample + " BY event",
		"documents", "SELECT\n    event,\n    " + fields() + "\n" +
			s.from(eventsTable, slices.Concat(during, []string{"(event, toStartOfHour(time), event_id) IN (SELECT event, hour, event_id FROM sample)"})...),
		"found", fmt.Sprintf(foundSQL, analytics.MaxPathLength),
		"described", fmt.Sprintf(describedSQL, analytics.MaxCatalogExamples, analytics.MaxCatalogExample),
	}
	s.sql = with(subqueries...) + fmt.Sprintf(propertiesSQL, s.bind("limit", "UInt32", analytics.CatalogProperties(len(names))))
	return s
}

// catalogDepth is how many keys deep a property may be.
const catalogDepth = 5

// fields is an array of all places in an event's JSON, as (path, raw JSON): depth0 has the three columns, each further depth the
// members of the objects of the one before.
func fields() string {
	columns := []string{"[('properties', properties), ('context', context), ('facts', facts)] AS depth0"}
	all := []string{"depth0"}
	for depth := 1; depth <= catalogDepth; depth++ {
		columns = append(columns, fmt.Sprintf(membersSQL, depth-1, depth))
		all = append(all, fmt.Sprintf("depth%d", depth))
	}
	return strings.Join(columns, ",\n    ") + ",\n    arrayConcat(" + strings.Join(all, ", ") + ") AS fields"
}

// In membersSQL the keys are escaped as analytics.Path does it.
const (
	membersSQL = `arrayFlatten(arrayMap(
        field -> arrayMap(
            member -> (concat(field.1, '.', replaceAll(replaceAll(member.1, '\\', '\\\\'), '.', '\\.')), member.2),
            arrayFilter(member -> member.1 != '', JSONExtractKeysAndValuesRaw(field.2))),
        arrayFilter(field -> startsWith(field.2, '{'), depth%d))) AS depth%d`

	foundSQL = `SELECT
    event,
    field.1 AS name,
    field.2 AS raw,
    transform(substring(raw, 1, 1), ['"', '{', '[', 't', 'f', 'n'], ['string', 'object', 'array', 'boolean', 'boolean', 'null'], 'number') AS kind
FROM documents
ARRAY JOIN fields AS field
WHERE lengthUTF8(name) <= %d`

	// Every event has its column properties, so the largest number is that of all events looked at.
	describedSQL = `SELECT
    event,
    name,
    groupUniqArray(kind) AS types,
    countIf(kind != 'null') / max(countIf(kind != 'null')) OVER (PARTITION BY event) AS share,
    topKIf(%d)(substringUTF8(if(kind = 'string', JSONExtractString(raw), raw), 1, %d), kind NOT IN ('object', 'null')) AS examples
FROM found
GROUP BY event, name`

	propertiesSQL = `
SELECT
    event,
    name,
    types,
    share,
    examples
FROM described
WHERE name NOT IN ('properties', 'context', 'facts')
ORDER BY event ASC, share DESC, name ASC
LIMIT %s BY event`
)
