package minimise

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/observatory/observatory/tenants"
)

const (
	recordEvery = 30 * time.Second
	recordTime  = 5 * time.Second // that writing may take when the process ends
	maxNoted    = 50_000          // between two writings; what comes beyond is not noted
)

// Recorder notes uses of properties in memory, and writes them down in batches. Those of the last half minute may be lost in a crash.
type Recorder struct {
	ledger Ledger
	now    func() time.Time
	log    *slog.Logger

	mu    sync.Mutex
	noted map[noted]*Use
}

type noted struct {
	tenant      tenants.ID
	event, path string
}

// NewRecorder makes a Recorder. Run writes down what it notes.
func NewRecorder(ledger Ledger, now func() time.Time, log *slog.Logger) *Recorder {
	return &Recorder{ledger: ledger, now: now, log: log, noted: map[noted]*Use{}}
}

// Used notes that somebody asked about these paths of events with this name (empty is any). It implements analytics.Uses.
func (r *Recorder) Used(tenant tenants.ID, event string, paths []string) {
	if len(paths) == 0 {
		return
	}
	at := r.now().UTC().Truncate(time.Microsecond)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, path := range paths {
		key := noted{tenant: tenant, event: event, path: path}
		use, known := r.noted[key]
		if !known {
			if len(r.noted) >= maxNoted {
				continue
			}
			use = &Use{Event: event, Path: path, First: at}
			r.noted[key] = use
		}
		use.Uses++
		use.Last = at
	}
}

// Run writes down what was noted, until ctx ends, and once more then.
func (r *Recorder) Run(ctx context.Context) error {
	tick := time.NewTicker(recordEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			r.Write(ctx)
		case <-ctx.Done():
			ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTime)
			defer cancel()
			r.Write(ending)
			return nil
		}
	}
}

// Write writes down what was noted. What cannot be written now is written the next time.
func (r *Recorder) Write(ctx context.Context) {
	r.mu.Lock()
	batch := r.noted
	r.noted = map[noted]*Use{}
	r.mu.Unlock()
	byTenant := map[tenants.ID][]Use{}
	for key, use := range batch {
		byTenant[key.tenant] = append(byTenant[key.tenant], *use)
	}
	for tenant, uses := range byTenant {
		if err := r.ledger.Record(ctx, tenant, uses); err != nil {
			r.log.WarnContext(ctx, "which properties were used could not be written down; it is tried again", "error", err)
			r.again(tenant, uses)
		}
	}
}

// again notes uses that were noted before.
func (r *Recorder) again(tenant tenants.ID, uses []Use) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, use := range uses {
		key := noted{tenant: tenant, event: use.Event, path: use.Path}
		if later, ok := r.noted[key]; ok {
			use.Uses += later.Uses
			use.Last = later.Last
		}
		r.noted[key] = &use
	}
}
