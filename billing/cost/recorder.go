package cost

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/tenants"
)

const (
	flushEvery = 2 * time.Second
	flushTime  = 5 * time.Second // that writing may take when the process ends
	giveUp     = CompactAfter - time.Hour
)

// Recorder notes in memory what tenants consume, and writes it down in batches. A process that is killed loses what it noted in the last two
// seconds, never more while the control plane answers. A batch whose outcome is not known is written again under the same ID, so nothing is
// booked twice; what is not written for two days is given up for that reason.
type Recorder struct {
	ledger Ledger
	node   string
	now    func() time.Time
	log    *slog.Logger

	mu    sync.Mutex
	noted map[noted]int64
	rests map[noted]time.Duration // of work, below a millisecond; without an hour

	writing sync.Mutex
	pending *Flush // that may or may not have been written
	since   time.Time
}

type noted struct {
	tenant   tenants.ID
	resource billing.Resource
	hour     int64 // Unix seconds
}

// NewRecorder makes a Recorder for a node. Run writes down what it notes.
func NewRecorder(ledger Ledger, node string, now func() time.Time, log *slog.Logger) *Recorder {
	return &Recorder{ledger: ledger, node: node, now: now, log: log, noted: map[noted]int64{}, rests: map[noted]time.Duration{}}
}

// Consumed notes that a tenant consumed that much just now. It takes less than a microsecond. Nothing and less than nothing is not noted, nor is
// what no tenant consumed.
func (r *Recorder) Consumed(tenant tenants.ID, resource billing.Resource, quantity int64) {
	if quantity <= 0 || tenant.IsZero() {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.note(tenant, resource, quantity)
}

// Worked is Consumed of a resource that is counted in milliseconds. What is less than one is not lost, but counted with the next.
func (r *Recorder) Worked(tenant tenants.ID, resource billing.Resource, work time.Duration) {
	if work <= 0 || tenant.IsZero() {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	key := noted{tenant: tenant, resource: resource}
	work += r.rests[key]
	r.rests[key] = work % time.Millisecond
	if quantity := work.Milliseconds(); quantity > 0 {
		r.note(tenant, resource, quantity)
	}
}

func (r *Recorder) note(tenant tenants.ID, resource billing.Resource, quantity int64) {
	r.noted[noted{tenant: tenant, resource: resource, hour: r.now().Truncate(time.Hour).Unix()}] += quantity
}

// Run writes down what was noted, until ctx ends, and once more then.
func (r *Recorder) Run(ctx context.Context) error {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := r.Flush(ctx); err != nil && ctx.Err() == nil {
				r.log.WarnContext(ctx, "what tenants consumed could not be written down; it is tried again", "error", err)
			}
		case <-ctx.Done():
			ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTime)
			defer cancel()
			if err := r.Flush(ending); err != nil {
				r.log.WarnContext(ending, "what tenants consumed in the last seconds is lost", "error", err)
			}
			return nil
		}
	}
}

// Flush writes down what was noted. What cannot be written now is kept for the next time.
func (r *Recorder) Flush(ctx context.Context) error {
	r.writing.Lock()
	defer r.writing.Unlock()
	for {
		if r.pending != nil && r.now().Sub(r.since) > giveUp {
			r.log.ErrorContext(ctx, "what tenants consumed in some seconds could not be written down for two days and is given up", "rows", len(r.pending.Rows))
			r.pending = nil
		}
		if r.pending == nil {
			if r.pending, r.since = r.take(), r.now(); r.pending == nil {
				return nil
			}
		}
		if err := r.ledger.Add(ctx, *r.pending); err != nil {
			return err
		}
		r.pending = nil
	}
}

// take makes a flush of what was noted so far; nil when that is nothing.
func (r *Recorder) take() *Flush {
	r.mu.Lock()
	batch := r.noted
	r.noted = map[noted]int64{}
	r.mu.Unlock()
	if len(batch) == 0 {
		return nil
	}
	f := &Flush{ID: uuid.Must(uuid.NewV7()), Node: r.node, Rows: make([]Row, 0, len(batch))}
	for key, quantity := range batch {
		f.Rows = append(f.Rows, Row{Tenant: key.tenant, Resource: key.resource, Hour: time.Unix(key.hour, 0).UTC(), Quantity: quantity})
	}
	return f
}
