import { describe, expect, it } from 'vitest'
import type { MeterPrice, Plan, Subscription } from '../../../api/billing'
import { changeOf, feeOf, includedWords, limitWords, monthsSaved, tierWords, wishFor } from './prices'

const price = (change: Partial<MeterPrice>): MeterPrice => ({
  meter: 'events',
  title: 'Events',
  unit: 'events',
  included: 5_000_000,
  mode: 'graduated',
  tiers: [
    { above: 5_000_000, up_to: 20_000_000, per: 1000, amounts: { USD: 3, JPY: 5 } },
    { above: 20_000_000, up_to: null, per: 1000, amounts: { USD: 2, JPY: 3 } },
  ],
  ...change,
})

const growth: Plan = {
  key: 'growth',
  version: 1,
  rank: 1,
  title: 'Growth',
  summary: '',
  by_agreement: false,
  trial_days: 14,
  fees: { month: { USD: 4900, JPY: 7500 }, year: { USD: 49000 } },
  prices: [price({})],
  limit: { at: 5_000_000, then: 'overage', keep_days: 30 },
  capabilities: [],
}

const now: Subscription = {
  terms: {
    revision: 3,
    from: '2026-11-01T00:00:00Z',
    plan: 'growth',
    version: 1,
    currency: 'USD',
    interval: 'month',
    trial_until: null,
    coupon: 'WELCOME20',
    spend_cap: 10_000,
    reason: 'upgraded',
    changed_by: '',
    changed_at: '2026-11-01T00:00:00Z',
  },
  plan: growth,
  trial: false,
  revision: 3,
  history: [],
}

describe('fees', () => {
  it('are those of the interval and the currency, or none', () => {
    expect(feeOf(growth, 'month', 'USD')).toBe(4900)
    expect(feeOf(growth, 'year', 'JPY')).toBeNull()
    expect(feeOf(growth, 'month', 'EUR')).toBeNull()
  })
  it('of a year save whole months', () => {
    expect(monthsSaved(growth, 'USD')).toBe(2)
    expect(monthsSaved(growth, 'JPY')).toBe(0)
  })
})

describe('words of prices', () => {
  it('say what is included, and what more costs', () => {
    expect(includedWords(price({}))).toBe('5 million events')
    expect(tierWords(price({}), 'USD')).toEqual(['then USD 0.03 per 1,000 up to 20 million', 'then USD 0.02 per 1,000'])
    expect(tierWords(price({}), 'JPY')[1]).toBe('then JPY 3 per 1,000')
  })
  it('know what is unlimited, and what is sold one by one', () => {
    expect(includedWords(price({ title: 'Exports', unit: 'exports', included: null, tiers: [] }))).toBe(
      'Unlimited exports',
    )
    const storage = price({
      title: 'Storage',
      unit: 'GB-days',
      included: 300,
      tiers: [{ above: 300, up_to: null, per: 30, amounts: { USD: 25 } }],
    })
    expect(includedWords(storage)).toBe('300 GB-days of storage')
    expect(tierWords(storage, 'USD')).toEqual(['then USD 0.25 per 30 GB-days'])
    const millions = price({ tiers: [{ above: 0, up_to: 2e9, per: 1e6, amounts: { USD: 900 } }] })
    expect(tierWords(millions, 'USD')).toEqual(['then USD 9.00 per million up to 2 billion'])
    const single = price({ included: 0, tiers: [{ above: 0, up_to: null, per: 1, amounts: { USD: 50 } }] })
    expect(tierWords(single, 'USD')).toEqual(['USD 0.50 each'])
  })
  it('say what becomes of events beyond the limit', () => {
    expect(limitWords(growth)).toMatch(/never held/)
    expect(limitWords({ ...growth, limit: { at: 1000, then: 'hold', keep_days: 30 } })).toMatch(
      /^Events beyond 1,000 are held for 30 days/,
    )
  })
})

describe('a change', () => {
  it('takes along what was agreed to, for what it leaves out is gone', () => {
    expect(changeOf(wishFor(growth, 'year', 'USD', now), now)).toEqual({
      plan: 'growth',
      interval: 'year',
      currency: 'USD',
      at: 'now',
      base_revision: 3,
      coupon: 'WELCOME20',
      spend_cap: 10_000,
    })
  })
  it('does not take a cap into another currency, nor an interval that there is not', () => {
    const change = changeOf(wishFor(growth, 'year', 'JPY', now), now)
    expect(change.spend_cap).toBeUndefined()
    expect(change.interval).toBe('month')
  })
  it('writes coupons as they are, in capitals', () => {
    const wish = { ...wishFor(growth, 'month', 'USD', now), coupon: ' startup50 ' }
    expect(changeOf(wish, now).coupon).toBe('STARTUP50')
    expect(changeOf({ ...wish, coupon: ' ' }, now).coupon).toBeUndefined()
  })
})
