package accesslog_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/internal/accesslog"
	"github.com/observatory/observatory/internal/client"
)

// Whatever stands in a log, the reader ends, judges every line that is not empty, and makes events that the server takes.
func FuzzRead(f *testing.F) {
	sample, err := os.ReadFile("testdata/sample.log")
	require.NoError(f, err)
	for _, line := range bytes.Split(sample, []byte("\n")) {
		f.Add(line)
	}
	f.Add(sample)
	f.Fuzz(func(t *testing.T, log []byte) {
		m := accesslog.NewMapper([]byte(key))
		lines, ids := int64(0), map[string]bool{}
		for line, err := range accesslog.Read(bytes.NewReader(log)) {
			require.NoError(t, err)
			require.Greater(t, line.Number, lines)
			lines = line.Number
			if line.Err != nil {
				require.Zero(t, line.Record)
				require.Less(t, len(line.Err.Error()), 400)
				continue
			}
			r := line.Record
			for _, text := range []string{r.Address, r.User, r.Request, r.Method, r.Target, r.Protocol, r.Referrer, r.UserAgent} {
				require.True(t, utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl), "%q", text)
			}
			require.True(t, r.Status >= 100 && r.Status <= 999)
			require.GreaterOrEqual(t, r.Bytes, int64(-1))
			e := m.Event(line)
			require.False(t, ids[e.ID], "an ID came twice")
			ids[e.ID] = true
			require.Less(t, sizeOnTheWire(t, e), 32<<10)
		}
		require.LessOrEqual(t, lines, int64(bytes.Count(log, []byte("\n"))+1))
	})
}

// sizeOnTheWire is the length of an event's JSON as the client sends it.
func sizeOnTheWire(t *testing.T, e client.Event) int {
	t.Helper()
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	require.NoError(t, encoder.Encode(e))
	return out.Len()
}
