package notify

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func public() *url.URL { return &url.URL{Scheme: "https", Host: "observatory.example"} }

// Whatever a rule is called: what is sent is JSON in Slack's bounds and names nobody, and a mail's subject is one line.
func TestMessagesOfAnyName(t *testing.T) {
	t.Parallel()
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		"<!channel> <@U123> <https://evil.example|click> & more", "x\r\nBcc: victim@example.com", strings.Repeat("&<>", 4000), strings.Repeat("ä", 5000), "\x00\xff",
	}))
	rapid.Check(t, func(t *rapid.T) {
		n := Notice{
			Kind: rapid.SampledFrom([]DeliveryKind{Firing, Resolved, Test}).Draw(t, "kind"), Incident: uuid.New(), Title: text.Draw(t, "title"), Severity: "critical",
			Reason: text.Draw(t, "reason"), OpenedAt: time.Unix(0, 0), At: time.Unix(60, 0), Step: 2, Round: 1, CorrelationID: "c",
		}
		body, err := n.slack(public())
		require.NoError(t, err)
		var out struct {
			Text   string
			Blocks []struct {
				Type string
				Text *struct{ Type, Text string }
			}
		}
		require.NoError(t, json.Unmarshal(body, &out))
		require.NotContains(t, out.Text, "<")
		require.LessOrEqual(t, utf8.RuneCountInString(out.Text), 3000)
		require.Equal(t, "header", out.Blocks[0].Type)
		require.Equal(t, "plain_text", out.Blocks[0].Text.Type)
		require.LessOrEqual(t, utf8.RuneCountInString(out.Blocks[0].Text.Text), 150)
		require.NotEmpty(t, out.Blocks[0].Text.Text)
		require.NotContains(t, out.Blocks[1].Text.Text, "<")
		require.LessOrEqual(t, utf8.RuneCountInString(out.Blocks[1].Text.Text), 3000)

		hook, err := n.webhook(public())
		require.NoError(t, err)
		require.True(t, json.Valid(hook))
		again, err := n.webhook(public())
		require.NoError(t, err)
		require.Equal(t, hook, again, "a retry says the same")

		mail := n.mail(DeliveryID(uuid.New()), "ada@example.com", public())
		require.NotContains(t, mail.Subject, "\n")
		require.NotContains(t, mail.Subject, "\r")
		require.LessOrEqual(t, utf8.RuneCountInString(mail.Subject), 200)
	})
}

func TestEscapesAreNotCutInTheMiddle(t *testing.T) {
	t.Parallel()
	for longest := 2; longest < 12; longest++ {
		short := cut("&amp;&lt;&gt;", longest)
		require.NotRegexp(t, `&[a-z]*…`, short)
	}
	require.Equal(t, "abc", cut("abc", 3))
	require.Equal(t, "ab…", cut("abcd", 3))
}

func TestPauses(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		attempts, chance := rapid.IntRange(1, 100).Draw(t, "attempts"), rapid.Float64Range(0, 0.999).Draw(t, "chance")
		asked := time.Duration(rapid.IntRange(0, 7200).Draw(t, "asked")) * time.Second
		p := pause(attempts, chance, asked)
		require.GreaterOrEqual(t, p, min(backoffFirst/2, backoffMost))
		require.GreaterOrEqual(t, p, min(asked, backoffMost))
		require.LessOrEqual(t, p, backoffMost)
	})
	var all time.Duration
	for attempt := 1; attempt < maxAttempts; attempt++ {
		all += pause(attempt, 0.5, 0)
	}
	require.Equal(t, 155*time.Second, all, "then the next step is due")
}

func TestHints(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://hooks.slack.com/services/T000/B000/abcdefghx7Qf": "https://hooks.slack.com/…x7Qf",
		"https://example.com":                         "https://example.com/",
		"https://example.com:8443/":                   "https://example.com:8443/",
		"https://example.com/secret":                  "https://example.com/…",
		"https://example.com/?token=0123456789abcdef": "https://example.com/…cdef",
	} {
		u, err := url.Parse(address)
		require.NoError(t, err)
		require.Equal(t, want, hint(u))
	}
}
