package tenants

import (
	"context"
	"time"

	"github.com/observatory/observatory/internal/fault"
)

// User is a person. People belong to no tenant; a [Member] is a person in one.
type User struct {
	ID              UserID
	Email           string
	Name            string // may be empty
	EmailVerifiedAt *time.Time
	CreatedAt       time.Time
}

// The faults of people.
var (
	ErrUserNotFound = fault.New(fault.NotFound, "user_not_found", "There is no such person.")
	ErrEmailTaken   = fault.New(fault.Conflict, "email_taken", "There is an account with this e-mail address already. Log in, or reset the password.")
)

// Credentials are a person with the hash of the password.
type Credentials struct {
	User         User
	PasswordHash string // PHC string format
}

// UserRows are people. Only SystemTx has them: a tenant sees people as its members.
type UserRows interface {
	// AddUser returns ErrEmailTaken when somebody has an address with this key.
	AddUser(ctx context.Context, c Credentials, emailKey string) error
	UserByEmail(ctx context.Context, emailKey string) (Credentials, error) // or ErrUserNotFound
	UserByID(ctx context.Context, id UserID) (Credentials, error)          // or ErrUserNotFound
	SetPassword(ctx context.Context, id UserID, hash string) error
	SetEmailVerified(ctx context.Context, id UserID, at time.Time) error // the first time counts
	Memberships(ctx context.Context, id UserID) ([]Membership, error)    // oldest first
}

// actor is the person in an audit log.
func (u User) actor() Actor { return Actor{Kind: ActorUser, ID: u.ID.String(), Label: u.Email} }
