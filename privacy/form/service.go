package form

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/seal"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/tenants"
)

// Store keeps forms and filings.
type Store interface {
	// Form returns ErrNoForm where the tenant never had one.
	Form(ctx context.Context, tenant tenants.ID) (Form, error)
	PutForm(ctx context.Context, tenant tenants.ID, f Form, entry tenants.AuditEntry) error
	// ByToken finds a form, whosever it is. Errors: ErrNoForm.
	ByToken(ctx context.Context, token string) (tenant tenants.ID, organisation string, f Form, err error)
	// AddFiling adds a filing and the mail about it, in one transaction.
	AddFiling(ctx context.Context, f Filing, mail tenants.MailRow) error
	// Filing finds an open filing by its link. Errors: tenants.ErrLinkInvalid.
	Filing(ctx context.Context, linkHash [32]byte, now time.Time) (f Filing, organisation string, err error)
	// Filings counts a tenant's open ones.
	Filings(ctx context.Context, tenant tenants.ID) (int, error)
	RemoveFiling(ctx context.Context, id uuid.UUID) error
	RemoveExpired(ctx context.Context, now time.Time) error
}

// Filer makes a request of a confirmed filing, in the state received: it waits for the tenant's approval. Filed again under its ID it is the
// same request.
type Filer interface {
	FileConfirmed(ctx context.Context, tenant tenants.ID, id uuid.UUID, t privacy.Type, email string) error
}

// Outbox writes mail.
type Outbox interface {
	Enclose(n tenants.Notice, until time.Time) (tenants.MailRow, error)
	Page(path ...string) *url.URL
}

// Limit slows down whoever asks too often. Its fault says when to come again.
type Limit interface{ Take(name string) error }

// Deps is what the service works with.
type Deps struct {
	Store  Store
	Filer  Filer
	Outbox Outbox
	Seal   seal.Sealer
	// PerAddress limits filings by the network that they come from, PerEmail by the address that is written to.
	PerAddress, PerEmail Limit
	Now                  func() time.Time
}

// Service is the public form.
type Service struct{ deps Deps }

// New makes the service.
func New(d Deps) *Service { return &Service{deps: d} }

const (
	filingLife  = 24 * time.Hour
	mostFilings = 1000 // open ones of a tenant: more than that is an attack, and is told to come again tomorrow
)

// Form is a tenant's form; one that is off where there was none yet.
func (s *Service) Form(ctx context.Context, tenant tenants.ID) (Form, error) {
	f, err := s.deps.Store.Form(ctx, tenant)
	if errors.Is(err, ErrNoForm) {
		return Form{Types: []privacy.Type{privacy.Erase, privacy.Export}}, nil
	}
	return f, err
}

// Put changes a tenant's form. Errors: ErrFormInvalid, tenants.ErrPermissionDenied.
func (s *Service) Put(ctx context.Context, by tenants.By, in Input) (Form, error) {
	if !by.Principal.Can(tenants.ManagePrivacy) {
		return Form{}, tenants.ErrPermissionDenied
	}
	if err := in.check(); err != nil {
		return Form{}, err
	}
	f, err := s.Form(ctx, by.Principal.Tenant)
	if err != nil {
		return Form{}, err
	}
	if f.Token == "" || in.NewToken {
		f.Token = newToken()
	}
	f.Enabled, f.Title, f.Intro, f.Types = in.Enabled, in.Title, in.Intro, in.Types
	f.ChangedAt, f.ChangedBy = s.deps.Now().UTC().Truncate(time.Microsecond), by.Principal.Actor.Label
	state := "off"
	if f.Enabled {
		state = "on"
	}
	return f, s.deps.Store.PutForm(ctx, by.Principal.Tenant, f, tenants.AuditEntry{
		At: f.ChangedAt, Actor: by.Principal.Actor, Action: "privacy_form.changed", Target: "privacy_form", CorrelationID: by.CorrelationID,
		Details: tenants.Details{"form": state, "types": joined(f.Types)},
	})
}

func joined(types []privacy.Type) string {
	texts := make([]string, len(types))
	for i, t := range types {
		texts[i] = string(t)
	}
	return strings.Join(texts, ", ")
}

// Public is what anybody sees who has a form's address. Errors: ErrNoForm.
func (s *Service) Public(ctx context.Context, token string) (Public, error) {
	_, p, err := s.open(ctx, token)
	return p, err
}

func (s *Service) open(ctx context.Context, token string) (tenants.ID, Public, error) {
	tenant, organisation, f, err := s.deps.Store.ByToken(ctx, token)
	if err == nil && !f.Enabled {
		err = ErrNoForm
	}
	return tenant, Public{Organisation: organisation, Title: f.Title, Intro: f.Intro, Types: f.Types}, err
}

// FileInput is what somebody files.
type FileInput struct {
	Token   string
	Type    privacy.Type
	Email   string
	Address netip.Addr // that the request came from
}

// File sends a link to the address. Whether anything is known of the address is not told. Errors: ErrNoForm, ErrNotOffered,
// tenants.ErrEmailInvalid, tenants.ErrTooManyAttempts.
func (s *Service) File(ctx context.Context, in FileInput) error {
	email, err := tenants.ParseEmail(in.Email)
	if err != nil {
		return err
	}
	if err := s.deps.PerAddress.Take(tenants.Network(in.Address)); err != nil {
		return err
	}
	tenant, form, err := s.open(ctx, in.Token)
	if err != nil {
		return err
	}
	if !slices.Contains(form.Types, in.Type) {
		return ErrNotOffered
	}
	if err := s.deps.PerEmail.Take(tenant.String() + email.Key); err != nil {
		return err
	}
	if open, err := s.deps.Store.Filings(ctx, tenant); err != nil || open >= mostFilings {
		return errors.Join(err, tenants.ErrTooManyAttempts)
	}
	now := s.deps.Now().UTC()
	id, link := uuid.Must(uuid.NewV7()), newToken()
	filing := Filing{
		ID: id, Tenant: tenant, Type: in.Type, SealedEmail: s.deps.Seal.Seal([]byte(email.Address), id.String()), LinkHash: sha256.Sum256([]byte(link)),
		CreatedAt: now, ExpiresAt: now.Add(filingLife),
	}
	mail, err := s.deps.Outbox.Enclose(s.letter(in, email.Address, form.Organisation, link), filing.ExpiresAt)
	if err != nil {
		return err
	}
	return s.deps.Store.AddFiling(ctx, filing, mail)
}

func (s *Service) letter(in FileInput, to, organisation, link string) tenants.Notice {
	wish := map[privacy.Type]string{
		privacy.Erase: "to erase everything", privacy.Export: "for a copy of everything", privacy.Restrict: "to stop using everything",
	}[in.Type]
	page := s.deps.Outbox.Page("privacy", "form", in.Token)
	page.Fragment = "confirm=" + link // not sent to any server before the page does so on purpose
	return tenants.Notice{
		Kind: tenants.MailPrivacy, To: to, Subject: "Confirm your request to " + organisation,
		Before: []string{"Somebody, hopefully you, asked " + organisation + " " + wish + " that it has collected about this e-mail address."},
		Action: "Yes, this is my address and my request", Link: page.String(),
		After: []string{"The link works for 24 hours. Then " + organisation + " looks at the request. If it was not you, ignore this mail: nothing happens."},
	}
}

// Confirmed tells what a link has confirmed.
type Confirmed struct {
	Organisation string
	Type         privacy.Type
}

// Confirm makes a request of the filing that a link belongs to. A link works until it has done so. Errors: tenants.ErrLinkInvalid.
func (s *Service) Confirm(ctx context.Context, link string) (Confirmed, error) {
	filing, organisation, err := s.deps.Store.Filing(ctx, sha256.Sum256([]byte(link)), s.deps.Now())
	if err != nil {
		return Confirmed{}, err
	}
	email, err := s.deps.Seal.Open(filing.SealedEmail, filing.ID.String())
	if err != nil {
		return Confirmed{}, err
	}
	if err := s.deps.Filer.FileConfirmed(ctx, filing.Tenant, filing.ID, filing.Type, string(email)); err != nil {
		return Confirmed{}, err
	}
	return Confirmed{Organisation: organisation, Type: filing.Type}, s.deps.Store.RemoveFiling(ctx, filing.ID)
}

// Sweep removes what nobody confirmed in time.
func (s *Service) Sweep(ctx context.Context) error {
	return s.deps.Store.RemoveExpired(ctx, s.deps.Now())
}
