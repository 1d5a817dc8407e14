package api_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

// requests are privacy requests of a tenant: one that waits for approval, and two that may be called off or extended.
type requests struct{ waiting, cancelled, extended string }

func noRequests() requests {
	return requests{waiting: uuid.NewString(), cancelled: uuid.NewString(), extended: uuid.NewString()}
}

func (x requests) operations() []operation {
	const missing = "privacy_request_not_found"
	path := func(id string) string { return "/v1/privacy/requests/" + id }
	subjects := []any{map[string]any{"user_id": "leaver"}}
	until := time.Now().AddDate(0, 2, 0).UTC().Format(time.RFC3339)
	return []operation{
		{id: "previewPrivacyRequest", method: "POST", path: "/v1/privacy/preview", body: map[string]any{"subjects": subjects}, may: answering, status: 200},
		{id: "createPrivacyRequest", method: "POST", path: "/v1/privacy/requests", body: map[string]any{"type": "suppress", "subjects": subjects}, may: answering, status: 202},
		{id: "listPrivacyRequests", method: "GET", path: "/v1/privacy/requests?type=erase&state=verified", may: following, status: 200},
		{id: "listPrivacyRequests", method: "GET", path: "/v1/privacy/requests?cursor=" + x.waiting, may: following, status: 200},
		{id: "listPrivacyDeadlines", method: "GET", path: "/v1/privacy/deadlines", may: following, status: 200},
		{id: "getPrivacyRequest", method: "GET", path: path(x.waiting), may: following, status: 200, theirs: missing},
		{id: "listPrivacySubjects", method: "GET", path: path(x.waiting) + "/subjects", may: answering, status: 200, theirs: missing},
		{id: "extendPrivacyRequest", method: "POST", path: path(x.extended) + "/extend", body: map[string]any{"until": until, "reason": "Many copies."}, may: answering, status: 200, theirs: missing},
		{id: "approvePrivacyRequest", method: "POST", path: path(x.waiting) + "/approve", may: answering, status: 200, theirs: missing},
		{id: "cancelPrivacyRequest", method: "POST", path: path(x.cancelled) + "/cancel", may: answering, status: 200, theirs: missing},
	}
}

type privacyRequest struct {
	ID, Type, State, Deadline      string
	Resolved, Cancellable, Overdue bool
	NeedsApproval                  bool `json:"needs_approval"`
	Subjects                       int
	Error                          *string
	Copies                         []struct {
		Copy, State, Unit string
		Before, After     int
	}
	Timeline []struct{ State, Actor, Text string }
}

// seedRequests makes requests that wait for approval.
func seedRequests(t *testing.T, a harness.Account, marker string) (x requests) {
	t.Helper()
	for _, id := range []*string{&x.waiting, &x.cancelled, &x.extended} {
		*id = fileRequest(t, a, map[string]any{
			"type": "erase", "confirm": true, "note": "note-" + marker, "subjects": []any{map[string]any{"user_id": uuid.NewString() + marker}},
		})
	}
	awaitRequest(t, a, x.waiting, func(r privacyRequest) bool { return r.Resolved })
	return x
}

func fileRequest(t *testing.T, a harness.Account, body map[string]any) string {
	t.Helper()
	return harness.As[privacyRequest](t, a.Session.Post(t, "/v1/privacy/requests", body).Want(t, http.StatusAccepted)).ID
}

// awaitRequest waits until a request is as it should be.
func awaitRequest(t *testing.T, a harness.Account, id string, is func(privacyRequest) bool) (r privacyRequest) {
	t.Helper()
	testkit.Eventually(t, harness.Patience, func() error {
		res := a.Session.Get(t, "/v1/privacy/requests/"+id).Want(t, http.StatusOK)
		if r = harness.As[privacyRequest](t, res); !is(r) {
			return fmt.Errorf("%s", res.Body)
		}
		return nil
	})
	return r
}

// A request goes from filing to its end over the API: previewed, approved, carried out; then nobody is told any more whom it was about.
func TestPrivacyRequest(t *testing.T) {
	t.Parallel()
	server, _ := start(t, "--purge-every", "1s")
	a := server.SignUp(t)
	mine, other, further := "subject-"+uuid.NewString(), "other-"+uuid.NewString(), "further-"+uuid.NewString()
	a.Secret.Settled(t, a.Secret.Send(t, harness.Event{Name: "sale", UserID: further}).Receipt)
	for range 3 {
		a.Secret.Settled(t, a.Secret.Send(t, harness.Event{Name: "sale", UserID: mine}, harness.Event{Name: "sale", UserID: other}).Receipt)
	}
	subjects := []any{map[string]any{"user_id": mine}}
	type person struct {
		UserIDs []string `json:"user_ids"`
		Events  int
	}
	preview := harness.As[struct {
		People []person
		Copies []struct {
			Copy  string
			Items int
		}
	}](t, a.Session.Post(t, "/v1/privacy/preview", map[string]any{"subjects": subjects}).Want(t, http.StatusOK))
	isMine := func(people []person) {
		require.Len(t, people, 1)
		require.Contains(t, people[0].UserIDs, mine) // besides the forms that redaction may have made of it
		require.NotContains(t, people[0].UserIDs, other)
		require.Equal(t, 3, people[0].Events)
	}
	isMine(preview.People)
	require.Contains(t, preview.Copies, struct {
		Copy  string
		Items int
	}{"events", 3})

	file := func() string {
		return fileRequest(t, a, map[string]any{"type": "erase", "confirm": true, "subjects": subjects, "note": "Ticket 1"})
	}
	id := file()
	require.Equal(t, id, file(), "the same within a minute is the same request")
	r := awaitRequest(t, a, id, func(r privacyRequest) bool { return r.Resolved })
	require.True(t, r.NeedsApproval)
	found := harness.As[struct{ People []person }](t, a.Session.Get(t, "/v1/privacy/requests/"+id+"/subjects").Want(t, http.StatusOK)).People
	isMine(found)
	// Whoever approves may know more of them than what they were named by.
	more := map[string]any{"subjects": []any{map[string]any{"user_id": further}}}
	a.Session.Post(t, "/v1/privacy/requests/"+id+"/approve", map[string]any{"subjects": []any{map[string]any{}}}).WantProblem(t, http.StatusBadRequest, "subject_invalid")
	a.Session.Post(t, "/v1/privacy/requests/"+id+"/approve", more).Want(t, http.StatusOK)
	r = awaitRequest(t, a, id, func(r privacyRequest) bool { return r.Resolved })
	require.True(t, r.NeedsApproval)
	require.Equal(t, 2, r.Subjects)
	found = harness.As[struct{ People []person }](t, a.Session.Get(t, "/v1/privacy/requests/"+id+"/subjects").Want(t, http.StatusOK)).People
	isMine(found[:1])
	require.Contains(t, found[1].UserIDs, further)
	require.Equal(t, 7, a.Secret.Count(t, "sale"), "nothing has happened yet")

	a.Session.Post(t, "/v1/privacy/requests/"+id+"/approve", nil).Want(t, http.StatusOK)
	r = awaitRequest(t, a, id, func(r privacyRequest) bool { return r.State == "completed" })
	require.False(t, r.Cancellable)
	a.Session.Post(t, "/v1/privacy/requests/"+id+"/cancel", nil).WantProblem(t, http.StatusConflict, "privacy_request_begun")
	require.NotEmpty(t, r.Copies)
	require.Equal(t, "events", r.Copies[0].Copy)
	require.Equal(t, []int{4, 0}, []int{r.Copies[0].Before, r.Copies[0].After})
	for _, c := range r.Copies {
		require.Equal(t, "clear", c.State, c.Copy)
	}
	require.Equal(t, 3, a.Secret.Count(t, "sale"), "the other person's events stay")
	answer := a.Session.Get(t, "/v1/privacy/requests/"+id+"/subjects").Want(t, http.StatusOK)
	require.NotContains(t, string(answer.Body), mine)
	require.NotContains(t, string(a.Session.Get(t, "/v1/audit?limit=500").Want(t, http.StatusOK).Body), mine)
	a.Session.Get(t, "/v1/privacy/requests/"+id+"/certificate").Want(t, http.StatusOK)

	// Suppressed: what comes is not stored.
	late := a.Secret.Send(t, harness.Event{Name: "sale", UserID: mine}, harness.Event{Name: "sale", UserID: other})
	a.Secret.Settled(t, late.Receipt)
	require.Equal(t, 4, a.Secret.Count(t, "sale"))
}
