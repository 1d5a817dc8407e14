package sinkstate_test

import (
	"log/slog"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/sinkstate"
)

func TestNothingIsTakenInOnADiskThatIsNearlyFull(t *testing.T) {
	t.Parallel()
	const mb = 1 << 20
	fs := vfs.NewMem()
	cfg := sinkstate.Config{FS: fs, Dir: "sink", Secret: []byte("secret"), Logger: slog.New(slog.DiscardHandler)}
	s, err := sinkstate.Open(cfg)
	require.NoError(t, err)
	fs.TestingSetDiskUsage(vfs.DiskUsage{TotalBytes: 1000 * mb, AvailBytes: 31 * mb})
	require.ErrorContains(t, s.Begin(ingest.Range{ID: uuid.New(), From: 0, To: 10}), "nearly full")
	require.ErrorContains(t, s.Settle(10, nil, nil), "nearly full")
	settled, begun, err := s.Load()
	require.NoError(t, err)
	require.Zero(t, settled)
	require.Nil(t, begun)
	require.NoError(t, s.Close())
	_, err = sinkstate.Open(cfg)
	require.ErrorContains(t, err, "nearly full")

	fs.TestingSetDiskUsage(vfs.DiskUsage{TotalBytes: 1000 * mb, AvailBytes: 64 * mb})
	s, err = sinkstate.Open(cfg)
	require.NoError(t, err)
	require.NoError(t, s.Settle(10, nil, nil))
	require.NoError(t, s.Close())
}

func TestAWriteWaitsWhileTheDiskIsFull(t *testing.T) {
	t.Parallel()
	const mb = 1 << 20
	mem := vfs.NewMem()
	var full atomic.Bool
	met := make(chan struct{}, 1)
	fs := errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if !full.Load() || op.Kind != errorfs.OpFileWrite {
			return nil
		}
		mem.TestingSetDiskUsage(vfs.DiskUsage{TotalBytes: 1000 * mb}) // somebody else has taken the last byte
		select {
		case met <- struct{}{}:
		default:
		}
		return syscall.ENOSPC
	}))
	s, err := sinkstate.Open(sinkstate.Config{FS: fs, Dir: "sink", Secret: []byte("secret"), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	full.Store(true)
	settled := make(chan error, 1)
	go func() { settled <- s.Settle(10, nil, nil) }()
	<-met
	select {
	case err := <-settled:
		t.Fatalf("it did not wait, and returned %v", err)
	case <-time.After(500 * time.Millisecond):
	}
	full.Store(false)
	mem.TestingSetDiskUsage(vfs.DiskUsage{TotalBytes: 1000 * mb, AvailBytes: 1000 * mb})
	require.NoError(t, <-settled)
	require.NoError(t, s.Close())
	s, err = sinkstate.Open(sinkstate.Config{FS: mem, Dir: "sink", Secret: []byte("secret"), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	at, _, err := s.Load()
	require.NoError(t, err)
	require.EqualValues(t, 10, at)
	require.NoError(t, s.Close())
}
