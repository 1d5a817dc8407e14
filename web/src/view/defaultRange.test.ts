import { describe, expect, it } from 'vitest'
import { defaultRange } from './defaultRange'

const now = new Date('2026-07-15T12:00:00Z')
const seen = (first: string, last: string) => ({ first: new Date(first), last: new Date(last) })

describe('the range that nobody has chosen', () => {
  it('is the last 7 days', () => {
    expect(defaultRange(null, 'UTC', now)).toEqual({ range: { kind: 'preset', preset: '7d' }, because: 'default' })
    expect(defaultRange(seen('2026-01-01T00:00:00Z', '2026-07-15T11:00:00Z'), 'UTC', now).range).toEqual({
      kind: 'preset',
      preset: '7d',
    })
  })

  it('is the last 24 hours on the first day', () => {
    expect(defaultRange(seen('2026-07-15T11:00:00Z', '2026-07-15T11:59:00Z'), 'UTC', now)).toEqual({
      range: { kind: 'preset', preset: '24h' },
      because: 'first-day',
    })
  })

  it('is the time of the newest events when those are old', () => {
    expect(defaultRange(seen('2015-05-17T10:05:00Z', '2015-05-20T21:05:59Z'), 'UTC', now)).toEqual({
      range: { kind: 'days', from: '2015-05-17', to: '2015-05-20' },
      because: 'newest-events',
    })
  })
})
