// Package contracts_test tests what a tenant declares about its events as its users meet it: a real server, real engines, real senders.
package contracts_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func start(t *testing.T) *harness.Server {
	t.Helper()
	return harness.Start(t, harness.Config{Engines: harness.SharedEngines(t)})
}

// register registers a version of a subject and returns its schema's ID.
func register(t *testing.T, a harness.Account, subject, typ, text string) int32 {
	t.Helper()
	return harness.As[struct{ ID int32 }](t, a.Session.Post(t, "/v1/schema-registry/subjects/"+subject+"/versions",
		map[string]any{"schemaType": typ, "schema": text}).Want(t, http.StatusOK)).ID
}

// publish publishes a policy upon the newest one.
func publish(t *testing.T, a harness.Account, kind string, document map[string]any) {
	t.Helper()
	newest := harness.As[struct{ Version int }](t, a.Session.Get(t, "/v1/policies/"+kind).Want(t, http.StatusOK))
	a.Session.Do(t, http.MethodPut, "/v1/policies/"+kind, map[string]any{"document": document, "base_version": newest.Version}).Want(t, http.StatusOK)
}

// inForce is how long a change may take to reach a node.
const inForce = 5 * time.Second
