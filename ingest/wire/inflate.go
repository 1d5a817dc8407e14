package wire

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/internal/fault"
)

// Faults of a body as a whole.
var (
	ErrBodyTooLarge     = fault.New(fault.TooLarge, "body_too_large", "The body has more than %d bytes as sent. Send smaller batches.", ingest.MaxWireBytes)
	ErrInflatedTooLarge = fault.New(fault.TooLarge, "inflated_too_large", "The body has more than %d bytes once decompressed. Send smaller batches.", ingest.MaxInflatedBytes)
	ErrInflationRatio   = fault.New(fault.TooLarge, "inflation_ratio", "The body grows more than %d times when decompressed. Real events do not compress like that.", ingest.MaxInflationRatio)
	ErrEncoding         = fault.New(fault.Invalid, "unsupported_encoding", "Content-Encoding must be gzip, zstd or identity.")
	ErrCorrupt          = fault.New(fault.Invalid, "corrupt_body", "The body ends early or cannot be decompressed. Nothing of it was accepted.")
)

// Bodies reads request bodies. It pools decompressors, whose tables are costly to make.
type Bodies struct {
	gzips sync.Pool // of *gzip.Reader
	zstds sync.Pool // of *zstd.Decoder
}

// Read reads a whole body into buf, decompressed by encoding ("", "identity", "gzip" or "zstd"). With sniff a gzip body is also recognised
// by its first bytes, as Segment's clients need. It returns buf's successor; reading never takes more memory than the limits.
//
// Errors: ErrBodyTooLarge, ErrInflatedTooLarge, ErrInflationRatio, ErrEncoding, ErrCorrupt.
func (p *Bodies) Read(r io.Reader, encoding string, sniff bool, buf []byte) ([]byte, error) {
	return p.ReadWithin(r, encoding, sniff, buf, func(int) error { return nil })
}

// ReadWithin is Read that reports how many decompressed bytes it holds, as they become more. An error of hold ends the reading and is returned:
// so the memory of many bodies together can be bounded by what they really take, which nobody knows beforehand.
func (p *Bodies) ReadWithin(r io.Reader, encoding string, sniff bool, buf []byte, hold func(n int) error) ([]byte, error) {
	wire := &countingReader{r: r}
	var head [2]byte
	src := io.Reader(wire)
	if sniff {
		n, err := io.ReadFull(wire, head[:])
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, translate(err)
		}
		switch isGzip := n == 2 && head == [2]byte{0x1f, 0x8b}; {
		case isGzip:
			encoding = "gzip"
		case strings.EqualFold(encoding, "gzip"):
			encoding = "" // some clients say so and send plain text
		}
		src = io.MultiReader(bytes.NewReader(head[:n]), wire)
	}
	switch strings.ToLower(encoding) {
	case "", "identity":
		return readAll(src, wire, ingest.MaxWireBytes, ErrBodyTooLarge, buf, hold)
	case "gzip":
		zr, _ := p.gzips.Get().(*gzip.Reader)
		if zr == nil {
			zr = new(gzip.Reader)
		}
		defer p.gzips.Put(zr)
		if err := zr.Reset(src); err != nil {
			return nil, translate(err)
		}
		return readAll(zr, wire, ingest.MaxInflatedBytes, ErrInflatedTooLarge, buf, hold)
	case "zstd":
		zr, _ := p.zstds.Get().(*zstd.Decoder)
		if zr == nil {
			var err error
			zr, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(8<<20), zstd.WithDecoderMaxMemory(ingest.MaxInflatedBytes), zstd.WithDecoderLowmem(true))
			if err != nil {
				return nil, err
			}
		}
		defer p.zstds.Put(zr)
		if err := zr.Reset(src); err != nil {
			return nil, translate(err)
		}
		return readAll(zr, wire, ingest.MaxInflatedBytes, ErrInflatedTooLarge, buf, hold)
	default:
		return nil, ErrEncoding
	}
}

// readAll reads r into buf until its end, at most limit bytes.
func readAll(r io.Reader, wire *countingReader, limit int, tooLarge error, buf []byte, hold func(int) error) ([]byte, error) {
	buf = buf[:0]
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err := hold(len(buf)); err != nil {
			return nil, err
		}
		switch {
		case len(buf) > limit:
			return nil, tooLarge
		case len(buf) > 1<<20 && len(buf) > ingest.MaxInflationRatio*wire.n:
			return nil, ErrInflationRatio
		case errors.Is(err, io.EOF):
			return buf, nil
		case err != nil:
			return nil, translate(err)
		}
	}
}

// translate keeps faults and calls everything else a corrupt body: the sender must hear the same whichever library noticed it.
func translate(err error) error {
	var f *fault.Error
	if errors.As(err, &f) {
		return f
	}
	if errors.Is(err, zstd.ErrDecoderSizeExceeded) || errors.Is(err, zstd.ErrWindowSizeExceeded) {
		return ErrInflatedTooLarge.Because(err)
	}
	return ErrCorrupt.Because(err)
}

// countingReader counts the bytes as sent and ends with ErrBodyTooLarge past the limit.
type countingReader struct {
	r io.Reader
	n int
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	if c.n > ingest.MaxWireBytes {
		return n, ErrBodyTooLarge
	}
	return n, err
}
