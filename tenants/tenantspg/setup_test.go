package tenantspg_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/pg"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tenants"
	"github.com/observatory/observatory/tenants/tenantspg"
)

type world struct {
	*tenants.Services
	store *tenantspg.Store
	pool  *pg.Pool
	url   string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{url: testkit.Postgres(t)}
	var err error
	w.pool, err = pg.Open(t.Context(), w.url, pg.Options{})
	require.NoError(t, err)
	t.Cleanup(w.pool.Close)
	w.store = tenantspg.New(w.pool, testkit.Logger(t))
	w.Services, err = tenants.New(
		tenants.Config{
			PublicURL: &url.URL{Scheme: "https", Host: "observatory.example"},
			SecretKey: make([]byte, tenants.SecretKeyLength),
			Passwords: tenants.PasswordConfig{MemoryKiB: 64, Passes: 1},
		},
		tenants.Deps{Store: w.store, Mailer: noMail{}, Log: testkit.Logger(t), Now: time.Now},
	)
	require.NoError(t, err)
	require.NoError(t, w.SigningKeys.Ensure(t.Context()))
	return w
}

type noMail struct{}

func (noMail) Send(context.Context, tenants.Message) error { return nil }

func (w *world) signUp(t *testing.T, email string) tenants.SignedUp {
	t.Helper()
	made, err := w.Accounts.SignUp(t.Context(), tenants.SignUpInput{Email: email, Password: "correct horse battery", Organisation: "Acme"})
	require.NoError(t, err)
	return made
}

// populated are the tables that populate puts rows of a tenant into.
func populated() []string {
	return []string{
		"api_keys", "audit_log", "invitations", "members", "sources", "tenants",
		"schema_config", "schema_references", "schema_registries", "schema_versions", "schemas",
		"privacy_moments", "privacy_requests", "privacy_steps", "privacy_subjects",
	}
}

// populate makes a tenant with rows in every table that tenants own.
func (w *world) populate(t *testing.T, owner string) uuid.UUID {
	t.Helper()
	made := w.signUp(t, owner)
	p, err := made.Session.Principal()
	require.NoError(t, err)
	_, err = w.Members.Invite(t.Context(), tenants.By{Principal: p}, tenants.InviteInput{Email: "guest-of-" + owner, Role: tenants.RoleViewer})
	require.NoError(t, err)
	w.populateSchemas(t, uuid.UUID(made.Tenant.ID))
	w.populatePrivacy(t, uuid.UUID(made.Tenant.ID))
	return uuid.UUID(made.Tenant.ID)
}

// populateSchemas puts a schema that refers to itself into a tenant's registry, whose own domain is not known here.
func (w *world) populateSchemas(t *testing.T, tenant uuid.UUID) {
	t.Helper()
	require.NoError(t, w.pool.WithTenant(t.Context(), tenant, func(tx pgx.Tx) error {
		for _, sql := range []string{
			"INSERT INTO schema_registries (tenant_id, revision, changed_xid) VALUES (current_tenant(), 1, 0)",
			"INSERT INTO schema_config (tenant_id, subject, compatibility) VALUES (current_tenant(), 'order', 'FULL')",
			`INSERT INTO schemas (tenant_id, uuid, type, text, digest, fingerprint, created_at)
				VALUES (current_tenant(), gen_random_uuid(), 'AVRO', '"string"', sha256('digest'), sha256('fingerprint'), now())`,
			"INSERT INTO schema_versions (tenant_id, subject, version, schema_id, created_at, created_by) SELECT tenant_id, 'order', 1, id, now(), 'ada' FROM schemas",
			"INSERT INTO schema_references (tenant_id, schema_id, position, name, subject, version) SELECT tenant_id, id, 0, 'order', 'order', 1 FROM schemas",
		} {
			if _, err := tx.Exec(t.Context(), sql); err != nil {
				return err
			}
		}
		return nil
	}))
}

// populatePrivacy puts a request about a person into a tenant, whose own domain is not known here.
func (w *world) populatePrivacy(t *testing.T, tenant uuid.UUID) {
	t.Helper()
	require.NoError(t, w.pool.WithTenant(t.Context(), tenant, func(tx pgx.Tx) error {
		for _, sql := range []string{
			`INSERT INTO privacy_requests (id, tenant_id, type, state, note, stay, subjects, origin, filed_at, filed_by_kind, filed_by_id, filed_by, body, deadline_at, changed_at)
				VALUES (gen_random_uuid(), current_tenant(), 'erase', 'verified', '', true, 1, 'member', now(), 'user', '', 'ada', substr(sha256('body'), 1, 16), now(), now())`,
			"INSERT INTO privacy_subjects (tenant_id, request_id, number, hash, sealed) SELECT tenant_id, id, 0, substr(sha256('hash'), 1, 16), 'sealed' FROM privacy_requests",
			"INSERT INTO privacy_steps (tenant_id, request_id, number, copy, state) SELECT tenant_id, id, 0, 'events', 'waiting' FROM privacy_requests",
			"INSERT INTO privacy_moments (id, tenant_id, request_id, at, state, actor, text) SELECT gen_random_uuid(), tenant_id, id, now(), 'verified', '', '' FROM privacy_requests",
		} {
			if _, err := tx.Exec(t.Context(), sql); err != nil {
				return err
			}
		}
		return nil
	}))
}

// rowsOf are all rows of a tenant by table, as text, seen by the owner of the database.
func (w *world) rowsOf(t *testing.T, conn *pgx.Conn, tenant uuid.UUID) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, tb := range tables(t, conn) {
		if tb.TenantColumn == "" {
			continue
		}
		name := pgx.Identifier{tb.Name}.Sanitize()
		tx, err := conn.Begin(t.Context())
		require.NoError(t, err)
		_, err = tx.Exec(t.Context(), "ALTER TABLE "+name+" NO FORCE ROW LEVEL SECURITY")
		require.NoError(t, err)
		rows, err := tx.Query(t.Context(), "SELECT r::text FROM "+name+" r WHERE "+pgx.Identifier{tb.TenantColumn}.Sanitize()+" = $1 ORDER BY 1", tenant)
		require.NoError(t, err)
		texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		require.NoError(t, tx.Rollback(t.Context()))
		all[tb.Name] = strings.Join(texts, "\n")
	}
	return all
}

func (w *world) columns(t *testing.T, conn *pgx.Conn, table string) []string {
	t.Helper()
	rows, err := conn.Query(t.Context(), `
		SELECT quote_ident(attname) FROM pg_attribute
		WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND attidentity = '' AND attgenerated = ''`, table)
	require.NoError(t, err)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return names
}

func connect(t *testing.T, address string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}
