package alert_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/analytics/alert"
	"github.com/observatory/observatory/tenants"
)

// Rules of a group share an incident, which has the worst severity and ends with the last of them.
func TestGroupsShareAnIncident(t *testing.T) {
	t.Parallel()
	texts := map[string]string{"first": "xxxooooo", "second": "oxxxxoox", "third": "oooooxoo"}
	h := newHouse(t, &alert.Values{Trends: series(func(event string, end time.Time) *float64 {
		return letters(texts[event]).Trends.(series)(event, end)
	})})
	for name, severity := range map[string]alert.Severity{"first": alert.Warning, "second": alert.Critical, "third": alert.Info} {
		d := few(0)
		d.Name, d.Measure.Event, d.Severity, d.Group = name, name, severity, "shop"
		if name == "third" {
			d.Group = ""
		}
		h.create(d)
	}
	h.evaluate(minute(2))
	h.evaluate(minute(8)) // late: ticks are settled in their order, whosever they are
	all := h.all()
	require.Len(t, all, 3)
	shared := all[0]
	require.Equal(t, "first and 1 more", shared.Title)
	require.Equal(t, alert.Critical, shared.Severity)
	require.Equal(t, minute(1), shared.OpenedAt)
	require.Equal(t, minute(6), *shared.ResolvedAt)
	require.Empty(t, shared.ResolvedBy)
	require.Equal(t, []alert.EntryKind{alert.EntryOpened, alert.EntryRuleFired, alert.EntryRuleResolved, alert.EntryRuleResolved, alert.EntryResolved}, h.timeline(shared.ID))
	require.Equal(t, "third", all[1].Title)
	require.Equal(t, alert.IncidentOpen, all[2].State)
	require.Equal(t, "group:shop", all[2].GroupKey)

	find := func(q alert.IncidentsQuery) (titles []string) {
		q.Limit = 10
		found, err := h.incidents.List(t.Context(), h.by.Principal.Tenant, q)
		require.NoError(t, err)
		for _, i := range found {
			titles = append(titles, i.Title)
		}
		return titles
	}
	require.Equal(t, []string{"second", "third", "first and 1 more"}, find(alert.IncidentsQuery{}))
	require.Equal(t, []string{"second"}, find(alert.IncidentsQuery{State: alert.IncidentOpen}))
	require.Equal(t, []string{"third"}, find(alert.IncidentsQuery{Event: "third"}))
	require.Equal(t, []string{"first and 1 more"}, find(alert.IncidentsQuery{To: minute(6)}))
	require.Equal(t, []string{"second"}, find(alert.IncidentsQuery{From: minute(8)}))
	require.Equal(t, []string{"third", "first and 1 more"}, find(alert.IncidentsQuery{After: alert.IncidentCursor{OpenedAt: all[2].OpenedAt, ID: all[2].ID}}))
}

// What people do to an incident stands in its timeline, and a rule that goes on firing does not open another.
func TestPeopleLookAfterIncidents(t *testing.T) {
	t.Parallel()
	h := newHouse(t, letters("xxxxoxxx"))
	d := few(0)
	d.NoData = alert.NoDataKeep
	r := h.create(d)
	h.evaluate(minute(2))
	id := h.all()[0].ID
	acknowledged, err := h.incidents.Acknowledge(t.Context(), h.by, id)
	require.NoError(t, err)
	require.Equal(t, h.now(), *acknowledged.AcknowledgedAt)
	require.Equal(t, h.by.Principal.Actor.Label, acknowledged.AcknowledgedBy)
	_, err = h.incidents.Acknowledge(t.Context(), h.by, id)
	require.NoError(t, err)
	_, err = h.incidents.Snooze(t.Context(), h.by, id, h.now())
	require.ErrorContains(t, err, "invalid_snooze")
	_, err = h.incidents.Snooze(t.Context(), h.by, id, h.now().Add(time.Hour))
	require.NoError(t, err)
	require.NoError(t, h.incidents.AddEntry(t.Context(), h.by.Principal.Tenant, id, alert.Entry{At: h.now(), Kind: "told", Actor: "somebody", Text: "Told somebody."}))
	_, err = h.incidents.Resolve(t.Context(), h.by, id, "It was the cable.")
	require.NoError(t, err)
	_, err = h.incidents.Acknowledge(t.Context(), h.by, id)
	require.ErrorIs(t, err, alert.ErrIncidentResolved)
	found, entries, err := h.incidents.Get(t.Context(), h.by.Principal.Tenant, id)
	require.NoError(t, err)
	require.Equal(t, h.by.Principal.Actor.Label, found.ResolvedBy)
	require.Equal(t, h.now(), *found.Rules[0].ResolvedAt)
	require.Equal(t, "Resolved. It was the cable.", entries[len(entries)-1].Text)
	require.Equal(t, []alert.EntryKind{alert.EntryOpened, alert.EntryAcknowledged, alert.EntrySnoozed, "told", alert.EntryResolved}, h.timeline(id))

	h.evaluate(minute(4))
	require.Len(t, h.all(), 1, "the episode goes on, and was told")
	h.evaluate(minute(5))
	require.Equal(t, alert.Resolved, h.rule(r.ID).State.Status)
	h.evaluate(minute(6))
	require.Len(t, h.all(), 2, "this is another episode")

	viewer := h.by
	viewer.Principal.Role = tenants.RoleViewer
	_, err = h.incidents.Resolve(t.Context(), viewer, h.all()[1].ID, "")
	require.ErrorIs(t, err, tenants.ErrPermissionDenied)
}

// Whatever ends the part of a rule ends its incident as well.
func TestChangedRulesLeaveTheirIncidents(t *testing.T) {
	t.Parallel()
	h := newHouse(t, letters("xxxxxxxxxxxx"))
	r := h.create(few(0))
	last := func() alert.Incident { return h.all()[len(h.all())-1] }

	h.evaluate(minute(1))
	renamed := r.Definition
	renamed.Name, renamed.Severity = "Renamed", alert.Info
	_, err := h.rules.Update(t.Context(), h.by, r.ID, renamed)
	require.NoError(t, err)
	require.Equal(t, alert.Firing, h.rule(r.ID).State.Status, "it is judged as before")
	require.Nil(t, last().ResolvedAt)

	stricter := renamed
	stricter.Condition.Value = 5
	_, err = h.rules.Update(t.Context(), h.by, r.ID, stricter)
	require.NoError(t, err)
	require.Equal(t, alert.OK, h.rule(r.ID).State.Status)
	require.NotNil(t, last().ResolvedAt)

	h.evaluate(minute(2))
	require.Len(t, h.all(), 2)
	_, err = h.rules.SetEnabled(t.Context(), h.by, r.ID, false)
	require.NoError(t, err)
	require.NotNil(t, last().ResolvedAt)
	h.evaluate(minute(5))
	require.Equal(t, "ff", h.states(r.ID))
	_, err = h.rules.SetEnabled(t.Context(), h.by, r.ID, true)
	require.NoError(t, err)
	h.evaluate(minute(6))
	require.Equal(t, "fff", h.states(r.ID), "what came while it was disabled is not made up for")
	require.Len(t, h.all(), 3)
	require.NoError(t, h.rules.Delete(t.Context(), h.by, r.ID))
	require.NotNil(t, last().ResolvedAt)
	require.Equal(t, "Renamed", last().Rules[0].Name)
	_, err = h.rules.Get(t.Context(), h.by.Principal.Tenant, r.ID)
	require.ErrorIs(t, err, alert.ErrNoSuchRule)
}

// During a silence rules fire and incidents open, muted; when it ends what still fires is not muted any more, whenever the next tick is.
func TestSilences(t *testing.T) {
	t.Parallel()
	h := newHouse(t, letters("xxxxxxxxxxxx"))
	d := few(0)
	d.Group = "shop"
	r := h.create(d)
	silence := func(in alert.SilenceInput, from, to int) alert.Silence {
		in.From, in.To, in.Reason = minute(from), minute(to), "Maintenance"
		s, err := h.silences.Create(t.Context(), h.by, in)
		require.NoError(t, err)
		return s
	}
	s := silence(alert.SilenceInput{Groups: []string{"shop", "office"}, Severities: []alert.Severity{alert.Warning}}, 1, 3)
	silence(alert.SilenceInput{Groups: []string{"shop"}, Severities: []alert.Severity{alert.Info}}, 1, 9) // does not fit
	require.Equal(t, alert.Scheduled, s.Phase)

	h.evaluate(minute(1))
	require.Equal(t, "M", h.states(r.ID))
	require.True(t, h.all()[0].Muted)
	h.evaluate(minute(2).Add(30 * time.Second))
	due, err := h.evaluator().Due(t.Context(), minute(3).Add(-time.Second))
	require.NoError(t, err)
	require.Empty(t, due)
	h.evaluate(minute(3))
	require.False(t, h.all()[0].Muted)
	require.Equal(t, "MMf", h.states(r.ID))
	again, err := h.silences.Get(t.Context(), h.by.Principal.Tenant, s.ID)
	require.NoError(t, err)
	require.Equal(t, alert.Over, again.Phase)

	s = silence(alert.SilenceInput{Rules: []alert.RuleID{r.ID}}, 3, 9)
	require.True(t, h.all()[0].Muted, "a silence counts at once")
	require.NoError(t, h.silences.Delete(t.Context(), h.by, s.ID))
	require.False(t, h.all()[0].Muted)
	require.Equal(t, []alert.EntryKind{alert.EntryOpened, alert.EntryMuted, alert.EntryUnmuted, alert.EntryMuted, alert.EntryUnmuted}, h.timeline(h.all()[0].ID))

	for name, in := range map[string]alert.SilenceInput{
		"names nothing":  {From: minute(1), To: minute(9), Reason: "x"},
		"is over":        {From: minute(1), To: minute(2), Reason: "x", Groups: []string{"shop"}},
		"ends first":     {From: minute(9), To: minute(8), Reason: "x", Groups: []string{"shop"}},
		"has no reason":  {From: minute(1), To: minute(9), Groups: []string{"shop"}},
		"has an unknown": {From: minute(1), To: minute(9), Reason: "x", Severities: []alert.Severity{"bad"}},
	} {
		_, err := h.silences.Create(t.Context(), h.by, in)
		require.ErrorContains(t, err, "invalid_silence", name)
	}
}
