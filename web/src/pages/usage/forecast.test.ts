import { describe, expect, it } from 'vitest'
import { forecastWords, madeFrom, roughly } from './forecast'

const events = { unit: 'events', per_unit: 1 }

describe('roughly', () => {
  it('promises no more than is known', () => {
    expect([0, 7, 94, 1_234, 98_765, 1_234_567, 2_000_000, 3_440_000_000].map(roughly)).toEqual([
      '0',
      '7',
      '94',
      '1,200',
      '99,000',
      '1.2 million',
      '2 million',
      '3.4 billion',
    ])
  })
})

describe('forecastWords', () => {
  it('say what is expected, and how far it may be off', () => {
    expect(forecastWords({ expected: 620_300, low: 588_000, high: 704_000, weeks: 4 }, events)).toBe(
      'about 620,000 events, between 590,000 and 700,000',
    )
    expect(forecastWords({ expected: 900, low: 900, high: 900, weeks: 0 }, events)).toBe('about 900 events')
  })
  it('are in the unit of the meter', () => {
    const seconds = { unit: 'seconds', per_unit: 1000 }
    expect(forecastWords({ expected: 90_000, low: 60_000, high: 90_000, weeks: 1 }, seconds)).toBe(
      'about 90 seconds, between 60 and 90',
    )
  })
})

describe('madeFrom', () => {
  it('is honest about little', () => {
    const f = { expected: 1, low: 1, high: 1 }
    expect(madeFrom({ ...f, weeks: 0 })).toMatch(/rough/)
    expect(madeFrom({ ...f, weeks: 1 })).toBe('If it goes on as in the week before')
    expect(madeFrom({ ...f, weeks: 4 })).toBe('If it goes on as in the 4 weeks before')
  })
})
