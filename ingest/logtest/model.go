package logtest

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/ingest"
)

// testModel does everything in any order and compares with a list.
func testModel(t *testing.T, fresh Fresh) {
	rapid.Check(t, func(t *rapid.T) {
		open := fresh(t)
		l := open()
		defer func() { _ = l.Close() }()
		all := []ingest.Entry{} // that were ever appended
		trimmed := 0            // that may be gone
		at := func(i int) ingest.Offset {
			if i < len(all) {
				return all[i].Offset
			}
			return l.End()
		}
		read := func(from, maxBytes int) {
			got := ReadAll(t, l, at(from), maxBytes)
			require.Equal(t, all[from:], got)
		}
		n := 0
		appendSome := func(loose bool) {
			from := l.End()
			want := []string{}
			for range rapid.IntRange(1, 5).Draw(t, "records") {
				n++
				r := bytes.Repeat([]byte{byte(n)}, rapid.SampledFrom([]int{1, 30, 300, 5000}).Draw(t, "size"))
				want = append(want, string(r))
				if loose {
					require.NoError(t, l.AppendLoosely(context.Background(), r))
				} else {
					appendTo(t, l, r)
				}
			}
			if loose {
				want = append(want, "end")
				appendTo(t, l, []byte("end"))
			}
			got := ReadAll(t, l, from, 1<<20)
			require.Equal(t, want, Records(got))
			all = append(all, got...)
		}
		t.Repeat(map[string]func(*rapid.T){
			"append":  func(*rapid.T) { appendSome(false) },
			"loosely": func(*rapid.T) { appendSome(true) },
			"read": func(t *rapid.T) {
				read(rapid.IntRange(trimmed, len(all)).Draw(t, "from"), rapid.SampledFrom([]int{1, 100, 1000, 1 << 20}).Draw(t, "bytes"))
			},
			"trim": func(t *rapid.T) {
				trimmed = rapid.IntRange(trimmed, len(all)).Draw(t, "to")
				require.NoError(t, l.Trim(at(trimmed)))
			},
			"forget": func(t *rapid.T) {
				trimmed = rapid.IntRange(trimmed, len(all)).Draw(t, "to")
				upTo, err := l.Forget(at(trimmed))
				require.NoError(t, err)
				if trimmed == len(all) {
					require.Equal(t, l.End(), upTo)
				}
				if left := ReadAll(t, l, 0, 1<<20); len(left) > 0 {
					require.GreaterOrEqual(t, left[0].Offset, upTo)
				}
			},
			"reopen": func(t *rapid.T) {
				end := l.End()
				closeLog(t, l)
				l = open()
				require.Equal(t, end, l.End())
			},
		})
		read(trimmed, 1<<20)
	})
}
