package grpc_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"
	statusv1 "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	observatoryv1 "github.com/observatory/observatory/api/gen/observatory/v1"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tests/harness"
)

// statusOf is an acknowledgement's error as the status that it is.
func statusOf(s *observatoryv1.Status) *statusv1.Status {
	return &statusv1.Status{Code: s.GetCode(), Message: s.GetMessage(), Details: s.GetDetails()}
}

// Requests are acknowledged in their order, each with a receipt, and many are under way at a time.
func TestStream(t *testing.T) {
	t.Parallel()
	const requests = 1000
	server := start(t)
	account := server.SignUp(t)
	s, err := openStream(with(t.Context(), account.Keys.Secret), dial(t, server))
	require.NoError(t, err)
	sent := make(chan error, 1)
	go func() {
		for i := range uint64(requests) {
			if err := s.send(named(i, "streamed", fmt.Sprint("e", i))); err != nil {
				sent <- err
				return
			}
		}
		sent <- s.CloseSend()
	}()
	receipts := map[string]bool{}
	for i := range uint64(requests) {
		ack, err := s.receive()
		require.NoError(t, err)
		require.Equal(t, i, ack.Sequence)
		require.Nil(t, ack.GetError())
		require.Equal(t, uint32(1), ack.GetResponse().Accepted)
		require.True(t, ack.GetResponse().Durable)
		receipts[ack.GetResponse().Receipt] = true
	}
	_, err = s.receive()
	require.ErrorIs(t, err, io.EOF)
	require.NoError(t, <-sent)
	require.Len(t, receipts, requests)
	testkit.Eventually(t, harness.Patience, func() error {
		if n := account.Secret.Count(t, "streamed"); n != requests {
			return fmt.Errorf("%d of %d events are stored", n, requests)
		}
		return nil
	})
}

// Connect's client streams over each of its protocols, as long as it speaks HTTP/2.
func TestStreamOfConnect(t *testing.T) {
	t.Parallel()
	server := start(t)
	account := server.SignUp(t)
	for name, options := range map[string][]connect.ClientOption{
		"Connect": {connect.WithSendGzip()}, "Connect in JSON": {connect.WithProtoJSON()}, "gRPC": {connect.WithGRPC()}, "gRPC-Web": {connect.WithGRPCWeb()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := connectClient(t, server, httpClient(t, true), options...).PublishStream(t.Context())
			s.RequestHeader().Set("Authorization", "Bearer "+account.Keys.Secret)
			for i := range uint64(10) {
				require.NoError(t, s.Send(named(i, "a", "")))
				ack, err := s.Receive()
				require.NoError(t, err)
				require.Equal(t, i, ack.Sequence)
				require.NotEmpty(t, ack.GetResponse().GetReceipt())
			}
			require.NoError(t, s.CloseRequest())
			_, err := s.Receive()
			require.ErrorIs(t, err, io.EOF)
		})
	}
	s := connectClient(t, server, httpClient(t, false)).PublishStream(t.Context())
	s.RequestHeader().Set("Authorization", "Bearer "+account.Keys.Secret)
	_ = s.Send(named(1, "a", "")) // which may be too late
	_, err := s.Receive()
	require.Error(t, err, "HTTP/1.1 has no streams in both directions")
}

// A stream may be quiet for longer than a request may take, and than the server waits for a sender that reads nothing.
func TestStreamIsQuiet(t *testing.T) {
	t.Parallel()
	server := start(t)
	account := server.SignUp(t)
	s, err := openStream(with(t.Context(), account.Keys.Secret), dial(t, server))
	require.NoError(t, err)
	for i := range uint64(2) {
		if i > 0 {
			time.Sleep(62 * time.Second)
		}
		require.NoError(t, s.send(named(i, "a", "")))
		ack, err := s.receive()
		require.NoError(t, err)
		require.Equal(t, i, ack.Sequence)
	}
}

// What is wrong with one request is its own matter.
func TestStreamSurvivesBadRequests(t *testing.T) {
	t.Parallel()
	server := start(t)
	account := server.SignUp(t)
	s, err := openStream(with(t.Context(), account.Keys.Secret), dial(t, server))
	require.NoError(t, err)
	many := &observatoryv1.PublishRequest{Sequence: 3, Events: slices.Repeat([]*observatoryv1.Event{{Event: "a"}}, 2501)}
	late := named(4, "a", "1")
	late.Wait = observatoryv1.Wait_WAIT_STORED
	loose := named(5, "a", "2")
	loose.Wait = observatoryv1.Wait_WAIT_NONE
	for _, in := range []*observatoryv1.PublishRequest{{Sequence: 1}, named(2, "", ""), many, late, loose, {Wait: 9, Sequence: 6}} {
		require.NoError(t, s.send(in))
	}
	require.NoError(t, s.CloseSend())
	var got []string
	for {
		ack, err := s.receive()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		if r := ack.GetResponse(); r != nil {
			got = append(got, fmt.Sprint(ack.Sequence, " accepted ", r.Accepted, " rejected ", len(r.Rejected), " durable ", r.Durable, " stored ", r.Stored))
			continue
		}
		failed := status.ErrorProto(statusOf(ack.GetError()))
		got = append(got, fmt.Sprint(ack.Sequence, " ", status.Code(failed), " ", reason(t, failed)))
	}
	require.Equal(t, []string{
		"1 InvalidArgument empty_body",
		"2 accepted 0 rejected 1 durable true stored false",
		"3 ResourceExhausted too_many_events",
		"4 accepted 1 rejected 0 durable true stored true",
		"5 accepted 1 rejected 0 durable false stored false",
		"6 InvalidArgument invalid_request",
	}, got)
}

// A message that is too large, or none, ends the stream, and everything before it is acknowledged.
func TestStreamRefusesLargeMessages(t *testing.T) {
	t.Parallel()
	server := start(t)
	account := server.SignUp(t)
	s, err := openStream(with(t.Context(), account.Keys.Secret), dial(t, server))
	require.NoError(t, err)
	require.NoError(t, s.send(named(1, "a", "")))
	large := &observatoryv1.Event{Event: "a", Body: &observatoryv1.Event_PropertiesJson{PropertiesJson: strings.Repeat("x", 20_000)}}
	require.NoError(t, s.send(&observatoryv1.PublishRequest{Events: slices.Repeat([]*observatoryv1.Event{large}, 220)}))
	ack, err := s.receive()
	require.NoError(t, err)
	require.Equal(t, uint64(1), ack.Sequence)
	_, err = s.receive()
	require.Equal(t, codes.ResourceExhausted, status.Code(err))
	require.Equal(t, "body_too_large", reason(t, err))
}

// A key that is revoked while its stream is open is worth nothing 5 seconds later.
func TestStreamEndsWithItsKey(t *testing.T) {
	t.Parallel()
	server := start(t)
	account := server.SignUp(t)
	key := account.CreateKey(t, "secret", nil)
	conn := dial(t, server)
	quiet, err := openStream(with(t.Context(), key.Token), conn)
	require.NoError(t, err)
	busy, err := openStream(with(t.Context(), key.Token), conn)
	require.NoError(t, err)
	for _, s := range []stream{quiet, busy} {
		require.NoError(t, s.send(named(1, "a", "")))
		_, err = s.receive()
		require.NoError(t, err)
	}
	account.Session.Do(t, http.MethodDelete, "/v1/keys/"+key.ID, nil).Want(t, http.StatusNoContent)
	revoked := time.Now()
	go func() {
		for i := uint64(2); busy.send(named(i, "a", "")) == nil; i++ {
			time.Sleep(10 * time.Millisecond)
		}
	}()
	for _, s := range []stream{quiet, busy} {
		for {
			ack, err := s.receive()
			if err == nil {
				require.Less(t, time.Since(revoked), 5*time.Second, "%v", ack)
				continue
			}
			require.Equal(t, codes.Unauthenticated, status.Code(err))
			require.Equal(t, "key_revoked", reason(t, err))
			break
		}
		require.Less(t, time.Since(revoked), 5*time.Second)
	}
}

// A sender that goes away leaves nothing behind, and what was acknowledged to it is stored.
func TestStreamIsCancelled(t *testing.T) {
	t.Parallel()
	server := start(t)
	account := server.SignUp(t)
	conn := dial(t, server)
	var receipts []string
	for range 20 {
		ctx, cancel := context.WithCancel(with(t.Context(), account.Keys.Secret))
		s, err := openStream(ctx, conn)
		require.NoError(t, err)
		for i := range uint64(50) {
			require.NoError(t, s.send(named(i, "cancelled", "")))
		}
		ack, err := s.receive()
		require.NoError(t, err)
		receipts = append(receipts, ack.GetResponse().Receipt)
		cancel()
		for err == nil {
			_, err = s.receive()
		}
		require.Equal(t, codes.Canceled, status.Code(err))
	}
	for _, receipt := range receipts {
		require.Equal(t, 1, account.Secret.Settled(t, receipt).Counts.Stored)
	}
	testkit.Eventually(t, harness.Patience, func() error {
		metrics := string(server.Anonymous(t).Get(t, "/metrics").Body)
		if !strings.Contains(metrics, "\nobservatory_http_requests_in_hand 1\n") { // this one
			return errors.New("requests are still in hand")
		}
		return nil
	})
	require.Empty(t, server.Logs.Lines("request failed"))
	require.Empty(t, server.Logs.Lines("panic"))
}

// A sender that does not read its acknowledgements is read from no further: what it has in hand is bounded, by requests and by bytes.
func TestSlowReaderTakesNoMemory(t *testing.T) {
	t.Parallel()
	server := start(t, "--rate-per-key", "0")
	account := server.SignUp(t)
	conn := dial(t, server)
	before := residentMemory(t, server)
	large := &observatoryv1.Event{Event: "large", Body: &observatoryv1.Event_PropertiesJson{PropertiesJson: `{"a":"` + strings.Repeat("x", 30_000) + `"}`}}
	const streams = 2
	var sent [streams]atomic.Int64
	ctx, cancel := context.WithCancel(with(t.Context(), account.Keys.Secret))
	defer cancel()
	stuck := make(chan struct{})
	opened := make([]stream, streams)
	for i := range streams {
		s, err := openStream(ctx, conn)
		require.NoError(t, err)
		opened[i] = s
		go func() {
			defer func() { stuck <- struct{}{} }()
			for ; sent[i].Load() < 4000; sent[i].Add(1) {
				// Every request has events that are rejected, so that its acknowledgement is large and fills what takes up acknowledgements soon.
				in := &observatoryv1.PublishRequest{Sequence: uint64(sent[i].Load()), Events: append(slices.Repeat([]*observatoryv1.Event{{}}, 2000), large)}
				if s.send(in) != nil {
					return
				}
			}
		}()
	}
	finished := 0
	deadline := time.After(8 * time.Second)
wait:
	for {
		select {
		case <-stuck:
			finished++
		case <-deadline:
			break wait
		}
	}
	require.Zero(t, finished, "nothing held the senders back")
	grown := residentMemory(t, server) - before
	t.Logf("sent %d requests over the first stream, memory grew by %d MB", sent[0].Load(), grown>>20)
	require.Less(t, grown, 300<<20, "bytes")
	// The server is as quick as ever for others, and the streams go on as soon as they are read.
	account.Secret.Send(t, harness.Event{Name: "other"})
	for _, s := range opened {
		for i := range uint64(50) {
			ack, err := s.receive()
			require.NoError(t, err)
			require.Equal(t, i, ack.Sequence)
			require.Nil(t, ack.GetError())
			require.Len(t, ack.GetResponse().Rejected, 2000)
		}
	}
	cancel()
	for range streams {
		<-stuck
	}
}

// residentMemory is what the server's process takes, in bytes.
func residentMemory(t *testing.T, server *harness.Server) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", server.PID()))
	require.NoError(t, err)
	var size, resident int
	_, err = fmt.Sscan(string(text), &size, &resident)
	require.NoError(t, err)
	return resident * os.Getpagesize()
}
