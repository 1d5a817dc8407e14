package archive

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"filippo.io/age"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/internal/jobs"
	"github.com/observatory/observatory/internal/seal"
	"github.com/observatory/observatory/tenants"
)

// Faults of the archive.
var (
	// ErrOvertaken means that somebody else has changed a day meanwhile, or that somebody was erased: it is begun again.
	ErrOvertaken = fault.New(fault.Conflict, "archive_overtaken", "The archive has changed meanwhile. Try again.")
	// ErrLocked means that a file is encrypted and the key is not there.
	ErrLocked = fault.New(fault.Conflict, "archive_locked", "The archive is encrypted, and its key is not here: it was destroyed, or belongs to another installation.")
)

// Source is where the events are: ClickHouse.
type Source interface {
	// Tenants lists whose events there are, or were.
	Tenants(ctx context.Context) ([]tenants.ID, error)
	// Recent finds the hours of all tenants that were marked in the last few hours, or have ended in them.
	Recent(ctx context.Context) ([]Hour, error)
	// Hours finds all hours of a tenant; of one day, where one is given.
	Hours(ctx context.Context, tenant tenants.ID, date string) ([]Hour, error)
	// Events reads the events of [from, to), whole hours, in chunks that are good until the next.
	Events(ctx context.Context, tenant tenants.ID, from, to time.Time, f func([]Event) error) error
}

// Hour is an hour in which there are, or were, events.
type Hour struct {
	Tenant    tenants.ID
	At        time.Time
	Marks     []Mark // by log; see docs/rollups.md
	Undecided bool   // a batch of its events is under way
	MarkedAt  time.Time
	Now       time.Time // by the clock that marked it
}

// Index is what is known of archives in PostgreSQL: a copy of the newest manifests, to find quickly what is to be done, and the keys. It can
// be lost: then it is filled again.
type Index interface {
	// Tenant tells what holds for a tenant's archive: the zero value where nobody has said anything.
	Tenant(ctx context.Context, tenant tenants.ID) (Tenant, error)
	// Publish calls put while nobody else publishes or advances for the tenant, and then keeps the manifest that it returns. ErrOvertaken
	// when the epoch is another by now. Errors of put come back as they are.
	Publish(ctx context.Context, tenant tenants.ID, epoch int64, put func(context.Context) (*Manifest, error)) error
	// Advance begins a new epoch, once nothing is being published. What was read before it cannot be published any more.
	Advance(ctx context.Context, tenant tenants.ID) error
	// Days returns the manifests of a tenant's days, or of those given, by date, and which of them have been cleaned after.
	Days(ctx context.Context, tenant tenants.ID, dates ...string) (map[string]Day, error)
	// Cleaned keeps that nothing is left of what came before a generation of a day.
	Cleaned(ctx context.Context, tenant tenants.ID, date string, generation int64) error
	// Totals sums the days of a tenant.
	Totals(ctx context.Context, tenant tenants.ID) (Totals, error)
	// SetKey sets a key where there is none, and Encrypt whether it is used; the entry goes into the audit log where that is a change.
	SetKey(ctx context.Context, tenant tenants.ID, recipient string, sealed []byte) error
	Encrypt(ctx context.Context, tenant tenants.ID, encrypted bool, entry tenants.AuditEntry) error
	// Remove removes all that is known of the tenant, its key first of all.
	Remove(ctx context.Context, tenant tenants.ID) error
}

// Tenant is what holds for one tenant's archive.
type Tenant struct {
	Encrypted bool
	Recipient string // of its key, an age recipient; "" where there is none
	Sealed    []byte // the key itself
	Epoch     int64
	Residency string // where its data is kept; "" for anywhere
}

// recipient is for whom new files are encrypted; "" for nobody.
func (t Tenant) recipient() string {
	if t.Encrypted {
		return t.Recipient
	}
	return ""
}

// Day is a day as the index knows it.
type Day struct {
	Manifest
	Cleaned bool // nothing is left of generations before
}

// Totals are the sums of a tenant's days.
type Totals struct {
	Days, Files, Rows, Bytes int64
	Newest                   *time.Time // the beginning of the newest hour; nil when there is none
	WrittenAt                *time.Time // when something was written last
}

// Config is how the archive is written.
type Config struct {
	SecretKey []byte        // 32 bytes: it seals the keys of tenants
	Quiet     time.Duration // how long nothing must have changed in an hour before it is written; default 5 minutes
	Patience  time.Duration // how long an hour that changes all the time waits; default an hour
}

// Deps are what a Service needs.
type Deps struct {
	Storage Storage
	Source  Source
	Index   Index
	Jobs    jobs.Enqueuer
	Now     func() time.Time
	Logger  *slog.Logger
	Metrics *prometheus.Registry
}

// Service keeps the archive as the events are.
type Service struct {
	Deps
	cfg     Config
	sealer  seal.Sealer
	metrics *metrics

	mu   sync.Mutex
	full time.Time // when all hours were looked at last
}

// New makes a Service.
func New(cfg Config, d Deps) (*Service, error) {
	if d.Storage == nil || d.Source == nil || d.Index == nil || d.Jobs == nil || d.Now == nil || d.Logger == nil || d.Metrics == nil {
		panic("archive: Deps is incomplete")
	}
	sealer, err := seal.New(cfg.SecretKey, "archive keys")
	if err != nil {
		return nil, err
	}
	if cfg.Quiet == 0 {
		cfg.Quiet = 5 * time.Minute
	}
	if cfg.Patience == 0 {
		cfg.Patience = time.Hour
	}
	return &Service{Deps: d, cfg: cfg, sealer: sealer, metrics: newMetrics(d.Metrics)}, nil
}

// State is how far a tenant's archive is.
type State struct {
	Totals
	Encrypted bool
	Recipient string
	Waiting   int64 // hours that have changed since they were written
}

// State tells how far a tenant's archive is.
func (s *Service) State(ctx context.Context, tenant tenants.ID) (State, error) {
	t, errTenant := s.Index.Tenant(ctx, tenant)
	totals, errTotals := s.Index.Totals(ctx, tenant)
	if err := errors.Join(errTenant, errTotals); err != nil {
		return State{}, fmt.Errorf("look at the archive: %w", err)
	}
	work, err := s.dueOf(ctx, tenant)
	if err != nil {
		return State{}, err
	}
	state := State{Totals: totals, Encrypted: t.Encrypted, Recipient: t.recipient()}
	for _, w := range work {
		state.Waiting += int64(len(w.hours))
	}
	return state, nil
}

// SetEncryption sets whether a tenant's files are encrypted. Those that are there are written anew by the worker. Errors: ErrPermissionDenied.
func (s *Service) SetEncryption(ctx context.Context, by tenants.By, encrypted bool) error {
	if err := by.Principal.Require(tenants.ManagePrivacy); err != nil {
		return err
	}
	tenant := by.Principal.Tenant
	t, err := s.Index.Tenant(ctx, tenant)
	if err != nil {
		return err
	}
	if encrypted && t.Recipient == "" {
		key, err := age.GenerateX25519Identity()
		if err != nil {
			return fmt.Errorf("make a key for the archive: %w", err)
		}
		sealed := s.sealer.Seal([]byte(key.String()), tenant.String())
		if err := s.Index.SetKey(ctx, tenant, key.Recipient().String(), sealed); err != nil {
			return fmt.Errorf("keep the key of the archive: %w", err)
		}
	}
	entry := tenants.AuditEntry{
		At: s.Now().UTC().Truncate(time.Microsecond), Actor: by.Principal.Actor, Action: "archive.encryption_changed", Target: "archive", CorrelationID: by.CorrelationID,
		Details: tenants.Details{"encrypted": strconv.FormatBool(encrypted)},
	}
	if err := s.Index.Encrypt(ctx, tenant, encrypted, entry); err != nil {
		return fmt.Errorf("set whether the archive is encrypted: %w", err)
	}
	_, err = s.Jobs.Enqueue(ctx, WriteJob().New(uuid.UUID(tenant), struct{}{}, jobs.Unique("due")))
	return err
}

// Key is the key of a tenant's files, to be kept elsewhere too. ErrLocked when there is none.
func (s *Service) Key(ctx context.Context, tenant tenants.ID) (*age.X25519Identity, error) {
	t, err := s.Index.Tenant(ctx, tenant)
	if err != nil {
		return nil, err
	}
	return s.open(tenant, t)
}

func (s *Service) open(tenant tenants.ID, t Tenant) (*age.X25519Identity, error) {
	if len(t.Sealed) == 0 {
		return nil, ErrLocked
	}
	text, err := s.sealer.Open(t.Sealed, tenant.String())
	if err != nil {
		return nil, err
	}
	return age.ParseX25519Identity(string(text))
}

// Identity is the key of a tenant's files, nil where there is none.
func (s *Service) Identity(ctx context.Context, tenant tenants.ID) (age.Identity, error) {
	key, err := s.Key(ctx, tenant)
	if errors.Is(err, ErrLocked) {
		return nil, nil //nolint:nilnil // nothing is encrypted then
	}
	if err != nil {
		return nil, err
	}
	return key, nil
}

// Remove destroys a tenant's key, and then removes its files. It returns how many there were.
func (s *Service) Remove(ctx context.Context, tenant tenants.ID) (files int, err error) {
	if err := s.Index.Advance(ctx, tenant); err != nil { // who is at work on it works in vain
		return 0, err
	}
	if err := s.Index.Remove(ctx, tenant); err != nil {
		return 0, fmt.Errorf("destroy the key of the archive: %w", err)
	}
	for o, err := range s.Storage.List(ctx, tenantFolder(tenant)) {
		if err != nil {
			return files, err
		}
		if err := s.Storage.Delete(ctx, o.Key); err != nil {
			return files, err
		}
		files++
	}
	_, err = s.Storage.ForgetDead(ctx, tenantFolder(tenant), func(string) bool { return true })
	return files, err
}
