package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"sync"
	"time"

	"github.com/observatory/observatory/internal/seal"
)

// Courier sends messages that are due. Any number of them may work at once, and any may die: what one had in hand is sent again
// by another, under the same ID.
type Courier struct {
	store  Store
	sender sender
	log    *slog.Logger
	now    func() time.Time
	chance func() float64
}

// CourierDeps are what a Courier needs.
type CourierDeps struct {
	Store     Store
	Mailer    Mailer
	HTTP      Poster
	Seal      seal.Sealer // of channels; see NewSealer
	PublicURL *url.URL
	Log       *slog.Logger
	Now       func() time.Time
}

// NewSealer makes the sealer of channels from the secret key of the installation.
func NewSealer(secretKey []byte) (seal.Sealer, error) {
	return seal.New(secretKey, "notification channels")
}

// NewCourier makes a Courier.
func NewCourier(d CourierDeps) *Courier {
	return &Courier{
		store: d.Store, log: d.Log, now: d.Now, chance: rand.Float64,
		sender: sender{mailer: d.Mailer, http: d.HTTP, seal: d.Seal, publicURL: d.PublicURL, now: d.Now},
	}
}

const (
	lease       = time.Minute // longer than an attempt takes
	perTenant   = 4           // deliveries of a tenant at a time
	atOnce      = 16          // deliveries at a time
	roundsUntil = 20 * time.Second
	kept        = 90 * 24 * time.Hour
)

// Run sends what is due, round after round for at most about half a minute. Errors are those of the store; what happens to single messages
// is written down.
func (c *Courier) Run(ctx context.Context) error {
	began := c.now()
	for {
		now := c.now().UTC()
		claimed, err := c.store.Claim(ctx, now, now.Add(lease), perTenant, atOnce)
		if err != nil {
			return fmt.Errorf("claim messages: %w", err)
		}
		errs := make([]error, len(claimed))
		var all sync.WaitGroup
		for i := range claimed {
			all.Go(func() { errs[i] = c.deliver(ctx, claimed[i]) })
		}
		all.Wait()
		if err := errors.Join(errs...); err != nil {
			return err
		}
		if len(claimed) == 0 || ctx.Err() != nil || c.now().Sub(began) > roundsUntil {
			return ctx.Err()
		}
	}
}

// Sweep deletes deliveries that are too old to be looked at.
func (c *Courier) Sweep(ctx context.Context) error {
	_, err := c.store.Sweep(ctx, c.now().UTC().Add(-kept))
	return err
}

// deliver makes one attempt. Its outcome is written down even when the process is told to stop: what went out must not go out again.
func (c *Courier) deliver(ctx context.Context, d Claimed) error {
	r := result{outcome: OutcomeUnknown, err: "The worker went away during the last attempt.", final: true}
	if d.Attempt <= d.MaxAttempts {
		to, err := destination(ctx, c.store, d)
		if err != nil {
			return fmt.Errorf("find the recipient of the message %s: %w", d.ID, err)
		}
		r = c.sender.send(ctx, d.Delivery, to)
	}
	if err := settle(context.WithoutCancel(ctx), c.store, d, r, c.now().UTC(), c.chance()); err != nil {
		return fmt.Errorf("settle the message %s: %w", d.ID, err)
	}
	if r.outcome != OutcomeDelivered {
		c.log.WarnContext(ctx, "a message about an incident could not be delivered", "delivery", d.ID, "tenant", d.Tenant, "attempt", d.Attempt, "of", d.MaxAttempts, "reason", r.err)
	}
	return nil
}

func destination(ctx context.Context, store Store, d Claimed) (to Destination, err error) {
	err = store.Within(ctx, d.Tenant, func(tx Tx) error {
		to, err = tx.Destination(ctx, d.Delivery)
		return err
	})
	return to, err
}

// settle writes down how an attempt went. With the last one that fails, the next step of the incident is due at once.
func settle(ctx context.Context, store Store, d Claimed, r result, now time.Time, chance float64) error {
	attempt := Attempt{Number: d.Attempt, Outcome: r.outcome, Status: r.status, Answer: r.answer, Error: r.err}
	if r.outcome != OutcomeUnknown {
		attempt.Elapsed = &r.elapsed
	}
	state, next := Sent, (*time.Time)(nil)
	switch {
	case r.outcome == OutcomeDelivered:
	case r.final || d.Attempt >= d.MaxAttempts:
		state = Failed
	default:
		again := now.Add(pause(d.Attempt, chance, r.asked))
		state, next = Waiting, &again
	}
	return store.Within(ctx, d.Tenant, func(tx Tx) error {
		settled, err := tx.Settle(ctx, d.ID, attempt, state, next, now)
		if err != nil || !settled || state != Failed || d.Incident == nil {
			return err
		}
		return failed(ctx, tx, d, r, now)
	})
}

// hasten makes the next step of the round due, if there is one.
func hasten(ctx context.Context, tx Tx, d Claimed, now time.Time) (bool, error) {
	incident, _, err := tx.Incident(ctx, incidentOf(d))
	if err != nil || incident.Policy == nil {
		return false, err
	}
	policy, err := tx.Policy(ctx, PolicyID(*incident.Policy))
	if errors.Is(err, ErrNoSuchPolicy) {
		return false, nil
	} else if err != nil || !policy.Plan.goesOn(d.Step) {
		return false, err
	}
	return tx.Hasten(ctx, incidentOf(d), d.Step, d.Round, now)
}

// failed says on the timeline that somebody could not be reached, and goes on to the next step.
func failed(ctx context.Context, tx Tx, d Claimed, r result, now time.Time) error {
	who := "A member"
	if d.Member == nil {
		found, err := tx.Delivery(ctx, d.ID)
		if err != nil {
			return err
		}
		who = found.ChannelName
	}
	tried := "one attempt"
	if n := min(d.Attempt, d.MaxAttempts); n > 1 {
		tried = fmt.Sprintf("%d attempts", n)
	}
	text := fmt.Sprintf("%s could not be reached in %s. %s", who, tried, r.err)
	if d.Kind == Firing {
		hastened, err := hasten(ctx, tx, d, now)
		if err != nil {
			return err
		}
		if hastened {
			text += " The next step is taken at once."
		}
	}
	return tx.AddEntry(ctx, incidentOf(d), entry(now, EntryDeliveryFailed, text, map[string]string{"delivery_id": d.ID.String()}))
}
