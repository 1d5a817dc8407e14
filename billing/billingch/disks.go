package billingch

import (
	"context"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"

	"github.com/observatory/observatory/billing"
	"github.com/observatory/observatory/billing/cost"
	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/tenants"
)

// Disks is a cost.Disks: of the server that it is connected to.
type Disks struct{ conn driver.Conn }

var _ cost.Disks = Disks{}

// NewDisks makes a Disks.
func NewDisks(conn driver.Conn) Disks { return Disks{conn: conn} }

// Tables implements cost.Disks. It finds every table that has rows of tenants, whichever migration makes it.
func (d Disks) Tables(ctx context.Context) ([]cost.Table, error) {
	rows, err := d.conn.Query(ctx, `
		SELECT table, toInt64(sum(bytes_on_disk)) FROM system.parts
		WHERE database = currentDatabase() AND active
			AND table IN (SELECT table FROM system.columns WHERE database = currentDatabase() AND name = 'tenant_id' AND type = 'UUID')
		GROUP BY table ORDER BY table`)
	if err != nil {
		return nil, ch.Fault(err)
	}
	names := []string{}
	var all []cost.Table
	for rows.Next() {
		var name string
		t := cost.Table{Resource: billing.EventBytes, Rows: map[tenants.ID]int64{}}
		if err := rows.Scan(&name, &t.Bytes); err != nil {
			return nil, ch.Fault(err)
		}
		switch name {
		case "events":
			t.Events = true
		case "held_events":
			t.Resource = billing.HeldBytes
		case "dead_letters":
			t.Resource = billing.RejectedBytes
		}
		names, all = append(names, name), append(all, t)
	}
	if err := rows.Close(); err != nil {
		return nil, ch.Fault(err)
	}
	for i, name := range names {
		if err := d.count(ctx, name, all[i].Rows); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// count counts the rows of a table as they lie on disk, those of older versions too.
func (d Disks) count(ctx context.Context, table string, into map[tenants.ID]int64) (err error) {
	quoted := "`" + strings.NewReplacer("\\", "\\\\", "`", "\\`").Replace(table) + "`"
	rows, err := d.conn.Query(patient(ctx), "SELECT tenant_id, toInt64(count()) FROM "+quoted+" GROUP BY tenant_id")
	if err != nil {
		return ch.Fault(err)
	}
	for rows.Next() {
		var tenant uuid.UUID
		var n int64
		if err := rows.Scan(&tenant, &n); err != nil {
			return ch.Fault(err)
		}
		into[tenants.ID(tenant)] = n
	}
	if err := rows.Err(); err != nil {
		return ch.Fault(err)
	}
	return ch.Fault(rows.Close())
}
