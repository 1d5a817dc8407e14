// Package metering says, in SQL on the table events, how events count as usage. Who counts them and who removes them must agree on it: what was
// removed on purpose counts still.
package metering

const (
	// Meter is the meter that an event counts in. What a tenant's enrichment takes for a bot or a synthetic test is free.
	Meter = "multiIf(bot = '', 'events', bot = 'synthetic', 'synthetic_events', 'bot_events')"
	// Hour is the hour that it counts in.
	Hour = "toStartOfHour(metered_at)"
	// Event tells it from others for as long as it is counted, removed or not: a hash of its place in a receipt.
	Event = "sipHash64(receipt_id, receipt_index)"
	// User tells whoever caused it from others who count in the same month: a hash that names nobody to those who have Key. Its statement joins KeyTable,
	// which holds that.
	User = "sipHash64Keyed((" + KeyTable + ".k0, " + KeyTable + ".k1), tenant_id, toStartOfMonth(metered_at), user_id != '', if(user_id != '', user_id, anonymous_id))"
	// Tracked holds for events by which somebody counts.
	Tracked = "bot = '' AND (user_id != '' OR anonymous_id != '')"
)
