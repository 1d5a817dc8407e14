package privacy

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/tenants"
)

// Requests keep requests, the people that they are about (sealed), and their history.
type Requests interface {
	// Add stores a new request, its subjects and its audit entry, and makes its job. Where the same was asked for before (see Once), it answers
	// that request instead. Nobody is freed while an erasure or restriction of them is open. Errors: ErrIdempotencyUsed, ErrRequestsOpen,
	// ErrSubjectBusy.
	Add(ctx context.Context, r Request, people []Person, once Once, entry tenants.AuditEntry) (Request, error)
	// Get finds one, with its steps. Errors: ErrNoSuchRequest.
	Get(ctx context.Context, tenant tenants.ID, id ID) (Request, error)
	// List lists them without steps, newest first, from behind before on; nil for the newest.
	List(ctx context.Context, tenant tenants.ID, f Filter, before *ID, limit int) ([]Request, error)
	// Open lists those that are not over, the nearest deadline first.
	Open(ctx context.Context, tenant tenants.ID, limit int) ([]Request, error)
	// People are those whom a request is about, from a number on; none once it is over.
	People(ctx context.Context, tenant tenants.ID, id ID, from, limit int) ([]Person, error)
	// Moments are the history of a request, oldest first.
	Moments(ctx context.Context, tenant tenants.ID, id ID) ([]Moment, error)
	// Change locks a request, lets fn change it, and stores it with what fn says of it, all or nothing. Errors: ErrNoSuchRequest, fn's, and
	// ErrSubjectBusy for more people, as for Add.
	Change(ctx context.Context, tenant tenants.ID, id ID, fn func(*Request) (Change, error)) (Request, error)
}

// Change is what is stored along with a request.
type Change struct {
	Moments []Moment
	Audit   *tenants.AuditEntry
	People  []Person  // replaces what is known of them, from the first on; nil: as it is
	More    []Person  // come behind those that there are; the request's Number counts them
	Forget  bool      // nobody has to know any more whom it is about
	Job     *jobs.Job // made along with it
}

// Once says what makes two requests one.
type Once struct {
	Key  string            // of the caller's choice; holds for ever. Empty: the same body within a minute
	Body [sha256.Size]byte // a hash of what is asked for; the store puts a secret into it
}

// Filter narrows a list; zero values let everything through.
type Filter struct {
	States []State
	Type   Type
}

// Filing is what somebody asks for.
type Filing struct {
	Type     Type
	Subjects []Identifier
	Note     string
	Suppress bool   // of an erasure: the subjects stay suppressed when it is over
	Confirm  bool   // wait for approval once it is known who the subjects are
	Key      string // of idempotency; may be empty
	Origin   Origin
}

const maxNote = 1000 // characters

// Validate brings the subjects into their normal form, each once. Errors: ErrRequestInvalid, ErrSubjectInvalid, ErrNoteTelling.
func (f *Filing) Validate() error {
	known := f.Type != Offboard && slices.Contains(Types(), f.Type) // to leave has a door of its own
	if !known || len(f.Subjects) == 0 || len(f.Subjects) > MaxSubjects || len([]rune(f.Note)) > maxNote {
		return ErrRequestInvalid
	}
	normal, err := normalAll(f.Subjects)
	if err != nil {
		return err
	}
	f.Subjects = normal
	return tells(f.Note, normal)
}

// tells is an error where a note names one of the subjects: it is kept for ever.
func tells(note string, subjects []Identifier) error {
	const telling = 4 // bytes: of what is shorter, nobody can say whether it is meant
	note = strings.ToLower(note)
	for _, s := range subjects {
		if len(s.Value) >= telling && strings.Contains(note, strings.ToLower(s.Value)) {
			return ErrNoteTelling
		}
	}
	return nil
}

func normalAll(given []Identifier) ([]Identifier, error) {
	seen := make(map[Identifier]bool, len(given))
	normal := make([]Identifier, 0, len(given))
	for _, i := range given {
		n, err := i.Normal()
		if err != nil {
			return nil, err
		}
		if !seen[n] {
			seen[n] = true
			normal = append(normal, n)
		}
	}
	return normal, nil
}

// Service is what people do with requests.
type Service struct {
	requests Requests
	resolver Resolver
	copies   []Copy
	now      func() time.Time
}

// NewService makes the service; copies are those that a preview counts in.
func NewService(requests Requests, resolver Resolver, copies []Copy, now func() time.Time) *Service {
	return &Service{requests: requests, resolver: resolver, copies: copies, now: now}
}

// File asks for something. Errors: those of Validate, ErrIdempotencyUsed, ErrRequestsOpen, ErrSubjectBusy, ErrPermissionDenied.
func (s *Service) File(ctx context.Context, by tenants.By, f Filing) (Request, error) {
	if err := by.Principal.Require(tenants.ManagePrivacy); err != nil {
		return Request{}, err
	}
	return s.file(ctx, by, f, Verified)
}

// FileConfirmed files what a subject asked for on the public page, having proven that the address is theirs. It waits for approval; with an ID
// that was filed already it is that request.
func (s *Service) FileConfirmed(ctx context.Context, tenant tenants.ID, id uuid.UUID, t Type, email string) error {
	by := tenants.By{Principal: tenants.Principal{Tenant: tenant, Actor: tenants.Actor{Kind: tenants.ActorSystem, Label: "public form"}}, CorrelationID: id.String()}
	_, err := s.file(ctx, by, Filing{
		Type: t, Subjects: []Identifier{{Kind: Email, Value: email}}, Suppress: true, Confirm: true, Key: "form:" + id.String(), Origin: ByForm,
	}, Verified)
	return err
}

func (s *Service) file(ctx context.Context, by tenants.By, f Filing, state State) (Request, error) {
	if err := f.Validate(); err != nil {
		return Request{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Request{}, err
	}
	now := s.now().UTC().Truncate(time.Microsecond)
	r := Request{
		ID: ID(id), Tenant: by.Principal.Tenant, Type: f.Type, State: state, Note: f.Note, Stay: f.Suppress, Number: len(f.Subjects),
		FiledAt: now, FiledBy: by.Principal.Actor, Origin: f.Origin, Deadline: monthsLater(now, 1), Changed: now, Asleep: state == Received,
	}
	if state == Verified && !f.Confirm {
		r.Approval = &Approval{At: now, By: by.Principal.Actor.Label}
	}
	people := make([]Person, len(f.Subjects))
	for i := range people {
		people[i] = Person{Given: f.Subjects[i]}
	}
	body, err := json.Marshal(struct {
		Type     Type
		Subjects []Identifier
		Note     string
		Suppress bool
		Confirm  bool
	}{f.Type, f.Subjects, f.Note, f.Suppress, f.Confirm})
	if err != nil {
		return Request{}, fmt.Errorf("encode a request: %w", err)
	}
	details := tenants.Details{"type": string(f.Type), "subjects": strconv.Itoa(len(f.Subjects)), "origin": string(f.Origin)}
	return s.requests.Add(ctx, r, people, Once{Key: f.Key, Body: sha256.Sum256(body)}, entry(by, r.ID, "privacy_request.filed", now, details))
}

// Get finds a request with its history. Errors: ErrNoSuchRequest.
func (s *Service) Get(ctx context.Context, tenant tenants.ID, id ID) (Request, []Moment, error) {
	r, err := s.requests.Get(ctx, tenant, id)
	if err != nil {
		return Request{}, nil, err
	}
	moments, err := s.requests.Moments(ctx, tenant, id)
	return r, moments, err
}

// List lists requests, newest first; before is the last of the page before, nil for the first page.
func (s *Service) List(ctx context.Context, tenant tenants.ID, f Filter, before *ID, limit int) ([]Request, error) {
	return s.requests.List(ctx, tenant, f, before, limit)
}

// Deadlines lists requests that are not over, the nearest deadline first.
func (s *Service) Deadlines(ctx context.Context, tenant tenants.ID, limit int) ([]Request, error) {
	return s.requests.Open(ctx, tenant, limit)
}

// People are those whom an open request is about, from a number on. Errors: ErrNoSuchRequest, ErrPermissionDenied.
func (s *Service) People(ctx context.Context, by tenants.By, id ID, from, limit int) ([]Person, error) {
	if err := by.Principal.Require(tenants.ManagePrivacy); err != nil {
		return nil, err
	}
	if _, err := s.requests.Get(ctx, by.Principal.Tenant, id); err != nil {
		return nil, err
	}
	return s.requests.People(ctx, by.Principal.Tenant, id, from, limit)
}

// Approve has a request carried out that waits for it. With more it is not carried out yet: whoever approves names further identifiers of the
// people, because what they were named by does not find everything of them; these are looked up too, and the request waits once more, so that
// nothing is done about anybody whom nobody has seen. Those that are named already are left out. Errors: ErrNoSuchRequest, ErrNotApprovable,
// ErrPermissionDenied; for more: ErrSubjectInvalid, ErrNoteTelling, ErrTooManySubjects, ErrSubjectBusy.
func (s *Service) Approve(ctx context.Context, by tenants.By, id ID, more []Identifier) (Request, error) {
	if len(more) > 0 {
		return s.name(ctx, by, id, more)
	}
	return s.change(ctx, by, id, "privacy_request.approved", func(r *Request, now time.Time) (string, error) {
		if !r.approvable() {
			return "", ErrNotApprovable
		}
		r.Approval, r.Asleep, r.Waiting = &Approval{At: now, By: by.Principal.Actor.Label}, false, ""
		return "Approved.", nil
	})
}

// Cancel calls a request off. What it has suppressed is taken back. Errors: ErrNoSuchRequest, ErrNotCancellable, ErrPermissionDenied.
func (s *Service) Cancel(ctx context.Context, by tenants.By, id ID) (Request, error) {
	return s.change(ctx, by, id, "privacy_request.cancelled", func(r *Request, now time.Time) (string, error) {
		if !r.State.Cancellable() {
			return "", ErrNotCancellable
		}
		r.end(Cancelled, now)
		return "Called off.", nil
	})
}

// Extend moves the deadline, once, to a later time that is at most three months after the request was filed (GDPR, article 12(3)). Errors:
// ErrNoSuchRequest, ErrExtension, ErrRequestOver, ErrPermissionDenied.
func (s *Service) Extend(ctx context.Context, by tenants.By, id ID, until time.Time, reason string) (Request, error) {
	return s.change(ctx, by, id, "privacy_request.extended", func(r *Request, _ time.Time) (string, error) {
		reason = strings.TrimSpace(reason)
		switch {
		case r.State.Final():
			return "", ErrRequestOver
		case reason == "" || len([]rune(reason)) > maxNote || r.Extended != "" || !until.After(r.Deadline) || until.After(monthsLater(r.FiledAt, 3)):
			return "", ErrExtension
		}
		r.Deadline, r.Extended, r.Told = until.UTC().Truncate(time.Microsecond), reason, nil
		return "The deadline was moved to " + r.Deadline.Format(time.DateOnly) + ".", nil
	})
}

// change is what a person does to a request: with a place in its history, in the audit log, and a job that goes on with it.
func (s *Service) change(ctx context.Context, by tenants.By, id ID, action string, fn func(*Request, time.Time) (string, error)) (Request, error) {
	if err := by.Principal.Require(tenants.ManagePrivacy); err != nil {
		return Request{}, err
	}
	return s.requests.Change(ctx, by.Principal.Tenant, id, func(r *Request) (Change, error) {
		now := s.now().UTC().Truncate(time.Microsecond)
		text, err := fn(r, now)
		if err != nil {
			return Change{}, err
		}
		e, job := entry(by, id, action, now, nil), AdvanceJob(by.Principal.Tenant, id)
		return Change{Audit: &e, Job: &job, Moments: []Moment{{At: now, State: r.State, Actor: by.Principal.Actor.Label, Text: text}}}, nil
	})
}

func entry(by tenants.By, id ID, action string, now time.Time, details tenants.Details) tenants.AuditEntry {
	return tenants.AuditEntry{
		At: now, Actor: by.Principal.Actor, Action: action, Target: "privacy_request:" + id.String(), Details: details, CorrelationID: by.CorrelationID,
	}
}

// monthsLater is that many calendar months later, on the last day of a month that is too short (Regulation (EEC) 1182/71, article 3(2)).
func monthsLater(t time.Time, months int) time.Time {
	later := t.AddDate(0, months, 0)
	if later.Day() != t.Day() {
		later = later.AddDate(0, 0, -later.Day())
	}
	return later
}

// Preview is who is meant, and how much there is of them.
type Preview struct {
	People []Person
	Copies []CopyHolding
}

// CopyHolding is how much a copy holds of the subjects.
type CopyHolding struct {
	Copy string
	Holding
}

// Preview finds out who is meant and counts in each copy; nothing is changed. Errors: ErrSubjectInvalid, ErrPermissionDenied.
func (s *Service) Preview(ctx context.Context, by tenants.By, subjects []Identifier) (Preview, error) {
	if err := by.Principal.Require(tenants.ManagePrivacy); err != nil {
		return Preview{}, err
	}
	if len(subjects) == 0 || len(subjects) > MaxSubjects {
		return Preview{}, ErrRequestInvalid
	}
	normal, err := normalAll(subjects)
	if err != nil {
		return Preview{}, err
	}
	tenant := by.Principal.Tenant
	people, err := s.resolver.Resolve(ctx, tenant, normal)
	if err != nil {
		return Preview{}, fmt.Errorf("find out who is meant: %w", err)
	}
	out := Preview{People: people}
	op := Operation{ID: uuid.New(), Subjects: Everybody(people), ReceivedBefore: s.now().UTC()}
	for _, c := range s.copies {
		h, err := c.Find(ctx, tenant, op)
		if err != nil {
			return Preview{}, fmt.Errorf("count in %s: %w", c.Name(), err)
		}
		out.Copies = append(out.Copies, CopyHolding{Copy: c.Name(), Holding: h})
	}
	return out, nil
}

// Everybody is all that is known of people, each identifier once.
func Everybody(people []Person) Subjects {
	var all Subjects
	for _, p := range people {
		all.UserIDs = append(all.UserIDs, p.UserIDs...)
		all.AnonymousIDs = append(all.AnonymousIDs, p.AnonymousIDs...)
		all.Properties = append(all.Properties, p.Properties...)
	}
	compare := func(a, b Identifier) int {
		return strings.Compare(string(a.Kind)+a.Path+"\x00"+a.Value, string(b.Kind)+b.Path+"\x00"+b.Value)
	}
	slices.Sort(all.UserIDs)
	slices.Sort(all.AnonymousIDs)
	slices.SortFunc(all.Properties, compare)
	all.UserIDs, all.AnonymousIDs, all.Properties = slices.Compact(all.UserIDs), slices.Compact(all.AnonymousIDs), slices.Compact(all.Properties)
	return all
}
