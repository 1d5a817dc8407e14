package tenants

import (
	"context"
	"errors"
	"net/netip"

	"github.com/observatory/observatory/internal/fault"
)

// Accounts is the service for people: signing up, logging in and out, passwords, proof of an e-mail address.
type Accounts struct {
	service
	keys      *Keys
	outbox    *Outbox
	passwords *passwords
	limits    *limiters
	region    string // of this server; empty: unknown
}

// ErrLogInFailed does not tell an unknown address from a wrong password.
var ErrLogInFailed = fault.New(fault.Unauthenticated, "login_failed", "The e-mail address or the password is wrong.")

// SignUpInput is a new organisation with its first person.
type SignUpInput struct {
	Email         string
	Password      string
	Organisation  string
	Name          string     // of the person; may be empty
	Timezone      string     // of the organisation; empty is UTC
	Residency     string     // of the organisation; empty: its data may be kept anywhere
	Address       netip.Addr // that the request came from
	CorrelationID string
}

// Validate tidies the input, or returns ErrEmailInvalid, ErrPasswordInvalid, ErrNameInvalid or ErrTimezoneUnknown.
func (in *SignUpInput) Validate() (err error) {
	email, err := ParseEmail(in.Email)
	if err != nil {
		return err
	}
	in.Email = email.Address
	if err := checkPassword(in.Password); err != nil {
		return err
	}
	if in.Organisation, err = cleanName(in.Organisation); err != nil {
		return err
	}
	if in.Name != "" {
		if in.Name, err = cleanName(in.Name); err != nil {
			return err
		}
	}
	if in.Timezone == "" {
		in.Timezone = "UTC"
	}
	return checkTimezone(in.Timezone)
}

// SignedUp is what a sign-up made. The tokens of the keys and of the session are shown only here.
type SignedUp struct {
	Tenant      Tenant
	User        User
	Source      Source
	Publishable CreatedKey // may be used from any page until its owner narrows it
	Secret      CreatedKey // events:write and query:read
	LoggedIn
}

// LoggedIn is a new session with its token, which goes into a cookie and is stored nowhere.
type LoggedIn struct {
	Session Session
	Token   string
}

// SignUp makes a tenant with its owner, a first source with two keys, and a session, and mails a link to verify the
// address. Besides the faults of Validate and those of a residency it returns ErrEmailTaken, ErrTooManyAttempts and ErrPasswordsBusy.
func (a *Accounts) SignUp(ctx context.Context, in SignUpInput) (SignedUp, error) {
	if err := in.Validate(); err != nil {
		return SignedUp{}, err
	}
	if in.Residency != "" {
		if err := checkResidency(in.Residency, a.region); err != nil {
			return SignedUp{}, err
		}
	}
	if err := a.limits.signUpPerAddress.Take(Network(in.Address)); err != nil {
		return SignedUp{}, err
	}
	email, err := ParseEmail(in.Email)
	if err != nil {
		return SignedUp{}, err
	}
	// Asked before hashing, to spare the work. AddUser decides.
	if _, err := a.credentials(ctx, email); err == nil {
		return SignedUp{}, ErrEmailTaken
	} else if !errors.Is(err, ErrUserNotFound) {
		return SignedUp{}, err
	}
	hash, err := a.passwords.hash(ctx, in.Password)
	if err != nil {
		return SignedUp{}, err
	}
	now := a.time()
	made := SignedUp{
		Tenant: Tenant{ID: NewID(), Name: in.Organisation, Timezone: in.Timezone, Residency: in.Residency, CreatedAt: now},
		User:   User{ID: NewUserID(), Email: email.Address, Name: in.Name, CreatedAt: now},
		Source: Source{ID: NewSourceID(), Name: "My site", Kind: SourceSite, Env: Production, CreatedAt: now},
	}
	by := By{
		Principal:     Principal{Tenant: made.Tenant.ID, Actor: made.User.actor(), User: made.User.ID, Role: RoleOwner},
		CorrelationID: in.CorrelationID,
	}
	err = a.store.System(ctx, func(sys SystemTx) error {
		if err := sys.AddUser(ctx, Credentials{User: made.User, PasswordHash: hash}, email.Key); err != nil {
			return err
		}
		if err := a.found(ctx, sys, by, &made); err != nil {
			return err
		}
		if err := a.mailVerification(ctx, sys, made.User); err != nil {
			return err
		}
		made.LoggedIn, err = a.openSession(ctx, sys, made.User, made.Tenant.ID)
		return err
	})
	if err != nil {
		return SignedUp{}, err
	}
	a.keysChanged(ctx)
	return made, nil
}

// found makes the tenant with everything that it begins with.
func (a *Accounts) found(ctx context.Context, sys SystemTx, by By, made *SignedUp) error {
	sign, err := a.keys.signer(ctx, sys)
	if err != nil {
		return err
	}
	return a.changeWithin(ctx, sys, by, func(tx TenantTx, record recorder) error {
		if err := tx.AddTenant(ctx, made.Tenant); err != nil {
			return err
		}
		if err := record("tenant.created", targetTenant(made.Tenant.ID), Details{"name": made.Tenant.Name, "timezone": made.Tenant.Timezone, "residency": made.Tenant.Residency}); err != nil {
			return err
		}
		if err := addMember(ctx, tx, record, Member{User: made.User, Role: RoleOwner, JoinedAt: made.Tenant.CreatedAt}); err != nil {
			return err
		}
		if err := addSource(ctx, tx, record, made.Source); err != nil {
			return err
		}
		publishable := CreateKeyInput{
			Source: made.Source.ID, Kind: Publishable, Name: "My site", Env: Production,
			Scopes: Scopes{ScopeEventsWrite}, Origins: []string{AnyOrigin},
		}
		if made.Publishable, err = addKey(ctx, tx, record, sign, newKey(by, publishable, made.Tenant.CreatedAt), nil); err != nil {
			return err
		}
		secret := CreateKeyInput{
			Source: made.Source.ID, Kind: Secret, Name: "My server", Env: Production,
			Scopes: Scopes{ScopeEventsWrite, ScopeQueryRead},
		}
		made.Secret, err = addKey(ctx, tx, record, sign, newKey(by, secret, made.Tenant.CreatedAt), nil)
		return err
	})
}

// LogInInput is an attempt to log in.
type LogInInput struct {
	Email    string
	Password string
	Address  netip.Addr // that the request came from
}

// LogIn opens a session. It returns ErrLogInFailed, ErrTooManyAttempts or ErrPasswordsBusy.
func (a *Accounts) LogIn(ctx context.Context, in LogInInput) (LoggedIn, error) {
	email, err := ParseEmail(in.Email)
	if err != nil {
		return LoggedIn{}, ErrLogInFailed.Because(err)
	}
	if err := a.limits.logIn(in.Address, email.Key); err != nil {
		return LoggedIn{}, err
	}
	user, err := a.authenticate(ctx, email, in.Password)
	if err != nil {
		return LoggedIn{}, err
	}
	var opened LoggedIn
	err = a.store.System(ctx, func(sys SystemTx) (err error) {
		opened, err = a.openSession(ctx, sys, user, ID{})
		return err
	})
	return opened, err
}

// authenticate checks a password, with the same work for an address that nobody has. A hash made at an older cost is
// replaced while the password is at hand.
func (a *Accounts) authenticate(ctx context.Context, email Email, password string) (User, error) {
	c, err := a.credentials(ctx, email)
	if err != nil && !errors.Is(err, ErrUserNotFound) {
		return User{}, err
	}
	ok, err := a.passwords.matches(ctx, password, c.PasswordHash)
	if err != nil {
		return User{}, err
	}
	if !ok {
		return User{}, ErrLogInFailed
	}
	if a.passwords.outdated(c.PasswordHash) {
		if err := a.rehash(ctx, c.User.ID, password); err != nil {
			a.log.WarnContext(ctx, "a password hash could not be renewed", "user", c.User.ID, "error", err)
		}
	}
	return c.User, nil
}

func (a *Accounts) rehash(ctx context.Context, user UserID, password string) error {
	hash, err := a.passwords.hash(ctx, password)
	if err != nil {
		return err
	}
	return a.store.System(ctx, func(sys SystemTx) error { return sys.SetPassword(ctx, user, hash) })
}

// credentials returns ErrUserNotFound for an unknown address.
func (a *Accounts) credentials(ctx context.Context, email Email) (Credentials, error) {
	var c Credentials
	err := a.store.System(ctx, func(sys SystemTx) (err error) {
		c, err = sys.UserByEmail(ctx, email.Key)
		return err
	})
	return c, err
}
