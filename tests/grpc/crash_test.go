package grpc_test

import (
	"context"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

// sender publishes events over streams, and sends again what was not acknowledged, until it is told to stop: each event until it has an ack.
type sender struct {
	name string

	acked    atomic.Int64
	mu       sync.Mutex
	receipts []string
	ends     []error // of streams
}

// run sends until everything that is wanted is acknowledged and over is closed.
func (s *sender) run(ctx context.Context, conn *grpc.ClientConn, over <-chan struct{}) {
	for next := int64(0); ctx.Err() == nil; {
		select {
		case <-over:
			return
		default:
		}
		var err error
		next, err = s.oneStream(ctx, conn, next, over)
		s.mu.Lock()
		s.ends = append(s.ends, err)
		s.mu.Unlock()
	}
}

// oneStream sends from an event on, over one stream, and returns the first one that was not acknowledged.
func (s *sender) oneStream(ctx context.Context, conn *grpc.ClientConn, first int64, over <-chan struct{}) (next int64, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := openStream(ctx, conn)
	if err != nil {
		return first, err
	}
	var sending sync.WaitGroup
	defer sending.Wait()
	defer cancel()
	sending.Go(func() {
		for i := first; ; i++ {
			select {
			case <-over:
				_ = stream.CloseSend()
				return
			default:
			}
			if stream.send(named(uint64(i), "streamed", fmt.Sprint(s.name, "-", i))) != nil { //nolint:gosec // from 0 on
				return
			}
		}
	})
	for next = first; ; next++ {
		ack, err := stream.receive()
		if err != nil {
			return next, err
		}
		if failed := ack.GetError(); failed != nil {
			return next, status.ErrorProto(statusOf(failed))
		}
		if ack.Sequence != uint64(next) { //nolint:gosec // from 0 on
			return next, fmt.Errorf("acknowledged %d instead of %d", ack.Sequence, next)
		}
		s.mu.Lock()
		s.receipts = append(s.receipts, ack.GetResponse().Receipt)
		s.mu.Unlock()
		s.acked.Add(1)
	}
}

// load runs senders and counts what they were acknowledged.
type load struct {
	senders []*sender
	over    chan struct{}
	done    sync.WaitGroup
}

func startLoad(t *testing.T, server *harness.Server, key string) *load {
	t.Helper()
	l := &load{over: make(chan struct{})}
	conn := dial(t, server, grpc.WithConnectParams(grpc.ConnectParams{MinConnectTimeout: time.Second}))
	for i := range 4 {
		s := &sender{name: fmt.Sprint("s", i)}
		l.senders = append(l.senders, s)
		l.done.Go(func() { s.run(with(t.Context(), key), conn, l.over) })
	}
	return l
}

func (l *load) acked() (n int64) {
	for _, s := range l.senders {
		n += s.acked.Load()
	}
	return n
}

// await waits for so many more acknowledgements.
func (l *load) await(t *testing.T, more int64) {
	t.Helper()
	until := l.acked() + more
	testkit.Eventually(t, harness.Patience, func() error {
		if n := l.acked(); n < until {
			return fmt.Errorf("%d of %d acknowledged", n, until)
		}
		return nil
	})
}

// awaitEach waits until every sender has an acknowledgement.
func (l *load) awaitEach(t *testing.T) {
	t.Helper()
	testkit.Eventually(t, harness.Patience, func() error {
		for _, s := range l.senders {
			if s.acked.Load() == 0 {
				return fmt.Errorf("%s has none", s.name)
			}
		}
		return nil
	})
}

// end stops the load and compares: every receipt names one event that is stored, and no event is stored twice.
func (l *load) end(t *testing.T, account harness.Account) {
	t.Helper()
	close(l.over)
	l.done.Wait()
	acked := l.acked()
	sample := 0
	for _, s := range l.senders {
		for i, receipt := range s.receipts {
			if i%97 == 0 {
				counts := account.Secret.Settled(t, receipt).Counts
				require.Equal(t, 1, counts.Stored+counts.Duplicate, "%+v", counts) // a duplicate of what was stored without an ack before
				sample++
			}
		}
	}
	// What is stored are events 0 to n of each sender, each once: all that were acknowledged, and perhaps some whose ack was lost at the end.
	testkit.Eventually(t, harness.Patience, func() error {
		stored := account.Secret.Trends(t, map[string]any{
			"event": "streamed", "measure": "count", "interval": "day", "timezone": "UTC",
			"from": time.Now().UTC().Add(-24 * time.Hour).Format(time.RFC3339), "to": time.Now().UTC().Add(24 * time.Hour).Format(time.RFC3339),
		})
		total := int64(0)
		for _, series := range stored.Series {
			total += int64(*series.Total)
		}
		if total != acked {
			return fmt.Errorf("%d events were acknowledged and %d are stored", acked, total)
		}
		return nil
	})
	t.Logf("%d events acknowledged and stored once each, %d receipts looked at", acked, sample)
}

// TestServerIsKilled kills the server under streams.
func TestServerIsKilled(t *testing.T) { //nolint:paralleltest // it needs the machine for itself
	server := start(t)
	account := server.SignUp(t)
	l := startLoad(t, server, account.Keys.Secret)
	for range 5 {
		l.await(t, 500)
		server.Kill(t)
		server.Start(t)
	}
	l.await(t, 500)
	l.end(t, account)
	for _, s := range l.senders {
		require.NotEmpty(t, s.ends)
		for _, err := range s.ends {
			require.Contains(t, []codes.Code{codes.Unavailable, codes.OK}, status.Code(ended(err)), "%v", err)
		}
	}
}

// TestServerIsAskedToEnd ends the server in good order under streams: they end with a status that says so, and what was read is acknowledged.
func TestServerIsAskedToEnd(t *testing.T) { //nolint:paralleltest // it needs the machine for itself
	server := start(t)
	account := server.SignUp(t)
	idle, err := openStream(with(t.Context(), account.Keys.Secret), dial(t, server))
	require.NoError(t, err)
	require.NoError(t, idle.send(named(1, "idle", "")))
	_, err = idle.receive()
	require.NoError(t, err)
	l := startLoad(t, server, account.Keys.Secret)
	l.await(t, 500)
	l.awaitEach(t) // a stream that has not begun is refused, and not told

	asked := time.Now()
	server.Terminate(t)
	_, err = idle.receive()
	require.Equal(t, codes.Unavailable, status.Code(err))
	require.Equal(t, "shutting_down", reason(t, err))
	require.Zero(t, server.Wait(t, 20*time.Second))
	require.Less(t, time.Since(asked), 10*time.Second, "streams do not hold up the end")
	said := 0
	var ends []error
	for _, s := range l.senders {
		s.mu.Lock()
		for _, err := range s.ends {
			require.Equal(t, codes.Unavailable, status.Code(err), "%v", err)
			ends = append(ends, err)
			if reason(t, err) == "shutting_down" {
				said++
			}
		}
		s.mu.Unlock()
	}
	require.Equal(t, len(l.senders), said, "every stream was told, of %d that ended: %.300v", len(ends), fmt.Sprint(ends))
	server.Start(t)
	l.await(t, 100)
	l.end(t, account)
}

// ended is nil for a stream that ended because it had no more to send.
func ended(err error) error {
	if err == io.EOF { //nolint:errorlint // as grpc-go says it
		return nil
	}
	return err
}
