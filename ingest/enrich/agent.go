package enrich

import (
	"hash/maphash"
	"strings"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"github.com/mileusna/useragent"
)

// userAgent is the step that reads the user agent: browser, browser_version, os, os_version, device.
func (e *Enricher) userAgent(s *subject) {
	s.facts.members(s.parseAgent(e.resources.Agents).facts)
}

// agent is what a user agent tells. It is shared and never changes.
type agent struct {
	text  string // what was read
	facts []byte // members of a JSON object
	bot   []byte // why it is a program's; nil: it is not
}

var noAgent agent //nolint:gochecknoglobals // never changes

// Agents reads user agents, and remembers the latest: some thousand different ones make up nearly all traffic. It is for
// many goroutines.
type Agents struct {
	crawlers []Crawler
	seed     maphash.Seed
	shards   [16]agentShard
}

type agentShard struct {
	mu     sync.Mutex
	latest *simplelru.LRU[uint64, *agent]
}

const (
	maxAgent       = 512 // bytes of a user agent that are looked at
	agentsPerShard = 512 // 8192 in all, which take about 8 MB
)

// NewAgents makes a reader with a list of crawlers; nil: the list that comes with Observatory.
func NewAgents(crawlers []Crawler) *Agents {
	if crawlers == nil {
		crawlers = Crawlers()
	}
	a := &Agents{crawlers: crawlers, seed: maphash.MakeSeed()}
	for i := range a.shards {
		a.shards[i].latest, _ = simplelru.NewLRU[uint64, *agent](agentsPerShard, nil) // fails for sizes below 1 only
	}
	return a
}

// find reads a user agent, or remembers it. It is a function because methods have no type parameters.
func find[T []byte | string](a *Agents, sent T) *agent {
	if len(sent) == 0 {
		return &noAgent
	}
	sent = cut(sent, maxAgent)
	var h maphash.Hash
	h.SetSeed(a.seed)
	switch sent := any(sent).(type) {
	case []byte:
		_, _ = h.Write(sent) // never fails
	case string:
		_, _ = h.WriteString(sent)
	}
	key := h.Sum64()
	shard := &a.shards[key%uint64(len(a.shards))]
	shard.mu.Lock()
	known, ok := shard.latest.Get(key)
	shard.mu.Unlock()
	if ok && known.text == string(sent) {
		return known
	}
	read := a.read(string(sent))
	shard.mu.Lock()
	shard.latest.Add(key, read)
	shard.mu.Unlock()
	return read
}

func (a *Agents) read(sent string) *agent {
	lower := strings.ToLower(sent)
	ua := useragent.Parse(sent)
	read := &agent{text: sent}
	if reason := botReason(a.crawlers, sent, lower, &ua); reason != "" {
		read.bot = []byte(reason)
	}
	if read.bot == nil {
		name, version := browser(sent, lower, &ua)
		read.facts = appendMember(read.facts, "browser", name)
		read.facts = appendMember(read.facts, "browser_version", version)
	}
	name, version := system(lower, &ua)
	read.facts = appendMember(read.facts, "os", name)
	read.facts = appendMember(read.facts, "os_version", version)
	read.facts = appendMember(read.facts, "device", device(lower, &ua, read.bot != nil))
	return read
}

// browsers are those that are told apart, as the library names them and as we do. Others that are built on Chrome count as
// Chrome. Nothing that is not in a table becomes a fact: a user agent may hold anything, a secret included.
var browsers = map[string]string{ //nolint:gochecknoglobals // a constant table
	useragent.Chrome:           "Chrome",
	useragent.Edge:             "Edge",
	useragent.Firefox:          "Firefox",
	useragent.Safari:           "Safari",
	useragent.MobileSafari:     "Safari",
	useragent.Opera:            "Opera",
	useragent.OperaMini:        "Opera Mini",
	useragent.OperaTouch:       "Opera",
	useragent.SamsungBrowser:   "Samsung Internet",
	useragent.Vivaldi:          "Vivaldi",
	useragent.InternetExplorer: "Internet Explorer",
	"Trident":                  "Internet Explorer",
	useragent.FacebookApp:      "Facebook app",
	useragent.InstagramApp:     "Instagram app",
	useragent.TiktokApp:        "TikTok app",
	"Android browser":          "Android Browser",
	"Miui Browser":             "Miui Browser",
	"Huawei Browser":           "Huawei Browser",
	"Brave":                    "Brave",
	"Chromium":                 "Chrome",
	"Ubuntu Chromium":          "Chrome",
	"Konqueror":                "Konqueror",
	"SeaMonkey":                "SeaMonkey",
	"Iceweasel":                "Firefox",
}

// ownMarks are products of browsers that the library takes for those that they resemble.
var ownMarks = []struct{ mark, name string }{ //nolint:gochecknoglobals // a constant table
	{"Silk/", "Silk"},
	{"DuckDuckGo/", "DuckDuckGo"},
	{"Ddg/", "DuckDuckGo"},
	{"GSA/", "Google app"},
	{"UCBrowser/", "UC Browser"},
	{"YaBrowser/", "Yandex Browser"},
	{"Whale/", "Whale"},
}

func browser(sent, lower string, ua *useragent.UserAgent) (name, version string) {
	if strings.Contains(sent, "Trident/") && ua.Name != useragent.InternetExplorer { // version 11 no longer says MSIE
		_, rv, _ := strings.Cut(lower, "rv:")
		return "Internet Explorer", plainVersion(rv, 2)
	}
	for _, own := range ownMarks {
		if _, v, ok := strings.Cut(sent, own.mark); ok {
			return own.name, plainVersion(v, 2)
		}
	}
	switch name = browsers[ua.Name]; {
	case name == "Safari" && ua.OS == useragent.Android:
		if _, v, ok := strings.Cut(sent, "Chrome/"); ok {
			return "Chrome", plainVersion(v, 2)
		}
		name = "Android Browser"
	case name == "Opera" && strings.HasPrefix(ua.Version, "9.80"): // which versions from 10 on say, with their own behind
		if _, v, ok := strings.Cut(sent, " Version/"); ok {
			return name, plainVersion(v, 2)
		}
	}
	if name != "" {
		return name, plainVersion(ua.Version, 2)
	}
	if _, v, ok := strings.Cut(sent, "Chrome/"); ok {
		return "Chrome", plainVersion(v, 2)
	}
	return "", ""
}

// windows are the names of Windows' versions. Windows 11 says that it is 10.
var windows = map[string]string{ //nolint:gochecknoglobals // a constant table
	"5.0": "2000", "5.1": "XP", "5.2": "XP", "6.0": "Vista", "6.1": "7", "6.2": "8", "6.3": "8.1", "10.0": "10",
}

func system(lower string, ua *useragent.UserAgent) (name, version string) {
	switch {
	case strings.Contains(lower, "tizen"):
		return "Tizen", ""
	case strings.Contains(lower, "web0s"), strings.Contains(lower, "webos"):
		return "webOS", ""
	case strings.Contains(lower, "ipod"):
		return "iOS", ""
	}
	switch ua.OS {
	case "":
		return "", ""
	case useragent.Windows:
		return "Windows", windows[ua.OSVersion]
	case useragent.Linux:
		return "Linux", ""
	case useragent.ChromeOS, useragent.FreeBSD:
		return ua.OS, ""
	case useragent.Harmony:
		return "HarmonyOS", plainVersion(ua.OSVersion, 2)
	default:
		return ua.OS, plainVersion(ua.OSVersion, 2) // the library names these from constants
	}
}

// What tells televisions and consoles, in lower case.
var (
	televisions = []string{"smart-tv", "smarttv", "hbbtv", "appletv", "apple tv", "googletv", "android tv", "bravia", "web0s", "crkey", "roku", "; aft", "tizen/tv", "tv safari"} //nolint:gochecknoglobals // a constant table
	consoles    = []string{"playstation", "xbox", "nintendo"}                                                                                                                     //nolint:gochecknoglobals // a constant table
)

func device(lower string, ua *useragent.UserAgent, bot bool) string {
	switch {
	case bot:
		return "bot"
	case containsAny(lower, televisions):
		return "tv"
	case containsAny(lower, consoles):
		return "console"
	case ua.Tablet, ua.OS == useragent.Android && strings.Contains(lower, "chrome/") && !strings.Contains(lower, "mobile"):
		return "tablet" // Chrome on Android says "Mobile" on phones only
	case ua.Mobile:
		return "mobile"
	case ua.Desktop:
		return "desktop"
	}
	return ""
}

func containsAny(text string, parts []string) bool {
	for _, part := range parts {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}
