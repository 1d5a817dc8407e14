package tenants

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/observatory/observatory/internal/fault"
)

// Changing a password, setting a forgotten one through a mailed link, and proving an address by another.

// Link is a single-use token that was mailed to a person, as it is stored: by the token's hash.
type Link struct {
	Hash      TokenHash
	Kind      LinkKind
	User      UserID
	CreatedAt time.Time
	ExpiresAt time.Time
}

// LinkKind is what a mailed link is good for.
type LinkKind string

// The kinds of links.
const (
	LinkVerify LinkKind = "verify" // proves the address
	LinkReset  LinkKind = "reset"  // sets a new password
)

// How long links work.
const (
	verifyLife = 7 * 24 * time.Hour
	resetLife  = time.Hour
)

// The faults of links and of changing a password.
var (
	ErrLinkInvalid     = fault.New(fault.Invalid, "link_invalid", "This link is not valid (any more). Ask for a new one.")
	ErrPasswordWrong   = fault.New(fault.Forbidden, "password_wrong", "The current password is wrong.")
	ErrAlreadyVerified = fault.New(fault.Conflict, "email_already_verified", "Your e-mail address is verified already.")
)

// LinkRows are the links of everybody.
type LinkRows interface {
	AddLink(ctx context.Context, l Link) error
	// OpenLink returns ErrLinkInvalid for a link that is unknown, used, or expired at the given time.
	OpenLink(ctx context.Context, kind LinkKind, hash TokenHash, at time.Time) (Link, error)
	// UseLink marks an open link as used and returns it, or returns ErrLinkInvalid. Of two at a time one succeeds.
	UseLink(ctx context.Context, kind LinkKind, hash TokenHash, at time.Time) (Link, error)
	// DropLinks makes a person's unused links of a kind invalid.
	DropLinks(ctx context.Context, user UserID, kind LinkKind) error
}

// ChangePasswordInput changes the password of the person in the session.
type ChangePasswordInput struct {
	SessionToken  string
	Current       string
	New           string
	Address       netip.Addr // that the request came from
	CorrelationID string
}

// ChangePassword sets a new password and ends the person's other sessions. It returns ErrPasswordInvalid,
// ErrPasswordWrong, ErrTooManyAttempts, ErrPasswordsBusy, ErrSessionMissing or ErrSessionEnded.
func (a *Accounts) ChangePassword(ctx context.Context, in ChangePasswordInput) error {
	if err := checkPassword(in.New); err != nil {
		return err
	}
	session, err := a.Session(ctx, in.SessionToken)
	if err != nil {
		return err
	}
	email, err := ParseEmail(session.User.Email)
	if err != nil {
		return err
	}
	if err := a.limits.logIn(in.Address, email.Key); err != nil {
		return err
	}
	if _, err := a.authenticate(ctx, email, in.Current); errors.Is(err, ErrLogInFailed) {
		return ErrPasswordWrong
	} else if err != nil {
		return err
	}
	hash, err := a.passwords.hash(ctx, in.New)
	if err != nil {
		return err
	}
	return a.store.System(ctx, func(sys SystemTx) error {
		if err := replacePassword(ctx, sys, session.User.ID, hash, hashToken(in.SessionToken)); err != nil {
			return err
		}
		return a.recordEverywhere(ctx, sys, session.User, in.CorrelationID, "user.password_changed")
	})
}

// RequestPasswordResetInput asks for a link to set a new password.
type RequestPasswordResetInput struct {
	Email   string
	Address netip.Addr // that the request came from
}

// RequestPasswordReset mails a link if somebody has this address, and says nothing about whether somebody does. It
// returns ErrEmailInvalid or ErrTooManyAttempts.
func (a *Accounts) RequestPasswordReset(ctx context.Context, in RequestPasswordResetInput) error {
	email, err := ParseEmail(in.Email)
	if err != nil {
		return err
	}
	if err := a.limits.logIn(in.Address, email.Key); err != nil {
		return err
	}
	if a.limits.mailPerEmail.Take(email.Key) != nil {
		return nil // enough mails are on their way to this person; saying so would tell that they exist
	}
	return a.store.System(ctx, func(sys SystemTx) error {
		c, err := sys.UserByEmail(ctx, email.Key)
		if errors.Is(err, ErrUserNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return a.mailLink(ctx, sys, c.User, LinkReset, resetLife, mailReset)
	})
}

// ResetPasswordInput sets a new password with the token of a mailed link.
type ResetPasswordInput struct {
	Token         string
	Password      string
	CorrelationID string
}

// ResetPassword sets a new password and ends all of the person's sessions. Following the link also proves the address.
// It returns ErrLinkInvalid, ErrPasswordInvalid or ErrPasswordsBusy.
func (a *Accounts) ResetPassword(ctx context.Context, in ResetPasswordInput) error {
	link := hashToken(in.Token)
	err := a.store.System(ctx, func(sys SystemTx) error {
		_, err := sys.OpenLink(ctx, LinkReset, link, a.time()) // before hashing, which is too dear to do for anybody who asks
		return err
	})
	if err != nil {
		return err
	}
	hash, err := a.passwords.hash(ctx, in.Password)
	if err != nil {
		return err
	}
	return a.store.System(ctx, func(sys SystemTx) error {
		user, err := a.followLink(ctx, sys, LinkReset, link)
		if err != nil {
			return err
		}
		if err := replacePassword(ctx, sys, user.ID, hash, TokenHash{}); err != nil {
			return err
		}
		return a.recordEverywhere(ctx, sys, user, in.CorrelationID, "user.password_reset")
	})
}

// replacePassword ends what the old password opened: the person's sessions but one, and reset links on their way.
func replacePassword(ctx context.Context, sys SystemTx, user UserID, hash string, but TokenHash) error {
	if err := sys.SetPassword(ctx, user, hash); err != nil {
		return err
	}
	if err := sys.DropLinks(ctx, user, LinkReset); err != nil {
		return err
	}
	return sys.EndSessions(ctx, user, but)
}

// RequestEmailVerification mails the link again. It returns ErrAlreadyVerified or ErrTooManyAttempts.
func (a *Accounts) RequestEmailVerification(ctx context.Context, sessionToken string) error {
	session, err := a.Session(ctx, sessionToken)
	if err != nil {
		return err
	}
	if session.User.EmailVerifiedAt != nil {
		return ErrAlreadyVerified
	}
	if err := a.limits.mailPerEmail.Take(session.User.ID.String()); err != nil {
		return err
	}
	return a.store.System(ctx, func(sys SystemTx) error { return a.mailVerification(ctx, sys, session.User) })
}

// VerifyEmailInput proves an address with the token of a mailed link.
type VerifyEmailInput struct {
	Token         string
	CorrelationID string
}

// VerifyEmail marks the address as verified. It returns ErrLinkInvalid.
func (a *Accounts) VerifyEmail(ctx context.Context, in VerifyEmailInput) error {
	return a.store.System(ctx, func(sys SystemTx) error {
		user, err := a.followLink(ctx, sys, LinkVerify, hashToken(in.Token))
		if err != nil {
			return err
		}
		return a.recordEverywhere(ctx, sys, user, in.CorrelationID, "user.email_verified")
	})
}

// followLink uses a link up. Whoever follows it reads the person's mail, so the address is proven either way.
func (a *Accounts) followLink(ctx context.Context, sys SystemTx, kind LinkKind, hash TokenHash) (User, error) {
	now := a.time()
	link, err := sys.UseLink(ctx, kind, hash, now)
	if err != nil {
		return User{}, err
	}
	c, err := sys.UserByID(ctx, link.User)
	if err != nil {
		return User{}, err
	}
	return c.User, sys.SetEmailVerified(ctx, link.User, now)
}

// recordEverywhere writes a person's own change into the audit log of every tenant that they belong to, in the order of
// the tenants' IDs, so that two such transactions never wait for each other's locks.
func (a *Accounts) recordEverywhere(ctx context.Context, sys SystemTx, user User, correlationID, action string) error {
	memberships, err := sys.Memberships(ctx, user.ID)
	if err != nil {
		return err
	}
	slices.SortFunc(memberships, func(x, y Membership) int { return bytes.Compare(x.Tenant.ID[:], y.Tenant.ID[:]) })
	for _, m := range memberships {
		by := By{Principal: Principal{Tenant: m.Tenant.ID, Actor: user.actor()}, CorrelationID: correlationID}
		err := a.changeWithin(ctx, sys, by, func(_ TenantTx, record recorder) error {
			return record(action, targetUser(user.ID), Details{"email": user.Email})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *Accounts) mailVerification(ctx context.Context, sys SystemTx, user User) error {
	return a.mailLink(ctx, sys, user, LinkVerify, verifyLife, mailVerification)
}

func (a *Accounts) mailLink(ctx context.Context, sys SystemTx, user User, kind LinkKind, life time.Duration, mail MailKind) error {
	token, now := newSecretToken(), a.time()
	err := sys.AddLink(ctx, Link{Hash: hashToken(token), Kind: kind, User: user.ID, CreatedAt: now, ExpiresAt: now.Add(life)})
	if err != nil {
		return err
	}
	return a.outbox.add(ctx, sys, mail, letter{To: user.Email, Token: token}, now.Add(life))
}
