package enrich

import (
	"strings"

	"golang.org/x/net/publicsuffix"
)

// The channels. The rules follow those that Google Analytics publishes for its default channel group
// (https://support.google.com/analytics/answer/9756891), with one more for assistants. What a marketer wrote into the link
// goes first, then whose click ID it has, then where the visitor came from.
const (
	channelDirect        = "direct"
	channelOrganicSearch = "organic search"
	channelPaidSearch    = "paid search"
	channelSocial        = "social"
	channelPaidSocial    = "paid social"
	channelVideo         = "video"
	channelPaidVideo     = "paid video"
	channelPaidOther     = "paid other"
	channelDisplay       = "display"
	channelShopping      = "shopping"
	channelEmail         = "email"
	channelAffiliates    = "affiliates"
	channelAudio         = "audio"
	channelSMS           = "sms"
	channelPush          = "push"
	channelAssistant     = "ai assistant"
	channelReferral      = "referral"
	channelOther         = "other" // a campaign that no rule knows
)

// channel is how the visitor came; empty when the event is not about coming: it is no page's, or of a visit under way.
func (v *visit) channel() string {
	var (
		source = strings.ToLower(string(cut(v.utm[utmSource], maxFact)))
		medium = strings.ToLower(string(cut(v.utm[utmMedium], maxFact)))
		kind   = kindOf(source)
	)
	if kind == "" {
		kind = kindOf(v.referrer)
	}
	if source == "" && medium == "" && v.click != "" {
		return clickChannels[v.click]
	}
	switch {
	case isPaid(medium) && paid[kind] != "":
		return paid[kind]
	case medium == "display", medium == "banner", medium == "expandable", medium == "interstitial", medium == "cpm":
		return channelDisplay
	case isPaid(medium):
		return channelPaidOther
	case isEmail(medium), isEmail(source):
		return channelEmail
	case medium == "affiliate", medium == "affiliates":
		return channelAffiliates
	case medium == "audio":
		return channelAudio
	case medium == "sms", source == "sms":
		return channelSMS
	case strings.HasSuffix(medium, "push"), medium == "notification", strings.Contains(medium, "mobile"), source == "firebase":
		return channelPush
	case medium == "organic" && kind == "":
		return channelOrganicSearch
	case strings.HasPrefix(medium, "social"), medium == "sm":
		return channelSocial
	case strings.Contains(medium, "video"):
		return channelVideo
	case kind != "":
		return kind
	case medium == "referral", medium == "app", medium == "link":
		return channelReferral
	case v.hasCampaign():
		return channelOther
	case v.referrer != "":
		return channelReferral
	case v.internal, !v.page:
		return ""
	default:
		return channelDirect
	}
}

// paid are the channels of visitors who were bought, by those of visitors who were not.
var paid = map[string]string{ //nolint:gochecknoglobals // a constant table
	channelOrganicSearch: channelPaidSearch,
	channelSocial:        channelPaidSocial,
	channelVideo:         channelPaidVideo,
	channelAssistant:     channelPaidOther,
}

var clickChannels = map[string]string{ //nolint:gochecknoglobals // a constant table
	"google ads":     channelPaidSearch,
	"google display": channelDisplay,
	"microsoft ads":  channelPaidSearch,
	"yandex ads":     channelPaidSearch,
	"facebook":       channelSocial,
	"instagram":      channelSocial,
	"pinterest":      channelSocial,
	"tiktok ads":     channelPaidSocial,
	"x ads":          channelPaidSocial,
	"linkedin ads":   channelPaidSocial,
	"reddit ads":     channelPaidSocial,
	"snapchat ads":   channelPaidSocial,
	"mailchimp":      channelEmail,
	"hubspot email":  channelEmail,
}

// hasCampaign tells whether anything was written into the link.
func (v *visit) hasCampaign() bool {
	for _, t := range v.utm {
		if len(t) > 0 {
			return true
		}
	}
	return false
}

func isPaid(medium string) bool {
	return strings.Contains(medium, "cp") || medium == "ppc" || medium == "retargeting" || strings.HasPrefix(medium, "paid")
}

func isEmail(text string) bool {
	switch text {
	case "email", "e-mail", "e_mail", "e mail", "newsletter":
		return true
	}
	return false
}

// kindOf finds the channel of a source by its domain or name: the whole of it, then without its first parts, then its
// name alone where a company has sites in many countries. Empty: not known.
func kindOf(source string) string {
	for rest := source; rest != ""; {
		if kind := kinds[rest]; kind != "" {
			return kind
		}
		name, ending, _ := strings.Cut(rest, ".")
		if kind := manyCountries[name]; kind != "" && isCountryEnding(ending) {
			return kind
		}
		rest = ending
	}
	return ""
}

// isCountryEnding tells endings such as com, de, co.uk and com.br. The list of all public endings has no more than these
// for the companies in question, and takes longer to search than all other steps together.
func isCountryEnding(ending string) bool {
	first, second, two := strings.Cut(ending, ".")
	return len(first) >= 2 && len(first) <= 3 && (!two || len(second) == 2)
}

// sameSite tells whether two hosts belong to one owner, as shop.example.co.uk and www.example.co.uk do.
func sameSite(a, b string) bool {
	if a == b {
		return true
	}
	if end := commonEnd(a, b); !strings.Contains(end, ".") {
		return false // which spares the search in most cases
	}
	siteA, err := publicsuffix.EffectiveTLDPlusOne(a)
	if err != nil {
		return false
	}
	siteB, err := publicsuffix.EffectiveTLDPlusOne(b)
	return err == nil && siteA == siteB
}

// commonEnd is the longest end that two hosts have in common, in whole parts.
func commonEnd(a, b string) string {
	for rest := a; rest != ""; _, rest, _ = strings.Cut(rest, ".") {
		if before, ok := strings.CutSuffix(b, rest); ok && (before == "" || strings.HasSuffix(before, ".")) {
			return rest
		}
	}
	return ""
}
