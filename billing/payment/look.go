package payment

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/tenants"
)

// askAgain is how old what the provider has said may be before it is asked again, although nothing happened that we know of.
const askAgain = time.Hour

// Find makes a job for each tenant that there is something to do for.
func (s *Service) Find(ctx context.Context, r *jobs.Run) error {
	owing, err := s.d.Invoices.Owing(ctx)
	if err != nil {
		return fmt.Errorf("find who owes: %w", err)
	}
	turn, err := s.d.Book.Turn(ctx)
	if err != nil {
		return fmt.Errorf("find whose turn it is: %w", err)
	}
	seen := make(map[tenants.ID]bool)
	var all []jobs.Job
	for _, t := range append(owing, turn...) {
		if seen[t] {
			continue
		}
		seen[t] = true
		needed, err := s.needed(ctx, t)
		if err != nil {
			return fmt.Errorf("find out whether there is something to do for %s: %w", t, err)
		}
		if !needed {
			continue
		}
		j := lookJob(t)
		jobs.From(r)(&j)
		all = append(all, j)
	}
	if len(all) > 0 {
		if _, err := s.d.Jobs.Enqueue(ctx, all...); err != nil {
			return err
		}
	}
	_, err = s.d.Book.Sweep(ctx, s.time().Add(-keepEvents))
	return err
}

// needed says whether a look at a tenant would come to anything, as far as that can be seen from here.
func (s *Service) needed(ctx context.Context, tenant tenants.ID) (bool, error) {
	a, err := s.d.Book.Account(ctx, tenant)
	if err != nil {
		return false, err
	}
	unpaid, err := s.d.Invoices.Unpaid(ctx, tenant)
	if err != nil {
		return false, err
	}
	now := s.time()
	judged := s.judged(a, unpaid, now)
	if judged.Standing != a.Standing || judged.Reminded != a.Reminded || s.d.Effect != nil && a.Effective != a.Standing || pastDue(unpaid, now) {
		return true, nil
	}
	if s.d.Provider == nil {
		return false, nil
	}
	if a.Customer != "" {
		rung, err := s.d.Book.Rung(ctx, a.Customer)
		if err != nil || len(rung) > 0 {
			return true, err
		}
	}
	return s.stale(ctx, a)
}

// pastDue says whether one of some invoices is overdue and not marked so.
func pastDue(unpaid []billing.Invoice, now time.Time) bool {
	return slices.ContainsFunc(unpaid, func(v billing.Invoice) bool { return v.State == billing.Issued && !now.Before(v.DueAt) })
}

// Run is Look as a job.
func (s *Service) Run(ctx context.Context, _ *jobs.Run, p Params) error {
	return s.Look(ctx, tenants.ID(p.Tenant))
}

// Look compares what a tenant owes here with what the provider has, does what is missing on either side, and settles how the tenant stands. It
// can be called at any time, any number of times. While it is not known what the provider has, nobody comes to stand worse.
func (s *Service) Look(ctx context.Context, tenant tenants.ID) error {
	a, err := s.d.Book.Account(ctx, tenant)
	if err != nil {
		return err
	}
	var asking error
	if s.d.Provider != nil {
		asking = s.answer(ctx, a, func() error { return s.ask(ctx, tenant) })
	}
	if err := s.settle(ctx, tenant, !doubtful(asking)); err != nil {
		return err
	}
	return asking
}

// doubtful says whether an error leaves open what the provider has. One that it refuses for good does not: what it will never collect is owed all
// the same.
func doubtful(err error) bool {
	var several interface{ Unwrap() []error }
	if errors.As(err, &several) {
		return slices.ContainsFunc(several.Unwrap(), doubtful)
	}
	return err != nil && (!final(err) || errors.Is(err, ErrAmount))
}

// stale says whether the provider has to be asked: something is open that only it can answer, what it said is old, or the tenant would come to
// stand worse by what it said.
func (s *Service) stale(ctx context.Context, a Account) (bool, error) {
	if a.Customer == "" {
		unpaid, err := s.d.Invoices.Unpaid(ctx, a.Tenant)
		return oldestDue(unpaid) != nil, err // who owes something becomes a customer
	}
	if a.Error != "" || a.LookedAt == nil || s.time().Sub(*a.LookedAt) >= askAgain {
		return true, nil
	}
	open, err := s.d.Book.OpenCheckouts(ctx, a.Tenant)
	for _, c := range open {
		if s.time().Sub(c.MadeAt) < askAgain {
			return true, nil
		}
	}
	if err != nil {
		return false, err
	}
	unpaid, records, err := s.unpaid(ctx, a.Tenant)
	if err != nil {
		return false, err
	}
	for _, v := range unpaid {
		if r, ok := records[v.ID]; v.Total > 0 && (!ok || r.Document.State == DocumentDraft) {
			return true, nil
		}
		delete(records, v.ID)
	}
	for _, r := range records {
		if r.Document.State == DocumentDraft || r.Document.State == DocumentOpen {
			return true, nil // settled here
		}
	}
	judged := s.judged(a, unpaid, s.time())
	return judged.Standing.worseThan(a.Standing) || judged.Reminded > a.Reminded, nil
}

// ask brings provider and books in step.
func (s *Service) ask(ctx context.Context, tenant tenants.ID) error {
	a, err := s.provided(ctx, tenant)
	if err != nil || a.Customer == "" {
		return err
	}
	now := s.time()
	err = s.inStep(ctx, &a)
	a.Error = ""
	if err != nil {
		a.Error = err.Error()
	}
	a.LookedAt = &now
	return errors.Join(err, s.d.Book.SaveProvider(ctx, a))
}

// provided is the account of a tenant that is, or has to become, a customer of the provider: one that owes something.
func (s *Service) provided(ctx context.Context, tenant tenants.ID) (Account, error) {
	a, err := s.d.Book.Account(ctx, tenant)
	if err != nil || a.Customer != "" {
		return a, err
	}
	unpaid, err := s.d.Invoices.Unpaid(ctx, tenant)
	if err != nil || oldestDue(unpaid) == nil {
		return a, err
	}
	return s.customer(ctx, tenant)
}

// inStep goes through what the provider may know better, and what it does not know yet.
func (s *Service) inStep(ctx context.Context, a *Account) error {
	done, err := s.checkouts(ctx, a.Tenant)
	if err != nil {
		return err
	}
	if a.Way, err = s.d.Provider.Way(ctx, a.Customer); err != nil {
		return fmt.Errorf("ask how %s pays: %w", a.Tenant, err)
	}
	if err := s.d.Book.SaveProvider(ctx, *a); err != nil { // a change of plan asks whether there is a way of paying
		return err
	}
	if err := s.choose(ctx, a.Tenant, done); err != nil {
		return err
	}
	return errors.Join(s.mirror(ctx, a), s.documents(ctx, *a))
}

// checkouts asks what became of those that are open, and returns those that are done.
func (s *Service) checkouts(ctx context.Context, tenant tenants.ID) (done []Checkout, err error) {
	open, err := s.d.Book.OpenCheckouts(ctx, tenant)
	if err != nil {
		return nil, err
	}
	for _, c := range open {
		state, err := s.d.Provider.CheckedOut(ctx, c.ID)
		switch {
		case errors.Is(err, ErrProviderUnknown):
			state = CheckoutExpired
		case err != nil:
			return nil, fmt.Errorf("ask about the checkout %s: %w", c.ID, err)
		}
		switch state {
		case CheckoutDone:
			done = append(done, c)
		case CheckoutExpired:
			if err := s.d.Book.EndCheckout(ctx, tenant, c.ID, state, s.time(), ""); err != nil {
				return nil, err
			}
		case CheckoutOpen, CheckoutFailed:
		}
	}
	return done, nil
}

// choose changes to the plans that were chosen with checkouts. One that can not be had any more by then is written down as it is, and the way
// of paying stays.
func (s *Service) choose(ctx context.Context, tenant tenants.ID, done []Checkout) error {
	for _, c := range done {
		state, why := CheckoutDone, ""
		if c.Choice.Plan != "" {
			if err := s.d.Plans.Choose(ctx, tenant, c.Choice, c.By); err != nil {
				if !final(err) {
					return fmt.Errorf("change the plan: %w", err)
				}
				s.d.Logger.ErrorContext(ctx, "a plan that was chosen at a checkout can not be had", "tenant", tenant, "plan", c.Choice.Plan, "error", err)
				state, why = CheckoutFailed, err.Error()
			}
		}
		if err := s.d.Book.EndCheckout(ctx, tenant, c.ID, state, s.time(), why); err != nil {
			return err
		}
	}
	return nil
}

// mirror has the provider know the plan.
func (s *Service) mirror(ctx context.Context, a *Account) error {
	_, gone, err := s.d.Organisations.Customer(ctx, a.Tenant)
	if err != nil {
		return err
	}
	if gone {
		if a.Subscription == "" {
			return nil
		}
		if err := s.d.Provider.Unsubscribe(ctx, a.Subscription); err != nil {
			return fmt.Errorf("end the subscription of %s: %w", a.Tenant, err)
		}
		a.Subscription, a.Subscribed = "", ""
		return nil
	}
	terms, p, err := s.d.Plans.Now(ctx, a.Tenant)
	if err != nil || a.Subscription != "" && a.Subscribed == subscribed(terms) {
		return err
	}
	id, err := s.d.Provider.Subscribe(ctx, Subscription{
		Customer: a.Customer, Known: a.Subscription, Plan: terms.Plan, Title: p.Title, Interval: terms.Interval, Currency: terms.Currency,
	})
	if err != nil {
		return fmt.Errorf("have the provider know the plan of %s: %w", a.Tenant, err)
	}
	a.Subscription, a.Subscribed = id, subscribed(terms)
	return nil
}

// documents has every unpaid invoice collected, and takes over what became of those that are open there.
func (s *Service) documents(ctx context.Context, a Account) error {
	unpaid, records, err := s.unpaid(ctx, a.Tenant)
	if err != nil {
		return err
	}
	var problems []error
	for _, v := range unpaid {
		r, known := records[v.ID]
		delete(records, v.ID)
		if v.Total <= 0 {
			continue
		}
		if !known {
			r = Record{Invoice: v.ID, BegunAt: s.time(), Document: Document{State: DocumentDraft}}
		}
		problems = append(problems, s.collect(ctx, a, v, r))
	}
	for _, r := range records { // open there, and settled here
		if r.Document.State == DocumentDraft || r.Document.State == DocumentOpen {
			problems = append(problems, s.settled(ctx, a.Tenant, r))
		}
	}
	return errors.Join(problems...)
}

// collect has an invoice collected, or looks how far that is.
func (s *Service) collect(ctx context.Context, a Account, v billing.Invoice, r Record) error {
	if err := s.d.Book.SaveRecord(ctx, a.Tenant, r); err != nil { // before the provider is told
		return err
	}
	var (
		d   Document
		err error
	)
	charge := r.Document.State == DocumentOpen && r.Document.Declined == "" && a.Way.Kind != "" // it was sent, and now there is a card
	if r.Document.State == DocumentDraft || charge {
		d, err = s.d.Provider.Collect(ctx, CollectInput{Customer: a.Customer, Known: r.Document.ID, Way: a.Way, Invoice: v})
	} else {
		d, err = s.d.Provider.Document(ctx, r.Document.ID)
	}
	now := s.time()
	r.LookedAt, r.Error = &now, ""
	if d.ID != "" {
		r.Document = d
	}
	if err == nil {
		err = d.check(v)
	}
	if err != nil {
		r.Error = err.Error()
		if errors.Is(err, ErrAmount) {
			s.d.Logger.ErrorContext(ctx, "the payment provider has another amount than the invoice", "tenant", a.Tenant, "invoice", v.Number, "error", err)
		}
		return errors.Join(fmt.Errorf("collect invoice %s: %w", v.Number, err), s.d.Book.SaveRecord(ctx, a.Tenant, r))
	}
	if err := s.takeOver(ctx, a.Tenant, v.ID, d); err != nil { // before the record is closed: what was paid is not forgotten
		return err
	}
	return s.d.Book.SaveRecord(ctx, a.Tenant, r)
}

// check returns ErrAmount for a document that was sent out, and is about another sum than the invoice: somebody has changed it at the provider.
func (d Document) check(v billing.Invoice) error {
	out := d.State == DocumentOpen || d.State == DocumentPaid
	if out && (d.Amount != v.Total || d.Currency != v.Currency) {
		return ErrAmount.Because(fmt.Errorf("%s instead of %s", d.Amount.Format(d.Currency), v.Total.Format(v.Currency)))
	}
	return nil
}

// takeOver notes here what became of an invoice there.
func (s *Service) takeOver(ctx context.Context, tenant tenants.ID, id uuid.UUID, d Document) error {
	var err error
	switch d.State {
	case DocumentPaid:
		at := d.PaidAt
		if at.IsZero() {
			at = s.time()
		}
		err = s.d.Invoices.SetState(ctx, tenant, id, billing.Paid, at, s.d.Provider.Name())
	case DocumentUncollectible:
		err = s.d.Invoices.SetState(ctx, tenant, id, billing.Uncollectible, s.time(), s.d.Provider.Name())
	case DocumentVoid, DocumentDraft, DocumentOpen: // what is void there is still owed here
	}
	if final(err) {
		s.d.Logger.ErrorContext(ctx, "what became of an invoice at the payment provider does not fit its state here", "tenant", tenant, "invoice", id, "there", d.State, "error", err)
		return nil
	}
	return err
}

// settled tells the provider of an invoice that was settled here, by an operator.
func (s *Service) settled(ctx context.Context, tenant tenants.ID, r Record) error {
	v, err := s.d.Invoices.Find(ctx, tenant, r.Invoice)
	if err != nil {
		return err
	}
	if r.Document.ID == "" {
		r.Document.State = DocumentVoid // it was never told of it
		return s.d.Book.SaveRecord(ctx, tenant, r)
	}
	if v.State == billing.Issued || v.State == billing.PastDue {
		return nil // it was unsettled in between
	}
	d, err := s.d.Provider.Settle(ctx, r.Document.ID, v.State)
	if err != nil && !errors.Is(err, ErrProviderUnknown) {
		return fmt.Errorf("have the provider know that invoice %s is %s: %w", v.Number, v.State, err)
	}
	if d.ID == "" || d.State == DocumentDraft { // a draft that will never be sent
		d = Document{ID: r.Document.ID, State: DocumentVoid}
	}
	now := s.time()
	r.Document, r.LookedAt, r.Error = d, &now, ""
	return s.d.Book.SaveRecord(ctx, tenant, r)
}
