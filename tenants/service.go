package tenants

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/observatory/observatory/internal/seal"
)

// Config of the services. Zero values mean the defaults, but for PublicURL and SecretKey, which are required.
type Config struct {
	PublicURL *url.URL // where people reach the dashboard; mailed links begin with it
	SecretKey []byte   // SecretKeyLength random bytes; seals signing keys and outgoing mail
	Region    string   // of this server, such as eu; empty: unknown, and no tenant can choose a residency
	Issuer    string   // `iss` of API keys; default DefaultIssuer
	Audience  string   // `aud` of API keys; default DefaultAudience
	Passwords PasswordConfig
	Limits    Limits
}

// Deps are what the services stand on.
type Deps struct {
	Store  Store
	Mailer Mailer
	Ring   *KeyRing // told of changed keys at once; nil in a process that verifies none
	Log    *slog.Logger
	Now    func() time.Time
}

// Services are all services of this package.
type Services struct {
	Accounts     *Accounts
	Organisation *Organisation
	Members      *Members
	Sources      *Sources
	Keys         *Keys
	SigningKeys  *SigningKeys
	Audit        *Audit
	Outbox       *Outbox
}

// New makes the services, or says what is wrong with the configuration.
func New(cfg Config, deps Deps) (*Services, error) {
	if cfg.PublicURL == nil || !cfg.PublicURL.IsAbs() {
		return nil, errors.New("tenants: the public URL is missing or not absolute")
	}
	if cfg.Issuer == "" {
		cfg.Issuer = DefaultIssuer
	}
	if cfg.Audience == "" {
		cfg.Audience = DefaultAudience
	}
	sealKeys, err := seal.New(cfg.SecretKey, "signing keys")
	if err != nil {
		return nil, fmt.Errorf("tenants: %w", err)
	}
	sealMail, err := seal.New(cfg.SecretKey, "mail")
	if err != nil {
		return nil, fmt.Errorf("tenants: %w", err)
	}
	s := service{store: deps.Store, ring: deps.Ring, log: deps.Log, now: deps.Now}
	outbox := &Outbox{service: s, mailer: deps.Mailer, sealed: sealMail, publicURL: cfg.PublicURL}
	signing := &SigningKeys{service: s, sealed: sealKeys, format: tokenFormat{cfg.Issuer, cfg.Audience}}
	keys := &Keys{service: s, signing: signing}
	accounts := &Accounts{
		service: s, keys: keys, outbox: outbox, region: cfg.Region,
		passwords: newPasswords(cfg.Passwords),
		limits:    newLimiters(cfg.Limits, deps.Now),
	}
	return &Services{
		Accounts:     accounts,
		Organisation: &Organisation{service: s, region: cfg.Region},
		Members:      &Members{service: s, accounts: accounts, outbox: outbox},
		Sources:      &Sources{s},
		Keys:         keys,
		SigningKeys:  signing,
		Audit:        &Audit{s},
		Outbox:       outbox,
	}, nil
}

// service is what all services share.
type service struct {
	store Store
	ring  *KeyRing
	log   *slog.Logger
	now   func() time.Time
}

// time is now, as Postgres will give it back.
func (s *service) time() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

// recorder adds one entry to the audit log, in the transaction of the change.
type recorder func(action, target string, details Details) error

// change runs fn in a transaction of the principal's tenant, alone in it.
func (s *service) change(ctx context.Context, by By, fn func(tx TenantTx, record recorder) error) error {
	return s.store.Tenant(ctx, by.Principal.Tenant, func(tx TenantTx) error { return s.changeIn(ctx, tx, by, fn) })
}

// changeWithin is change inside a transaction that also does something outside the tenant.
func (s *service) changeWithin(ctx context.Context, sys SystemTx, by By, fn func(tx TenantTx, record recorder) error) error {
	return sys.Tenant(ctx, by.Principal.Tenant, func(tx TenantTx) error { return s.changeIn(ctx, tx, by, fn) })
}

func (s *service) changeIn(ctx context.Context, tx TenantTx, by By, fn func(tx TenantTx, record recorder) error) error {
	if err := tx.LockTenant(ctx); err != nil {
		return err
	}
	return fn(tx, func(action, target string, details Details) error {
		_, err := AppendAudit(ctx, tx, by.Principal.Tenant, AuditEntry{
			At: s.time(), Actor: by.Principal.Actor, Action: action, Target: target, Details: details, CorrelationID: by.CorrelationID,
		})
		return err
	})
}

// keysChanged lets this node know at once; the others hear of it by notification. A failure is logged by the ring, which
// will catch up by itself.
func (s *service) keysChanged(ctx context.Context) {
	if s.ring != nil {
		_ = s.ring.Refresh(ctx)
	}
}
