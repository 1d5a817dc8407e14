package client

import (
	"context"
	"iter"
	"sync"
	"time"
)

// The limits of a batch unless told otherwise. Both lie well below the server's (2,500 events, 4 MB compressed), so that
// a lost connection costs little to repeat.
const (
	defaultBatchEvents = 500
	defaultBatchBytes  = 1 << 20
	defaultWorkers     = 4
	defaultLinger      = 5 * time.Second
	keptRejections     = 100
)

// DeliverOptions of Deliver. The zero value is a good choice.
type DeliverOptions struct {
	Workers     int            // batches under way at once; default 4
	BatchEvents int            // most events of a batch; default 500
	BatchBytes  int            // size of a batch's JSON, in bytes, at which it is sent; default 1 MiB
	Linger      time.Duration  // how long batches under way may still take once ctx has ended; default 5 s
	OnAck       func(Delivery) // told after each batch how far it got, one call at a time; its Rejected may be read, not kept
}

// Delivery is how far Deliver got.
type Delivery struct {
	Events        int      // acknowledged: accepted + rejected
	Accepted      int      // durable, on the way to the store
	RejectedCount int      // in quarantine
	Rejected      []Reject // the first hundred of them
	Receipts      []string // in order of acknowledgement
}

// Reject is an event of a Delivery that broke a rule.
type Reject struct {
	Ref     int64 // Event.Ref
	EventID string
	Code    string
	Message string
}

// Deliver sends every event of the sequence and returns when all are acknowledged. The sequence is read by one goroutine
// and never further than the batches that are being sent. An error of the sequence, a batch that cannot be delivered, or
// the end of ctx ends it and lets the batches under way finish. What was acknowledged until then is in the Delivery
// also when there is an error.
func (c *Client) Deliver(ctx context.Context, events iter.Seq2[Event, error], o DeliverOptions) (Delivery, error) {
	o.fill()
	reading, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	sending, cancel := outlive(reading, o.Linger)
	defer cancel()

	var (
		group   sync.WaitGroup
		batches = make(chan *batch)
		mu      sync.Mutex
		all     Delivery
	)
	group.Go(func() {
		defer close(batches)
		if err := cut(reading, events, o, batches); err != nil {
			stop(err)
		}
	})
	for range o.Workers {
		group.Go(func() {
			for b := range batches {
				ack, err := c.sendBatch(sending, b)
				if err != nil {
					stop(err)
					return
				}
				mu.Lock()
				all.add(b, ack)
				if o.OnAck != nil {
					o.OnAck(all)
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	err := context.Cause(reading)                      // what came first; a batch that was cut off after it is not the reason
	if ctx.Err() != nil && err == context.Cause(ctx) { //nolint:errorlint // is it the very same one
		err = ctx.Err()
	}
	return all, err
}

func (o *DeliverOptions) fill() {
	orDefault := func(n *int, d int) {
		if *n <= 0 {
			*n = d
		}
	}
	orDefault(&o.Workers, defaultWorkers)
	orDefault(&o.BatchEvents, defaultBatchEvents)
	orDefault(&o.BatchBytes, defaultBatchBytes)
	if o.Linger <= 0 {
		o.Linger = defaultLinger
	}
}

// cut turns events into batches until the sequence or ctx ends.
func cut(ctx context.Context, events iter.Seq2[Event, error], o DeliverOptions, batches chan<- *batch) error {
	hand := func(b *batch) bool {
		select {
		case batches <- b:
			return true
		case <-ctx.Done():
			return false
		}
	}
	b := new(batch)
	for e, err := range events {
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return nil
		}
		if err := b.add(e); err != nil {
			return err
		}
		if b.size() >= o.BatchEvents || b.body.Len() >= o.BatchBytes {
			if !hand(b) {
				return nil
			}
			b = new(batch)
		}
	}
	if b.size() > 0 {
		hand(b)
	}
	return nil
}

func (d *Delivery) add(b *batch, ack Ack) {
	d.Events += b.size()
	d.Accepted += ack.Accepted
	d.RejectedCount += len(ack.Rejected)
	d.Receipts = append(d.Receipts, ack.Receipt)
	for _, r := range ack.Rejected {
		if len(d.Rejected) < keptRejections && r.Index >= 0 && r.Index < b.size() {
			d.Rejected = append(d.Rejected, Reject{Ref: b.refs[r.Index], EventID: b.ids[r.Index], Code: r.Code, Message: r.Message})
		}
	}
}

// outlive is a context that ends `extra` after ctx does.
func outlive(ctx context.Context, extra time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(extra, cancel) })
	return longer, func() {
		stop()
		cancel()
	}
}
