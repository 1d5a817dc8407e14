package pipeline

import (
	"github.com/observatory/observatory/ingest/redact"
	"github.com/observatory/observatory/tenants"
)

var _ redact.Redactors = (*Rulebook)(nil)

// Redactor implements redact.Redactors. Errors: ErrRulesNotLoaded, ErrRulesBroken.
func (b *Rulebook) Redactor(tenant tenants.ID) (*redact.Redactor, error) {
	r, err := b.Rules(tenant)
	if err != nil {
		return nil, err
	}
	return r.Redactor, nil
}
