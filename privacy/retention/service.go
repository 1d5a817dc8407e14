package retention

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/tenants"
)

// Deps are what a Service works with.
type Deps struct {
	Policies Policies
	Runs     Runs
	Copies   []Copy // in the order in which they are emptied
	Jobs     jobs.Enqueuer
	Now      func() time.Time
	Logger   *slog.Logger
}

// Service applies retention policies.
type Service struct{ d Deps }

// New makes a Service. It panics when a dependency is missing, which is a mistake in the wiring.
func New(d Deps) *Service {
	if d.Policies == nil || d.Runs == nil || len(d.Copies) == 0 || d.Jobs == nil || d.Now == nil || d.Logger == nil {
		panic("retention: Deps is incomplete")
	}
	return &Service{d}
}

// FindJob looks every night for tenants with a policy.
func FindJob() jobs.Kind[struct{}] {
	return jobs.Kind[struct{}]{Name: "privacy:retain", Queue: jobs.Default, Attempts: 3}
}

// ApplyParams say who asked for it.
type ApplyParams struct {
	By string `json:"by"` // "schedule", or "request": who that was stands in the job
}

// ApplyJob applies the policy of a tenant.
func ApplyJob() jobs.Kind[ApplyParams] {
	return jobs.Kind[ApplyParams]{Name: "privacy:retain-tenant", Queue: jobs.Bulk, Timeout: time.Hour}
}

// Find makes a job for each tenant that has a policy.
func (s *Service) Find(ctx context.Context, r *jobs.Run) error {
	found, err := s.d.Runs.Tenants(ctx)
	if err != nil {
		return fmt.Errorf("find tenants with a retention policy: %w", err)
	}
	all := make([]jobs.Job, 0, len(found))
	for _, tenant := range found {
		all = append(all, ApplyJob().New(uuid.UUID(tenant), ApplyParams{By: "schedule"}, jobs.Unique("retain"), jobs.From(r)))
	}
	if len(all) == 0 {
		return nil
	}
	_, err = s.d.Jobs.Enqueue(ctx, all...)
	return err
}

// RunNow has the policy applied without waiting for the night, and returns the job. It needs ManagePrivacy.
func (s *Service) RunNow(ctx context.Context, by tenants.By) (uuid.UUID, error) {
	if err := by.Principal.Require(tenants.ManagePrivacy); err != nil {
		return uuid.Nil, err
	}
	made, err := s.d.Jobs.Enqueue(ctx, ApplyJob().New(uuid.UUID(by.Principal.Tenant), ApplyParams{By: "request"},
		jobs.Unique("retain"), jobs.By(by.Principal.Actor.Label), jobs.Correlation(by.CorrelationID)))
	if err != nil {
		return uuid.Nil, fmt.Errorf("have the retention policy applied: %w", err)
	}
	return made[0].ID, nil
}

// List returns runs, newest first, that began before the one with the ID (zero: from the newest).
func (s *Service) List(ctx context.Context, tenant tenants.ID, before RunID, limit int) ([]Run, error) {
	return s.d.Runs.List(ctx, tenant, before, limit)
}

// Preview is what a policy would remove today.
type Preview struct {
	Results []Result
	Hours   int64 // whose rollups would be computed anew
}

// Preview counts what a policy would remove today; nil is the one in force. Nothing changes. Errors: invalid_policy.
func (s *Service) Preview(ctx context.Context, tenant tenants.ID, document []byte) (Preview, error) {
	if document == nil {
		var err error
		if document, _, err = s.d.Policies.Retention(ctx, tenant); err != nil {
			return Preview{}, err
		}
	}
	policy, err := Parse(document)
	if err != nil {
		return Preview{}, err
	}
	rules := policy.Rules(Today(s.d.Now()))
	out := Preview{}
	if out.Results, err = s.count(ctx, tenant, rules); err != nil || len(rules) == 0 {
		return out, err
	}
	for _, c := range s.d.Copies {
		if h, ok := c.(Hourly); ok {
			n, err := h.Hours(ctx, tenant, rules)
			if err != nil {
				return Preview{}, fmt.Errorf("count the hours of %s: %w", c.Name(), err)
			}
			out.Hours += n
		}
	}
	return out, nil
}

func (s *Service) count(ctx context.Context, tenant tenants.ID, rules []Rule) ([]Result, error) {
	results := make([]Result, len(rules))
	for i, r := range rules {
		results[i] = Result{Event: r.Event, Path: r.Path.String(), KeepDays: r.KeepDays, Before: r.Before}
	}
	if len(rules) == 0 {
		return results, nil
	}
	for _, c := range s.d.Copies {
		items, err := c.Count(ctx, tenant, rules)
		if err != nil {
			return nil, fmt.Errorf("count what goes of %s: %w", c.Name(), err)
		}
		for i, n := range items {
			results[i].Counts = append(results[i].Counts, Count{Copy: c.Name(), Items: n})
		}
	}
	return results, nil
}

// patience is how long a run waits for the store to carry out what it began, before it looks again.
const patience = 2 * time.Second

// Apply applies the policy of the run's tenant. It may be cut short anywhere, and goes on where it was: a run that is not over is taken up again
// under its own day and version of the policy.
func (s *Service) Apply(ctx context.Context, r *jobs.Run, p ApplyParams) error {
	tenant := tenants.ID(r.Tenant)
	document, version, err := s.d.Policies.Retention(ctx, tenant)
	if err != nil {
		return fmt.Errorf("read the retention policy: %w", err)
	}
	policy, err := Parse(document)
	if err != nil {
		return jobs.Permanent(err)
	}
	now := s.d.Now().UTC().Truncate(time.Microsecond)
	run, err := s.d.Runs.Begin(ctx, Run{
		ID: RunID(uuid.Must(uuid.NewV7())), Tenant: tenant, Version: version, Today: Today(now), State: Running, AskedBy: p.By, Started: now,
		Evidence: privacy.Evidence{},
	})
	if err != nil {
		return fmt.Errorf("begin a run of retention: %w", err)
	}
	if run.Version != version { // another policy was published while the run before was cut short: that one ends with what it has done
		run.Error = "Another policy was published before it was over."
		if err := s.end(ctx, run, Failed, r.Correlation); err != nil {
			return err
		}
		return jobs.Yield(0)
	}
	return s.apply(ctx, r, &run, policy.Rules(run.Today))
}

func (s *Service) apply(ctx context.Context, r *jobs.Run, run *Run, rules []Rule) error {
	var err error
	if !run.Counted {
		if run.Results, err = s.count(ctx, run.Tenant, rules); err != nil {
			return err
		}
		run.Counted = true
		if err := s.d.Runs.Save(ctx, *run); err != nil {
			return fmt.Errorf("write down what goes: %w", err)
		}
	}
	if Total(run.Results) == 0 {
		return s.end(ctx, *run, Done, r.Correlation)
	}
	for i, c := range s.d.Copies {
		if _, done := run.Evidence[c.Name()]; !done {
			evidence, err := c.Remove(ctx, run.Tenant, run.ID, rules)
			if err != nil {
				return fmt.Errorf("remove what goes of %s: %w", c.Name(), err)
			}
			run.Evidence[c.Name()] = evidence
			if err := s.d.Runs.Save(ctx, *run); err != nil {
				return fmt.Errorf("write down the evidence: %w", err)
			}
		}
		if err := r.Step(ctx, nil, int64(i+1), int64(len(s.d.Copies)), c.Name()); err != nil {
			return err
		}
	}
	for _, c := range s.d.Copies {
		pending, err := c.Pending(ctx, run.Tenant, run.ID)
		switch {
		case err != nil:
			return fmt.Errorf("see how far %s is: %w", c.Name(), err)
		case pending != "":
			if err := r.Progress(ctx, 0, 0, pending); err != nil {
				return err
			}
			return jobs.Yield(patience)
		}
	}
	left, err := s.count(ctx, run.Tenant, rules)
	if err != nil {
		return err
	}
	run.Evidence["left"] = Total(left) // what came meanwhile, from quarantine for example, goes in the next night
	return s.end(ctx, *run, Done, r.Correlation)
}

// end writes down the end of a run; in the audit log only where something went, or should have.
func (s *Service) end(ctx context.Context, run Run, state RunState, correlation string) error {
	at := s.d.Now().UTC().Truncate(time.Microsecond)
	run.State, run.Ended = state, &at
	total := Total(run.Results)
	var entry *tenants.AuditEntry
	if total > 0 || state == Failed {
		entry = &tenants.AuditEntry{
			At: at, Actor: tenants.Actor{Kind: tenants.ActorSystem, ID: "retention", Label: "Retention"}, Action: "retention." + string(state),
			Target: "retention_run:" + run.ID.String(), CorrelationID: correlation,
			Details: tenants.Details{"policy_version": strconv.Itoa(run.Version), "before": run.Today.Format(time.DateOnly), "items": strconv.FormatInt(total, 10)},
		}
		for _, r := range run.Results {
			for _, c := range r.Counts {
				if c.Items > 0 {
					entry.Details[c.Copy] = add(entry.Details[c.Copy], c.Items)
				}
			}
		}
	}
	if err := s.d.Runs.End(ctx, run, entry); err != nil {
		return fmt.Errorf("end the run of retention: %w", err)
	}
	s.d.Logger.InfoContext(ctx, "retention was applied", "tenant", run.Tenant, "run", run.ID, "state", state, "items", total)
	return nil
}

func add(text string, n int64) string {
	before, _ := strconv.ParseInt(text, 10, 64) // empty at first
	return strconv.FormatInt(before+n, 10)
}
