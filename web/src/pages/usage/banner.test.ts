import { describe, expect, it } from 'vitest'
import { bannerOf } from './banner'

const limit = { events: 1000, extra: 0, then: 'hold', keep_days: 30, because: 'plan' } as const
const room = { limit, left: 10, held: [], releasing: false }
const held = {
  reason: 'over_quota',
  events: 25,
  since: '2026-11-20T00:00:00Z',
  expires_from: '2026-12-20T00:00:00Z',
  expires_to: '2026-12-20T00:00:00Z',
} as const
const paid = { standing: 'ok', suspended_by: null } as const

describe('bannerOf', () => {
  it('is silent while all is well, and while nothing is known', () => {
    expect(bannerOf(room, paid)).toBeNull()
    expect(bannerOf(undefined, undefined)).toBeNull()
    expect(bannerOf({ limit: { ...limit, then: 'overage' }, held: [], releasing: false }, paid)).toBeNull()
  })
  it('tells that the limit is reached, and what is held', () => {
    expect(bannerOf({ ...room, left: 0 }, paid)?.text).toMatch(
      /^The limit of 1,000 events is reached\. More events are held/,
    )
    expect(bannerOf({ ...room, left: 0, held: [held] }, paid)?.text).toMatch(/25 events are held, not lost\.$/)
  })
  it('tells when held events are being stored', () => {
    expect(bannerOf({ limit, held: [held], releasing: true }, paid)?.tone).toBe('calm')
  })
  it('says the gravest thing first', () => {
    const full = { ...room, left: 0 }
    expect(bannerOf(full, { ...paid, standing: 'suspended' })).toMatchObject({ tone: 'loss', to: '/usage/payment' })
    expect(bannerOf(full, { ...paid, standing: 'restricted' })?.to).toBe('/usage/payment')
    expect(bannerOf(full, { ...paid, standing: 'past_due' })?.to).toBe('/usage/quota')
    expect(bannerOf(room, { ...paid, standing: 'past_due' })?.to).toBe('/usage/payment')
  })
  it('tells until when all works', () => {
    const next = { at: '2026-12-05T00:00:00Z', standing: 'restricted' } as const
    expect(bannerOf(room, { ...paid, standing: 'past_due', next })?.text).toBe(
      'An invoice is past due. Everything works until 5 Dec 2026.',
    )
  })
  it('does not speak of money to those whom an operator has suspended', () => {
    expect(bannerOf(room, { ...paid, standing: 'suspended', suspended_by: 'ops' })?.text).not.toMatch(/invoice/)
  })
})
