package enrich

import "strings"

// Crawlers is the list that comes with Observatory: search engines, previews of links, archives, monitors, SEO tools,
// readers of feeds, and those who feed AI models. What comes first wins.
func Crawlers() []Crawler {
	list := make([]Crawler, 0, len(crawlerNames))
	for _, name := range crawlerNames {
		sign, known, ok := strings.Cut(name, "=")
		if !ok {
			known = sign
		}
		list = append(list, Crawler{Sign: strings.ToLower(sign), Name: known})
	}
	return list
}

// crawlerNames are names as they stand in user agents, with the name that people know behind = where it differs.
var crawlerNames = []string{ //nolint:gochecknoglobals // a constant table
	// search engines
	"AdsBot-Google", "Mediapartners-Google", "Googlebot", "Storebot-Google", "Google-InspectionTool", "GoogleOther", "APIs-Google", "Feedfetcher-Google",
	"Google-Read-Aloud", "Google Web Preview", "Google Favicon", "Google-Site-Verification", "Google-Safety", "GoogleProber", "GoogleProducer", "DuplexWeb-Google",
	"BingPreview", "bingbot=Bingbot", "adidxbot=Bingbot (ads)", "msnbot=MSNBot", "MicrosoftPreview", "DuckDuckBot", "DuckAssistBot", "Baiduspider", "YandexBot", "YandexImages", "YandexMobileBot",
	"YandexMetrika", "YandexAdNet", "YandexAccessibilityBot", "Yahoo! Slurp", "YahooSeeker", "Yahoo Ad monitoring", "Sogou web spider=Sogou", "Sogou", "360Spider", "YisouSpider",
	"Applebot", "PetalBot", "SeznamBot", "Yeti/=Naver Yeti", "Daumoa", "coccocbot=Coc Coc", "Qwantify", "Qwantbot", "MojeekBot", "Exabot", "Gigabot", "ia_archiver=Alexa", "Mail.RU_Bot",
	"VoilaBot", "psbot=Picsearch", "Sosospider", "YoudaoBot", "WBSearchBot", "MetaJobBot", "Kagibot", "Bravebot", "Presearch", "Neevabot", "Findxbot", "Cliqzbot", "TurnitinBot", "archive.org_bot",
	"special_archiver=Internet Archive", "heritrix=Heritrix", "nutch=Nutch",
	// for AI models
	"GPTBot", "ChatGPT-User", "OAI-SearchBot", "ClaudeBot", "Claude-User", "Claude-SearchBot", "Claude-Web", "anthropic-ai", "PerplexityBot", "Perplexity-User", "Google-Extended",
	"Google-CloudVertexBot", "CCBot", "Bytespider", "cohere-ai", "cohere-training-data-crawler", "Meta-ExternalAgent", "Meta-ExternalFetcher", "FacebookBot", "Amazonbot", "Diffbot", "Omgilibot",
	"omgili", "ImagesiftBot", "Timpibot", "YouBot", "MistralAI-User", "AI2Bot", "PanguBot", "Kangaroo Bot", "Webzio-Extended", "ICC-Crawler", "img2dataset",
	// previews of links
	"facebookexternalhit=Facebook preview", "facebookcatalog=Facebook catalogue", "Facebot", "Twitterbot", "LinkedInBot", "Slackbot", "Slack-ImgProxy", "Discordbot", "TelegramBot", "WhatsApp",
	"SkypeUriPreview", "Pinterestbot", "redditbot", "Tumblr/=Tumblr", "vkShare", "Embedly", "Iframely", "Mastodon/=Mastodon", "Bluesky Cardyb", "Snap URL Preview", "FlipboardProxy",
	"FlipboardRSS", "Quora Link Preview", "Bitlybot", "outbrain", "Taboolabot", "Nuzzel", "XING-contenttabreceiver", "Google-Apps-Script", "Google Desktop", "via docs.google.com viewer=Google Docs viewer",
	"ZoomBot", "Teamsbot", "W3C_Validator", "W3C-checklink", "Validator.nu",
	// SEO and marketing
	"AhrefsBot", "AhrefsSiteAudit", "SemrushBot", "SiteAuditBot", "MJ12bot", "DotBot", "rogerbot", "BLEXBot", "DataForSeoBot", "serpstatbot", "Screaming Frog", "SEOkicks", "SISTRIX", "SeobilityBot",
	"Barkrowler", "MegaIndex", "spbot", "LinkpadBot", "linkdexbot", "Cocolyzebot", "SEOlyticsCrawler", "Xenu Link Sleuth", "SiteExplorer", "Sitebulb", "OnCrawl", "Botify", "Lumar", "deepcrawl",
	"ContentKing", "proximic", "GrapeshotCrawler", "peer39_crawler", "IAS Crawler", "ias-va", "AdmantX", "Adbeat", "TTD-Content", "Criteobot", "BuiltWith", "Wappalyzer", "SurdotlyBot", "ZoominfoBot", "trendictionbot",
	// monitors and scanners
	"UptimeRobot", "Pingdom", "StatusCake", "Site24x7", "Uptime-Kuma", "BetterStack", "Better Uptime", "Datadog", "NewRelicPinger", "GTmetrix", "PTST/=WebPageTest", "Chrome-Lighthouse=Lighthouse",
	"Google Page Speed Insights", "Checkly", "HetrixTools", "Freshping", "Zabbix", "Nagios", "check_http", "kube-probe", "GoogleHC", "ELB-HealthChecker", "Amazon-Route53-Health-Check", "CensysInspect",
	"Expanse", "zgrab", "masscan", "Nmap Scripting Engine", "Nuclei", "sqlmap", "Nikto", "WPScan", "InternetMeasurement", "Netcraft", "Palo Alto Networks", "Shodan", "Let's Encrypt validation", "Cloudflare-AlwaysOnline",
	"Cloudflare-Healthchecks", "Vercelbot", "Prerender", "Yandex.Metrica", "Stripe/=Stripe",
	// readers of feeds
	"Feedly", "FeedBurner", "Feedbin", "FeedPress", "Feedspot", "Inoreader", "NewsBlur", "theoldreader.com=The Old Reader", "Tiny Tiny RSS", "SimplePie", "UniversalFeedParser", "CommaFeed", "Liferea", "Miniflux", "FreshRSS",
	"NetNewsWire", "Akregator", "Superfeedr", "LiveJournal.com", "Netvibes", "Bloglovin", "BazQux", "aggregator:Spinn3r=Spinn3r", "Windows-RSS-Platform", "Apple-PubSub", "Thunderbird RSS", "AppleSyndication",
	// programs that fetch sites
	"HTTrack", "Teleport Pro", "WebCopier", "Offline Explorer", "Scrapy", "Apify", "ScrapingBee", "BrightData", "Common Crawl", "Google-Cloud-Scheduler", "YahooMailProxy", "GoogleImageProxy", "portscout", "distilator", "Chef Client", "Indy Library", "Ezooms",
}

// headless are browsers without a screen, and frameworks that drive browsers.
var headless = []Crawler{ //nolint:gochecknoglobals // a constant table
	{"headlesschrome", "HeadlessChrome"},
	{"headlessfirefox", "HeadlessFirefox"},
	{"headlessedg", "HeadlessEdge"},
	{"phantomjs", "PhantomJS"},
	{"slimerjs", "SlimerJS"},
	{"htmlunit", "HtmlUnit"},
	{"jsdom/", "jsdom"},
	{"happydom/", "HappyDOM"},
	{"puppeteer", "Puppeteer"},
	{"playwright", "Playwright"},
	{"cypress/", "Cypress"},
	{"selenium", "Selenium"},
	{"splash/", "Splash"},
	{"zombie.js", "Zombie.js"},
}

// libraries are the HTTP libraries of programs, by the first product of their user agent. Those that apps for people use
// (okhttp, CFNetwork, Dalvik, Dart) are not among them.
var libraries = map[string]string{ //nolint:gochecknoglobals // a constant table
	"aiohttp":           "aiohttp",
	"apache-httpclient": "Apache HttpClient",
	"axios":             "axios",
	"colly":             "Colly",
	"curl":              "curl",
	"deno":              "Deno",
	"bun":               "Bun",
	"faraday":           "Faraday",
	"fasthttp":          "fasthttp",
	"go-http-client":    "Go",
	"go":                "Go",
	"got":               "got",
	"guzzlehttp":        "Guzzle",
	"http_request2":     "HTTP_Request2",
	"httpie":            "HTTPie",
	"insomnia":          "Insomnia",
	"jakarta":           "Jakarta Commons",
	"java":              "Java",
	"java-http-client":  "Java",
	"jersey":            "Jersey",
	"libwww-perl":       "libwww-perl",
	"lwp-request":       "libwww-perl",
	"lwp::simple":       "libwww-perl",
	"lwp":               "libwww-perl",
	"mechanize":         "Mechanize",
	"node":              "Node.js",
	"node-fetch":        "node-fetch",
	"php":               "PHP",
	"postmanruntime":    "Postman",
	"powershell":        "PowerShell",
	"python":            "Python",
	"python-httpx":      "httpx",
	"python-requests":   "Requests",
	"python-urllib":     "urllib",
	"python-urllib3":    "urllib3",
	"reqwest":           "reqwest",
	"restsharp":         "RestSharp",
	"ruby":              "Ruby",
	"snoopy":            "Snoopy",
	"superagent":        "SuperAgent",
	"typhoeus":          "Typhoeus",
	"undici":            "undici",
	"wget":              "Wget",
	"winhttp":           "WinHTTP",
	"wordpress":         "WordPress",
	"zend_http_client":  "Zend",
}
