package pipeline

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/contract"
	"github.com/observatory/observatory/ingest/enrich"
	"github.com/observatory/observatory/ingest/quarantine"
	"github.com/observatory/observatory/ingest/redact"
	"github.com/observatory/observatory/ingest/schema"
	"github.com/observatory/observatory/tenants"
)

// Rules are what one tenant's declarations come to. They never change.
type Rules struct {
	Contract  *contract.Contract
	Redactor  *redact.Redactor
	Enricher  *enrich.Enricher
	KeepDays  int
	redaction int // version of the redaction policy
	schemas   *tenantSchemas
}

// compiler makes rules of declarations.
type compiler struct {
	secret    []byte
	formats   map[schema.Type]schema.Format
	resources enrich.Resources
}

// rules compiles what a tenant declares, with its schemas; nil: those that it declares.
func (c *compiler) rules(d Declared, schemas *tenantSchemas) (*Rules, error) {
	if schemas == nil {
		schemas = newTenantSchemas(c.formats, d.Schemas, nil)
	}
	r := &Rules{schemas: schemas}
	for _, kind := range ingest.PolicyKinds() {
		p := ingest.Policy{Kind: kind, Document: c.defaultOf(kind)}
		for _, declared := range d.Policies {
			if declared.Kind == kind {
				p = declared
			}
		}
		if err := c.set(r, d, p); err != nil {
			return nil, fmt.Errorf("%s policy, version %d: %w", kind, p.Version, err)
		}
	}
	return r, nil
}

// set puts a policy into rules.
func (c *compiler) set(r *Rules, d Declared, p ingest.Policy) error {
	switch p.Kind {
	case ingest.ContractPolicy:
		policy, err := contract.Parse(p.Document)
		if err != nil {
			return err
		}
		r.Contract, err = contract.Compile(policy, r.schemas)
		return err
	case ingest.RedactionPolicy:
		policy, err := redact.Parse(p.Document)
		if err != nil {
			return err
		}
		secrets, err := redact.DeriveSecrets(c.secret, d.Tenant, d.Secrets)
		if err != nil {
			return err
		}
		r.redaction = p.Version
		r.Redactor, err = policy.Compile(secrets)
		return err
	case ingest.EnrichmentPolicy:
		policy, err := enrich.Parse(p.Document)
		if err != nil {
			return err
		}
		r.Enricher = policy.Compile(c.resources)
		return nil
	case ingest.QuarantinePolicy:
		policy, err := quarantine.Parse(p.Document)
		r.KeepDays = policy.KeepDays
		return err
	case ingest.RetentionPolicy:
		return nil // it is about what is stored
	default:
		return ingest.ErrNoSuchPolicy
	}
}

func (c *compiler) defaultOf(kind ingest.PolicyKind) json.RawMessage {
	var policy any
	switch kind {
	case ingest.ContractPolicy:
		policy = contract.Default()
	case ingest.RedactionPolicy:
		policy = redact.Default()
	case ingest.EnrichmentPolicy:
		policy = enrich.Default()
	case ingest.QuarantinePolicy:
		policy = quarantine.Default()
	case ingest.RetentionPolicy:
		policy = struct{}{} // everything is kept
	}
	document, err := json.Marshal(policy)
	if err != nil {
		panic(err) // constants of ours
	}
	return document
}

var _ ingest.PolicyRules = (*Rulebook)(nil)

// DefaultPolicy implements ingest.PolicyRules.
func (b *Rulebook) DefaultPolicy(kind ingest.PolicyKind) json.RawMessage {
	return b.compile.defaultOf(kind)
}

// CheckPolicy implements ingest.PolicyRules.
func (b *Rulebook) CheckPolicy(ctx context.Context, tenant tenants.ID, kind ingest.PolicyKind, document []byte) error {
	if kind == ingest.RetentionPolicy {
		return b.retention(document)
	}
	declared, err := b.feed.DeclaredBy(ctx, tenant)
	if err != nil {
		return err
	}
	r := &Rules{schemas: newTenantSchemas(b.compile.formats, declared.Schemas, nil)}
	if err := b.compile.set(r, declared, ingest.Policy{Kind: kind, Document: document}); err != nil {
		return err
	}
	if kind != ingest.ContractPolicy {
		return nil
	}
	policy, err := contract.Parse(document)
	if err != nil {
		return err
	}
	return contract.Check(policy, r.schemas)
}
