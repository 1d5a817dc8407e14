package tenants_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/tenants"
	"github.com/observatory/observatory/tenants/tenantspg"
)

func TestAuditPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, owner := w.signUp(t, "ada@example.com") // 5 entries
	other, _ := w.signUp(t, "bob@example.com")
	for i := range 6 {
		_, err := w.Sources.Rename(t.Context(), owner, made.Source.ID, fmt.Sprint("Name ", i))
		require.NoError(t, err)
	}
	var seen []int64
	cursor, pages := "", 0
	for {
		page, err := w.Audit.List(t.Context(), made.Tenant.ID, cursor, 4)
		require.NoError(t, err)
		for _, e := range page.Entries {
			seen = append(seen, e.Seq)
		}
		if pages++; page.Next == "" {
			break
		}
		cursor = page.Next
	}
	require.Equal(t, []int64{11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1}, seen)
	require.Equal(t, 3, pages)
	for _, bad := range []string{"x", "0", "-1", "99999999999999999999", "1 OR 1=1"} {
		_, err := w.Audit.List(t.Context(), made.Tenant.ID, bad, 4)
		require.ErrorIs(t, err, tenants.ErrCursorInvalid, bad)
	}
	page, err := w.Audit.List(t.Context(), other.Tenant.ID, "", -1)
	require.NoError(t, err)
	require.Len(t, page.Entries, 1)

	v, err := w.Audit.Verify(t.Context(), made.Tenant.ID)
	require.NoError(t, err)
	require.True(t, v.OK)
	require.EqualValues(t, 11, v.Entries)
	require.Zero(t, v.BrokenAt)
	page, err = w.Audit.List(t.Context(), made.Tenant.ID, "", 1)
	require.NoError(t, err)
	require.Equal(t, page.Entries[0].Hash, v.Head)
	empty, err := w.Audit.Verify(t.Context(), tenants.NewID())
	require.NoError(t, err)
	require.Equal(t, tenants.AuditVerification{OK: true}, empty)
}

func TestAuditChainUnderConcurrency(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, owner := w.signUp(t, "ada@example.com")
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 5 {
				if _, err := w.Sources.Create(t.Context(), owner, tenants.CreateSourceInput{Name: fmt.Sprint(g, i), Kind: tenants.SourceSensor}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	v, err := w.Audit.Verify(t.Context(), made.Tenant.ID)
	require.NoError(t, err)
	require.True(t, v.OK)
	require.EqualValues(t, 45, v.Entries)
}

// TestAuditFindsTampering does what somebody could who owns the database, one thing at a time.
func TestAuditFindsTampering(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, owner := w.signUp(t, "ada@example.com")
	_, err := w.Sources.Rename(t.Context(), owner, made.Source.ID, "Another name")
	require.NoError(t, err)
	other, _ := w.signUp(t, "bob@example.com")
	conn, err := pgx.Connect(t.Context(), w.URL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	exec := func(sql string, args ...any) {
		t.Helper()
		tag, err := conn.Exec(t.Context(), sql, args...)
		require.NoError(t, err, sql)
		require.True(t, len(args) == 0 || tag.RowsAffected() > 0, "%s touched nothing", sql)
	}
	exec("ALTER TABLE audit_log NO FORCE ROW LEVEL SECURITY, DISABLE TRIGGER audit_log_is_history, DROP CONSTRAINT audit_log_pkey")
	exec("CREATE TABLE backup AS SELECT * FROM audit_log")

	of := func(sql string) string { return strings.ReplaceAll(sql, "THIS", "tenant_id = $1") }
	for sql, brokenAt := range map[string]int64{
		"UPDATE audit_log SET at = at + interval '1 microsecond' WHERE THIS AND seq = 2":   2,
		"UPDATE audit_log SET actor_kind = 'system' WHERE THIS AND seq = 2":                2,
		"UPDATE audit_log SET actor_id = 'x' WHERE THIS AND seq = 2":                       2,
		"UPDATE audit_log SET actor_label = 'eve@example.com' WHERE THIS AND seq = 3":      3,
		"UPDATE audit_log SET action = 'api_key.updated' WHERE THIS AND seq = 4":           4,
		"UPDATE audit_log SET target = 'x' WHERE THIS AND seq = 1":                         1,
		"UPDATE audit_log SET correlation_id = '' WHERE THIS AND seq = 6":                  6,
		`UPDATE audit_log SET details = details || '{"more": "x"}' WHERE THIS AND seq = 6`: 6,
		"UPDATE audit_log SET details = details - 'name' WHERE THIS AND seq = 6":           6,
		"UPDATE audit_log SET details = '[]' WHERE THIS AND seq = 6":                       6,
		"UPDATE audit_log SET prev_hash = hash WHERE THIS AND seq = 4":                     4,
		"UPDATE audit_log SET hash = prev_hash WHERE THIS AND seq = 4":                     4,
		"DELETE FROM audit_log WHERE THIS AND seq = 3":                                     3,
		"DELETE FROM audit_log WHERE THIS AND seq < 6":                                     1,
		"UPDATE audit_log SET seq = seq + 1000 WHERE THIS AND seq = 6":                     6,
		"UPDATE audit_log SET seq = 9 - seq WHERE THIS AND seq IN (4, 5)":                  4,
		"INSERT INTO audit_log SELECT $1, 7, at, actor_kind, actor_id, actor_label, action, target, details, correlation_id, prev_hash, hash FROM audit_log WHERE THIS AND seq = 6": 7,
	} {
		exec(of(sql), made.Tenant.ID.String())
		v, err := w.Audit.Verify(t.Context(), made.Tenant.ID)
		require.NoError(t, err, sql)
		require.Equal(t, brokenAt, v.BrokenAt, sql)
		require.False(t, v.OK)
		require.Equal(t, brokenAt-1, v.Entries)
		w.verifyAudit(t, other.Tenant.ID)

		exec("DELETE FROM audit_log")
		exec("INSERT INTO audit_log SELECT * FROM backup")
		w.verifyAudit(t, made.Tenant.ID)
	}

	// A log cannot be passed off as another tenant's either.
	exec("DELETE FROM audit_log WHERE tenant_id = $1", other.Tenant.ID.String())
	exec("UPDATE audit_log SET tenant_id = $1", other.Tenant.ID.String())
	v, err := w.Audit.Verify(t.Context(), other.Tenant.ID)
	require.NoError(t, err)
	require.EqualValues(t, 1, v.BrokenAt)
}

// The database refuses to rewrite history even for its owner.
func TestAuditCannotBeRewritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, _ := w.signUp(t, "ada@example.com")
	conn, err := pgx.Connect(t.Context(), w.URL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	for _, sql := range []string{
		"UPDATE audit_log SET action = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log", "UPDATE audit_log SET action = 'x' WHERE false",
	} {
		_, err := conn.Exec(t.Context(), sql)
		require.ErrorContains(t, err, "is history", sql)
		err = w.Pool.WithTenant(t.Context(), [16]byte(made.Tenant.ID), func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), sql)
			return err
		})
		require.ErrorContains(t, err, "permission denied", sql)
	}
	w.verifyAudit(t, made.Tenant.ID)
}

func TestOtherDomainsAppendToTheAuditLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, _ := w.signUp(t, "ada@example.com")
	append := func(then error) error {
		return w.Pool.WithTenant(t.Context(), [16]byte(made.Tenant.ID), func(tx pgx.Tx) error {
			_, err := tenantspg.AppendAudit(t.Context(), tx, made.Tenant.ID, tenants.AuditEntry{
				At: w.Clock.Now(), Actor: tenants.Actor{Kind: tenants.ActorSystem, Label: "a\x00job"}, Action: "schema.published",
				Target: "schema:1", Details: tenants.Details{"name": "bad \xff bytes"}, CorrelationID: strings.Repeat("ü", 100),
			})
			if err != nil {
				return err
			}
			return then
		})
	}
	require.NoError(t, append(nil))
	require.ErrorIs(t, append(tenants.ErrNameInvalid), tenants.ErrNameInvalid)
	require.Equal(t, "schema.published", w.actions(t, made.Tenant.ID)[5])
	require.Len(t, w.actions(t, made.Tenant.ID), 6, "what was rolled back left no entry")
	w.verifyAudit(t, made.Tenant.ID)
}
