package accesslog_test

import (
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/accesslog"
)

const goodLine = `192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 12 "-" "agent"`

// read collects the good lines' numbers, what is wrong with the others, and the reader's error.
func read(r io.Reader) (good []int64, bad map[int64]string, failed error) {
	bad = map[int64]string{}
	for line, err := range accesslog.Read(r) {
		switch {
		case err != nil:
			return good, bad, err
		case line.Err != nil:
			bad[line.Number] = line.Err.Error()
		default:
			good = append(good, line.Number)
		}
	}
	return good, bad, nil
}

func TestReadNamesTheLinesThatItCannotRead(t *testing.T) {
	t.Parallel()
	file, err := os.Open("testdata/sample.log")
	require.NoError(t, err)
	defer file.Close()
	good, bad, err := read(file)
	require.NoError(t, err)
	require.Equal(t, []int64{1, 2, 3, 4, 5, 6, 8, 9, 10}, good)
	require.Equal(t, map[int64]string{
		11: "the time in [brackets] is missing",
		12: "the line ends inside the user agent: the closing quote is missing",
	}, bad)
}

func TestReadTakesEveryEndOfLine(t *testing.T) {
	t.Parallel()
	for name, log := range map[string]string{
		"Unix":                 goodLine + "\n" + goodLine + "\n",
		"Windows":              goodLine + "\r\n" + goodLine + "\r\n",
		"none at the end":      goodLine + "\n" + goodLine,
		"with byte order mark": "\xef\xbb\xbf" + goodLine + "\n" + goodLine + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var texts []string
			for line, err := range accesslog.Read(iotest.OneByteReader(strings.NewReader(log))) {
				require.NoError(t, err)
				require.NoError(t, line.Err)
				texts = append(texts, line.Text)
			}
			require.Equal(t, []string{goodLine, goodLine}, texts)
		})
	}
}

func TestReadPassesOverNothingAndEmptyLines(t *testing.T) {
	t.Parallel()
	good, bad, err := read(strings.NewReader(""))
	require.NoError(t, err)
	require.Empty(t, good)
	require.Empty(t, bad)
	good, bad, err = read(strings.NewReader("\n\r\n" + goodLine + "\n\n"))
	require.NoError(t, err)
	require.Equal(t, []int64{3}, good)
	require.Empty(t, bad)
}

func TestReadSkipsALineThatIsTooLong(t *testing.T) {
	t.Parallel()
	fill := func(n int) string {
		return strings.TrimSuffix(goodLine, `"`) + strings.Repeat("x", n-len(goodLine)) + `"`
	}
	for _, c := range []struct {
		name string
		long string
		bad  map[int64]string
		good []int64
	}{
		{"the longest", fill(accesslog.MaxLine), map[int64]string{}, []int64{1, 2, 3}},
		{"a little too long", fill(accesslog.MaxLine + 2), map[int64]string{2: "the line is longer than 64 KiB"}, []int64{1, 3}},
		{"much too long", fill(10 * accesslog.MaxLine), map[int64]string{2: "the line is longer than 64 KiB"}, []int64{1, 3}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			good, bad, err := read(strings.NewReader(goodLine + "\n" + c.long + "\n" + goodLine))
			require.NoError(t, err)
			require.Equal(t, c.good, good)
			require.Equal(t, c.bad, bad)
			good, bad, err = read(strings.NewReader(goodLine + "\r\n" + c.long + "\r\n" + goodLine + "\r\n"))
			require.NoError(t, err)
			require.Equal(t, c.good, good)
			require.Equal(t, c.bad, bad)
		})
	}
	t.Run("at the end of the file", func(t *testing.T) {
		t.Parallel()
		good, bad, err := read(strings.NewReader(goodLine + "\n" + fill(accesslog.MaxLine+100)))
		require.NoError(t, err)
		require.Equal(t, []int64{1}, good)
		require.Len(t, bad, 1)
	})
}

func TestReadEndsWithTheReadersError(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk broken")
	good, bad, err := read(io.MultiReader(strings.NewReader(goodLine+"\n"+goodLine[:20]), iotest.ErrReader(broken)))
	require.ErrorIs(t, err, broken)
	require.ErrorContains(t, err, "read line 2")
	require.Equal(t, []int64{1}, good)
	require.Empty(t, bad, "half a line before an error is not judged")
}

func TestReadMayBeLeftEarly(t *testing.T) {
	t.Parallel()
	for line, err := range accesslog.Read(strings.NewReader(goodLine + "\n" + goodLine + "\n")) {
		require.NoError(t, err)
		require.Equal(t, int64(1), line.Number)
		break
	}
}
