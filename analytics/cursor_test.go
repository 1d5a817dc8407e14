package analytics

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestCursorsAreReadAsWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		instant := rapid.Custom(func(t *rapid.T) time.Time {
			return time.UnixMilli(rapid.Int64Range(0, LatestTime().UnixMilli()).Draw(t, "ms")).UTC()
		})
		p := Position{
			Time: instant.Draw(t, "time"), ReceivedAt: instant.Draw(t, "received"),
			Index: uint16(rapid.IntRange(0, math.MaxUint16).Draw(t, "index")), Tie: rapid.Uint64().Draw(t, "tie"),
		}
		got, err := ParseCursor(p.Cursor())
		require.NoError(t, err)
		require.Equal(t, p, got)
	})
}

func FuzzParseCursor(f *testing.F) {
	f.Add(Position{Time: time.Now(), ReceivedAt: time.Now(), Index: 1, Tie: 2}.Cursor())
	f.Add("")
	f.Add("AQ==")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParseCursor(s)
		if err != nil {
			require.ErrorIs(t, err, ErrCursorInvalid)
			return
		}
		require.Equal(t, s, p.Cursor())
	})
}
