package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/eventlog"
	"github.com/observatory/observatory/ingest/logtest"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/tenants"
)

// noon is when requests are received in these tests.
var noon = time.Date(2026, 1, 31, 12, 0, 0, 123_456_789, time.UTC)

func openLog(t *testing.T) *eventlog.Log {
	t.Helper()
	l, err := eventlog.Open(eventlog.Config{FS: vfs.NewMem(), Dir: "log", Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	return l
}

func newCollector(l ingest.Log, perSecond int) *ingest.Collector {
	return ingest.NewCollector(ingest.CollectorDeps{
		Log: l, Prepare: asSent{}, Receipts: receiptsOf(), Limits: ingest.NewRateLimits(perSecond), Now: func() time.Time { return noon },
	})
}

// asSent leaves events as they were sent.
type asSent struct{}

func (asSent) Prepare(context.Context, *ingest.Preparation) (func(), error) { return func() {}, nil }

func named(names ...string) *ingest.Batch {
	b := &ingest.Batch{}
	for _, n := range names {
		b.Items = append(b.Items, ingest.Item{Event: ingest.Event{Type: ingest.Track, Name: []byte(n)}, Raw: []byte("{}")})
	}
	return b
}

func onlyRecord(t *testing.T, l ingest.Log) (ingest.Header, []ingest.Item) {
	t.Helper()
	entries := logtest.ReadAll(t, l, 0, 1<<20)
	require.Len(t, entries, 1)
	header, items, err := readRecord(entries[0].Record)
	require.NoError(t, err)
	return header, items
}

func TestAccept(t *testing.T) {
	t.Parallel()
	l := openLog(t)
	batch := named("a", "b", "c")
	batch.Items[0].Event.ID = []byte("mine")
	batch.Items[1].Rejection = &ingest.Rejection{Code: "code", Message: "message"}
	batch.Items[1].Raw = []byte("raw")
	sender := ingest.Sender{Tenant: tenants.ID(uuid.New()), Source: tenants.SourceID(uuid.New()), Key: tenants.KeyID(uuid.New())}
	got, err := newCollector(l, 0).Accept(t.Context(), ingest.AcceptInput{Sender: sender, CorrelationID: "c", Batch: batch})
	require.NoError(t, err)
	require.Equal(t, 2, got.Accepted)
	require.Equal(t, []ingest.RejectedItem{{Index: 1, Rejection: ingest.Rejection{Code: "code", Message: "message"}}}, got.Rejected)
	require.Equal(t, l.End(), got.End)

	id, err := receiptsOf().Open(sender.Tenant, got.Receipt)
	require.NoError(t, err)
	require.Equal(t, 3, id.Count())
	require.True(t, id.Durable())
	received := noon.Truncate(time.Millisecond)
	header, items := onlyRecord(t, l)
	require.Equal(t, ingest.Header{Sender: sender, Receipt: id, ReceivedAt: received, CorrelationID: "c"}, header)
	require.Equal(t, received, id.ReceivedAt())
	require.Equal(t, "mine", string(items[0].Event.ID))
	require.Equal(t, fmt.Sprintf("%s-1", uuid.UUID(id)), string(items[1].Event.ID), "also what is rejected can be named")
	require.Equal(t, fmt.Sprintf("%s-2", uuid.UUID(id)), string(items[2].Event.ID))
	require.Equal(t, "raw", string(items[1].Raw))
	require.Equal(t, received, items[0].Event.Time)
}

func TestAcceptLoosely(t *testing.T) {
	t.Parallel()
	l := openLog(t)
	got, err := newCollector(l, 0).Accept(t.Context(), ingest.AcceptInput{Batch: named("a"), Loose: true})
	require.NoError(t, err)
	require.Zero(t, got.End)
	id, err := receiptsOf().Open(tenants.ID{}, got.Receipt)
	require.NoError(t, err)
	require.False(t, id.Durable())
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	require.NoError(t, l.Wait(ctx, 0))
	header, _ := onlyRecord(t, l)
	require.Equal(t, id, header.Receipt)
}

// An event's time is corrected by how far its sender's clock is off, and must lie between 2000 and tomorrow.
func TestAcceptTimes(t *testing.T) {
	t.Parallel()
	received := noon.Truncate(time.Millisecond)
	day := 24 * time.Hour
	for _, c := range []struct {
		name               string
		sent, sentAt, want time.Time // zero sent: none; zero want: rejected
	}{
		{name: "none", want: received},
		{name: "none, and a clock that is off", sentAt: noon.Add(-time.Hour), want: received},
		{name: "a right clock", sent: noon.Add(-time.Hour), sentAt: noon.Add(-time.Second), want: received.Add(-time.Hour)},
		{name: "no sent_at", sent: noon.Add(-time.Hour), want: received.Add(-time.Hour)},
		{name: "an hour slow", sent: received.Add(-61 * time.Minute), sentAt: received.Add(-time.Hour), want: received.Add(-time.Minute)},
		{name: "two days fast", sent: received.Add(2*day - time.Minute), sentAt: received.Add(2 * day), want: received.Add(-time.Minute)},
		{name: "another zone", sent: noon.Add(-time.Hour).In(time.FixedZone("", 3600)), want: received.Add(-time.Hour)},
		{name: "2000", sent: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), want: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)},
		{name: "before 2000", sent: time.Date(1999, 12, 31, 23, 59, 59, 999e6, time.UTC)},
		{name: "tomorrow", sent: received.Add(day), want: received.Add(day)},
		{name: "behind tomorrow", sent: received.Add(day + time.Millisecond)},
		{name: "9999", sent: time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)},
		{name: "a clock in 9999", sent: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), sentAt: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)},
		{name: "a clock in year 1", sent: noon, sentAt: time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := openLog(t)
			batch := named("a")
			batch.SentAt, batch.Items[0].Event.Time = c.sentAt, c.sent
			got, err := newCollector(l, 0).Accept(t.Context(), ingest.AcceptInput{Batch: batch})
			require.NoError(t, err)
			_, items := onlyRecord(t, l)
			if c.want.IsZero() {
				require.Len(t, got.Rejected, 1)
				require.Equal(t, ingest.CodeTimestampOutOfRange, got.Rejected[0].Code)
				require.Equal(t, ingest.CodeTimestampOutOfRange, items[0].Rejection.Code)
				require.NotContains(t, got.Rejected[0].Message, c.sent.Format(time.DateOnly), "reasons hold nothing that was sent")
				return
			}
			require.Empty(t, got.Rejected)
			require.Equal(t, c.want.UTC(), items[0].Event.Time)
		})
	}
}

// failingLog refuses everything.
type failingLog struct {
	ingest.Log
	err error
}

func (l failingLog) Append(context.Context, []byte) (ingest.Offset, error) { return 0, l.err }
func (l failingLog) AppendLoosely(context.Context, []byte) error           { return l.err }

func TestAcceptWithoutLog(t *testing.T) {
	t.Parallel()
	for _, loose := range []bool{false, true} {
		_, err := newCollector(failingLog{err: ingest.ErrLogFull.Because(errors.New("disk"))}, 0).Accept(t.Context(), ingest.AcceptInput{Batch: named("a"), Loose: loose})
		require.ErrorIs(t, err, ingest.ErrLogFull)
	}
}

func TestAcceptRate(t *testing.T) {
	t.Parallel()
	l := openLog(t)
	c := newCollector(l, 2000) // 4,000 at once
	key, other := tenants.KeyID(uuid.New()), tenants.KeyID(uuid.New())
	send := func(key tenants.KeyID, n int) error {
		_, err := c.Accept(t.Context(), ingest.AcceptInput{Sender: ingest.Sender{Key: key}, Batch: named(make([]string, n)...)})
		return err
	}
	require.NoError(t, send(key, 2500))
	require.NoError(t, send(key, 1500))
	end := l.End()
	err := send(key, 1)
	require.Equal(t, fault.RateLimited, fault.KindOf(err))
	require.Equal(t, time.Second, fault.From(err).RetryAfter)
	require.Equal(t, end, l.End(), "nothing of it is written")
	require.NoError(t, send(other, 2500), "each key has its own allowance")
}

func TestRateLimits(t *testing.T) {
	t.Parallel()
	limits := ingest.NewRateLimits(1)
	key := tenants.KeyID(uuid.New())
	require.NoError(t, limits.Take(key, ingest.MaxEvents, noon), "the largest request passes, however low the rate")
	err := limits.Take(key, ingest.MaxEvents, noon)
	require.Equal(t, time.Minute, fault.From(err).RetryAfter, "nobody is sent away for longer")
	err = limits.Take(key, 5, noon)
	require.Equal(t, 5*time.Second, fault.From(err).RetryAfter, "who is refused takes nothing")
	require.NoError(t, limits.Take(key, 5, noon.Add(5*time.Second)))
	require.NoError(t, ingest.NewRateLimits(0).Take(key, 1_000_000, noon))
}

func TestWatermark(t *testing.T) {
	t.Parallel()
	w := ingest.NewWatermark(5)
	require.Equal(t, ingest.Offset(5), w.At())
	require.NoError(t, w.Wait(t.Context(), 4))
	waited := make(chan error, 1)
	go func() { waited <- w.Wait(t.Context(), 9) }()
	for to := ingest.Offset(6); to <= 10; to++ {
		require.Empty(t, waited, "woken too early")
		w.Advance(to)
	}
	require.NoError(t, <-waited)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, w.Wait(ctx, 10), context.Canceled)
}

func TestTypes(t *testing.T) {
	t.Parallel()
	names := map[ingest.Type]string{
		ingest.Track: "track", ingest.Identify: "identify", ingest.Page: "page", ingest.Screen: "screen", ingest.Group: "group", ingest.Alias: "alias",
	}
	for typ, name := range names {
		require.Equal(t, name, typ.String())
		got, ok := ingest.ParseType(name)
		require.True(t, ok)
		require.Equal(t, typ, got)
	}
	for _, name := range []string{"", "Track", "other"} {
		_, ok := ingest.ParseType(name)
		require.False(t, ok)
	}
	require.Equal(t, "type 77", ingest.Type(77).String())
}
