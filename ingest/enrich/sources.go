package enrich

import "strings"

// kinds are the channels of well-known sources: domains, names as marketers write them into utm_source, and the names of
// Android's apps as its browsers give them as referrer.
//
// manyCountries are the channels of names that stand under many countries' endings, as in google.co.uk.
var kinds, manyCountries = makeKinds() //nolint:gochecknoglobals // constant tables

func makeKinds() (kinds, manyCountries map[string]string) {
	kinds, manyCountries = make(map[string]string, 512), make(map[string]string, 32)
	for channel, names := range map[string]string{
		channelOrganicSearch: `google google.* com.google.android.googlequicksearchbox bing bing.com yahoo yahoo.* search.yahoo.com duckduckgo duckduckgo.com
			com.duckduckgo.mobile.android baidu baidu.com yandex yandex.* ya.ru ecosia ecosia.org qwant qwant.com startpage startpage.com search.brave.com naver naver.com
			search.naver.com daum.net seznam seznam.cz sogou.com so.com sm.cn ask.com aol aol.com search.aol.com lycos.com kagi.com mojeek.com presearch.com swisscows.com metager.org
			metager.de search.marginalia.nu rambler.ru virgilio.it dogpile.com info.com msn msn.com search.lilo.org lilo.org ekoru.org gibiru.com searx.* coccoc.com`,
		channelAssistant: `chatgpt chatgpt.com openai openai.com chat.openai.com perplexity perplexity.ai claude claude.ai anthropic gemini gemini.google.com bard.google.com notebooklm.google.com copilot copilot.microsoft.com
			copilot.com edgeservices.bing.com you.com phind.com poe.com grok grok.com x.ai deepseek deepseek.com chat.deepseek.com meta.ai chat.mistral.ai mistral.ai pi.ai andisearch.com
			character.ai kimi.com doubao.com com.openai.chatgpt ai.perplexity.app.android com.anthropic.claude com.google.android.apps.bard`,
		channelSocial: `facebook fb facebook.com fb.com fb.me messenger.com instagram ig instagram.com threads threads.net threads.com twitter x twitter.com t.co x.com linkedin linkedin.com lnkd.in
			pinterest pinterest.* pin.it reddit reddit.com redd.it tiktok tiktok.com snapchat snapchat.com tumblr tumblr.com quora quora.com vk vk.com ok.ru weibo weibo.com weibo.cn t.cn
			wechat weixin.qq.com qzone.qq.com whatsapp whatsapp.com wa.me telegram t.me web.telegram.org telegram.org discord discord.com discordapp.com slack slack.com mastodon mastodon.social
			bsky.app bluesky go.bsky.app xing xing.com medium.com hackernews news.ycombinator.com lobste.rs stumbleupon.com digg.com nextdoor.com meetup.com line.me twitch.tv
			lemmy.world producthunt producthunt.com com.facebook.katana com.instagram.android com.twitter.android com.linkedin.android com.reddit.frontpage com.slack org.telegram.messenger`,
		channelVideo: `youtube youtube.com youtu.be vimeo vimeo.com dailymotion dailymotion.com bilibili.com netflix.com hulu.com rutube.ru wistia.com odysee.com rumble.com com.google.android.youtube`,
		channelEmail: `mail.google.com com.google.android.gm outlook.live.com outlook.office.com outlook.office365.com mail.yahoo.com mail.aol.com mail.proton.me mail.ru e.mail.ru mail.yandex.ru
			mail.163.com mail.qq.com webmail.* mailchimp mailchimp.com hubspot_email sendgrid klaviyo substack substack.com com.microsoft.office.outlook`,
		channelShopping: `amazon amazon.* ebay ebay.* etsy etsy.com aliexpress aliexpress.com walmart walmart.com shopping.google.com shopzilla.com idealo.de taobao.com temu.com shop.app`,
	} {
		for name := range strings.FieldsSeq(names) {
			if short, many := strings.CutSuffix(name, ".*"); many {
				manyCountries[short] = channel
			} else {
				kinds[name] = channel
			}
		}
	}
	return kinds, manyCountries
}
