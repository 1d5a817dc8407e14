package enrich_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/enrich"
)

// agentFacts are the facts about a browser's request with this user agent, in one line, and the reason why it is a bot's.
func agentFacts(t *testing.T, agent string) (line, bot string) {
	t.Helper()
	in := input(t, `{}`, `{}`)
	in.Client = &ingest.Client{Browser: true, UserAgent: agent}
	found := factsOf(t, in)
	var parts []string
	for _, name := range []string{"browser", "browser_version", "os", "os_version", "device"} {
		part, _ := found[name].(string)
		parts = append(parts, part)
	}
	return strings.Join(parts, "|"), string(in.Event.Bot)
}

func TestUserAgents(t *testing.T) {
	t.Parallel()
	for agent, want := range map[string]string{
		chrome: "Chrome|131|Windows|10|desktop",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4.1 Safari/605.1.15":                            "Safari|17.4|macOS|10.15|desktop",
		"Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0":                                                                             "Firefox|133|Linux||desktop",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 Edg/130.0.2849.80":                  "Edge|130|Windows|10|desktop",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36 OPR/115.0.0.0":                      "Opera|115|Windows|10|desktop",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1":            "Safari|18.1|iOS|18.1|mobile",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/131.0.6778.73 Mobile/15E148 Safari/604.1":     "Chrome|131|iOS|17.7|mobile",
		"Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1":                     "Safari|16.6|iOS|16.6|tablet",
		"Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36":                              "Chrome|131|Android|14|mobile",
		"Mozilla/5.0 (Linux; Android 13; SM-X906C) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 Safari/537.36":                                    "Chrome|119|Android|13|tablet",
		"Mozilla/5.0 (Linux; Android 13; SAMSUNG SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/26.0 Chrome/122.0.0.0 Mobile Safari/537.36": "Samsung Internet|26|Android|13|mobile",
		"Mozilla/5.0 (Android 14; Mobile; rv:132.0) Gecko/132.0 Firefox/132.0":                                                                               "Firefox|132|Android|14|mobile",
		"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36":                                     "Chrome|131|ChromeOS||desktop",
		"Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko":                                                                               "Internet Explorer|11|Windows|7|desktop",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 YaBrowser/24.10.0.0 Safari/537.36":                "Yandex Browser|24.10|Windows|10|desktop",
		"Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) 76.0.3809.146/6.0 TV Safari/537.36":                                 "||Tizen||tv",
		"Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/87.0.4280.88 Safari/537.36 WebAppManager":                          "Chrome|87|webOS||tv",
		"Mozilla/5.0 (PlayStation; PlayStation 5/6.50) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.0 Safari/605.1.15":                                "Safari|16|||console",
		"Mozilla/5.0 (Linux; Android 9; AFTMM) AppleWebKit/537.36 (KHTML, like Gecko) Silk/112.5.1 like Chrome/112.0.5615.213 Safari/537.36":                 "Silk|112.5|Android|9|tv",
		"Dalvik/2.1.0 (Linux; U; Android 12; CUBOT X50)":                                                                                                     "||Android|12|mobile",
		"": "||||",
	} {
		line, bot := agentFacts(t, agent)
		require.Equal(t, want, line, agent)
		require.Empty(t, bot, agent)
	}
}

func TestUserAgentOfServersSaysNothing(t *testing.T) {
	t.Parallel()
	in := input(t, `{}`, `{}`)
	in.Client = &ingest.Client{UserAgent: "curl/8.0"}
	require.Empty(t, factsOf(t, in))
	require.Empty(t, in.Event.Bot)
	require.Equal(t, "curl", string(in.Event.Client.Name))
}

func TestUserAgentThatIsPassedOnGoesFirst(t *testing.T) {
	t.Parallel()
	in := input(t, `{"userAgent":"`+chrome+`"}`, `{}`)
	in.Client = &ingest.Client{Browser: true, UserAgent: "curl/8.0"}
	require.Equal(t, "Chrome", factsOf(t, in)["browser"])
	require.Empty(t, in.Event.Bot)
}

// Nothing that is not in our tables may come out of a user agent, for it is looked at without having been redacted.
func TestUserAgentsLeakNothing(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{"jane@example.com", "4111111111111111", "4111.1111.1111.1111", "DE89370400440532013000", "sk_live_secret", "eyJhbGciOi.eyJzdWIi.c2ln"} {
		for _, form := range []string{
			"$", "$/1.0", "Mozilla/5.0 ($)", "Mozilla/5.0 (Windows NT $) Chrome/$ Safari/$", "Mozilla/5.0 (Linux; Android $; $) Chrome/1 Mobile Safari/1", "$bot/$ (+http://$)",
			"curl/$", "python-requests/$ $", "Mozilla/5.0 (X11; Linux $) Gecko $/$ Chrome/1.2.3.4 $/$ Safari/1", "Mozilla/5.0 (iPhone; CPU iPhone OS $ like Mac OS X) Version/$ Mobile Safari/$",
			"Mozilla/5.0 (X11; FreeBSD $) $", "Opera/$ (Windows NT 6.0; $) Presto/2 Version/$", "Googlebot/$", "Mozilla/5.0 (Trident/7.0; rv:$)", "OpenHarmony $", "BlackBerry $ Version/$",
		} {
			for _, browser := range []bool{true, false} {
				in := input(t, `{}`, `{}`)
				in.Client = &ingest.Client{Browser: browser, UserAgent: strings.ReplaceAll(form, "$", secret)}
				factsOf(t, in)
				written := strings.Join([]string{string(in.Event.Facts), string(in.Event.Bot), string(in.Event.Client.Name), string(in.Event.Client.Version)}, " ")
				for part := range strings.SplitSeq(secret, ".") {
					if len(part) > 5 {
						require.NotContains(t, written, part, in.Client.UserAgent)
					}
				}
				require.NotContains(t, written, "1111.1111.1", in.Client.UserAgent)
			}
		}
	}
}

func TestAgentsAreForManyGoroutines(t *testing.T) {
	t.Parallel()
	agents := enrich.NewAgents(nil)
	e := enrich.Default().Compile(enrich.Resources{Agents: agents})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range 500 {
				in := input(t, `{}`, `{}`)
				in.Client = &ingest.Client{Browser: true, UserAgent: strings.Replace(chrome, "131", string(rune('1'+i%9))+"0", 1)}
				e.Apply(in, nil)
				if want := string(rune('1'+i%9)) + "0"; facts(t, in.Event)["browser_version"] != want {
					t.Errorf("version is %v, not %s", facts(t, in.Event)["browser_version"], want)
				}
			}
		})
	}
	all.Wait()
}
