// Package docs_test runs the commands of the documentation, so that they stay true.
package docs_test

import (
	"archive/zip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// Every command of the guide runs, in order, in one shell, and leaves behind what it says.
func TestGuide(t *testing.T) {
	t.Parallel()
	root, err := harness.Root()
	require.NoError(t, err)
	server := harness.Start(t, harness.Config{Engines: harness.SharedEngines(t)})
	script := commands(t, filepath.Join(root, "docs", "guide.md"))
	folder := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(folder, "bin"), 0o755))
	require.NoError(t, os.Symlink(harness.Binary(t), filepath.Join(folder, "bin", "observatory")))

	script = strings.NewReplacer("http://localhost:8080", server.URL, "localhost:8080", strings.TrimPrefix(server.URL, "http://")).Replace(script)
	shell := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", script)
	shell.Dir = folder
	shell.Env = append(os.Environ(), "HOME="+folder, "XDG_CONFIG_HOME="+folder)
	out, err := shell.CombinedOutput()
	require.NoError(t, err, "%s", out)

	said := string(out)
	require.Contains(t, said, `"unknown_field"`, "the typing error is named")
	require.Contains(t, said, `"stored": true`, "an event came over Connect")
	require.Contains(t, said, `"status": "stored"`, "the receipt tells")
	require.Contains(t, said, `"breakdown": "/pricing"`, "the trend is broken down")
	require.Contains(t, said, `"rule": "`, "the broken rule is named")
	require.Contains(t, strings.ToLower(said), "cache-control: private, max-age=31536000, immutable", "a schema may be kept for ever")
	require.Contains(t, said, `"path": "properties.title"`, "the rehearsal names what is missing")
	require.Contains(t, said, `"code": "schema_violation"`, "an event that breaks its contract is set aside")
	require.Regexp(t, `"revenue": 19\.90?\b`, said, "another one is conformed")
	require.Contains(t, said, "export interface OrderCompleted {", "there is typed code")
	require.Contains(t, said, `"repaired": 1`, "an event comes out of quarantine")
	require.Contains(t, said, "2 events: 2 stored", "the log is imported")
	require.Contains(t, said, "line 3", "the malformed line is named")
}

// The commands of the page about jobs, on a node with the addresses of its engines in the environment.
func TestJobs(t *testing.T) {
	t.Parallel()
	root, err := harness.Root()
	require.NoError(t, err)
	server := harness.Start(t, harness.Config{Engines: harness.SharedEngines(t)})
	folder := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(folder, "bin"), 0o755))
	require.NoError(t, os.Symlink(harness.Binary(t), filepath.Join(folder, "bin", "observatory")))
	script := strings.ReplaceAll(commands(t, filepath.Join(root, "docs", "jobs.md")), "http://localhost:8080", server.URL)
	shell := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", script)
	shell.Dir = folder
	shell.Env = append(os.Environ(), "OBSERVATORY_DATA_DIR="+server.DataDir, "OBSERVATORY_CLICKHOUSE_URL="+server.Engines.ClickHouse,
		"OBSERVATORY_POSTGRES_URL="+server.Engines.Postgres, "OBSERVATORY_REDIS_URL="+server.Engines.Redis)
	out, err := shell.CombinedOutput()
	require.NoError(t, err, "%s", out)
	said := string(out)
	require.Contains(t, said, "no job is due or running", "the worker ends by itself")
	require.Contains(t, said, `{"queue":"urgent","visible":`, "an autoscaler is told")
	require.Contains(t, said, "KIND")
}

// The commands of the page about privacy: somebody is erased, is given what there is of them, and the certificate is genuine.
func TestPrivacy(t *testing.T) {
	t.Parallel()
	root, err := harness.Root()
	require.NoError(t, err)
	server := harness.Start(t, harness.Config{Engines: harness.SharedEngines(t), Flags: []string{"--purge-every=1s"}})
	account := server.SignUp(t)
	key := account.CreateKey(t, "secret", map[string]any{"scopes": []string{"privacy:write"}}).Token
	folder := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(folder, "bin"), 0o755))
	require.NoError(t, os.Symlink(harness.Binary(t), filepath.Join(folder, "bin", "observatory")))
	script := strings.ReplaceAll(commands(t, filepath.Join(root, "docs", "privacy.md")), "http://localhost:8080", server.URL)
	shell := exec.CommandContext(t.Context(), "timeout", "120", "bash", "-euo", "pipefail", "-c", script)
	shell.Dir = folder
	shell.Env = append(os.Environ(), "KEY="+key)
	out, err := shell.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "The certificate is genuine")
	archive, err := zip.OpenReader(filepath.Join(folder, "export.zip"))
	require.NoError(t, err)
	require.Len(t, archive.File, 6)
	require.NoError(t, archive.Close())
}

// Every file that the documentation links to is there.
func TestLinks(t *testing.T) {
	t.Parallel()
	root, err := harness.Root()
	require.NoError(t, err)
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	require.NoError(t, err)
	for _, page := range append(pages, filepath.Join(root, "README.md")) {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, link := range regexp.MustCompile(`\]\(([^)#]+)\)`).FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(link[1], "://") {
				continue
			}
			_, err := os.Stat(filepath.Join(filepath.Dir(page), link[1]))
			require.NoError(t, err, "%s links to %s", page, link[1])
		}
	}
}

// commands are the shell blocks of a page.
func commands(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	var script strings.Builder
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		script.WriteString(block[1])
	}
	require.NotEmpty(t, script.String())
	return script.String()
}
