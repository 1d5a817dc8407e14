package ingestch

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/tenants"
)

// InQuarantine counts the dead letters of a tenant that nobody has put right, and tells when the oldest of them was received; zero where
// there is none.
func (s *Store) InQuarantine(ctx context.Context, tenant tenants.ID) (letters int64, oldest time.Time, err error) {
	err = s.conn.QueryRow(ctx, `
		SELECT toInt64(count()), min(received_at)
		FROM dead_letters
		WHERE tenant_id = {tenant:UUID} AND expires_at > now()
			AND (receipt_id, receipt_index) NOT IN (SELECT receipt_id, receipt_index FROM repairs WHERE tenant_id = {tenant:UUID})`,
		clickhouse.Named("tenant", tenant.String())).Scan(&letters, &oldest)
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("count what is in quarantine: %w", ch.Fault(err))
	}
	if letters == 0 {
		return 0, time.Time{}, nil
	}
	return letters, oldest, nil
}
