package demodata

import (
	"fmt"
	"math/rand/v2"
	"sort"
	"time"

	"github.com/observatory/observatory/internal/client"
)

const appVisitsADay = 40 // on an average day

// app plays the app: old customers look after their plants and now and then buy another one.
type app struct {
	w        *World
	r        *rand.Rand
	users    []appUser
	products []option[product]
}

type appUser struct {
	id, phone, os, osVersion, model string
	country                         country
	updates                         time.Duration // how long after a release this phone gets it
}

func newApp(w *World) *app {
	a := &app{w: w, r: w.random("app"), products: products()}
	type phone struct{ os, version, model string }
	phones := []option[phone]{{4, phone{"iOS", "18.5", "iPhone 15"}}, {2, phone{"iOS", "17.7", "iPhone 12"}}, {3, phone{"Android", "15", "Pixel 9"}}, {2, phone{"Android", "14", "Galaxy S23"}}}
	places := countries()
	for n := range oldCustomers / 2 {
		p := pick(a.r, phones)
		a.users = append(a.users, appUser{
			id: customerID(2 * n), phone: fmt.Sprintf("app-%012x", a.r.Uint64()>>16), os: p.os, osVersion: p.version, model: p.model,
			country: pick(a.r, places), updates: time.Duration(a.r.ExpFloat64() * float64(4*day)),
		})
	}
	return a
}

func (a *app) run(out *stream) {
	for d := range a.w.days() {
		midnight := a.w.start.AddDate(0, 0, d)
		type opening struct {
			at   time.Time
			user appUser
		}
		list := make([]opening, about(a.r, appVisitsADay*a.w.busy(d)))
		for i := range list {
			// Some use it daily and many hardly ever: the lower the number, the more often.
			u := a.users[min(int(a.r.ExpFloat64()*float64(len(a.users))/4), len(a.users)-1)]
			list[i] = opening{wrap(midnight, timeOfDay(a.r)-u.country.offset), u}
		}
		sort.SliceStable(list, func(i, j int) bool { return list[i].at.Before(list[j].at) })
		for _, o := range list {
			if out.closed || !o.at.Before(a.w.cfg.End) {
				return
			}
			a.session(o.user, o.at, out)
		}
	}
}

// version is what a phone runs: a release came out at half time.
func (a *app) version(u appUser, at time.Time) string {
	released := a.w.start.Add(a.w.cfg.End.Sub(a.w.start) / 2)
	if at.After(released.Add(u.updates)) {
		return "3.2.0"
	}
	return "3.1.4"
}

func (a *app) session(u appUser, at time.Time, out *stream) {
	version, session := a.version(u, at), fmt.Sprintf("%012x", a.r.Uint64()>>16)
	track := func(name string, properties map[string]any) {
		properties["app_version"], properties["country"], properties["device"], properties["os"] = version, u.country.code, "mobile", u.os
		out.send(client.Event{
			Name: name, UserID: u.id, AnonymousID: u.phone, SessionID: session, Timestamp: at, Properties: properties,
			Context: map[string]any{
				"app":      map[string]any{"name": "Juniper", "version": version},
				"device":   map[string]any{"type": "mobile", "model": u.model},
				"os":       map[string]any{"name": u.os, "version": u.osVersion},
				"locale":   u.country.locale,
				"location": map[string]any{"country": u.country.code},
				"library":  map[string]any{"name": "observatory-demo"},
			},
		})
		at = at.Add(between(a.r, 3*time.Second, 40*time.Second).Truncate(time.Millisecond))
	}
	screen := func(name string) { track("screen_viewed", map[string]any{"screen": name}) }
	track("app_opened", map[string]any{"from": pick(a.r, []option[string]{{6, "icon"}, {3, "reminder"}, {1, "link"}})})
	screen("My plants")
	for chance(a.r, 0.62) {
		screen(pick(a.r, []option[string]{{5, "Plant"}, {4, "Watering plan"}, {2, "Plant doctor"}, {2, "Shop"}, {1, "Settings"}}))
	}
	if !chance(a.r, 0.12) {
		return
	}
	p := pick(a.r, a.products)
	screen("Shop")
	track("product_viewed", map[string]any{"product_id": p.id, "product": p.name, "category": p.category, "price": p.price})
	if chance(a.r, 0.35) && !a.w.incident.Covers(at) {
		track("order_completed", map[string]any{"order_id": fmt.Sprintf("JA-%06d", out.number), "items": 1, "category": p.category, "revenue": p.price, "currency": "EUR", "payment": "card"})
	}
}
