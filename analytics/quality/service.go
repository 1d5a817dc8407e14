package quality

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// Store keeps checks and their results.
type Store interface {
	// Checks are those of a tenant, the oldest first.
	Checks(ctx context.Context, tenant tenants.ID) ([]Check, error)
	// Check finds one. Errors: ErrNoSuchCheck.
	Check(ctx context.Context, tenant tenants.ID, id ID) (Check, error)
	// AddBuiltins adds checks that everybody has, where they are not there yet.
	AddBuiltins(ctx context.Context, tenant tenants.ID, checks []Check) error
	// AddCheck adds a check and its audit entry. Errors: ErrTooManyChecks.
	AddCheck(ctx context.Context, tenant tenants.ID, c Check, entry tenants.AuditEntry) error
	// ChangeCheck lets change alter a check, and adds the audit entry. Errors: ErrNoSuchCheck, those of change.
	ChangeCheck(ctx context.Context, tenant tenants.ID, id ID, change func(*Check) error, entry tenants.AuditEntry) (Check, error)
	// RemoveCheck removes a check that is not built in, with its results, and adds the audit entry. Errors: ErrNoSuchCheck, ErrBuiltinCheck.
	RemoveCheck(ctx context.Context, tenant tenants.ID, id ID, entry tenants.AuditEntry) error
	// Results are those of a check with ticks from from, inclusive, to to, exclusive: the newest limit of them, the oldest first.
	Results(ctx context.Context, tenant tenants.ID, id ID, from, to time.Time, limit int) ([]Result, error)
	// Newest is what each check of a tenant found last: the result that was measured last. Checks that were never made have none.
	Newest(ctx context.Context, tenant tenants.ID) (map[ID]Result, error)
}

// Service is what people do with checks.
type Service struct {
	store Store
	now   func() time.Time
}

// NewService makes the service.
func NewService(store Store, now func() time.Time) *Service { return &Service{store: store, now: now} }

// Standing is a check and what it found last.
type Standing struct {
	Check
	Newest *Result // nil before its first tick
}

// Summary is every check of a tenant with its newest result: built-in ones first, then the oldest first.
func (s *Service) Summary(ctx context.Context, tenant tenants.ID) ([]Standing, error) {
	checks, err := s.List(ctx, tenant)
	if err != nil {
		return nil, err
	}
	newest, err := s.store.Newest(ctx, tenant)
	if err != nil {
		return nil, err
	}
	all := make([]Standing, len(checks))
	for i, c := range checks {
		all[i].Check = c
		if r, ok := newest[c.ID]; ok {
			all[i].Newest = &r
		}
	}
	return all, nil
}

// List lists the checks of a tenant: built-in ones first, then the oldest first.
func (s *Service) List(ctx context.Context, tenant tenants.ID) ([]Check, error) {
	checks, err := s.store.Checks(ctx, tenant)
	if err != nil || (len(checks) > 0 && checks[0].Builtin) {
		return checks, err
	}
	if err := addBuiltins(ctx, s.store, tenant, s.now()); err != nil {
		return nil, err
	}
	return s.store.Checks(ctx, tenant)
}

// addBuiltins gives a tenant the checks that everybody has. Doing it again changes nothing.
func addBuiltins(ctx context.Context, store interface {
	AddBuiltins(ctx context.Context, tenant tenants.ID, checks []Check) error
}, tenant tenants.ID, now time.Time,
) error {
	var checks []Check
	for _, d := range builtins() {
		c, err := newCheck(d, "Observatory", now)
		if err != nil {
			return err
		}
		c.Builtin = true
		checks = append(checks, c)
	}
	return store.AddBuiltins(ctx, tenant, checks)
}

// newCheck makes a check that is due at once.
func newCheck(d Definition, by string, now time.Time) (Check, error) {
	id, err := uuid.NewV7()
	now = now.UTC().Truncate(time.Microsecond)
	return Check{
		ID: ID(id), Definition: d, Revision: 1, Next: d.firstTick(now), CreatedAt: now, CreatedBy: by, UpdatedAt: now, UpdatedBy: by,
	}, err
}

// Get finds a check. Errors: ErrNoSuchCheck.
func (s *Service) Get(ctx context.Context, tenant tenants.ID, id ID) (Check, error) {
	return s.store.Check(ctx, tenant, id)
}

// Create adds a check. It is made for the first time within half a minute.
//
// Errors: those of Definition.Validate, ErrTooManyChecks, ErrPermissionDenied.
func (s *Service) Create(ctx context.Context, by tenants.By, d Definition) (Check, error) {
	if err := by.Principal.Require(tenants.ManageAlerts); err != nil {
		return Check{}, err
	}
	d = d.tidy()
	if err := d.Validate(); err != nil {
		return Check{}, err
	}
	c, err := newCheck(d, by.Principal.Actor.Label, s.now())
	if err != nil {
		return Check{}, err
	}
	return c, s.store.AddCheck(ctx, by.Principal.Tenant, c, s.entry(by, c.ID, "created", tenants.Details{"name": d.Name, "kind": string(d.Kind)}))
}

// Update replaces the definition of a check, whose kind stays. Its newest ticks are measured again.
//
// Errors: ErrNoSuchCheck, those of Definition.Validate, ErrPermissionDenied.
func (s *Service) Update(ctx context.Context, by tenants.By, id ID, d Definition) (Check, error) {
	if err := by.Principal.Require(tenants.ManageAlerts); err != nil {
		return Check{}, err
	}
	d = d.tidy()
	if err := d.Validate(); err != nil {
		return Check{}, err
	}
	now := s.now().UTC().Truncate(time.Microsecond)
	return s.store.ChangeCheck(ctx, by.Principal.Tenant, id, func(c *Check) error {
		if d.Kind != c.Kind {
			return invalid("The kind of a check stays what it is: %s. Make another check instead.", c.Kind)
		}
		c.Definition, c.Revision, c.Next = d, c.Revision+1, d.firstTick(now)
		c.UpdatedAt, c.UpdatedBy = now, by.Principal.Actor.Label
		return nil
	}, s.entry(by, id, "updated", tenants.Details{"name": d.Name}))
}

// Remove removes a check and its results. Errors: ErrNoSuchCheck, ErrBuiltinCheck, ErrPermissionDenied.
func (s *Service) Remove(ctx context.Context, by tenants.By, id ID) error {
	if err := by.Principal.Require(tenants.ManageAlerts); err != nil {
		return err
	}
	return s.store.RemoveCheck(ctx, by.Principal.Tenant, id, s.entry(by, id, "removed", nil))
}

// MaxResults is how many results one answer has.
const MaxResults = 5000

// Results are those of a check in a period, the oldest first; where there are more than MaxResults, the newest.
// Errors: ErrNoSuchCheck, period_invalid.
func (s *Service) Results(ctx context.Context, tenant tenants.ID, id ID, from, to time.Time) ([]Result, error) {
	if !from.Before(to) {
		return nil, fault.New(fault.Invalid, "period_invalid", "from must be before to.")
	}
	if _, err := s.store.Check(ctx, tenant, id); err != nil {
		return nil, err
	}
	return s.store.Results(ctx, tenant, id, from, to, MaxResults)
}

func (s *Service) entry(by tenants.By, id ID, what string, details tenants.Details) tenants.AuditEntry {
	return tenants.AuditEntry{
		At: s.now(), Actor: by.Principal.Actor, Action: "quality_check." + what, Target: "quality_check:" + id.String(), Details: details, CorrelationID: by.CorrelationID,
	}
}
