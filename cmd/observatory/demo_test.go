package main

import (
	"bytes"
	"context"
	"net/http"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/client/clienttest"
)

func runDemoCommand(ctx context.Context, args ...string) (stdout string, err error) {
	var out, progress bytes.Buffer
	cmd := newDemoCommand()
	cmd.SilenceUsage = true // as the root command does
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&progress)
	err = cmd.ExecuteContext(ctx)
	return out.String(), err
}

func TestDemoSignsUpAndSendsThreeSources(t *testing.T) {
	t.Parallel()
	var h clienttest.Handler
	url := serverFor(t, &h)
	stdout, err := runDemoCommand(t.Context(), "--url", url, "--weeks", "1", "--seed", "7")
	require.NoError(t, err)
	require.Regexp(t, `(?s)^Log in at `+regexp.QuoteMeta(url)+`
  e-mail:   demo-[a-z2-7]{8}@observatory\.example
  password: [a-z2-7]{26}
[\d,]+ events since \d+ \w+ \d{4}: [\d,]+ stored, 0 duplicates, 0 quarantined
Look for the day on which nearly nothing worked: Tuesday, .* 09:00 \(UTC\)\.
$`, stdout)
	require.Equal(t, []string{"Juniper & Fern shop", "Juniper app", "Greenhouses"}, h.Sources())
	names := map[string]int{}
	for _, e := range h.Events() {
		names[e.Name]++
	}
	for _, name := range []string{"page_view", "search_made", "product_viewed", "cart_added", "checkout_started", "order_completed", "signed_up", "screen_viewed", "reading"} {
		require.Positive(t, names[name], name)
	}
}

func TestDemoSaysWhyItCouldNotSignUp(t *testing.T) {
	t.Parallel()
	h := clienttest.Handler{Meddle: func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if r.URL.Path != "/v1/signup" {
			return false
		}
		clienttest.Problem(w, http.StatusForbidden, "signup_closed", "Signing up is closed here.")
		return true
	}}
	_, err := runDemoCommand(t.Context(), "--url", serverFor(t, &h))
	require.ErrorContains(t, err, "sign up: Signing up is closed here. (signup_closed, HTTP 403")
}

func TestDemoStopsCleanly(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	h := clienttest.Handler{Meddle: func(_ http.ResponseWriter, r *http.Request, n int) bool {
		if r.URL.Path == "/v1/events" && n == 3 {
			cancel()
		}
		return false
	}}
	stdout, err := runDemoCommand(ctx, "--url", serverFor(t, &h), "--weeks", "2")
	require.ErrorContains(t, err, "stopped after ")
	require.Contains(t, stdout, "password: ", "what is there can be looked at")
}

func TestDemoRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"it must be 1 to 104":             {"--weeks", "0"},
		"; is Observatory running there?": {"--url", "http://127.0.0.1:1"},
		"unknown command":                 {"surplus"},
	} {
		_, err := runDemoCommand(t.Context(), args...)
		require.ErrorContains(t, err, want)
	}
}
