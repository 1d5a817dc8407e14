package analyticspg

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/observatory/observatory/analytics/alert"
	"github.com/observatory/observatory/analytics/analyticspg/db"
	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/tenants"
)

// Alerts is an alert.Store.
type Alerts struct{ *Store }

// alertTx is an alert.Tx. Its methods are in the files alert_*.go, by subject.
type alertTx struct{ tx }

var (
	_ alert.Store = Alerts{}
	_ alert.Tx    = alertTx{}
)

// Alerts gives the store as the port of the package alert.
func (s *Store) Alerts() Alerts { return Alerts{s} }

// Within implements alert.Store.
func (s Alerts) Within(ctx context.Context, tenant tenants.ID, fn func(alert.Tx) error) error {
	return s.within(ctx, tenant, func(t tx) error { return fn(alertTx{t}) })
}

// Due implements alert.Store.
func (s Alerts) Due(ctx context.Context, now time.Time) (due []tenants.ID, err error) {
	err = s.pool.AcrossTenants(ctx, func(t pgx.Tx) error {
		ids, err := db.New(t).ListTenantsWithDueAlerts(ctx, now)
		due, err = pg.Each(ids, err, func(id uuid.UUID) tenants.ID { return tenants.ID(id) })
		return err
	})
	return due, err
}

// DeleteEvaluations implements alert.Store.
func (s Alerts) DeleteEvaluations(ctx context.Context, before time.Time) (n int64, err error) {
	err = s.pool.AcrossTenants(ctx, func(t pgx.Tx) error {
		n, err = db.New(t).DeleteAlertEvaluations(ctx, before)
		return err
	})
	return n, err
}

// Clock implements alert.Tx.
func (t alertTx) Clock(ctx context.Context) (time.Time, error) { return t.q.AlertClock(ctx) }

// Audit implements alert.Tx.
func (t alertTx) Audit(ctx context.Context, e tenants.AuditEntry) error { return t.audit(ctx, e) }

// lock makes others who lock the same thing of the tenant wait until the transaction ends.
func (t alertTx) lock(ctx context.Context, what string) error { return t.q.LockTenantFor(ctx, what) }
