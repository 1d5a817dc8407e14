package tenants

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/observatory/observatory/internal/fault"
)

// Invitation asks a person into a tenant. Whoever holds its mailed token and can log in with its address may accept it.
type Invitation struct {
	ID          InvitationID
	Email       string
	Role        Role
	InvitedBy   string // label of the actor
	CreatedAt   time.Time
	ExpiresAt   time.Time
	AcceptedAt  *time.Time
	WithdrawnAt *time.Time
}

// invitationLife is how long an invitation can be accepted.
const invitationLife = 7 * 24 * time.Hour

// The faults of invitations.
var (
	ErrInvitationNotFound = fault.New(fault.NotFound, "invitation_not_found", "There is no such open invitation.")
	ErrInvitationInvalid  = fault.New(fault.Invalid, "invitation_invalid", "This invitation is not valid (any more). Ask for a new one.")
	ErrInvitationForOther = fault.New(fault.Forbidden, "invitation_for_other", "This invitation is for another e-mail address. Log in with that one.")
)

// InvitationRows are a tenant's invitations.
type InvitationRows interface {
	// OpenInvitations are neither accepted nor withdrawn, and may have expired; newest first.
	OpenInvitations(ctx context.Context) ([]Invitation, error)
	AddInvitation(ctx context.Context, i Invitation, hash TokenHash) error
	// CloseInvitation stores AcceptedAt or WithdrawnAt of an open invitation, or returns ErrInvitationNotFound.
	CloseInvitation(ctx context.Context, i Invitation) error
}

// Invitations returns those that were neither accepted nor withdrawn and have not expired, newest first.
func (m *Members) Invitations(ctx context.Context, tenant ID) ([]Invitation, error) {
	var open []Invitation
	err := m.store.Tenant(ctx, tenant, func(tx TenantTx) error {
		all, err := tx.OpenInvitations(ctx)
		for _, i := range all {
			if i.openAt(m.time()) {
				open = append(open, i)
			}
		}
		return err
	})
	return open, err
}

func (i Invitation) openAt(now time.Time) bool {
	return i.AcceptedAt == nil && i.WithdrawnAt == nil && now.Before(i.ExpiresAt)
}

// InviteInput is whom to invite.
type InviteInput struct {
	Email string
	Role  Role
}

// Invite mails an invitation that can be accepted for 7 days, and withdraws an earlier one to the same address. It needs
// ManageMembers, and an owner to invite an owner. It returns ErrEmailInvalid, ErrRoleUnknown, ErrOwnersOnly,
// ErrAlreadyMember or ErrTooManyAttempts.
func (m *Members) Invite(ctx context.Context, by By, in InviteInput) (Invitation, error) {
	if err := by.Principal.Require(ManageMembers); err != nil {
		return Invitation{}, err
	}
	if _, err := ParseRole(string(in.Role)); err != nil {
		return Invitation{}, err
	}
	if in.Role == RoleOwner && by.Principal.Role != RoleOwner {
		return Invitation{}, ErrOwnersOnly
	}
	email, err := ParseEmail(in.Email)
	if err != nil {
		return Invitation{}, err
	}
	if err := m.accounts.limits.mailPerEmail.Take(email.Key); err != nil {
		return Invitation{}, err
	}
	token, now := newSecretToken(), m.time()
	invitation := Invitation{
		ID: NewInvitationID(), Email: email.Address, Role: in.Role, InvitedBy: by.Principal.Actor.Label,
		CreatedAt: now, ExpiresAt: now.Add(invitationLife),
	}
	err = m.store.System(ctx, func(sys SystemTx) error {
		var tenant Tenant
		err := m.changeWithin(ctx, sys, by, func(tx TenantTx, record recorder) (err error) {
			if tenant, err = tx.Tenant(ctx); err != nil {
				return err
			}
			if err := refuseMember(ctx, tx, email); err != nil {
				return err
			}
			if err := m.withdrawOthers(ctx, tx, record, email); err != nil {
				return err
			}
			if err := tx.AddInvitation(ctx, invitation, hashToken(token)); err != nil {
				return err
			}
			return record("invitation.created", targetInvitation(invitation.ID), Details{"email": invitation.Email, "role": string(invitation.Role)})
		})
		if err != nil {
			return err
		}
		return m.outbox.add(ctx, sys, mailInvitation, letter{
			To: invitation.Email, Token: token, Organisation: tenant.Name, Inviter: invitation.InvitedBy, Role: invitation.Role,
		}, invitation.ExpiresAt)
	})
	return invitation, err
}

func refuseMember(ctx context.Context, tx TenantTx, email Email) error {
	people, err := tx.Members(ctx)
	if err != nil {
		return err
	}
	for _, p := range people {
		if sameAddress(p.User.Email, email) {
			return ErrAlreadyMember
		}
	}
	return nil
}

func (m *Members) withdrawOthers(ctx context.Context, tx TenantTx, record recorder, email Email) error {
	open, err := tx.OpenInvitations(ctx)
	if err != nil {
		return err
	}
	for _, i := range open {
		if !sameAddress(i.Email, email) {
			continue
		}
		if err := m.withdraw(ctx, tx, record, i); err != nil {
			return err
		}
	}
	return nil
}

func sameAddress(stored string, email Email) bool {
	other, err := ParseEmail(stored)
	return err == nil && other.Key == email.Key
}

// Withdraw makes an open invitation invalid. It needs ManageMembers and returns ErrInvitationNotFound.
func (m *Members) Withdraw(ctx context.Context, by By, id InvitationID) error {
	if err := by.Principal.Require(ManageMembers); err != nil {
		return err
	}
	return m.change(ctx, by, func(tx TenantTx, record recorder) error {
		open, err := tx.OpenInvitations(ctx)
		if err != nil {
			return err
		}
		for _, i := range open {
			if i.ID == id {
				return m.withdraw(ctx, tx, record, i)
			}
		}
		return ErrInvitationNotFound
	})
}

func (m *Members) withdraw(ctx context.Context, tx TenantTx, record recorder, i Invitation) error {
	now := m.time()
	i.WithdrawnAt = &now
	if err := tx.CloseInvitation(ctx, i); err != nil {
		return err
	}
	return record("invitation.withdrawn", targetInvitation(i.ID), Details{"email": i.Email, "role": string(i.Role)})
}

// InvitationPreview is what somebody may know who holds the token.
type InvitationPreview struct {
	Organisation string
	Email        string
	Role         Role
	HasAccount   bool // then the password is asked for, else a new one is chosen
}

// Preview tells what an invitation is for. It returns ErrInvitationInvalid.
func (m *Members) Preview(ctx context.Context, token string) (InvitationPreview, error) {
	invited, err := m.invited(ctx, token)
	return InvitationPreview{
		Organisation: invited.tenant.Name, Email: invited.invitation.Email, Role: invited.invitation.Role,
		HasAccount: !invited.account.User.ID.IsZero(),
	}, err
}

type invited struct {
	tenant     Tenant
	invitation Invitation
	email      Email
	account    Credentials // zero when nobody has the address
}

func (m *Members) invited(ctx context.Context, token string) (invited, error) {
	var found invited
	err := m.store.System(ctx, func(sys SystemTx) (err error) {
		if found.tenant, found.invitation, err = sys.InvitationByHash(ctx, hashToken(token)); err != nil {
			return err
		}
		if !found.invitation.openAt(m.time()) {
			return ErrInvitationInvalid
		}
		if found.email, err = ParseEmail(found.invitation.Email); err != nil {
			return err
		}
		found.account, err = sys.UserByEmail(ctx, found.email.Key)
		if errors.Is(err, ErrUserNotFound) {
			return nil
		}
		return err
	})
	if err != nil {
		return invited{}, err
	}
	return found, nil
}

// AcceptInput accepts an invitation. Somebody who has an account proves it with a session or the password; somebody new
// chooses a password.
type AcceptInput struct {
	Token         string
	SessionToken  string // may be empty
	Password      string // may be empty with a session of the invited person
	Name          string // of somebody new; may be empty
	Address       netip.Addr
	CorrelationID string
}

// Accept makes the person a member and opens a session in the tenant. It returns ErrInvitationInvalid,
// ErrInvitationForOther, ErrLogInFailed, ErrPasswordInvalid, ErrNameInvalid, ErrAlreadyMember, ErrTooManyAttempts or
// ErrPasswordsBusy.
func (m *Members) Accept(ctx context.Context, in AcceptInput) (LoggedIn, error) {
	invited, err := m.invited(ctx, in.Token)
	if err != nil {
		return LoggedIn{}, err
	}
	if err := m.accounts.limits.logIn(in.Address, invited.email.Key); err != nil {
		return LoggedIn{}, err
	}
	account, isNew := invited.account, invited.account.User.ID.IsZero()
	if isNew {
		account, err = m.newcomer(ctx, invited, in)
	} else {
		account.User, err = m.recognise(ctx, invited, in)
	}
	if err != nil {
		return LoggedIn{}, err
	}
	var opened LoggedIn
	err = m.store.System(ctx, func(sys SystemTx) error {
		if isNew {
			if err := sys.AddUser(ctx, account, invited.email.Key); err != nil {
				return err
			}
		}
		if err := sys.SetEmailVerified(ctx, account.User.ID, m.time()); err != nil { // the token came by mail
			return err
		}
		if err := m.join(ctx, sys, invited, account.User, in.CorrelationID); err != nil {
			return err
		}
		opened, err = m.accounts.openSession(ctx, sys, account.User, invited.tenant.ID)
		return err
	})
	return opened, err
}

func (m *Members) newcomer(ctx context.Context, invited invited, in AcceptInput) (Credentials, error) {
	if in.Name != "" {
		var err error
		if in.Name, err = cleanName(in.Name); err != nil {
			return Credentials{}, err
		}
	}
	hash, err := m.accounts.passwords.hash(ctx, in.Password)
	now := m.time()
	return Credentials{
		User:         User{ID: NewUserID(), Email: invited.email.Address, Name: in.Name, EmailVerifiedAt: &now, CreatedAt: now},
		PasswordHash: hash,
	}, err
}

func (m *Members) recognise(ctx context.Context, invited invited, in AcceptInput) (User, error) {
	if in.SessionToken != "" {
		session, err := m.accounts.Session(ctx, in.SessionToken)
		switch {
		case err == nil && session.User.ID == invited.account.User.ID:
			return session.User, nil
		case err == nil && in.Password == "":
			return User{}, ErrInvitationForOther
		}
	}
	return m.accounts.authenticate(ctx, invited.email, in.Password)
}

func (m *Members) join(ctx context.Context, sys SystemTx, invited invited, user User, correlationID string) error {
	by := By{
		Principal:     Principal{Tenant: invited.tenant.ID, Actor: user.actor(), User: user.ID, Role: invited.invitation.Role},
		CorrelationID: correlationID,
	}
	return m.changeWithin(ctx, sys, by, func(tx TenantTx, record recorder) error {
		now := m.time()
		accepted := invited.invitation
		accepted.AcceptedAt = &now
		if err := tx.CloseInvitation(ctx, accepted); errors.Is(err, ErrInvitationNotFound) {
			return ErrInvitationInvalid // withdrawn or accepted meanwhile
		} else if err != nil {
			return err
		}
		if err := record("invitation.accepted", targetInvitation(accepted.ID), Details{"email": accepted.Email, "role": string(accepted.Role)}); err != nil {
			return err
		}
		return addMember(ctx, tx, record, Member{User: user, Role: accepted.Role, JoinedAt: now})
	})
}
