package enrich

import (
	"bytes"
	"strings"

	"github.com/observatory/observatory/ingest"
	"github.com/observatory/observatory/ingest/doc"
)

// setSDK finds out which library made the event, for every tenant: reports of breakage name it. Segment's libraries say so
// in context.library; others are known by the first product of their connection's user agent.
func (s *subject) setSDK() {
	if name := textAt(s.Context, "library", "name"); len(name) > 0 {
		s.Event.Client = ingest.SDK{Name: cut(name, maxFact), Version: cut(textAt(s.Context, "library", "version"), maxFact)}
		return
	}
	if s.Client == nil || s.Client.Browser {
		return
	}
	product, _, _ := strings.Cut(s.Client.UserAgent, " ")
	name, version, _ := strings.Cut(product, "/")
	if known, ok := senders[strings.ToLower(name)]; ok {
		s.Event.Client = ingest.SDK{Name: []byte(known), Version: []byte(plainVersion(version, 3))}
	}
}

// SetSDK finds out which library made an event that is set aside, and so is not enriched. Context is what is left of the event's
// context after redaction; nil where nothing is. What is set never changes.
func SetSDK(client *ingest.Client, e *ingest.Event, context *doc.Node) {
	s := subject{Input: Input{Client: client, Event: e, Context: context}}
	s.setSDK()
	e.Client = ingest.SDK{Name: bytes.Clone(e.Client.Name), Version: bytes.Clone(e.Client.Version)}
}

// senders are the libraries that send events from servers and apps, by the product of their user agent in lower case. Only
// these are recorded: anything else in a user agent may be anything at all, a secret included.
var senders = map[string]string{ //nolint:gochecknoglobals // a constant table
	"analytics-go":       "analytics-go",
	"analytics-go-v3":    "analytics-go",
	"analytics-java":     "analytics-java",
	"analytics-kotlin":   "analytics-kotlin",
	"analytics-node":     "analytics-node",
	"analytics-php":      "analytics-php",
	"analytics-python":   "analytics-python",
	"analytics-ruby":     "analytics-ruby",
	"analytics-swift":    "analytics-swift",
	"analytics.net":      "analytics-csharp",
	"analytics-csharp":   "analytics-csharp",
	"axios":              "axios",
	"connect-go":         "connect-go",
	"curl":               "curl",
	"go-http-client":     "go",
	"grpc-go":            "grpc-go",
	"grpc-java-netty":    "grpc-java",
	"grpc-node-js":       "grpc-node",
	"grpc-python":        "grpc-python",
	"java-http-client":   "java",
	"node":               "node",
	"node-fetch":         "node-fetch",
	"observatory-client": "observatory-client",
	"observatory-go":     "observatory-go",
	"observatory-import": "observatory-import",
	"observatory-js":     "observatory-js",
	"observatory-python": "observatory-python",
	"okhttp":             "okhttp",
	"postmanruntime":     "postman",
	"python-httpx":       "python-httpx",
	"python-requests":    "python-requests",
	"python-urllib":      "python-urllib",
	"ruby":               "ruby",
	"undici":             "undici",
	"wget":               "wget",
}

// plainVersion keeps of a version at most so many numbers, each of at most five digits, and of these no trailing zeros:
// "131.0.6778.85" is "131". What does not begin with such a number is no version; nothing else can slip in here.
func plainVersion(version string, numbers int) string {
	end, last := 0, 0 // behind the last number that is kept, and that is not 0
	for i := 0; i < numbers; i++ {
		from := end
		if i > 0 {
			if end == len(version) || version[end] != '.' {
				break
			}
			from++
		}
		to := from
		for to < len(version) && version[to] >= '0' && version[to] <= '9' {
			to++
		}
		if to == from || to-from > 5 {
			break
		}
		if end = to; i == 0 || strings.Trim(version[from:to], "0") != "" {
			last = end
		}
	}
	return version[:last]
}
