package analyticsch_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/tenants"
)

// figures are rows of rollups: what tells a row apart, with the table's name, and what was counted.
type figures map[string][]float64

// key is the key of a row of an hour. Texts are quoted, so that no two keys are taken for each other.
func key(table string, hour time.Time, texts ...string) string {
	return fmt.Sprintf("%s %s %q", table, hour.UTC().Format(time.DateTime), texts)
}

// recountRollups computes the rollups of these events once more, the slow way. Breakdowns are top-level properties, or fields.
func recountRollups(events []analytics.Event, breakdowns ...string) figures {
	rows := map[string][]analytics.Event{} // by key of the row
	numbers := map[string][]float64{}
	count := map[string]func(events []analytics.Event) []float64{}
	put := func(k string, e analytics.Event, figures func([]analytics.Event) []float64) {
		rows[k] = append(rows[k], e)
		count[k] = figures
	}
	for _, e := range events {
		hour := e.Time.Truncate(time.Hour)
		f := fact{event: e, properties: map[string]any{}}
		if err := json.Unmarshal(e.Properties, &f.properties); err != nil {
			panic(err)
		}
		put(key("events", hour, e.Name), e, countPeople)
		for name, value := range f.properties {
			if number, ok := value.(float64); ok {
				k := key("numbers", hour, e.Name, name)
				numbers[k] = append(numbers[k], number)
			}
		}
		for _, path := range breakdowns {
			value := "null"
			if v := f.has(path); v != nil {
				value = "=" + textOf(v)
			}
			put(key("values", hour, e.Name, path, value), e, countPeople)
		}
		if e.SessionID != "" {
			put(key("sessions", hour, e.SessionID), e, countTimes)
		}
		if e.UserID != "" || e.AnonymousID != "" {
			put(key("people", hour, e.UserID, e.AnonymousID), e, countTimes)
		}
		if previous, ok := f.properties["previous_id"].(string); ok && e.Type == "alias" && e.UserID != "" && previous != "" && previous != e.UserID {
			put(key("aliases", hour, previous, e.UserID, e.ID), e, countTimes)
		}
	}
	found := figures{}
	for k, of := range rows {
		found[k] = count[k](of)
		if strings.HasPrefix(k, "people") {
			first := slices.MinFunc(of, func(a, b analytics.Event) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.ID, b.ID)) })
			found[k+" first "+first.ID] = found[k]
			delete(found, k)
		}
	}
	for k, of := range numbers {
		slices.Sort(of)
		sum := 0.0
		for _, n := range of {
			sum += n
		}
		found[k] = []float64{float64(len(of)), sum, of[0], of[len(of)-1], quantile(of, 0.5), quantile(of, 0.95), quantile(of, 0.99)}
	}
	return found
}

func countPeople(events []analytics.Event) []float64 {
	people := map[string]bool{}
	for _, e := range events {
		people[cmp.Or(e.UserID, e.AnonymousID)] = true
	}
	delete(people, "")
	return []float64{float64(len(events)), float64(len(people))}
}

func countTimes(events []analytics.Event) []float64 {
	byTime := func(a, b analytics.Event) int { return a.Time.Compare(b.Time) }
	first, last := slices.MinFunc(events, byTime), slices.MaxFunc(events, byTime)
	return []float64{float64(len(events)), float64(first.Time.UnixMilli()), float64(last.Time.UnixMilli())}
}

func quantile(sorted []float64, level float64) float64 {
	rank := level * float64(len(sorted)-1)
	below := int(math.Floor(rank))
	above := min(below+1, len(sorted)-1)
	return sorted[below] + (rank-float64(below))*(sorted[above]-sorted[below])
}

// rollupsInForce reads a tenant's rollups: the rows of the newest version of each hour.
func rollupsInForce(t tester, conn driver.Conn, tenant tenants.ID) figures {
	t.Helper()
	found := figures{}
	for table, columns := range map[string]string{
		"events":   "[toString(event)], [toFloat64(events), toFloat64(finalizeAggregation(people))]",
		"numbers":  "[toString(event), property], arrayConcat([toFloat64(numbers), finalizeAggregation(sum), min, max], finalizeAggregation(quantiles))",
		"values":   "[toString(event), toString(path), ifNull(concat('=', value), 'null')], [toFloat64(events), toFloat64(finalizeAggregation(people))]",
		"sessions": "[session_id], [toFloat64(events), toFloat64(toUnixTimestamp64Milli(began)), toFloat64(toUnixTimestamp64Milli(ended))]",
		"people":   "[user_id, anonymous_id, first_event_id], [toFloat64(events), toFloat64(toUnixTimestamp64Milli(first_at)), toFloat64(toUnixTimestamp64Milli(last_at))]",
		"aliases":  "[previous_id, user_id, event_id], [1., toFloat64(toUnixTimestamp64Milli(at)), toFloat64(toUnixTimestamp64Milli(at))]",
	} {
		rows, err := conn.Query(context.Background(), `SELECT hour, `+columns+` FROM rollup_`+table+` WHERE tenant_id = ?
			AND (hour, version) IN (SELECT hour, max(version) FROM rollup_hours WHERE tenant_id = ? GROUP BY hour)`, uuid.UUID(tenant), uuid.UUID(tenant))
		require.NoError(t, err)
		for rows.Next() {
			var hour time.Time
			var texts []string
			var counted []float64
			require.NoError(t, rows.Scan(&hour, &texts, &counted))
			k := key(table, hour, texts...)
			if table == "people" {
				k = key(table, hour, texts[:2]...) + " first " + texts[2]
			}
			require.NotContains(t, found, k, "a row is there twice")
			found[k] = counted
		}
		require.NoError(t, rows.Err())
	}
	return found
}

// requireFigures compares all rows, sums within 1e-9 of themselves.
func requireFigures(t tester, want, got figures) {
	t.Helper()
	require.Equal(t, slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got)))
	for k, numbers := range want {
		require.Len(t, got[k], len(numbers), k)
		for i, n := range numbers {
			require.InDelta(t, n, got[k][i], 1e-9*max(1, math.Abs(n)), "%s: %v and %v", k, numbers, got[k])
		}
	}
}
