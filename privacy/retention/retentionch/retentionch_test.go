package retentionch_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/internal/metering"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/privacy/retention"
	"github.com/observatory/observatory/privacy/retention/retentionch"
	"github.com/observatory/observatory/tenants"
)

// item is an event in one of the tables, as the model knows it.
type item struct {
	ID         string
	Event      string
	Received   time.Time
	Properties map[string]any
	Context    map[string]any
	Facts      map[string]any
	Segment    bool // of a rejected event: it was sent in Segment's dialect, with its properties as traits
}

// world is what the tables hold of a tenant.
type world map[string][]item

func tables() []string { return []string{"events", "held_events", "dead_letters"} }

// copyOf is the name under which the copy of a table goes.
func copyOf(table string) string {
	return map[string]string{"events": "events", "held_events": "held-events", "dead_letters": "quarantine"}[table]
}

// apply is the naive model of a policy.
func (w world) apply(rules []retention.Rule) (world, map[string][]int64) {
	after, counts := world{}, map[string][]int64{}
	for _, table := range tables() {
		counts[copyOf(table)] = make([]int64, len(rules))
		for _, it := range w[table] {
			it.Properties, it.Context, it.Facts = deep(it.Properties), deep(it.Context), deep(it.Facts)
			gone := false
			for i, r := range rules {
				if !r.Covers(it.Event, it.Received) {
					continue
				}
				if r.Whole() {
					gone = true
					counts[copyOf(table)][i]++
					continue
				}
				root := map[string]map[string]any{"properties": it.Properties, "context": it.Context, "facts": it.Facts}[r.Path.Root]
				if table == "dead_letters" && r.Path.Root == "facts" {
					continue
				}
				if has(root, r.Path.Keys) {
					counts[copyOf(table)][i]++
				}
			}
			for _, r := range rules {
				if !r.Whole() && r.Covers(it.Event, it.Received) {
					drop(map[string]map[string]any{"properties": it.Properties, "context": it.Context, "facts": it.Facts}[r.Path.Root], r.Path.Keys)
				}
			}
			if !gone {
				after[table] = append(after[table], it)
			}
		}
	}
	return after, counts
}

func deep(m map[string]any) map[string]any {
	text, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	out := map[string]any{}
	if err := json.Unmarshal(text, &out); err != nil {
		panic(err)
	}
	return out
}

func has(m map[string]any, keys []string) bool {
	value, ok := m[keys[0]]
	if !ok || len(keys) == 1 {
		return ok
	}
	inner, ok := value.(map[string]any)
	return ok && has(inner, keys[1:])
}

func drop(m map[string]any, keys []string) {
	if len(keys) == 1 {
		delete(m, keys[0])
		return
	}
	if inner, ok := m[keys[0]].(map[string]any); ok {
		drop(inner, keys[1:])
	}
}

func text(v any) string {
	out, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(out)
}

func (it item) payload() string {
	properties := "properties"
	if it.Segment {
		properties = "traits"
	}
	return text(map[string]any{"event": it.Event, properties: it.Properties, "context": it.Context})
}

func put(t require.TestingT, ctx context.Context, conn driver.Conn, tenant tenants.ID, w world) {
	for _, table := range []string{"events", "held_events"} {
		batch, err := conn.PrepareBatch(ctx, "INSERT INTO "+table+" (tenant_id, event, type, time, event_id, properties, context, facts, received_at, receipt_id)")
		require.NoError(t, err)
		for _, it := range w[table] {
			require.NoError(t, batch.Append(uuid.UUID(tenant), it.Event, "track", claimed(it), it.ID, text(it.Properties), text(it.Context), text(it.Facts), it.Received, uuid.New()))
		}
		require.NoError(t, batch.Send())
	}
	batch, err := conn.PrepareBatch(ctx, "INSERT INTO dead_letters (tenant_id, event, event_id, payload, received_at, receipt_id, format, expires_at)")
	require.NoError(t, err)
	for _, it := range w["dead_letters"] {
		format := "native"
		if it.Segment {
			format = "segment"
		}
		require.NoError(t, batch.Append(uuid.UUID(tenant), it.Event, it.ID, it.payload(), it.Received, uuid.New(), format, it.Received.AddDate(3, 0, 0)))
	}
	require.NoError(t, batch.Send())
}

// claimed is the time of an event, which has nothing to do with when it was received.
func claimed(it item) time.Time { return it.Received.Add(time.Duration(len(it.ID)%5*1000) * time.Hour) }

func held(t require.TestingT, ctx context.Context, conn driver.Conn, tenant tenants.ID) world {
	w := world{}
	for _, table := range tables() {
		sql := "SELECT event_id, event, received_at, properties, context, facts, false FROM " + table
		if table == "dead_letters" {
			sql = "SELECT event_id, event, received_at, payload, '', '', format = 'segment' FROM dead_letters"
		}
		rows, err := conn.Query(ctx, sql+" WHERE tenant_id = {tenant:UUID} ORDER BY event_id", clickhouse.Named("tenant", tenant.String()))
		require.NoError(t, err)
		for rows.Next() {
			var (
				it                         item
				properties, context, facts string
			)
			require.NoError(t, rows.Scan(&it.ID, &it.Event, &it.Received, &properties, &context, &facts, &it.Segment))
			it.Received = it.Received.UTC()
			if table == "dead_letters" {
				var payload struct{ Properties, Traits, Context map[string]any }
				require.NoError(t, json.Unmarshal([]byte(properties), &payload))
				it.Properties, it.Context, it.Facts = payload.Properties, payload.Context, map[string]any{}
				if it.Segment {
					it.Properties = payload.Traits
				}
			} else {
				require.NoError(t, json.Unmarshal([]byte(properties), &it.Properties))
				require.NoError(t, json.Unmarshal([]byte(context), &it.Context))
				require.NoError(t, json.Unmarshal([]byte(facts), &it.Facts))
			}
			w[table] = append(w[table], it)
		}
		require.NoError(t, rows.Err())
		require.NoError(t, rows.Close())
	}
	return w
}

func (w world) sorted() world {
	out := world{}
	for _, table := range tables() {
		for _, it := range w[table] {
			it.Properties, it.Context, it.Facts = deep(it.Properties), deep(it.Context), deep(it.Facts)
			if table == "dead_letters" {
				it.Facts = map[string]any{}
			} else {
				it.Segment = false
			}
			out[table] = append(out[table], it)
		}
		slices.SortFunc(out[table], func(a, b item) int {
			if a.ID < b.ID {
				return -1
			}
			return 1
		})
	}
	return out
}

// names that events and keys go by in the property test: with dots, quotes and other letters than ASCII.
func names() *rapid.Generator[string] {
	return rapid.SampledFrom([]string{"phone", "e.mail", `say "hi"`, "straße", "a"})
}

func objects(depth int) *rapid.Generator[map[string]any] {
	return rapid.Custom(func(t *rapid.T) map[string]any {
		m := map[string]any{}
		for range rapid.IntRange(0, 3).Draw(t, "members") {
			var value any
			switch rapid.IntRange(0, 6).Draw(t, "kind") {
			case 0:
				value = rapid.Int32().Draw(t, "number")
			case 1:
				value = nil
			case 2:
				value = []any{"x", map[string]any{"phone": 1}, "}"}
			case 3, 4:
				value = rapid.SampledFrom([]string{"", "a\"b\\", "ü\n", "{\"phone\":1}", "2099"}).Draw(t, "text")
			default:
				if depth == 0 {
					value = true
				} else {
					value = objects(depth-1).Draw(t, "object")
				}
			}
			m[names().Draw(t, "key")] = value
		}
		return m
	})
}

func worlds(today time.Time) *rapid.Generator[world] {
	return rapid.Custom(func(t *rapid.T) world {
		w := world{}
		for _, table := range tables() {
			for i := range rapid.IntRange(0, 6).Draw(t, table) {
				w[table] = append(w[table], item{
					ID: fmt.Sprintf("%s-%0*d", table, i+1, i), Event: rapid.SampledFrom([]string{"opened", "bought", "x"}).Draw(t, "event"),
					Received:   today.Add(-time.Duration(rapid.IntRange(-24, 24*6).Draw(t, "age")) * time.Hour).Add(rapid.SampledFrom([]time.Duration{0, -time.Millisecond}).Draw(t, "moment")),
					Properties: objects(2).Draw(t, "properties"), Context: objects(2).Draw(t, "context"), Facts: objects(0).Draw(t, "facts"),
					Segment: rapid.Bool().Draw(t, "segment"),
				})
			}
		}
		return w
	})
}

func policies() *rapid.Generator[retention.Policy] {
	days := rapid.IntRange(1, 5)
	return rapid.Custom(func(t *rapid.T) retention.Policy {
		p := retention.Policy{KeepDays: rapid.IntRange(0, 5).Draw(t, "keep")}
		for _, event := range []string{"opened", "bought"} {
			switch rapid.IntRange(0, 2).Draw(t, event) {
			case 1:
				p.Events = append(p.Events, retention.EventRule{Event: event})
			case 2:
				d := days.Draw(t, "days")
				p.Events = append(p.Events, retention.EventRule{Event: event, KeepDays: &d})
			}
		}
		seen := map[string]bool{}
		for range rapid.IntRange(0, 4).Draw(t, "properties") {
			path := retention.Path{
				Root: rapid.SampledFrom([]string{"properties", "properties", "context", "facts"}).Draw(t, "root"),
				Keys: rapid.SliceOfN(names(), 1, 2).Draw(t, "keys"),
			}
			r := retention.PropertyRule{Event: rapid.SampledFrom([]string{"", "opened", "x"}).Draw(t, "of"), Path: path.String(), KeepDays: days.Draw(t, "days")}
			if !seen[r.Event+" "+r.Path] {
				seen[r.Event+" "+r.Path] = true
				p.Properties = append(p.Properties, r)
			}
		}
		return p
	})
}

// TestPoliciesAreAppliedAsTheySay compares what is left in the store with a naive model, over random policies and events. Runs are cut short and
// taken up again, or begun twice. Another tenant, whose events are the same, loses nothing.
func TestPoliciesAreAppliedAsTheySay(t *testing.T) {
	t.Parallel()
	conn, err := ch.Open(t.Context(), testkit.ClickHouse(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	key, err := metering.NewKey(make([]byte, 32))
	require.NoError(t, err)
	copies := retentionch.Copies(conn, key)
	ctx, checks := t.Context(), 8
	if os.Getenv("OBSERVATORY_TEST_LONG") != "" {
		checks = 300
	}
	today := retention.Today(time.Now())
	world, policy := worlds(today), policies()
	for seed := range checks {
		before, p := world.Example(seed), policy.Example(seed)
		document := text(p)
		if p.KeepDays == 0 {
			require.NotContains(t, document, `"keep_days":0`)
		}
		parsed, err := retention.Parse([]byte(document))
		require.NoError(t, err, document)
		rules := parsed.Rules(today)
		tenant, other := tenants.NewID(), tenants.NewID()
		put(t, ctx, conn, tenant, before)
		put(t, ctx, conn, other, before)
		want, counts := before.apply(rules)

		run := retention.RunID(uuid.Must(uuid.NewV7()))
		for _, c := range copies {
			counted, err := c.Count(ctx, tenant, rules)
			require.NoError(t, err)
			require.Equal(t, counts[c.Name()], append([]int64{}, counted...), "%s by %s", c.Name(), document)
		}
		if seed%3 == 0 {
			interrupt(t, copies, tenant, run, rules)
		}
		for _, c := range copies {
			_, err := c.Remove(ctx, tenant, run, rules)
			require.NoError(t, err, document)
		}
		for _, c := range copies {
			testkit.Eventually(t, 30*time.Second, func() error {
				pending, err := c.Pending(ctx, tenant, run)
				if err == nil && pending != "" {
					err = errors.New(pending)
				}
				return err
			})
		}
		require.Equal(t, want.sorted(), held(t, ctx, conn, tenant), "policy %s of events %s", document, text(before))
		require.Equal(t, before.sorted(), held(t, ctx, conn, other), "another tenant's")
		require.Equal(t, changedHours(before, want), markedHours(t, conn, tenant))
		for _, c := range copies {
			left, err := c.Count(ctx, tenant, rules)
			require.NoError(t, err)
			require.Zero(t, retention.Total([]retention.Result{{Counts: []retention.Count{{Items: slices.Max(append(left, 0))}}}}))
		}
	}
}

// interrupt ends a run somewhere in the middle.
func interrupt(t *testing.T, copies []retention.Copy, tenant tenants.ID, run retention.RunID, rules []retention.Rule) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	for _, c := range copies {
		if _, err := c.Remove(ctx, tenant, run, rules); err != nil {
			return
		}
	}
}

func changedHours(before, after world) map[time.Time]bool {
	hours, kept := map[time.Time]bool{}, map[string]item{}
	for _, it := range after.sorted()["events"] {
		kept[it.ID] = it
	}
	for _, it := range before.sorted()["events"] {
		if text(kept[it.ID]) != text(it) {
			hours[claimed(it).Truncate(time.Hour)] = true
		}
	}
	return hours
}

// markedHours are the hours that are to be computed anew. None may be left undecided.
func markedHours(t *testing.T, conn driver.Conn, tenant tenants.ID) map[time.Time]bool {
	t.Helper()
	rows, err := conn.Query(t.Context(), "SELECT hour, max(begun), max(stored) FROM marks WHERE tenant_id = {tenant:UUID} GROUP BY hour", clickhouse.Named("tenant", tenant.String()))
	require.NoError(t, err)
	hours := map[time.Time]bool{}
	for rows.Next() {
		var (
			hour          time.Time
			begun, stored uint64
		)
		require.NoError(t, rows.Scan(&hour, &begun, &stored))
		require.Equal(t, begun, stored, "the change of %s is over", hour)
		hours[hour.UTC()] = true
	}
	require.NoError(t, rows.Close())
	require.NoError(t, rows.Err())
	return maps.Clone(hours)
}
