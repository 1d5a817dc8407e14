package cost

import (
	"context"
	"fmt"
	"math/big"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/tenants"
)

const (
	measureEvery = 6 * time.Hour       // what is stored
	measureMost  = 31 * 24 * time.Hour // that one measure stands for, when there was none for long
	jobsBehind   = 20 * time.Hour      // hours of jobs that are booked, if they are not yet: less than the shortest history of a job
	jobsSettle   = 5 * time.Minute     // after an hour, until every attempt that ended in it is written down
	compactAtOne = 5000
)

// Table is a table of the store of events.
type Table struct {
	Resource billing.Resource
	Events   bool  // it holds the events themselves
	Bytes    int64 // on disk
	Rows     map[tenants.ID]int64
}

// Disks knows what the store of events holds. Its faults are of kind Unavailable.
type Disks interface {
	Tables(ctx context.Context) ([]Table, error)
}

// Measures are what the control plane knows. Its faults are of kind Unavailable.
type Measures interface {
	Ledger
	// Last is the newest hour with an entry of a resource that is not before since; zero: there is none.
	Last(ctx context.Context, r billing.Resource, since time.Time) (time.Time, error)
	// JobTime is how long workers were busy, in milliseconds, by the hour in which they ended; now is the time by which it is told.
	JobTime(ctx context.Context, behind, settle time.Duration) ([]Row, error)
	// Archived is how many bytes the archive has of each tenant.
	Archived(ctx context.Context) (map[tenants.ID]int64, error)
	// Weights are the bytes of each tenant's events as texts.
	Weights(ctx context.Context) (map[tenants.ID]int64, error)
}

// Gauge measures what nobody notes when it happens: what is stored, and how long workers were busy.
type Gauge struct {
	disks    Disks
	measures Measures
	now      func() time.Time
}

// NewGauge makes a Gauge.
func NewGauge(disks Disks, measures Measures, now func() time.Time) *Gauge {
	return &Gauge{disks: disks, measures: measures, now: now}
}

// MeasureJob is the job that calls Measure, a few minutes after each hour.
func MeasureJob() jobs.Kind[struct{}] {
	return jobs.Kind[struct{}]{Name: "consumption:measure", Queue: jobs.Default, Timeout: 10 * time.Minute}
}

// Measure books what there is to book, and puts old rows together. It may run at any time and more than once: what is booked has an ID that comes
// from its hour.
func (g *Gauge) Measure(ctx context.Context, _ *jobs.Run) error {
	if err := g.jobTime(ctx); err != nil {
		return fmt.Errorf("book the time of jobs: %w", err)
	}
	if err := g.storage(ctx); err != nil {
		return fmt.Errorf("book what is stored: %w", err)
	}
	for {
		n, err := g.measures.Compact(ctx, g.now().UTC().Add(-CompactAfter).Truncate(time.Hour), compactAtOne)
		if err != nil || n < compactAtOne {
			return err
		}
	}
}

// jobTime books the jobs of hours that are over. They go by the clock of the control plane, as jobs do.
func (g *Gauge) jobTime(ctx context.Context) error {
	rows, err := g.measures.JobTime(ctx, jobsBehind, jobsSettle)
	if err != nil {
		return err
	}
	byHour := map[time.Time][]Row{}
	for _, r := range rows {
		if r.Quantity > 0 {
			byHour[r.Hour] = append(byHour[r.Hour], r)
		}
	}
	for hour, rows := range byHour {
		if err := g.measures.Add(ctx, Flush{ID: flushOf(billing.JobWork, hour), Node: "all", Rows: rows}); err != nil {
			return err
		}
	}
	return nil
}

// storage books what is stored now for all hours since it was measured last, in the last hour that is over.
func (g *Gauge) storage(ctx context.Context) error {
	hour := g.now().UTC().Truncate(time.Hour).Add(-time.Hour)
	last, err := g.measures.Last(ctx, billing.EventBytes, hour.Add(-measureMost))
	if err != nil {
		return err
	}
	hours := int64(1)
	if !last.IsZero() {
		if hours = int64(hour.Sub(last) / time.Hour); hours < int64(measureEvery/time.Hour) {
			return nil
		}
	}
	stored, err := g.stored(ctx)
	if err != nil {
		return err
	}
	f := Flush{ID: flushOf(billing.EventBytes, hour), Node: "all"}
	// Something stands there for every measure, so that the next knows when it was.
	f.Rows = append(f.Rows, Row{Resource: billing.EventBytes, Hour: hour, Quantity: 1})
	for tenant, of := range stored {
		for resource, bytes := range of {
			if bytes > 0 {
				f.Rows = append(f.Rows, Row{Tenant: tenant, Resource: resource, Hour: hour, Quantity: bytes * hours})
			}
		}
	}
	return g.measures.Add(ctx, f)
}

// stored is how many bytes there are of each tenant. The bytes of a table are shared out by rows, those of events by the length of their texts.
func (g *Gauge) stored(ctx context.Context) (map[tenants.ID]map[billing.Resource]int64, error) {
	tables, err := g.disks.Tables(ctx)
	if err != nil {
		return nil, err
	}
	weights, err := g.measures.Weights(ctx)
	if err != nil {
		return nil, err
	}
	archived, err := g.measures.Archived(ctx)
	if err != nil {
		return nil, err
	}
	stored := map[tenants.ID]map[billing.Resource]int64{}
	add := func(tenant tenants.ID, r billing.Resource, bytes int64) {
		if stored[tenant] == nil {
			stored[tenant] = map[billing.Resource]int64{}
		}
		stored[tenant][r] += bytes
	}
	for _, table := range tables {
		parts := table.Rows
		if table.Events && len(weights) > 0 {
			parts = weights
		}
		for tenant, bytes := range share(table.Bytes, parts) {
			add(tenant, table.Resource, bytes)
		}
	}
	for tenant, bytes := range archived {
		add(tenant, billing.ArchiveBytes, bytes)
	}
	return stored, nil
}

// share divides bytes in proportion, rounded down.
func share(bytes int64, parts map[tenants.ID]int64) map[tenants.ID]int64 {
	var whole int64
	for _, part := range parts {
		whole += part
	}
	shares := map[tenants.ID]int64{}
	for tenant, part := range parts {
		n := new(big.Int).Mul(big.NewInt(bytes), big.NewInt(part))
		shares[tenant] = n.Quo(n, big.NewInt(whole)).Int64()
	}
	return shares
}

// flushOf is the ID of what is booked for an hour by whoever measures it.
func flushOf(r billing.Resource, hour time.Time) uuid.UUID {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte("observatory consumption "+string(r)+" "+hour.UTC().Format(time.RFC3339)))
}
