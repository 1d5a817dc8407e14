package fakestripe

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

type customer struct {
	id       string
	name     string
	email    string
	metadata map[string]string
	created  time.Time
	deleted  bool
	cards    []*card
	way      *card // the one that invoices are paid with
}

type card struct {
	Card
	id string
}

// Card is a way of paying.
type Card struct {
	Brand    string
	Last4    string
	Month    int // that it expires in
	Year     int
	Declines string // why the bank says no; "" is that it says yes
}

func (c *customer) object(q query) object {
	if c.deleted {
		return object{"id": c.id, "object": "customer", "deleted": true}
	}
	settings := object{"default_payment_method": nil}
	if c.way != nil {
		settings["default_payment_method"] = c.way.id
		if q.expands("invoice_settings.default_payment_method") {
			settings["default_payment_method"] = c.way.object(c.id)
		}
	}
	return object{
		"id": c.id, "object": "customer", "name": c.name, "email": c.email, "metadata": c.metadata, "created": c.created.Unix(),
		"invoice_settings": settings, "livemode": false,
	}
}

func (c *card) object(customer string) object {
	return object{
		"id": c.id, "object": "payment_method", "type": "card", "customer": customer,
		"card": object{"brand": c.Brand, "last4": c.Last4, "exp_month": c.Month, "exp_year": c.Year},
	}
}

func (f *Fake) customer(id string) (*customer, *problem) {
	i := slices.IndexFunc(f.customers, func(c *customer) bool { return c.id == id })
	if i < 0 || f.customers[i].deleted {
		return nil, missing("customer", id)
	}
	return f.customers[i], nil
}

func (f *Fake) serveCustomers(method string, path []string, q query) (object, *problem) {
	switch {
	case len(path) == 0 && method == http.MethodPost:
		c := &customer{id: f.id("cus"), name: q.Get("name"), email: q.Get("email"), metadata: q.under("metadata"), created: f.now()}
		f.customers = append(f.customers, c)
		f.emit("customer.created", c.object(query{}))
		return c.object(q), nil
	case len(path) == 1 && path[0] == "search":
		var found []object
		for _, c := range f.customers {
			for name, value := range c.metadata {
				if !c.deleted && q.Get("query") == "metadata['"+name+"']:'"+value+"'" {
					found = append(found, c.object(q))
				}
			}
		}
		o := list("customers/search", q, found)
		o["object"] = "search_result"
		return o, nil
	case len(path) != 1:
		return nil, missing("page", strings.Join(path, "/"))
	}
	i := slices.IndexFunc(f.customers, func(c *customer) bool { return c.id == path[0] })
	if i < 0 {
		return nil, missing("customer", path[0])
	}
	c := f.customers[i]
	if way := q.Get("invoice_settings[default_payment_method]"); method == http.MethodPost && way != "" {
		i := slices.IndexFunc(c.cards, func(x *card) bool { return x.id == way })
		if i < 0 {
			return nil, missing("payment_method", way)
		}
		c.way = c.cards[i]
		f.emit("customer.updated", c.object(query{}))
	}
	return c.object(q), nil
}

type session struct {
	id       string
	customer string
	metadata map[string]string
	created  time.Time
	card     *card
	expired  bool
}

func (s *session) object(now time.Time, q query) object {
	const open = 24 * time.Hour
	o := object{
		"id": s.id, "object": "checkout.session", "mode": "setup", "customer": s.customer, "metadata": s.metadata, "status": "open",
		"url": "https://checkout.stripe.example/" + s.id, "expires_at": s.created.Add(open).Unix(), "setup_intent": nil,
	}
	switch {
	case s.card != nil:
		o["status"] = "complete"
		o["setup_intent"] = "seti_" + s.id
		if q.expands("setup_intent") {
			o["setup_intent"] = object{"id": "seti_" + s.id, "object": "setup_intent", "status": "succeeded", "payment_method": s.card.object(s.customer)}
		}
	case s.expired || now.Sub(s.created) >= open:
		o["status"], o["url"] = "expired", nil
	}
	return o
}

func (f *Fake) serveSessions(method string, path []string, q query) (object, *problem) {
	if len(path) == 0 && method == http.MethodPost {
		if _, p := f.customer(q.Get("customer")); p != nil {
			return nil, p
		}
		if q.Get("mode") != "setup" || q.Get("success_url") == "" {
			return nil, refused("parameter_missing", "Missing required param.")
		}
		s := &session{id: f.id("cs"), customer: q.Get("customer"), metadata: q.under("metadata"), created: f.now()}
		f.sessions = append(f.sessions, s)
		return s.object(f.now(), q), nil
	}
	i := slices.IndexFunc(f.sessions, func(s *session) bool { return len(path) == 1 && s.id == path[0] })
	if i < 0 {
		return nil, missing("checkout.session", strings.Join(path, "/"))
	}
	return f.sessions[i].object(f.now(), q), nil
}

func (f *Fake) servePortal(q query) (object, *problem) {
	if _, p := f.customer(q.Get("customer")); p != nil {
		return nil, p
	}
	id := f.id("bps")
	return object{"id": id, "object": "billing_portal.session", "customer": q.Get("customer"), "url": "https://billing.stripe.example/" + id}, nil
}

// Complete is somebody who enters a card at the newest open checkout. It says whether there is one.
func (f *Fake) Complete(c Card) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range slices.Backward(f.sessions) {
		if s.object(f.now(), query{})["status"] != "open" {
			continue
		}
		owner, p := f.customer(s.customer)
		if p != nil {
			return false
		}
		s.card = &card{Card: c, id: f.id("pm")}
		owner.cards = append(owner.cards, s.card)
		f.emit("checkout.session.completed", s.object(f.now(), query{}))
		f.emit("payment_method.attached", s.card.object(s.customer))
		return true
	}
	return false
}

// Use is a customer who changes the card in the portal, by the tenant that it is.
func (f *Fake) Use(tenant string, c Card) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, owner := range f.customers {
		if owner.metadata["observatory_tenant"] == tenant {
			owner.way = &card{Card: c, id: f.id("pm")}
			owner.cards = append(owner.cards, owner.way)
			f.emit("customer.updated", owner.object(query{}))
			return true
		}
	}
	return false
}

// Customers are the IDs of a tenant's customers: there should be one.
func (f *Fake) Customers(tenant string) (ids []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.customers {
		if c.metadata["observatory_tenant"] == tenant && !c.deleted {
			ids = append(ids, c.id)
		}
	}
	return ids
}
