package kafkalog_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"go.uber.org/goleak"

	"github.com/google/uuid"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/kafkalog"
	"github.com/observatory/observatory/ingest/logtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func cluster(t *testing.T) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(3))
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func config(c *kfake.Cluster, topic string) kafkalog.Config {
	return kafkalog.Config{Brokers: c.ListenAddrs(), Topic: topic, Logger: slog.New(slog.DiscardHandler), Now: time.Now}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	logtest.Run(t, func(tb logtest.TB) func() ingest.Log {
		cfg := config(c, "log-"+uuid.NewString())
		return func() ingest.Log {
			l, err := kafkalog.Open(t.Context(), cfg)
			require.NoError(tb, err)
			return l
		}
	})
}
