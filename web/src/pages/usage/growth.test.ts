import { describe, expect, it } from 'vitest'
import { ahead, daysOf, growth } from './growth'

const days = daysOf('2026-11-01T00:00:00Z', '2026-12-01T00:00:00Z')

describe('daysOf', () => {
  it('are the days of a calendar month in UTC', () => {
    expect(days).toHaveLength(30)
    expect(days[0]).toBe('2026-11-01T00:00:00.000Z')
    expect(daysOf('2026-02-01T00:00:00Z', '2026-03-01T00:00:00Z')).toHaveLength(28)
  })
})

describe('growth', () => {
  const used = new Map([
    [days[0] ?? '', 10],
    [days[2] ?? '', 5],
  ])
  it('adds up, and knows nothing of days to come', () => {
    const points = growth(days, used, new Date('2026-11-03T12:00:00Z'))
    expect(points.slice(0, 4).map((p) => p.value)).toEqual([10, 10, 15, null])
    expect(points.map((p) => p.partial === true).indexOf(true)).toBe(2)
  })
  it('is whole when the month is over', () => {
    const points = growth(days, used, new Date('2026-12-09T00:00:00Z'))
    expect(points.at(-1)).toEqual({ time: days[29], value: 15, partial: false })
  })
})

describe('ahead', () => {
  const coming = [
    { day: '2026-11-28', quantity: 10 },
    { day: '2026-11-29', quantity: 0 },
    { day: '2026-11-30', quantity: 30 },
  ]
  const now = new Date('2026-11-28T12:00:00Z')
  it('leads from what there is to what is expected, with its ups and downs', () => {
    const points = ahead(days, coming, now, 100, 140)
    expect(points.slice(26).map((p) => p.value)).toEqual([null, 110, 110, 140])
  })
  it('keeps its shape where less or more is expected', () => {
    expect(
      ahead(days, coming, now, 100, 180)
        .slice(27)
        .map((p) => p.value),
    ).toEqual([120, 120, 180])
  })
  it('has nothing to say where nothing is to come', () => {
    expect(ahead(days, [], now, 7, 7).every((p) => p.value === null)).toBe(true)
    expect(ahead(days, coming, new Date('2026-12-01T00:00:00Z'), 7, 9).every((p) => p.value === null)).toBe(true)
  })
})
