package notify

import (
	"context"
	"net/url"
	"time"

	"github.com/observatory/observatory/analytics/alert"
	"github.com/observatory/observatory/internal/seal"
	"github.com/observatory/observatory/tenants"
)

// Service is what people do with channels, policies, rotations and the delivery log.
type Service struct {
	store  Store
	http   Poster
	seal   seal.Sealer
	sender sender
	now    func() time.Time
}

// ServiceDeps are what a Service needs.
type ServiceDeps struct {
	Store     Store
	Mailer    Mailer
	HTTP      Poster
	Seal      seal.Sealer // of channels; see NewSealer
	PublicURL *url.URL
	Now       func() time.Time
}

// NewService makes the service.
func NewService(d ServiceDeps) *Service {
	return &Service{
		store: d.Store, http: d.HTTP, seal: d.Seal, now: d.Now,
		sender: sender{mailer: d.Mailer, http: d.HTTP, seal: d.Seal, publicURL: d.PublicURL, now: d.Now},
	}
}

func (s *Service) time() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

// change runs fn, alone among such changes of the tenant, for somebody who has the permission, and adds the audit entry.
func (s *Service) change(ctx context.Context, by tenants.By, needs tenants.Permission, fn func(Tx) (action, target string, details tenants.Details, err error)) error {
	if err := by.Principal.Require(needs); err != nil {
		return err
	}
	return s.store.Within(ctx, by.Principal.Tenant, func(tx Tx) error {
		if err := tx.Lock(ctx); err != nil {
			return err
		}
		action, target, details, err := fn(tx)
		if err != nil {
			return err
		}
		return tx.Audit(ctx, tenants.AuditEntry{
			At: s.now(), Actor: by.Principal.Actor, Action: action, Target: target, Details: details, CorrelationID: by.CorrelationID,
		})
	})
}

// look reads inside a tenant.
func look[T any](ctx context.Context, s *Service, tenant tenants.ID, fn func(Tx) (T, error)) (found T, err error) {
	err = s.store.Within(ctx, tenant, func(tx Tx) error {
		found, err = fn(tx)
		return err
	})
	return found, err
}

// Deliveries lists the delivery log, newest first.
func (s *Service) Deliveries(ctx context.Context, tenant tenants.ID, q DeliveriesQuery) ([]Delivery, error) {
	return look(ctx, s, tenant, func(tx Tx) ([]Delivery, error) { return tx.Deliveries(ctx, q) })
}

// Situation is how an incident has escalated, and what comes next.
type Situation struct {
	Policy *PolicyID
	State  State
	Progress
	Next []Target // of the next step
}

// Situation tells how an incident has escalated. Errors: alert.ErrNoSuchIncident.
func (s *Service) Situation(ctx context.Context, tenant tenants.ID, id alert.IncidentID) (Situation, error) {
	return look(ctx, s, tenant, func(tx Tx) (Situation, error) {
		incident, _, err := tx.Incident(ctx, id)
		if err != nil {
			return Situation{}, err
		}
		at, err := tx.Escalation(ctx, id)
		if err != nil {
			return Situation{}, err
		}
		found := Situation{Policy: (*PolicyID)(incident.Policy), State: Standing(incident, at, s.now())}
		if at != nil {
			found.Progress = *at
		} else {
			found.Round = 1
		}
		if found.State != StateWaiting && found.State != StateSnoozed && found.State != StateMuted || incident.Policy == nil {
			found.DueAt = nil
			return found, nil
		}
		return found, found.look(ctx, tx, incident)
	})
}

// look finds out what comes next.
func (f *Situation) look(ctx context.Context, tx Tx, i alert.Incident) error {
	policy, err := tx.Policy(ctx, *f.Policy)
	if err != nil {
		f.State, f.Policy = StateNone, nil // it was deleted
		return orNil(err, ErrNoSuchPolicy)
	}
	if f.Taken == 0 && f.DueAt == nil {
		f.Progress = policy.Plan.Begin(i.OpenedAt)
	}
	step, _, more := policy.Plan.Next(f.Progress)
	if !more || f.DueAt == nil {
		f.State, f.DueAt = StateExhausted, nil
		return nil
	}
	f.Next = policy.Plan.Steps[step].Targets
	if i.SnoozedUntil != nil && f.DueAt.Before(*i.SnoozedUntil) {
		f.DueAt = i.SnoozedUntil
	}
	if f.State == StateMuted {
		f.DueAt = nil // nobody knows
	}
	return nil
}
