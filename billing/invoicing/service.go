package invoicing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/tenants"
)

// Deps are what a Service works with.
type Deps struct {
	Books    Books
	Usage    Usage
	Rates    Rates
	Receipts Receipts
	Store    Store
	Jobs     jobs.Enqueuer
	Due      time.Duration // that an invoice may be paid in; 0 means 14 days
	Now      func() time.Time
	Logger   *slog.Logger
}

// settling is how long after its end a month is closed at the earliest: what comes late comes mostly in these hours.
const settling = 6 * time.Hour

// Service makes invoices and takes them apart.
type Service struct{ d Deps }

// New makes a Service. It panics when a dependency is missing, which is a mistake in the wiring.
func New(d Deps) *Service {
	const twoWeeks = 14 * 24 * time.Hour
	if d.Books == nil || d.Usage == nil || d.Rates == nil || d.Receipts == nil || d.Store == nil || d.Jobs == nil || d.Now == nil || d.Logger == nil {
		panic("invoicing: Deps is incomplete")
	}
	if d.Due == 0 {
		d.Due = twoWeeks
	}
	return &Service{d}
}

func (s *Service) now() time.Time { return s.d.Now().UTC().Truncate(time.Microsecond) }

// Draft is what the invoice of the running month would say if the month ended now, without ID and number: usage so far, fees of the whole month.
func (s *Service) Draft(ctx context.Context, tenant tenants.ID) (billing.Invoice, error) {
	now := s.now()
	month := billing.PeriodOf(now)
	state, err := s.d.Books.Read(ctx, tenant)
	if err != nil {
		return billing.Invoice{}, err
	}
	draft := billing.Invoice{Tenant: tenant, TenantName: state.Name, Kind: billing.InvoiceKind, Period: month, State: billing.Issued}
	if state.closed(month) {
		return draft, nil // the tenant is leaving, and has its last invoice
	}
	c, own, err := s.reckon(ctx, state, month, time.Time{}, now)
	if err != nil {
		return billing.Invoice{}, err
	}
	draft.Currency = own.Currency
	for _, d := range c.Documents {
		if d.Kind == billing.InvoiceKind && d.Currency == own.Currency {
			draft.Lines, draft.Total = d.Lines, d.Total
			return draft, nil
		}
	}
	draft.Lines = own.Lines // of a free plan: what was used is shown all the same
	for i := range draft.Lines {
		draft.Lines[i].For = month
	}
	draft.Lines = c.add(draft).Lines
	return draft, nil
}

// reckon makes the closing of a month, and what the month itself comes to.
func (s *Service) reckon(ctx context.Context, state State, month billing.Period, until, now time.Time) (Closing, Bill, error) {
	own, err := s.rate(ctx, state.Tenant, month, until)
	if err != nil {
		return Closing{}, Bill{}, err
	}
	before := make([]rated, 0, len(state.Closed))
	for _, c := range state.Closed {
		m, err := s.rate(ctx, state.Tenant, c.Period, time.Time{})
		if err != nil {
			return Closing{}, Bill{}, err
		}
		before = append(before, m)
	}
	var failed error
	r := reckoning{state: state, now: now, due: s.d.Due, why: func(month billing.Period, l billing.Line) string {
		text, err := s.why(ctx, state, l)
		failed = errors.Join(failed, err)
		return text
	}}
	c := r.close(own, before)
	if !until.IsZero() {
		c.Month.Until = until
	}
	return c, own.bill, failed
}

func (s *Service) rate(ctx context.Context, tenant tenants.ID, month billing.Period, until time.Time) (rated, error) {
	use, err := s.d.Usage.Use(ctx, tenant, month)
	if err != nil {
		return rated{}, fmt.Errorf("read what was used in %s: %w", month, err)
	}
	bill, err := s.d.Rates.Rate(ctx, tenant, month, until, use)
	if err != nil {
		return rated{}, fmt.Errorf("rate %s: %w", month, err)
	}
	return rated{month: month, bill: bill}, nil
}

// why says in words what was booked of the hours of a line since the books were closed last, as in "late: 1,200, replay: -3; booked 2026-11-03".
func (s *Service) why(ctx context.Context, state State, l billing.Line) (string, error) {
	since := state.Closed[len(state.Closed)-1].Read
	entries, err := s.d.Usage.Revisions(ctx, state.Tenant, l.Meter, l.From, l.To)
	if err != nil {
		return "", fmt.Errorf("read why %s is otherwise: %w", l.For, err)
	}
	var order []billing.Reason
	sums := map[billing.Reason]int64{}
	var first, last time.Time
	for _, e := range entries {
		if !e.At.After(since) || e.Delta == 0 {
			continue
		}
		if _, known := sums[e.Reason]; !known {
			order = append(order, e.Reason)
		}
		sums[e.Reason] += e.Delta
		if first.IsZero() || e.At.Before(first) {
			first = e.At
		}
		if e.At.After(last) {
			last = e.At
		}
	}
	if len(order) == 0 {
		return "", nil
	}
	slices.Sort(order)
	parts := make([]string, len(order))
	for i, reason := range order {
		parts[i] = fmt.Sprintf("%s: %s", reason, strconv.FormatInt(sums[reason], 10))
	}
	text := strings.Join(parts, ", ") + "; booked " + first.UTC().Format(time.DateOnly)
	if to := last.UTC().Format(time.DateOnly); to != first.UTC().Format(time.DateOnly) {
		text += " to " + to
	}
	return text, nil
}

func (s State) closed(month billing.Period) bool {
	return slices.ContainsFunc(s.Closed, func(c Closed) bool { return c.Period == month })
}

// next is the month that is to be closed next.
func (s State) next() billing.Period {
	if n := len(s.Closed); n > 0 {
		return s.Closed[n-1].Period.Next()
	}
	return billing.PeriodOf(s.Created)
}

// Invoice reads an invoice or credit note with its lines, and the credit notes about it without theirs. ErrNotFound.
func (s *Service) Invoice(ctx context.Context, tenant tenants.ID, id uuid.UUID) (billing.Invoice, []billing.Invoice, error) {
	return s.d.Books.Invoice(ctx, tenant, id)
}

// List reads a page of invoices and credit notes without their lines, newest first, that were issued before the one with the ID; zero: from the newest.
func (s *Service) List(ctx context.Context, tenant tenants.ID, before uuid.UUID, limit int) ([]billing.Invoice, error) {
	return s.d.Books.List(ctx, tenant, before, limit)
}

// Unpaid lists the invoices of all tenants that are not paid and not void, without their lines, by when they are due.
func (s *Service) Unpaid(ctx context.Context) ([]billing.Invoice, error) {
	return s.d.Books.Unpaid(ctx)
}

// Mark gives an invoice a state: the operator says that it was paid, say, or the payment provider does. It does nothing where the invoice has the state
// already. ErrNotFound; ErrState.
func (s *Service) Mark(ctx context.Context, tenant tenants.ID, id uuid.UUID, state billing.InvoiceState, by tenants.Actor, correlation string) (billing.Invoice, error) {
	now := s.now()
	return s.d.Books.Mark(ctx, tenant, id, state, now, tenants.AuditEntry{
		At: now, Actor: by, Action: "invoice." + string(state), Target: "invoice:" + id.String(), CorrelationID: correlation,
	})
}

// Grant credits an amount to a tenant, for the next invoices. ErrCredit.
func (s *Service) Grant(ctx context.Context, tenant tenants.ID, currency billing.Currency, amount billing.Amount, note string, by tenants.Actor, correlation string) (Credit, error) {
	note = strings.TrimSpace(note)
	known, err := billing.ParseCurrency(string(currency))
	if err != nil || amount <= 0 || amount > maxGrant || note == "" || len(note) > maxNote {
		return Credit{}, ErrCredit
	}
	c := Credit{ID: uuid.Must(uuid.NewV7()), Tenant: tenant, At: s.now(), Currency: known, Amount: amount, Kind: Granted, Note: note, By: by.Label}
	return c, s.d.Books.Grant(ctx, c, tenants.AuditEntry{
		At: c.At, Actor: by, Action: "billing.credit_granted", Target: "credit:" + c.ID.String(), CorrelationID: correlation,
		Details: tenants.Details{"amount": amount.Format(known), "note": note},
	})
}

// Credits lists what was credited and used, newest first.
func (s *Service) Credits(ctx context.Context, tenant tenants.ID, limit int) ([]Credit, error) {
	return s.d.Books.Credits(ctx, tenant, limit)
}

// Balance is what stands to a tenant's credit, by currency.
func (s *Service) Balance(ctx context.Context, tenant tenants.ID) (Balance, error) {
	return s.d.Books.Balance(ctx, tenant)
}
