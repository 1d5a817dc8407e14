package analyticsch

import (
	"context"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/tenants"
)

// Quarantined implements analytics.Store.
func (s *Store) Quarantined(ctx context.Context, tenant tenants.ID, event string, period analytics.Period) (analytics.Quarantined, error) {
	st, err := quarantined(tenant, event, period)
	if err != nil {
		return analytics.Quarantined{}, err
	}
	var events uint64
	cost, err := s.query(ctx, st, func(rows driver.Rows) error { return rows.Scan(&events) })
	return analytics.Quarantined{Events: int64(events), Cost: cost}, err
}

func quarantined(tenant tenants.ID, event string, period analytics.Period) (*statement, error) {
	s := newStatement(tenant)
	conditions := s.during("received_at", period)
	matching, err := s.matching(event, nil)
	s.sql = "SELECT count() AS events\n" + s.from(deadLettersTable, append(conditions, matching...)...)
	return s, err
}
