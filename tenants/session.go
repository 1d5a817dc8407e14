package tenants

import (
	"context"
	"errors"
	"time"

	"github.com/observatory/observatory/internal/fault"
)

// Session is somebody logged in.
type Session struct {
	User        User
	Memberships []Membership // oldest first
	Current     ID           // the tenant they are looking at; zero when they are a member of none
	CreatedAt   time.Time
	ExpiresAt   time.Time // at the latest; after SessionIdle without use it ends earlier
}

// Membership is a tenant that a person belongs to.
type Membership struct {
	Tenant   Tenant
	Role     Role
	JoinedAt time.Time
}

// The life of a session.
const (
	SessionIdle  = 14 * 24 * time.Hour
	SessionLimit = 90 * 24 * time.Hour

	// sessionTouch is how exactly the time of last use is kept, so that not every request writes.
	sessionTouch = 5 * time.Minute
)

// The faults of sessions.
var (
	ErrSessionMissing = fault.New(fault.Unauthenticated, "session_missing", "You are not logged in.")
	ErrSessionEnded   = fault.New(fault.Unauthenticated, "session_ended", "Your session has ended. Log in again.")
	ErrNoMembership   = fault.New(fault.Forbidden, "no_membership", "You are not a member of any organisation. Ask for an invitation.")
)

// Membership is the current one; false when the person is a member of no tenant.
func (s Session) Membership() (Membership, bool) {
	for _, m := range s.Memberships {
		if m.Tenant.ID == s.Current {
			return m, true
		}
	}
	return Membership{}, false
}

// Principal is the caller that comes with this session, in its current tenant. It returns ErrNoMembership.
func (s Session) Principal() (Principal, error) {
	m, ok := s.Membership()
	if !ok {
		return Principal{}, ErrNoMembership
	}
	return Principal{Tenant: m.Tenant.ID, Actor: s.User.actor(), User: s.User.ID, Role: m.Role}, nil
}

// SessionRow is a session as it is stored: by the hash of its token.
type SessionRow struct {
	Hash       TokenHash
	User       UserID
	Tenant     ID // chosen last; zero when none was
	CreatedAt  time.Time
	LastSeenAt time.Time
	ExpiresAt  time.Time
}

// SessionRows are the sessions of everybody.
type SessionRows interface {
	AddSession(ctx context.Context, s SessionRow) error
	SessionByHash(ctx context.Context, hash TokenHash) (SessionRow, User, error) // or ErrSessionEnded
	TouchSession(ctx context.Context, hash TokenHash, at time.Time) error
	SetSessionTenant(ctx context.Context, hash TokenHash, tenant ID) error
	EndSession(ctx context.Context, hash TokenHash) error
	EndSessions(ctx context.Context, user UserID, but TokenHash) error // all of a person's but one; zeros for all
	// Sweep deletes sessions that have ended, used or expired links, and mails that were settled MailKept ago. It returns
	// how many rows that were.
	Sweep(ctx context.Context, now time.Time) (int64, error)
}

// Session returns the session behind a token: ErrSessionMissing for an empty one, ErrSessionEnded for one that is not, or
// no longer, valid (both Unauthenticated). Roles are as of now: a removed member's next request finds it out.
func (a *Accounts) Session(ctx context.Context, token string) (Session, error) {
	if token == "" {
		return Session{}, ErrSessionMissing
	}
	var s Session
	err := a.store.System(ctx, func(sys SystemTx) error {
		row, user, err := a.liveSession(ctx, sys, token)
		if err != nil {
			return err
		}
		if now := a.time(); now.Sub(row.LastSeenAt) > sessionTouch {
			if err := sys.TouchSession(ctx, row.Hash, now); err != nil {
				return err
			}
		}
		s, err = fillSession(ctx, sys, row, user)
		return err
	})
	return s, err
}

// SwitchTenant makes another tenant of the same person the current one. It returns ErrTenantNotFound for one that they
// are not a member of.
func (a *Accounts) SwitchTenant(ctx context.Context, token string, tenant ID) (Session, error) {
	var s Session
	err := a.store.System(ctx, func(sys SystemTx) error {
		row, user, err := a.liveSession(ctx, sys, token)
		if err != nil {
			return err
		}
		row.Tenant = tenant
		if s, err = fillSession(ctx, sys, row, user); err != nil {
			return err
		}
		if s.Current != tenant {
			return ErrTenantNotFound
		}
		return sys.SetSessionTenant(ctx, row.Hash, tenant)
	})
	return s, err
}

// LogOut ends a session. Ending one that is not there is no fault.
func (a *Accounts) LogOut(ctx context.Context, token string) error {
	return a.store.System(ctx, func(sys SystemTx) error { return sys.EndSession(ctx, hashToken(token)) })
}

// Sweep deletes what nobody needs any more: ended sessions, used or expired links, mails settled MailKept ago, and those that the mailer keeps of
// people who are no members. Call it now and then. It returns how many rows it deleted.
func (a *Accounts) Sweep(ctx context.Context) (int64, error) {
	var n int64
	err := a.store.System(ctx, func(sys SystemTx) (err error) {
		n, err = sys.Sweep(ctx, a.time())
		return err
	})
	return n, errors.Join(err, a.outbox.forget(ctx))
}

func (a *Accounts) liveSession(ctx context.Context, sys SystemTx, token string) (SessionRow, User, error) {
	row, user, err := sys.SessionByHash(ctx, hashToken(token))
	if err != nil {
		return SessionRow{}, User{}, err
	}
	if now := a.time(); !now.Before(row.ExpiresAt) || now.Sub(row.LastSeenAt) >= SessionIdle {
		return SessionRow{}, User{}, ErrSessionEnded
	}
	return row, user, nil
}

// openSession starts a session for somebody whose identity was established just now.
func (a *Accounts) openSession(ctx context.Context, sys SystemTx, user User, tenant ID) (LoggedIn, error) {
	token, now := newSecretToken(), a.time()
	row := SessionRow{
		Hash: hashToken(token), User: user.ID, Tenant: tenant,
		CreatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(SessionLimit),
	}
	s, err := fillSession(ctx, sys, row, user)
	if err != nil {
		return LoggedIn{}, err
	}
	row.Tenant = s.Current
	return LoggedIn{Session: s, Token: token}, sys.AddSession(ctx, row)
}

// fillSession adds the memberships. The current tenant is the row's if the person is a member of it still, else the one
// they have been in for the longest time.
func fillSession(ctx context.Context, sys SystemTx, row SessionRow, user User) (Session, error) {
	memberships, err := sys.Memberships(ctx, user.ID)
	if err != nil {
		return Session{}, err
	}
	s := Session{User: user, Memberships: memberships, Current: row.Tenant, CreatedAt: row.CreatedAt, ExpiresAt: row.ExpiresAt}
	if _, ok := s.Membership(); !ok {
		s.Current = ID{}
		if len(memberships) > 0 {
			s.Current = memberships[0].Tenant.ID
		}
	}
	return s, nil
}
