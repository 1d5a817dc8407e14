package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/tests/harness"
)

type auditEntry struct {
	Seq            int
	Action, Target string
	Actor          struct{ Kind, ID, Label string }
	Details        map[string]any
	CorrelationID  string `json:"correlation_id"`
	Hash           string
}

// auditLog reads the whole log, oldest entry first, page by page.
func auditLog(t *testing.T, as *harness.Caller) []auditEntry {
	t.Helper()
	var all []auditEntry
	for cursor := ""; ; {
		page := harness.As[struct {
			Entries []auditEntry
			Next    string `json:"next_cursor"`
		}](t, as.Get(t, "/v1/audit?limit=3&cursor="+cursor).Want(t, http.StatusOK))
		all = append(all, page.Entries...)
		if cursor = page.Next; cursor == "" {
			slices.Reverse(all)
			return all
		}
	}
}

type verification struct {
	OK       bool
	Entries  int
	Head     string
	BrokenAt *int `json:"broken_at"`
}

// TestAudit makes every kind of change and finds each in the log, with who, what and under which correlation ID; then somebody
// with the database changes an entry, which shows.
func TestAudit(t *testing.T) {
	t.Parallel()
	engines := harness.SharedEngines(t)
	server := harness.Start(t, harness.Config{Engines: engines, Transport: newContract(t)})
	account := server.SignUp(t)
	owner := account.Session
	change := func(as *harness.Caller, method, path string, body any) string {
		id := "audit-" + uuid.NewString()
		res := as.Do(t, method, path, body, "X-Correlation-ID", id)
		require.Less(t, res.StatusCode, 300, "%s %s: %s", method, path, res.Body)
		var made struct {
			ID  string
			Key struct{ ID string }
		}
		if len(res.Body) > 0 {
			res.JSON(t, &made)
		}
		entries := auditLog(t, owner)
		require.Equal(t, id, entries[len(entries)-1].CorrelationID, "%s %s", method, path)
		return made.ID + made.Key.ID
	}
	change(owner, "PATCH", "/v1/tenant", map[string]string{"name": "Renamed", "timezone": "Asia/Tokyo"})
	source := change(owner, "POST", "/v1/sources", map[string]string{"name": "App", "kind": "app"})
	change(owner, "PATCH", "/v1/sources/"+source, map[string]string{"name": "Our app"})
	key := change(owner, "POST", "/v1/keys", map[string]any{"source_id": source, "kind": "secret", "name": "Key"})
	change(owner, "PATCH", "/v1/keys/"+key, map[string]string{"name": "Our key"})
	key = change(owner, "POST", "/v1/keys/"+key+"/rotate", map[string]int{"grace_seconds": 0})
	change(owner, "DELETE", "/v1/keys/"+key, nil)
	change(owner, "DELETE", "/v1/sources/"+source, nil)
	invitation := change(owner, "POST", "/v1/invitations", map[string]string{"email": "guest@example.com", "role": "viewer"})
	change(owner, "DELETE", "/v1/invitations/"+invitation, nil)
	member := join(t, server, account, "member-"+uuid.NewString()+"@example.com", "viewer")
	user := harness.As[struct{ User struct{ ID string } }](t, member.Get(t, "/v1/me")).User.ID
	change(owner, "PATCH", "/v1/members/"+user, map[string]string{"role": "admin"})
	change(member, "POST", "/v1/sources", map[string]string{"name": "By a member", "kind": "site"})
	admin := account.CreateKey(t, "secret", map[string]any{"scopes": []string{"admin"}})
	change(server.WithKey(t, admin.Token), "POST", "/v1/sources", map[string]string{"name": "By a key", "kind": "site"})
	change(owner, "DELETE", "/v1/members/"+user, nil)

	entries := auditLog(t, owner)
	actions, actors := map[string]bool{}, map[string]bool{}
	for i, e := range entries {
		require.Equal(t, i+1, e.Seq, "the log has gaps")
		require.Regexp(t, "^[0-9a-f]{64}$", e.Hash)
		actions[e.Action], actors[e.Actor.Kind] = true, true
		require.NotContains(t, fmt.Sprint(e), account.Keys.Secret, "a token stands in the log")
		require.NotContains(t, fmt.Sprint(e), harness.Password)
	}
	for _, action := range []string{
		"tenant.created", "tenant.updated", "member.joined", "member.role_changed", "member.removed", "source.created", "source.renamed", "source.archived",
		"api_key.created", "api_key.updated", "api_key.rotated", "api_key.revoked", "invitation.created", "invitation.withdrawn", "invitation.accepted",
	} {
		require.True(t, actions[action], "%s is not in the log: %v", action, actions)
	}
	require.Equal(t, map[string]bool{"user": true, "api_key": true}, actors)

	verify := func() verification {
		return harness.As[verification](t, owner.Get(t, "/v1/audit/verification").Want(t, http.StatusOK))
	}
	require.Equal(t, verification{OK: true, Entries: len(entries), Head: entries[len(entries)-1].Hash}, verify())
	out, status := server.Run(t, "audit", "verify")
	require.Zero(t, status, out)
	require.Contains(t, out, entries[len(entries)-1].Hash)

	tamper(t, engines.Postgres, account.Tenant.ID, 5)
	broken := verify()
	require.False(t, broken.OK)
	require.Equal(t, 5, *broken.BrokenAt)
	out, status = server.Run(t, "audit", "verify")
	require.Equal(t, 1, status, out)
	require.Contains(t, out, "BROKEN  at entry 5")
}

// tamper changes what an entry says, as somebody could who has the database.
func tamper(t *testing.T, postgres, tenant string, seq int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), postgres)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	for _, statement := range []string{"ALTER TABLE audit_log DISABLE TRIGGER USER", "ALTER TABLE audit_log NO FORCE ROW LEVEL SECURITY"} {
		_, err = conn.Exec(t.Context(), statement)
		require.NoError(t, err)
	}
	tag, err := conn.Exec(t.Context(), "UPDATE audit_log SET action = 'nothing.happened' WHERE tenant_id = $1 AND seq = $2", tenant, seq)
	require.NoError(t, err)
	require.EqualValues(t, 1, tag.RowsAffected())
}
