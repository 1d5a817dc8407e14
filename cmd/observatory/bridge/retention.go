package bridge

import (
	"context"
	"errors"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/privacy/retention"
	"github.com/observatory/observatory/tenants"
)

// CheckRetention is what the policies of ingest know of those of retention.
func CheckRetention(document []byte) error {
	_, err := retention.Parse(document)
	return err
}

// Policies are those that tenants have published. Errors: ingest.ErrNoSuchPolicy.
type Policies interface {
	Policy(ctx context.Context, tenant tenants.ID, kind ingest.PolicyKind) (ingest.Policy, error)
}

// Retention tells how long a tenant wants what to be kept.
func Retention(published Policies) retention.Policies { return keeping{published} }

type keeping struct{ published Policies }

// Retention implements retention.Policies.
func (k keeping) Retention(ctx context.Context, tenant tenants.ID) (document []byte, version int, err error) {
	policy, err := k.published.Policy(ctx, tenant, ingest.RetentionPolicy)
	if errors.Is(err, ingest.ErrNoSuchPolicy) {
		return []byte("{}"), 0, nil
	}
	return policy.Document, policy.Version, err
}
