import type { InvoiceHead } from '../../../api/billing'

/** What is owed in a currency. */
export interface Owed {
  currency: string
  amount: number
  invoices: number
  /** How many of them are past due. */
  late: number
  /** The soonest day by which something is to be paid. */
  due: string | null
}

/** What the open invoices come to, by currency; that of the soonest due date first. */
export function owed(invoices: readonly InvoiceHead[]): Owed[] {
  const by = new Map<string, Owed>()
  for (const i of invoices) {
    if (i.kind !== 'invoice' || i.total === 0 || (i.state !== 'issued' && i.state !== 'past_due')) continue
    const o = by.get(i.currency) ?? { currency: i.currency, amount: 0, invoices: 0, late: 0, due: null }
    by.set(i.currency, {
      ...o,
      amount: o.amount + i.total,
      invoices: o.invoices + 1,
      late: o.late + (i.state === 'past_due' ? 1 : 0),
      due: i.due_at !== undefined && (o.due === null || i.due_at < o.due) ? i.due_at : o.due,
    })
  }
  return [...by.values()].sort((a, b) => (a.due ?? '~').localeCompare(b.due ?? '~'))
}
