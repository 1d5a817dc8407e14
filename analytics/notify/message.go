package notify

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/observatory/observatory/tenants"
)

// Notice is what a message says. It is written down with the delivery, so that every retry says the same, and holds no personal data.
type Notice struct {
	Kind          DeliveryKind      `json:"kind"`
	Incident      uuid.UUID         `json:"incident"` // zero for a test
	Title         string            `json:"title"`
	Severity      string            `json:"severity"`
	Rules         []NoticeRule      `json:"rules"`
	Reason        string            `json:"reason"`  // one sentence: the value and what it should be
	Details       map[string]string `json:"details"` // the same for programs
	OpenedAt      time.Time         `json:"opened_at"`
	ResolvedAt    *time.Time        `json:"resolved_at"`
	Step          int               `json:"step"` // from 1 on
	Round         int               `json:"round"`
	At            time.Time         `json:"at"` // when it was made
	CorrelationID string            `json:"correlation_id"`
}

// NoticeRule is a rule that fired.
type NoticeRule struct {
	ID       uuid.UUID `json:"id"`
	Name     string    `json:"name"`
	Severity string    `json:"severity"`
}

// link leads to the incident in the dashboard.
func (n Notice) link(public *url.URL) string {
	if n.Kind == Test {
		return public.JoinPath("alerts", "channels").String()
	}
	return public.JoinPath("alerts", "incidents", n.Incident.String()).String()
}

// headline is the notice in one line.
func (n Notice) headline() string {
	switch n.Kind {
	case Test:
		return "Test from Observatory: " + line(n.Title)
	case Resolved:
		return "Resolved: " + line(n.Title)
	case Firing:
	}
	return "[" + n.Severity + "] " + line(n.Title)
}

// sentences are the rest of it.
func (n Notice) sentences() []string {
	switch n.Kind {
	case Test:
		return []string{"This is what a message about an incident looks like. Nothing is wrong."}
	case Resolved:
		text := "It is over."
		if n.ResolvedAt != nil {
			text = fmt.Sprintf("It is over since %s, after %s.", clock(*n.ResolvedAt), n.ResolvedAt.Sub(n.OpenedAt).Round(time.Second))
		}
		return []string{text}
	case Firing:
	}
	all := []string{"Since " + clock(n.OpenedAt) + "."}
	if reason := line(n.Reason); reason != "" {
		all = []string{reason, all[0]}
	}
	if n.Round > 1 || n.Step > 1 {
		all = append(all, fmt.Sprintf("Nobody has acknowledged it yet. This is step %d of round %d.", n.Step, n.Round))
	}
	return all
}

func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// mail is the notice as a mail.
func (n Notice) mail(id DeliveryID, to string, public *url.URL) tenants.Message {
	action, last := "Look at the incident", "You get this mail because an escalation policy of your organisation names you. Acknowledging the incident stops further messages."
	if n.Kind == Test {
		action, last = "Look at the channels", "Somebody of your organisation sent this test."
	}
	return tenants.Notice{
		ID: tenants.MailID(id), Kind: tenants.MailAlert, To: to, CreatedAt: n.At, Subject: cut(n.headline(), 200),
		Before: n.sentences(), Action: action, Link: n.link(public), After: []string{last},
	}.Message()
}

// webhook is the notice as the body of a webhook: type, timestamp and data, as Standard Webhooks recommend.
func (n Notice) webhook(public *url.URL) ([]byte, error) {
	type incident struct {
		ID         uuid.UUID  `json:"id"`
		Title      string     `json:"title"`
		Severity   string     `json:"severity"`
		State      string     `json:"state"`
		OpenedAt   time.Time  `json:"opened_at"`
		ResolvedAt *time.Time `json:"resolved_at"`
	}
	type data struct {
		Incident      *incident         `json:"incident"`
		Rules         []NoticeRule      `json:"rules"`
		Reason        string            `json:"reason"`
		Details       map[string]string `json:"details"`
		Step          int               `json:"step,omitempty"`
		Round         int               `json:"round,omitempty"`
		URL           string            `json:"url"`
		CorrelationID string            `json:"correlation_id"`
	}
	out := struct {
		Type      string    `json:"type"`
		Timestamp time.Time `json:"timestamp"`
		Data      data      `json:"data"`
	}{"test", n.At.UTC().Truncate(time.Millisecond), data{
		Rules: append([]NoticeRule{}, n.Rules...), Reason: n.Reason, Details: n.Details, Step: n.Step, Round: n.Round, URL: n.link(public), CorrelationID: n.CorrelationID,
	}}
	if n.Kind != Test {
		state := "open"
		if n.Kind == Resolved {
			state = "resolved"
		}
		out.Type = "incident." + string(n.Kind)
		out.Data.Incident = &incident{ID: n.Incident, Title: n.Title, Severity: n.Severity, State: state, OpenedAt: n.OpenedAt.UTC(), ResolvedAt: n.ResolvedAt}
	}
	return json.Marshal(out)
}

// slack is the notice in the form of Slack's incoming webhooks: text for notifications, blocks for the channel.
// https://docs.slack.dev/reference/block-kit
func (n Notice) slack(public *url.URL) ([]byte, error) {
	const (
		longestText  = 3000 // of a section, in characters
		longestTitle = 150  // of a header
	)
	type text struct {
		Type string `json:"type"`
		Text string `json:"text"`
	}
	type block struct {
		Type     string `json:"type"`
		Text     *text  `json:"text,omitempty"`
		Elements []any  `json:"elements,omitempty"`
	}
	type button struct {
		Type string `json:"type"`
		Text text   `json:"text"`
		URL  string `json:"url"`
	}
	body := cut(escapeSlack(strings.Join(n.sentences(), "\n")), longestText)
	return json.Marshal(struct {
		Text   string  `json:"text"`
		Blocks []block `json:"blocks"`
	}{
		Text: cut(escapeSlack(n.headline()), longestText),
		Blocks: []block{
			{Type: "header", Text: &text{"plain_text", cut(n.headline(), longestTitle)}},
			{Type: "section", Text: &text{"mrkdwn", body}},
			{Type: "actions", Elements: []any{button{"button", text{"plain_text", "Open in Observatory"}, n.link(public)}}},
			{Type: "context", Elements: []any{text{"plain_text", "Correlation ID " + n.CorrelationID}}},
		},
	})
}

// escapeSlack keeps a text from naming people, channels or links: Slack asks to escape exactly these three.
func escapeSlack(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}

// cut bounds a text in characters, and not in the middle of an escape.
func cut(text string, longest int) string {
	runes := []rune(text)
	if len(runes) <= longest {
		return text
	}
	short := string(runes[:longest-1])
	if at := strings.LastIndexByte(short, '&'); at >= 0 && !strings.Contains(short[at:], ";") {
		short = short[:at]
	}
	return short + "…"
}
