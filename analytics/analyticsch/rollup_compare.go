package analyticsch

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"

	"github.com/observatory/observatory/analytics/rollup"
	"github.com/observatory/observatory/tenants"
)

var _ rollup.Store = (*Rollups)(nil)

// servedRow is a row of servedHours.
type servedRow struct {
	Hour       time.Time `ch:"hour"`
	Version    uint64    `ch:"version"`
	Events     uint64    `ch:"events"`
	Breakdowns []string  `ch:"breakdowns"`
	Gaps       []string  `ch:"gaps"`
}

// Served implements rollup.Store.
func (r *Rollups) Served(ctx context.Context, tenant tenants.ID, from, to time.Time) ([]rollup.Served, error) {
	var found []rollup.Served
	_, err := r.store.query(ctx, servedHours(tenant, from, to), func(rows driver.Rows) error {
		var row servedRow
		if err := rows.ScanStruct(&row); err != nil {
			return err
		}
		row.Hour = row.Hour.UTC()
		found = append(found, rollup.Served(row))
		return nil
	})
	return found, err
}

// Compare implements rollup.Store. An hour that has changed meanwhile is left out: whatever was found there is not to be trusted.
func (r *Rollups) Compare(ctx context.Context, tenant tenants.ID, hours []rollup.Served) ([]rollup.Difference, error) {
	var found []rollup.Difference
	for _, some := range alike(hours) {
		var starts []time.Time
		for _, h := range some {
			starts = append(starts, h.Hour)
		}
		for _, table := range comparedTables(some[0]) {
			rows, err := r.compare(ctx, tenant, table, starts)
			if err != nil {
				return nil, fmt.Errorf("compare %s: %w", table.name, err)
			}
			found = append(found, rows...)
		}
	}
	if len(found) == 0 {
		return nil, nil
	}
	before := map[int64]uint64{}
	for _, h := range hours {
		before[h.Hour.Unix()] = h.Version
	}
	now, err := r.Served(ctx, tenant, hours[0].Hour, hours[len(hours)-1].Hour.Add(time.Hour))
	still := map[int64]bool{}
	for _, h := range now {
		still[h.Hour.Unix()] = before[h.Hour.Unix()] == h.Version
	}
	found = slices.DeleteFunc(found, func(d rollup.Difference) bool { return !still[d.Hour.Unix()] })
	return found[:min(len(found), rollup.MaxDifferences)], err
}

// alike cuts hours into groups of which each holds the same and is not too much for one statement.
func alike(hours []rollup.Served) [][]rollup.Served {
	var groups [][]rollup.Served
	var size uint64
	for _, h := range hours {
		if n := len(groups); n > 0 {
			first := groups[n-1][0]
			if slices.Equal(first.Breakdowns, h.Breakdowns) && slices.Equal(first.Gaps, h.Gaps) && size+h.Events <= maxTogether && len(groups[n-1]) < maxHours {
				groups[n-1] = append(groups[n-1], h)
				size += h.Events
				continue
			}
		}
		groups, size = append(groups, []rollup.Served{h}), h.Events
	}
	return groups
}

// comparedTables are the tables that hold all of an hour, as far as they do.
func comparedTables(h rollup.Served) []rollupTable {
	paths := slices.DeleteFunc(slices.Clone(h.Breakdowns), func(path string) bool { return slices.Contains(h.Gaps, rollup.GapValues(path)) })
	return slices.DeleteFunc(rollupTables(paths), func(t rollupTable) bool {
		return t.name == "rollup_numbers" && slices.Contains(h.Gaps, rollup.GapNumbers)
	})
}

func (r *Rollups) compare(ctx context.Context, tenant tenants.ID, table rollupTable, hours []time.Time) ([]rollup.Difference, error) {
	unlinked, err := r.store.unlinked(ctx, tenant)
	if err != nil {
		return nil, err
	}
	s := newStatement(tenant)
	s.unlinked = unlinked
	if err := table.compare(s, hours); err != nil {
		return nil, err
	}
	var found []rollup.Difference
	_, err = r.store.query(ctx, s, func(rows driver.Rows) error {
		d := rollup.Difference{Table: table.name}
		if err := rows.Scan(&d.Hour, &d.Key, &d.Stored, &d.Computed); err != nil {
			return err
		}
		d.Hour = d.Hour.UTC()
		d.Key = strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(d.Key, "("), "'')"), ",") // an empty text ends every key
		found = append(found, d)
		return nil
	})
	return found, err
}

// Extent implements rollup.Store.
func (r *Rollups) Extent(ctx context.Context, tenant tenants.ID) (first, last time.Time, err error) {
	_, err = r.store.query(ctx, eventExtent(tenant), func(rows driver.Rows) error {
		var events uint64
		var from, to time.Time
		if err := rows.Scan(&events, &from, &to); err != nil || events == 0 {
			return err
		}
		first, last = from.UTC().Truncate(time.Hour), to.UTC().Truncate(time.Hour)
		return nil
	})
	return first, last, err
}

// ComputedSince implements rollup.Store.
func (r *Rollups) ComputedSince(ctx context.Context, tenant tenants.ID, since time.Time) (hours int64, err error) {
	_, err = r.store.query(ctx, computedSince(tenant, since), func(rows driver.Rows) error {
		var n uint64
		defer func() { hours = int64(n) }() //nolint:gosec // a count
		return rows.Scan(&n)
	})
	return hours, err
}

// Tenants implements rollup.Store.
func (r *Rollups) Tenants(ctx context.Context, since time.Time) ([]tenants.ID, error) {
	var found []tenants.ID
	_, err := r.store.query(ctx, tenantsSince(since), func(rows driver.Rows) error {
		var id uuid.UUID
		defer func() { found = append(found, tenants.ID(id)) }()
		return rows.Scan(&id)
	})
	return found, err
}

// Clean implements rollup.Store.
func (r *Rollups) Clean(ctx context.Context, since time.Time) error {
	version := uint64(max(0, since.UnixMicro())) //nolint:gosec // not negative
	for _, table := range rollupTables([]string{"type"}) {
		condition := superseded(table.name, version)
		var there uint8
		_, err := r.store.query(ctx, &statement{sql: "SELECT toUInt8(count() > 0) FROM (SELECT 1 FROM " + table.name + " WHERE " + condition + " LIMIT 1)"},
			func(rows driver.Rows) error { return rows.Scan(&there) })
		if err == nil && there > 0 { // a mutation touches every part, so there should be a reason
			err = r.exec(ctx, &statement{sql: "ALTER TABLE " + table.name + " DELETE WHERE " + condition})
		}
		if err != nil {
			return fmt.Errorf("%s: %w", table.name, err)
		}
	}
	return nil
}
