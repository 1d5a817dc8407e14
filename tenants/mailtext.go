package tenants

import (
	"fmt"
	"html"
	"net/url"
	"strings"
	"time"
)

// compose writes the mail, as plain text and as HTML with the same words.
func (o *Outbox) compose(row MailRow, l letter) Message {
	if n := l.Written; n != nil {
		n.ID, n.Kind, n.CreatedAt = row.ID, row.Kind, row.CreatedAt
		return n.Message()
	}
	b := o.body(row.Kind, l)
	return Message{
		ID: row.ID, Kind: row.Kind, To: l.To, Subject: b.subject, Text: b.text(), HTML: b.html(), CreatedAt: row.CreatedAt,
	}
}

// Notice is a mail that another part of the house writes, and sends by itself or by the outbox (see Outbox.Enclose).
type Notice struct {
	ID        MailID // of the message: the same whenever the same mail is sent again
	Kind      MailKind
	To        string
	CreatedAt time.Time
	Subject   string
	Before    []string // paragraphs before the link
	Action    string   // what the link does
	Link      string
	After     []string // paragraphs after it
}

// Message writes the mail, in the shape that all our mails have.
func (n Notice) Message() Message {
	b := body{subject: n.Subject, before: n.Before, action: n.Action, link: n.Link, after: n.After}
	return Message{ID: n.ID, Kind: n.Kind, To: n.To, Subject: b.subject, Text: b.text(), HTML: b.html(), CreatedAt: n.CreatedAt}
}

// body is the one shape that all our mails have.
type body struct {
	subject string
	before  []string // paragraphs before the link
	action  string   // what the link does
	link    string
	after   []string // paragraphs after it
}

func (o *Outbox) body(kind MailKind, l letter) body {
	switch kind {
	case mailVerification:
		return body{
			subject: "Verify your e-mail address",
			before:  []string{"Welcome to Observatory. Please confirm that this is your address."},
			action:  "Verify my address",
			link:    o.link("verify", l.Token),
			after:   []string{"The link works for 7 days. If you did not sign up, ignore this mail."},
		}
	case mailReset:
		return body{
			subject: "Set a new password",
			before:  []string{"Somebody, hopefully you, asked to set a new password for your Observatory account."},
			action:  "Set a new password",
			link:    o.link("reset", l.Token),
			after:   []string{"The link works once, for one hour. If it was not you, ignore this mail: your password stays as it is."},
		}
	case mailInvitation:
		return body{
			subject: "You are invited to " + l.Organisation + " on Observatory",
			before:  []string{fmt.Sprintf("%s invites you to join %s on Observatory as %s.", l.Inviter, l.Organisation, l.Role)},
			action:  "Accept the invitation",
			link:    o.link("invite", l.Token),
			after:   []string{"The link works for 7 days. If you do not know the sender, ignore this mail."},
		}
	case mailQuarantine:
		reasons := fmt.Sprintf("%d new reasons", l.Causes)
		if l.Causes == 1 {
			reasons = "a new reason"
		}
		return body{
			subject: "Events of " + l.Organisation + " are set aside for " + reasons,
			before:  []string{fmt.Sprintf("Events of %s are not accepted for %s: %s. They are kept in quarantine, where they can be put right.", l.Organisation, reasons, strings.Join(l.Codes, ", "))},
			action:  "Look at the quarantine",
			link:    o.publicURL.JoinPath("data", "quarantine").String(),
			after:   []string{"You get this mail because you manage the organisation, once for each reason. The quarantine's policy turns it off."},
		}
	case MailPrivacy, MailAlert: // others write them
	}
	return body{subject: "Observatory"}
}

func (o *Outbox) link(page, token string) string {
	u := o.publicURL.JoinPath(page)
	u.RawQuery = url.Values{"token": {token}}.Encode()
	return u.String()
}

func (b body) text() string {
	var s strings.Builder
	for _, p := range b.before {
		s.WriteString(p + "\n\n")
	}
	s.WriteString(b.action + ":\n" + b.link + "\n")
	for _, p := range b.after {
		s.WriteString("\n" + p + "\n")
	}
	return s.String()
}

func (b body) html() string {
	var s strings.Builder
	s.WriteString(`<!doctype html><html lang="en"><body style="font-family:sans-serif;max-width:36em;line-height:1.5">`)
	for _, p := range b.before {
		s.WriteString("<p>" + html.EscapeString(p) + "</p>")
	}
	link := html.EscapeString(b.link)
	s.WriteString(`<p><a href="` + link + `">` + html.EscapeString(b.action) + `</a></p><p style="color:#666">` + link + `</p>`)
	for _, p := range b.after {
		s.WriteString("<p>" + html.EscapeString(p) + "</p>")
	}
	s.WriteString("</body></html>\n")
	return s.String()
}
