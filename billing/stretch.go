package billing

import "time"

// Stretch is hours in a row in which the same terms are in force.
type Stretch struct {
	From, To time.Time
	Terms    Terms
}

// InForce says which terms are in force in each hour from one to another. Of a tenant's history, which is in order of revisions, it is the highest
// revision whose From is not after the hour: newer terms end older ones for good, also such as were only to come. Hours before the first terms
// have none.
func InForce(history []Terms, from, to time.Time) []Stretch {
	var all []Stretch
	for _, t := range history {
		for len(all) > 0 && !all[len(all)-1].From.Before(t.From) {
			all = all[:len(all)-1]
		}
		if len(all) > 0 {
			all[len(all)-1].To = t.From
		}
		all = append(all, Stretch{From: t.From, To: to, Terms: t})
	}
	within := all[:0]
	for _, s := range all {
		if s.From.Before(from) {
			s.From = from
		}
		if s.To.After(to) {
			s.To = to
		}
		if s.From.Before(s.To) {
			within = append(within, s)
		}
	}
	return within
}

// TermsAt are the terms in force in the hour of t, as InForce has it; false before the first.
func TermsAt(history []Terms, t time.Time) (Terms, bool) {
	hour := t.UTC().Truncate(time.Hour)
	all := InForce(history, hour, hour.Add(time.Hour))
	if len(all) == 0 {
		return Terms{}, false
	}
	return all[0].Terms, true
}

// Trial tells whether an hour lies in the trial of the terms.
func (t Terms) Trial(hour time.Time) bool { return hour.Before(t.TrialUntil) }
