package enrich_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/observatory/observatory/ingest/enrich"
	"github.com/observatory/observatory/internal/accesslog"
)

// A web server's real log of 2015, which is not part of the repository: where it lies beside it, what was found in it by
// hand is found. An event as `observatory import` sends it carries the visitor's user agent in its context.
func TestTheRealLog(t *testing.T) {
	t.Parallel()
	file, err := os.Open("../../../shared/data/access-2015-05.log")
	if os.IsNotExist(err) {
		t.Log("the real log is not here")
		return
	}
	require.NoError(t, err)
	defer file.Close()
	e := enrich.Default().Compile(enrich.Resources{})
	kinds, channels, devices := map[string]int{}, map[string]int{}, map[string]int{}
	googlebot, browsers := 0, 0
	mapper := accesslog.NewMapper([]byte("a key of 16 bytes"))
	for line, err := range accesslog.Read(file) {
		if err != nil {
			continue
		}
		event := mapper.Event(line)
		agent, _ := event.Context["userAgent"].(string)
		in := input(t, marshal(t, event.Context), `{}`)
		in.Event.Name = []byte(event.Name)
		e.Apply(in, nil)
		found := facts(t, in.Event)
		if len(in.Event.Bot) > 0 {
			kind, _, _ := strings.Cut(string(in.Event.Bot), ":")
			kinds[kind]++
		}
		if strings.Contains(agent, "Googlebot") {
			require.Equal(t, "crawler: Googlebot", string(in.Event.Bot), agent)
			googlebot++
		}
		if found["browser"] != nil {
			browsers++
		}
		if c, ok := found["channel"].(string); ok {
			channels[c]++
		}
		if d, ok := found["device"].(string); ok {
			devices[d]++
		}
	}
	require.Equal(t, 542, googlebot, "requests that say Googlebot")
	require.Equal(t, map[string]int{"crawler": 2596, "headless": 5, "library": 20}, kinds)
	require.Equal(t, map[string]int{"bot": 2621, "desktop": 6689, "mobile": 273, "tablet": 68}, devices)
	require.Equal(t, 7047, browsers)
	require.Equal(t, map[string]int{"direct": 2216, "organic search": 467, "other": 153, "referral": 937, "social": 2}, channels)
}
