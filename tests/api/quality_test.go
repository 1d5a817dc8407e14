package api_test

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/tests/harness"
)

// checks are what a tenant has of checks of its data.
type checks struct{ check, spare string }

func noChecks() checks { return checks{check: uuid.NewString(), spare: uuid.NewString()} }

func (x checks) operations() []operation {
	body := map[string]any{"kind": "freshness", "name": "Sales keep coming", "event": "sale", "sla_seconds": 600}
	path := "/v1/quality/checks/" + x.check
	return []operation{
		{id: "getQuality", method: "GET", path: "/v1/quality", may: asking, status: 200},
		{id: "listQualityChecks", method: "GET", path: "/v1/quality/checks", may: asking, status: 200},
		{id: "getQualityCheck", method: "GET", path: path, may: asking, status: 200, theirs: "quality_check_not_found"},
		{id: "listQualityResults", method: "GET", path: path + "/results", may: asking, status: 200, theirs: "quality_check_not_found"},
		{id: "createQualityCheck", method: "POST", path: "/v1/quality/checks", body: body, may: alerting, status: 201},
		{id: "updateQualityCheck", method: "PUT", path: path, body: body, may: alerting, status: 200, theirs: "quality_check_not_found"},
		{id: "deleteQualityCheck", method: "DELETE", path: "/v1/quality/checks/" + x.spare, may: alerting, status: 204, theirs: "quality_check_not_found"},
	}
}

type qualityCheck struct {
	ID, Name, Kind  string
	Builtin         bool
	Enabled         bool
	IntervalSeconds int     `json:"interval_seconds"`
	SLASeconds      int     `json:"sla_seconds"`
	Tolerance       float64 `json:"tolerance"`
}

// seedChecks makes checks whose name holds a word that is nobody else's.
func seedChecks(t *testing.T, a harness.Account, marker string) checks {
	t.Helper()
	var x checks
	for _, id := range []*string{&x.check, &x.spare} {
		*id = harness.As[qualityCheck](t, a.Session.Post(t, "/v1/quality/checks", map[string]any{"kind": "freshness", "name": "check-" + marker}).Want(t, http.StatusCreated)).ID
	}
	return x
}

// Everybody has checks without asking for them; one's own come beside them.
func TestQualityChecks(t *testing.T) {
	t.Parallel()
	server, _ := start(t)
	account := server.SignUp(t)
	list := func() []qualityCheck {
		return harness.As[struct{ Checks []qualityCheck }](t, account.Session.Get(t, "/v1/quality/checks").Want(t, http.StatusOK)).Checks
	}
	var kinds []string
	for _, c := range list() {
		require.True(t, c.Builtin && c.Enabled)
		kinds = append(kinds, c.Kind)
	}
	require.ElementsMatch(t, []string{"volume", "freshness", "ledger"}, kinds)
	again := list()
	require.Equal(t, list(), again, "they are made once")

	path := "/v1/quality/checks/" + list()[0].ID
	account.Session.Do(t, "DELETE", path, nil).WantProblem(t, http.StatusConflict, "quality_check_builtin")
	account.Session.Do(t, "PUT", path, map[string]any{"kind": "nulls", "property": "user_id"}).WantProblem(t, http.StatusBadRequest, "quality_check_invalid")
	off := harness.As[qualityCheck](t, account.Session.Do(t, "PUT", path, map[string]any{"kind": list()[0].Kind, "name": "Mine now", "enabled": false}).Want(t, http.StatusOK))
	require.False(t, off.Enabled)
	require.Equal(t, "Mine now", off.Name)

	for _, wrong := range []map[string]any{
		{"kind": "nulls"}, {"kind": "volume", "interval_seconds": 300}, {"kind": "ledger", "name": " "}, {"kind": "nulls", "property": "properties..x"},
	} {
		res := account.Session.Post(t, "/v1/quality/checks", wrong)
		require.Equal(t, http.StatusBadRequest, res.StatusCode, "%v: %s", wrong, res.Body)
	}
	made := harness.As[qualityCheck](t, account.Session.Post(t, "/v1/quality/checks", map[string]any{"kind": "volume", "event": "sale"}).Want(t, http.StatusCreated))
	require.InDelta(t, 4, made.Tolerance, 0)
	require.Equal(t, 3600, made.IntervalSeconds)
	require.Len(t, list(), 4)
	account.Session.Do(t, "DELETE", "/v1/quality/checks/"+made.ID, nil).Want(t, http.StatusNoContent)
	require.Len(t, list(), 3)
}
