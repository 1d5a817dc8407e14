package main

import (
	"bytes"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestProgressInWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		status  status
		elapsed time.Duration
		want    string
	}{
		{"the beginning", status{total: 100, unit: "lines"}, 0, "0%, 0 lines"},
		{"under way", status{done: 25, total: 100, count: 2500, unit: "lines", more: "500 events sent"}, 2 * time.Second, "25%, 2,500 lines, 1,250 lines/s, 500 events sent, 6s left"},
		{"the end", status{done: 100, total: 100, count: 10_000, unit: "lines"}, 4 * time.Second, "100%, 10,000 lines, 2,500 lines/s"},
		{"a file that grows", status{done: 120, total: 100, count: 12, unit: "lines"}, time.Second, "100%, 12 lines, 12 lines/s"},
		{"no known end", status{done: 5e6, count: 1_234_567, unit: "lines"}, time.Minute, "1,234,567 lines, 20,576 lines/s"},
		{"a unit of two words", status{done: 5, total: 10, count: 5, unit: "events sent"}, time.Second, "50%, 5 events sent, 5 events/s, 1s left"},
	} {
		require.Equal(t, c.want, c.status.text(c.elapsed), c.name)
	}
}

func TestTheBarFitsIntoTheTerminal(t *testing.T) {
	t.Parallel()
	s := status{done: 50, total: 100, count: 50, unit: "lines"}
	require.Equal(t, "━━━━━━━━━━━━━━━─────────────── 50%, 50 lines, 50 lines/s, 1s left", s.bar(time.Second, 80))
	for width := range 80 {
		require.LessOrEqual(t, len([]rune(s.bar(time.Second, width))), width)
	}
	require.NotContains(t, status{count: 1, unit: "lines"}.bar(time.Second, 80), "─", "no bar without a known end")
}

func TestThousands(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 12345: "12,345", 1234567: "1,234,567", -1: "-1", -123: "-123", -1234: "-1,234"} {
		require.Equal(t, want, thousands(n))
	}
}

func TestProgressOnATerminalLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := &progress{out: &out, every: redrawEvery, width: func() int { return 60 }}
		failed := errors.New("failed")
		require.ErrorIs(t, p.while(func() status { return status{done: 1, total: 2, count: 1, unit: "lines"} }, func() error {
			time.Sleep(250 * time.Millisecond)
			p.note("something %s", "happened")
			return failed
		}), failed)
		require.Contains(t, out.String(), "\r\x1b[Ksomething happened\n", "a note does not run into the bar")
		require.True(t, bytes.HasSuffix(out.Bytes(), []byte("\n")), "%q", out.String())
		require.Equal(t, 2, bytes.Count(out.Bytes(), []byte("50%")), "one each 100 ms")
	})
}

func TestProgressElsewhereIsAPlainLineNowAndThen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var (
			out   bytes.Buffer
			lines atomic.Int64
		)
		p := newProgress(&out)
		require.NoError(t, p.while(func() status { return status{done: lines.Load(), total: 20, count: lines.Load(), unit: "lines"} }, func() error {
			for range 12 {
				time.Sleep(time.Second)
				lines.Add(1)
			}
			return nil
		}))
		require.Regexp(t, `^2[05]%, [45] lines, [01] lines/s, \d+s left\n(45|50)%, (9|10) lines, [01] lines/s, \d+s left\n$`, out.String())
	})
}

func TestATroubleIsNotToldAHundredTimes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := newProgress(&out)
		for range 100 {
			p.warn("cannot reach it")
			time.Sleep(100 * time.Millisecond)
		}
		require.Equal(t, "cannot reach it\ncannot reach it\n", out.String())
	})
}
