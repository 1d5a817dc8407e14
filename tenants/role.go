package tenants

import (
	"slices"
	"strings"

	"github.com/observatory/observatory/internal/fault"
)

// Role is what a member may do in a tenant.
type Role string

// The roles, from most to least.
const (
	RoleOwner   Role = "owner"   // everything
	RoleAdmin   Role = "admin"   // everything but the organisation itself and its owners
	RoleAnalyst Role = "analyst" // ask, and keep what was asked: dashboards, alerts
	RoleViewer  Role = "viewer"  // ask
)

// ErrRoleUnknown is returned for a text that is not a role.
var ErrRoleUnknown = fault.New(fault.Invalid, "role_unknown", "The role must be owner, admin, analyst or viewer.")

// ParseRole reads a role, or returns ErrRoleUnknown.
func ParseRole(s string) (Role, error) {
	switch r := Role(s); r {
	case RoleOwner, RoleAdmin, RoleAnalyst, RoleViewer:
		return r, nil
	}
	return "", ErrRoleUnknown
}

// Permission is one thing that a role or the scope of a key allows.
type Permission string

// The permissions.
const (
	Query            Permission = "query"             // read events, trends, the catalogue, receipts
	ManageDashboards Permission = "manage_dashboards" // save and share what was asked
	ManageAlerts     Permission = "manage_alerts"     // say what to watch and who is told when: checks, alert rules, escalation; acknowledge incidents
	ManageSources    Permission = "manage_sources"    // add, rename, archive sources
	ManageKeys       Permission = "manage_keys"       // create, change, rotate, revoke API keys
	ManageMembers    Permission = "manage_members"    // invite, change roles, remove
	ManagePrivacy    Permission = "manage_privacy"    // file and follow data-subject requests
	ManageData       Permission = "manage_data"       // declare what data looks like and what becomes of it: schemas, policies, replays
	ManageChannels   Permission = "manage_channels"   // where alerts go: channels hold secrets and lead out of the house
	ManageTenant     Permission = "manage_tenant"     // name and time zone of the organisation
	ViewBilling      Permission = "view_billing"      // read what was used and what it costs: usage, plan, invoices
	ManageBilling    Permission = "manage_billing"    // change the plan, pay
	ViewAudit        Permission = "view_audit"        // read and verify the audit log
)

// Allows tells whether the role includes the permission. An unknown role allows nothing.
func (r Role) Allows(p Permission) bool {
	switch r {
	case RoleOwner:
		return true
	case RoleAdmin:
		return p != ManageTenant
	case RoleAnalyst:
		return p == Query || p == ManageDashboards || p == ManageAlerts || p == ViewBilling
	case RoleViewer:
		return p == Query
	}
	return false
}

// Scopes are the scopes that a session of this role counts as having, so that a route may ask for a scope without caring
// whether a person or a key calls. No role has events:write: an event belongs to a source, and a session has none.
func (r Role) Scopes() Scopes {
	switch r {
	case RoleOwner, RoleAdmin:
		return Scopes{ScopeQueryRead, ScopeSchemasRead, ScopeSchemasWrite, ScopePrivacyWrite, ScopeBillingRead, ScopeAdmin}
	case RoleAnalyst:
		return Scopes{ScopeQueryRead, ScopeSchemasRead, ScopeBillingRead}
	case RoleViewer:
		return Scopes{ScopeQueryRead, ScopeSchemasRead}
	}
	return nil
}

// Scope is one thing that an API key may do. Scopes are flat: none includes another.
type Scope string

// The scopes.
const (
	ScopeEventsWrite  Scope = "events:write"
	ScopeQueryRead    Scope = "query:read"
	ScopeSchemasRead  Scope = "schemas:read" // looks up schemas, as senders and consumers need to; allows no permission
	ScopeSchemasWrite Scope = "schemas:write"
	ScopePrivacyWrite Scope = "privacy:write"
	ScopeBillingRead  Scope = "billing:read"
	ScopeAdmin        Scope = "admin"
)

// AllScopes are the scopes in their canonical order.
func AllScopes() Scopes {
	return Scopes{ScopeEventsWrite, ScopeQueryRead, ScopeSchemasRead, ScopeSchemasWrite, ScopePrivacyWrite, ScopeBillingRead, ScopeAdmin}
}

// Allows tells which permissions a key with this scope has. The scope admin runs a tenant's set-up, schemas included. It does not read
// events or file privacy requests, which need their own scopes, and it does not manage members: a key that could invite
// somebody as an admin could thereby do anything.
func (s Scope) Allows(p Permission) bool {
	switch s {
	case ScopeQueryRead:
		return p == Query
	case ScopeSchemasWrite:
		return p == ManageData
	case ScopePrivacyWrite:
		return p == ManagePrivacy
	case ScopeBillingRead:
		return p == ViewBilling
	case ScopeAdmin:
		return p == ManageSources || p == ManageKeys || p == ManageDashboards || p == ManageAlerts || p == ManageChannels || p == ManageData || p == ViewAudit
	case ScopeEventsWrite, ScopeSchemasRead:
	}
	return false
}

// Scopes is a set of scopes, in the order of the constants and without repetition once it went through ParseScopes.
type Scopes []Scope

// ErrScopeUnknown is returned for a text that is not a scope.
var ErrScopeUnknown = fault.New(fault.Invalid, "scope_unknown", "The scopes are events:write, query:read, schemas:read, schemas:write, privacy:write, billing:read and admin.")

// ParseScopes brings scopes into their canonical order, or returns ErrScopeUnknown.
func ParseScopes[S ~string](texts []S) (Scopes, error) {
	var scopes Scopes
	for _, s := range AllScopes() {
		if slices.Contains(texts, S(s)) {
			scopes = append(scopes, s)
		}
	}
	for _, t := range texts {
		if !scopes.Has(Scope(t)) {
			return nil, ErrScopeUnknown
		}
	}
	return scopes, nil
}

// Has tells whether the set holds s.
func (ss Scopes) Has(s Scope) bool { return slices.Contains(ss, s) }

// Allows tells whether any scope of the set includes the permission.
func (ss Scopes) Allows(p Permission) bool {
	return slices.ContainsFunc(ss, func(s Scope) bool { return s.Allows(p) })
}

// String is the space-separated form of OAuth 2.0 (RFC 6749, section 3.3), as in the `scope` claim of a key.
func (ss Scopes) String() string {
	texts := make([]string, len(ss))
	for i, s := range ss {
		texts[i] = string(s)
	}
	return strings.Join(texts, " ")
}
