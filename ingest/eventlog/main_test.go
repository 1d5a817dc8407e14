package eventlog_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/eventlog"
	"github.com/observatory/observatory/ingest/logtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// config is that of a log whose segments are so small that everything that happens between two of them happens in a test.
func config(fs vfs.FS) eventlog.Config {
	return eventlog.Config{FS: fs, Dir: "data/log", SegmentBytes: 2000, Logger: slog.New(slog.DiscardHandler)}
}

func open(t logtest.TB, cfg eventlog.Config) *eventlog.Log {
	t.Helper()
	l, err := eventlog.Open(cfg)
	require.NoError(t, err)
	return l
}

func appendTo(t logtest.TB, l ingest.Log, records ...string) ingest.Offset {
	t.Helper()
	var end ingest.Offset
	for _, r := range records {
		var err error
		end, err = l.Append(context.Background(), []byte(r))
		require.NoError(t, err)
	}
	return end
}

func records(t logtest.TB, l ingest.Log) []string {
	t.Helper()
	return logtest.Records(logtest.ReadAll(t, l, 0, 1<<20))
}

func TestConformanceInMemory(t *testing.T) {
	t.Parallel()
	logtest.Run(t, func(t logtest.TB) func() ingest.Log {
		cfg := config(vfs.NewMem())
		return func() ingest.Log { return open(t, cfg) }
	})
}

func TestConformanceOnDisk(t *testing.T) {
	t.Parallel()
	logtest.Run(t, func(tb logtest.TB) func() ingest.Log {
		cfg := config(vfs.Default)
		cfg.Dir = t.TempDir() + "/a/b"
		cfg.ReserveBytes = 1
		return func() ingest.Log { return open(tb, cfg) }
	})
}
