import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, ask } from './client'
import type { components } from './schema.gen'

type Schemas = components['schemas']

export type InvoiceHead = Schemas['InvoiceHead']
export type Invoice = Schemas['Invoice']
export type InvoiceLine = Schemas['InvoiceLine']
export type InvoiceLineHour = Schemas['InvoiceLineHour']
export type InvoiceState = Schemas['InvoiceState']
export type UsageBooking = Schemas['UsageBooking']
export type CreditEntry = Schemas['CreditEntry']
export type ComparedReceipt = Schemas['ComparedReceipt']
export type FreeReason = Schemas['FreeEvents']['reason']

/** The ID under which the month that runs is asked for. */
export const draft = 'draft'

/** All that the pages of this place know; whatever changes a plan or a payment makes it out of date. */
export const billingKey = ['billing'] as const

/** Invoices and credit notes, newest first, and what stands to the organization's credit. */
export const invoicesOptions = infiniteQueryOptions({
  queryKey: [...billingKey, 'invoices'],
  queryFn: ({ pageParam, signal }) =>
    ask(
      api.GET('/v1/billing/invoices', {
        params: { query: { limit: 50, ...(pageParam ? { cursor: pageParam } : {}) } },
        signal,
      }),
    ),
  initialPageParam: null as string | null,
  getNextPageParam: (last) => last.next_cursor,
  refetchInterval: 15_000,
})

/** An invoice with its lines. The draft is asked again, for it grows. */
export function invoiceOptions(id: string) {
  return queryOptions({
    queryKey: [...billingKey, 'invoice', id],
    queryFn: ({ signal }) =>
      ask(api.GET('/v1/billing/invoices/{invoice_id}', { params: { path: { invoice_id: id } }, signal })),
    refetchInterval: id === draft ? 15_000 : false,
  })
}

/** What was credited, and into which invoices it went. */
export const creditsOptions = queryOptions({
  queryKey: [...billingKey, 'credits'],
  queryFn: ({ signal }) => ask(api.GET('/v1/billing/credits', { signal })),
})

/** Where the lines of an invoice can be had as a file. */
export const invoiceCsv = (id: string) => `/v1/billing/invoices/${encodeURIComponent(id)}/csv`

/** The days that a line consists of; with a day, also its hours. */
export function lineHoursOptions(invoice: string, line: string, day: string | null) {
  return queryOptions({
    queryKey: [...billingKey, 'line', invoice, line, day],
    queryFn: ({ signal }) =>
      ask(
        api.GET('/v1/billing/invoices/{invoice_id}/lines/{line_id}/hours', {
          params: { path: { invoice_id: invoice, line_id: line }, query: day === null ? {} : { day } },
          signal,
        }),
      ),
  })
}

/** A sample of the events of an hour of a line, of those that are still stored. */
export function lineEventsOptions(invoice: string, line: string, hour: string) {
  return queryOptions({
    queryKey: [...billingKey, 'line-events', invoice, line, hour],
    queryFn: ({ signal }) =>
      ask(
        api.GET('/v1/billing/invoices/{invoice_id}/lines/{line_id}/events', {
          params: { path: { invoice_id: invoice, line_id: line }, query: { hour, limit: 20 } },
          signal,
        }),
      ),
  })
}

/** What is to be compared: receipts by name, or all that was received in a time. */
export type Disputed = { receipts: readonly string[] } | { from: string; to: string }

/** What senders were told, against what was billed. */
export function disputesOptions(about: Disputed) {
  return infiniteQueryOptions({
    queryKey: [...billingKey, 'disputes', about],
    queryFn: ({ pageParam, signal }) =>
      ask(
        api.GET('/v1/billing/disputes', {
          params: {
            query: {
              limit: 100,
              ...('receipts' in about ? { receipt: [...about.receipts] } : about),
              ...(pageParam ? { cursor: pageParam } : {}),
            },
          },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  })
}

export type Plan = Schemas['Plan']
export type MeterPrice = Schemas['MeterPrice']
export type PlanCurrency = Schemas['PlanCurrency']
export type Subscription = Schemas['Subscription']
export type SubscriptionTerms = Schemas['SubscriptionTerms']
export type SubscriptionChange = Schemas['SubscriptionChange']
export type SubscriptionPreview = Schemas['SubscriptionPreview']
export type Bill = Schemas['Bill']
export type BillingInterval = Schemas['BillingInterval']

/** What plans there are now, the lowest first. */
export const plansOptions = queryOptions({
  queryKey: [...billingKey, 'plans'],
  queryFn: ({ signal }) => ask(api.GET('/v1/billing/plans', { signal })),
  staleTime: 300_000,
})

/** The plan that is in force, what follows it, and what was before. */
export const subscriptionOptions = queryOptions({
  queryKey: [...billingKey, 'subscription'],
  queryFn: ({ signal }) => ask(api.GET('/v1/billing/subscription', { signal })),
})

/** What a change would cost. Nothing is changed. */
export function previewOptions(change: SubscriptionChange) {
  return queryOptions({
    queryKey: [...billingKey, 'preview', change],
    queryFn: ({ signal }) => ask(api.POST('/v1/billing/subscription/preview', { body: change, signal })),
    retry: false,
  })
}

export function useChangeSubscription() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: SubscriptionChange) => ask(api.PUT('/v1/billing/subscription', { body })),
    onSuccess: (now) => {
      client.setQueryData(subscriptionOptions.queryKey, now)
      return client.invalidateQueries({ queryKey: billingKey })
    },
  })
}

export type Payment = Schemas['Payment']
export type PaymentStanding = Schemas['PaymentStanding']
export type PaymentOwedInvoice = Schemas['PaymentOwedInvoice']

/** How the organization stands with its payments, and what happens next. */
export const paymentOptions = queryOptions({
  queryKey: [...billingKey, 'payment'],
  queryFn: ({ signal }) => ask(api.GET('/v1/billing/payment', { signal })),
  refetchInterval: 60_000,
})

/** What is to follow once it is said how to pay. */
export type Checkout = { plan: string; interval: BillingInterval; currency: string } | Record<string, never>

/** Goes to a page of the payment provider: to say how to pay, or to change that. */
export function useGoToPay() {
  return useMutation({
    mutationFn: (to: { page: 'portal' } | { page: 'checkout'; body: Checkout }) =>
      ask(to.page === 'portal' ? api.POST('/v1/billing/portal') : api.POST('/v1/billing/checkout', { body: to.body })),
    onSuccess: (page) => window.location.assign(page.url),
  })
}

export type Quota = Schemas['Quota']
export type QuotaHeld = Schemas['QuotaHeld']
export type QuotaWarning = Schemas['QuotaWarning']

/** How many events may be stored this month, and what is held. Asked for more often while what is held is being stored. */
export const quotaOptions = queryOptions({
  queryKey: [...billingKey, 'quota'],
  queryFn: ({ signal }) => ask(api.GET('/v1/billing/quota', { signal })),
  refetchInterval: ({ state: { data } }) => (data?.releasing === true ? 2000 : 30_000),
})

/** Has what is held stored, as far as there is room. It begins within seconds. */
export function useRelease() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => ask(api.POST('/v1/billing/quota/release')),
    onSuccess: (now) => client.setQueryData(quotaOptions.queryKey, now),
  })
}
