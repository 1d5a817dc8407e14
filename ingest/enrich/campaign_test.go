package enrich_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/enrich"
)

// arrival are the facts about a page view whose context.page has this address and referrer.
func arrival(t *testing.T, url, referrer string) map[string]any {
	t.Helper()
	return factsOf(t, input(t, marshal(t, map[string]any{"page": map[string]string{"url": url, "referrer": referrer}}), `{}`))
}

// The rules for campaigns are those of https://support.google.com/analytics/answer/9756891.
func TestChannels(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ query, referrer, want string }{
		{"", "", "direct"},
		{"", "https://www.google.com/", "organic search"},
		{"", "https://www.google.co.uk/", "organic search"},
		{"", "https://google.com.br/url?q=x", "organic search"},
		{"", "https://google.evil/", "referral"},
		{"", "https://google.github.io/", "referral"},
		{"", "https://notgoogle.com/", "referral"},
		{"", "https://duckduckgo.com/", "organic search"},
		{"", "https://search.yahoo.co.jp/search?p=x", "organic search"},
		{"", "android-app://com.google.android.googlequicksearchbox/", "organic search"},
		{"", "android-app://com.google.android.gm", "email"},
		{"", "https://mail.google.com/mail/u/0/", "email"},
		{"", "https://gemini.google.com/", "ai assistant"},
		{"", "https://chatgpt.com/", "ai assistant"},
		{"", "https://www.perplexity.ai/search/x", "ai assistant"},
		{"", "https://claude.ai/chat/x", "ai assistant"},
		{"utm_source=chatgpt.com", "", "ai assistant"},
		{"", "https://l.facebook.com/l.php?u=x", "social"},
		{"", "https://t.co/abc", "social"},
		{"", "https://news.ycombinator.com/item?id=1", "social"},
		{"", "https://www.youtube.com/watch?v=x", "video"},
		{"", "https://www.amazon.de/dp/1", "shopping"},
		{"", "https://blog.example.org/post", "referral"},
		{"", "https://192.0.2.7/", "direct"},
		{"", "not an address", "direct"},
		{"gclid=x", "https://www.google.com/", "paid search"},
		{"msclkid=x", "", "paid search"},
		{"fbclid=x", "https://m.facebook.com/", "social"},
		{"fbclid=x&utm_source=newsletter", "", "email"},
		{"ttclid=x", "", "paid social"},
		{"utm_source=google&utm_medium=cpc", "", "paid search"},
		{"utm_source=google&utm_medium=cpm", "", "paid search"},
		{"utm_source=facebook&utm_medium=paid_social", "", "paid social"},
		{"utm_source=youtube&utm_medium=cpv", "", "paid video"},
		{"utm_source=youtube&utm_medium=cpc", "", "paid video"},
		{"utm_source=blog&utm_medium=cpc", "", "paid other"},
		{"utm_source=blog&utm_medium=banner", "", "display"},
		{"utm_source=blog&utm_medium=cpm", "", "display"},
		{"utm_source=list&utm_medium=Email", "", "email"},
		{"UTM_SOURCE=newsletter", "https://www.google.com/", "email"},
		{"utm_medium=affiliate", "", "affiliates"},
		{"utm_medium=audio", "", "audio"},
		{"utm_medium=sms", "", "sms"},
		{"utm_medium=web-push", "", "push"},
		{"utm_medium=organic", "", "organic search"},
		{"utm_medium=social", "", "social"},
		{"utm_medium=video", "", "video"},
		{"utm_medium=referral", "", "referral"},
		{"utm_campaign=spring", "", "other"},
		{"utm_source=", "", "direct"},
		{"utm_source=linkedin", "", "social"},
	} {
		found := arrival(t, "https://shop.example/?"+c.query, c.referrer)
		require.Equal(t, c.want, found["channel"], "%s from %s", c.query, c.referrer)
	}
}

func TestVisitsUnderWayHaveNoChannel(t *testing.T) {
	t.Parallel()
	require.Empty(t, arrival(t, "https://shop.example/b", "https://shop.example/a"))
	require.Empty(t, arrival(t, "https://www.shop.co.uk/b", "https://blog.shop.co.uk:8443/a"))
	require.Equal(t, map[string]any{"referrer_domain": "other.co.uk", "channel": "referral"}, arrival(t, "https://shop.co.uk/b", "https://other.co.uk/a"))
	require.Equal(t, map[string]any{"referrer_domain": "op.example.com", "channel": "referral"}, arrival(t, "https://shop.example", "https://op.example.com"))
}

func TestEventsThatAreNoPagesHaveNoChannel(t *testing.T) {
	t.Parallel()
	require.Empty(t, factsOf(t, input(t, `{"page":{}}`, `{"url":"https://shop.example/?utm_source=a","referrer":"https://www.google.com"}`)))
}

func TestCampaigns(t *testing.T) {
	t.Parallel()
	require.Equal(t, map[string]any{
		"utm_source": "a b", "utm_medium": "ü", "utm_campaign": "100%", "utm_term": "x=y", "utm_content": "\uFFFD",
		"click_id": "google ads", "channel": "other",
	}, arrival(t, "https://shop.example/?utm_source=a+b&utm_medium=%C3%BC&utm_campaign=100%&utm_term=x=y&utm_content=%ff&gclid=secret#utm_source=c", ""))

	require.Equal(t, map[string]any{"utm_source": "sent", "utm_medium": "email", "utm_campaign": "sale", "channel": "email"},
		factsOf(t, input(t, `{"campaign":{"source":"sent","name":"sale","medium":""},"page":{"search":"?utm_source=address&utm_medium=email"}}`, `{}`)),
		"what the sender says goes first")

	in := input(t, `{}`, `{"url":"https://shop.example/?utm_source=google","referrer":"https://www.google.de/"}`)
	in.Event.Type = ingest.Page
	require.Equal(t, map[string]any{"utm_source": "google", "referrer_domain": "google.de", "channel": "organic search"}, factsOf(t, in),
		"a page call's properties are about the page")

	long := arrival(t, "https://shop.example/?utm_source="+strings.Repeat("ü", 200), "")
	require.Equal(t, strings.Repeat("ü", 100), long["utm_source"], "facts are bounded")
}

// The address is the sender's, so anything may stand there.
func FuzzCampaign(f *testing.F) {
	f.Add("https://shop.example/?utm_source=a&gclid=b", "https://www.google.co.uk/", "a", "cpc")
	f.Add("://?&&=&utm_source", "android-app://x", "", "")
	f.Add("http://[::1]/?utm_source=%", "http://...", ".", "..")
	e := enrich.Default().Compile(enrich.Resources{})
	f.Fuzz(func(t *testing.T, url, referrer, source, medium string) {
		in := input(t, marshal(t, map[string]any{
			"page":     map[string]string{"url": url, "referrer": referrer},
			"campaign": map[string]string{"source": source, "medium": medium},
		}), `{}`)
		e.Apply(in, nil)
		require.LessOrEqual(t, len(facts(t, in.Event)), 8)
	})
}
