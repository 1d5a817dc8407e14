//go:build linux

package faults_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/observatory/observatory/tests/harness"
)

// TestLogOnBrokers has the log on the Kafka protocol. The server is killed under load again and again: nothing that was acknowledged is lost
// and nothing is stored twice. At the end the node's disk is lost as well, with a backlog in the log: nothing is lost either.
func TestLogOnBrokers(t *testing.T) { //nolint:paralleltest // it needs the machine for itself
	brokers, err := kfake.NewCluster(kfake.NumBrokers(3))
	require.NoError(t, err)
	t.Cleanup(brokers.Close)
	s := harness.Start(t, harness.Config{
		Engines: harness.SharedEngines(t), Flags: []string{"--kafka-brokers", strings.Join(brokers.ListenAddrs(), ",")},
	})
	account := s.SignUp(t)
	store := openStore(t, s.Engines.ClickHouse)
	keepDuplicates(t, store)
	l := startLoad(t, account.Secret, loadConfig{})
	for range orLong(2, 20) {
		l.awaitAcks(t, 150)
		s.Kill(t)
		s.Start(t)
		brokers.ShufflePartitionLeaders()
	}
	l.awaitAcks(t, 100)
	l.reckon(t, s, account, store)
	_, err = os.Stat(filepath.Join(s.DataDir, "log"))
	require.ErrorIs(t, err, os.ErrNotExist, "nothing of the log is on this disk")

	// A disk that is lost takes with it how far the log was stored. What is in the log is stored, perhaps once more; nobody sees it twice.
	l = startLoad(t, account.Secret, loadConfig{})
	l.awaitAcks(t, 100)
	s.Kill(t)
	l.end()
	lost, err := filepath.Glob(filepath.Join(s.DataDir, "sink*"))
	require.NoError(t, err)
	require.Len(t, lost, 1)
	require.NoError(t, os.RemoveAll(lost[0]))
	s.Start(t)
	awaitStored(t, s)
	stored := storedEvents(t, store, account.Tenant.ID)
	for _, a := range l.acks {
		for _, id := range a.eventIDs[:len(a.eventIDs)-a.rejected] {
			require.Positive(t, stored[id], "an event that was acknowledged is not stored")
		}
	}

	out, status := s.Run(t, "logs", "list")
	require.Zero(t, status)
	require.Contains(t, out, "kafka")
}
