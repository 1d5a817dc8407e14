// Package api_test tests the edge as its users meet it: a real server, real engines, real requests. Every answer in it is held against
// the contract (see contract).
package api_test

import (
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/google/uuid"

	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

func TestMain(m *testing.M) {
	openapi3.DefineStringFormatValidator("uuid", openapi3.NewCallbackValidator(func(text string) error {
		_, err := uuid.Parse(text)
		return err
	}))
	openapi3filter.RegisterBodyDecoder("application/jose", openapi3filter.FileBodyDecoder)
	testkit.Main(m)
}

// operatorToken lets whoever runs the installation in.
const operatorToken = "the operators' token"

// start starts a server on databases of its own whose answers must obey the contract.
func start(t *testing.T, flags ...string) (*harness.Server, *contract) {
	t.Helper()
	c := newContract(t)
	return harness.Start(t, harness.Config{Engines: harness.SharedEngines(t), Transport: c, Flags: flags, Env: map[string]string{"OBSERVATORY_OPERATOR_TOKEN": operatorToken}}), c
}

func keys[K comparable, V any](m map[K]V) []K { return slices.Collect(maps.Keys(m)) }

// mailToken waits for a mail of that kind to that address and returns the token of its link.
func mailToken(t *testing.T, server *harness.Server, kind, to string) string {
	t.Helper()
	token := ""
	testkit.Eventually(t, harness.Patience, func() error {
		files, err := filepath.Glob(filepath.Join(server.DataDir, "mail", "*-"+kind+"-*.eml"))
		if err != nil {
			return err
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			mail := strings.NewReplacer("=\r\n", "", "=\n", "", "=3D", "=").Replace(string(text)) // quoted-printable
			if found := regexp.MustCompile(`(?:[?&]token|#confirm)=([\w-]+)`).FindStringSubmatch(mail); found != nil && strings.Contains(mail, "<"+to+">") {
				token = found[1]
				return nil
			}
		}
		return os.ErrNotExist
	})
	return token
}

// join makes somebody new a member of an organization and returns their session.
func join(t *testing.T, server *harness.Server, account harness.Account, email, role string) *harness.Caller {
	t.Helper()
	account.Session.Post(t, "/v1/invitations", map[string]string{"email": email, "role": role}).Want(t, http.StatusCreated)
	member := server.Anonymous(t)
	member.Post(t, "/v1/invitations/accept", map[string]string{"token": mailToken(t, server, "invitation", email), "password": harness.Password}).Want(t, http.StatusOK)
	return member
}
