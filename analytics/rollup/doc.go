// Package rollup keeps, per tenant and hour of event time, what queries ask again and again: counts, people, sums and quantiles, values of
// chosen breakdowns, sessions, who was there.
//
// Nothing in it is adjusted. Whatever changes an hour marks it (the sink does so before and after each batch), and the hour is computed
// again, from its events, under a new version. An hour's rollup may be read exactly when the marks it was computed from are the marks that
// there are; otherwise readers take the events.
package rollup
