package api

import (
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/observatory/observatory/api/message"
	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/wire"
)

// bodies lends requests the memory to read and decode their bodies in, and bounds how much of it is in use at a time. Nothing is set aside
// beforehand: a request holds as much as has arrived of it, decompressed, so that announcing a large body and sending none costs nobody anything.
type bodies struct {
	limit int64 // bytes
	held  atomic.Int64
	wire  wire.Bodies
	pool  sync.Pool // of *body
}

// body is the memory of one request.
type body struct {
	decoder *wire.Decoder
	reader  message.Reader
	buf     []byte
	of      *bodies
	held    int64
}

func newBodies(limit int64) *bodies {
	b := &bodies{limit: limit}
	b.pool.New = func() any { return &body{decoder: wire.NewDecoder(), of: b} }
	return b
}

// keepBuffer is the largest buffer that goes back into the pool.
const keepBuffer = 1 << 20

// with runs f with a body's memory.
func (b *bodies) with(f func(*body) error) error {
	it := b.pool.Get().(*body) //nolint:forcetypeassert // the pool holds nothing else
	defer func() {
		it.release()
		if cap(it.buf) <= keepBuffer && it.reader.Size() <= keepBuffer {
			b.pool.Put(it)
		}
	}()
	return f(it)
}

// hold counts the body's bytes, in steps, or returns ingest.ErrBusy when all bodies together have too many.
func (it *body) hold(n int) error {
	const step = 64 << 10
	more := int64(n+step-1)/step*step - it.held
	if more <= 0 {
		return nil
	}
	if it.of.held.Add(more) > it.of.limit {
		it.of.held.Add(-more)
		return ingest.ErrBusy()
	}
	it.held += more
	return nil
}

// release counts none of the body's bytes any more.
func (it *body) release() {
	it.of.held.Add(-it.held)
	it.held = 0
}

// read reads the request's body, decompressed. The result is valid until the body's memory is used again.
func (it *body) read(r *http.Request, encoding string, sniff bool) ([]byte, error) {
	if r.ContentLength > ingest.MaxWireBytes {
		return nil, wire.ErrBodyTooLarge
	}
	raw, err := it.of.wire.ReadWithin(r.Body, encoding, sniff, it.buf, it.hold)
	if err != nil {
		return nil, err
	}
	it.buf = raw
	return raw, nil
}
