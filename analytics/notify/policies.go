package notify

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/analytics/alert"
	"github.com/observatory/observatory/tenants"
)

// Policies lists a tenant's escalation policies, by name.
func (s *Service) Policies(ctx context.Context, tenant tenants.ID) ([]Policy, error) {
	return look(ctx, s, tenant, func(tx Tx) ([]Policy, error) { return tx.Policies(ctx) })
}

// Policy finds one. Errors: ErrNoSuchPolicy.
func (s *Service) Policy(ctx context.Context, tenant tenants.ID, id PolicyID) (Policy, error) {
	return look(ctx, s, tenant, func(tx Tx) (Policy, error) { return tx.Policy(ctx, id) })
}

// CreatePolicy makes a policy. It needs ManageAlerts. Errors: ErrName, ErrNameTaken, ErrTooMany, ErrNoSuchTarget, escalation_invalid.
func (s *Service) CreatePolicy(ctx context.Context, by tenants.By, name string, plan Plan) (p Policy, err error) {
	err = s.change(ctx, by, tenants.ManageAlerts, func(tx Tx) (string, string, tenants.Details, error) {
		now := s.time()
		p = Policy{ID: PolicyID(newID()), CreatedAt: now, CreatedBy: by.Principal.Actor.Label}
		if err := p.set(ctx, tx, name, plan, now); err != nil {
			return "", "", nil, err
		}
		all, err := tx.Policies(ctx)
		if err != nil {
			return "", "", nil, err
		}
		if len(all) >= MaxPolicies {
			return "", "", nil, ErrTooMany
		}
		return "escalation.created", "escalation:" + p.ID.String(), p.details(), tx.AddPolicy(ctx, p)
	})
	return p, err
}

// ChangePolicy changes a policy; incidents under way follow it from their next step on. It needs ManageAlerts. Errors: ErrNoSuchPolicy, and
// those of CreatePolicy.
func (s *Service) ChangePolicy(ctx context.Context, by tenants.By, id PolicyID, name string, plan Plan) (p Policy, err error) {
	err = s.change(ctx, by, tenants.ManageAlerts, func(tx Tx) (string, string, tenants.Details, error) {
		if p, err = tx.Policy(ctx, id); err != nil {
			return "", "", nil, err
		}
		if err := p.set(ctx, tx, name, plan, s.time()); err != nil {
			return "", "", nil, err
		}
		return "escalation.changed", "escalation:" + id.String(), p.details(), tx.SetPolicy(ctx, p)
	})
	return p, err
}

// DeletePolicy deletes a policy. It needs ManageAlerts. Errors: ErrNoSuchPolicy, ErrPolicyInUse.
func (s *Service) DeletePolicy(ctx context.Context, by tenants.By, id PolicyID) error {
	return s.change(ctx, by, tenants.ManageAlerts, func(tx Tx) (string, string, tenants.Details, error) {
		p, err := tx.Policy(ctx, id)
		if err != nil {
			return "", "", nil, err
		}
		return "escalation.deleted", "escalation:" + id.String(), p.details(), tx.DeletePolicy(ctx, id)
	})
}

func (p Policy) details() tenants.Details {
	return tenants.Details{"name": p.Name, "steps": strconv.Itoa(len(p.Plan.Steps))}
}

func (p *Policy) set(ctx context.Context, tx Tx, name string, plan Plan, now time.Time) (err error) {
	if p.Name, err = cleanName(name); err != nil {
		return err
	}
	if err := plan.Validate(); err != nil {
		return err
	}
	p.Plan, p.UpdatedAt = plan, now
	return checkTargets(ctx, tx, plan)
}

// checkTargets says whether everybody whom a plan names is there. Errors: ErrNoSuchTarget.
func checkTargets(ctx context.Context, tx Tx, plan Plan) error {
	people, err := tx.People(ctx)
	if err != nil {
		return err
	}
	for _, step := range plan.Steps {
		for _, t := range step.Targets {
			var err error
			switch t.Kind {
			case TargetChannel:
				_, err = tx.Channel(ctx, ChannelID(t.ID))
			case TargetRotation:
				_, err = tx.Rotation(ctx, RotationID(t.ID))
			case TargetMember:
				if !slices.ContainsFunc(people, func(p Person) bool { return p.ID == tenants.UserID(t.ID) }) {
					err = ErrNoSuchTarget
				}
			default:
				err = ErrNoSuchTarget
			}
			if errors.Is(err, ErrNoSuchChannel) || errors.Is(err, ErrNoSuchRotation) {
				err = ErrNoSuchTarget
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// anyUses tells whether a policy tells a target.
func anyUses(ctx context.Context, tx Tx, kind TargetKind, id uuid.UUID) (bool, error) {
	all, err := tx.Policies(ctx)
	return slices.ContainsFunc(all, func(p Policy) bool { return p.Plan.Uses(kind, id) }), err
}

func orNil(err, known error) error {
	if errors.Is(err, known) {
		return nil
	}
	return err
}

func incidentOf(d Claimed) alert.IncidentID { return alert.IncidentID(*d.Incident) }
