package privacych_test

import (
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/copytest"
	"github.com/observatory/observatory/tenants"
)

func named(name string, value any) any { return clickhouse.Named(name, value) }

func TestEventsAreACopy(t *testing.T) {
	t.Parallel()
	h := openHouse(t)
	copytest.Run(t, copytest.House{
		Copy:   h.store.Events(),
		Settle: h.purge,
		Search: h.search,
		Put: func(t testing.TB, tenant tenants.ID, p privacy.Subjects, at time.Time) {
			t.Helper()
			h.put(t,
				event{tenant: tenant, user: p.UserIDs[0], anonymous: p.AnonymousIDs[0], receivedAt: at},
				event{tenant: tenant, anonymous: p.AnonymousIDs[0], receivedAt: at, time: at.AddDate(70, 0, 0)})
		},
	})
}
