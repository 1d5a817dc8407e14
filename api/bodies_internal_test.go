package api

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
)

// TestBodiesTogetherAreBounded reads bodies that are small as sent and large in memory, whatever they say of themselves, all at once.
func TestBodiesTogetherAreBounded(t *testing.T) {
	t.Parallel()
	const limit, inflated, at = 10 << 20, 3 << 20, 20
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	noise := make([]byte, 4000)
	_, _ = rand.Read(noise)
	event := `{"event":"` + hex.EncodeToString(noise) + `"}` + "\n"
	_, err := io.WriteString(w, strings.Repeat(event, inflated/len(event)))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.Less(t, packed.Len(), 64<<10)

	request := func() *http.Request {
		return httptest.NewRequest(http.MethodPost, "/v1/batch", bytes.NewReader(packed.Bytes()))
	}

	b := newBodies(limit)
	var read, busy atomic.Int64
	var wait sync.WaitGroup
	all, reading := make(chan struct{}), sync.WaitGroup{}
	reading.Add(at)
	for range at {
		wait.Go(func() {
			err := b.with(func(it *body) error {
				_, err := it.read(request(), "", true)
				reading.Done()
				<-all // as long as a request needs its body
				return err
			})
			if err == nil {
				read.Add(1)
				return
			}
			busy.Add(1)
			if !errors.Is(err, ingest.ErrBusy()) {
				t.Error(err)
			}
		})
	}
	reading.Wait()
	require.LessOrEqual(t, b.held.Load(), int64(limit))
	close(all)
	wait.Wait()
	require.EqualValues(t, at, read.Load()+busy.Load())
	require.LessOrEqual(t, read.Load(), int64(limit/inflated+1))
	require.Zero(t, b.held.Load(), "all that was held is free again")
	require.NoError(t, b.with(func(it *body) error {
		raw, err := it.read(request(), "", true)
		require.Greater(t, len(raw), inflated*9/10)
		return err
	}), "one alone is read")
}

// TestAnAnnouncedBodyHoldsNothing keeps senders who announce much and send little from keeping others out.
func TestAnAnnouncedBodyHoldsNothing(t *testing.T) {
	t.Parallel()
	b := newBodies(1 << 20)
	silent, end := io.Pipe()
	r := httptest.NewRequest(http.MethodPost, "/v1/events", silent)
	r.ContentLength = ingest.MaxWireBytes
	done := make(chan error)
	go func() {
		done <- b.with(func(it *body) error {
			_, err := it.read(r, "", false)
			return err
		})
	}()
	_, err := end.Write([]byte(`{"event":`))
	require.NoError(t, err)
	require.LessOrEqual(t, b.held.Load(), int64(64<<10))
	require.NoError(t, end.Close())
	require.NoError(t, <-done)
}
