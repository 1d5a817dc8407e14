package api

import (
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/wire"
)

// bodies lends requests the memory to read and decode their bodies in, and bounds how much of it is lent at a time.
type bodies struct {
	limit int64
	lent  atomic.Int64
	wire  wire.Bodies
	pool  sync.Pool // of *body
}

// body is the memory of one request.
type body struct {
	decoder *wire.Decoder
	buf     []byte
	wire    *wire.Bodies
}

func newBodies(limit int64) *bodies {
	b := &bodies{limit: limit}
	b.pool.New = func() any { return &body{decoder: wire.NewDecoder(), wire: &b.wire} }
	return b
}

// keepBuffer is the largest buffer that goes back into the pool.
const keepBuffer = 1 << 20

// with runs f with a body's memory, or returns ingest.ErrBusy when too much is lent.
func (b *bodies) with(r *http.Request, f func(*body) error) error {
	n := expectedBytes(r)
	if b.lent.Add(n) > b.limit {
		b.lent.Add(-n)
		return ingest.ErrBusy()
	}
	defer b.lent.Add(-n)
	it := b.pool.Get().(*body) //nolint:forcetypeassert // the pool holds nothing else
	defer func() {
		if cap(it.buf) <= keepBuffer {
			b.pool.Put(it)
		}
	}()
	return f(it)
}

// expectedBytes is what a request will take: a compressed or endless body may inflate to the limit.
func expectedBytes(r *http.Request) int64 {
	const typicalRatio = 20
	if r.ContentLength < 0 {
		return ingest.MaxWireBytes
	}
	n := min(r.ContentLength, ingest.MaxWireBytes)
	if r.Header.Get("Content-Encoding") != "" {
		n = min(n*typicalRatio, ingest.MaxInflatedBytes)
	}
	return n
}

// read reads the request's body, decompressed. The result is valid until the body's memory is used again.
func (b *body) read(r *http.Request, encoding string, sniff bool) ([]byte, error) {
	if r.ContentLength > ingest.MaxWireBytes {
		return nil, wire.ErrBodyTooLarge
	}
	raw, err := b.wire.Read(r.Body, encoding, sniff, b.buf)
	if err != nil {
		return nil, err
	}
	b.buf = raw
	return raw, nil
}
