package mail

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/observatory/observatory/tenants"
)

// timeout of one exchange with the server.
const timeout = 30 * time.Second

// smtp is tenants.Mailer over SMTP, with a connection per mail: they are few.
type smtp struct {
	host    string
	options []gomail.Option
	from    *mail.Address
	domain  string // of the sender, for message IDs
}

func newSMTP(address string) (*smtp, error) {
	u, err := url.Parse(address)
	if err != nil {
		// The error of url.Parse quotes the URL, which may hold a password.
		return nil, errors.New("the SMTP URL is not a URL such as smtps://user:password@mail.example.com?from=observatory@example.com")
	}
	if u.Hostname() == "" || strings.Trim(u.Path, "/") != "" {
		return nil, errors.New("the SMTP URL needs a host and takes no path")
	}
	s := &smtp{host: u.Hostname(), options: []gomail.Option{gomail.WithTimeout(timeout)}}
	if s.from, err = mail.ParseAddress(u.Query().Get("from")); err != nil {
		return nil, fmt.Errorf("the SMTP URL needs ?from= with the sender's address: %w", err)
	}
	_, s.domain, _ = strings.Cut(s.from.Address, "@")
	security, err := securityOptions(u)
	if err != nil {
		return nil, err
	}
	s.options = append(s.options, security...)
	port := 587 // submission, RFC 6409
	if u.Scheme == "smtps" {
		port = 465 // submissions, RFC 8314
	}
	if u.Port() != "" {
		if port, err = strconv.Atoi(u.Port()); err != nil {
			return nil, fmt.Errorf("the SMTP URL's port: %w", err)
		}
	}
	s.options = append(s.options, gomail.WithPort(port))
	if u.User != nil {
		password, _ := u.User.Password()
		s.options = append(s.options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(u.User.Username()), gomail.WithPassword(password))
	}
	_, err = gomail.NewClient(s.host, s.options...)
	return s, err
}

func securityOptions(u *url.URL) ([]gomail.Option, error) {
	how := u.Query().Get("tls")
	switch {
	case u.Scheme == "smtps" && how == "":
		return []gomail.Option{gomail.WithSSL()}, nil
	case u.Scheme != "smtp":
		return nil, errors.New("the SMTP URL begins with smtp:// or smtps://, and only smtp:// takes ?tls=")
	case how == "" && isThisMachine(u.Hostname()):
		how = "opportunistic"
	}
	switch how {
	case "", "mandatory":
		return []gomail.Option{gomail.WithTLSPolicy(gomail.TLSMandatory)}, nil
	case "opportunistic":
		return []gomail.Option{gomail.WithTLSPolicy(gomail.TLSOpportunistic)}, nil
	case "none":
		return []gomail.Option{gomail.WithTLSPolicy(gomail.NoTLS)}, nil
	}
	return nil, fmt.Errorf("the SMTP URL's tls is %q, want mandatory, opportunistic or none", how)
}

func isThisMachine(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Send delivers one message to the server.
func (s *smtp) Send(ctx context.Context, m tenants.Message) error {
	msg, err := build(m, s.from, s.domain)
	if err != nil {
		return err
	}
	client, err := gomail.NewClient(s.host, s.options...)
	if err != nil {
		return err
	}
	if err := client.DialAndSendWithContext(ctx, msg); err != nil {
		return judge(err)
	}
	return nil
}

// judge tells what is wrong with the message, for good, from what is wrong with the server or with our access to it. A
// permanent refusal (RFC 5321, section 4.2.1) of the recipient or of the content is final. One of the sender is not: it
// is the operator's to put right, and the mail is worth keeping until then.
func judge(err error) error {
	var refused *gomail.SendError
	if errors.As(err, &refused) && refused.ErrorCode() >= 500 && refused.ErrorCode() < 600 {
		if slices.Contains([]gomail.SendErrReason{gomail.ErrSMTPRcptTo, gomail.ErrSMTPData, gomail.ErrSMTPDataClose}, refused.Reason) {
			return tenants.ErrMailRefused.Because(err)
		}
	}
	return fmt.Errorf("send mail: %w", err)
}
