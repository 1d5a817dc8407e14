package payment

import (
	"strings"
	"time"
)

// letter is what owners and admins are told of a change; nil: nothing.
func (s *Service) letter(a, was Account, owed []Owed) *Letter {
	l := &Letter{
		Action: "See what is to be paid", Link: s.d.PublicURL.JoinPath("usage", "payment").String(),
		After: []string{"You get this mail because you manage the organization."},
	}
	sums := amounts(owed)
	day := func(after time.Duration) string {
		if a.OverdueSince == nil {
			return ""
		}
		return a.OverdueSince.Add(after).Format("2 January 2006")
	}
	switch {
	case a.SuspendedBy != "" && was.SuspendedBy == "":
		l.Subject = "Your organization is suspended"
		l.Before = []string{"Whoever runs this installation has suspended your organization. Its events are refused until that is settled; nothing that is stored is touched."}
	case was.Standing.rank() >= Restricted.rank() && a.Standing.rank() < Restricted.rank():
		l.Subject = "Everything works again"
		l.Before = []string{"Thank you. Events are stored again, and what was held meanwhile is stored now, under its own time."}
	case a.Standing == Restricted && was.Standing != Restricted && was.Standing != Suspended:
		l.Subject = "Your events are held until an invoice is paid"
		l.Before = []string{
			sums + " has been overdue for some time. From now on your events are acknowledged and held: they are stored once it is paid, and are not in your charts until then.",
			"If nothing is paid, events are refused from " + day(s.d.Dunning.Suspend) + " on.",
		}
	case a.Standing == Suspended && was.Standing != Suspended:
		l.Subject = "Your events are refused until an invoice is paid"
		l.Before = []string{sums + " has been overdue for long. From now on your events are refused. What is stored and what is held is not touched."}
	case a.Reminded > was.Reminded:
		l.Subject = "An invoice is overdue"
		l.Before = []string{
			sums + " was due on " + day(0) + " and is not paid. Everything works as before.",
			"If nothing is paid, your events are held from " + day(s.d.Dunning.Restrict) + " on, and stored once it is.",
		}
	default:
		return nil
	}
	return l
}

// amounts are sums in words, as in "USD 12.30 and EUR 4.00".
func amounts(owed []Owed) string {
	texts := make([]string, len(owed))
	for i, o := range owed {
		texts[i] = o.Amount.Format(o.Currency)
	}
	return strings.Join(texts, " and ")
}
