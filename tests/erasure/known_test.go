package erasure_test

import (
	"context"
	"sync"

	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/resolve"
	"github.com/observatory/observatory/tenants"
)

// known is what analytics knows of people, for those who say that they look.
type known struct {
	resolve.People
	looking *sync.RWMutex
}

func (k known) Kin(ctx context.Context, tenant tenants.ID, ids []string) ([]resolve.Kin, error) {
	k.looking.RLock()
	defer k.looking.RUnlock()
	return k.People.Kin(ctx, tenant, ids)
}

func (k known) Carriers(ctx context.Context, tenant tenants.ID, values []privacy.Identifier) ([]resolve.Carrier, error) {
	k.looking.RLock()
	defer k.looking.RUnlock()
	return k.People.Carriers(ctx, tenant, values)
}
