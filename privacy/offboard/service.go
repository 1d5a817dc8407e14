package offboard

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/internal/objects"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/tenants"
)

// Storage is where the last export lies: objects.Store.
type Storage interface {
	Create(ctx context.Context, key string) (*objects.Writer, error)
	Open(ctx context.Context, key string) (io.ReadCloser, error)
	Delete(ctx context.Context, key string) error
}

// Organisations know tenants.
type Organisations interface {
	Get(ctx context.Context, tenant tenants.ID) (tenants.Tenant, error)
}

// Certificates shows what was signed.
type Certificates interface {
	privacy.Certifier
	// JWS is the certificate of a request, in compact form.
	JWS(ctx context.Context, tenant tenants.ID, request uuid.UUID) (string, error)
}

// Deps are what a Service works with.
type Deps struct {
	Book          Book
	Organisations Organisations
	Suppressions  privacy.Suppressions // gives the mark that the barrier is about
	Barriers      privacy.Barriers
	Data, Control Tables // what goes into the export
	Storage       Storage
	Copies        []Copy // in the order in which they are erased; PostgreSQL comes last, because the others are found by it
	Certificates  Certificates
	Bills         Bills // nil: nobody is billed
	Jobs          jobs.Enqueuer
	Grace         time.Duration
	PublicURL     *url.URL
	Now           func() time.Time
	Logger        *slog.Logger
}

// Service lets organisations leave.
type Service struct{ d Deps }

// New makes a Service.
func New(d Deps) *Service { return &Service{d} }

func (s *Service) time() time.Time { return s.d.Now().UTC().Truncate(time.Microsecond) }

// Ask begins. name is that of the organisation, typed in. It needs ManageTenant. Errors: ErrNameMismatch, ErrLeaving.
func (s *Service) Ask(ctx context.Context, by tenants.By, name string) (Leaving, error) {
	if err := by.Principal.Require(tenants.ManageTenant); err != nil {
		return Leaving{}, err
	}
	t, err := s.d.Organisations.Get(ctx, by.Principal.Tenant)
	if err != nil {
		return Leaving{}, err
	}
	if name != t.Name {
		return Leaving{}, ErrNameMismatch
	}
	now := s.time()
	l := Leaving{
		ID: uuid.Must(uuid.NewV7()), Tenant: t.ID, Name: t.Name, Residency: t.Residency, State: privacy.Received, AskedAt: now,
		AskedBy: by.Principal.Actor.Label, EraseAt: now.Add(s.d.Grace), Changed: now,
	}
	err = s.d.Book.Ask(ctx, l, tenants.AuditEntry{
		At: now, Actor: by.Principal.Actor, Action: "tenant.leaving", Target: "tenant:" + t.ID.String(), CorrelationID: by.CorrelationID,
		Details: tenants.Details{"offboarding": l.ID.String(), "erase_at": l.EraseAt.Format(time.RFC3339)},
	})
	if err != nil {
		return Leaving{}, err
	}
	if _, err := s.d.Jobs.Enqueue(ctx, s.job(t.ID)); err != nil {
		s.d.Logger.WarnContext(ctx, "the job of an organization that leaves is made within a minute", "error", err)
	}
	return l, nil
}

// Cancel has the organisation stay after all. It needs ManageTenant. Errors: ErrNotLeaving, ErrBegun.
func (s *Service) Cancel(ctx context.Context, by tenants.By) (Leaving, error) {
	if err := by.Principal.Require(tenants.ManageTenant); err != nil {
		return Leaving{}, err
	}
	now := s.time()
	l, err := s.d.Book.Cancel(ctx, by.Principal.Tenant, now, tenants.AuditEntry{
		At: now, Actor: by.Principal.Actor, Action: "tenant.stays", Target: "tenant:" + by.Principal.Tenant.String(), CorrelationID: by.CorrelationID,
	})
	if err != nil {
		return Leaving{}, err
	}
	return l, s.dropExport(ctx, &l)
}

// Get is the newest time that the tenant leaves or left. Errors: ErrNotLeaving.
func (s *Service) Get(ctx context.Context, by tenants.By) (Leaving, error) {
	if err := by.Principal.Require(tenants.ManageTenant); err != nil {
		return Leaving{}, err
	}
	return s.d.Book.Newest(ctx, by.Principal.Tenant)
}

// OpenExport opens the last export for whoever has the link. Errors: ErrLink.
func (s *Service) OpenExport(ctx context.Context, token string) (io.ReadCloser, int64, error) {
	l, err := s.d.Book.ByExportLink(ctx, hash(token))
	if err != nil {
		return nil, 0, err
	}
	if l.Export.Object == "" || l.Export.Until == nil || !s.d.Now().Before(*l.Export.Until) {
		return nil, 0, ErrLink
	}
	file, err := s.d.Storage.Open(ctx, l.Export.Object)
	return file, l.Export.Bytes, err
}

// Certificate is the certificate for whoever has the link, a JWS. Errors: ErrLink.
func (s *Service) Certificate(ctx context.Context, token string) (string, error) {
	l, err := s.d.Book.ByCertificateLink(ctx, hash(token))
	if err != nil {
		return "", err
	}
	return s.d.Certificates.JWS(ctx, l.Tenant, l.ID)
}

// dropExport removes the file.
func (s *Service) dropExport(ctx context.Context, l *Leaving) error {
	if l.Export.Object == "" {
		return nil
	}
	if err := s.d.Storage.Delete(ctx, l.Export.Object); err != nil {
		return fmt.Errorf("remove the last export: %w", err)
	}
	l.Export.Object = ""
	return s.d.Book.Dropped(ctx, *l)
}

// link makes a token, and the address that it opens.
func (s *Service) link(what string) (TokenHash, string) {
	var random [32]byte
	_, _ = rand.Read(random[:]) // never fails; the process ends if the system has no randomness
	token := base64.RawURLEncoding.EncodeToString(random[:])
	return hash(token), s.d.PublicURL.JoinPath("v1", "offboardings", token, what).String()
}

func hash(token string) TokenHash { return sha256.Sum256([]byte(token)) }
