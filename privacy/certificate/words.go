package certificate

import (
	"fmt"
	"strings"
	"time"

	"github.com/observatory/observatory/privacy"
)

// Explain says in plain words what a certificate proves, and what it does not, in lines for a terminal.
func (c Certificate) Explain() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("%s certifies for %s (%s):", c.Issuer.Name, c.Tenant.Name, c.Tenant.ID)
	line("Request %s %s, about %s, filed %s, %s %s.", c.Request.ID, c.Request.asked(), count(c.Request.Subjects, "person", "people"),
		when(c.Request.FiledAt), c.Request.ended(), when(c.Request.CompletedAt))
	if c.Request.CompletedAt.After(c.Request.DueAt) {
		line("It was due %s: it is late.", when(c.Request.DueAt))
	}
	if c.Barrier != nil {
		line("")
		line("All that was received before %s was looked through, whatever time events claim:", when(c.Barrier.ReceivedBefore))
		for _, l := range c.Barrier.Logs {
			line("  %-12s %s log %s, up to offset %d: %s", "log", l.Kind, l.ID, l.End, l.said())
		}
	}
	if len(c.Copies) > 0 {
		line("")
		line("Copies:")
		for _, cp := range c.Copies {
			line("  %-12s %s", cp.Name, cp.said(c.Request.Type))
		}
	}
	if len(c.Exceptions) > 0 {
		line("")
		line("Not done:")
		for _, e := range c.Exceptions {
			line("  %-12s %s", e.Copy, e.Text)
		}
	}
	if c.Request.Suppressed {
		line("")
		line("Nothing new of them is stored from then on.")
	}
	if len(c.Statements) > 0 {
		line("")
		line("Besides:")
		for _, s := range c.Statements {
			line("  %s: %s", s.About, s.Text)
		}
	}
	return b.String()
}

func (r Request) asked() string {
	switch r.Type {
	case privacy.Erase:
		return "to erase"
	case privacy.Export:
		return "to export"
	case privacy.Suppress:
		return "to suppress"
	case privacy.Unsuppress:
		return "to end a suppression"
	case privacy.Restrict:
		return "to restrict"
	case privacy.Offboard:
		return "to erase the whole organisation"
	}
	return string(r.Type)
}

func (r Request) ended() string {
	switch r.State {
	case privacy.Completed:
		return "completed"
	case privacy.Exceptions:
		return "completed with exceptions"
	default:
		return "failed"
	}
}

func (l Log) said() string {
	if l.Forgotten {
		return "nothing before it is left in it."
	}
	return "its node never came back."
}

func (c Copy) said(t privacy.Type) string {
	was := count(int(c.Before), strings.TrimSuffix(c.Unit, "s"), c.Unit)
	if c.Unit == "" {
		was = "It was not counted"
	}
	switch {
	case t == privacy.Export && c.State == privacy.StepClear:
		return "The file is written."
	case t == privacy.Unsuppress && c.State == privacy.StepClear:
		return "What was held is given back."
	case t == privacy.Restrict && c.State == privacy.StepClear:
		return was + " set aside."
	case c.State == privacy.StepClear && c.After == 0:
		return was + " before, none after: looked through on the disk as well."
	default:
		return fmt.Sprintf("%s before, %d after. It is not clear.", was, c.After)
	}
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func when(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
