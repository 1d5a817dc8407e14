package payment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// settle finds out how a tenant stands, by what it owes and since when, writes down what has changed, and has it take effect. sure is false while
// the provider can not be asked: it may have been paid.
func (s *Service) settle(ctx context.Context, tenant tenants.ID, sure bool) error {
	was, err := s.d.Book.Account(ctx, tenant)
	if err != nil {
		return err
	}
	unpaid, err := s.d.Invoices.Unpaid(ctx, tenant)
	if err != nil {
		return fmt.Errorf("read unpaid invoices: %w", err)
	}
	now := s.time()
	for _, v := range unpaid {
		if v.State == billing.Issued && v.Total > 0 && !now.Before(v.DueAt) && sure {
			if err := s.d.Invoices.SetState(ctx, tenant, v.ID, billing.PastDue, now, "dunning"); err != nil {
				return err
			}
		}
	}
	a := s.judged(was, unpaid, now)
	if !sure && (a.Standing.worseThan(was.Standing) || a.Reminded > was.Reminded) {
		return s.effect(ctx, was)
	}
	if a.Standing != was.Standing || a.Reminded != was.Reminded {
		if err := s.become(ctx, a, was, tenants.By{Principal: tenants.Principal{Actor: tenants.Actor{Kind: tenants.ActorSystem, Label: "Payment"}}}, "", owed(unpaid, nil)); err != nil {
			return err
		}
	}
	return s.effect(ctx, a)
}

// judged is an account as it should be.
func (s *Service) judged(was Account, unpaid []billing.Invoice, now time.Time) Account {
	a, due := was, oldestDue(unpaid)
	a.Standing, _, _ = judge(s.d.Dunning, due, now)
	if a.Standing == OK {
		due = nil
	}
	a.OverdueSince, a.Reminded = due, reminders(s.d.Dunning, due, now)
	if a.SuspendedBy != "" {
		a.Standing = Suspended
	}
	if a.Standing != was.Standing {
		a.Since = now
	}
	return a
}

// become writes a change down and tells those who manage the organization.
func (s *Service) become(ctx context.Context, a, was Account, by tenants.By, reason string, owed []Owed) error {
	details := tenants.Details{"standing": string(a.Standing), "before": string(was.Standing)}
	if a.OverdueSince != nil {
		details["overdue_since"] = a.OverdueSince.Format(time.RFC3339)
	}
	action := "payment.standing_changed"
	switch {
	case a.SuspendedBy != was.SuspendedBy && a.SuspendedBy != "":
		action = "tenant.suspended"
	case a.SuspendedBy != was.SuspendedBy:
		action = "tenant.resumed"
	case a.Standing == was.Standing:
		action = "payment.reminded"
	}
	if reason != "" {
		details["reason"] = reason
	}
	if a.Since.IsZero() {
		a.Since = s.time()
	}
	entry := tenants.AuditEntry{
		At: s.time(), Actor: by.Principal.Actor, Action: action, Target: "tenant:" + a.Tenant.String(), Details: details, CorrelationID: by.CorrelationID,
	}
	return s.d.Book.Become(ctx, a, was, entry, s.letter(a, was, owed))
}

// effect has a standing take effect, if it has not yet.
func (s *Service) effect(ctx context.Context, a Account) error {
	if a.Effective == a.Standing || s.d.Effect == nil {
		return nil
	}
	if err := s.d.Effect(ctx, a.Tenant, a.Standing); err != nil {
		return fmt.Errorf("have the standing of %s take effect: %w", a.Tenant, err)
	}
	return s.d.Book.TookEffect(ctx, a.Tenant, a.Standing)
}

// Suspend refuses the events of the tenant of by until Resume, whatever it owes. It is for operators; the reason stands in the tenant's audit log.
func (s *Service) Suspend(ctx context.Context, by tenants.By, reason string) error {
	return s.override(ctx, by, reason, by.Principal.Actor.Label)
}

// Resume ends what Suspend began: the tenant stands as its invoices say.
func (s *Service) Resume(ctx context.Context, by tenants.By, reason string) error {
	return s.override(ctx, by, reason, "")
}

func (s *Service) override(ctx context.Context, by tenants.By, reason, suspendedBy string) error {
	tenant := by.Principal.Tenant
	was, err := s.d.Book.Account(ctx, tenant)
	if err != nil {
		return err
	}
	unpaid, err := s.d.Invoices.Unpaid(ctx, tenant)
	if err != nil {
		return err
	}
	a := was
	a.SuspendedBy = suspendedBy
	a = s.judged(a, unpaid, s.time())
	if a.SuspendedBy != was.SuspendedBy || a.Standing != was.Standing {
		if err := s.become(ctx, a, was, by, reason, owed(unpaid, nil)); err != nil {
			return err
		}
	}
	return s.effect(ctx, a)
}

// Standing is how a tenant stands, and who of the operators has suspended it.
func (s *Service) Standing(ctx context.Context, tenant tenants.ID) (Account, error) {
	return s.d.Book.Account(ctx, tenant)
}

// CanPay says whether it is known how a tenant pays: what billing/subscription asks before a plan that costs something.
func (s *Service) CanPay(ctx context.Context, tenant tenants.ID) (bool, error) {
	a, err := s.d.Book.Account(ctx, tenant)
	return a.Way.Kind != "", err
}

// final says whether an error stays whatever is tried.
func final(err error) bool {
	var f *fault.Error
	return errors.As(err, &f) && f.Kind != fault.Unavailable && f.Kind != fault.Internal && f.Kind != fault.RateLimited
}
