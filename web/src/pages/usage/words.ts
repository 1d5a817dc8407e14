import type { FreeReason, InvoiceHead, InvoiceState, UsageBooking } from '../../api/billing'
import { formatMonth } from '../../time/format'

/** The zone of all that is billed: months and hours are those of everybody. */
export const billingZone = 'UTC'

/** November 2026 */
export const monthOf = (period: { from: string }) => formatMonth(period.from, billingZone)

export const stateNames: Record<InvoiceState, string> = {
  draft: 'Not issued yet',
  issued: 'Open',
  paid: 'Paid',
  past_due: 'Past due',
  uncollectible: 'Given up',
  void: 'Void',
}

/** "Invoice 2026-000042", "Credit note 2026-000043", "November 2026 so far". */
export function invoiceTitle(i: Pick<InvoiceHead, 'id' | 'kind' | 'number' | 'period'>): string {
  if (i.number === undefined) return `${monthOf(i.period)} so far`
  return `${i.kind === 'credit_note' ? 'Credit note' : 'Invoice'} ${i.number}`
}

/** Why an hour was booked, in words of what happened to the events. */
export const reasonNames: Record<UsageBooking['reason'], string> = {
  measured: 'Counted',
  ongoing: 'The hour went on',
  late: 'Events reached the store later',
  replay: 'Events were repaired or released',
  duplicate: 'An event was sent again, and took the place of the first',
  erasure: 'Events were removed; they stay counted',
  recount: 'Counted again, with another result',
}

export const freeNames: Record<FreeReason, string> = {
  duplicate: 'Duplicates',
  quarantined: 'In quarantine',
  suppressed: 'Of suppressed people',
  held: 'Held',
  pending: 'On their way',
  bot: 'Of bots',
  synthetic: 'Of synthetic tests',
  sent_again: 'Sent again later',
}

/** 1 -> 1st, 22 -> 22nd, 13 -> 13th */
export function ordinal(n: number): string {
  const rest = n % 100
  if (rest >= 11 && rest <= 13) return `${n}th`
  return `${n}${['th', 'st', 'nd', 'rd'][n % 10] ?? 'th'}`
}

/** The day of an instant within the month that is told of: "the 23rd". */
export function dayOfMonth(at: string): string {
  return `the ${ordinal(new Date(at).getUTCDate())}`
}
