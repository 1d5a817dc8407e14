package eventlog_test

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest/eventlog"
	"github.com/observatory/observatory/ingest/logtest"
)

// Whatever stands in a segment, opening the log ends, in an error or in a log that can be read to its end and written.
func FuzzSegment(f *testing.F) {
	fs := vfs.NewMem()
	l := open(f, config(fs))
	appendTo(f, l, "one", "two", "three")
	require.NoError(f, l.Close())
	sound := readFile(f, fs, segments(f, fs)[0])
	f.Add(sound)
	f.Add(sound[:len(sound)-1])
	f.Add(append(sound[:11:11], sound[12:]...))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, segment []byte) {
		fs := vfs.NewMem()
		require.NoError(t, fs.MkdirAll("data", 0o700))
		require.NoError(t, fs.MkdirAll("data/log", 0o700))
		writeFile(t, fs, "00000000000000000000.log", segment)
		l, err := eventlog.Open(config(fs))
		if err != nil {
			require.ErrorContains(t, err, "damaged")
			return
		}
		before := logtest.ReadAll(t, l, 0, 1<<20)
		appendTo(t, l, "next")
		after := logtest.ReadAll(t, l, 0, 1<<20)
		require.Equal(t, append(before, after[len(after)-1]), after)
		require.Equal(t, "next", string(after[len(after)-1].Record))
		require.NoError(t, l.Close())
	})
}
