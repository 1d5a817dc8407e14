package docs_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

// The commands of the page about the archive, on one in which there is something; and a store that is lost and rebuilt from it, without
// somebody who was suppressed meanwhile.
func TestArchive(t *testing.T) {
	t.Parallel()
	root, err := harness.Root()
	require.NoError(t, err)
	server := harness.Start(t, harness.Config{Engines: harness.SharedEngines(t), Flags: []string{"--archive-quiet", "1s"}})
	a := server.SignUp(t)
	noon := time.Now().UTC().Truncate(24 * time.Hour).Add(-12 * time.Hour)
	ack := a.Secret.Send(t, harness.Event{Name: "e", UserID: "anna", Timestamp: noon}, harness.Event{Name: "e", UserID: "bert", Timestamp: noon}, harness.Event{Name: "e", UserID: "carl", Timestamp: noon.Add(-time.Hour)})
	a.Secret.Settled(t, ack.Receipt)
	testkit.Eventually(t, harness.Patience, func() error {
		state := harness.As[struct{ Events, Files int }](t, a.Session.Get(t, "/v1/archive").Want(t, http.StatusOK))
		if state.Events != 3 || state.Files != 2 {
			return fmt.Errorf("the archive holds %+v", state)
		}
		return nil
	})
	folder := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(folder, "bin"), 0o755))
	require.NoError(t, os.Symlink(harness.Binary(t), filepath.Join(folder, "bin", "observatory")))
	shell := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", commands(t, filepath.Join(root, "docs", "archive.md")))
	shell.Dir, shell.Env = folder, append(os.Environ(), "OBSERVATORY_DATA_DIR="+server.DataDir)
	out, err := shell.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "ok")

	tenant := a.Tenant.ID
	said, status := server.Run(t, "restore", "--tenant", tenant, "--verify")
	require.Zero(t, status, said)
	require.Contains(t, said, "1 of 1 days are equal")
	require.Contains(t, said, "the same")

	filed := harness.As[struct{ ID string }](t, a.Session.Post(t, "/v1/privacy/requests", map[string]any{
		"type": "suppress", "subjects": []any{map[string]any{"user_id": "bert"}},
	}).Want(t, http.StatusAccepted))
	testkit.Eventually(t, harness.Patience, func() error {
		r := harness.As[struct{ State string }](t, a.Session.Get(t, "/v1/privacy/requests/"+filed.ID).Want(t, http.StatusOK))
		if r.State != "completed" {
			return fmt.Errorf("the request is %s", r.State)
		}
		return nil
	})
	conn, err := ch.Open(t.Context(), server.Engines.ClickHouse)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close()) }()
	for _, table := range []string{"events", "marks", "ledger", "receipts"} {
		require.NoError(t, conn.Exec(t.Context(), "TRUNCATE TABLE "+table))
	}
	said, status = server.Run(t, "restore", "--tenant", tenant)
	require.Zero(t, status, said)
	require.Contains(t, said, "2 events restored")
	require.Equal(t, 2, a.Secret.Count(t, "e"))
	said, status = server.Run(t, "restore", "--tenant", tenant)
	require.Zero(t, status, said)
	require.Contains(t, said, "0 events restored")
	said, status = server.Run(t, "logs", "list")
	require.Zero(t, status, said)
	require.Equal(t, 3, strings.Count(said, "ended, empty"), "nobody waits for a restore that is over: %s", said)
}
