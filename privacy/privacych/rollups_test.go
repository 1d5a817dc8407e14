package privacych_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/privacych"
	"github.com/observatory/observatory/tenants"
)

var errKilled = errors.New("killed")

// unmarked are rollups of a process that dies before it has marked hours.
type unmarked struct{}

func (unmarked) MarkHours(context.Context, tenants.ID, []time.Time) error { return errKilled }

// Whoever is killed between saying that rollups of before are to go and marking their hours leaves those in force alone: they are read still, by
// those who look for somebody's IDs for one.
func TestPurgeWaitsForTheMark(t *testing.T) {
	t.Parallel()
	h, tenant := openHouse(t), tenants.ID(uuid.New())
	at := time.Now().UTC().Truncate(time.Hour).Add(-20 * time.Hour)
	h.put(t, "events", event{tenant: tenant, user: "gone", receivedAt: at}, event{tenant: tenant, user: "stays", anonymous: "device", receivedAt: at})
	op := privacy.Operation{ID: uuid.Must(uuid.NewV7()), Subjects: privacy.Subjects{UserIDs: []string{"gone"}}, ReceivedBefore: time.Now()}
	_, err := h.store.Events().Erase(t.Context(), tenant, op)
	require.NoError(t, err)
	require.NoError(t, h.compute(t.Context(), tenant))
	rows := func() (n uint64) {
		require.NoError(t, h.conn.QueryRow(t.Context(), "SELECT count() FROM rollup_people WHERE tenant_id = {tenant:UUID} AND user_id = 'stays'", named("tenant", tenant.String())).Scan(&n))
		return n
	}
	require.EqualValues(t, 1, rows())

	mortal := privacych.New(privacych.Config{Conn: h.conn, Rollups: unmarked{}, Key: h.key, Readers: time.Nanosecond})
	_, err = mortal.Rollups().Erase(t.Context(), tenant, op)
	require.ErrorIs(t, err, errKilled)
	h.purge(t)
	require.EqualValues(t, 1, rows(), "it is in force")

	_, err = h.store.Rollups().Erase(t.Context(), tenant, op)
	require.NoError(t, err)
	h.purge(t)
	require.Zero(t, rows(), "it is not read any more")
	require.NoError(t, h.compute(t.Context(), tenant))
	require.EqualValues(t, 1, rows())
}
