package privacych_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/ingestch"
	"github.com/observatory/observatory/internal/testkit"
	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/tenants"
)

// settled stores events of a tenant's users, one each, as a sink does: with a receipt and a row in the ledger.
func (h house) settled(t testing.TB, tenant tenants.ID, at time.Time, users ...string) {
	t.Helper()
	header := &ingest.Header{
		Sender: ingest.Sender{Tenant: tenant, Source: tenants.SourceID(uuid.New()), Key: tenants.KeyID(uuid.New())}, Receipt: ingest.NewReceiptID(at, len(users), true), ReceivedAt: at,
	}
	set := &ingest.Settlement{Range: ingest.Range{ID: uuid.New(), To: 1}, Receipts: []ingest.SettledReceipt{{Header: header}}}
	entry := ingest.LedgerEntry{Sender: header.Sender, Hour: at.Truncate(time.Hour)}
	for i, user := range users {
		id := []byte(uuid.NewString())
		set.Events = append(set.Events, ingest.StoredEvent{Header: header, Index: i, Event: ingest.Event{
			Type: ingest.Track, Name: []byte("opened"), ID: id, UserID: []byte(user), Time: at, Properties: []byte(`{"plan":"free"}`), Context: []byte("{}"),
		}})
		set.Receipts[0].EventIDs = append(set.Receipts[0].EventIDs, id)
		entry.Counts.Add(ingest.Stored, 1)
	}
	set.Ledger = append(set.Ledger, entry)
	require.NoError(t, ingestch.New(h.conn).Writer(uuid.New()).Write(t.Context(), set, false))
}

func (h house) balanced(t testing.TB, tenant tenants.ID, since time.Time) {
	t.Helper()
	unbalanced, err := ingest.NewBooks(ingestch.New(h.conn), ingest.NewReceipts(make([]byte, 32)), time.Now, testkit.Logger(t)).Unbalanced(t.Context(), tenant, since)
	require.NoError(t, err)
	require.Empty(t, unbalanced)
}

func TestTheBooksBalanceWhenSomebodyIsErased(t *testing.T) {
	t.Parallel()
	h, tenant := openHouse(t), tenants.ID(uuid.New())
	at := time.Now().UTC().Truncate(time.Millisecond).Add(-2 * time.Hour)
	h.settled(t, tenant, at, "alice", "bob", "alice")
	op := privacy.Operation{ID: uuid.Must(uuid.NewV7()), Subjects: privacy.Subjects{UserIDs: []string{"alice"}}, ReceivedBefore: time.Now()}
	for range 2 {
		_, err := h.store.Events().Erase(t.Context(), tenant, op)
		require.NoError(t, err)
		h.balanced(t, tenant, at.Add(-time.Hour))
	}
}

func TestHeldEventsMoveInTheBooksToo(t *testing.T) {
	t.Parallel()
	h, tenant := openHouse(t), tenants.ID(uuid.New())
	at := time.Now().UTC().Truncate(time.Millisecond).Add(-2 * time.Hour)
	h.settled(t, tenant, at, "alice", "bob", "alice")
	op := privacy.Operation{ID: uuid.Must(uuid.NewV7()), Subjects: privacy.Subjects{UserIDs: []string{"alice"}}, ReceivedBefore: time.Now()}
	holder, ok := h.store.Events().(interface {
		Hold(ctx context.Context, tenant tenants.ID, op privacy.Operation) (privacy.Evidence, error)
	})
	require.True(t, ok)
	for after := time.Millisecond; after < 100*time.Millisecond; after *= 3 { // it is cut short, anywhere
		ctx, cancel := context.WithTimeout(t.Context(), after)
		_, _ = holder.Hold(ctx, tenant, op)
		cancel()
	}
	for range 2 {
		_, err := holder.Hold(t.Context(), tenant, op)
		require.NoError(t, err)
		h.balanced(t, tenant, at.Add(-time.Hour))
		found, err := h.store.Events().Find(t.Context(), tenant, op)
		require.NoError(t, err)
		require.Zero(t, found.Items)
		held, err := h.store.Held().Find(t.Context(), tenant, op)
		require.NoError(t, err)
		require.EqualValues(t, 2, held.Items)
	}
	_, err := h.store.Held().Erase(t.Context(), tenant, op)
	require.NoError(t, err)
	h.balanced(t, tenant, at.Add(-time.Hour))
}
