package wire_test

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/wire"
	"github.com/observatory/observatory/internal/fault"
)

func gzipped(text []byte) []byte {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		panic(err) // there is such a level
	}
	_, _ = w.Write(text) // a bytes.Buffer takes everything
	_ = w.Close()
	return b.Bytes()
}

func zstded(text []byte, options ...zstd.EOption) []byte {
	w, err := zstd.NewWriter(nil, options...)
	if err != nil {
		panic(err) // the options are ours
	}
	return w.EncodeAll(text, nil)
}

// hardText is text that hardly compresses: hexadecimal digits of a simple generator.
func hardText(n int) []byte {
	out := make([]byte, n)
	x := uint64(1)
	for i := range out {
		x = x*6364136223846793005 + 1442695040888963407
		out[i] = "0123456789abcdef"[x>>60]
	}
	return out
}

// streamed compresses text without saying how long it is.
func streamed(text []byte) []byte {
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b)
	if err != nil {
		panic(err) // has no options
	}
	_, _ = w.Write(text) // a bytes.Buffer takes everything
	_ = w.Close()
	return b.Bytes()
}

// easyText is text that compresses about ten times, as events do.
func easyText(n int) []byte {
	var b bytes.Buffer
	for hard := hardText(n / 5); b.Len() < n; hard = hard[20:] {
		b.WriteString(`{"event":"page_view","event_id":"`)
		b.Write(hard[:20])
		b.WriteString(`","properties":{"path":"/an/ordinary/page","referrer":"https://search.example/","title":"An ordinary page","ms":250}}` + "\n")
	}
	return b.Bytes()[:n]
}

func TestBodiesRead(t *testing.T) {
	t.Parallel()
	const text = `{"event":"a"}`
	long := bytes.Repeat([]byte("0123456789 event "), 5000)
	two := func(b []byte) []byte { return append(b[:len(b):len(b)], b...) }
	for _, c := range []struct {
		name, encoding string
		sniff          bool
		body           []byte
		want           string
	}{
		{"plain", "", false, []byte(text), text},
		{"identity", "identity", false, []byte(text), text},
		{"empty", "", false, nil, ""},
		{"gzip", "gzip", false, gzipped([]byte(text)), text},
		{"GZip", "GZip", false, gzipped([]byte(text)), text},
		{"long gzip", "gzip", false, gzipped(long), string(long)},
		{"two gzip members", "gzip", false, two(gzipped([]byte(text))), text + text},
		{"zstd", "zstd", false, zstded([]byte(text)), text},
		{"long zstd", "zstd", false, zstded(long), string(long)},
		{"two zstd frames", "zstd", false, two(zstded([]byte(text))), text + text},
		{"sniffed", "", true, gzipped([]byte(text)), text},
		{"sniffed, and said so", "gzip", true, gzipped([]byte(text)), text},
		{"said so, and is not", "gzip", true, []byte(text), text},
		{"sniffed plain", "", true, []byte(text), text},
		{"sniffed zstd", "zstd", true, zstded([]byte(text)), text},
		{"sniffed empty", "", true, nil, ""},
		{"sniffed, one byte", "", true, []byte("{"), "{"},
		{"20 MB", "gzip", false, gzipped(easyText(ingest.MaxInflatedBytes)), string(easyText(ingest.MaxInflatedBytes))},
		{"20 MB of zstd", "zstd", false, zstded(easyText(ingest.MaxInflatedBytes)), string(easyText(ingest.MaxInflatedBytes))},
		{"4 MB", "", false, hardText(ingest.MaxWireBytes), string(hardText(ingest.MaxWireBytes))},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var bodies wire.Bodies
			buf := []byte("what was there before")
			for range 3 { // also with the pool's decompressor, and byte by byte
				got, err := bodies.Read(bytes.NewReader(c.body), c.encoding, c.sniff, buf)
				require.NoError(t, err)
				require.True(t, bytes.Equal([]byte(c.want), got))
				buf = got
			}
			if len(c.body) < 1<<20 {
				got, err := bodies.Read(iotest.OneByteReader(bytes.NewReader(c.body)), c.encoding, c.sniff, buf)
				require.NoError(t, err)
				require.Equal(t, c.want, string(got))
			}
		})
	}
}

func TestBodiesReadRefuses(t *testing.T) {
	t.Parallel()
	hard := hardText(12 << 20)                    // does not compress to 4 MB
	easy := easyText(ingest.MaxInflatedBytes + 1) // 20 MB that do
	text := easy[:200<<10]
	for _, c := range []struct {
		name, encoding string
		body           []byte
		want           error
	}{
		{"brotli", "br", []byte("x"), wire.ErrEncoding},
		{"a list of encodings", "gzip, gzip", []byte("x"), wire.ErrEncoding},
		{"4 MB and one", "", hard[:ingest.MaxWireBytes+1], wire.ErrBodyTooLarge},
		{"gzip of 4 MB and more", "gzip", gzipped(hard), wire.ErrBodyTooLarge},
		{"zstd of 4 MB and more", "zstd", zstded(hard), wire.ErrBodyTooLarge},
		{"gzip that inflates to 20 MB and more", "gzip", gzipped(easy), wire.ErrInflatedTooLarge},
		{"zstd that inflates to 20 MB and more", "zstd", streamed(easy), wire.ErrInflatedTooLarge},
		{"zstd that says it will", "zstd", zstded(easy, zstd.WithSingleSegment(true)), wire.ErrInflatedTooLarge},
		{"a gzip bomb", "gzip", gzipped(make([]byte, 32<<20)), wire.ErrInflationRatio},
		{"a zstd bomb", "zstd", streamed(make([]byte, 32<<20)), wire.ErrInflationRatio},
		{"garbage for gzip", "gzip", []byte("garbage, and more of it"), wire.ErrCorrupt},
		{"garbage for zstd", "zstd", []byte("garbage, and more of it"), wire.ErrCorrupt},
		{"garbage behind gzip", "gzip", append(gzipped(text), "garbage"...), wire.ErrCorrupt},
		{"garbage behind zstd", "zstd", append(zstded(text), "garbage"...), wire.ErrCorrupt},
		{"nothing for gzip", "gzip", nil, wire.ErrCorrupt},
		{"a wrong sum", "gzip", flip(gzipped(text), -6), wire.ErrCorrupt},
		{"a wrong sum of zstd", "zstd", flip(zstded(text), -1), wire.ErrCorrupt},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var bodies wire.Bodies
			for range 2 {
				got, err := bodies.Read(bytes.NewReader(c.body), c.encoding, false, nil)
				require.ErrorIs(t, err, c.want)
				require.Nil(t, got)
			}
			// what was refused spoils nothing for the next
			got, err := bodies.Read(bytes.NewReader(gzipped(text)), "gzip", false, nil)
			require.NoError(t, err)
			require.Equal(t, text, got)
			got, err = bodies.Read(bytes.NewReader(zstded(text)), "zstd", false, nil)
			require.NoError(t, err)
			require.Equal(t, text, got)
		})
	}
}

func flip(b []byte, at int) []byte {
	b[len(b)+at] ^= 0x10
	return b
}

// Cut short anywhere, a compressed body is refused.
func TestBodiesReadTruncated(t *testing.T) {
	t.Parallel()
	text := []byte(strings.Repeat(`{"event":"a","properties":{"n":1}}`, 20))
	var bodies wire.Bodies
	for encoding, body := range map[string][]byte{"gzip": gzipped(text), "zstd": zstded(text)} {
		for n := range body {
			if n == 0 && encoding == "zstd" {
				continue // no frames are no text: empty_body then
			}
			_, err := bodies.Read(bytes.NewReader(body[:n]), encoding, false, nil)
			require.ErrorIs(t, err, wire.ErrCorrupt, "%s, %d of %d bytes", encoding, n, len(body))
		}
	}
	gone := errors.New("connection reset")
	for _, encoding := range []string{"", "gzip", "zstd"} {
		for _, sniff := range []bool{false, true} {
			_, err := bodies.Read(io.MultiReader(strings.NewReader("{"), iotest.ErrReader(gone)), encoding, sniff, nil)
			require.ErrorIs(t, err, wire.ErrCorrupt)
		}
	}
	own := fault.New(fault.Unavailable, "ours", "")
	_, err := bodies.Read(iotest.ErrReader(own), "", true, nil)
	require.ErrorIs(t, err, own)
}

// A bomb is noticed before it takes memory.
func TestBodiesReadBomb(t *testing.T) { //nolint:paralleltest // measures the memory of the process
	const size = 256 << 20
	zeros := make([]byte, size)
	for encoding, body := range map[string][]byte{"gzip": gzipped(zeros), "zstd": streamed(zeros)} {
		var bodies wire.Bodies
		_, err := bodies.Read(bytes.NewReader(body), encoding, false, nil)
		require.ErrorIs(t, err, wire.ErrInflationRatio)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err = bodies.Read(bytes.NewReader(body), encoding, false, nil)
		runtime.ReadMemStats(&after)
		require.ErrorIs(t, err, wire.ErrInflationRatio)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(24<<20), encoding)
		t.Logf("%s: %d bytes as sent, %d allocated", encoding, len(body), after.TotalAlloc-before.TotalAlloc)
	}
}
