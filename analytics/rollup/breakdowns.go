package rollup

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/tenants"
)

// MaxBreakdowns is how many breakdowns a tenant may choose beyond the default ones.
const MaxBreakdowns = 10

// DefaultBreakdowns are the paths whose values everybody's rollups hold.
func DefaultBreakdowns() []string {
	return []string{"bot", "facts.browser", "facts.channel", "facts.country", "facts.device", "facts.utm_source", "properties.path", "sdk_name"}
}

// ErrBreakdownsInvalid is a list of breakdowns that cannot be chosen.
var ErrBreakdownsInvalid = fault.New(fault.Invalid, "breakdowns_invalid", "Choose up to %d paths, each once.", MaxBreakdowns)

// Settings keep what tenants choose.
type Settings interface {
	// Breakdowns returns what the tenant has chosen beyond the default ones; none at first.
	Breakdowns(ctx context.Context, tenant tenants.ID) ([]string, error)
	// SetBreakdowns changes that, with an entry in the audit log and the job that the change calls for: all of it or nothing.
	SetBreakdowns(ctx context.Context, tenant tenants.ID, paths []string, entry tenants.AuditEntry, job jobs.Job) error
}

// Breakdowns are the paths whose values a tenant's rollups hold.
type Breakdowns struct {
	Default []string
	Chosen  []string // by the tenant, none of the default ones among them
}

// Breakdowns returns the paths whose values a tenant's rollups hold.
func (s *Service) Breakdowns(ctx context.Context, tenant tenants.ID) (Breakdowns, error) {
	chosen, err := s.settings.Breakdowns(ctx, tenant)
	if err != nil {
		return Breakdowns{}, fmt.Errorf("read the breakdowns: %w", err)
	}
	return Breakdowns{Default: DefaultBreakdowns(), Chosen: chosen}, nil
}

// SetBreakdowns changes what the tenant has chosen, and has its history filled. Until that has come to an hour, it is answered from events where
// a new breakdown is asked for. Errors: property_invalid, ErrBreakdownsInvalid, ErrPermissionDenied.
func (s *Service) SetBreakdowns(ctx context.Context, by tenants.By, paths []string) (Breakdowns, error) {
	if err := by.Principal.Require(tenants.ManageData); err != nil {
		return Breakdowns{}, err
	}
	kept, err := checked(paths)
	if err != nil {
		return Breakdowns{}, err
	}
	tenant := by.Principal.Tenant
	now := s.now().UTC().Truncate(time.Microsecond)
	entry := tenants.AuditEntry{
		At: now, Actor: by.Principal.Actor, Action: "rollups.breakdowns_changed", Target: "rollups", CorrelationID: by.CorrelationID,
		Details: tenants.Details{"paths": strings.Join(kept, ", ")},
	}
	// Each change has a job of its own: one that is half through has filled the other half without it.
	job := backfill(by, RangeParams{}, "breakdowns of "+now.Format(time.RFC3339Nano))
	if err := s.settings.SetBreakdowns(ctx, tenant, kept, entry, job); err != nil {
		return Breakdowns{}, fmt.Errorf("change the breakdowns: %w", err)
	}
	return Breakdowns{Default: DefaultBreakdowns(), Chosen: kept}, nil
}

// checked are the paths as they are kept: as Path writes them, sorted, without default ones.
func checked(paths []string) ([]string, error) {
	kept := []string{}
	for _, text := range paths {
		path, err := analytics.ParsePath(text)
		if err != nil {
			return nil, err
		}
		if text := path.String(); !slices.Contains(DefaultBreakdowns(), text) {
			kept = append(kept, text)
		}
	}
	slices.Sort(kept)
	if len(kept) > MaxBreakdowns || len(slices.Compact(slices.Clone(kept))) < len(kept) {
		return nil, ErrBreakdownsInvalid
	}
	return kept, nil
}

// breakdowns are all paths of a tenant, sorted.
func (s *Service) breakdowns(ctx context.Context, tenant tenants.ID) ([]string, error) {
	b, err := s.Breakdowns(ctx, tenant)
	all := slices.Concat(b.Default, b.Chosen)
	slices.Sort(all)
	return slices.Compact(all), err
}
