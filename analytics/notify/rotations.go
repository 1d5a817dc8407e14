package notify

import (
	"context"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"github.com/observatory/observatory/tenants"
)

// Rotations lists a tenant's rotations, by name.
func (s *Service) Rotations(ctx context.Context, tenant tenants.ID) ([]Rotation, error) {
	return look(ctx, s, tenant, func(tx Tx) ([]Rotation, error) { return tx.Rotations(ctx) })
}

// Rotation finds one. Errors: ErrNoSuchRotation.
func (s *Service) Rotation(ctx context.Context, tenant tenants.ID, id RotationID) (Rotation, error) {
	return look(ctx, s, tenant, func(tx Tx) (Rotation, error) { return tx.Rotation(ctx, id) })
}

// OnCall is the present shift.
func (s *Service) OnCall(r Rotation) Shift { return r.Schedule.Shift(s.now()) }

// Shifts are the present shift and the next ones, n in all.
func (s *Service) Shifts(ctx context.Context, tenant tenants.ID, id RotationID, n int) ([]Shift, error) {
	r, err := s.Rotation(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	return r.Schedule.Shifts(s.now(), n), nil
}

// CreateRotation makes a rotation. It needs ManageAlerts. Errors: ErrName, ErrNameTaken, ErrTooMany, ErrNotMember, members_invalid,
// rotation_invalid, tenants.ErrTimezoneUnknown.
func (s *Service) CreateRotation(ctx context.Context, by tenants.By, in RotationInput) (r Rotation, err error) {
	err = s.change(ctx, by, tenants.ManageAlerts, func(tx Tx) (string, string, tenants.Details, error) {
		r = Rotation{ID: RotationID(newID()), CreatedAt: s.time(), CreatedBy: by.Principal.Actor.Label}
		if err := s.setRotation(ctx, tx, &r, in); err != nil {
			return "", "", nil, err
		}
		all, err := tx.Rotations(ctx)
		if err != nil {
			return "", "", nil, err
		}
		if len(all) >= MaxRotations {
			return "", "", nil, ErrTooMany
		}
		return "rotation.created", "rotation:" + r.ID.String(), r.details(), tx.AddRotation(ctx, r)
	})
	return r, err
}

// ChangeRotation changes a rotation. Where only the name is another, nobody's week is moved. It needs ManageAlerts. Errors:
// ErrNoSuchRotation, and those of CreateRotation.
func (s *Service) ChangeRotation(ctx context.Context, by tenants.By, id RotationID, in RotationInput) (r Rotation, err error) {
	err = s.change(ctx, by, tenants.ManageAlerts, func(tx Tx) (string, string, tenants.Details, error) {
		if r, err = tx.Rotation(ctx, id); err != nil {
			return "", "", nil, err
		}
		if err := s.setRotation(ctx, tx, &r, in); err != nil {
			return "", "", nil, err
		}
		return "rotation.changed", "rotation:" + id.String(), r.details(), tx.SetRotation(ctx, r)
	})
	return r, err
}

func (s *Service) setRotation(ctx context.Context, tx Tx, r *Rotation, in RotationInput) (err error) {
	if r.Name, err = cleanName(in.Name); err != nil {
		return err
	}
	schedule, err := in.schedule(s.now())
	if err != nil {
		return err
	}
	before := r.Schedule
	if in.StartsOn == nil && before.Zone != nil && before.Zone.String() == schedule.Zone.String() && before.Minute == schedule.Minute &&
		before.Weekday() == in.Weekday && slices.Equal(before.Members, in.Members) {
		return nil
	}
	people, err := tx.People(ctx)
	if err != nil {
		return err
	}
	r.Schedule = schedule
	return checkMembers(in.Members, people)
}

// DeleteRotation deletes a rotation. It needs ManageAlerts. Errors: ErrNoSuchRotation, ErrRotationInUse.
func (s *Service) DeleteRotation(ctx context.Context, by tenants.By, id RotationID) error {
	return s.change(ctx, by, tenants.ManageAlerts, func(tx Tx) (string, string, tenants.Details, error) {
		r, err := tx.Rotation(ctx, id)
		if err != nil {
			return "", "", nil, err
		}
		used, err := anyUses(ctx, tx, TargetRotation, uuid.UUID(id))
		if err != nil {
			return "", "", nil, err
		}
		if used {
			return "", "", nil, ErrRotationInUse
		}
		return "rotation.deleted", "rotation:" + id.String(), r.details(), tx.DeleteRotation(ctx, id)
	})
}

func (r Rotation) details() tenants.Details {
	return tenants.Details{"name": r.Name, "members": strconv.Itoa(len(r.Schedule.Members)), "hand_over": r.Schedule.Weekday().String() + " " + r.Schedule.Clock() + " " + r.Schedule.Zone.String()}
}
