package tenants

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/internal/seal"
)

// Outbox is the service for mail. A mail is a row first, written in the transaction that it belongs to, and delivered
// later by whoever calls Deliver: no request waits for a mail server, and no mail is lost or sent for something that was
// rolled back.
type Outbox struct {
	service
	mailer    Mailer
	sealed    seal.Sealer
	publicURL *url.URL
}

// Mailer hands a message to a mail server or writes it down. An error that is ErrMailRefused is final; any other means
// that trying again later may help. Sending the same message twice must be harmless.
type Mailer interface {
	Send(ctx context.Context, m Message) error
}

// Shelf is a Mailer that keeps the mails itself, where there is no mail server.
type Shelf interface {
	// Forget removes mails of a kind that were written before a time.
	Forget(ctx context.Context, kind MailKind, before time.Time) error
}

// ErrMailRefused means that the message will never be accepted: a recipient that does not exist, for one.
var ErrMailRefused = fault.New(fault.Invalid, "mail_refused", "The mail server refuses this message for good.")

// Message is a mail ready to be sent.
type Message struct {
	ID        MailID
	Kind      MailKind
	To        string
	Subject   string
	Text      string // plain text
	HTML      string // the same as HTML
	CreatedAt time.Time
}

// MailKind is what a mail is about.
type MailKind string

const (
	mailVerification MailKind = "verification"
	mailReset        MailKind = "reset"
	mailInvitation   MailKind = "invitation"
	mailQuarantine   MailKind = "quarantine"

	// Of other parts of the house, and with words about people who are no members, or to them.
	MailPrivacy MailKind = "privacy"
	MailAlert   MailKind = "alert"
)

// MailRow is a mail in the outbox. Its letter is sealed, because it holds a link that is as good as a password, and is
// deleted once the mail is sent or given up.
type MailRow struct {
	ID        MailID
	Kind      MailKind
	Sealed    []byte
	CreatedAt time.Time
	ExpiresAt time.Time // when the link in it ends, and with it the point of sending it
	Attempts  int       // begun so far
}

// MailRows are the outbox.
type MailRows interface {
	AddMail(ctx context.Context, m MailRow) error
	// ClaimMail takes at most limit mails that are due, oldest first, counts an attempt for each, and makes them due again
	// at the given time, in case the claimant dies. Two claimants never get the same mail.
	ClaimMail(ctx context.Context, now, again time.Time, limit int) ([]MailRow, error)
	MailSent(ctx context.Context, id MailID, at time.Time) error
	MailFailed(ctx context.Context, id MailID, why string, again time.Time) error
	MailGivenUp(ctx context.Context, id MailID, why string, at time.Time) error
}

// MailKept is how long a mail's row stays after it was sent or given up, without the letter, for looking into complaints.
const MailKept = 30 * 24 * time.Hour

// strangersKept is how long a mail about or to somebody who is no member stays where mails are kept: as long as a link in it works.
const strangersKept = 24 * time.Hour

// forget removes such mails, which no erasure would find.
func (o *Outbox) forget(ctx context.Context) error {
	shelf, ok := o.mailer.(Shelf)
	if !ok {
		return nil
	}
	before := o.time().Add(-strangersKept)
	return errors.Join(shelf.Forget(ctx, MailPrivacy, before), shelf.Forget(ctx, MailAlert, before))
}

// letter is the sealed part of a mail.
type letter struct {
	To           string `json:"to"`
	Token        string `json:"token"`
	Organisation string `json:"organisation,omitempty"`
	Inviter      string `json:"inviter,omitempty"`
	Role         Role   `json:"role,omitempty"`
	// Of a mail about the quarantine: how many new causes there are, and their codes.
	Causes int      `json:"causes,omitempty"`
	Codes  []string `json:"codes,omitempty"`
	// Of a mail that another part of the house has written: all of it.
	Written *Notice `json:"written,omitempty"`
}

const (
	mailLease   = 5 * time.Minute // longer than a mail server may take
	maxAttempts = 12              // with the pauses between them, about a day
)

func (o *Outbox) add(ctx context.Context, rows MailRows, kind MailKind, l letter, until time.Time) error {
	row, err := o.row(kind, l, until)
	if err != nil {
		return err
	}
	return rows.AddMail(ctx, row)
}

func (o *Outbox) row(kind MailKind, l letter, until time.Time) (MailRow, error) {
	text, err := json.Marshal(l)
	if err != nil {
		return MailRow{}, fmt.Errorf("encode mail: %w", err)
	}
	id := NewMailID()
	return MailRow{ID: id, Kind: kind, Sealed: o.sealed.Seal(text, id.String()), CreatedAt: o.time(), ExpiresAt: until}, nil
}

// QuarantineNotice is a mail that says that events are rejected for new causes. It holds nothing of the events.
type QuarantineNotice struct {
	To           string
	Organisation string
	Causes       int
	Codes        []string // of the causes, without repetition
}

// Quarantine makes the row of such a mail, for whoever adds it to the outbox in a transaction of their own. It is worth sending for a week.
func (o *Outbox) Quarantine(n QuarantineNotice) (MailRow, error) {
	const worth = 7 * 24 * time.Hour
	return o.row(mailQuarantine, letter{To: n.To, Organisation: n.Organisation, Causes: n.Causes, Codes: n.Codes}, o.time().Add(worth))
}

// Enclose makes the row of a mail that another part of the house has written, for whoever adds it to the outbox in a transaction of their
// own. Its letter is sealed until it is sent, so its link may be as good as a password. Its ID and time are the row's. After until it is not
// worth sending.
func (o *Outbox) Enclose(n Notice, until time.Time) (MailRow, error) {
	return o.row(n.Kind, letter{To: n.To, Written: &n}, until)
}

// Page is the address of a page of ours.
func (o *Outbox) Page(path ...string) *url.URL { return o.publicURL.JoinPath(path...) }

// Delivery counts what became of the mails that one Deliver took on.
type Delivery struct {
	Sent      int
	Postponed int // will be tried again
	GivenUp   int // refused, tried too often, or too late to be of use
}

// Deliver sends at most limit mails that are due. Several processes may call it at the same time. A mail that cannot be
// sent is tried again after half a minute, then twice as long each time up to four hours, twelve times in all. The error
// is for the outbox being out of reach; what happens to single mails is counted and logged.
func (o *Outbox) Deliver(ctx context.Context, limit int) (Delivery, error) {
	var done Delivery
	now := o.time()
	var due []MailRow
	err := o.store.System(ctx, func(sys SystemTx) (err error) {
		due, err = sys.ClaimMail(ctx, now, now.Add(mailLease), limit)
		return err
	})
	if err != nil {
		return done, fmt.Errorf("claim mail: %w", err)
	}
	for _, row := range due {
		sending := o.send(ctx, row)
		// What happened is noted down even when the process is told to stop: a mail that went out must not go out again.
		if err := o.settle(context.WithoutCancel(ctx), row, sending, &done); err != nil {
			return done, fmt.Errorf("settle mail: %w", err)
		}
	}
	return done, nil
}

func (o *Outbox) send(ctx context.Context, row MailRow) error {
	if !o.time().Before(row.ExpiresAt) {
		return ErrMailRefused.Because(errors.New("its link has expired"))
	}
	text, err := o.sealed.Open(row.Sealed, row.ID.String())
	if err != nil {
		return err
	}
	var l letter
	if err := json.Unmarshal(text, &l); err != nil {
		return ErrMailRefused.Because(err)
	}
	return o.mailer.Send(ctx, o.compose(row, l))
}

func (o *Outbox) settle(ctx context.Context, row MailRow, sending error, done *Delivery) error {
	now := o.time()
	return o.store.System(ctx, func(sys SystemTx) error {
		switch {
		case sending == nil:
			done.Sent++
			return sys.MailSent(ctx, row.ID, now)
		case errors.Is(sending, ErrMailRefused) || row.Attempts >= maxAttempts:
			done.GivenUp++
			o.log.ErrorContext(ctx, "a mail was given up", "mail", row.ID, "kind", row.Kind, "attempts", row.Attempts, "error", sending)
			return sys.MailGivenUp(ctx, row.ID, sending.Error(), now)
		}
		done.Postponed++
		again := now.Add(min(30*time.Second<<(row.Attempts-1), 4*time.Hour))
		o.log.WarnContext(ctx, "a mail could not be sent and will be tried again", "mail", row.ID, "kind", row.Kind, "attempts", row.Attempts, "again", again, "error", sending)
		return sys.MailFailed(ctx, row.ID, sending.Error(), again)
	})
}
