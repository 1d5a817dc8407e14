package alert_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/analytics/alert"
	"github.com/observatory/observatory/tenants"
)

// A silence that is deleted while an incident opens under it does not leave that muted for ever: nobody would be told of it.
func TestSilenceIsDeletedWhileAnIncidentOpens(t *testing.T) {
	t.Parallel()
	h := newHouse(t, letters("x"))
	r := h.create(few(0))
	s, err := h.silences.Create(t.Context(), h.by, alert.SilenceInput{Rules: []alert.RuleID{r.ID}, From: begin(), To: minute(99), Reason: "x"})
	require.NoError(t, err)
	deleted := make(chan error, 1)
	meanwhile := func() {
		go func() { deleted <- h.silences.Delete(t.Context(), h.by, s.ID) }()
		select {
		case err := <-deleted:
			deleted <- err
		case <-time.After(300 * time.Millisecond): // it waits for the incident
		}
	}
	h.set(minute(1))
	e := alert.NewEvaluator(opening{h.store, meanwhile}, h.values, discard())
	require.NoError(t, e.EvaluateTenant(t.Context(), h.by.Principal.Tenant, minute(1)))
	require.NoError(t, <-deleted)
	require.Len(t, h.all(), 1)
	require.False(t, h.all()[0].Muted)
}

// opening is a store where something happens once it is written down whether a new incident is muted, before others can see it.
type opening struct {
	alert.Store
	then func()
}

func (o opening) Within(ctx context.Context, tenant tenants.ID, fn func(alert.Tx) error) error {
	return o.Store.Within(ctx, tenant, func(tx alert.Tx) error {
		seen := &openingTx{Tx: tx}
		err := fn(seen)
		if err == nil && seen.opened {
			o.then()
		}
		return err
	})
}

type openingTx struct {
	alert.Tx
	opened bool
}

func (tx *openingTx) AddIncident(ctx context.Context, i alert.Incident, at time.Time) error {
	tx.opened = true
	return tx.Tx.AddIncident(ctx, i, at)
}
