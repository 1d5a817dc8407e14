package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/client/clienttest"
)

const visitorKeyOfTests = "a key of the tests"

// logOf writes a log of n good lines.
func logOf(n int) string {
	var out strings.Builder
	for i := range n {
		fmt.Fprintf(&out, "192.0.2.%d - - [17/May/2015:10:%02d:%02d +0000] \"GET /page/%d HTTP/1.1\" 200 12 \"-\" \"agent\"\n", i%200, i/60%60, i%60, i%7)
	}
	return out.String()
}

func fileWith(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// runImportCommand runs `observatory import` and returns what it printed.
func runImportCommand(ctx context.Context, stdin string, args ...string) (stdout, stderr string, err error) {
	var out, progress bytes.Buffer
	cmd := newImportCommand()
	cmd.SilenceUsage = true // as the root command does
	cmd.SetArgs(args)
	cmd.SetIn(strings.NewReader(stdin))
	cmd.SetOut(&out)
	cmd.SetErr(&progress)
	err = cmd.ExecuteContext(ctx)
	return out.String(), progress.String(), err
}

func serverFor(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

func TestImportSendsEveryLineOnceHoweverOftenItIsRun(t *testing.T) {
	t.Parallel()
	var h clienttest.Handler
	url := serverFor(t, &h)
	log := logOf(1234)
	cut := strings.TrimSuffix(logOf(1), "\"\n")
	args := []string{"--url", url, "--key", clienttest.Key, "--visitor-key", visitorKeyOfTests, fileWith(t, "access.log", log+cut)}

	stdout, stderr, err := runImportCommand(t.Context(), "", args...)
	require.NoError(t, err)
	require.Empty(t, stderr)
	require.Equal(t, `1,234 events: 1,234 stored, 0 duplicates, 0 quarantined; 1 line could not be read: line 1235: the line ends inside the user agent: the closing quote is missing
1,234 page_view and 0 http_request from 200 visitors, 17 May 2015 10:00 to 17 May 2015 10:20 (UTC).
`, stdout)
	require.Len(t, h.Events(), 1234)

	stdout, _, err = runImportCommand(t.Context(), "", args...)
	require.NoError(t, err)
	require.Contains(t, stdout, "1,234 events: 0 stored, 1,234 duplicates, 0 quarantined;")
	require.Len(t, h.Events(), 1234)

	args[len(args)-1] = fileWith(t, "longer.log", log+logOf(2000))
	stdout, _, err = runImportCommand(t.Context(), "", args...)
	require.NoError(t, err)
	require.Contains(t, stdout, "3,234 events: 2,000 stored, 1,234 duplicates, 0 quarantined\n")
}

func TestImportReadsStandardInputAndGzip(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	for range 2 { // two members, as logrotate and cat make them
		w := gzip.NewWriter(&packed)
		_, err := io.WriteString(w, logOf(10))
		require.NoError(t, err)
		require.NoError(t, w.Close())
	}
	for name, c := range map[string]struct {
		file, stdin string
		events      int
	}{
		"plain":                 {"-", logOf(10), 10},
		"packed":                {"-", packed.String(), 20},
		"a packed file":         {fileWith(t, "log.gz", packed.String()), "", 20},
		"whatever it is called": {fileWith(t, "log.txt", packed.String()), "", 20},
		"nothing":               {"-", "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var h clienttest.Handler
			stdout, _, err := runImportCommand(t.Context(), c.stdin, c.file, "--url", serverFor(t, &h), "--key", clienttest.Key, "--visitor-key", visitorKeyOfTests)
			require.NoError(t, err)
			require.Contains(t, stdout, fmt.Sprintf("%d events: %d stored, 0 duplicates, 0 quarantined\n", c.events, c.events))
			require.Len(t, h.Events(), c.events)
		})
	}
}

func TestImportFailsOnAFileThatItCannotRead(t *testing.T) {
	t.Parallel()
	var h clienttest.Handler
	url := serverFor(t, &h)
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err := io.WriteString(w, logOf(2000))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	for want, file := range map[string]string{
		"no such file":   filepath.Join(t.TempDir(), "none.log"),
		"is a folder":    t.TempDir(),
		"unexpected EOF": fileWith(t, "cut.gz", packed.String()[:packed.Len()/2]),
	} {
		_, _, err := runImportCommand(t.Context(), "", file, "--url", url, "--key", clienttest.Key, "--visitor-key", visitorKeyOfTests)
		require.ErrorContains(t, err, want)
	}
}

func TestADryRunSendsNothingAndNeedsNoKey(t *testing.T) {
	t.Parallel()
	stdout, _, err := runImportCommand(t.Context(), logOf(3)+"nonsense\n", "-", "--dry-run", "--url", "http://127.0.0.1:1", "--visitor-key", visitorKeyOfTests)
	require.NoError(t, err)
	require.Equal(t, `3 events would be sent; 1 line could not be read: line 4: the line ends after the client address
3 page_view and 0 http_request from 3 visitors, 17 May 2015 10:00 to 17 May 2015 10:00 (UTC).
`, stdout)
}

func TestImportListsAtMostFiftyLines(t *testing.T) {
	t.Parallel()
	stdout, _, err := runImportCommand(t.Context(), logOf(1)+strings.Repeat("nonsense\n", 1060), "-", "--dry-run", "--visitor-key", visitorKeyOfTests)
	require.NoError(t, err)
	require.Contains(t, stdout, "1 event would be sent; 1,060 lines could not be read:\n  line 2: the line ends")
	require.Equal(t, 50, strings.Count(stdout, "after the client address"))
	require.Contains(t, stdout, "\n  and 1,010 more\n")
}

func TestImportRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"--format json is not known":       {"-", "--format", "json", "--key", "k"},
		"--key is missing":                 {"-"},
		"it must have at least 16":         {"-", "--key", "k", "--visitor-key", "short"},
		"is not an address of Observatory": {"-", "--key", "k", "--visitor-key", visitorKeyOfTests, "--url", "localhost"},
		"; is Observatory running there?":  {"-", "--key", "k", "--visitor-key", visitorKeyOfTests, "--url", "http://127.0.0.1:1"},
		"accepts 1 arg(s)":                 {"--key", "k"},
	} {
		_, _, err := runImportCommand(t.Context(), logOf(1), args...)
		require.ErrorContains(t, err, want)
	}
}

func TestImportSaysWhyItCouldNotDeliver(t *testing.T) {
	t.Parallel()
	h := clienttest.Handler{Meddle: func(w http.ResponseWriter, r *http.Request, n int) bool {
		if r.URL.Path != "/v1/events" || n == 1 {
			return false
		}
		clienttest.Problem(w, http.StatusUnauthorized, "key_revoked", "This key was revoked. Use another one.")
		return true
	}}
	stdout, _, err := runImportCommand(t.Context(), "nonsense\n"+logOf(9000), "-", "--url", serverFor(t, &h), "--key", clienttest.Key, "--visitor-key", visitorKeyOfTests)
	require.ErrorContains(t, err, "This key was revoked. Use another one. (key_revoked, HTTP 401, correlation ID correlation-1)")
	require.ErrorContains(t, err, "500 events acknowledged and safe; run the same command again to go on")
	require.Equal(t, "500 events acknowledged; 1 line could not be read: line 1: the line ends after the client address\n", stdout)
}

func TestImportStopsCleanlyAndSaysHowFarItGot(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	h := clienttest.Handler{Meddle: func(_ http.ResponseWriter, r *http.Request, n int) bool {
		if r.URL.Path == "/v1/events" && n == 5 {
			cancel()
		}
		return false
	}}
	_, _, err := runImportCommand(ctx, logOf(100_000), "-", "--url", serverFor(t, &h), "--key", clienttest.Key, "--visitor-key", visitorKeyOfTests)
	require.ErrorContains(t, err, "stopped at line ")
	sent := len(h.Events())
	require.GreaterOrEqual(t, sent, 2500, "batches under way are finished")
	require.Less(t, sent, 10_000)
	require.ErrorContains(t, err, plural(sum(h.Batches()), "event")+" acknowledged and safe")
}

func sum(list []int) (n int) {
	for _, v := range list {
		n += v
	}
	return n
}

func TestImportNamesTheLinesThatWereRefused(t *testing.T) {
	t.Parallel()
	h := clienttest.Handler{Refuse: func(e clienttest.Event) bool { return e.Properties["path"] == "/page/5" }}
	url := serverFor(t, &h)
	stdout, _, err := runImportCommand(t.Context(), logOf(13), "-", "--url", url, "--key", clienttest.Key, "--visitor-key", visitorKeyOfTests)
	require.NoError(t, err)
	require.Contains(t, stdout, "13 events: 11 stored, 0 duplicates, 2 quarantined\n")
	require.Contains(t, stdout, "  2 events: The test refuses this event. (refused), the first with event_id log-")
	require.Contains(t, stdout, "  line 6: The test refuses this event. (refused)\n")
	require.Contains(t, stdout, "  line 13: ")
}

func TestImportIsContentWithoutReceipts(t *testing.T) {
	t.Parallel()
	h := clienttest.Handler{Meddle: func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if !strings.HasPrefix(r.URL.Path, "/v1/receipts") {
			return false
		}
		clienttest.Problem(w, http.StatusForbidden, "scope_missing", "This key may not read.")
		return true
	}}
	stdout, stderr, err := runImportCommand(t.Context(), logOf(3), "-", "--url", serverFor(t, &h), "--key", clienttest.Key, "--visitor-key", visitorKeyOfTests)
	require.NoError(t, err)
	require.Equal(t, "3 events acknowledged\n", stdout)
	require.Contains(t, stderr, "scope_missing")
}

// The tests below change the environment and so run one after the other.

func TestTheVisitorKeyIsMadeOnceAndKeptPrivate(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(home, "config"))
	t.Setenv("OBSERVATORY_VISITOR_KEY", "")
	var h clienttest.Handler
	args := []string{"-", "--url", serverFor(t, &h), "--key", clienttest.Key}

	_, stderr, err := runImportCommand(t.Context(), logOf(3), append(args, "--dry-run")...)
	require.NoError(t, err)
	require.Empty(t, stderr)
	path, err := keyPath()
	require.NoError(t, err)
	require.NoFileExists(t, path, "a dry run makes no key")

	_, stderr, err = runImportCommand(t.Context(), logOf(3), args...)
	require.NoError(t, err)
	require.Contains(t, stderr, "Made a visitor key: "+path)
	key, err := os.ReadFile(path)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(bytes.TrimSpace(key)), 32)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
	files, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, files, 1, "nothing but the key stays")

	stdout, stderr, err := runImportCommand(t.Context(), logOf(3), args...)
	require.NoError(t, err)
	require.Empty(t, stderr)
	require.Contains(t, stdout, "0 stored, 3 duplicates", "the kept key gives the same events")

	t.Setenv("OBSERVATORY_VISITOR_KEY", visitorKeyOfTests)
	stdout, _, err = runImportCommand(t.Context(), logOf(3), args...)
	require.NoError(t, err)
	require.Contains(t, stdout, "3 stored, 0 duplicates", "another key gives other ones")

	t.Setenv("OBSERVATORY_VISITOR_KEY", "")
	require.NoError(t, os.WriteFile(path, []byte("short\n"), 0o600))
	_, _, err = runImportCommand(t.Context(), logOf(3), args...)
	require.ErrorContains(t, err, "is damaged")
}

func TestTheFirstOfTwoVisitorKeysStays(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "observatory", "visitor.key")
	keys := make([][]byte, 8)
	errs := make([]error, len(keys))
	var all sync.WaitGroup
	for i := range keys {
		all.Go(func() { keys[i], errs[i] = makeKey(path) })
	}
	all.Wait()
	for i := range keys {
		require.NoError(t, errs[i])
		require.Equal(t, keys[0], keys[i])
	}
}

func TestKeyAndAddressMayComeFromTheEnvironment(t *testing.T) {
	var h clienttest.Handler
	t.Setenv("OBSERVATORY_URL", serverFor(t, &h))
	t.Setenv("OBSERVATORY_KEY", clienttest.Key)
	t.Setenv("OBSERVATORY_VISITOR_KEY", visitorKeyOfTests)
	_, _, err := runImportCommand(t.Context(), logOf(3), "-")
	require.NoError(t, err)
	require.Len(t, h.Events(), 3)
	var help bytes.Buffer
	cmd := newImportCommand()
	cmd.SetArgs([]string{"--help"})
	cmd.SetOut(&help)
	require.NoError(t, cmd.Execute())
	require.NotContains(t, help.String(), clienttest.Key, "the help shows no secret")
	require.NotContains(t, help.String(), visitorKeyOfTests)
	require.Contains(t, help.String(), "visitor.key")
}
