package ingest_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/tenants"
)

func replayedEvents() (ingest.ReplayHeader, []ingest.Replayed) {
	at := time.Date(2026, 1, 31, 12, 0, 0, 5e6, time.UTC)
	h := ingest.ReplayHeader{Kind: ingest.RepairReplay, Tenant: tenants.ID{1}, Replay: uuid.UUID{2}, At: at}
	return h, []ingest.Replayed{
		{
			Source: tenants.SourceID{3}, Key: tenants.KeyID{4}, Receipt: ingest.NewReceiptID(at, 9, true), Index: 8, CorrelationID: "c", StoredAt: at.Add(-time.Hour),
			Event: ingest.Event{
				Type: ingest.Page, Name: []byte("n"), ID: []byte("i"), UserID: []byte("u"), AnonymousID: []byte("a"), SessionID: []byte("s"), Time: at,
				Properties: []byte(`{"a":1}`), Context: []byte(`{"b":2}`), Client: ingest.SDK{Name: []byte("js"), Version: []byte("1")}, Schema: 7, Policy: 3,
				Redactions: []string{"r"}, Violations: []ingest.Violation{{Code: "x", Path: "y", Message: "z"}}, Bot: []byte("bot"), Facts: []byte(`{}`),
			},
		},
		{Receipt: ingest.NewReceiptID(at, 1, true), Event: ingest.Event{
			Type: ingest.Track, Time: at, Name: []byte{}, ID: []byte{}, UserID: []byte{}, AnonymousID: []byte{}, SessionID: []byte{},
			Properties: []byte{}, Context: []byte{}, Client: ingest.SDK{Name: []byte{}, Version: []byte{}}, Bot: []byte{}, Facts: []byte{},
		}},
	}
}

func readReplay(record []byte) (events []ingest.Replayed, header ingest.ReplayHeader, err error) {
	r, err := ingest.ReadReplay(record)
	for range r.Events {
		var e ingest.Replayed
		if err == nil {
			err = r.Next(&e)
		}
		if err != nil {
			return nil, r.ReplayHeader, err
		}
		events = append(events, e)
	}
	return events, r.ReplayHeader, err
}

// What is read is what was appended, and a record that is cut short is refused wherever that is.
func TestReplayRecord(t *testing.T) {
	t.Parallel()
	header, events := replayedEvents()
	t.Run("release", func(t *testing.T) {
		t.Parallel()
		header, events := replayedEvents()
		header.Kind = ingest.ReleaseReplay
		events[0].HeldAt = header.At.Add(-time.Minute)
		events[1].HeldAt, events[1].Verdict = header.At, ingest.Bar
		record := ingest.AppendReplay(nil, header, events)
		got, gotHeader, err := readReplay(record)
		require.NoError(t, err)
		require.Equal(t, header, gotHeader)
		events[1].Event = ingest.Event{ID: []byte{}} // nothing else goes with it
		require.Equal(t, events, got)
		for cut := range record {
			_, _, err := readReplay(record[:cut])
			require.Error(t, err, "%d", cut)
		}
	})
	record := ingest.AppendReplay([]byte("before"), header, events)[len("before"):]
	got, gotHeader, err := readReplay(record)
	require.NoError(t, err)
	require.Equal(t, header, gotHeader)
	require.Equal(t, events, got)
	for cut := range record {
		_, _, err := readReplay(record[:cut])
		require.Error(t, err, "%d", cut)
	}
	_, err = ingest.ReadReplay(ingest.AppendRecord(nil, ingest.Header{}, nil))
	require.Error(t, err, "a request is none")
	_, err = ingest.ReadRecord(record)
	require.Error(t, err, "nor is it one")
}

func FuzzReadReplay(f *testing.F) {
	header, events := replayedEvents()
	f.Add(ingest.AppendReplay(nil, header, events))
	f.Add([]byte{byte(ingest.HistoryReplay)})
	header.Kind = ingest.ReleaseReplay
	f.Add(ingest.AppendReplay(nil, header, events))
	f.Fuzz(func(t *testing.T, record []byte) {
		events, header, err := readReplay(record)
		if err != nil {
			return
		}
		again, againHeader, err := readReplay(ingest.AppendReplay(nil, header, events))
		require.NoError(t, err)
		require.Equal(t, header, againHeader)
		require.Equal(t, events, again)
	})
}
