package minimise_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/privacy/minimise"
	"github.com/observatory/observatory/tenants"
)

// books are uses in memory, which can be out of reach.
type books struct {
	mu   sync.Mutex
	away bool
	all  map[tenants.ID][]minimise.Use
}

func (b *books) Record(_ context.Context, tenant tenants.ID, uses []minimise.Use) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away {
		return errors.New("away")
	}
	b.all[tenant] = append(b.all[tenant], uses...)
	return nil
}

func (b *books) Uses(_ context.Context, tenant tenants.ID) ([]minimise.Use, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all[tenant], nil
}

// carried is what events carry, whoever asks.
type carried []minimise.Found

func (c carried) Carried(context.Context, tenants.ID, string, time.Time) ([]minimise.Found, error) {
	return c, nil
}

func TestRecorderLosesNothingWhileTheLedgerIsAway(t *testing.T) {
	t.Parallel()
	ledger := &books{all: map[tenants.ID][]minimise.Use{}, away: true}
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	r := minimise.NewRecorder(ledger, func() time.Time { return now }, slog.New(slog.DiscardHandler))
	tenant, other := tenants.NewID(), tenants.NewID()
	r.Used(tenant, "bought", []string{"properties.plan", "properties.plan"})
	r.Used(other, "", []string{"context.page"})
	r.Write(t.Context())
	require.Empty(t, ledger.all)
	ledger.away = false
	first := now
	now = now.Add(time.Hour)
	r.Used(tenant, "bought", []string{"properties.plan"})
	r.Used(tenant, "bought", nil)
	r.Write(t.Context())
	require.Equal(t, []minimise.Use{{Event: "bought", Path: "properties.plan", First: first, Last: now, Uses: 3}}, ledger.all[tenant])
	require.Equal(t, []minimise.Use{{Path: "context.page", First: first, Last: first, Uses: 1}}, ledger.all[other])
	r.Write(t.Context())
	require.Len(t, ledger.all[tenant], 1)
}

func TestWhatToDoAboutAProperty(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 31, 0, 0, 0, 0, time.UTC)
	long, recent := now.AddDate(0, 0, -40), now.AddDate(0, 0, -3)
	tenant := tenants.NewID()
	ledger := &books{all: map[tenants.ID][]minimise.Use{tenant: {
		{Event: "bought", Path: "properties.address.city", First: long, Last: recent, Uses: 2},
		{Event: "bought", Path: "properties.old", First: long, Last: long, Uses: 1},
		{Event: "other", Path: "properties.elsewhere", First: recent, Last: recent, Uses: 1},
		{Path: "properties.any", First: recent, Last: recent, Uses: 7},
		{Event: "bought", Path: "properties.phones", First: recent, Last: recent, Uses: 1}, // not properties.phone
	}}}
	names := []string{"address", "old", "elsewhere", "any", "phone"}
	found := minimise.Found{Event: "bought", Events: 4000, Looked: 2000}
	for i, name := range names {
		found.Paths = append(found.Paths, minimise.Carried{Path: "properties." + name, Count: 500, Bytes: int64(1000 - i)})
	}
	report, err := minimise.New(carried{found}, ledger, func() time.Time { return now }).Report(t.Context(), tenant, "", 30)
	require.NoError(t, err)
	require.Equal(t, long, *report.Since)
	require.Len(t, report.Events, 1)
	got := map[string]minimise.Action{}
	for _, p := range report.Events[0].Properties {
		got[p.Path] = p.Action
		require.InDelta(t, 0.25, p.Share, 1e-9)
		require.Positive(t, p.Bytes)
		if p.Action == minimise.Redact {
			require.Regexp(t, `^[a-z][a-z0-9_-]{0,63}$`, p.Rule["name"], "a rule of redaction can have this name")
		}
	}
	require.Equal(t, map[string]minimise.Action{
		"properties.address": minimise.Nothing, "properties.any": minimise.Nothing, "properties.old": minimise.Retain,
		"properties.elsewhere": minimise.Retain, "properties.phone": minimise.Redact,
	}, got)
	require.Equal(t, int64(2000), report.Events[0].Properties[0].Bytes, "scaled up to all events")
}
