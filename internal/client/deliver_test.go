package client_test

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/observatory/observatory/internal/client"
	"github.com/observatory/observatory/internal/client/clienttest"
)

func sequence(list []client.Event) iter.Seq2[client.Event, error] {
	return func(yield func(client.Event, error) bool) {
		for _, e := range list {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func TestEveryEventIsDeliveredOnceInBatchesWithinTheirLimits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(0, 150).Draw(rt, "events")
		o := client.DeliverOptions{
			Workers:     rapid.IntRange(1, 5).Draw(rt, "workers"),
			BatchEvents: rapid.IntRange(1, 70).Draw(rt, "batch"),
			BatchBytes:  rapid.IntRange(100, 5000).Draw(rt, "bytes"),
		}
		var (
			h    clienttest.Handler
			told []int
		)
		o.OnAck = func(d client.Delivery) { told = append(told, d.Events) }
		d, err := clientOf(t, direct{&h}).Deliver(context.Background(), sequence(events(n)), o)
		require.NoError(rt, err)
		require.Equal(rt, n, d.Events)
		require.Equal(rt, n, d.Accepted)
		require.Len(rt, h.Events(), n)
		require.Len(rt, d.Receipts, len(h.Batches()))
		require.Len(rt, told, len(h.Batches()))
		require.IsIncreasing(rt, append([]int{-1}, told...))
		for _, size := range h.Batches() {
			require.LessOrEqual(rt, size, o.BatchEvents)
			require.LessOrEqual(rt, (size-1)*60, o.BatchBytes, "an event is longer than 60 bytes")
		}
	})
}

func TestBatchesStayFarBelowTheServersLimits(t *testing.T) {
	t.Parallel()
	var largest int64
	var mu sync.Mutex
	h := clienttest.Handler{Meddle: func(_ http.ResponseWriter, r *http.Request, _ int) bool {
		mu.Lock()
		defer mu.Unlock()
		largest = max(largest, r.ContentLength)
		return false
	}}
	list := events(150)
	for i := range list {
		list[i].Properties["text"] = strings.Repeat("x", 30_000)
	}
	c := serve(t, &h, func(cfg *client.Config) { cfg.Encoding = client.Identity })
	_, err := c.Deliver(t.Context(), sequence(list), client.DeliverOptions{})
	require.NoError(t, err)
	require.Len(t, h.Events(), 150)
	require.Less(t, largest, int64(2<<20))
}

func TestARejectedEventCostsNoOtherAndIsNamed(t *testing.T) {
	t.Parallel()
	list := events(1000)
	list[700].Name, list[700].Ref = "", 8899
	var h clienttest.Handler
	d, err := serve(t, &h).Deliver(t.Context(), sequence(list), client.DeliverOptions{})
	require.NoError(t, err)
	require.Equal(t, 999, d.Accepted)
	require.Equal(t, 1, d.RejectedCount)
	require.Equal(t, []client.Reject{{Ref: 8899, EventID: "e-700", Code: "event_name_missing", Message: "Every event needs a name."}}, d.Rejected)
}

func TestABatchThatCannotBeDeliveredEndsTheDelivery(t *testing.T) {
	t.Parallel()
	h := clienttest.Handler{Meddle: func(w http.ResponseWriter, _ *http.Request, n int) bool {
		if n <= 2 {
			return false
		}
		clienttest.Problem(w, http.StatusUnauthorized, "key_revoked", "This key was revoked. Use another one.")
		return true
	}}
	d, err := serve(t, &h).Deliver(t.Context(), sequence(events(5000)), client.DeliverOptions{Workers: 2, BatchEvents: 100})
	require.ErrorContains(t, err, "key_revoked")
	require.Equal(t, 200, d.Events)
	require.Len(t, h.Events(), 200)
}

func TestAnErrorOfTheSequenceEndsTheDelivery(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk broken")
	var h clienttest.Handler
	d, err := serve(t, &h).Deliver(t.Context(), func(yield func(client.Event, error) bool) {
		for _, e := range events(250) {
			if !yield(e, nil) {
				return
			}
		}
		yield(client.Event{}, broken)
	}, client.DeliverOptions{BatchEvents: 100})
	require.ErrorIs(t, err, broken)
	require.Len(t, h.Events(), d.Events)
}

func TestCancellingLetsBatchesUnderWayFinish(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var h clienttest.Handler
		slow := transport(func(r *http.Request) (*http.Response, error) {
			select {
			case <-time.After(3 * time.Second):
				return direct{&h}.RoundTrip(r)
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		})
		time.AfterFunc(4*time.Second, cancel) // in the middle of the second round
		d, err := clientOf(t, slow).Deliver(ctx, sequence(events(5000)), client.DeliverOptions{Workers: 2, BatchEvents: 100})
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, 400, d.Events)
		require.Len(t, h.Events(), 400)
	})
}

func TestCancellingDoesNotWaitForAServerThatHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		hang := transport(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		time.AfterFunc(time.Second, cancel)
		start := time.Now()
		d, err := clientOf(t, hang).Deliver(ctx, sequence(events(500)), client.DeliverOptions{Linger: 2 * time.Second})
		require.ErrorIs(t, err, context.Canceled)
		require.Zero(t, d.Events)
		require.Equal(t, 3*time.Second, time.Since(start))
	})
}

func TestReceiptsAreWaitedForAndCounted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := clienttest.Handler{PendingFor: 3}
		c := clientOf(t, direct{&h})
		list := append(events(30), events(5)...)
		list = append(list, client.Event{ID: "nameless-1"}, client.Event{ID: "nameless-2"})
		d, err := c.Deliver(t.Context(), sequence(list), client.DeliverOptions{BatchEvents: 10})
		require.NoError(t, err)
		var told []int
		o, err := c.Settle(t.Context(), d.Receipts, client.SettleOptions{OnReceipt: func(n client.Counts) { told = append(told, n.Received) }})
		require.NoError(t, err)
		require.Equal(t, client.Counts{Received: 37, Stored: 30, Duplicate: 5, Quarantined: 2}, o.Counts)
		require.Equal(t, 37, told[len(told)-1])
		require.Len(t, told, 4)
		require.Len(t, o.Reasons, 1)
		require.Equal(t, 2, o.Reasons["event_name_missing"].Count)
		require.Equal(t, "Every event needs a name.", o.Reasons["event_name_missing"].Message)
	})
}

func TestReceiptsThatDoNotSettleAreCountedAsPending(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := clienttest.Handler{PendingFor: 1e6}
		c := clientOf(t, direct{&h})
		d, err := c.Deliver(t.Context(), sequence(events(50)), client.DeliverOptions{BatchEvents: 10})
		require.NoError(t, err)
		start := time.Now()
		o, err := c.Settle(t.Context(), d.Receipts, client.SettleOptions{Patience: 10 * time.Second})
		require.NoError(t, err)
		require.Equal(t, client.Counts{Received: 50, Pending: 50}, o.Counts)
		require.Less(t, time.Since(start), 12*time.Second, "its patience is for all receipts together")
	})
}

func TestAReceiptThatIsNotThereIsAnError(t *testing.T) {
	t.Parallel()
	_, err := serve(t, &clienttest.Handler{}).Settle(t.Context(), []string{"a/b"}, client.SettleOptions{})
	require.ErrorContains(t, err, "receipt_not_found")
}
