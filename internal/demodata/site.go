package demodata

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"sort"
	"time"

	"github.com/observatory/observatory/internal/client"
)

const (
	siteURL        = "https://juniperandfern.example"
	visitsADay     = 206  // on an average day
	duringIncident = 0.08 // share of the visits that get through
)

// site plays the visits of the web site.
type site struct {
	w         *World
	r         *rand.Rand
	crowd     *crowd
	orders    int
	countries []option[country]
	channels  []option[channel]
	products  []option[product]
	terms     []option[term]
	entrances []option[page]
	asides    []option[page]
}

func newSite(w *World) *site {
	r := w.random("site")
	return &site{
		w: w, r: r, crowd: newCrowd(r),
		countries: countries(), channels: channels(), products: products(), terms: terms(), entrances: entrances(), asides: asides(),
	}
}

// arrival is a visit that is about to begin.
type arrival struct {
	at      time.Time
	from    country
	channel channel
}

func (s *site) run(out *stream) {
	for d := range s.w.days() {
		for _, a := range s.arrivals(d) {
			if out.closed || !a.at.Before(s.w.cfg.End) {
				return
			}
			s.visit(a, out)
		}
	}
}

// arrivals are the visits of a day, in order of time. Every second Thursday a newsletter brings many at once.
func (s *site) arrivals(d int) []arrival {
	midnight := s.w.start.AddDate(0, 0, d)
	list := make([]arrival, about(s.r, visitsADay*s.w.busy(d)))
	for i := range list {
		from := pick(s.r, s.countries)
		list[i] = arrival{at: wrap(midnight, timeOfDay(s.r)-from.offset), from: from, channel: pick(s.r, s.channels)}
	}
	if _, week := midnight.ISOWeek(); midnight.Weekday() == time.Thursday && week%2 == 0 {
		for range about(s.r, visitsADay/3) {
			list = append(list, arrival{at: midnight.Add(8*hour + time.Duration(s.r.ExpFloat64()*float64(90*time.Minute))), from: pick(s.r, s.countries), channel: newsletter()})
		}
	}
	kept := list[:0]
	for _, a := range list {
		if !s.w.incident.Covers(a.at) || chance(s.r, duringIncident) {
			kept = append(kept, a)
		}
	}
	sort.SliceStable(kept, func(i, j int) bool { return kept[i].at.Before(kept[j].at) })
	return kept
}

// timeOfDay is a local time at which people shop: hardly at night, most in the evening.
func timeOfDay(r *rand.Rand) time.Duration {
	hours := [24]int{2, 1, 1, 1, 1, 2, 5, 11, 18, 24, 27, 28, 30, 28, 26, 25, 26, 29, 34, 40, 42, 36, 22, 10}
	for {
		at := time.Duration(r.Int64N(int64(day)))
		if r.IntN(43) < hours[at/hour] {
			return at.Truncate(time.Millisecond)
		}
	}
}

// wrap puts a time of day into the day that begins at midnight, whatever the zone did to it.
func wrap(midnight time.Time, offset time.Duration) time.Time {
	return midnight.Add((offset%day + day) % day)
}

// visit is one visit in the making: who, since when, from where.
type visit struct {
	*site
	out     *stream
	who     *person
	now     time.Time
	session string
	channel channel
	page    page
	search  string // of the address, such as ?utm_source=newsletter
	before  string // the page that led to this one
}

// visit plays one visit, from the first page to the last.
func (s *site) visit(a arrival, out *stream) {
	v := &visit{site: s, out: out, who: s.crowd.visitor(a.from), now: a.at, channel: a.channel, before: a.channel.referrer}
	v.session = fmt.Sprintf("%012x", s.r.Uint64()>>16)
	if c := a.channel; c.source != "" {
		v.search = fmt.Sprintf("?utm_source=%s&utm_medium=%s&utm_campaign=%s", c.source, c.medium, c.campaign)
	}
	v.open(pick(s.r, s.entrances))
	if chance(s.r, 0.28) {
		return // seen enough
	}
	for chance(s.r, 0.55) {
		v.open(pick(s.r, s.asides))
	}
	looks := 0.55
	if chance(s.r, 0.34) {
		v.lookFor(pick(s.r, s.terms))
		looks = 0.75
	}
	var seen []product
	for chance(s.r, looks) && len(seen) < 6 {
		p := pick(s.r, s.products)
		v.open(page{"/plants/" + p.id, p.name})
		v.track("product_viewed", map[string]any{"product_id": p.id, "product": p.name, "category": p.category, "price": p.price})
		seen = append(seen, p)
	}
	if v.who.userID == "" && chance(s.r, 0.03) {
		v.signUp("newsletter")
	}
	v.buy(seen)
}

func (v *visit) lookFor(t term) {
	v.page, v.search = page{"/search", "Search"}, ""
	v.later(4*time.Second, 25*time.Second)
	v.track("search_made", map[string]any{"query": t.text, "results": t.results})
}

// buy is the rest of the funnel: cart, checkout, order.
func (v *visit) buy(seen []product) {
	var (
		cart  []product
		total float64
	)
	for _, p := range seen {
		if !chance(v.r, 0.27) {
			continue
		}
		v.later(3*time.Second, 20*time.Second)
		quantity := 1
		if chance(v.r, 0.15) {
			quantity = 2
		}
		v.track("cart_added", map[string]any{"product_id": p.id, "product": p.name, "category": p.category, "price": p.price, "quantity": quantity})
		cart = append(cart, p)
		total += p.price * float64(quantity)
	}
	if len(cart) == 0 || !chance(v.r, 0.62) {
		return
	}
	v.open(page{"/checkout", "Checkout"})
	v.track("checkout_started", map[string]any{"items": len(cart), "value": round(total), "currency": "EUR"})
	if v.who.userID == "" && chance(v.r, 0.5) {
		v.signUp("checkout")
	}
	v.later(40*time.Second, 4*time.Minute)
	if v.w.incident.Covers(v.now) {
		v.track("checkout_failed", map[string]any{"reason": "payment_unavailable", "value": round(total), "currency": "EUR"})
		return
	}
	finishes := 0.74
	if v.who.device.kind == "mobile" {
		finishes = 0.58
	}
	if !chance(v.r, finishes) {
		return
	}
	v.orders++
	shipping := 4.90
	if total >= 50 {
		shipping = 0
	}
	v.track("order_completed", map[string]any{
		"order_id": fmt.Sprintf("JF-%06d", v.orders), "items": len(cart), "category": cart[0].category,
		"revenue": round(total + shipping), "shipping": shipping, "currency": "EUR",
		"payment": pick(v.r, []option[string]{{44, "card"}, {36, "paypal"}, {12, "invoice"}, {8, "apple_pay"}}),
	})
	v.open(page{"/checkout/thank-you", "Thank you"})
}

func (v *visit) signUp(where string) {
	v.crowd.signUp(v.who)
	v.track("signed_up", map[string]any{"where": where, "method": pick(v.r, []option[string]{{7, "email"}, {3, "google"}})})
}

// open goes to another page.
func (v *visit) open(p page) {
	if v.page.path != "" {
		v.later(6*time.Second, 75*time.Second)
		v.before, v.search = siteURL+v.page.path, ""
	}
	v.page = p
	v.track("page_view", map[string]any{"title": p.title, "url": siteURL + p.path + v.search})
	v.now = v.now.Add(time.Millisecond) // what happens on the page comes after it
}

// later lets some time pass.
func (v *visit) later(low, high time.Duration) {
	v.now = v.now.Add(between(v.r, low, high).Truncate(time.Millisecond))
}

// track sends an event with everything that is known about the visit, the way Segment's browser client would.
func (v *visit) track(name string, properties map[string]any) {
	d, c := v.who.device, v.channel
	all := map[string]any{"path": v.page.path, "country": v.who.country.code, "device": d.kind, "browser": d.browser, "os": d.os, "channel": c.name}
	where := map[string]any{"path": v.page.path, "title": v.page.title, "url": siteURL + v.page.path + v.search}
	set := func(fields map[string]any, key, value string) {
		if value != "" {
			fields[key] = value
		}
	}
	set(all, "referrer", v.before)
	set(all, "search", v.search)
	set(where, "referrer", v.before)
	set(where, "search", v.search)
	context := map[string]any{
		"userAgent": d.agent, "locale": v.who.country.locale, "page": where,
		"location": map[string]any{"country": v.who.country.code},
		"device":   map[string]any{"type": d.kind}, "os": map[string]any{"name": d.os},
		"library": map[string]any{"name": "observatory-demo"},
	}
	if c.source != "" {
		all["utm_source"], all["utm_medium"], all["utm_campaign"] = c.source, c.medium, c.campaign
		context["campaign"] = map[string]any{"source": c.source, "medium": c.medium, "name": c.campaign}
	}
	maps.Copy(all, properties)
	v.out.send(client.Event{
		Name: name, AnonymousID: v.who.anonymousID, UserID: v.who.userID, SessionID: v.session,
		Timestamp: v.now, Properties: all, Context: context,
	})
}
