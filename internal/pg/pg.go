// Package pg connects to PostgreSQL, the control plane. Nothing is read or written but inside WithTenant,
// AcrossTenants or ErasingTenant, which put the transaction under row-level security, so that a query which forgets its tenant finds
// nothing rather than everything.
package pg

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	connectTimeout    = 3 * time.Second
	healthCheckPeriod = 5 * time.Second
	closeTimeout      = 500 * time.Millisecond
	pingTimeout       = time.Second // of a connection that has been idle, before it is used
)

// Options are the knobs of a pool; the zero value is good.
type Options struct {
	MaxConns int32           // 0 means 16
	Tracer   pgx.QueryTracer // may be nil
}

// Pool is a pool of connections to one database. It connects when it has to, and again after the server was away.
type Pool struct {
	pool *pgxpool.Pool
}

// Open makes a pool. It fails on a URL that makes no sense, but not when the server is away: see Ping.
func Open(ctx context.Context, url string, o Options) (*Pool, error) {
	c, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("parse the PostgreSQL URL: %w", err)
	}
	c.MaxConns = 16
	if o.MaxConns > 0 {
		c.MaxConns = o.MaxConns
	}
	c.HealthCheckPeriod = healthCheckPeriod
	c.PingTimeout = pingTimeout
	c.MaxConnLifetime = time.Hour
	c.MaxConnLifetimeJitter = 10 * time.Minute
	c.ConnConfig.ConnectTimeout = connectTimeout
	c.ConnConfig.Tracer = o.Tracer
	c.ConnConfig.RuntimeParams["application_name"] = "observatory"
	pool, err := pgxpool.NewWithConfig(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("open the PostgreSQL pool: %w", err)
	}
	return &Pool{pool: pool}, nil
}

// Close closes every connection, once it was given back. It waits half a second for that and no longer: of a server that hangs, pgx asks for
// 15 seconds to give up what was cut short. Such connections close by themselves.
func (p *Pool) Close() {
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		p.pool.Close()
	}()
	select {
	case <-closed:
	case <-time.After(closeTimeout):
	}
}

// Stat is what the pool is doing now, for metrics.
func (p *Pool) Stat() *pgxpool.Stat { return p.pool.Stat() }

// Reset lets go of every connection, so that the next use makes a new one. A network may forget connections without telling either end.
func (p *Pool) Reset() { p.pool.Reset() }

// Ping says whether the server answers; an Unavailable fault when it does not.
func (p *Pool) Ping(ctx context.Context) error { return Fault(p.pool.Ping(ctx)) }

// WithTenant runs fn in a transaction that sees the rows of one tenant only. It commits when fn returns nil and rolls
// back otherwise. What comes back has been through Fault.
func (p *Pool) WithTenant(ctx context.Context, tenantID uuid.UUID, fn func(tx pgx.Tx) error) error {
	return p.as(ctx, "observatory_app", tenantID.String(), fn)
}

// AcrossTenants runs fn in a transaction that sees what each table's policies show to work across tenants: signing in,
// looking up a key, housekeeping. It commits when fn returns nil and rolls back otherwise. What comes back has been
// through Fault.
func (p *Pool) AcrossTenants(ctx context.Context, fn func(tx pgx.Tx) error) error {
	return p.as(ctx, "observatory_system", "", fn)
}

// ErasingTenant runs fn in a transaction that may delete the rows of one tenant, for as long as that is being erased. It commits when fn returns
// nil and rolls back otherwise. What comes back has been through Fault.
func (p *Pool) ErasingTenant(ctx context.Context, tenantID uuid.UUID, fn func(tx pgx.Tx) error) error {
	return p.as(ctx, "observatory_eraser", tenantID.String(), fn)
}

// Alone runs fn while nobody else runs anything by that name, in whatever process, and waits for its turn. What comes back of PostgreSQL has been
// through Fault, and what comes back of fn is as it was.
func (p *Pool) Alone(ctx context.Context, name string, fn func() error) (err error) {
	conn, err := p.pool.Acquire(ctx)
	if err != nil {
		return Fault(err)
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock(hashtextextended($1, 0))", name); err != nil {
		return Fault(fmt.Errorf("wait for the turn of %s: %w", name, err))
	}
	defer func() {
		if _, gone := conn.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock(hashtextextended($1, 0))", name); gone != nil {
			err = errors.Join(err, conn.Conn().Close(context.WithoutCancel(ctx))) // with the connection goes the lock
		}
	}()
	return fn()
}

// as sets role and tenant for the length of one transaction. set_config with "true" is SET LOCAL that takes parameters.
func (p *Pool) as(ctx context.Context, role, tenant string, fn func(tx pgx.Tx) error) error {
	return Fault(pgx.BeginFunc(ctx, p.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT set_config('role', $1, true), set_config('app.tenant_id', $2, true)", role, tenant); err != nil {
			return fmt.Errorf("become %s: %w", role, err)
		}
		return fn(tx)
	}))
}
