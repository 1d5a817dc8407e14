package notify

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/analytics/alert"
	"github.com/observatory/observatory/tenants"
)

// Store keeps channels, policies, rotations, escalations and deliveries.
type Store interface {
	// Within runs fn in one transaction inside a tenant: committed when fn returns nil, and otherwise rolled back. fn runs once.
	Within(ctx context.Context, tenant tenants.ID, fn func(Tx) error) error
	// Due lists incidents, of all tenants, whose escalation has something to do now; at most limit.
	Due(ctx context.Context, now time.Time, limit int) ([]Due, error)
	// Claim takes deliveries that are due, of each tenant at most perTenant, so that no tenant's slow receivers hold up the others.
	// It counts an attempt for each and makes them due again at the given time, in case the claimant dies. Two claimants never get the
	// same one. Those that have become pointless are cancelled instead.
	Claim(ctx context.Context, now, again time.Time, perTenant, limit int) ([]Claimed, error)
	// Sweep deletes deliveries, of all tenants, that ended before, and says how many.
	Sweep(ctx context.Context, before time.Time) (int64, error)
}

// Due is an incident whose escalation has something to do.
type Due struct {
	Tenant   tenants.ID
	Incident alert.IncidentID
}

// Claimed is a delivery that a process has from now on.
type Claimed struct {
	Tenant  tenants.ID
	Attempt int // from 1 on
	Delivery
}

// Tx is a transaction inside one tenant.
type Tx interface {
	settingRows
	deliveryRows
	escalationRows
	// Lock makes other changes of channels, policies and rotations wait until the transaction ends.
	Lock(ctx context.Context) error
	// People are the members of the tenant.
	People(ctx context.Context) ([]Person, error)
	// Audit adds an entry to the tenant's audit log. It comes last.
	Audit(ctx context.Context, e tenants.AuditEntry) error
}

// settingRows are what people set up. Add and Set return ErrNameTaken; what is not there is ErrNoSuch….
type settingRows interface {
	Channels(ctx context.Context) ([]Channel, error) // by name
	Channel(ctx context.Context, id ChannelID) (Channel, error)
	AddChannel(ctx context.Context, c Channel) error
	SetChannel(ctx context.Context, c Channel) error
	DeleteChannel(ctx context.Context, id ChannelID, at time.Time) error // and what is sealed; the name stays for the log

	Policies(ctx context.Context) ([]Policy, error)
	Policy(ctx context.Context, id PolicyID) (Policy, error)
	AddPolicy(ctx context.Context, p Policy) error
	SetPolicy(ctx context.Context, p Policy) error
	DeletePolicy(ctx context.Context, id PolicyID) error // or ErrPolicyInUse

	Rotations(ctx context.Context) ([]Rotation, error)
	Rotation(ctx context.Context, id RotationID) (Rotation, error)
	AddRotation(ctx context.Context, r Rotation) error
	SetRotation(ctx context.Context, r Rotation) error
	DeleteRotation(ctx context.Context, id RotationID) error
}

type deliveryRows interface {
	// AddDelivery stores a delivery that is to be tried from NextAt on, with the attempts that have begun; false when there is one like it already.
	AddDelivery(ctx context.Context, d Delivery) (added bool, err error)
	// Settle writes down how an attempt ended, and what becomes of the delivery; false when it is not this attempt's any more.
	Settle(ctx context.Context, id DeliveryID, a Attempt, state DeliveryState, next *time.Time, now time.Time) (settled bool, err error)
	Deliveries(ctx context.Context, q DeliveriesQuery) ([]Delivery, error) // newest first
	Delivery(ctx context.Context, id DeliveryID) (Delivery, error)
	// Destination is where a delivery goes now.
	Destination(ctx context.Context, d Delivery) (Destination, error)
	// Told are the recipients that were told, or may have been told, that an incident fires: one delivery each.
	Told(ctx context.Context, incident alert.IncidentID) ([]Delivery, error)
	// CountTests counts the tests since then.
	CountTests(ctx context.Context, since time.Time) (int, error)
}

type escalationRows interface {
	// LockEscalation makes other escalators of the incident wait until the transaction ends.
	LockEscalation(ctx context.Context, incident alert.IncidentID) error
	SetEscalation(ctx context.Context, incident alert.IncidentID, p Progress, now time.Time) error
	// Hasten makes the next step due now, if the given one was the last that was taken; false when it was not, or when there is no next one.
	Hasten(ctx context.Context, incident alert.IncidentID, step, round int, now time.Time) (bool, error)
	// Escalation is how far an incident has come; nil: it has not begun.
	Escalation(ctx context.Context, incident alert.IncidentID) (*Progress, error)
	// Incident finds an incident with its rules, and the newest entries of its timeline that say what fired; it does not change until the
	// transaction ends. Errors: alert.ErrNoSuchIncident.
	Incident(ctx context.Context, id alert.IncidentID) (alert.Incident, []alert.Entry, error)
	// AddEntry adds a line to the timeline of an incident.
	AddEntry(ctx context.Context, id alert.IncidentID, e alert.Entry) error
}

// DeliveriesQuery asks for deliveries. Zero parts let all through.
type DeliveriesQuery struct {
	Incident *uuid.UUID
	Channel  *ChannelID
	State    DeliveryState
	Before   *DeliveryID
	Limit    int
}
