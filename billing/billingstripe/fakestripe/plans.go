package fakestripe

import (
	"net/http"
	"slices"
	"strings"
)

func (f *Fake) serveProducts(q query) (object, *problem) {
	id := q.Get("id")
	if f.products[id] != "" {
		return nil, refused("resource_already_exists", "Product already exists.")
	}
	f.products[id] = q.Get("name")
	return object{"id": id, "object": "product", "name": q.Get("name")}, nil
}

type price struct {
	id       string
	product  string
	lookup   string
	currency string
	amount   int64
	interval string
}

func (p *price) object() object {
	return object{
		"id": p.id, "object": "price", "product": p.product, "lookup_key": p.lookup, "currency": p.currency, "unit_amount": p.amount,
		"recurring": object{"interval": p.interval},
	}
}

func (f *Fake) servePrices(method string, q query) (object, *problem) {
	if method == http.MethodGet {
		wanted := q.under("lookup_keys")
		var found []object
		for _, p := range f.prices {
			if len(wanted) == 0 || wanted["0"] == p.lookup {
				found = append(found, p.object())
			}
		}
		return list("prices", q, found), nil
	}
	if f.products[q.Get("product")] == "" {
		return nil, missing("product", q.Get("product"))
	}
	if slices.ContainsFunc(f.prices, func(p *price) bool { return p.lookup == q.Get("lookup_key") }) {
		return nil, refused("", "A price already uses that lookup key.")
	}
	p := &price{
		id: f.id("price"), product: q.Get("product"), lookup: q.Get("lookup_key"), currency: q.Get("currency"), amount: q.number("unit_amount"),
		interval: q.Get("recurring[interval]"),
	}
	f.prices = append(f.prices, p)
	return p.object(), nil
}

type subscription struct {
	id       string
	customer string
	price    *price
	metadata map[string]string
	canceled bool
}

func (s *subscription) object() object {
	status := "active"
	if s.canceled {
		status = "canceled"
	}
	return object{
		"id": s.id, "object": "subscription", "customer": s.customer, "status": status, "metadata": s.metadata,
		"items": object{"object": "list", "data": []object{{"id": "si_" + s.id, "object": "subscription_item", "price": s.price.object()}}},
	}
}

func (f *Fake) serveSubscriptions(method string, path []string, q query) (object, *problem) {
	if len(path) == 0 && method == http.MethodGet {
		var found []object
		for _, s := range f.subscriptions {
			if s.customer == q.Get("customer") && (!s.canceled || q.Get("status") == "all") {
				found = append(found, s.object())
			}
		}
		return list("subscriptions", q, found), nil
	}
	var chosen *price
	if id := q.Get("items[0][price]"); id != "" {
		i := slices.IndexFunc(f.prices, func(p *price) bool { return p.id == id })
		if i < 0 {
			return nil, missing("price", id)
		}
		chosen = f.prices[i]
	}
	if len(path) == 0 {
		if _, p := f.customer(q.Get("customer")); p != nil {
			return nil, p
		}
		if chosen == nil {
			return nil, refused("parameter_missing", "Missing required param: items.")
		}
		s := &subscription{id: f.id("sub"), customer: q.Get("customer"), price: chosen, metadata: q.under("metadata")}
		f.subscriptions = append(f.subscriptions, s)
		f.emit("customer.subscription.created", s.object())
		return s.object(), nil
	}
	i := slices.IndexFunc(f.subscriptions, func(s *subscription) bool { return s.id == path[0] })
	if i < 0 {
		return nil, missing("subscription", strings.Join(path, "/"))
	}
	s := f.subscriptions[i]
	switch method {
	case http.MethodDelete:
		if s.canceled {
			return nil, missing("subscription", s.id)
		}
		s.canceled = true
		f.emit("customer.subscription.deleted", s.object())
	case http.MethodPost:
		if chosen != nil {
			s.price = chosen
		}
		for k, v := range q.under("metadata") {
			s.metadata[k] = v
		}
		f.emit("customer.subscription.updated", s.object())
	}
	return s.object(), nil
}

// Plans are the plans of a tenant's subscriptions that run: there should be at most one.
func (f *Fake) Plans(tenant string) (plans []string) {
	ids := f.Customers(tenant)
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.subscriptions {
		if slices.Contains(ids, s.customer) && !s.canceled {
			plans = append(plans, s.metadata["observatory_plan"])
		}
	}
	return plans
}
