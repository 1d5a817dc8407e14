package rollup

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// Served is an hour whose rollup is in force.
type Served struct {
	Hour       time.Time
	Version    uint64
	Events     uint64
	Breakdowns []string // that the rollup was asked to hold
	Gaps       []string
}

// MaxDifferences is how many rows one comparison names.
const MaxDifferences = 100

// Difference is a row of a rollup that is not what its events come to. A row that only one of the two has is empty in the other.
type Difference struct {
	Hour     time.Time
	Table    string
	Key      string // what tells the row apart within hour and table
	Stored   string
	Computed string
}

// ErrDiffers says that rollups were not what their events came to.
var ErrDiffers = fault.New(fault.Internal, "rollups_differ", "Rollups were not what their events come to. They have been computed again.")

// LookBack compares the rollups of a tenant's hours in [from, to) with what their events come to. What differs is written to the log, counted,
// and computed again, and then ErrDiffers is returned. Hours without a rollup are given one: nobody was told anything wrong by them.
func (s *Service) LookBack(ctx context.Context, tenant tenants.ID, from, to time.Time) error {
	served, err := s.store.Served(ctx, tenant, from, to)
	if err != nil {
		return fmt.Errorf("read which rollups are in force: %w", err)
	}
	differences, err := s.store.Compare(ctx, tenant, served)
	if err != nil {
		return fmt.Errorf("compare rollups with events: %w", err)
	}
	var wrong []time.Time
	for _, d := range differences {
		s.logger.Error("a rollup is not what its events come to", "tenant", tenant.String(), "hour", d.Hour, "table", d.Table, "row", d.Key, "stored", d.Stored, "computed", d.Computed)
		if !slices.Contains(wrong, d.Hour) {
			wrong = append(wrong, d.Hour)
		}
	}
	s.metrics.differences.Add(float64(len(differences)))
	if _, err := s.Recompute(ctx, tenant, wrong); err != nil {
		return err
	}
	if len(wrong) > 0 {
		first := differences[0]
		return ErrDiffers.Because(fmt.Errorf("%d rows in %d hours; the first: %s %s at %s: stored %s, computed %s",
			len(differences), len(wrong), first.Table, first.Key, first.Hour.Format(time.RFC3339), first.Stored, first.Computed))
	}
	return s.fill(ctx, tenant, from, to)
}
