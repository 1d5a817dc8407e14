// Package logtest is the conformance suite of ingest.Log: every log, on whatever technology, passes it.
package logtest

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
)

// Fresh makes an empty log. What it returns opens it, and opens it again once it is closed.
type Fresh func(tb TB) (open func() ingest.Log)

// TB is what the suite needs of a test; both testing.T and rapid.T have it.
type TB interface {
	require.TestingT
	Helper()
}

// patience bounds waiting for what must happen.
const patience = 30 * time.Second

// Run tests the logs that fresh makes.
func Run(t *testing.T, fresh Fresh) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, Fresh){
		"order":                  testOrder,
		"durable on return":      testDurableOnReturn,
		"many writers":           testManyWriters,
		"the record is copied":   testRecordIsCopied,
		"read within bounds":     testReadBounds,
		"wait":                   testWait,
		"sync":                   testSync,
		"trim":                   testTrim,
		"forget":                 testForget,
		"open again":             testReopen,
		"close while writing":    testCloseWhileWriting,
		"closed":                 testClosed,
		"any order of doing all": testModel,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, fresh)
		})
	}
}

func record(i int) []byte { return fmt.Appendf(nil, "record %d %s", i, strings.Repeat("x", i%97)) }

func appendTo(t TB, l ingest.Log, r []byte) ingest.Offset {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	end, err := l.Append(ctx, r)
	require.NoError(t, err)
	return end
}

// ReadAll reads a log from an offset to its end and checks that its entries follow each other. Only the oldest may begin later than asked.
func ReadAll(t TB, l ingest.Log, from ingest.Offset, maxBytes int) []ingest.Entry {
	t.Helper()
	all := []ingest.Entry{}
	for {
		entries, err := l.Read(from, maxBytes)
		require.NoError(t, err)
		if len(entries) == 0 {
			if len(all) > 0 {
				require.GreaterOrEqual(t, from, l.End(), "there is more to read")
			}
			return all
		}
		for i, e := range entries {
			if len(all) > 0 || i > 0 {
				require.Equal(t, from, e.Offset, "an entry begins where the one before it ended")
			} else {
				require.GreaterOrEqual(t, e.Offset, from)
			}
			require.Greater(t, e.Next, e.Offset)
			from = e.Next
			entries[i].Record = bytes.Clone(e.Record)
		}
		all = append(all, entries...)
	}
}

// Records are the records of entries.
func Records(entries []ingest.Entry) []string {
	out := make([]string, len(entries))
	for i, e := range entries {
		out[i] = string(e.Record)
	}
	return out
}

func closeLog(t TB, l ingest.Log) {
	t.Helper()
	require.NoError(t, l.Close())
}

func testOrder(t *testing.T, fresh Fresh) {
	l := fresh(t)()
	defer closeLog(t, l)
	require.Empty(t, ReadAll(t, l, 0, 1<<20))
	want := []string{}
	last := l.End()
	for i := range 200 {
		end := appendTo(t, l, record(i))
		require.Greater(t, end, last)
		last = end
		want = append(want, string(record(i)))
	}
	require.Equal(t, last, l.End())
	require.Equal(t, want, Records(ReadAll(t, l, 0, 1<<20)))
}

func testDurableOnReturn(t *testing.T, fresh Fresh) {
	l := fresh(t)()
	defer closeLog(t, l)
	from := ingest.Offset(0)
	for i := range 20 {
		end := appendTo(t, l, record(i))
		require.GreaterOrEqual(t, l.End(), end)
		entries, err := l.Read(from, 1<<20)
		require.NoError(t, err)
		require.Equal(t, []string{string(record(i))}, Records(entries))
		require.LessOrEqual(t, entries[0].Next, end)
		from = entries[0].Next
	}
}

func testManyWriters(t *testing.T, fresh Fresh) {
	l := fresh(t)()
	defer closeLog(t, l)
	const writers, each = 32, 40
	ends := make([][each]ingest.Offset, writers)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				end, err := l.Append(t.Context(), fmt.Appendf(nil, "%d %d", w, i))
				if err != nil {
					t.Error(err)
					return
				}
				ends[w][i] = end
			}
		})
	}
	wg.Wait()
	var next [writers]int
	for _, e := range ReadAll(t, l, 0, 1000) {
		var w, i int
		_, err := fmt.Sscanf(string(e.Record), "%d %d", &w, &i)
		require.NoError(t, err)
		require.Equal(t, next[w], i, "writer %d: each record once, in the order of writing", w)
		require.LessOrEqual(t, e.Next, ends[w][i])
		next[w]++
	}
	for w := range writers {
		require.Equal(t, each, next[w], "writer %d", w)
	}
}

func testRecordIsCopied(t *testing.T, fresh Fresh) {
	l := fresh(t)()
	defer closeLog(t, l)
	buf := []byte("loose 1")
	require.NoError(t, l.AppendLoosely(t.Context(), buf))
	copy(buf, "loose 2")
	require.NoError(t, l.AppendLoosely(t.Context(), buf))
	copy(buf, "tight 3")
	appendTo(t, l, buf)
	copy(buf, "xxxxxxx")
	require.Equal(t, []string{"loose 1", "loose 2", "tight 3"}, Records(ReadAll(t, l, 0, 1<<20)))
}

func testReadBounds(t *testing.T, fresh Fresh) {
	l := fresh(t)()
	defer closeLog(t, l)
	want := []string{}
	for i := range 30 {
		r := bytes.Repeat([]byte{byte('a' + i)}, 1+i*i*3) // the largest has 2,524 bytes
		appendTo(t, l, r)
		want = append(want, string(r))
	}
	for _, maxBytes := range []int{0, 1, 10, 1000, 10_000, 1 << 20} {
		require.Equal(t, want, Records(ReadAll(t, l, 0, maxBytes)), "%d bytes at a time", maxBytes)
	}
	all := ReadAll(t, l, 0, 1<<20)
	for i, e := range all {
		entries, err := l.Read(e.Offset, 1000)
		require.NoError(t, err)
		require.NotEmpty(t, entries)
		require.Equal(t, e.Offset, entries[0].Offset)
		size := 0
		for _, got := range entries {
			size += len(got.Record)
		}
		require.True(t, len(entries) == 1 || size <= 1000)
		require.Equal(t, want[i:i+len(entries)], Records(entries))
	}
	for _, from := range []ingest.Offset{l.End(), l.End() + 1, l.End() + 1<<40} {
		entries, err := l.Read(from, 1000)
		require.NoError(t, err)
		require.Empty(t, entries)
	}
}

func testWait(t *testing.T, fresh Fresh) {
	l := fresh(t)()
	defer closeLog(t, l)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, l.Wait(ended, l.End()), context.Canceled)

	waited := make(chan error, 2)
	for range cap(waited) {
		go func() { waited <- l.Wait(t.Context(), 0) }()
	}
	end := appendTo(t, l, record(1))
	for range cap(waited) {
		select {
		case err := <-waited:
			require.NoError(t, err)
		case <-time.After(patience):
			require.Fail(t, "an append wakes who waits")
		}
	}
	require.NoError(t, l.Wait(t.Context(), end-1))
	require.ErrorIs(t, l.Wait(ended, end), context.Canceled)

	require.NoError(t, l.AppendLoosely(t.Context(), record(2)))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, l.Wait(ctx, end), "a loose record is durable in the end")
	require.Equal(t, []string{string(record(1)), string(record(2))}, Records(ReadAll(t, l, 0, 1<<20)))
}

func testTrim(t *testing.T, fresh Fresh) {
	open := fresh(t)
	l := open()
	for i := range 300 {
		appendTo(t, l, record(i))
	}
	all := ReadAll(t, l, 0, 1<<20)
	end := l.End()
	for _, keep := range []int{0, 1, 150, 299, 300} {
		before := end
		if keep < len(all) {
			before = all[keep].Offset
		}
		require.NoError(t, l.Trim(before))
		require.NoError(t, l.Trim(0), "trimming less does nothing")
		require.Equal(t, all[keep:], ReadAll(t, l, before, 1<<20))
		require.Equal(t, end, l.End())
		kept := ReadAll(t, l, 0, 1<<20) // perhaps more than was asked for
		require.Equal(t, all[len(all)-len(kept):], kept)
	}
	closeLog(t, l)
	l = open()
	defer closeLog(t, l)
	require.Equal(t, end, l.End(), "also a log that was trimmed to its end goes on there")
	require.Greater(t, appendTo(t, l, []byte("next")), end)
	require.Equal(t, []string{"next"}, Records(ReadAll(t, l, end, 1<<20)))
}
