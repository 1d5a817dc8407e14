package ingestch_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/ingestch"
	"github.com/observatory/observatory/internal/ch"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/tenants"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// open opens the store of a log in a database of its own.
func open(t *testing.T) (*ingestch.Writer, driver.Conn) {
	t.Helper()
	return openAt(t, testkit.ClickHouse(t))
}

func openAt(t *testing.T, url string) (*ingestch.Writer, driver.Conn) {
	t.Helper()
	conn, err := ch.Open(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close()) })
	return ingestch.New(conn).Writer(uuid.New()), conn
}

// counts are the rows of each table, as they lie there: nothing is replaced or deduplicated by reading.
type counts struct{ Events, DeadLetters, Receipts, Ledger uint64 }

func countsOf(t require.TestingT, conn driver.Conn) (c counts) {
	row := conn.QueryRow(context.Background(), "SELECT (SELECT count() FROM events), (SELECT count() FROM dead_letters), (SELECT count() FROM receipts), (SELECT count() FROM ledger)")
	require.NoError(t, row.Scan(&c.Events, &c.DeadLetters, &c.Receipts, &c.Ledger))
	return c
}

// now is when requests are received: today, because receipts are not kept for ever.
func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// settlement is a batch of requests of size events each, every tenth of which is rejected and every seventh a duplicate. The times of the
// events are spread over months.
func settlement(tenant tenants.ID, requests, size, months int) *ingest.Settlement {
	received := now()
	s := &ingest.Settlement{Range: ingest.Range{ID: uuid.New(), To: 1}}
	source := tenants.SourceID(uuid.New())
	ledger := ingest.LedgerEntry{Sender: ingest.Sender{Tenant: tenant, Source: source}, Hour: received.Truncate(time.Hour)}
	for range requests {
		header := &ingest.Header{
			Sender: ingest.Sender{Tenant: tenant, Source: source, Key: tenants.KeyID(uuid.New())}, Receipt: ingest.NewReceiptID(received, size, true),
			ReceivedAt: received, CorrelationID: "correlation",
		}
		receipt := ingest.SettledReceipt{Header: header}
		for i := range size {
			id := fmt.Appendf(nil, "%s-%d", uuid.UUID(header.Receipt), i)
			receipt.EventIDs = append(receipt.EventIDs, id)
			event := ingest.Event{
				Type: ingest.Track, Name: []byte("event"), ID: id, UserID: []byte("user"), AnonymousID: []byte("anonymous"), SessionID: []byte("session"),
				Time: received.AddDate(0, -(i % months), 0), Properties: []byte(`{"a":1}`), Context: []byte(`{"b":2}`),
			}
			outcome := ingest.Outcome{Index: i}
			switch {
			case i%10 == 9:
				outcome = ingest.Outcome{Index: i, Status: ingest.Quarantined, Code: "code", Message: "message"}
				s.DeadLetters = append(s.DeadLetters, ingest.DeadLetter{
					Header: header, Index: i,
					Item: ingest.Item{Event: ingest.Event{ID: id, Name: []byte("event")}, Rejection: &ingest.Rejection{Code: "code", Message: "message"}, Raw: []byte("raw")},
				})
			case i%7 == 6:
				outcome = ingest.Outcome{Index: i, Status: ingest.Duplicate, Code: ingest.CodeDuplicate, Message: "seen"}
			default:
				s.Events = append(s.Events, ingest.StoredEvent{Header: header, Event: event, Index: i})
			}
			ledger.Counts.Add(outcome.Status, 1)
			if outcome.Status != ingest.Stored {
				receipt.Exceptions = append(receipt.Exceptions, outcome)
			}
		}
		s.Receipts = append(s.Receipts, receipt)
	}
	s.Ledger = append(s.Ledger, ledger)
	return s
}

func rowsOf(all ...*ingest.Settlement) (c counts) {
	for _, s := range all {
		c.Events += uint64(len(s.Events))
		c.DeadLetters += uint64(len(s.DeadLetters))
		c.Receipts += uint64(len(s.Receipts))
		c.Ledger += uint64(len(s.Ledger))
	}
	return c
}

func newTenant() tenants.ID { return tenants.ID(uuid.New()) }
