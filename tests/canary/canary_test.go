// Package canary_test sends distinctive secrets in every field of every endpoint that takes events, in good requests and in malformed
// ones, and then looks for them everywhere: in all files of the data folder, in every column of every table, in what the server logged,
// counted and answered. Under the default policy not one may be found.
package canary_test

import (
	"bytes"
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// control is sent like the secrets, and is none. Wherever it is not found, the search does not work.
const control = "cntrl8visible"

func TestNoSecretIsKeptAnywhere(t *testing.T) {
	t.Parallel()
	heard := &recorder{next: &http.Transport{MaxIdleConnsPerHost: 16}}
	t.Cleanup(heard.next.CloseIdleConnections)
	server := harness.Start(t, harness.Config{Transport: heard, Env: map[string]string{"OBSERVATORY_LOG_LEVEL": "debug"}})
	account := server.SignUp(t)
	s := &sender{t: t, account: account, caller: account.Secret, secrets: &secrets{places: map[string]string{}}}

	s.good()
	s.segment()
	s.malformed()
	s.headers()
	s.rpc()
	require.Greater(t, s.secrets.n, 400)
	s.settle()

	for _, path := range []string{"/metrics", "/v1/catalog", "/v1/ledger", "/v1/quarantine?limit=500", "/v1/quarantine/causes", "/v1/audit?limit=500", "/v1/policies/redaction"} {
		account.Session.Get(t, path).Want(t, http.StatusOK)
	}
	for cursor := ""; ; {
		page := harness.As[struct {
			Next string `json:"next_cursor"`
		}](t, account.Secret.Post(t, "/v1/query/events", map[string]any{"limit": 500, "cursor": cursor}).Want(t, http.StatusOK))
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	look := &search{t: t, marks: marks(), places: s.secrets.places}
	look.clickHouse(server.DataDir)
	look.redis(server.DataDir)
	look.files(server.DataDir) // the log is empty at the end
	server.Stop(t)

	look.in("an answer of the API", heard.bytes())
	look.in("the server's log", []byte(server.Logs.String()))
	look.files(server.DataDir)
	look.found(`^the table .*events`, `^the table .*dead_letters`, `^the file log/`, `^an answer`)
}

// recorder keeps all answers, headers included.
type recorder struct {
	next *http.Transport
	mu   sync.Mutex
	all  bytes.Buffer
}

func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := r.next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	_ = response.Body.Close()
	response.Body = io.NopCloser(bytes.NewReader(body))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all.WriteString(response.Status + " ")
	response.Header.Del("Access-Control-Allow-Origin") // repeats the caller's own header, as CORS asks for
	_ = response.Header.Write(&r.all)
	r.all.Write(body)
	r.all.WriteByte('\n')
	return response, nil
}

func (r *recorder) bytes() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return bytes.Clone(r.all.Bytes())
}

// The marks find secrets in the forms that they can take; the rest of a secret that is redacted is not found.
func TestMarks(t *testing.T) {
	t.Parallel()
	m := marks()
	s := &secrets{places: map[string]string{}}
	for kind, secret := range s.kinds() {
		require.NotEmpty(t, m.find([]byte(secret("here"))), kind)
	}
	require.NotEmpty(t, m.find([]byte(s.opaque("here"))))
	for _, left := range []string{"***@mail.example.com", "************0017", "**** **** **** 0017", "203.0.7.0", "2001:db8:77aa::", control} {
		require.Empty(t, m.find([]byte(left)), left)
	}
}
