package notify

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/analytics/alert"
	"github.com/observatory/observatory/tenants"
)

// The kinds of lines that this package adds to an incident's timeline.
const (
	EntryTold           alert.EntryKind = "told"            // a step was taken, or people are told that it is over
	EntryDeliveryFailed alert.EntryKind = "delivery_failed" // somebody could not be reached
)

// Escalator moves incidents from step to step. Any number of them may work at once, and any may die: a step is taken in one transaction
// together with its deliveries, which only the first of them can make.
type Escalator struct {
	store Store
	now   func() time.Time
}

// NewEscalator makes an Escalator.
func NewEscalator(store Store, now func() time.Time) *Escalator {
	return &Escalator{store: store, now: now}
}

// Run does what is due for all incidents. One tenant's trouble does not keep the others: errors come back when all is done.
func (e *Escalator) Run(ctx context.Context) error {
	const atOnce = 500
	due, err := e.store.Due(ctx, e.now().UTC(), atOnce)
	if err != nil {
		return fmt.Errorf("find the incidents that escalate: %w", err)
	}
	var errs []error
	for _, d := range due {
		if err := e.advance(ctx, d); err != nil {
			errs = append(errs, fmt.Errorf("escalate the incident %s: %w", d.Incident, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(errs...)
}

// advance takes the next step of an incident, if it is due and may be taken.
func (e *Escalator) advance(ctx context.Context, d Due) error {
	return e.store.Within(ctx, d.Tenant, func(tx Tx) error {
		if err := tx.LockEscalation(ctx, d.Incident); err != nil {
			return err
		}
		at, err := tx.Escalation(ctx, d.Incident)
		if err != nil || at != nil && at.Over {
			return err
		}
		incident, fired, err := tx.Incident(ctx, d.Incident)
		if err != nil {
			return err
		}
		now := e.now().UTC()
		switch Standing(incident, at, now) {
		case StateResolved:
			if at == nil {
				return nil // nobody was told that it began
			}
			return tellTheEnd(ctx, tx, incident, *at, now)
		case StateWaiting:
			return e.step(ctx, tx, incident, at, fired, now)
		default:
			return nil
		}
	})
}

func (e *Escalator) step(ctx context.Context, tx Tx, i alert.Incident, at *Progress, fired []alert.Entry, now time.Time) error {
	policy, err := tx.Policy(ctx, PolicyID(*i.Policy))
	if errors.Is(err, ErrNoSuchPolicy) {
		return nil
	} else if err != nil {
		return err
	}
	if at == nil {
		begun := policy.Plan.Begin(i.OpenedAt)
		at = &begun
	}
	if at.DueAt.After(now) {
		return tx.SetEscalation(ctx, i.ID, *at, now)
	}
	step, round, more := policy.Plan.Next(*at)
	if !more {
		return tx.SetEscalation(ctx, i.ID, Progress{Round: at.Round, Taken: at.Taken}, now)
	}
	notice := noticeOf(i, fired, Firing, now)
	notice.Step, notice.Round = step+1, round
	made, err := tell(ctx, tx, policy.Plan.Steps[step], notice)
	if err != nil {
		return err
	}
	next := policy.Plan.After(step, round, now)
	if len(made) == 0 && policy.Plan.goesOn(next.Taken) {
		next.DueAt = &now // nobody is there to be told
	}
	if err := tx.SetEscalation(ctx, i.ID, next, now); err != nil {
		return err
	}
	return tx.AddEntry(ctx, i.ID, told(fmt.Sprintf("Step %d", step+1), made, notice))
}

// tell makes a delivery for everybody whom a step names; somebody whom it names twice gets one.
func tell(ctx context.Context, tx Tx, step Step, n Notice) (made []Delivery, err error) {
	for _, target := range step.Targets {
		all, err := recipients(ctx, tx, target, n.At)
		if err != nil {
			return nil, err
		}
		for _, d := range all {
			added, err := tx.AddDelivery(ctx, d.with(n))
			if err != nil {
				return nil, err
			}
			if added {
				made = append(made, d)
			}
		}
	}
	return made, nil
}

// recipients are the deliveries that a target asks for, without what they say. A target that is gone asks for none.
func recipients(ctx context.Context, tx Tx, target Target, now time.Time) ([]Delivery, error) {
	switch target.Kind {
	case TargetChannel:
		channel, err := tx.Channel(ctx, ChannelID(target.ID))
		if errors.Is(err, ErrNoSuchChannel) {
			return nil, nil
		}
		return channel.deliveries(), err
	case TargetRotation:
		rotation, err := tx.Rotation(ctx, RotationID(target.ID))
		if errors.Is(err, ErrNoSuchRotation) {
			return nil, nil
		} else if err != nil {
			return nil, err
		}
		shift := rotation.Schedule.Shift(now)
		return []Delivery{{Member: &shift.Member, Rotation: &rotation.ID}}, nil
	case TargetMember:
		member := tenants.UserID(target.ID)
		return []Delivery{{Member: &member}}, nil
	}
	return nil, nil
}

// deliveries are those that a channel makes of one message.
func (c Channel) deliveries() []Delivery {
	if c.Kind != Email {
		return []Delivery{{Channel: &c.ID, ChannelName: c.Name}}
	}
	all := make([]Delivery, len(c.Members))
	for i := range c.Members {
		all[i] = Delivery{Channel: &c.ID, ChannelName: c.Name, Member: &c.Members[i]}
	}
	return all
}

// with is the delivery with what it says, due at once.
func (d Delivery) with(n Notice) Delivery {
	d.ID, d.Kind, d.State, d.Notice, d.MaxAttempts, d.CreatedAt, d.NextAt = DeliveryID(newID()), n.Kind, Waiting, n, maxAttempts, n.At, &n.At
	d.Step, d.Round = n.Step, n.Round
	if n.Incident != uuid.Nil {
		d.Incident = &n.Incident
	}
	return d
}

// tellTheEnd tells everybody who was told of an incident that it is over.
func tellTheEnd(ctx context.Context, tx Tx, i alert.Incident, at Progress, now time.Time) error {
	before, err := tx.Told(ctx, i.ID)
	if err != nil {
		return err
	}
	notice := noticeOf(i, nil, Resolved, now)
	var made []Delivery
	for _, t := range before {
		d := Delivery{Channel: t.Channel, ChannelName: t.ChannelName, Member: t.Member, Rotation: t.Rotation}
		added, err := tx.AddDelivery(ctx, d.with(notice))
		if err != nil {
			return err
		}
		if added {
			made = append(made, d)
		}
	}
	at.DueAt, at.Over = nil, true
	if err := tx.SetEscalation(ctx, i.ID, at, now); err != nil || len(made) == 0 {
		return err
	}
	return tx.AddEntry(ctx, i.ID, told("It is over", made, notice))
}

// noticeOf is what is said of an incident now; fired are the newest entries that say what is wrong.
func noticeOf(i alert.Incident, fired []alert.Entry, kind DeliveryKind, now time.Time) Notice {
	n := Notice{
		Kind: kind, Incident: uuid.UUID(i.ID), Title: i.Title, Severity: string(i.Severity), OpenedAt: i.OpenedAt, ResolvedAt: i.ResolvedAt,
		At: now.UTC().Truncate(time.Microsecond), CorrelationID: i.ID.String(),
	}
	for _, r := range i.Rules {
		n.Rules = append(n.Rules, NoticeRule{ID: uuid.UUID(r.Rule), Name: r.Name, Severity: string(r.Severity)})
	}
	if len(fired) > 0 {
		newest := fired[len(fired)-1]
		n.Reason, n.Details = newest.Text, newest.Details
	}
	return n
}

// told is the line of the timeline that says who is told. It names channels, and counts people.
func told(what string, made []Delivery, n Notice) alert.Entry {
	var names []string
	members := 0
	for _, d := range made {
		if d.Member != nil {
			members++
		} else {
			names = append(names, d.ChannelName)
		}
	}
	switch members {
	case 0:
	case 1:
		names = append(names, "a member by mail")
	default:
		names = append(names, fmt.Sprintf("%d members by mail", members))
	}
	text := what + ": telling " + strings.Join(names, ", ") + "."
	if len(names) == 0 {
		text = what + ": nobody is there to be told."
	}
	details := map[string]string{"kind": string(n.Kind), "deliveries": fmt.Sprint(len(made))}
	if n.Step > 0 {
		details["step"], details["round"] = fmt.Sprint(n.Step), fmt.Sprint(n.Round)
	}
	return entry(n.At, EntryTold, text, details)
}

func entry(at time.Time, kind alert.EntryKind, text string, details map[string]string) alert.Entry {
	return alert.Entry{ID: newID(), At: at, Kind: kind, Text: cut(text, alert.MaxEntryText), Details: details}
}
