package alert

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"
)

// open begins the part that a rule has in an incident: it opens one, or joins the open one of its group.
func open(ctx context.Context, tx Tx, r *Rule, e Evaluation, now time.Time) error {
	if err := tx.LockSilences(ctx); err != nil {
		return err
	}
	if err := tx.LockGroup(ctx, r.groupKey()); err != nil {
		return err
	}
	found, err := tx.OpenIncident(ctx, r.groupKey())
	if err != nil {
		return err
	}
	text := r.Name + " fired: " + r.why(e)
	joining := IncidentRule{Rule: r.ID, Name: r.Name, Event: r.Measure.Event, Severity: r.Severity, Group: r.Group, FiredAt: e.Tick}
	if found == nil {
		found = &Incident{
			ID: IncidentID(newID()), GroupKey: r.groupKey(), Title: r.Name, Severity: r.Severity, State: IncidentOpen, OpenedAt: e.Tick,
			Policy: r.Policy, Rules: []IncidentRule{joining},
		}
		if err := tx.AddIncident(ctx, *found, now); err != nil {
			return err
		}
		err = tx.AddEntry(ctx, found.ID, entry(e.Tick, EntryOpened, text, r.details(e)))
	} else {
		found.join(joining)
		if found.Policy == nil {
			found.Policy = r.Policy
		}
		err = tx.AddEntry(ctx, found.ID, entry(e.Tick, EntryRuleFired, text, r.details(e)))
	}
	if err != nil {
		return err
	}
	r.Incident = &found.ID
	if err := tx.SetIncidentRule(ctx, found.ID, joining); err != nil {
		return err
	}
	return mute(ctx, tx, found, now)
}

// join adds a rule, or puts its new state in the place of the one before.
func (i *Incident) join(r IncidentRule) {
	at := slices.IndexFunc(i.Rules, func(o IncidentRule) bool { return o.Rule == r.Rule })
	if at < 0 {
		i.Rules = append(i.Rules, r)
	} else {
		i.Rules[at] = r
	}
	i.Severity = i.Severity.Worse(r.Severity)
	if i.Title = i.Rules[0].Name; len(i.Rules) > 1 {
		i.Title = fmt.Sprintf("%s and %d more", i.Rules[0].Name, len(i.Rules)-1)
	}
}

// closePart ends the part that a rule has in an incident, and with the last part the incident. text says why.
func closePart(ctx context.Context, tx Tx, r *Rule, at, now time.Time, text string, details map[string]string) error {
	if r.Incident == nil {
		return nil
	}
	id := *r.Incident
	r.Incident = nil
	found, err := tx.LockIncident(ctx, id)
	if err != nil || found.State == IncidentResolved {
		return err
	}
	firing := 0
	for i := range found.Rules {
		part := &found.Rules[i]
		if part.Rule == r.ID && part.ResolvedAt == nil {
			part.ResolvedAt = &at
			if err := tx.SetIncidentRule(ctx, id, *part); err != nil {
				return err
			}
		}
		if part.ResolvedAt == nil {
			firing++
		}
	}
	if err := tx.AddEntry(ctx, id, entry(at, EntryRuleResolved, text, details)); err != nil {
		return err
	}
	if firing > 0 {
		return mute(ctx, tx, &found, now)
	}
	found.State, found.ResolvedAt = IncidentResolved, &at
	if err := tx.SetIncident(ctx, found); err != nil {
		return err
	}
	return tx.AddEntry(ctx, id, entry(at, EntryResolved, "Nothing fires any more.", nil))
}

// mute writes down an incident, muted if every rule of it that fires is silenced now. The incident is locked: silences that are changed
// at the same moment wait for it, or are seen here.
func mute(ctx context.Context, tx Tx, i *Incident, now time.Time) error {
	silences, err := tx.SilencesNow(ctx, now)
	if err != nil {
		return err
	}
	muted := true
	for _, r := range i.Rules {
		if r.ResolvedAt == nil && !silenced(silences, now, r.Rule, r.Group, r.Severity) {
			muted = false
		}
	}
	if muted != i.Muted {
		i.Muted = muted
		kind, text := EntryUnmuted, "What fires is not silenced any more."
		if muted {
			kind, text = EntryMuted, "All that fires is silenced: nobody is told."
		}
		if err := tx.AddEntry(ctx, i.ID, entry(now, kind, text, nil)); err != nil {
			return err
		}
	}
	return tx.SetIncident(ctx, *i)
}

func entry(at time.Time, kind EntryKind, text string, details map[string]string) Entry {
	if runes := []rune(text); len(runes) > MaxEntryText {
		text = string(runes[:MaxEntryText])
	}
	return Entry{ID: newID(), At: at, Kind: kind, Text: text, Details: details}
}

func (r Rule) details(e Evaluation) map[string]string {
	details := map[string]string{"alert_id": r.ID.String(), "severity": string(r.Severity), "tick": e.Tick.UTC().Format(time.RFC3339)}
	if e.Value != nil {
		details["value"] = Number(*e.Value)
	}
	return details
}

// why says in words what is wrong.
func (r Rule) why(e Evaluation) string {
	c, say := r.Condition, r.Measure.say
	switch {
	case e.Value == nil:
		return "there is nothing to measure."
	case c.Kind == Threshold:
		return fmt.Sprintf("%s is %s %s.", say(*e.Value), c.Direction, say(c.Value))
	case c.Kind == Change && e.Previous != nil:
		return fmt.Sprintf("%s after %s is a change of more than %s %%.", say(*e.Value), say(*e.Previous), Number(c.Value))
	case c.Kind == Anomaly && e.Low != nil && e.High != nil:
		return fmt.Sprintf("%s is usually between %s and %s at this time of the week.", say(*e.Value), say(*e.Low), say(*e.High))
	default:
		return fmt.Sprintf("the value is %s.", say(*e.Value))
	}
}

// say is a value with its unit, as people read it: shares in percent, ages in seconds, minutes or hours.
func (m Measure) say(v float64) string {
	switch m.Kind {
	case Ratio, QuarantineRate, QuotaUse:
		return Number(v*100) + " %"
	case Freshness:
		switch {
		case v < 120:
			return rounded(v) + " seconds"
		case v < 7200:
			return rounded(v/60) + " minutes"
		default:
			return rounded(v/3600) + " hours"
		}
	default:
		return Number(v)
	}
}

// rounded has one digit after the point, and none where that is 0.
func rounded(v float64) string { return Number(math.Round(v*10) / 10) }

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) } // fails only where the system has no randomness
