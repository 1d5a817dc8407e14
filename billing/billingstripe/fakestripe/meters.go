package fakestripe

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

type meter struct {
	id    string
	name  string
	event string
}

func (m *meter) object() object {
	return object{"id": m.id, "object": "billing.meter", "display_name": m.name, "event_name": m.event, "status": "active"}
}

type meterEvent struct {
	identifier string
	event      string
	customer   string
	value      int64
	at         time.Time // that it is about
	received   time.Time
	gone       bool // canceled
}

func (f *Fake) serveMetering(method string, path []string, q query) (object, *problem) {
	switch {
	case path[0] == "meter_events":
		return f.takeMeterEvent(q)
	case path[0] == "meter_event_adjustments":
		return f.adjust(q)
	case len(path) == 3 && path[2] == "event_summaries":
		return f.summaries(path[1], q)
	case len(path) == 1 && method == http.MethodGet:
		all := make([]object, len(f.meters))
		for i, m := range f.meters {
			all[i] = m.object()
		}
		return list("billing/meters", q, all), nil
	case len(path) == 1:
		if slices.ContainsFunc(f.meters, func(m *meter) bool { return m.event == q.Get("event_name") }) {
			return nil, refused("", "An active meter already exists for this event name.")
		}
		m := &meter{id: f.id("mtr"), name: q.Get("display_name"), event: q.Get("event_name")}
		f.meters = append(f.meters, m)
		return m.object(), nil
	}
	return nil, missing("page", strings.Join(path, "/"))
}

const (
	uniqueFor = 24 * time.Hour
	takenFor  = 35 * 24 * time.Hour
	ahead     = 5 * time.Minute
)

func (f *Fake) takeMeterEvent(q query) (object, *problem) {
	now := f.now()
	payload := q.under("payload")
	at := time.Unix(q.number("timestamp"), 0).UTC()
	value, err := strconv.ParseInt(payload["value"], 10, 64)
	switch {
	case !slices.ContainsFunc(f.meters, func(m *meter) bool { return m.event == q.Get("event_name") }):
		return nil, refused("no_meter", "No active meter found for event name %s.", q.Get("event_name"))
	case err != nil:
		return nil, refused("meter_event_invalid_value", "The payload value must be a whole number.")
	case q.Get("timestamp") == "":
		at = now
	case now.Sub(at) > takenFor:
		return nil, refused("timestamp_too_far_in_past", "The timestamp must be within the past 35 calendar days or up to 5 minutes in the future.")
	case at.Sub(now) > ahead:
		return nil, refused("timestamp_in_future", "The timestamp must be within the past 35 calendar days or up to 5 minutes in the future.")
	}
	if _, p := f.customer(payload["stripe_customer_id"]); p != nil {
		return nil, p
	}
	for _, e := range f.events {
		if e.identifier == q.Get("identifier") && now.Sub(e.received) < uniqueFor {
			return nil, refused("", "An event already exists with identifier %s.", e.identifier)
		}
	}
	e := &meterEvent{identifier: q.Get("identifier"), event: q.Get("event_name"), customer: payload["stripe_customer_id"], value: value, at: at, received: now}
	f.events = append(f.events, e)
	return object{
		"object": "billing.meter_event", "identifier": e.identifier, "event_name": e.event, "timestamp": at.Unix(), "created": now.Unix(), "payload": payload,
	}, nil
}

func (f *Fake) adjust(q query) (object, *problem) {
	id := q.Get("cancel[identifier]")
	for _, e := range slices.Backward(f.events) {
		if e.identifier != id || e.event != q.Get("event_name") {
			continue
		}
		switch {
		case f.now().Sub(e.received) >= uniqueFor:
			return nil, refused("", "Meter events can only be canceled within 24 hours of being received.")
		case e.gone:
			return nil, refused("", "The meter event has already been canceled.")
		}
		e.gone = true
		return object{"object": "billing.meter_event_adjustment", "event_name": e.event, "status": "pending", "type": "cancel", "cancel": object{"identifier": id}}, nil
	}
	return nil, missing("meter event", id)
}

func (f *Fake) summaries(id string, q query) (object, *problem) {
	i := slices.IndexFunc(f.meters, func(m *meter) bool { return m.id == id })
	if i < 0 {
		return nil, missing("meter", id)
	}
	from, to := time.Unix(q.number("start_time"), 0).UTC(), time.Unix(q.number("end_time"), 0).UTC()
	window := map[string]time.Duration{"hour": time.Hour, "day": 24 * time.Hour}[q.Get("value_grouping_window")]
	if window == 0 {
		window = to.Sub(from)
	} else if !from.Equal(from.Truncate(window)) || !to.Equal(to.Truncate(window)) {
		return nil, refused("", "start_time and end_time must be aligned with the value_grouping_window.")
	}
	totals := make(map[int64]int64)
	for _, e := range f.events {
		if e.event == f.meters[i].event && e.customer == q.Get("customer") && !e.gone && !e.at.Before(from) && e.at.Before(to) && f.now().Sub(e.received) >= f.Lag {
			totals[from.Add(e.at.Sub(from).Truncate(window)).Unix()] += e.value
		}
	}
	var all []object
	for start := from.Unix(); start < to.Unix(); start += int64(window / time.Second) {
		if total, ok := totals[start]; ok {
			all = append(all, object{
				"id": "mtrusg_" + strconv.FormatInt(start, 10), "object": "billing.meter_event_summary", "meter": id,
				"start_time": start, "end_time": start + int64(window/time.Second), "aggregated_value": max(total, 0),
			})
		}
	}
	slices.Reverse(all) // newest first
	return list("billing/meters/"+id+"/event_summaries", q, all), nil
}

// Total is what a tenant has used of a meter of ours in a time, as Stripe has it.
func (f *Fake) Total(tenant, meter string, from, to time.Time) (total int64) {
	ids := f.Customers(tenant)
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range f.events {
		if slices.Contains(ids, e.customer) && e.event == "observatory_"+meter && !e.gone && !e.at.Before(from) && e.at.Before(to) {
			total += e.value
		}
	}
	return total
}

// Lose has Stripe forget meter events, by the beginning of their identifiers, and says how many.
func (f *Fake) Lose(identifier string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := len(f.events)
	f.events = slices.DeleteFunc(f.events, func(e *meterEvent) bool { return strings.HasPrefix(e.identifier, identifier) })
	return before - len(f.events)
}

// Slip adds usage that nobody told of, to a tenant's customer.
func (f *Fake) Slip(tenant, meter string, at time.Time, value int64) {
	ids := f.Customers(tenant)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events = append(f.events, &meterEvent{identifier: f.id("slip"), event: "observatory_" + meter, customer: ids[0], value: value, at: at, received: f.now()})
}
