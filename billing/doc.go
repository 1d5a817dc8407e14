// Package billing knows what tenants use, what they pay for it, and why. It holds the words that its rooms share:
//
//	billing/usage     what was used, hour by hour, counted from the events: a ledger that is only added to
//	billing/plan      what plans there are, from a file
//	billing/price     what a quantity costs under a plan: arithmetic and nothing else
//	billing/invoicing a month becomes an invoice, and what changes afterwards a correction
//	billing/quota     how much a tenant may store before its events are held, and who is told on the way there
//	billing/payment   who has paid, and what becomes of those who have not; the provider (billing/billingstripe) is told and asked
//	billing/cost      what a tenant costs the one who runs the installation
//
// Three rules hold everywhere. A quantity is derived from events and can be derived again. Money is a whole number of the currency's minor
// unit. What was issued is never changed: a later document corrects it.
package billing
