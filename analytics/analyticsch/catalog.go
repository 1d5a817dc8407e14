package analyticsch

import (
	"context"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/observatory/observatory/analytics"
	"github.com/observatory/observatory/tenants"
)

// Catalog implements analytics.Store.
func (s *Store) Catalog(ctx context.Context, tenant tenants.ID, period analytics.Period) (analytics.Catalog, error) {
	catalog := analytics.Catalog{Events: []analytics.CatalogEvent{}}
	var names []string
	at := map[string]int{}
	_, err := s.query(ctx, listNames(tenant, period), func(rows driver.Rows) error {
		var r nameRow
		if err := rows.ScanStruct(&r); err != nil {
			return err
		}
		at[r.Name] = len(names)
		names = append(names, r.Name)
		catalog.Events = append(catalog.Events, r.event())
		return nil
	})
	if err != nil || len(names) == 0 {
		return catalog, err
	}
	_, err = s.query(ctx, listProperties(tenant, period, names), func(rows driver.Rows) error {
		var r propertyRow
		if err := rows.ScanStruct(&r); err != nil {
			return err
		}
		e := &catalog.Events[at[r.Event]]
		e.Properties = append(e.Properties, r.property())
		return nil
	})
	return catalog, err
}
