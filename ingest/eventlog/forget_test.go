package eventlog_test

import (
	"io"
	"strings"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/logtest"
)

// files reads everything that lies in a log's folder.
func files(t logtest.TB, fs vfs.FS) map[string]string {
	t.Helper()
	names, err := fs.List("data/log")
	require.NoError(t, err)
	all := map[string]string{}
	for _, name := range names {
		f, err := fs.Open(fs.PathJoin("data/log", name))
		require.NoError(t, err)
		content, err := io.ReadAll(f)
		require.NoError(t, err)
		require.NoError(t, f.Close())
		all[name] = string(content)
	}
	return all
}

func TestForgottenIsInNoFile(t *testing.T) {
	t.Parallel()
	fs := vfs.NewMem()
	l := open(t, config(fs))
	defer l.Close()
	appendTo(t, l, "somebody", "somebody else")
	before := l.End()
	appendTo(t, l, "not stored yet")
	cut := l.End()

	upTo, err := l.Forget(before)
	require.NoError(t, err)
	require.Equal(t, ingest.Offset(0), upTo, "what is not stored keeps it in place")
	appendTo(t, l, "came later")
	require.Len(t, files(t, fs), 2)
	upTo, err = l.Forget(before)
	require.NoError(t, err)
	require.Equal(t, ingest.Offset(0), upTo)
	require.Len(t, files(t, fs), 2, "one cut is enough")

	require.NoError(t, l.Trim(cut))
	upTo, err = l.Forget(before)
	require.NoError(t, err)
	require.Equal(t, cut, upTo)
	require.Equal(t, []string{"came later"}, records(t, l))
	require.Len(t, files(t, fs), 1)
	for _, content := range files(t, fs) {
		require.NotContains(t, content, "somebody")
	}
}

// What was refused, because its group could not be written, may lie in a file all the same.
func TestForgottenIsAlsoWhatWasRefused(t *testing.T) {
	t.Parallel()
	for _, op := range []string{opWrite, opSync} {
		for _, stored := range []bool{false, true} {
			failing := false
			mem := vfs.NewMem()
			l := open(t, config(&hookFS{FS: mem, hook: func(did string) error {
				if failing && did == op {
					return syscall.EIO
				}
				return nil
			}}))
			if stored {
				appendTo(t, l, "somebody")
			}
			failing = true
			_, err := l.Append(t.Context(), []byte("somebody who was refused"))
			require.ErrorIs(t, err, ingest.ErrLogUnavailable)
			failing = false
			upTo, err := l.Forget(l.End())
			require.NoError(t, err)
			require.Equal(t, l.End(), upTo)
			for _, content := range files(t, mem) {
				require.NotContains(t, strings.ToLower(content), "somebody")
			}
			require.NoError(t, l.Close())
		}
	}
}
