package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

type redactedEvent struct {
	UserID     string         `json:"user_id"`
	Properties map[string]any `json:"properties"`
	Redactions []string       `json:"redactions"`
}

// TestSecretsOfRedaction publishes a policy, replaces the secret, and reveals what was tokenised before and after.
func TestSecretsOfRedaction(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	account := server.SignUp(t)
	owner := account.Session

	account.Session.Do(t, http.MethodPut, "/v1/policies/redaction", map[string]any{"base_version": 0, "document": map[string]any{"rules": []any{
		map[string]any{"name": "names", "path": "properties.name", "action": "tokenise"},
		map[string]any{"name": "mails", "detector": "email", "action": "hash"},
	}}}).Want(t, http.StatusOK)
	stored := func() (e redactedEvent) {
		id := uuid.NewString()
		account.Secret.Post(t, "/v1/events?wait=stored", map[string]any{
			"event": "greeted", "event_id": id, "user_id": "ada@example.com", "properties": map[string]any{"name": "Ada Lovelace", "mail": "ada@example.com"},
		}).Want(t, http.StatusOK)
		owner.Get(t, "/v1/events/"+id).Want(t, http.StatusOK).JSON(t, &e)
		return e
	}
	// Nodes follow within seconds.
	made := func(version int) (e redactedEvent) {
		testkit.Eventually(t, harness.Patience, func() error {
			if e = stored(); !strings.HasPrefix(fmt.Sprint(e.Properties["name"]), fmt.Sprintf("t%d_", version)) {
				return fmt.Errorf("the name is %v", e.Properties["name"])
			}
			return nil
		})
		return e
	}
	before := made(1)
	require.Equal(t, []string{"mails", "names"}, before.Redactions)
	require.Regexp(t, `^h1_[a-z2-7]{26}$`, before.UserID)
	require.Equal(t, before.UserID, before.Properties["mail"], "one text has one pseudonym")

	type versions struct {
		Versions []struct {
			Version   int
			CreatedAt string `json:"created_at"`
			CreatedBy string `json:"created_by"`
		}
	}
	require.Len(t, harness.As[versions](t, owner.Get(t, "/v1/redaction/secrets").Want(t, http.StatusOK)).Versions, 1)
	owner.Post(t, "/v1/redaction/secrets", nil).Want(t, http.StatusCreated)
	listed := harness.As[versions](t, owner.Get(t, "/v1/redaction/secrets").Want(t, http.StatusOK)).Versions
	require.Len(t, listed, 2)
	require.Equal(t, 2, listed[0].Version)
	require.NotEmpty(t, listed[0].CreatedAt)
	require.Equal(t, account.Email, listed[0].CreatedBy)

	after := made(2)
	require.NotEqual(t, before.UserID, after.UserID)

	reveal := map[string]any{"tokens": []any{before.Properties["name"], after.Properties["name"], before.UserID, "t9_aaaaaaaaaaaaaaaaaaaaaaaaaa"}}
	res := owner.Post(t, "/v1/redaction/reveal", reveal).Want(t, http.StatusOK)
	require.Equal(t, "no-store", res.Header.Get("Cache-Control"))
	values := harness.As[struct {
		Values []struct{ Value, Code string }
	}](t, res).Values
	require.Len(t, values, 4)
	require.Equal(t, "Ada Lovelace", values[0].Value)
	require.Equal(t, "Ada Lovelace", values[1].Value)
	require.Equal(t, "not_a_token", values[2].Code)
	require.Equal(t, "token_secret_unknown", values[3].Code)

	stranger := server.SignUp(t).Session
	theirs := harness.As[struct{ Values []struct{ Code string } }](t, stranger.Post(t, "/v1/redaction/reveal", reveal).Want(t, http.StatusOK)).Values
	require.Equal(t, "not_a_token", theirs[0].Code, "another organisation's secret is another one")

	key := server.WithKey(t, account.CreateKey(t, "secret", map[string]any{"scopes": []string{"schemas:write"}}).Token)
	key.Post(t, "/v1/redaction/reveal", reveal).WantProblem(t, http.StatusForbidden, "scope_missing")
	viewer := join(t, server, account, "viewer-"+uuid.NewString()+"@example.com", "viewer")
	viewer.Post(t, "/v1/redaction/reveal", reveal).WantProblem(t, http.StatusForbidden, "permission_denied")
	viewer.Post(t, "/v1/redaction/secrets", nil).WantProblem(t, http.StatusForbidden, "permission_denied")
	owner.Post(t, "/v1/redaction/reveal", map[string]any{"tokens": []string{}}).Want(t, http.StatusBadRequest)

	actions := map[string]int{}
	for _, entry := range auditLog(t, owner) {
		actions[entry.Action]++
		require.NotContains(t, fmt.Sprint(entry.Details), "Lovelace")
	}
	require.Equal(t, 1, actions["redaction_secret.rotated"])
	require.Equal(t, 1, actions["redaction.revealed"])
	require.NotContains(t, server.Logs.String(), "Lovelace")
}

// TestDetectors shows that what the API tells of detectors is what a policy may name.
func TestDetectors(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	owner := server.SignUp(t).Session
	detectors := harness.As[struct {
		Detectors []struct {
			Name              string
			Actions           []string
			Precision, Recall float64
		}
	}](t, owner.Get(t, "/v1/redaction/detectors").Want(t, http.StatusOK)).Detectors
	require.Greater(t, len(detectors), 10)
	var rules []any
	for _, d := range detectors {
		require.Greater(t, d.Precision, 0.8, d.Name)
		require.Greater(t, d.Recall, 0.8, d.Name)
		for _, action := range d.Actions {
			rules = append(rules, map[string]any{"name": fmt.Sprintf("r%d", len(rules)), "detector": d.Name, "action": action})
		}
	}
	owner.Do(t, http.MethodPut, "/v1/policies/redaction", map[string]any{"base_version": 0, "document": map[string]any{"rules": rules}}).Want(t, http.StatusOK)
	owner.Do(t, http.MethodPut, "/v1/policies/redaction", map[string]any{"base_version": 1, "document": map[string]any{"rules": []any{
		map[string]any{"name": "r", "key": "(", "action": "drop"},
	}}}).WantProblem(t, http.StatusBadRequest, "invalid_policy")
}
