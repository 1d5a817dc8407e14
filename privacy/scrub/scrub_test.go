package scrub_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/privacy"
	"github.com/observatory/observatory/privacy/scrub"
)

func people() scrub.Scrubber {
	return scrub.New(privacy.Subjects{
		UserIDs: []string{"alice-1", "alice-11", "17"}, AnonymousIDs: []string{"b2c4e6"},
		Properties: []privacy.Identifier{{Kind: privacy.Property, Path: "properties.email", Value: "Alice@Example.com"}, {Kind: privacy.Property, Path: "properties.phone", Value: "+49 30 1234"}},
	})
}

func TestText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"user alice-1 was not found":          "user [erased] was not found",
		"alice-11,alice-1;":                   "[erased],[erased];",
		"malice-1 and alice-12":               "malice-1 and alice-12", // others
		"17 attempts":                         "17 attempts",           // a word like others
		"mail to ALICE@example.COM bounced":   "mail to [erased] bounced",
		"calls +49 30 1234":                   "calls [erased]",
		"":                                    "",
		"id=b2c4e6&x=b2c4e6":                  "id=[erased]&x=[erased]",
		"\xff\xfealice-1\xff":                 "\xff\xfe[erased]\xff",
		"İstanbul: alice@example.com is late": "İstanbul: [erased] is late",
	} {
		got, n := people().Text(text)
		require.Equal(t, want, got)
		require.Equal(t, got != text, n > 0)
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	for document, want := range map[string]string{
		`{"user":"17","attempts":17,"note":"17 of them"}`:  `{"attempts":17,"note":"17 of them","user":"[erased]"}`,
		`[{"filter":{"value":"alice-1"}},["b2c4e6",null]]`: `[{"filter":{"value":"[erased]"}},["[erased]",null]]`,
		`{"alice-1":1.50}`:   `{"[erased]":1.50}`,
		`{"a": 1,  "b":"c"}`: `{"a": 1,  "b":"c"}`,
		`"alice\u002d1"`:     `"[erased]"`,
	} {
		got, n, err := people().JSON([]byte(document))
		require.NoError(t, err)
		require.Equal(t, want, string(got))
		require.Equal(t, want != document, n > 0)
	}
	for _, broken := range []string{``, `{`, `{} {}`} {
		_, _, err := people().JSON([]byte(broken))
		require.Error(t, err)
	}
}

func TestNobodyIsLookedForNowhere(t *testing.T) {
	t.Parallel()
	got, n := scrub.New(privacy.Subjects{UserIDs: []string{""}}).Text("anything")
	require.Equal(t, "anything", got)
	require.Zero(t, n)
}
