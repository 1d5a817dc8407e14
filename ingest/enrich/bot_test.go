package enrich_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/enrich"
)

func TestBots(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string]string{
		"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)":                                                                        "crawler: Googlebot",
		"Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X) AppleWebKit/537.36 Chrome/131.0 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://g.co/bot)": "crawler: Googlebot",
		"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)":                                          "crawler: GPTBot",
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/131.0.6778.85 Safari/537.36":                               "headless: HeadlessChrome",
		"Mozilla/5.0 (Unknown; Linux) AppleWebKit/538.1 (KHTML, like Gecko) PhantomJS/2.1.1 Safari/538.1":                                                 "headless: PhantomJS",
		"curl/8.5.0":             "library: curl",
		"python-requests/2.32.3": "library: Requests",
		"Go-http-client/2.0":     "library: Go",
		"Wget/1.21.4":            "library: Wget",
		"facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)": "crawler: Facebook preview",
		"SomethingNew-Bot/0.1":                 "crawler: unknown",
		"Mozilla/5.0 (compatible; newcrawler)": "crawler: unknown",
		"acme-fetcher (+https://acme.example)": "crawler: unknown",
		"Mozilla/5.0 (Linux; Android 11; CUBOT NOTE 20) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0 Mobile Safari/537.36": "",
		"okhttp/4.12.0":                         "",
		"MyShop/3.2 CFNetwork/1490 Darwin/23.2": "",
		chrome:                                  "",
	} {
		line, bot := agentFacts(t, agent)
		require.Equal(t, want, bot, agent)
		if want != "" {
			require.Regexp(t, `^\|\|.*\|bot$`, line, agent)
		}
	}
}

func TestBotThatIsDeclared(t *testing.T) {
	t.Parallel()
	for context, want := range map[string]string{
		`{"bot":true}`: "declared", `{"synthetic":true}`: "synthetic", `{"bot":true,"synthetic":true}`: "synthetic", `{"synthetic":1}`: "", `{"bot":false}`: "", `{"bot":"true"}`: "", `{"bot":null}`: "", `{"bot":{"x":true}}`: "",
	} {
		in := input(t, context, `{}`)
		factsOf(t, in)
		require.Equal(t, want, string(in.Event.Bot), context)
	}
}

func TestBotInADataCentre(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ranges.txt")
	require.NoError(t, os.WriteFile(path, []byte("# clouds\n203.0.113.0/24 # one\n\n 2001:db8::/32\n203.0.113.128/25\r\n198.51.100.7\n"), 0o600))
	ranges, err := enrich.OpenRanges(path)
	require.NoError(t, err)
	e := enrich.Default().Compile(enrich.Resources{DataCentres: ranges})
	for address, want := range map[string]string{
		"203.0.113.9":        "data centre: 203.0.113.0/24",
		"203.0.113.200":      "data centre: 203.0.113.128/25",
		"::ffff:203.0.113.9": "data centre: 203.0.113.0/24",
		"2001:db8::1":        "data centre: 2001:db8::/32",
		"198.51.100.7":       "data centre: 198.51.100.7/32",
		"198.51.100.8":       "",
	} {
		in := input(t, `{"ip":"192.0.2.1"}`, `{}`)
		in.Client = &ingest.Client{Browser: true, UserAgent: chrome, Address: netip.MustParseAddr(address)}
		e.Apply(in, nil)
		require.Equal(t, want, string(in.Event.Bot), "a browser at %s", address)

		in = input(t, `{"ip":"`+address+`"}`, `{}`)
		in.Client = &ingest.Client{Address: netip.MustParseAddr("203.0.113.1")}
		e.Apply(in, nil)
		require.Equal(t, want, string(in.Event.Bot), "a server that speaks for %s", address)
	}
}

func TestRangesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ranges.txt")
	_, err := enrich.OpenRanges(path)
	require.EqualError(t, err, "read "+path+": no such file or directory")
	require.NoError(t, os.WriteFile(path, []byte("203.0.113.0/24\n203.0.113.0/33\n"), 0o600))
	_, err = enrich.OpenRanges(path)
	require.EqualError(t, err, "read "+path+": line 2 is not a network such as 203.0.113.0/24")
}
