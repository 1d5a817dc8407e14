package demodata

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// person visits the site, again and again if it goes well.
type person struct {
	anonymousID string
	userID      string // empty until signed up
	country     country
	device      device
}

type country struct {
	code, locale string
	offset       time.Duration // from UTC, roughly: it shapes the day, no more
}

type device struct{ kind, os, browser, agent string }

func countries() []option[country] {
	return []option[country]{
		{38, country{"DE", "de-DE", 2 * hour}},
		{14, country{"GB", "en-GB", 1 * hour}},
		{12, country{"FR", "fr-FR", 2 * hour}},
		{11, country{"US", "en-US", -5 * hour}},
		{9, country{"NL", "nl-NL", 2 * hour}},
		{7, country{"AT", "de-AT", 2 * hour}},
		{5, country{"ES", "es-ES", 2 * hour}},
		{4, country{"PL", "pl-PL", 2 * hour}},
	}
}

func devices() []option[device] {
	return []option[device]{
		{27, device{"mobile", "iOS", "Safari", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"}},
		{25, device{"mobile", "Android", "Chrome", "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Mobile Safari/537.36"}},
		{19, device{"desktop", "Windows", "Chrome", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36"}},
		{9, device{"desktop", "Windows", "Edge", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36 Edg/138.0.0.0"}},
		{8, device{"desktop", "macOS", "Safari", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15"}},
		{7, device{"desktop", "Linux", "Firefox", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}},
		{5, device{"tablet", "iPadOS", "Safari", "Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"}},
	}
}

// channel is how somebody comes to the site.
type channel struct{ name, referrer, source, medium, campaign string }

func channels() []option[channel] {
	return []option[channel]{
		{31, channel{name: "search", referrer: "https://www.google.com/"}},
		{5, channel{name: "search", referrer: "https://duckduckgo.com/"}},
		{26, channel{name: "direct"}},
		{11, channel{name: "ads", referrer: "https://www.google.com/", source: "google", medium: "cpc", campaign: "houseplants"}},
		{9, channel{name: "social", referrer: "https://www.instagram.com/", source: "instagram", medium: "social", campaign: "plant-of-the-week"}},
		{4, channel{name: "social", referrer: "https://www.pinterest.com/"}},
		{6, channel{name: "referral", referrer: "https://blog.mossandstone.example/ten-plants-for-dark-rooms"}},
		{3, channel{name: "referral", referrer: "https://forum.greenthumbs.example/t/418"}},
		{5, newsletter()},
	}
}

func newsletter() channel {
	return channel{name: "newsletter", source: "newsletter", medium: "email", campaign: "fresh-leaves"}
}

// firstCustomer is the number of the oldest customer; there were oldCustomers of them when the story begins.
const (
	firstCustomer = 1000
	oldCustomers  = 400
)

func customerID(number int) string { return fmt.Sprintf("customer-%d", firstCustomer+number) }

// crowd is everybody who has been to the site, by country.
type crowd struct {
	r         *rand.Rand
	devices   []option[device]
	known     map[string][]*person
	customers int
}

func newCrowd(r *rand.Rand) *crowd {
	c := &crowd{r: r, devices: devices(), known: map[string][]*person{}, customers: oldCustomers}
	places := countries()
	for n := range oldCustomers {
		p := c.stranger(pick(r, places))
		p.userID = customerID(n)
	}
	return c
}

// visitor is somebody from a country: a new face, or one of those who were there before, most of them not long ago.
func (c *crowd) visitor(from country) *person {
	known := c.known[from.code]
	if len(known) == 0 || chance(c.r, 0.52) {
		return c.stranger(from)
	}
	back := int(c.r.ExpFloat64() * float64(len(known)) / 4)
	return known[max(len(known)-1-back, 0)]
}

func (c *crowd) stranger(from country) *person {
	p := &person{
		anonymousID: fmt.Sprintf("%08x-%08x", c.r.Uint32(), c.r.Uint32()),
		country:     from,
		device:      pick(c.r, c.devices),
	}
	c.known[from.code] = append(c.known[from.code], p)
	return p
}

// signUp makes a customer of a person.
func (c *crowd) signUp(p *person) {
	p.userID = customerID(c.customers)
	c.customers++
}
