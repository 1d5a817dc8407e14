package tenantspg_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// identityTables belong to no tenant: only observatory_system touches them, but for what is said here.
//
// A new table without tenant_id that observatory_app may touch has to be argued for in this list.
func identityTables() map[string]string {
	return map[string]string{
		"users": "SELECT", // of members, without the password hash: see TestTenantSeesItsMembersOnly
	}
}

type table struct {
	Name           string
	Enabled        bool
	Forced         bool
	TenantColumn   string   // tenant_id, or id for the table tenants; empty for what belongs to no tenant
	AppRights      []string // of observatory_app, on the table or on any column
	PoliciesOfApp  []string // what they let through
	PoliciesOfRest []string // names of roles other than the two, which must not have any
}

// tables reads the catalogue, so that a table which somebody adds later is tested as well.
func tables(t *testing.T, conn *pgx.Conn) []table {
	t.Helper()
	rows, err := conn.Query(t.Context(), `
		SELECT c.relname::text,
		       c.relrowsecurity,
		       c.relforcerowsecurity,
		       coalesce((SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped
		                 AND (a.attname = 'tenant_id' OR c.relname = 'tenants' AND a.attname = 'id')), ''),
		       ARRAY(SELECT p FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) p
		             WHERE has_table_privilege('observatory_app', c.oid, p)
		                OR p IN ('SELECT', 'INSERT', 'UPDATE') AND has_any_column_privilege('observatory_app', c.oid, p)),
		       ARRAY(SELECT expression FROM pg_policies p, unnest(ARRAY[p.qual, p.with_check]) expression
		             WHERE p.tablename = c.relname AND 'observatory_app' = ANY (p.roles) AND expression IS NOT NULL),
		       ARRAY(SELECT DISTINCT r::text FROM pg_policies p, unnest(p.roles) r
		             WHERE p.tablename = c.relname AND r NOT IN ('observatory_app', 'observatory_system', 'observatory_eraser'))
		FROM pg_class c
		WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND c.relname <> 'goose_db_version'
		ORDER BY c.relname`)
	require.NoError(t, err)
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[table])
	require.NoError(t, err)
	require.Greater(t, len(all), 8)
	return all
}

func TestEveryTableHasForcedRowSecurity(t *testing.T) {
	t.Parallel()
	conn := connect(t, testkit.Postgres(t))
	for _, tb := range tables(t, conn) {
		require.True(t, tb.Enabled && tb.Forced, "%s: ENABLE and FORCE ROW LEVEL SECURITY", tb.Name)
		require.Empty(t, tb.PoliciesOfRest, "%s: policies name one of the three roles", tb.Name)
		require.NotContains(t, tb.AppRights, "TRUNCATE", "%s: TRUNCATE knows no row security", tb.Name)
		if tb.TenantColumn == "" {
			require.Equal(t, identityTables()[tb.Name], strings.Join(tb.AppRights, ", "), "%s has no tenant_id: what may a tenant's request do with it?", tb.Name)
			continue
		}
		for _, p := range tb.PoliciesOfApp {
			require.Equal(t, "("+tb.TenantColumn+" = current_tenant())", p, "%s: a policy that is not about the tenant, or not only", tb.Name)
		}
	}
	var views int // a view shows what its owner sees, unless it says security_invoker
	require.NoError(t, conn.QueryRow(t.Context(), `
		SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm')
		AND NOT coalesce(reloptions @> '{security_invoker=true}', false) AND has_table_privilege('observatory_app', oid, 'SELECT')`).Scan(&views))
	require.Zero(t, views)
	var bypass bool
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT bool_or(rolsuper OR rolbypassrls) FROM pg_roles WHERE rolname LIKE 'observatory\\_%'").Scan(&bypass))
	require.False(t, bypass, "the roles are bound by policies")
}

// TestTenantsCannotTouchEachOther goes over every table that belongs to tenants. In each there are rows of Ada's and of
// Bob's; in Bob's transactions, and in those opened for no tenant, Ada's are neither seen nor changed.
func TestTenantsCannotTouchEachOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada, bob := w.populate(t, "ada@example.com"), w.populate(t, "bob@example.com")
	conn := connect(t, w.url)
	before := w.rowsOf(t, conn, ada)

	tested := 0
	for _, tb := range tables(t, conn) {
		if tb.TenantColumn == "" || len(tb.AppRights) == 0 {
			continue
		}
		name, column := pgx.Identifier{tb.Name}.Sanitize(), pgx.Identifier{tb.TenantColumn}.Sanitize()
		if before[tb.Name] == "" {
			if slices.Contains(populated(), tb.Name) {
				t.Errorf("%s has no rows of Ada's: populate it", tb.Name)
			}
			continue // of another domain, whose tests fill it; TestEveryTableHasForcedRowSecurity looks at its policies
		}
		tested++

		for who, tenant := range map[string]uuid.UUID{"bob": bob, "nobody": {}} {
			at := fmt.Sprintf("%s as %s", tb.Name, who)
			require.Zero(t, w.count(t, tenant, "SELECT count(*) FROM "+name+" WHERE "+column+" = $1", ada), at)
			if who == "nobody" {
				require.Zero(t, w.count(t, tenant, "SELECT count(*) FROM "+name+" WHERE $1::uuid IS NOT NULL", ada), at)
			}
			w.changesNothing(t, tenant, "DELETE FROM "+name+" WHERE "+column+" = $1", ada)
			for _, c := range w.columns(t, conn, tb.Name) {
				w.changesNothing(t, tenant, "UPDATE "+name+" SET "+c+" = "+c+" WHERE "+column+" = $1", ada)
				w.changesNothing(t, tenant, "UPDATE "+name+" SET "+c+" = "+c+" WHERE $1::uuid IS NULL OR "+column+" <> current_tenant()", ada)
			}
			w.changesNothing(t, tenant, "UPDATE "+name+" SET "+column+" = $1", ada) // a row of Bob's that is handed to Ada
			w.insertsNothing(t, conn, tenant, tb, ada)
		}
		require.Positive(t, w.count(t, bob, "SELECT count(*) FROM "+name+" WHERE $1::uuid IS NOT NULL", ada), "%s: bob sees his own", tb.Name)
	}
	require.GreaterOrEqual(t, tested, len(populated()))
	require.Equal(t, before, w.rowsOf(t, conn, ada), "not a byte of Ada's is different")
}

func TestTenantSeesItsMembersOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.populate(t, "ada@example.com")
	w.populate(t, "bob@example.com")
	var emails []string
	err := w.pool.WithTenant(t.Context(), ada, func(tx pgx.Tx) error {
		rows, err := tx.Query(t.Context(), "SELECT email FROM users")
		if err != nil {
			return err
		}
		emails, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	require.NoError(t, err)
	require.Equal(t, []string{"ada@example.com"}, emails)
	for _, sql := range []string{
		"SELECT password_hash FROM users", "UPDATE users SET name = 'x'", "DELETE FROM users", "INSERT INTO users SELECT * FROM users",
		"SELECT token_hash FROM invitations", "SELECT 1 FROM sessions", "SELECT 1 FROM links", "SELECT 1 FROM signing_keys", "SELECT 1 FROM mail_outbox",
		"DELETE FROM api_keys", "DELETE FROM sources", "DELETE FROM tenants", "UPDATE api_keys SET scopes = '{admin}'", "UPDATE api_keys SET tenant_id = tenant_id",
		"UPDATE members SET user_id = user_id", "UPDATE schemas SET text = text", "UPDATE schema_versions SET schema_id = schema_id", "DELETE FROM schema_registries",
		"UPDATE privacy_requests SET filed_at = now()", "DELETE FROM privacy_requests", "UPDATE privacy_moments SET text = ''", "DELETE FROM privacy_moments", "UPDATE privacy_subjects SET hash = hash",
	} {
		w.denied(t, ada, sql)
	}
	// Work across tenants reads what it needs and writes nothing that belongs to a tenant.
	for _, sql := range []string{
		"UPDATE tenants SET name = 'x'", "INSERT INTO members SELECT * FROM members", "UPDATE api_keys SET revoked_at = NULL", "DELETE FROM members",
		"UPDATE invitations SET accepted_at = now()", "SELECT 1 FROM sources", "SELECT 1 FROM audit_log", "SELECT 1 FROM schemas", "SELECT 1 FROM schema_versions", "UPDATE schema_registries SET revision = 1", "UPDATE users SET email = 'x'", "DELETE FROM users",
		"UPDATE signing_keys SET public_key = public_key", "DELETE FROM signing_keys",
		"SELECT note FROM privacy_requests", "UPDATE privacy_requests SET state = 'completed'", "SELECT 1 FROM privacy_subjects", "SELECT 1 FROM privacy_steps", "SELECT 1 FROM privacy_moments",
	} {
		err := w.pool.AcrossTenants(t.Context(), func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), sql)
			return err
		})
		require.ErrorContains(t, err, "permission denied", sql)
	}
}

// count runs a query with one number as its answer inside a tenant.
func (w *world) count(t *testing.T, tenant uuid.UUID, sql string, arg uuid.UUID) int {
	t.Helper()
	var n int
	err := w.inside(t.Context(), tenant, func(tx pgx.Tx) error { return tx.QueryRow(t.Context(), sql, arg).Scan(&n) })
	if isDenied(err) && strings.HasPrefix(sql, "SELECT") {
		t.Fatalf("%s: %v", sql, err)
	}
	require.NoError(t, err, sql)
	return n
}

// changesNothing runs a statement inside a tenant, which may be denied, and must not change a row.
func (w *world) changesNothing(t *testing.T, tenant uuid.UUID, sql string, arg uuid.UUID) {
	t.Helper()
	var n int64
	err := w.inside(t.Context(), tenant, func(tx pgx.Tx) error {
		tag, err := tx.Exec(t.Context(), sql, arg)
		n = tag.RowsAffected()
		return err
	})
	if err != nil {
		require.True(t, isDenied(err), "%s: %v", sql, err)
	}
	require.Zero(t, n, sql)
}

// insertsNothing tries to insert a copy of one of the victim's rows inside a tenant, which must be denied.
func (w *world) insertsNothing(t *testing.T, conn *pgx.Conn, tenant uuid.UUID, tb table, victim uuid.UUID) {
	t.Helper()
	name := pgx.Identifier{tb.Name}.Sanitize()
	tx, err := conn.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), "ALTER TABLE "+name+" NO FORCE ROW LEVEL SECURITY")
	require.NoError(t, err)
	var row string
	err = tx.QueryRow(t.Context(), "SELECT row_to_json(r)::text FROM "+name+" r WHERE "+pgx.Identifier{tb.TenantColumn}.Sanitize()+" = $1 LIMIT 1", victim).Scan(&row)
	require.NoError(t, err)
	require.NoError(t, tx.Rollback(t.Context()))

	err = w.inside(t.Context(), tenant, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), "INSERT INTO "+name+" OVERRIDING SYSTEM VALUE SELECT * FROM json_populate_record(NULL::"+name+", $1::json)", row)
		return err
	})
	require.True(t, isDenied(err), "%s: inserted as %s: %v", tb.Name, tenant, err)
}

func (w *world) denied(t *testing.T, tenant uuid.UUID, sql string) {
	t.Helper()
	err := w.inside(t.Context(), tenant, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), sql)
		return err
	})
	require.True(t, isDenied(err), "%s: %v", sql, err)
}

// inside is pg.Pool.WithTenant, and for the zero tenant a transaction that was opened for none.
func (w *world) inside(ctx context.Context, tenant uuid.UUID, fn func(pgx.Tx) error) error {
	if tenant != (uuid.UUID{}) {
		return w.pool.WithTenant(ctx, tenant, fn)
	}
	return w.pool.AcrossTenants(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL ROLE observatory_app"); err != nil {
			return err
		}
		return fn(tx)
	})
}

// isDenied tells a refusal of rights (or of a row by a policy, which has the same code) from other errors.
func isDenied(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.Code == "42501"
}
