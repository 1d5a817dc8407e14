import { describe, expect, it } from 'vitest'
import type { JobSpell } from '../../api/jobs'
import { everyBucket, summed } from './spells'

const spell = (time: string, count: number, failed: number, seconds: number | null): JobSpell => ({
  time,
  count,
  failed,
  p50_seconds: seconds,
  p95_seconds: seconds,
  max_seconds: seconds,
})

const spells = [
  spell('2026-01-31T10:00:00Z', 4, 1, 2),
  spell('2026-01-31T12:00:00Z', 2, 0, 0.5),
  spell('2026-01-31T13:00:00Z', 1, 0, null),
]

describe('everyBucket', () => {
  it('has gaps where nothing ended, and says what is not whole', () => {
    const period = { from: new Date('2026-01-31T10:30:00Z'), to: new Date('2026-01-31T13:10:00Z') }
    expect(everyBucket(spells, 'hour', period)((s) => s.p50_seconds)).toEqual([
      { time: '2026-01-31T10:00:00.000Z', value: 2, partial: true },
      { time: '2026-01-31T11:00:00.000Z', value: null },
      { time: '2026-01-31T12:00:00.000Z', value: 0.5 },
      { time: '2026-01-31T13:00:00.000Z', value: null, partial: true },
    ])
  })
})

describe('summed', () => {
  it('adds up, and takes the newest that is known', () => {
    expect(summed(spells)).toEqual({ count: 7, failed: 1, newest: spells[1], longest: 2 })
    expect(summed([])).toEqual({ count: 0, failed: 0, newest: undefined, longest: null })
  })
})
