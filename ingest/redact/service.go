package redact

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// MaxReveal is how many tokens may be revealed in one request.
const MaxReveal = 100

// The faults of secrets.
var (
	ErrSecretChanged = fault.New(fault.Conflict, "redaction_secret_changed", "Somebody else replaced the secret at the same time. Look at the versions; if you still want to, try again.")
	ErrTooManyTokens = fault.New(fault.Invalid, "too_many_tokens", "A request reveals 1 to 100 tokens.")
)

// SecretVersion is one version of a tenant's secret. Nobody is shown the secret itself.
type SecretVersion struct {
	Version   int
	CreatedAt time.Time // zero for version 1, which is there from the beginning
	CreatedBy string    // label of the actor; empty for version 1
}

// SecretStore keeps which versions there are, and what was done with them.
type SecretStore interface {
	// SecretVersions lists the versions after the first, the oldest first.
	SecretVersions(ctx context.Context, tenant tenants.ID) ([]SecretVersion, error)
	// AddSecretVersion stores a version and its audit entry; ErrSecretChanged when it is there already.
	AddSecretVersion(ctx context.Context, tenant tenants.ID, v SecretVersion, entry tenants.AuditEntry) error
	// AuditReveal stores an audit entry alone.
	AuditReveal(ctx context.Context, tenant tenants.ID, entry tenants.AuditEntry) error
}

// Redactors knows what is in force on this node.
type Redactors interface {
	// Redactor is the tenant's. Errors: what says that it cannot be known now (Unavailable).
	Redactor(tenant tenants.ID) (*Redactor, error)
}

// Service lets people replace the secret of their organisation and reveal tokens.
type Service struct {
	store     SecretStore
	redactors Redactors
	now       func() time.Time
}

// NewService makes the service.
func NewService(store SecretStore, redactors Redactors, now func() time.Time) *Service {
	return &Service{store: store, redactors: redactors, now: now}
}

// Versions lists the versions of the tenant's secret, the newest first.
func (s *Service) Versions(ctx context.Context, tenant tenants.ID) ([]SecretVersion, error) {
	later, err := s.store.SecretVersions(ctx, tenant)
	if err != nil {
		return nil, fmt.Errorf("list redaction secrets: %w", err)
	}
	all := append([]SecretVersion{{Version: 1}}, later...)
	slices.Reverse(all)
	return all, nil
}

// Rotate replaces the secret: on every node within 5 s, new pseudonyms and tokens are made with the new one. Errors:
// ErrSecretChanged, ErrPermissionDenied.
func (s *Service) Rotate(ctx context.Context, by tenants.By) (SecretVersion, error) {
	tenant := by.Principal.Tenant
	if err := by.Principal.Require(tenants.ManageData); err != nil {
		return SecretVersion{}, err
	}
	all, err := s.Versions(ctx, tenant)
	if err != nil {
		return SecretVersion{}, err
	}
	next := SecretVersion{Version: all[0].Version + 1, CreatedAt: s.now().UTC().Truncate(time.Microsecond), CreatedBy: by.Principal.Actor.Label}
	err = s.store.AddSecretVersion(ctx, tenant, next, s.entry(by, "redaction_secret.rotated", tenants.Details{"version": strconv.Itoa(next.Version)}))
	if err != nil {
		return SecretVersion{}, fmt.Errorf("rotate redaction secret: %w", err)
	}
	return next, nil
}

// Revealed is what a token stands for, or the reason why it cannot be told: ErrNotAToken or ErrSecretUnknown.
type Revealed struct {
	Value string
	Fault *fault.Error
}

// Reveal tells what tokens stand for, in their order. It is for people who may manage data, and stands in the audit log before anything is
// told. Errors: ErrTooManyTokens, tenants.ErrScopeMissing, tenants.ErrPermissionDenied, and those of Redactors.
func (s *Service) Reveal(ctx context.Context, by tenants.By, tokens []string) ([]Revealed, error) {
	if by.Principal.Key != nil {
		return nil, tenants.ErrScopeMissing // no scope allows it
	}
	if err := by.Principal.Require(tenants.ManageData); err != nil {
		return nil, err
	}
	if len(tokens) < 1 || len(tokens) > MaxReveal {
		return nil, ErrTooManyTokens
	}
	r, err := s.redactors.Redactor(by.Principal.Tenant)
	if err != nil {
		return nil, err
	}
	entry := s.entry(by, "redaction.revealed", tenants.Details{"tokens": strconv.Itoa(len(tokens))})
	if err := s.store.AuditReveal(ctx, by.Principal.Tenant, entry); err != nil {
		return nil, fmt.Errorf("audit that tokens are revealed: %w", err)
	}
	out := make([]Revealed, len(tokens))
	for i, token := range tokens {
		if out[i].Value, err = r.Reveal(token); err != nil && !errors.As(err, &out[i].Fault) {
			return nil, err
		}
	}
	return out, nil
}

func (s *Service) entry(by tenants.By, action string, details tenants.Details) tenants.AuditEntry {
	return tenants.AuditEntry{
		At: s.now().UTC().Truncate(time.Microsecond), Actor: by.Principal.Actor, Action: action, Target: "redaction_secret",
		Details: details, CorrelationID: by.CorrelationID,
	}
}
