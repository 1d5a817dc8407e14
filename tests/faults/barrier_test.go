//go:build linux

package faults_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

// TestLogsForgetWhoIsSuppressed suppresses somebody in the middle of a load: within seconds no file of the log holds their name, on a node that
// goes on as before, and after it was killed and has started again.
func TestLogsForgetWhoIsSuppressed(t *testing.T) { //nolint:paralleltest // it needs the machine for itself
	s := harness.Start(t, harness.Config{})
	account := s.SignUp(t)
	key := s.WithKey(t, account.CreateKey(t, "secret", map[string]any{"scopes": []string{"privacy:write"}}).Token)
	others := startLoad(t, account.Secret, loadConfig{})
	inLog := func(name string) (files int) {
		all, err := filepath.Glob(filepath.Join(s.DataDir, "log", "*"))
		require.NoError(t, err)
		for _, file := range all {
			content, err := os.ReadFile(file)
			if !os.IsNotExist(err) {
				require.NoError(t, err)
			}
			if bytes.Contains(content, []byte(name)) {
				files++
			}
		}
		return files
	}
	for round := range 2 {
		name := "ada-" + uuid.NewString()
		for i := range 5 {
			how := []string{"", "?ack=none"}[i%2]
			account.Secret.Post(t, "/v1/events"+how, map[string]any{"event": "opened", "user_id": name}).Want(t, http.StatusAccepted)
		}
		require.Positive(t, inLog(name))
		key.Post(t, "/v1/privacy/requests", map[string]any{"type": "suppress", "subjects": []any{map[string]any{"user_id": name}}}).Want(t, http.StatusAccepted)
		if round == 1 {
			s.Kill(t)
			s.Start(t)
		}
		testkit.Eventually(t, time.Minute, func() error {
			if n := inLog(name); n > 0 {
				return fmt.Errorf("%d files of the log hold the name", n)
			}
			return nil
		})
	}
	others.awaitAcks(t, 100)
	out, status := s.Run(t, "logs", "list")
	require.Zero(t, status)
	require.Contains(t, out, "in service")
}
