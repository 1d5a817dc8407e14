package logtest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
)

func testSync(t *testing.T, fresh Fresh) {
	l := fresh(t)()
	end, err := l.Sync(t.Context())
	require.NoError(t, err)
	require.Equal(t, l.End(), end)
	for i := range 20 {
		require.NoError(t, l.AppendLoosely(t.Context(), record(i)))
		end, err := l.Sync(t.Context())
		require.NoError(t, err)
		require.Equal(t, l.End(), end)
		require.Len(t, ReadAll(t, l, 0, 1<<20), i+1, "what was added loosely is durable")
	}
	closeLog(t, l)
	_, err = l.Sync(t.Context())
	require.ErrorIs(t, err, ingest.ErrLogUnavailable)
}

func testForget(t *testing.T, fresh Fresh) {
	open := fresh(t)
	l := open()
	forget := func(before ingest.Offset) ingest.Offset {
		upTo, err := l.Forget(before)
		require.NoError(t, err)
		return upTo
	}
	require.GreaterOrEqual(t, forget(l.End()), l.End(), "of an empty log nothing is left")
	for i := range 300 {
		appendTo(t, l, record(i))
	}
	all := ReadAll(t, l, 0, 1<<20)
	for _, keep := range []int{0, 1, 150, 151, 299} {
		before := all[keep].Offset
		require.LessOrEqual(t, forget(before), l.End())
		require.Equal(t, all[keep:], ReadAll(t, l, before, 1<<20), "what is behind it stays")
	}
	before, end := all[299].Offset, l.End()
	appendTo(t, l, []byte("after"))
	require.NoError(t, l.Trim(end))
	upTo := forget(before)
	require.GreaterOrEqual(t, upTo, before, "what was added later keeps nothing in place")
	rest := ReadAll(t, l, 0, 1<<20)
	require.GreaterOrEqual(t, rest[0].Offset, upTo)
	require.Equal(t, "after", string(rest[len(rest)-1].Record))

	require.NoError(t, l.Trim(l.End()))
	require.Equal(t, l.End(), forget(l.End()-1), "what is trimmed keeps nothing in place either")
	require.Equal(t, l.End(), forget(l.End()))
	require.Empty(t, ReadAll(t, l, 0, 1<<20))
	end = l.End()
	closeLog(t, l)
	l = open()
	defer closeLog(t, l)
	require.Equal(t, end, l.End(), "the log goes on where it was")
	require.Empty(t, ReadAll(t, l, 0, 1<<20))
	require.GreaterOrEqual(t, forget(end), end)
	require.Greater(t, appendTo(t, l, []byte("next")), end)
	require.Equal(t, []string{"next"}, Records(ReadAll(t, l, 0, 1<<20)))
}

func testReopen(t *testing.T, fresh Fresh) {
	open := fresh(t)
	want := []string{}
	all := []ingest.Entry{}
	for round := range 5 {
		l := open()
		require.Equal(t, all, ReadAll(t, l, 0, 100))
		for i := range 10 * round {
			appendTo(t, l, record(i))
			want = append(want, string(record(i)))
		}
		all = ReadAll(t, l, 0, 100)
		require.Equal(t, want, Records(all))
		closeLog(t, l)
	}
}

func testCloseWhileWriting(t *testing.T, fresh Fresh) {
	open := fresh(t)
	l := open()
	const writers = 16
	var written [writers]int
	var wg sync.WaitGroup
	under := make(chan struct{}, writers)
	for w := range writers {
		wg.Go(func() {
			for i := 0; ; i++ {
				if _, err := l.Append(t.Context(), fmt.Appendf(nil, "%d %d", w, i)); err != nil {
					if !errors.Is(err, ingest.ErrLogUnavailable) {
						t.Error(err)
					}
					return
				}
				written[w] = i + 1
				if i == 3 {
					under <- struct{}{}
				}
			}
		})
	}
	for range writers {
		<-under
	}
	closeLog(t, l)
	wg.Wait()
	l = open()
	defer closeLog(t, l)
	var found [writers]int
	for _, e := range ReadAll(t, l, 0, 1<<20) {
		var w, i int
		_, err := fmt.Sscanf(string(e.Record), "%d %d", &w, &i)
		require.NoError(t, err)
		require.Equal(t, found[w], i)
		found[w]++
	}
	for w := range writers {
		require.GreaterOrEqual(t, found[w], written[w], "what was acknowledged is there")
		require.LessOrEqual(t, found[w], written[w]+1)
	}
}

func testClosed(t *testing.T, fresh Fresh) {
	open := fresh(t)
	l := open()
	for i := range 50 {
		require.NoError(t, l.AppendLoosely(t.Context(), record(i)))
	}
	closeLog(t, l)
	closeLog(t, l)
	_, err := l.Append(t.Context(), record(0))
	require.ErrorIs(t, err, ingest.ErrLogUnavailable)
	require.ErrorIs(t, l.AppendLoosely(t.Context(), record(0)), ingest.ErrLogUnavailable)
	l = open()
	defer closeLog(t, l)
	require.Len(t, ReadAll(t, l, 0, 1<<20), 50, "closing writes what is pending")
}
