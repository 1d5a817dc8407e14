package notify

import (
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/tenants"
)

// Delivery is a message to one recipient.
type Delivery struct {
	ID          DeliveryID
	Kind        DeliveryKind
	Incident    *uuid.UUID // nil for a test
	Channel     *ChannelID // nil for a mail to a member without a channel
	ChannelName string
	Member      *tenants.UserID // whom a mail goes to
	Rotation    *RotationID     // by which the member was on call
	Step        int             // from 1 on; 0 for tests and for Resolved
	Round       int
	State       DeliveryState
	Notice      Notice
	MaxAttempts int
	CreatedAt   time.Time
	EndedAt     *time.Time
	NextAt      *time.Time // of the next attempt, while it is Waiting
	Attempts    []Attempt  // oldest first
}

// DeliveryKind is what a message is about.
type DeliveryKind string

// The kinds of messages.
const (
	Firing   DeliveryKind = "firing"
	Resolved DeliveryKind = "resolved"
	Test     DeliveryKind = "test"
)

// DeliveryState is what became of a message.
type DeliveryState string

// The states of a delivery.
const (
	Waiting   DeliveryState = "waiting"
	Sent      DeliveryState = "sent"
	Failed    DeliveryState = "failed"
	Cancelled DeliveryState = "cancelled" // it had become pointless
)

// Attempt is one try to deliver.
type Attempt struct {
	Number  int // from 1 on
	At      time.Time
	Outcome Outcome
	Elapsed *time.Duration // nil: unknown
	Status  *int           // HTTP status of the answer
	Answer  string         // its first 200 bytes
	Error   string         // why it failed
}

// Outcome is how an attempt ended.
type Outcome string

// The outcomes. An attempt stays OutcomeUnknown when its process dies.
const (
	OutcomeDelivered Outcome = "delivered"
	OutcomeFailed    Outcome = "failed"
	OutcomeUnknown   Outcome = "unknown"
)

// Recipient is what makes a delivery the only one of its incident, kind, round and step.
func (d Delivery) Recipient() string {
	if d.Member != nil {
		return "member:" + d.Member.String()
	}
	return "channel:" + d.Channel.String()
}

const (
	// maxAttempts with the pauses between them take about two and a half minutes: then the next step is due, which is worth more
	// than another try.
	maxAttempts  = 6
	backoffFirst = 5 * time.Second
	backoffMost  = 5 * time.Minute // however long an answer asks us to wait
)

// pause is how long to wait after that many attempts: 5, 10, 20, 40, 80 s, each by chance, a number from 0 up to 1, half to
// one and a half times as long, so that what failed together does not come back together. An answer may ask for more.
func pause(attempts int, chance float64, asked time.Duration) time.Duration {
	p := time.Duration(float64(backoffFirst<<min(attempts-1, 10)) * (0.5 + chance))
	return min(max(p, asked), backoffMost)
}
