package api_test

import (
	"net/http"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
	"github.com/observatory/observatory/tests/search"
)

// suppressions are the operations of the list of suppressions.
func (x subjects) suppressions() []operation {
	return []operation{
		{id: "listSuppressions", method: "GET", path: "/v1/privacy/suppressions", may: following, status: 200},
		{id: "lookUpSuppressions", method: "POST", path: "/v1/privacy/suppressions/lookup", body: map[string]any{"subjects": []any{map[string]any{"user_id": "u"}}}, may: answering, status: 200},
	}
}

// carryOut files a request and waits until it is completed.
func carryOut(t *testing.T, account harness.Account, kind string, subject map[string]any) {
	t.Helper()
	var filed struct{ ID, State string }
	account.Session.Post(t, "/v1/privacy/requests", map[string]any{"type": kind, "subjects": []any{subject}}).Want(t, http.StatusAccepted).JSON(t, &filed)
	testkit.Eventually(t, harness.Patience, func() error {
		account.Session.Get(t, "/v1/privacy/requests/"+filed.ID).Want(t, http.StatusOK).JSON(t, &filed)
		if filed.State != "completed" {
			return errNotYet(filed.State)
		}
		return nil
	})
}

type errNotYet string

func (e errNotYet) Error() string { return "the request is " + string(e) }

// lookUp tells the state of a user.
func lookUp(t *testing.T, account harness.Account, user string) string {
	t.Helper()
	var found struct {
		States []struct{ State string }
	}
	account.Session.Post(t, "/v1/privacy/suppressions/lookup", map[string]any{"subjects": []any{map[string]any{"user_id": user}}}).Want(t, http.StatusOK).JSON(t, &found)
	require.Len(t, found.States, 1)
	return found.States[0].State
}

// Events of somebody who is suppressed are accepted as ever, leave nothing on the disk, and are told of by the receipt and the ledger; those
// of somebody who is restricted are held, and stored once they are free.
func TestSuppression(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	account, other := server.SignUp(t), server.SignUp(t)
	require.Equal(t, "none", lookUp(t, account, "suppressed-ada-4711"))
	carryOut(t, account, "suppress", map[string]any{"user_id": "suppressed-ada-4711"})
	carryOut(t, account, "restrict", map[string]any{"user_id": "restricted-ben"})
	require.Equal(t, "suppressed", lookUp(t, account, "suppressed-ada-4711"))
	require.Equal(t, "restricted", lookUp(t, account, "restricted-ben"))
	require.Equal(t, "none", lookUp(t, other, "suppressed-ada-4711"))

	people := []harness.Event{
		{Name: "viewed", ID: "e-1", UserID: "suppressed-ada-4711"}, {Name: "viewed", ID: "e-2", UserID: "restricted-ben"}, {Name: "viewed", ID: "e-3", UserID: "cleo"},
	}
	receipt := account.Secret.Settled(t, account.Secret.Send(t, people...).Receipt)
	var statuses, codes []string
	for _, e := range receipt.Events {
		statuses, codes = append(statuses, e.Status), append(codes, e.Code)
	}
	require.Equal(t, []string{"suppressed", "held", "stored"}, statuses)
	require.Equal(t, []string{"suppressed", "restricted", ""}, codes)
	require.Equal(t, 1, account.Secret.Count(t, "viewed"))
	found, err := search.Below(filepath.Join(server.DataDir, "log"), "restricted-ben")
	require.NoError(t, err)
	require.NotEmpty(t, found, "this search finds things")
	found, err = search.Below(server.DataDir, "suppressed-ada-4711")
	require.NoError(t, err)
	require.Empty(t, found)
	require.Equal(t, 3, other.Secret.Settled(t, other.Secret.Send(t, people...).Receipt).Counts.Stored, "they are other people there")

	var page struct {
		Suppressions []struct {
			Kind, State string
			RequestID   string `json:"request_id"`
		}
		NextCursor *string `json:"next_cursor"`
	}
	account.Session.Get(t, "/v1/privacy/suppressions?limit=1").Want(t, http.StatusOK).JSON(t, &page)
	require.Equal(t, "restricted", page.Suppressions[0].State)
	require.NotNil(t, page.NextCursor)
	account.Session.Get(t, "/v1/privacy/suppressions?limit=100&cursor="+*page.NextCursor).Want(t, http.StatusOK).JSON(t, &page)
	require.NotEmpty(t, page.Suppressions)
	require.Equal(t, "suppressed", page.Suppressions[len(page.Suppressions)-1].State)
	account.Session.Get(t, "/v1/privacy/suppressions?state=none").Want(t, http.StatusOK).JSON(t, &page)
	require.Empty(t, page.Suppressions)
	account.Session.Get(t, "/v1/privacy/suppressions?cursor=nonsense").WantProblem(t, http.StatusBadRequest, "cursor_invalid")

	carryOut(t, account, "unsuppress", map[string]any{"user_id": "restricted-ben"})
	require.Equal(t, "none", lookUp(t, account, "restricted-ben"))
	require.Equal(t, "stored", account.Secret.Settled(t, receipt.ID).Events[1].Status)
	require.Equal(t, 2, account.Secret.Count(t, "viewed"))
	carryOut(t, account, "unsuppress", map[string]any{"user_id": "suppressed-ada-4711"})
	require.Equal(t, 1, account.Secret.Settled(t, account.Secret.Send(t, harness.Event{Name: "viewed", UserID: "suppressed-ada-4711"}).Receipt).Counts.Stored)
}
