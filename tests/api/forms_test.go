package api_test

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/tests/harness"
)

// forms are what a tenant has for people who file requests about themselves, and what it has been asked for.
type forms struct{ token, link, regulation string }

func noForms() forms {
	return forms{token: "nobodysnobodysnobodysn", link: "nobody's", regulation: uuid.NewString()}
}

func (x forms) operations() []operation {
	filed := map[string]any{"regulationType": "SUPPRESS_ONLY", "subjectType": "USER_ID", "subjectIds": []string{"leaver"}}
	path := "/v1/segment/regulations/" + x.regulation
	return []operation{
		{id: "getPrivacyForm", method: "GET", path: "/v1/privacy/form", may: answering, status: 200},
		{id: "getPublicForm", method: "GET", path: "/v1/privacy/forms/" + x.token, may: anybody, status: 200},
		{id: "fileByForm", method: "POST", path: "/v1/privacy/forms/" + x.token + "/filings", body: map[string]any{"type": "erase", "email": "leaver@example.com"}, may: anybody, status: 202},
		{id: "confirmFiling", method: "POST", path: "/v1/privacy/filings/confirm", body: map[string]any{"token": x.link}, may: anybody, status: 200},
		{id: "putPrivacyForm", method: "PUT", path: "/v1/privacy/form", body: map[string]any{"enabled": true, "types": []string{"erase"}}, may: answering, status: 200},
		{id: "createRegulation", method: "POST", path: "/v1/segment/regulations", body: filed, may: answering, status: 200},
		{id: "listRegulations", method: "GET", path: "/v1/segment/regulations?pagination[count]=10", may: answering, status: 200},
		{id: "getRegulation", method: "GET", path: path, may: answering, status: 200, theirs: "privacy_request_not_found"},
		{id: "deleteRegulation", method: "DELETE", path: path, may: answering, status: 200, theirs: "privacy_request_not_found"},
	}
}

// seedForms opens a form, by which somebody files, and makes a request that waits for approval.
func seedForms(t *testing.T, server *harness.Server, a harness.Account, marker string) (x forms) {
	t.Helper()
	form := harness.As[struct{ URL string }](t, a.Session.Do(t, "PUT", "/v1/privacy/form", map[string]any{
		"enabled": true, "types": []string{"erase"}, "intro": "form-" + marker,
	}).Want(t, http.StatusOK))
	x.token = form.URL[len(form.URL)-22:]
	email := uuid.NewString() + "@example.com"
	server.Anonymous(t).Post(t, "/v1/privacy/forms/"+x.token+"/filings", map[string]any{"type": "erase", "email": email}).Want(t, http.StatusAccepted)
	x.link = mailToken(t, server, "privacy", email)
	x.regulation = harness.As[struct{ ID string }](t, a.Session.Post(t, "/v1/privacy/requests", map[string]any{
		"type": "erase", "confirm": true, "subjects": []any{map[string]any{"user_id": "leaver-" + marker}},
	}).Want(t, http.StatusAccepted)).ID
	return x
}

// Whoever proves an address by the form has a request that waits for the tenant.
func TestPublicForm(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	account := server.SignUp(t)
	x := seedForms(t, server, account, "public")
	requests := func() (all []struct{ ID, Origin, State, Type string }) {
		return harness.As[struct {
			Requests []struct{ ID, Origin, State, Type string }
		}](t, account.Session.Get(t, "/v1/privacy/requests?type=erase").Want(t, http.StatusOK)).Requests
	}
	require.Len(t, requests(), 1)
	guest := server.Anonymous(t)
	guest.Post(t, "/v1/privacy/filings/confirm", map[string]any{"token": x.link}).Want(t, http.StatusOK)
	guest.Post(t, "/v1/privacy/filings/confirm", map[string]any{"token": x.link}).WantProblem(t, http.StatusBadRequest, "link_invalid")
	all := requests()
	require.Len(t, all, 2)
	require.Equal(t, "form", all[0].Origin)
	require.Equal(t, "verified", all[0].State, "it waits")
	people := account.Session.Get(t, "/v1/privacy/requests/"+all[0].ID+"/subjects").Want(t, http.StatusOK)
	require.Contains(t, string(people.Body), "@example.com")
	account.Session.Do(t, "PUT", "/v1/privacy/form", map[string]any{"enabled": false, "types": []string{"erase"}}).Want(t, http.StatusOK)
	guest.Get(t, "/v1/privacy/forms/"+x.token).WantProblem(t, http.StatusNotFound, "form_not_found")
}

// What goes wrong is told in Segment's form as well.
func TestRegulationErrors(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	account := server.SignUp(t)
	res := account.Session.Get(t, "/v1/segment/regulations/"+uuid.NewString())
	res.WantProblem(t, http.StatusNotFound, "privacy_request_not_found")
	told := harness.As[struct {
		Errors []struct{ Type, Message string }
	}](t, res)
	require.Len(t, told.Errors, 1)
	require.Equal(t, "privacy_request_not_found", told.Errors[0].Type)
}
