// Package retentionch applies retention policies to the events in ClickHouse: those that are stored, held or rejected.
package retentionch

import (
	"context"
	"fmt"
	"slices"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/internal/metering"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/removals"
	"github.com/observatory/observatory/privacy/retention"
	"github.com/observatory/observatory/tenants"
)

// The tables with events in them.
const (
	events      = "events"
	heldEvents  = "held_events"
	deadLetters = "dead_letters"
)

// Copies are the copies in the store that retention policies are applied to. Rollups follow from the events: their hours are marked, and
// whoever caused them counts still under the key.
func Copies(conn driver.Conn, key metering.Key) []retention.Copy {
	return []retention.Copy{
		retainedEvents{retained{conn: conn, key: key, name: "events", table: events, modifier: " FINAL"}},
		retained{conn: conn, name: "held-events", table: heldEvents},
		retained{conn: conn, name: "quarantine", table: deadLetters},
	}
}

// retained is a table with rows of events, to which a run's rules are applied by one mutation. ClickHouse carries out together what waits
// for a part, so that many tenants' runs of one night rewrite it once.
type retained struct {
	conn     driver.Conn
	key      metering.Key // of events
	name     string
	table    string
	modifier string // FINAL where a row may be there in two versions
}

var (
	_ retention.Copy   = retained{}
	_ retention.Hourly = retainedEvents{}
)

// Name implements retention.Copy.
func (c retained) Name() string { return c.name }

// rulesAtOnce is how many rules one statement is given.
const rulesAtOnce = 50

// Count implements retention.Copy.
func (c retained) Count(ctx context.Context, tenant tenants.ID, rules []retention.Rule) ([]int64, error) {
	all := make([]int64, 0, len(rules))
	for len(rules) > 0 {
		n := min(len(rules), rulesAtOnce)
		s := newStatement(tenant)
		var counts []uint64
		if err := c.conn.QueryRow(patiently(ctx), s.count(c.table, c.modifier, rules[:n]), s.args...).Scan(&counts); err != nil {
			return nil, fmt.Errorf("count rows of %s: %w", c.table, ch.Fault(err))
		}
		for _, n := range counts {
			all = append(all, int64(n)) //nolint:gosec // rows
		}
		rules = rules[n:]
	}
	return all, nil
}

// Remove implements retention.Copy. It begins the mutations and does not wait for them.
func (c retained) Remove(ctx context.Context, tenant tenants.ID, run retention.RunID, rules []retention.Rule) (privacy.Evidence, error) {
	due, err := c.due(ctx, tenant, rules)
	if err != nil {
		return nil, err
	}
	return c.mutate(ctx, tenant, run, due)
}

// due are the rules under which there is something.
func (c retained) due(ctx context.Context, tenant tenants.ID, rules []retention.Rule) ([]retention.Rule, error) {
	counts, err := c.Count(ctx, tenant, rules)
	if err != nil {
		return nil, err
	}
	var due []retention.Rule
	for i, n := range counts {
		if n > 0 {
			due = append(due, rules[i])
		}
	}
	return due, nil
}

func (c retained) mutate(ctx context.Context, tenant tenants.ID, run retention.RunID, due []retention.Rule) (privacy.Evidence, error) {
	for len(due) > 0 {
		n := min(len(due), rulesAtOnce)
		if err := c.note(ctx, tenant, run, due[:n]); err != nil {
			return nil, err
		}
		s := newStatement(tenant)
		if err := c.conn.Exec(patiently(ctx), s.alter(c.table, run, due[:n]), s.args...); err != nil {
			return nil, fmt.Errorf("apply %d rules to %s: %w", n, c.table, ch.Fault(err))
		}
		due = due[n:]
	}
	ids, _, err := c.mutations(ctx, run)
	return privacy.Evidence{"mutations": ids}, err
}

// note counts the rows that go, for the ledger.
func (c retained) note(ctx context.Context, tenant tenants.ID, run retention.RunID, due []retention.Rule) error {
	whole := slices.DeleteFunc(slices.Clone(due), func(r retention.Rule) bool { return !r.Whole() })
	if len(whole) == 0 {
		return nil
	}
	s := newStatement(tenant)
	return removals.Note(patiently(ctx), c.conn, removals.Removal{
		Tenant: tenant, Operation: uuid.UUID(run), Table: removals.Table(c.table), Where: s.any(c.table, whole), Args: s.args, Key: c.key,
	})
}

// Pending implements retention.Copy.
func (c retained) Pending(ctx context.Context, _ tenants.ID, run retention.RunID) (string, error) {
	_, open, err := c.mutations(ctx, run)
	if err != nil || open == 0 {
		return "", err
	}
	return fmt.Sprintf("%d mutations of %s are being carried out", open, c.table), nil
}

// mutations finds those of a run, and counts the ones that are not over.
func (c retained) mutations(ctx context.Context, run retention.RunID) (ids []string, open uint64, err error) {
	err = c.conn.QueryRow(ctx, `SELECT groupArray(mutation_id), countIf(NOT is_done) FROM system.mutations
		WHERE database = currentDatabase() AND table = {table:String} AND NOT is_killed AND position(command, {tag:String}) > 0`,
		clickhouse.Named("table", c.table), clickhouse.Named("tag", mutationTag(run))).Scan(&ids, &open)
	if err != nil {
		return nil, 0, fmt.Errorf("look for mutations of %s: %w", c.table, ch.Fault(err))
	}
	return ids, open, nil
}

// retainedEvents are the events themselves, which rollups are computed from.
type retainedEvents struct{ retained }

// Remove marks the hours whose events change, and begins to change them.
func (c retainedEvents) Remove(ctx context.Context, tenant tenants.ID, run retention.RunID, rules []retention.Rule) (privacy.Evidence, error) {
	due, err := c.due(ctx, tenant, rules)
	if err != nil {
		return nil, err
	}
	for begun := 0; begun < len(due); begun += rulesAtOnce {
		s := newStatement(tenant)
		if err := c.conn.Exec(patiently(ctx), s.begin(due[begun:min(begun+rulesAtOnce, len(due))]), s.args...); err != nil {
			return nil, fmt.Errorf("mark hours: %w", ch.Fault(err))
		}
	}
	return c.mutate(ctx, tenant, run, due)
}

// Pending has the hours computed anew once the mutations are over. It does so for all hours of the tenant that were ever begun, so that a run
// that did not come to its end leaves none behind.
func (c retainedEvents) Pending(ctx context.Context, tenant tenants.ID, run retention.RunID) (string, error) {
	pending, err := c.retained.Pending(ctx, tenant, run)
	if err != nil || pending != "" {
		return pending, err
	}
	s := newStatement(tenant)
	if err := c.conn.Exec(patiently(ctx), s.finish(), s.args...); err != nil {
		return "", fmt.Errorf("mark hours: %w", ch.Fault(err))
	}
	return "", nil
}

// Hours implements retention.Hourly.
func (c retainedEvents) Hours(ctx context.Context, tenant tenants.ID, rules []retention.Rule) (int64, error) {
	due, err := c.due(ctx, tenant, rules)
	if err != nil || len(due) == 0 {
		return 0, err
	}
	hours := map[uint32]struct{}{}
	for begun := 0; begun < len(due); begun += rulesAtOnce {
		s := newStatement(tenant)
		var some []uint32
		err := c.conn.QueryRow(patiently(ctx), "SELECT groupUniqArray(toUnixTimestamp(toStartOfHour(time))) FROM events WHERE "+
			s.any(events, due[begun:min(begun+rulesAtOnce, len(due))]), s.args...).Scan(&some)
		if err != nil {
			return 0, fmt.Errorf("count hours: %w", ch.Fault(err))
		}
		for _, h := range some {
			hours[h] = struct{}{}
		}
	}
	return int64(len(hours)), nil
}

// patiently is for statements that read all of a tenant's rows, which may take minutes, and for mutations, which are waited for elsewhere.
func patiently(ctx context.Context) context.Context {
	return clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{
		"async_insert": 0, "max_execution_time": 0, "mutations_sync": 0, "max_partitions_per_insert_block": 0, "max_query_size": 10 << 20,
	}))
}
