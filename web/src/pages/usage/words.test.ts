import { describe, expect, it } from 'vitest'
import { dayOfMonth, invoiceTitle, monthOf, ordinal } from './words'

describe('ordinal', () => {
  it('ends as English does', () => {
    expect([1, 2, 3, 4, 10, 11, 12, 13, 20, 21, 22, 23, 24, 30, 31].map(ordinal)).toEqual([
      '1st',
      '2nd',
      '3rd',
      '4th',
      '10th',
      '11th',
      '12th',
      '13th',
      '20th',
      '21st',
      '22nd',
      '23rd',
      '24th',
      '30th',
      '31st',
    ])
  })
})

describe('dayOfMonth', () => {
  it('is that of the month that is billed, in UTC', () => {
    expect(dayOfMonth('2026-11-23T23:59:59Z')).toBe('the 23rd')
    expect(dayOfMonth('2026-11-30T23:30:00-01:00')).toBe('the 1st')
  })
})

describe('invoiceTitle', () => {
  const period = { from: '2026-11-01T00:00:00Z', to: '2026-12-01T00:00:00Z' }
  it('names a document by its kind and number, and the running month by itself', () => {
    expect(invoiceTitle({ id: 'x', kind: 'invoice', number: '2026-000042', period })).toBe('Invoice 2026-000042')
    expect(invoiceTitle({ id: 'x', kind: 'credit_note', number: '2026-000043', period })).toBe(
      'Credit note 2026-000043',
    )
    expect(invoiceTitle({ id: 'draft', kind: 'invoice', period })).toBe('November 2026 so far')
    expect(monthOf(period)).toBe('November 2026')
  })
})
