package fakestripe

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

type item struct {
	id       string
	customer string
	invoice  string
	amount   int64
	currency string
	text     string
	metadata map[string]string
}

func (i *item) object() object {
	return object{
		"id": i.id, "object": "invoiceitem", "customer": i.customer, "invoice": i.invoice, "amount": i.amount, "currency": i.currency,
		"description": i.text, "metadata": i.metadata,
	}
}

func (f *Fake) serveItems(method string, q query) (object, *problem) {
	if method == http.MethodGet {
		var found []object
		for _, i := range f.items {
			if i.invoice == q.Get("invoice") {
				found = append(found, i.object())
			}
		}
		return list("invoiceitems", q, found), nil
	}
	v, p := f.invoice(q.Get("invoice"))
	switch {
	case p != nil:
		return nil, p
	case v.status != "draft":
		return nil, refused("invoice_not_editable", "This invoice is no longer editable.")
	case v.currency != q.Get("currency") || v.customer != q.Get("customer"):
		return nil, refused("", "The currency and the customer must be those of the invoice.")
	}
	i := &item{
		id: f.id("ii"), customer: v.customer, invoice: v.id, amount: q.number("amount"), currency: v.currency, text: q.Get("description"), metadata: q.under("metadata"),
	}
	f.items = append(f.items, i)
	return i.object(), nil
}

type invoice struct {
	id        string
	customer  string
	currency  string
	status    string // draft, open, paid, void, uncollectible
	automatic bool   // charged, instead of sent
	taxed     bool
	attempted bool
	outside   bool // paid elsewhere
	declined  string
	subtotal  int64
	tax       int64
	metadata  map[string]string
	created   time.Time
	paidAt    time.Time
}

func (v *invoice) object(q query) object {
	remaining := v.subtotal + v.tax
	if v.status == "paid" || v.status == "void" {
		remaining = 0
	}
	o := object{
		"id": v.id, "object": "invoice", "customer": v.customer, "currency": v.currency, "status": v.status, "attempted": v.attempted,
		"subtotal": v.subtotal, "tax": v.tax, "total": v.subtotal + v.tax, "amount_due": v.subtotal + v.tax, "amount_remaining": max(remaining, 0),
		"metadata": v.metadata, "created": v.created.Unix(), "paid": v.status == "paid", "paid_out_of_band": v.outside,
		"hosted_invoice_url": nil, "status_transitions": object{}, "payment_intent": nil,
	}
	if v.status != "draft" {
		o["hosted_invoice_url"] = "https://invoice.stripe.example/" + v.id
		o["payment_intent"] = "pi_" + v.id
		if q.expands("payment_intent") {
			intent := object{"id": "pi_" + v.id, "object": "payment_intent"}
			if v.declined != "" {
				intent["last_payment_error"] = object{"type": "card_error", "code": "card_declined", "message": v.declined}
			}
			o["payment_intent"] = intent
		}
	}
	if !v.paidAt.IsZero() {
		o["status_transitions"] = object{"paid_at": v.paidAt.Unix()}
	}
	return o
}

func (f *Fake) invoice(id string) (*invoice, *problem) {
	i := slices.IndexFunc(f.invoices, func(v *invoice) bool { return v.id == id })
	if i < 0 {
		return nil, missing("invoice", id)
	}
	v := f.invoices[i]
	if v.status == "draft" {
		v.subtotal = 0
		for _, i := range f.items {
			if i.invoice == v.id {
				v.subtotal += i.amount
			}
		}
	}
	return v, nil
}

func (f *Fake) serveInvoices(method string, path []string, q query) (object, *problem) {
	switch {
	case len(path) == 0 && method == http.MethodGet:
		var found []object
		for _, v := range slices.Backward(f.invoices) {
			if v.customer == q.Get("customer") {
				found = append(found, v.object(q))
			}
		}
		return list("invoices", q, found), nil
	case len(path) == 0:
		if _, p := f.customer(q.Get("customer")); p != nil {
			return nil, p
		}
		if q.Get("collection_method") == "send_invoice" && q.number("days_until_due") == 0 {
			return nil, refused("parameter_missing", "days_until_due is needed to send an invoice.")
		}
		v := &invoice{
			id: f.id("in"), customer: q.Get("customer"), currency: q.Get("currency"), status: "draft", metadata: q.under("metadata"), created: f.now(),
			automatic: q.Get("collection_method") != "send_invoice", taxed: q.Get("automatic_tax[enabled]") == "true",
		}
		f.invoices = append(f.invoices, v)
		f.emit("invoice.created", v.object(query{}))
		return v.object(q), nil
	}
	v, p := f.invoice(path[0])
	if p != nil {
		return nil, p
	}
	if len(path) == 2 {
		if p := f.change(v, path[1], q); p != nil {
			return nil, p
		}
	}
	return v.object(q), nil
}

// change does what the path says with an invoice.
func (f *Fake) change(v *invoice, verb string, q query) *problem {
	switch verb {
	case "finalize":
		if v.status != "draft" {
			return refused("invoice_not_editable", "This invoice is already finalized.")
		}
		v.status = "open"
		if v.taxed {
			v.tax = v.subtotal * f.TaxPercent / 100
		}
		f.emit("invoice.finalized", v.object(query{}))
		if v.subtotal+v.tax == 0 {
			f.paid(v)
		}
	case "pay":
		if v.status != "open" && v.status != "uncollectible" {
			return refused("", "Invoice is already paid, or is no longer payable.")
		}
		if q.Get("paid_out_of_band") == "true" {
			v.outside = true
			f.paid(v)
			return nil
		}
		return f.charge(v)
	case "void", "mark_uncollectible":
		if v.status != "open" {
			return refused("", "You can only do this with an open invoice.")
		}
		v.status = strings.TrimPrefix(verb, "mark_")
		f.emit("invoice."+map[string]string{"void": "voided", "uncollectible": "marked_uncollectible"}[v.status], v.object(query{}))
	default:
		return missing("page", verb)
	}
	return nil
}

// charge has the customer's bank pay an invoice, if it will.
func (f *Fake) charge(v *invoice) *problem {
	c, p := f.customer(v.customer)
	if p != nil {
		return p
	}
	v.attempted = true
	switch {
	case c.way == nil:
		return refused("", "This customer has no attached payment source or default payment method.")
	case c.way.Declines != "":
		v.declined = c.way.Declines
		f.emit("invoice.payment_failed", v.object(query{}))
		return &problem{status: http.StatusPaymentRequired, kind: "card_error", code: "card_declined", message: c.way.Declines}
	}
	f.paid(v)
	return nil
}

func (f *Fake) paid(v *invoice) {
	v.status, v.paidAt, v.declined = "paid", f.now(), ""
	f.emit("invoice.paid", v.object(query{}))
}

// Retry has every open invoice that is charged by itself tried again, as Stripe does over the days.
func (f *Fake) Retry() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, v := range f.invoices {
		if v.status == "open" && v.automatic {
			_ = f.charge(v) // a bank that says no again
		}
	}
}

// Pay is a customer who pays an invoice on its page, by our ID of it. It says whether it could be paid.
func (f *Fake) Pay(ours string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, v := range f.invoices {
		if v.metadata["observatory_invoice"] == ours && v.status == "open" {
			f.paid(v)
			return true
		}
	}
	return false
}

// Invoice is an invoice as Stripe has it.
type Invoice struct {
	ID       string
	Ours     string // our ID of it
	Tenant   string
	Currency string
	Status   string
	Subtotal int64
	Tax      int64
	Lines    int
	Outside  bool // paid elsewhere
}

// Invoices are all, in the order in which they were made.
func (f *Fake) Invoices() []Invoice {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]Invoice, len(f.invoices))
	for i, v := range f.invoices {
		_, _ = f.invoice(v.id) // adds up a draft
		all[i] = Invoice{
			ID: v.id, Ours: v.metadata["observatory_invoice"], Tenant: v.metadata["observatory_tenant"], Currency: v.currency, Status: v.status,
			Subtotal: v.subtotal, Tax: v.tax, Outside: v.outside,
		}
		for _, x := range f.items {
			if x.invoice == v.id {
				all[i].Lines++
			}
		}
	}
	return all
}
