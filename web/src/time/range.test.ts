import { describe, expect, it } from 'vitest'
import {
  autoInterval,
  coarsestInterval,
  dayOf,
  earlier,
  isDay,
  isOpen,
  isZone,
  possibleIntervals,
  rangeOfEvents,
  resolve,
  type Period,
  type Range,
} from './range'

const berlin = 'Europe/Berlin'
// A Wednesday, 14:30 in Berlin, in summer.
const now = new Date('2026-07-15T12:30:00Z')

const show = (p: Period | null) => (p === null ? null : `${p.from.toISOString()} ${p.to.toISOString()}`)
const days = (from: string, to: string): Range => ({ kind: 'days', from, to })
const preset = (p: '1h' | '24h' | 'today' | 'yesterday' | '7d' | '30d' | '90d' | '12mo'): Range => ({
  kind: 'preset',
  preset: p,
})

describe('resolve', () => {
  it('takes days by the clock of the zone, both inclusive', () => {
    expect(show(resolve(days('2015-05-17', '2015-05-20'), 'UTC', now))).toBe(
      '2015-05-17T00:00:00.000Z 2015-05-21T00:00:00.000Z',
    )
    expect(show(resolve(days('2015-05-17', '2015-05-20'), berlin, now))).toBe(
      '2015-05-16T22:00:00.000Z 2015-05-20T22:00:00.000Z',
    )
  })

  it('knows days of 23 and 25 hours', () => {
    expect(show(resolve(days('2026-03-29', '2026-03-29'), berlin, now))).toBe(
      '2026-03-28T23:00:00.000Z 2026-03-29T22:00:00.000Z',
    )
    expect(show(resolve(days('2026-10-25', '2026-10-25'), berlin, now))).toBe(
      '2026-10-24T22:00:00.000Z 2026-10-25T23:00:00.000Z',
    )
  })

  it.each([
    ['1h', '2026-07-15T11:30:00.000Z 2026-07-15T12:30:00.000Z'],
    ['24h', '2026-07-14T12:30:00.000Z 2026-07-15T12:30:00.000Z'],
    ['today', '2026-07-14T22:00:00.000Z 2026-07-15T12:30:00.000Z'],
    ['yesterday', '2026-07-13T22:00:00.000Z 2026-07-14T22:00:00.000Z'],
    ['7d', '2026-07-08T22:00:00.000Z 2026-07-15T12:30:00.000Z'],
    ['30d', '2026-06-15T22:00:00.000Z 2026-07-15T12:30:00.000Z'],
    // Winter time was in force at the start.
    ['12mo', '2025-07-31T22:00:00.000Z 2026-07-15T12:30:00.000Z'],
  ] as const)('%s ends now, or at the last midnight', (p, expected) => {
    expect(show(resolve(preset(p), berlin, now))).toBe(expected)
  })

  it('passes instants on', () => {
    const range: Range = { kind: 'instants', from: '2015-05-17T10:00:00Z', to: '2015-05-17T12:00:00Z' }
    expect(show(resolve(range, berlin, now))).toBe('2015-05-17T10:00:00.000Z 2015-05-17T12:00:00.000Z')
  })
})

describe('earlier', () => {
  it('compares whole days with the days before', () => {
    expect(show(earlier(days('2015-05-17', '2015-05-20'), 'previous_period', 'UTC', now))).toBe(
      '2015-05-13T00:00:00.000Z 2015-05-17T00:00:00.000Z',
    )
  })

  it('compares what is not over with as much of the period before', () => {
    expect(show(earlier(preset('7d'), 'previous_period', berlin, now))).toBe(
      '2026-07-01T22:00:00.000Z 2026-07-08T12:30:00.000Z',
    )
    expect(show(earlier(preset('today'), 'previous_period', berlin, now))).toBe(
      '2026-07-13T22:00:00.000Z 2026-07-14T12:30:00.000Z',
    )
    expect(show(earlier(days('2026-07-14', '2026-07-17'), 'previous_period', berlin, now))).toBe(
      '2026-07-09T22:00:00.000Z 2026-07-11T12:30:00.000Z',
    )
  })

  it('keeps to the calendar across a change of the clock', () => {
    expect(show(earlier(days('2026-03-30', '2026-04-05'), 'previous_period', berlin, now))).toBe(
      '2026-03-22T23:00:00.000Z 2026-03-29T22:00:00.000Z',
    )
  })

  it('compares hours with as many hours', () => {
    expect(show(earlier(preset('1h'), 'previous_period', berlin, now))).toBe(
      '2026-07-15T10:30:00.000Z 2026-07-15T11:30:00.000Z',
    )
  })

  it('finds the same dates a year ago', () => {
    expect(show(earlier(days('2016-02-29', '2016-02-29'), 'previous_year', 'UTC', now))).toBe(
      '2015-02-28T00:00:00.000Z 2015-03-01T00:00:00.000Z',
    )
  })

  it('is nothing when not asked for', () => {
    expect(earlier(preset('7d'), 'none', berlin, now)).toBeNull()
  })
})

describe('intervals', () => {
  const hours = (n: number): Period => ({ from: new Date(0), to: new Date(n * 3_600_000) })

  it.each([
    [1, 'minute'],
    [24, 'hour'],
    [96, 'hour'],
    [24 * 30, 'day'],
    [24 * 200, 'week'],
    [24 * 800, 'month'],
  ] as const)('%s hours are cut by the %s', (n, expected) => expect(autoInterval(hours(n))).toBe(expected))

  it('offers only what can be drawn', () => {
    expect(possibleIntervals(hours(1))).toEqual(['minute', 'hour'])
    expect(possibleIntervals(hours(96))).toEqual(['hour', 'day'])
    expect(possibleIntervals(hours(24 * 365))).toEqual(['day', 'week', 'month'])
    expect(possibleIntervals(hours(0.5))).toEqual(['minute'])
    expect(coarsestInterval(hours(96))).toBe('day')
  })
})

describe('rangeOfEvents', () => {
  it('holds all of them when they lie close together', () => {
    const range = rangeOfEvents(new Date('2015-05-17T10:05:03Z'), new Date('2015-05-20T21:05:59Z'), 'UTC')
    expect(range).toEqual(days('2015-05-17', '2015-05-20'))
  })

  it('holds the last 30 days of a long history', () => {
    const range = rangeOfEvents(new Date('2014-01-01T00:00:00Z'), new Date('2015-05-20T21:05:59Z'), 'UTC')
    expect(range).toEqual(days('2015-04-21', '2015-05-20'))
  })
})

describe('isOpen', () => {
  it('tells whether new events belong to the range', () => {
    expect(isOpen(preset('7d'), berlin, now)).toBe(true)
    expect(isOpen(preset('yesterday'), berlin, now)).toBe(false)
    expect(isOpen(days('2026-07-15', '2026-07-15'), berlin, now)).toBe(true)
    expect(isOpen(days('2015-05-17', '2015-05-20'), berlin, now)).toBe(false)
  })
})

describe('days and zones', () => {
  it('are recognised', () => {
    expect(isDay('2015-05-17')).toBe(true)
    expect(isDay('2015-02-30')).toBe(false)
    expect(isDay('17 May')).toBe(false)
    expect(isZone('Europe/Berlin')).toBe(true)
    expect(isZone('Mars/Olympus')).toBe(false)
  })

  it('depend on each other', () => {
    expect(dayOf(new Date('2015-05-17T23:30:00Z'), berlin)).toBe('2015-05-18')
    expect(dayOf(new Date('2015-05-17T23:30:00Z'), 'America/New_York')).toBe('2015-05-17')
  })
})
