package harness

import (
	"net/http"
	"testing"

	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/client"
)

// Password of every account that the harness makes.
const Password = "correct horse battery"

// Account is a new organization: its owner's session and its first keys.
type Account struct {
	client.Account
	Email       string
	Session     *Caller // the owner
	Secret      *Caller // the secret key: events:write, query:read
	Publishable *Caller // the publishable key: events:write
}

// SignUp makes an organization with a name that nobody else has.
func (s *Server) SignUp(tb testing.TB) Account {
	tb.Helper()
	name := uuid.NewString()
	return s.SignUpAs(tb, client.SignUpInput{Email: name + "@example.com", Password: Password, Organization: "Organization " + name})
}

// SignUpAs makes an organization.
func (s *Server) SignUpAs(tb testing.TB, in client.SignUpInput) Account {
	tb.Helper()
	a := Account{Email: in.Email, Session: s.Anonymous(tb)}
	a.Session.Post(tb, "/v1/signup", in).Want(tb, http.StatusCreated).JSON(tb, &a.Account)
	a.Secret, a.Publishable = s.WithKey(tb, a.Keys.Secret), s.WithKey(tb, a.Keys.Publishable)
	return a
}

// LogIn begins another session.
func (s *Server) LogIn(tb testing.TB, email, password string) *Caller {
	tb.Helper()
	c := s.Anonymous(tb)
	c.Post(tb, "/v1/login", map[string]string{"email": email, "password": password}).Want(tb, http.StatusOK)
	return c
}

// NewKey is an API key as it is when it was made.
type NewKey struct {
	ID    string
	Token string
}

// CreateKey makes a key for the account's first source. More are further fields of the request, such as "scopes" or "origins".
func (a Account) CreateKey(tb testing.TB, kind string, more map[string]any) NewKey {
	tb.Helper()
	in := map[string]any{"source_id": a.Source.ID, "kind": kind, "name": "made by a test"}
	for name, value := range more {
		in[name] = value
	}
	made := As[struct {
		Key   struct{ ID string }
		Token string
	}](tb, a.Session.Post(tb, "/v1/keys", in).Want(tb, http.StatusCreated))
	return NewKey{ID: made.Key.ID, Token: made.Token}
}
