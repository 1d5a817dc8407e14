package notify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/observatory/observatory/analytics/notify/safehttp"
	"github.com/observatory/observatory/internal/fault"
	"github.com/observatory/observatory/internal/seal"
	"github.com/observatory/observatory/tenants"
)

// Mailer hands a mail over. An error that is tenants.ErrMailRefused is final.
type Mailer interface {
	Send(ctx context.Context, m tenants.Message) error
}

// Poster posts to addresses that tenants named; see package safehttp.
type Poster interface {
	Post(ctx context.Context, address string, header http.Header, body []byte) (safehttp.Answer, error)
	CheckURL(text string) (*url.URL, error)
}

// sender sends single messages.
type sender struct {
	mailer    Mailer
	http      Poster
	seal      seal.Sealer
	publicURL *url.URL
	now       func() time.Time
}

// result is how one attempt went.
type result struct {
	outcome Outcome
	elapsed time.Duration
	status  *int
	answer  string
	err     string
	final   bool          // another attempt would go the same way
	asked   time.Duration // how long the answer asks us to wait
}

// Destination is where a delivery goes, as of now.
type Destination struct {
	Channel *Channel // nil: it was deleted, or the delivery has none
	Person  *Person  // nil: no member any more, or the delivery has none
}

// mailTimeout bounds the exchange with a mail server.
const mailTimeout = 20 * time.Second

// send makes one attempt.
func (s sender) send(ctx context.Context, d Delivery, to Destination) result {
	start := s.now()
	var r result
	if d.Member != nil {
		r = s.mail(ctx, d, to.Person)
	} else {
		r = s.post(ctx, d, to.Channel)
	}
	r.elapsed = s.now().Sub(start)
	r.outcome = OutcomeDelivered
	if r.err != "" {
		r.outcome = OutcomeFailed
	}
	return r
}

func (s sender) mail(ctx context.Context, d Delivery, to *Person) result {
	switch {
	case to == nil:
		return result{err: "This person is not a member of the organisation any more.", final: true}
	case !to.Verified:
		return result{err: "This member has not verified the e-mail address yet.", final: true}
	}
	ctx, cancel := context.WithTimeout(ctx, mailTimeout)
	defer cancel()
	err := s.mailer.Send(ctx, d.Notice.mail(d.ID, to.Email, s.publicURL))
	switch {
	case err == nil:
		return result{}
	case errors.Is(err, tenants.ErrMailRefused):
		return result{err: "The mail server refuses this message for good.", final: true} // its words may hold the address
	}
	return result{err: "The mail server cannot be reached, or does not take mail at the moment."}
}

func (s sender) post(ctx context.Context, d Delivery, to *Channel) result {
	if to == nil {
		return result{err: "The channel was deleted.", final: true}
	}
	inside, err := to.open(s.seal)
	if err != nil {
		return result{err: "The channel's secrets cannot be read: the server runs with another secret key than before.", final: true}
	}
	header := http.Header{
		"Content-Type": {"application/json"}, "User-Agent": {"Observatory"}, "X-Correlation-Id": {d.Notice.CorrelationID},
	}
	var body []byte
	if to.Kind == Slack {
		body, err = d.Notice.slack(s.publicURL)
	} else if body, err = d.Notice.webhook(s.publicURL); err == nil {
		err = signInto(header, d.ID, s.now(), body, inside, to.OldSecretUntil)
	}
	if err != nil {
		return result{err: "The message could not be made.", final: true}
	}
	answer, err := s.http.Post(ctx, inside.URL, header, body)
	var refused *fault.Error
	switch {
	case errors.As(err, &refused):
		return result{err: refused.Message, final: true}
	case err != nil:
		return result{err: err.Error()}
	}
	r := result{status: &answer.Status, answer: answer.Text, asked: answer.RetryAfter}
	if answer.Status < 200 || answer.Status > 299 {
		r.err = fmt.Sprintf("The answer was %d %s.", answer.Status, http.StatusText(answer.Status))
		r.final = answer.Status == http.StatusGone // Standard Webhooks: do not call again
	}
	return r
}

// signInto adds the headers of Standard Webhooks.
func signInto(header http.Header, id DeliveryID, at time.Time, body []byte, inside contents, oldUntil *time.Time) error {
	signatures, err := inside.signatures(id.String(), at, body, oldUntil)
	header.Set("Webhook-Id", id.String())
	header.Set("Webhook-Timestamp", strconv.FormatInt(at.Unix(), 10))
	header.Set("Webhook-Signature", signatures)
	return err
}
