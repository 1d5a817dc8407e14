package tenants

import "context"

// Store opens transactions. Each function runs in one: it is committed when fn returns nil and rolled back otherwise, and
// fn's error comes back. A database that cannot be reached is an Unavailable fault.
type Store interface {
	// Tenant runs fn in a transaction that sees and changes this tenant only; the database itself enforces that.
	Tenant(ctx context.Context, tenant ID, fn func(TenantTx) error) error
	// System runs fn in a transaction for what belongs to no tenant or to all: people, sessions, signing keys, mail.
	System(ctx context.Context, fn func(SystemTx) error) error
}

// TenantTx is a transaction inside one tenant.
type TenantTx interface {
	TenantRows
	MemberRows
	InvitationRows
	SourceRows
	KeyRows
	AuditRows
}

// SystemTx is a transaction outside the tenants.
type SystemTx interface {
	UserRows
	SessionRows
	LinkRows
	SigningRows
	MailRows
	// Tenants returns the IDs of all tenants, in order.
	Tenants(ctx context.Context) ([]ID, error)
	// InvitationByHash finds an invitation by its mailed token, or returns ErrInvitationInvalid.
	InvitationByHash(ctx context.Context, hash TokenHash) (Tenant, Invitation, error)
	// Tenant goes on inside one tenant, in the same transaction and with no more rights than Store.Tenant gives.
	Tenant(ctx context.Context, tenant ID, fn func(TenantTx) error) error
}
