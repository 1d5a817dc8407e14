package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// PolicyKind is what a policy is about. A tenant has one of each kind in force.
type PolicyKind string

// The kinds. Each is a document that its package reads.
const (
	ContractPolicy   PolicyKind = "contract"   // which schema each event conforms to, and what becomes of those that do not
	RedactionPolicy  PolicyKind = "redaction"  // what must never be stored
	EnrichmentPolicy PolicyKind = "enrichment" // what is found out about events
	QuarantinePolicy PolicyKind = "quarantine" // how long rejected events are kept
	RetentionPolicy  PolicyKind = "retention"  // how long events and single properties are kept; another domain applies it
)

// PolicyKinds are all kinds.
func PolicyKinds() []PolicyKind {
	return []PolicyKind{ContractPolicy, RedactionPolicy, EnrichmentPolicy, QuarantinePolicy, RetentionPolicy}
}

// permission is what publishing takes. A retention policy removes events that are there.
func (k PolicyKind) permission() tenants.Permission {
	if k == RetentionPolicy {
		return tenants.ManagePrivacy
	}
	return tenants.ManageData
}

// Policy is one version of a tenant's policy of a kind. The one with the highest version is in force.
type Policy struct {
	Kind      PolicyKind
	Version   int             // from 1; 0: the default policy, which is in force until a tenant publishes another
	Document  json.RawMessage // a JSON object
	Note      string          // why it was published
	CreatedAt time.Time
	CreatedBy string
}

// Limits of policies.
const (
	MaxPolicyBytes     = 256 << 10
	MaxPolicyNote      = 500 // characters
	listedPolicyChange = 200
)

// The faults of policies.
var (
	ErrNoSuchPolicy  = fault.New(fault.NotFound, "policy_not_found", "There is no policy of this kind or version. The kinds are contract, redaction, enrichment, quarantine and retention.")
	ErrPolicyChanged = fault.New(fault.Conflict, "policy_changed", "The policy was changed meanwhile. Look at the newest version, and publish yours upon that one.")
)

// PolicyStore keeps policies.
type PolicyStore interface {
	// Policy finds the newest version; ErrNoSuchPolicy when the tenant has published none.
	Policy(ctx context.Context, tenant tenants.ID, kind PolicyKind) (Policy, error)
	// PolicyVersions lists versions, newest first.
	PolicyVersions(ctx context.Context, tenant tenants.ID, kind PolicyKind, limit int) ([]Policy, error)
	// AddPolicy stores a version and its audit entry; ErrPolicyChanged when there is such a version.
	AddPolicy(ctx context.Context, tenant tenants.ID, p Policy, entry tenants.AuditEntry) error
}

// PolicyRules knows what documents mean.
type PolicyRules interface {
	// DefaultPolicy is the document of the default policy.
	DefaultPolicy(kind PolicyKind) json.RawMessage
	// CheckPolicy refuses a document that makes no sense for the tenant: a fault of kind Invalid that says where and what to do.
	CheckPolicy(ctx context.Context, tenant tenants.ID, kind PolicyKind, document []byte) error
}

// Policies are what tenants declare about their events.
type Policies struct {
	store PolicyStore
	rules PolicyRules
	now   func() time.Time
}

// NewPolicies makes the service.
func NewPolicies(store PolicyStore, rules PolicyRules, now func() time.Time) *Policies {
	return &Policies{store: store, rules: rules, now: now}
}

// ParsePolicyKind reads a kind. Errors: ErrNoSuchPolicy.
func ParsePolicyKind(text string) (PolicyKind, error) {
	for _, k := range PolicyKinds() {
		if string(k) == text {
			return k, nil
		}
	}
	return "", ErrNoSuchPolicy
}

// Newest is the policy in force: the newest version, or the default one.
func (p *Policies) Newest(ctx context.Context, tenant tenants.ID, kind PolicyKind) (Policy, error) {
	newest, err := p.store.Policy(ctx, tenant, kind)
	if errors.Is(err, ErrNoSuchPolicy) {
		return p.Default(kind), nil
	}
	return newest, err
}

// Default is what is in force until a first version is published: version 0.
func (p *Policies) Default(kind PolicyKind) Policy {
	return Policy{Kind: kind, Document: p.rules.DefaultPolicy(kind)}
}

// Versions lists the versions that were published, newest first, 200 at most.
func (p *Policies) Versions(ctx context.Context, tenant tenants.ID, kind PolicyKind) ([]Policy, error) {
	return p.store.PolicyVersions(ctx, tenant, kind, listedPolicyChange)
}

// PublishInput is a new version of a policy.
type PublishInput struct {
	Kind     PolicyKind
	Document json.RawMessage
	Note     string
	Base     int // the version that it was made from; 0: the default one
}

// Validate refuses what no policy may be. Errors: invalid_policy.
func (in PublishInput) Validate() error {
	switch {
	case len(in.Document) > MaxPolicyBytes:
		return fault.New(fault.Invalid, "invalid_policy", "The document has %d bytes; %d are allowed.", len(in.Document), MaxPolicyBytes)
	case utf8.RuneCountInString(in.Note) > MaxPolicyNote:
		return fault.New(fault.Invalid, "invalid_policy", "The note has more than %d characters.", MaxPolicyNote)
	case in.Base < 0:
		return ErrPolicyChanged
	}
	return nil
}

// Publish puts a version into force, on every node within 5 s. Errors: invalid_policy, ErrPolicyChanged, ErrPermissionDenied.
func (p *Policies) Publish(ctx context.Context, by tenants.By, in PublishInput) (Policy, error) {
	tenant := by.Principal.Tenant
	if err := by.Principal.Require(in.Kind.permission()); err != nil {
		return Policy{}, err
	}
	if err := in.Validate(); err != nil {
		return Policy{}, err
	}
	if err := p.rules.CheckPolicy(ctx, tenant, in.Kind, in.Document); err != nil {
		return Policy{}, err
	}
	newest, err := p.Newest(ctx, tenant, in.Kind)
	if err != nil {
		return Policy{}, err
	}
	if newest.Version != in.Base {
		return Policy{}, ErrPolicyChanged
	}
	next := Policy{
		Kind: in.Kind, Version: in.Base + 1, Document: in.Document, Note: in.Note,
		CreatedAt: p.now().UTC().Truncate(time.Microsecond), CreatedBy: by.Principal.Actor.Label,
	}
	err = p.store.AddPolicy(ctx, tenant, next, tenants.AuditEntry{
		At: next.CreatedAt, Actor: by.Principal.Actor, Action: "policy.published", Target: "policy:" + string(in.Kind),
		Details: tenants.Details{"version": strconv.Itoa(next.Version), "note": in.Note}, CorrelationID: by.CorrelationID,
	})
	if err != nil {
		return Policy{}, fmt.Errorf("publish policy: %w", err)
	}
	return next, nil
}
