// Package payment knows who has paid, and what becomes of those who have not. Our invoices are the authority for every amount, with a provider
// or without one: a provider (billing/billingstripe) collects what an invoice says and adds tax, and is told of usage so that its customers see it
// there as well.
//
// Everything towards the provider is done by looking, not by reacting: a look at a tenant compares what is here with what is there, and does
// what is missing. A webhook is only a bell that says whom to look at, so it does not matter in which order, how often or whether they come.
// What would be told twice with harm is written down before it is told, and told again under the same name.
package payment
