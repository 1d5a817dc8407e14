package offboard

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/tenants"
)

// Params name whom a job is about. The job is the system's own, since the tenant's jobs are erased.
type Params struct {
	Tenant uuid.UUID `json:"tenant"`
}

// FindJob looks for organisations that leave.
func FindJob() jobs.Kind[struct{}] {
	return jobs.Kind[struct{}]{Name: "privacy:leaving", Queue: jobs.Default, Attempts: 3}
}

// LeaveJob goes on with one of them.
func LeaveJob() jobs.Kind[Params] {
	return jobs.Kind[Params]{Name: "privacy:leave", Queue: jobs.Bulk, Timeout: 6 * time.Hour}
}

// FindEvery is how often they are looked for.
const FindEvery = time.Minute

// patience is how long is waited for something before it is looked at again.
const patience = 2 * time.Second

func (s *Service) job(tenant tenants.ID, options ...jobs.Option) jobs.Job {
	return LeaveJob().New(uuid.Nil, Params{Tenant: uuid.UUID(tenant)}, append(options, jobs.Unique(tenant.String()))...)
}

// Find makes a job for each organisation that has something to be done.
func (s *Service) Find(ctx context.Context, r *jobs.Run) error {
	open, err := s.d.Book.Open(ctx, s.time())
	if err != nil {
		return fmt.Errorf("find organizations that leave: %w", err)
	}
	all := make([]jobs.Job, 0, len(open))
	for _, tenant := range open {
		all = append(all, s.job(tenant, jobs.From(r)))
	}
	if len(all) == 0 {
		return nil
	}
	_, err = s.d.Jobs.Enqueue(ctx, all...)
	return err
}

// Advance goes on with an organisation that leaves, as far as it gets. It ends without an error when there is nothing to do before the next
// look.
func (s *Service) Advance(ctx context.Context, r *jobs.Run, p Params) error {
	l, err := s.d.Book.Newest(ctx, tenants.ID(p.Tenant))
	if err != nil {
		return err
	}
	for !l.State.Final() {
		if err := r.Progress(ctx, 0, 0, string(l.State)); err != nil {
			return err
		}
		wait, err := s.step(ctx, &l, r.Correlation)
		if err != nil {
			return err
		}
		switch {
		case wait > patience:
			return nil // the next look is within a minute
		case wait > 0:
			return jobs.Yield(wait)
		}
	}
	if l.Export.Until != nil && !s.time().Before(*l.Export.Until) {
		return s.dropExport(ctx, &l)
	}
	return nil
}

// step does the next thing, and says how long to wait before the one after.
func (s *Service) step(ctx context.Context, l *Leaving, correlation string) (time.Duration, error) {
	switch l.State { //nolint:exhaustive // the rest are final, or not of leaving
	case privacy.Received:
		return s.grace(ctx, l)
	case privacy.Barrier: // a replay may have sent something of the tenant through a log in the grace time
		wait, done, err := s.pass(ctx, l)
		if err != nil || !done {
			return wait, err
		}
		l.State, l.Changed, l.Waiting = privacy.Deleting, s.time(), ""
		return 0, s.d.Book.Save(ctx, *l)
	case privacy.Deleting:
		return 0, s.erase(ctx, l)
	case privacy.Verifying:
		return s.verify(ctx, l, correlation)
	}
	return 0, jobs.Permanent(fmt.Errorf("an organization that leaves cannot be %s", l.State))
}

// grace waits until everything that was accepted is stored, makes the export, and begins to erase when the time has come.
func (s *Service) grace(ctx context.Context, l *Leaving) (time.Duration, error) {
	now := s.time()
	switch {
	case now.Before(l.AskedAt.Add(settleTime)):
		return patience, s.waits(ctx, l, "Waiting until no server accepts anything any more.")
	case l.Position == nil:
		wait, _, err := s.pass(ctx, l)
		return wait, err
	case l.Export.SHA256 == "":
		return 0, s.export(ctx, l)
	case now.Before(l.EraseAt):
		return min(l.EraseAt.Sub(now), time.Hour), s.waits(ctx, l, "The grace time: it can be called off.")
	}
	if s.d.Bills != nil { // as long as what was used can be counted
		waiting, err := s.d.Bills.Settle(ctx, l.Tenant)
		if err != nil {
			return 0, fmt.Errorf("make the last invoice: %w", err)
		}
		if waiting != "" {
			return patience, s.waits(ctx, l, waiting)
		}
	}
	begun, err := s.d.Book.Begin(ctx, *l, now)
	if err != nil {
		return 0, err
	}
	*l = begun
	return 0, nil
}

// pass waits until all that has come in before is stored, and is left in no log.
func (s *Service) pass(ctx context.Context, l *Leaving) (wait time.Duration, done bool, err error) {
	switch {
	case l.Position != nil:
		return 0, true, nil
	case l.Mark == 0:
		mark, err := s.d.Suppressions.Put(ctx, l.Tenant, l.ID, nil)
		if err != nil {
			return 0, false, fmt.Errorf("take a mark: %w", err)
		}
		l.Mark = mark
		return 0, false, s.d.Book.Save(ctx, *l)
	}
	position, ready, waiting, err := s.d.Barriers.Barrier(ctx, l.Mark)
	if err != nil {
		return 0, false, fmt.Errorf("wait for the logs: %w", err)
	}
	if !ready {
		return patience, false, s.waits(ctx, l, strings.Join(waiting, "; "))
	}
	l.Position = &position
	return 0, false, s.d.Book.Save(ctx, *l)
}

func (s *Service) waits(ctx context.Context, l *Leaving, what string) error {
	if l.Waiting == what {
		return nil
	}
	l.Waiting = what
	return s.d.Book.Save(ctx, *l)
}

// erase counts and empties every copy.
func (s *Service) erase(ctx context.Context, l *Leaving) error {
	if len(l.Steps) == 0 {
		for _, c := range s.d.Copies {
			now := s.time()
			h, err := c.Count(ctx, l.Tenant)
			if err != nil {
				return fmt.Errorf("count %s: %w", c.Name(), err)
			}
			l.Steps = append(l.Steps, privacy.Step{Copy: c.Name(), State: privacy.StepCounted, Before: h, Began: &now})
		}
		l.Waiting = ""
		if err := s.d.Book.Save(ctx, *l); err != nil {
			return err
		}
	}
	for i, c := range s.d.Copies {
		if l.Steps[i].State != privacy.StepCounted {
			continue
		}
		if err := s.empty(ctx, l, i, c); err != nil {
			return err
		}
	}
	l.State, l.Changed = privacy.Verifying, s.time()
	return s.d.Book.Save(ctx, *l)
}

func (s *Service) empty(ctx context.Context, l *Leaving, i int, c Copy) error {
	evidence, err := c.Erase(ctx, *l)
	if err != nil {
		return fmt.Errorf("erase %s: %w", c.Name(), err)
	}
	now := s.time()
	l.Steps[i].State, l.Steps[i].Erased, l.Steps[i].Evidence = privacy.StepErased, &now, evidence
	return s.d.Book.Save(ctx, *l)
}

// verify looks through every copy again. What has come back meanwhile, of a job that was under way for example, is erased again.
func (s *Service) verify(ctx context.Context, l *Leaving, correlation string) (time.Duration, error) {
	clear, pending := true, ""
	for i, c := range s.d.Copies {
		v, err := c.Verify(ctx, *l)
		if err != nil {
			return 0, fmt.Errorf("look through %s: %w", c.Name(), err)
		}
		step := &l.Steps[i]
		step.After, step.Pending = v.Left, v.Pending
		if v.Left > 0 {
			if err := s.empty(ctx, l, i, c); err != nil {
				return 0, err
			}
		}
		if v.Left > 0 || v.Pending != "" {
			clear, pending = false, "Waiting for "+c.Name()+". "+v.Pending
			continue
		}
		for name, value := range v.Evidence {
			if step.Evidence == nil {
				step.Evidence = privacy.Evidence{}
			}
			step.Evidence[name] = value
		}
	}
	if !clear {
		l.Waiting = pending
		return patience, s.d.Book.Save(ctx, *l)
	}
	now := s.time()
	for i := range l.Steps {
		l.Steps[i].State, l.Steps[i].Ended = privacy.StepClear, &now
	}
	return 0, s.end(ctx, l, now, correlation)
}

// end signs the certificate, and tells the owners where it is.
func (s *Service) end(ctx context.Context, l *Leaving, now time.Time, correlation string) error {
	l.State, l.Changed, l.Ended, l.Waiting = privacy.Completed, now, &now, ""
	for _, log := range l.Position.Logs {
		if log.Retired { // what lies on the disk of a node that never came back
			l.State = privacy.Exceptions
		}
	}
	proof, err := s.d.Certificates.Certify(ctx, privacy.Request{
		ID: privacy.ID(l.ID), Tenant: l.Tenant, Type: privacy.Offboard, State: l.State, FiledAt: l.AskedAt, FiledBy: tenants.Actor{Label: l.AskedBy},
		Origin: privacy.ByMember, Deadline: l.AskedAt.AddDate(0, 1, 0), Resolved: true, Mark: l.Mark, Position: l.Position, Changed: now, Ended: &now, Steps: l.Steps,
	})
	if err != nil {
		return fmt.Errorf("certify: %w", err)
	}
	details := tenants.Details{"offboarding": l.ID.String(), "state": string(l.State)}
	for name, value := range proof {
		details[name] = fmt.Sprint(value)
	}
	for _, step := range l.Steps {
		details[step.Copy] = fmt.Sprintf("%d %s", step.Before.Items, step.Before.Unit)
	}
	link, address := s.link("certificate")
	err = s.d.Book.End(ctx, *l, link, Letter{
		Subject: l.Name + " has left",
		Before:  []string{"Everything that was kept for " + l.Name + " has been erased and looked through again. A signed certificate says what was found before and after."},
		Action:  "Download the certificate", Link: address,
		After: []string{"The link does not expire. You get this mail because you were an owner of the organisation."},
	}, tenants.AuditEntry{
		At: now, Actor: tenants.Actor{Kind: tenants.ActorSystem, Label: "Off-boarding"}, Action: "tenant.erased", Target: "tenant:" + l.Tenant.String(),
		Details: details, CorrelationID: correlation,
	})
	if err != nil {
		return fmt.Errorf("end: %w", err)
	}
	s.d.Logger.InfoContext(ctx, "an organization has left", "tenant", l.Tenant, "state", l.State)
	return nil
}
