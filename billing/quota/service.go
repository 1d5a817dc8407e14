package quota

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// ErrNoRoom is returned where nothing can be released.
var ErrNoRoom = fault.New(fault.Conflict, "quota_no_room", "There is no room for what is held. It is released when the plan allows more, or the invoice is paid.")

// Deps are what a Service works with.
type Deps struct {
	Book     Book
	Plans    Plans
	Held     HeldEvents
	Releases Releases
	Forecast Forecaster
	Now      func() time.Time
	Logger   *slog.Logger
}

// Service keeps quotas as plans have them, and looks after what is held.
type Service struct{ deps Deps }

// New makes a Service.
func New(d Deps) *Service { return &Service{deps: d} }

// Now is the time as the service has it.
func (s *Service) Now() time.Time { return s.time() }

func (s *Service) time() time.Time { return s.deps.Now().UTC().Truncate(time.Microsecond) }

// View is how a tenant stands this month.
func (s *Service) View(ctx context.Context, tenant tenants.ID) (View, error) {
	now := s.time()
	v := View{Month: billing.PeriodOf(now), Expected: -1}
	var err error
	if v.Quota, err = s.Follow(ctx, tenant); err != nil {
		return v, err
	}
	if v.Used, err = s.deps.Book.Used(ctx, tenant, v.Month); err != nil {
		return v, fmt.Errorf("read the counts: %w", err)
	}
	if v.Warnings, err = s.deps.Book.Warnings(ctx, tenant, v.Month); err != nil {
		return v, fmt.Errorf("read the warnings: %w", err)
	}
	if v.Held, err = s.deps.Held.HeldFor(ctx, tenant); err != nil {
		return v, fmt.Errorf("count held events: %w", err)
	}
	bound := int64(-1)
	if v.Limit != nil {
		bound = v.Events(v.Month)
	}
	expected, reached, known, err := s.deps.Forecast.Ahead(ctx, tenant, v.Month, v.Used, bound)
	if err != nil {
		return v, fmt.Errorf("look ahead: %w", err)
	}
	if known {
		v.Expected, v.Reached = expected, reached
	}
	for _, w := range v.Warnings {
		if w.Notice == Reached && v.Used >= bound {
			v.Reached = w.At
		}
	}
	return v, nil
}

// Follow has a tenant's quota be as its plan is now. It is called when a plan has changed, and now and then for all.
func (s *Service) Follow(ctx context.Context, tenant tenants.ID) (Quota, error) {
	now := s.time()
	limit, err := s.deps.Plans.Limit(ctx, tenant, now)
	if err != nil {
		return Quota{}, fmt.Errorf("find the limit of the plan: %w", err)
	}
	q, err := s.deps.Book.Find(ctx, tenant)
	if err != nil || equal(q.Limit, limit) {
		return q, err
	}
	return s.deps.Book.Change(ctx, tenant, now, func(q Quota) (Quota, *tenants.AuditEntry) {
		before := q
		q.Limit = limit
		return q.raisedFrom(before, now), nil
	})
}

func equal(a, b *Limit) bool { return (a == nil) == (b == nil) && (a == nil || *a == *b) }

// raisedFrom marks a quota that lets more events be stored than before: what is held is due to be released.
func (q Quota) raisedFrom(before Quota, now time.Time) Quota {
	month := billing.PeriodOf(now)
	was, bounded := before.Room(month)
	is, stillBounded := q.Room(month)
	if q.Standing == Open && (before.Standing != Open || bounded && (!stillBounded || is > was)) {
		q.RaisedAt, q.Release = now, nil
	}
	return q
}

// SetStanding says what the payment of its invoices lets a tenant do. Saying it again changes nothing; once a tenant is open again, what was held
// is released.
func (s *Service) SetStanding(ctx context.Context, tenant tenants.ID, standing Standing) error {
	now := s.time()
	_, err := s.deps.Book.Change(ctx, tenant, now, func(q Quota) (Quota, *tenants.AuditEntry) {
		before := q
		q.Standing = standing
		return q.raisedFrom(before, now), &tenants.AuditEntry{
			At: now, Actor: tenants.Actor{Kind: tenants.ActorSystem, Label: "payment"}, Action: "quota.standing_changed", Target: "tenant:" + tenant.String(),
			Details: tenants.Details{"before": string(before.Standing), "standing": string(standing)},
		}
	})
	return err
}

// Grant lets a tenant store more events this month than its plan does; it is for operators. What is held is released as far as they reach.
func (s *Service) Grant(ctx context.Context, by tenants.By, events int64) (Quota, error) {
	if events <= 0 {
		return Quota{}, fault.New(fault.Invalid, "quota_grant_invalid", "Grant at least one event.")
	}
	now, tenant := s.time(), by.Principal.Tenant
	return s.deps.Book.Change(ctx, tenant, now, func(q Quota) (Quota, *tenants.AuditEntry) {
		before, month := q, billing.PeriodOf(now)
		if q.ExtraIn != month {
			q.Extra, q.ExtraIn = 0, month
		}
		q.Extra += events
		return q.raisedFrom(before, now), &tenants.AuditEntry{
			At: now, Actor: by.Principal.Actor, Action: "quota.granted", Target: "tenant:" + tenant.String(), CorrelationID: by.CorrelationID,
			Details: tenants.Details{"events": strconv.FormatInt(events, 10), "month": month.String()},
		}
	})
}

// Release has what is held released now, as far as there is room. It begins within seconds. Where nothing is held it changes nothing. Errors: ErrNoRoom, those of
// tenants.Principal.Require.
func (s *Service) Release(ctx context.Context, by tenants.By) (Quota, error) {
	if err := by.Principal.Require(tenants.ManageBilling); err != nil {
		return Quota{}, err
	}
	now, tenant := s.time(), by.Principal.Tenant
	q, err := s.Follow(ctx, tenant)
	if err != nil {
		return q, err
	}
	held, err := s.deps.Held.HeldFor(ctx, tenant)
	if err != nil {
		return q, fmt.Errorf("count held events: %w", err)
	}
	if len(held) == 0 {
		return q, nil
	}
	used, err := s.deps.Book.Used(ctx, tenant, billing.PeriodOf(now))
	if err != nil {
		return q, fmt.Errorf("read the counts: %w", err)
	}
	if !q.roomFor(used, now) {
		return q, ErrNoRoom
	}
	return s.deps.Book.Change(ctx, tenant, now, func(q Quota) (Quota, *tenants.AuditEntry) {
		if q.RaisedAt.IsZero() {
			q.RaisedAt, q.Release = now, nil
		}
		return q, &tenants.AuditEntry{
			At: now, Actor: by.Principal.Actor, Action: "quota.release_asked", Target: "tenant:" + tenant.String(), CorrelationID: by.CorrelationID,
		}
	})
}

// roomFor tells whether anything that is held may be stored now.
func (q Quota) roomFor(used int64, now time.Time) bool {
	room, bounded := q.Room(billing.PeriodOf(now))
	return q.Standing == Open && (!bounded || used < room)
}

// each calls do for all tenants, those with trouble included, and returns what went wrong.
func (s *Service) each(ctx context.Context, do func(Standings) error) error {
	all, err := s.deps.Book.Quotas(ctx, billing.PeriodOf(s.time()))
	if err != nil {
		return fmt.Errorf("list quotas: %w", err)
	}
	var trouble []error
	for _, one := range all {
		if err := do(one); err != nil {
			trouble = append(trouble, fmt.Errorf("tenant %s: %w", one.Tenant, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(trouble...)
}
