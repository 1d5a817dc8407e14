// Package mail hands the mails of package tenants to an SMTP server, or writes them into a folder where none is
// configured, so that an installation without a mail server loses no link.
package mail

import (
	"fmt"
	"log/slog"
	"net/mail"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/observatory/observatory/tenants"
)

// Config says how mail leaves the house.
type Config struct {
	// SMTPURL is smtp://user:password@host:port?from=Name+<address>&tls=... or smtps://... for TLS from the first byte.
	// User, password and port may be left out; from may not. tls is how smtp:// upgrades to TLS: "mandatory" (the default,
	// because mails hold links that are as good as passwords), "opportunistic" (the default for a server on this machine)
	// or "none". Empty: mails become files.
	SMTPURL string
	// Folder is where mails go as .eml files when there is no SMTPURL; it is made when needed.
	Folder string
	// Log names each file that is written.
	Log *slog.Logger
}

// New makes the mailer that the configuration asks for. It does not connect.
func New(cfg Config) (tenants.Mailer, error) {
	if cfg.SMTPURL == "" {
		return &files{folder: cfg.Folder, log: cfg.Log}, nil
	}
	return newSMTP(cfg.SMTPURL)
}

// build makes the message. What it holds depends on m alone, the ID included, so that sending it twice is harmless: mail
// servers and readers know a message by its ID.
func build(m tenants.Message, from *mail.Address, domain string) (*gomail.Msg, error) {
	msg := gomail.NewMsg()
	msg.FromMailAddress(from)
	if err := msg.To(m.To); err != nil {
		return nil, tenants.ErrMailRefused.Because(fmt.Errorf("recipient: %w", err))
	}
	msg.Subject(m.Subject)
	msg.SetDateWithValue(m.CreatedAt.UTC().Truncate(time.Second))
	msg.SetMessageIDWithValue(m.ID.String() + "@" + domain)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no out-of-office replies, please
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	return msg, nil
}
