package api_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

// proofs are an export of a tenant that is over, and the secret of the link to its file.
type proofs struct{ request, token string }

func noProofs() proofs { return proofs{request: uuid.NewString(), token: strings.Repeat("A", 43)} }

func (x proofs) operations() []operation {
	path := "/v1/privacy/requests/" + x.request
	return []operation{
		{id: "getCertificateKeys", method: "GET", path: "/.well-known/observatory-certificates.json", status: 200},
		{id: "getPrivacyCertificate", method: "GET", path: path + "/certificate", may: following, status: 200, theirs: "certificate_not_found"},
		{id: "getPrivacyExport", method: "GET", path: path + "/export", may: answering, status: 200, theirs: "privacy_export_not_found"},
		{id: "downloadPrivacyExport", method: "GET", path: "/v1/privacy/exports/" + x.token, status: 200},
		{id: "createPrivacyExportLink", method: "POST", path: path + "/export/link", may: answering, status: 201, theirs: "privacy_export_not_found"},
	}
}

func seedProofs(t *testing.T, a harness.Account, marker string) (x proofs) {
	t.Helper()
	x.request = done(t, a, "export", map[string]any{"user_id": "nobody-" + marker})
	x.token = path.Base(linked(t, a, x.request))
	return x
}

// done files a request and waits until it is completed.
func done(t *testing.T, a harness.Account, kind string, subjects ...map[string]any) string {
	t.Helper()
	type request struct{ ID, State string }
	id := harness.As[request](t, a.Session.Post(t, "/v1/privacy/requests", map[string]any{"type": kind, "subjects": subjects}, "Idempotency-Key", fmt.Sprint(kind, len(subjects))).Want(t, http.StatusAccepted)).ID
	testkit.Eventually(t, harness.Patience, func() error {
		answer := a.Session.Get(t, "/v1/privacy/requests/"+id).Want(t, http.StatusOK)
		if r := harness.As[request](t, answer); r.State != "completed" {
			return fmt.Errorf("%s", answer.Body)
		}
		return nil
	})
	return id
}

// linked makes a link to the file of an export.
func linked(t *testing.T, a harness.Account, request string) string {
	t.Helper()
	link := harness.As[struct{ URL string }](t, a.Session.Post(t, "/v1/privacy/requests/"+request+"/export/link", nil).Want(t, http.StatusCreated)).URL
	u, err := url.Parse(link)
	require.NoError(t, err)
	return u.Path
}

// filesIn downloads an export and returns its files by name.
func filesIn(t *testing.T, server *harness.Server, path string) map[string]string {
	t.Helper()
	answer := server.Anonymous(t).Get(t, path).Want(t, http.StatusOK)
	archive, err := zip.NewReader(bytes.NewReader(answer.Body), int64(len(answer.Body)))
	require.NoError(t, err)
	files := map[string]string{}
	for _, f := range archive.File {
		r, err := f.Open()
		require.NoError(t, err)
		text, err := io.ReadAll(r)
		require.NoError(t, err)
		files[f.Name] = string(text)
	}
	return files
}

// Somebody is given all there is of them, is erased, and is given nothing; what proves it can be verified by anybody.
func TestProof(t *testing.T) {
	t.Parallel()
	server, _ := start(t, "--purge-every=1s")
	a := server.SignUp(t)
	ack := a.Secret.Send(t,
		harness.Event{Name: "viewed", AnonymousID: "adas-phone"}, harness.Event{Name: "signed up", UserID: "ada-lovelace", AnonymousID: "adas-phone", Properties: map[string]any{"phone": "0815-4711"}},
		harness.Event{Name: "viewed", UserID: "ada-lovelace"}, harness.Event{Name: "viewed", UserID: "bob"},
	)
	require.Equal(t, 4, a.Secret.Settled(t, ack.Receipt).Counts.Stored)
	ada := map[string]any{"property": "properties.phone", "value": "0815-4711"}

	exported := done(t, a, "export", ada)
	link := linked(t, a, exported)
	files := filesIn(t, server, link)
	require.Equal(t, 3, strings.Count(files["events.jsonl"], "\n"), files["events.jsonl"])
	require.NotContains(t, files["events.jsonl"], "bob")
	require.Contains(t, files["profile.json"], `"person": "ada-lovelace"`)
	server.Anonymous(t).Get(t, link).WantProblem(t, http.StatusNotFound, "privacy_link_invalid")
	about := harness.As[struct {
		Records   map[string]int
		Downloads int
	}](t, a.Session.Get(t, "/v1/privacy/requests/"+exported+"/export").Want(t, http.StatusOK))
	require.Equal(t, 3, about.Records["events.jsonl"])
	require.Equal(t, 1, about.Downloads)

	erased := done(t, a, "erase", ada, map[string]any{"user_id": "ada-lovelace"})
	a.Session.Post(t, "/v1/privacy/requests/"+exported+"/export/link", nil).WantProblem(t, http.StatusConflict, "privacy_export_gone")
	empty := done(t, a, "export", ada, map[string]any{"user_id": "ada-lovelace"}, map[string]any{"anonymous_id": "adas-phone"})
	files = filesIn(t, server, linked(t, a, empty))
	for _, name := range []string{"events.jsonl", "held.jsonl", "quarantine.jsonl"} {
		require.Empty(t, files[name], name)
	}
	require.JSONEq(t, `{"people": []}`, files["profile.json"])

	jws := a.Session.Get(t, "/v1/privacy/requests/"+erased+"/certificate", "Accept", "application/jose").Want(t, http.StatusOK).Body
	signed := harness.As[struct {
		JWS         string
		Certificate struct {
			Request struct{ State string }
			Copies  []struct {
				Name          string
				Before, After int
			}
		}
	}](t, a.Session.Get(t, "/v1/privacy/requests/"+erased+"/certificate").Want(t, http.StatusOK))
	require.Equal(t, string(jws), signed.JWS)
	require.Equal(t, "completed", signed.Certificate.Request.State)
	after := map[string][2]int{}
	for _, c := range signed.Certificate.Copies {
		after[c.Name] = [2]int{c.Before, c.After}
	}
	require.Equal(t, [2]int{3, 0}, after["events"])
	require.Equal(t, [2]int{1, 0}, after["exports"])

	file := filepath.Join(t.TempDir(), "certificate.jws")
	require.NoError(t, os.WriteFile(file, jws, 0o600))
	keys := server.URL + "/.well-known/observatory-certificates.json"
	verify := func() (said string, err error) {
		out, err := exec.CommandContext(t.Context(), harness.Binary(t), "verify-certificate", file, "--keys", keys).CombinedOutput()
		return string(out), err
	}
	said, err := verify()
	require.NoError(t, err, said)
	require.Contains(t, said, "The certificate is genuine")
	require.Contains(t, said, "events       3 events before, none after")
	for _, name := range []string{"ada-lovelace", "0815-4711", "adas-phone"} {
		require.NotContains(t, said, name)
		require.NotContains(t, string(a.Session.Get(t, "/v1/privacy/requests/"+erased+"/certificate").Body), name)
	}
	jws[len(jws)/2] ^= 1
	require.NoError(t, os.WriteFile(file, jws, 0o600))
	said, err = verify()
	require.Error(t, err)
	require.Contains(t, said, "The signature does not match")

	other := server.SignUp(t)
	other.Session.Get(t, "/v1/privacy/requests/"+erased+"/certificate").WantProblem(t, http.StatusNotFound, "certificate_not_found")
	other.Session.Get(t, "/v1/privacy/requests/"+exported+"/export").WantProblem(t, http.StatusNotFound, "privacy_export_not_found")
}
