package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"connectrpc.com/connect"
	"golang.org/x/sync/semaphore"

	observatoryv1 "github.com/observatory/observatory/api/gen/observatory/v1"
	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/wire"
	"github.com/observatory/observatory/internal/fault"
)

// What one stream may have in hand. Beyond it the server reads no further, and the sender's own flow control stops the sender.
const (
	streamRequests = 64
	streamBytes    = 2 * ingest.MaxWireBytes // of requests
)

var errPanic = errors.New("panic")

const (
	keyChecked  = time.Second // how often a stream looks whether its key is still good
	ackPatience = time.Minute // for a sender that does not read its acknowledgements
)

var errShuttingDown = fault.New(fault.Unavailable, "shutting_down", "The server is shutting down. Everything that was acknowledged is safe; send the rest again.").After(time.Second)

// publishing is a stream in hand: one goroutine reads requests, each request is worked on by one of its own, and the handler's writes the
// acknowledgements in the order in which the requests came.
type publishing struct {
	*server
	it      *rpcCall
	stream  *connect.BidiStream[rpcMessage, observatoryv1.PublishAck]
	control *http.ResponseController
	room    *semaphore.Weighted // bytes
	inHand  chan *inHand        // in order; closed when no more will come
	work    sync.WaitGroup
	stopped atomic.Bool // no more is to be read
	readErr error       // why no more will come; read it after inHand is closed
}

// inHand is a request of a stream that was read.
type inHand struct {
	bytes int64
	ack   *observatoryv1.PublishAck // once done is closed
	done  chan struct{}
}

// publishStream takes requests until the sender has no more, and acknowledges each.
func (s *server) publishStream(ctx context.Context, stream *connect.BidiStream[rpcMessage, observatoryv1.PublishAck]) error {
	ctx, cancel := context.WithCancel(ctx)
	it := rpcCallOf(ctx)
	p := &publishing{
		server: s, it: it, stream: stream, control: http.NewResponseController(it.writer),
		room: semaphore.NewWeighted(streamBytes), inHand: make(chan *inHand, streamRequests-1), // and one whose turn it is
	}
	_ = p.control.SetReadDeadline(time.Time{}) // the stream may last
	p.work.Go(func() { p.read(ctx) })
	err := p.acknowledge(ctx)
	cancel()
	p.stopReading()
	p.work.Wait()
	switch {
	case err == nil:
		return nil
	case it.request.Context().Err() != nil: // the sender is gone, or its time is up
		return connect.NewError(connect.CodeCanceled, err)
	}
	return s.rpcError(it.call, err)
}

// stopReading ends the reading. What has arrived and was not read is left: it may be much.
func (p *publishing) stopReading() {
	p.stopped.Store(true)
	_ = p.control.SetReadDeadline(time.Unix(1, 0)) // for a reader that waits
}

// read reads requests and begins to work on them.
func (p *publishing) read(ctx context.Context) {
	defer close(p.inHand)
	body := p.it.request.Body.(*heldBody) //nolint:forcetypeassert // that is how it was given to connect
	for !p.stopped.Load() {
		msg, err := p.stream.Receive()
		if err != nil {
			p.readErr = err
			return
		}
		h := &inHand{bytes: max(1, int64(len(msg.data))), done: make(chan struct{})}
		if p.readErr = p.room.Acquire(ctx, h.bytes); p.readErr != nil {
			return
		}
		body.next()
		select {
		case p.inHand <- h:
		case <-ctx.Done():
			p.readErr = ctx.Err()
			return
		}
		p.work.Go(func() {
			defer close(h.done)
			h.ack = p.answer(ctx, msg)
		})
	}
}

// answer takes a request. What goes wrong with it is its own matter, also where it makes us panic: nobody above would catch that.
func (p *publishing) answer(ctx context.Context, msg *rpcMessage) (ack *observatoryv1.PublishAck) {
	ack = &observatoryv1.PublishAck{}
	defer func() {
		if why := recover(); why != nil {
			p.deps.Logger.Error("a request of a stream made the server panic", "panic", why, "correlation_id", p.it.correlationID)
			ack.Result = &observatoryv1.PublishAck_Error{Error: statusMessage(p.rpcError(&call{correlationID: p.it.correlationID}, errPanic))}
		}
	}()
	err := p.bodies.with(func(b *body) error {
		if _, err := p.writer(p.it.request, p.it.token); err != nil {
			return err
		}
		response, sequence, err := p.take(ctx, p.it, b, msg)
		ack.Sequence, ack.Result = sequence, &observatoryv1.PublishAck_Response{Response: response}
		return err
	})
	if err != nil && ctx.Err() == nil { // else nobody is there to hear it
		ack.Result = &observatoryv1.PublishAck_Error{Error: statusMessage(p.rpcError(&call{correlationID: p.it.correlationID}, err))}
	}
	return ack
}

// acknowledge writes acknowledgements until all were written, and returns what the stream is to end with.
func (p *publishing) acknowledge(ctx context.Context) error {
	tick := time.NewTicker(keyChecked)
	defer tick.Stop()
	var (
		ending   error // why the server ends the stream
		next     = p.inHand
		current  *inHand // whose acknowledgement is next
		done     <-chan struct{}
		draining = p.deps.Draining
	)
	end := func(why error) {
		if ending == nil {
			ending = why
			p.stopReading()
		}
	}
	for {
		select {
		case h, more := <-next:
			if !more {
				return p.outcome(ending)
			}
			current, next, done = h, nil, h.done
		case <-done:
			if err := p.send(current); err != nil {
				return err
			}
			next, done = p.inHand, nil
		case <-tick.C:
			if _, err := p.writer(p.it.request, p.it.token); err != nil {
				end(err)
			}
		case <-draining:
			draining = nil
			end(errShuttingDown)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// send writes an acknowledgement, and gives up on a sender that does not read it.
func (p *publishing) send(h *inHand) error {
	_ = p.control.SetWriteDeadline(time.Now().Add(ackPatience))
	defer func() { _ = p.control.SetWriteDeadline(time.Time{}) }() // a stream may be quiet for as long as it likes
	defer p.room.Release(h.bytes)
	return p.stream.Send(h.ack)
}

// outcome is what a stream ends with whose requests are all acknowledged.
func (p *publishing) outcome(ending error) error {
	switch {
	case errors.Is(p.readErr, io.EOF):
		return nil // the sender had no more
	case ending != nil:
		return ending
	case connect.CodeOf(p.readErr) == connect.CodeResourceExhausted:
		return wire.ErrBodyTooLarge
	default:
		return p.readErr
	}
}
