package tenants

import "github.com/observatory/observatory/internal/fault"

// Principal is who is calling: a person in a session, or a source with an API key. It is made by [Session.Principal] and
// [APIKey.Principal]; the zero Principal may do nothing.
type Principal struct {
	Tenant ID
	Actor  Actor    // for the audit log
	User   UserID   // zero for a key
	Role   Role     // of a person; empty for a key
	Scopes Scopes   // of a key; nil for a person
	Source SourceID // of a key; zero for a person
	Key    *APIKey  // nil for a person; not to be modified
	Env    Env      // of a key; empty for a person
}

// Actor is who did something, as the audit log keeps it.
type Actor struct {
	Kind  ActorKind
	ID    string // of the user or key; empty for the system
	Label string // e-mail address of a user, name of a key, what part of the system it was
}

// ActorKind tells people, keys and the system itself apart.
type ActorKind string

// The kinds of actors.
const (
	ActorUser   ActorKind = "user"
	ActorKey    ActorKind = "api_key"
	ActorSystem ActorKind = "system" // an operator's command or a background job
)

// By says who wants a change, and the correlation ID of the request it came with. Both go into the audit log.
type By struct {
	Principal     Principal
	CorrelationID string
}

// The faults of a principal that may not do what it wants to.
var (
	ErrScopeMissing     = fault.New(fault.Forbidden, "scope_missing", "These credentials lack the scope that this needs.")
	ErrPermissionDenied = fault.New(fault.Forbidden, "permission_denied", "Your role does not allow this. Ask an owner or admin of your organisation.")
)

// Has tells whether the principal holds the scope: a key holds those it was made with, a person those of [Role.Scopes].
func (p Principal) Has(s Scope) bool {
	if p.Key != nil {
		return p.Scopes.Has(s)
	}
	return p.Role.Scopes().Has(s)
}

// Can tells whether the principal has the permission: a person by the role, a key by any of its scopes.
func (p Principal) Can(perm Permission) bool {
	if p.Key != nil {
		return p.Scopes.Allows(perm)
	}
	return p.Role.Allows(perm)
}

// RequireScope returns a scope_missing fault (Forbidden) that names the scope, unless the principal holds it.
func (p Principal) RequireScope(s Scope) error {
	if p.Has(s) {
		return nil
	}
	return fault.New(ErrScopeMissing.Kind, ErrScopeMissing.Code, "These credentials lack the scope %s, which this needs.", s)
}

// Require returns ErrPermissionDenied for a person, or scope_missing for a key (both Forbidden), unless the principal has
// the permission.
func (p Principal) Require(perm Permission) error {
	switch {
	case p.Can(perm):
		return nil
	case p.Key != nil:
		return fault.New(ErrScopeMissing.Kind, ErrScopeMissing.Code, "No scope of this key allows %s.", perm)
	}
	return ErrPermissionDenied
}
