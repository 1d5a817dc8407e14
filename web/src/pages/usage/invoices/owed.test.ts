import { describe, expect, it } from 'vitest'
import type { InvoiceHead } from '../../../api/billing'
import { owed } from './owed'

const invoice = (change: Partial<InvoiceHead>): InvoiceHead => ({
  id: 'x',
  kind: 'invoice',
  number: '2026-000001',
  tenant_name: 'Lighthouse',
  period: { from: '2026-10-01T00:00:00Z', to: '2026-11-01T00:00:00Z' },
  currency: 'USD',
  total: 1000,
  state: 'issued',
  due_at: '2026-11-15T00:00:00Z',
  ...change,
})

describe('owed', () => {
  it('is what open invoices come to', () => {
    expect(owed([invoice({}), invoice({ total: 500, state: 'past_due', due_at: '2026-10-15T00:00:00Z' })])).toEqual([
      { currency: 'USD', amount: 1500, invoices: 2, late: 1, due: '2026-10-15T00:00:00Z' },
    ])
  })
  it('is nothing of what is paid, given up, void, for nothing, or a credit note', () => {
    const none = [
      invoice({ state: 'paid' }),
      invoice({ state: 'void' }),
      invoice({ state: 'uncollectible' }),
      invoice({ total: 0 }),
      invoice({ kind: 'credit_note' }),
      invoice({ state: 'draft' }),
    ]
    expect(owed(none)).toEqual([])
  })
  it('does not add up currencies', () => {
    const two = owed([invoice({}), invoice({ currency: 'EUR', due_at: '2026-11-01T00:00:00Z' })])
    expect(two.map((o) => o.currency)).toEqual(['EUR', 'USD'])
  })
})
