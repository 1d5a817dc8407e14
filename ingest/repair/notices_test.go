package repair_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest/repair"
	"github.com/observatory/observatory/tenants"
)

// The people who manage a tenant are told of each new cause once, over restarts; what is new within a quarter of an hour comes in one mail; and
// nobody is told who does not want to be.
func TestNotices(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var ahead atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	wanted := true
	told := func() (mails []tenants.Message) {
		t.Helper()
		h.settle()
		h.mails.got = nil
		notices := repair.NewNotices(h.store, h.jobs.Notices(h.outbox), func(_ context.Context, of tenants.ID) (bool, error) {
			require.Equal(t, h.tenant(), of)
			return wanted, nil
		}, now) // a new one: nothing is kept in memory
		require.NoError(t, notices.Send(t.Context()))
		require.NoError(t, notices.Send(t.Context()))
		_, err := h.outbox.Deliver(t.Context(), 100)
		require.NoError(t, err)
		for _, m := range h.mails.got {
			if m.Kind == "quarantine" {
				mails = append(mails, m)
			}
		}
		return mails
	}
	require.Empty(t, told())
	h.send(sale("secret-id", `{"amount":"ada@example.org"}`), `{"event":"x","oops":1}`)
	first := told()
	require.Len(t, first, 1)
	require.Equal(t, "ada@example.com", first[0].To)
	require.Contains(t, first[0].Subject, "2 new reasons")
	require.Contains(t, first[0].Text, "schema_violation, unknown_field")
	require.Contains(t, first[0].Text, "https://observatory.example/data/quarantine")
	require.NotContains(t, first[0].Text+first[0].HTML, "secret-id")
	require.NotContains(t, first[0].Text+first[0].HTML, "ada@example.org")
	require.Empty(t, told())

	h.send(sale("again", `{}`), `{"event":"y","oops":1}`)
	require.Empty(t, told(), "the last mail is not old enough")
	h.send(`{"event":"z","oops":1}`)
	ahead.Store(int64(16 * time.Minute))
	second := told()
	require.Len(t, second, 1)
	require.Contains(t, second[0].Subject, "2 new reasons")
	require.Empty(t, told())

	ahead.Store(int64(time.Hour))
	wanted = false
	h.send(`{"event":"w","oops":1}`)
	require.Empty(t, told())
	wanted = true
	require.Empty(t, told(), "it was turned off when it was new")
}
