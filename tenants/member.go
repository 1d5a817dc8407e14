package tenants

import (
	"context"
	"slices"
	"time"

	"github.com/observatory/observatory/internal/fault"
)

// Member is a person in a tenant.
type Member struct {
	User     User
	Role     Role
	JoinedAt time.Time
}

// The faults of members.
var (
	ErrMemberNotFound = fault.New(fault.NotFound, "member_not_found", "There is no such member.")
	ErrAlreadyMember  = fault.New(fault.Conflict, "already_member", "This person is a member already.")
	ErrLastOwner      = fault.New(fault.Conflict, "last_owner", "An organisation needs an owner. Make somebody else an owner first.")
	ErrOwnersOnly     = fault.New(fault.Forbidden, "owners_only", "Only an owner can make, change or remove owners.")
)

// MemberRows are a tenant's members.
type MemberRows interface {
	Members(ctx context.Context) ([]Member, error)                             // in order of joining
	AddMember(ctx context.Context, user UserID, role Role, at time.Time) error // or ErrAlreadyMember
	SetMemberRole(ctx context.Context, user UserID, role Role) error
	RemoveMember(ctx context.Context, user UserID) error
}

// Members is the service for the people of a tenant and for invitations.
type Members struct {
	service
	accounts *Accounts
	outbox   *Outbox
}

// List returns the members in the order in which they joined.
func (m *Members) List(ctx context.Context, tenant ID) ([]Member, error) {
	var all []Member
	err := m.store.Tenant(ctx, tenant, func(tx TenantTx) (err error) {
		all, err = tx.Members(ctx)
		return err
	})
	return all, err
}

// ChangeRole gives a member another role. It needs ManageMembers, and an owner where an owner is made or unmade. It
// returns ErrMemberNotFound, ErrRoleUnknown, ErrOwnersOnly or ErrLastOwner.
func (m *Members) ChangeRole(ctx context.Context, by By, user UserID, role Role) (Member, error) {
	if err := by.Principal.Require(ManageMembers); err != nil {
		return Member{}, err
	}
	if _, err := ParseRole(string(role)); err != nil {
		return Member{}, err
	}
	var member Member
	err := m.change(ctx, by, func(tx TenantTx, record recorder) error {
		people, err := tx.Members(ctx)
		if err != nil {
			return err
		}
		before, err := mayChange(people, by.Principal.User, user, role)
		if err != nil {
			return err
		}
		member = before
		if member.Role = role; before.Role == role {
			return nil
		}
		if err := tx.SetMemberRole(ctx, user, role); err != nil {
			return err
		}
		return record("member.role_changed", targetUser(user), Details{"email": before.User.Email, "role": string(role), "role_before": string(before.Role)})
	})
	return member, err
}

// Remove takes a person out of the tenant; their next request finds it out. Members may remove themselves; removing
// others needs ManageMembers, and removing an owner needs an owner. It returns ErrMemberNotFound, ErrOwnersOnly or
// ErrLastOwner.
func (m *Members) Remove(ctx context.Context, by By, user UserID) error {
	leaving := !user.IsZero() && by.Principal.User == user
	if err := by.Principal.Require(ManageMembers); err != nil && !leaving {
		return err
	}
	return m.change(ctx, by, func(tx TenantTx, record recorder) error {
		people, err := tx.Members(ctx)
		if err != nil {
			return err
		}
		gone, err := mayChange(people, by.Principal.User, user, "")
		if err != nil {
			return err
		}
		if err := tx.RemoveMember(ctx, user); err != nil {
			return err
		}
		return record("member.removed", targetUser(user), Details{"email": gone.User.Email, "role": string(gone.Role)})
	})
}

// mayChange holds the rules about owners: only an owner makes or unmakes one, and the last one stays. An empty role means
// that the member goes. It looks up the actor's role among the people, who are as of now, rather than trust a session
// that was read a moment ago.
func mayChange(people []Member, actor, user UserID, to Role) (Member, error) {
	target, ok := find(people, user)
	if !ok {
		return Member{}, ErrMemberNotFound
	}
	a, _ := find(people, actor)
	if (target.Role == RoleOwner || to == RoleOwner) && a.Role != RoleOwner {
		return Member{}, ErrOwnersOnly
	}
	if target.Role == RoleOwner && to != RoleOwner && countOwners(people) == 1 {
		return Member{}, ErrLastOwner
	}
	return target, nil
}

func find(people []Member, user UserID) (Member, bool) {
	i := slices.IndexFunc(people, func(m Member) bool { return m.User.ID == user })
	if i < 0 {
		return Member{}, false
	}
	return people[i], true
}

func countOwners(people []Member) int {
	n := 0
	for _, m := range people {
		if m.Role == RoleOwner {
			n++
		}
	}
	return n
}

func addMember(ctx context.Context, tx TenantTx, record recorder, m Member) error {
	if err := tx.AddMember(ctx, m.User.ID, m.Role, m.JoinedAt); err != nil {
		return err
	}
	return record("member.joined", targetUser(m.User.ID), Details{"email": m.User.Email, "role": string(m.Role)})
}
