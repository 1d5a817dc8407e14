// Package fakestripe is enough of Stripe to be billed by, in memory: customers, checkouts, portals, products, prices, subscriptions, meters,
// meter events with their day of uniqueness and their 35 days, adjustments, summaries, invoices, payments and signed webhooks. It keeps state,
// as stripe-mock does not, has a clock of its own, and fails on demand in the ways in which Stripe and networks do.
//
// It is for tests: of billing/billingstripe, and of a whole installation that is given its address.
package fakestripe

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Fake is a Stripe. It is an http.Handler; all methods may be called from many goroutines.
type Fake struct {
	Secret     string // of webhooks
	TaxPercent int64  // of invoices with automatic tax
	Lag        time.Duration

	mu       sync.Mutex
	now      func() time.Time
	serial   int
	out      bool
	failures []Failure
	answers  map[string]answer // by idempotency key
	requests []string          // method and path of all that were carried out or refused

	customers     []*customer
	sessions      []*session
	products      map[string]string
	prices        []*price
	subscriptions []*subscription
	meters        []*meter
	events        []*meterEvent
	items         []*item
	invoices      []*invoice
	webhooks      []*Webhook
}

// New makes a Fake whose clock is now.
func New(secret string, now func() time.Time) *Fake {
	return &Fake{Secret: secret, now: now, answers: make(map[string]answer), products: make(map[string]string)}
}

// Failure is how a request fails.
type Failure struct {
	Match  string // beginning of "METHOD /path"; "" is every request
	Times  int    // how often
	Status int    // that is answered; 0: the connection is cut, without an answer
	After  bool   // what was asked for is done all the same
}

// Fail has requests fail.
func (f *Fake) Fail(failures ...Failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failures = append(f.failures, failures...)
}

// Outage has every request fail, without an answer, or ends that.
func (f *Fake) Outage(on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.out = on
}

// Requests are those that begin with "METHOD /path", outages not among them.
func (f *Fake) Requests(match string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.requests {
		if strings.HasPrefix(r, match) {
			n++
		}
	}
	return n
}

// problem is an error as Stripe answers it.
type problem struct {
	status  int
	kind    string
	code    string
	message string
}

func refused(code, format string, args ...any) *problem {
	return &problem{status: http.StatusBadRequest, kind: "invalid_request_error", code: code, message: fmt.Sprintf(format, args...)}
}

func missing(what, id string) *problem {
	return &problem{status: http.StatusNotFound, kind: "invalid_request_error", code: "resource_missing", message: "No such " + what + ": '" + id + "'"}
}

// object is something as Stripe answers it.
type object map[string]any

// answer is what a request with an idempotency key was answered.
type answer struct {
	asked  string
	at     time.Time
	status int
	body   []byte
}

// ServeHTTP implements http.Handler.
func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.out {
		panic(http.ErrAbortHandler) // cuts the connection
	}
	if err := r.ParseForm(); err != nil {
		write(w, http.StatusBadRequest, object{})
		return
	}
	name := r.Method + " " + r.URL.Path
	f.requests = append(f.requests, name)
	if !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer sk_") {
		writeProblem(w, &problem{status: http.StatusUnauthorized, kind: "invalid_request_error", message: "Invalid API Key provided"})
		return
	}
	key, asked := r.Header.Get("Idempotency-Key"), name+"?"+r.Form.Encode()
	if r.Method != http.MethodPost {
		key = ""
	}
	const remembered = 24 * time.Hour
	if before, ok := f.answers[key]; ok && key != "" && f.now().Sub(before.at) < remembered {
		if before.asked != asked {
			writeProblem(w, &problem{status: http.StatusBadRequest, kind: "idempotency_error", message: "Keys for idempotent requests can only be used with the same parameters they were first used with."})
			return
		}
		w.Header().Set("Idempotent-Replayed", "true")
		writeBytes(w, before.status, before.body)
		return
	}
	status, body := f.answer(name, r)
	if key != "" && (status < http.StatusBadRequest || status == http.StatusPaymentRequired || status >= http.StatusInternalServerError) {
		f.answers[key] = answer{asked: asked, at: f.now(), status: max(status, http.StatusOK), body: body}
	}
	if status < 0 {
		panic(http.ErrAbortHandler)
	}
	writeBytes(w, status, body)
}

// answer carries a request out, or has it fail. The status is below 0 when nothing is answered, after it was done.
func (f *Fake) answer(name string, r *http.Request) (int, []byte) {
	i := slices.IndexFunc(f.failures, func(x Failure) bool { return strings.HasPrefix(name, x.Match) })
	if i < 0 {
		return f.do(r)
	}
	failure := f.failures[i]
	if f.failures[i].Times--; f.failures[i].Times <= 0 {
		f.failures = slices.Delete(f.failures, i, i+1)
	}
	var body []byte
	if failure.After {
		_, body = f.do(r)
	}
	switch {
	case failure.Status == 0 && failure.After:
		return -1, body
	case failure.Status == 0:
		panic(http.ErrAbortHandler)
	}
	p := &problem{status: failure.Status, kind: "api_error", message: "An injected failure."}
	switch failure.Status {
	case http.StatusTooManyRequests:
		p.kind, p.code = "invalid_request_error", "rate_limit"
	case http.StatusConflict:
		p.kind, p.code = "idempotency_error", "idempotency_key_in_use"
	}
	return failure.Status, p.body()
}

// do carries a request out.
func (f *Fake) do(r *http.Request) (int, []byte) {
	path := strings.Split(strings.TrimPrefix(r.URL.Path, "/v1/"), "/")
	q := query{r.Form}
	var (
		o object
		p *problem
	)
	switch path[0] {
	case "customers":
		o, p = f.serveCustomers(r.Method, path[1:], q)
	case "checkout":
		o, p = f.serveSessions(r.Method, path[2:], q)
	case "billing_portal":
		o, p = f.servePortal(q)
	case "products":
		o, p = f.serveProducts(q)
	case "prices":
		o, p = f.servePrices(r.Method, q)
	case "subscriptions":
		o, p = f.serveSubscriptions(r.Method, path[1:], q)
	case "billing":
		o, p = f.serveMetering(r.Method, path[1:], q)
	case "invoiceitems":
		o, p = f.serveItems(r.Method, q)
	case "invoices":
		o, p = f.serveInvoices(r.Method, path[1:], q)
	default:
		p = &problem{status: http.StatusNotFound, kind: "invalid_request_error", message: "Unrecognized request URL (" + r.Method + ": " + r.URL.Path + ")."}
	}
	if p != nil {
		return p.status, p.body()
	}
	body, err := json.Marshal(o)
	if err != nil {
		panic(err) // maps of texts and numbers
	}
	return http.StatusOK, body
}

func (p *problem) body() []byte {
	body, err := json.Marshal(object{"error": object{"type": p.kind, "code": p.code, "message": p.message}})
	if err != nil {
		panic(err) // texts
	}
	return body
}

func writeProblem(w http.ResponseWriter, p *problem) { writeBytes(w, p.status, p.body()) }

func write(w http.ResponseWriter, status int, o object) {
	body, err := json.Marshal(o)
	if err != nil {
		panic(err) // maps of texts and numbers
	}
	writeBytes(w, status, body)
}

func writeBytes(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// id makes the next ID of a kind, in an order that tests can rely on.
func (f *Fake) id(prefix string) string {
	f.serial++
	return fmt.Sprintf("%s_%08d", prefix, f.serial)
}

// query are the parameters of a request.
type query struct{ url.Values }

func (q query) number(name string) int64 {
	n, _ := strconv.ParseInt(q.Get(name), 10, 64) // what is no number counts as 0
	return n
}

// under are the parameters NAME[x], by x.
func (q query) under(name string) map[string]string {
	all := make(map[string]string)
	for k, v := range q.Values {
		if inner, ok := strings.CutPrefix(k, name+"["); ok && len(v) > 0 {
			all[strings.TrimSuffix(inner, "]")] = v[0]
		}
	}
	return all
}

// expands says whether something is to be answered as a whole, instead of by its ID.
func (q query) expands(what string) bool {
	for k, v := range q.Values {
		if strings.HasPrefix(k, "expand[") && slices.ContainsFunc(v, func(x string) bool { return strings.HasPrefix(x, what) }) {
			return true
		}
	}
	return false
}

// list is a page of a list.
func list(path string, q query, all []object) object {
	limit := int(q.number("limit"))
	if limit == 0 {
		limit = 10
	}
	if after := q.Get("starting_after"); after != "" {
		i := slices.IndexFunc(all, func(o object) bool { return o["id"] == after })
		all = all[i+1:]
	}
	page := all[:min(limit, len(all))]
	if page == nil {
		page = []object{}
	}
	return object{"object": "list", "url": "/v1/" + path, "has_more": len(page) < len(all), "data": page}
}
