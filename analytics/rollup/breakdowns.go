package rollup

import (
	"context"
	"fmt"
	"slices"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// MaxBreakdowns is how many breakdowns a tenant may choose beyond the default ones.
const MaxBreakdowns = 10

// DefaultBreakdowns are the paths whose values everybody's rollups hold.
func DefaultBreakdowns() []string {
	return []string{"facts.browser", "facts.channel", "facts.country", "facts.device", "facts.utm_source", "properties.path", "sdk_name"}
}

// ErrBreakdownsInvalid is a list of breakdowns that cannot be chosen.
var ErrBreakdownsInvalid = fault.New(fault.Invalid, "breakdowns_invalid", "Choose up to %d paths, each once.", MaxBreakdowns)

// Settings keep what tenants choose.
type Settings interface {
	// Breakdowns returns what the tenant has chosen beyond the default ones; none at first.
	Breakdowns(ctx context.Context, tenant tenants.ID) ([]string, error)
	// SetBreakdowns changes that, with an entry in the audit log.
	SetBreakdowns(ctx context.Context, tenant tenants.ID, paths []string, entry tenants.AuditEntry) error
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
