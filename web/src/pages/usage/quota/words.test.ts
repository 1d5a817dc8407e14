import { describe, expect, it } from 'vitest'
import type { Quota } from '../../../api/billing'
import { beyondWords, noticeWords, reachWords } from './words'

const limit: NonNullable<Quota['limit']> = { events: 1000, extra: 0, then: 'hold', keep_days: 30, because: 'plan' }

describe('reachWords', () => {
  const forecast = { expected: 1400, reached_at: '2026-11-23T07:00:00Z' }
  it('names the day', () => expect(reachWords({ used: 900, limit, forecast })).toBe('You will reach it on the 23rd.'))
  it('says nothing where it is reached, or will not be, or is not known', () => {
    expect(reachWords({ used: 1000, limit, forecast })).toBeNull()
    expect(reachWords({ used: 900, limit, forecast: { expected: 950 } })).toBeNull()
    expect(reachWords({ used: 900, limit })).toBeNull()
    expect(reachWords({ used: 900, forecast })).toBeNull()
  })
})

describe('beyondWords', () => {
  it('says what becomes of what is beyond', () => {
    expect(beyondWords(limit)).toMatch(/held for 30 days/)
    expect(beyondWords({ ...limit, then: 'overage' })).toMatch(/paid for/)
  })
})

describe('noticeWords', () => {
  const w = { used: 800, events: 1000, at: '2026-11-20T00:00:00Z' }
  it('has words for each', () => {
    expect(noticeWords({ ...w, notice: 'most' })).toBe('80% of the limit is used: 800 of 1,000 events')
    expect(noticeWords({ ...w, notice: 'forecast', day: '2026-11-23' })).toMatch(/on the 23rd/)
    expect(noticeWords({ ...w, notice: 'expiring', day: '2026-12-01' })).toMatch(/from the 1st on/)
  })
})
