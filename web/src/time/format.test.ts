import { describe, expect, it } from 'vitest'
import {
  formatAgo,
  formatBucket,
  formatDuration,
  formatEarlier,
  formatExactTime,
  formatPeriod,
  formatRange,
  formatSpan,
  ticks,
} from './format'

const hoursFrom = (start: string, n: number) =>
  Array.from({ length: n }, (_, i) => new Date(Date.parse(start) + i * 3_600_000))

describe('formatSpan', () => {
  it.each([
    [null, '–'],
    [0, '0 ms'],
    [0.0004, '<1 ms'],
    [0.0344, '34 ms'],
    [0.9996, '1 s'],
    [1.25, '1.3 s'],
    [9.96, '10 s'],
    [59.7, '1 min'],
    [75, '1 min 15 s'],
    [7260, '2 h 1 min'],
    [3600, '1 h'],
    [90_061, '1 d 1 h'],
  ] as const)('%s is %s', (seconds, text) => {
    expect(formatSpan(seconds)).toBe(text)
  })
})

describe('formatRange', () => {
  it.each([
    ['2015-05-17', '2015-05-20', '17 – 20 May 2015'],
    ['2015-05-17', '2015-05-17', '17 May 2015'],
    ['2015-04-28', '2015-05-03', '28 Apr – 3 May 2015'],
    ['2014-12-28', '2015-01-03', '28 Dec 2014 – 3 Jan 2015'],
  ])('%s to %s is %s', (from, to, text) => {
    expect(formatRange({ kind: 'days', from, to }, 'America/New_York')).toBe(text)
  })

  it('names presets', () => expect(formatRange({ kind: 'preset', preset: '7d' }, 'UTC')).toBe('Last 7 days'))
})

describe('formatEarlier', () => {
  const period = { from: new Date('2015-05-13T00:00:00Z'), to: new Date('2015-05-17T00:00:00Z') }

  it('is short where a preset says it all', () => {
    expect(formatEarlier({ kind: 'preset', preset: '7d' }, 'previous_period', period, 'UTC')).toBe('the 7 days before')
    expect(formatEarlier({ kind: 'preset', preset: '7d' }, 'previous_year', period, 'UTC')).toBe('13 – 16 May 2015')
    expect(
      formatEarlier({ kind: 'days', from: '2015-05-17', to: '2015-05-20' }, 'previous_period', period, 'UTC'),
    ).toBe('13 – 16 May 2015')
  })
})

describe('formatPeriod', () => {
  const period = (from: string, to: string) => ({ from: new Date(from), to: new Date(to) })

  it('tells the time of day where it matters', () => {
    expect(formatPeriod(period('2015-05-17T10:00:00Z', '2015-05-17T12:30:00Z'), 'UTC')).toBe(
      '17 May 2015 10:00 – 12:30',
    )
    expect(formatPeriod(period('2015-05-17T22:00:00Z', '2015-05-18T02:00:00Z'), 'UTC')).toBe(
      '17 May 2015 22:00 – 18 May 2015 02:00',
    )
    expect(formatPeriod(period('2015-05-16T22:00:00Z', '2015-05-17T22:00:00Z'), 'Europe/Berlin')).toBe('17 May 2015')
  })
})

describe('times', () => {
  it('are told in the zone', () => {
    expect(formatExactTime('2015-05-17T10:05:03.007Z', 'Asia/Kolkata')).toBe('17 May 2015 15:35:03.007')
    expect(formatBucket('2015-05-17T10:00:00Z', 'hour', 'UTC')).toBe('Sun 17 May 2015 10:00')
    expect(formatBucket('2015-05-18T00:00:00Z', 'week', 'UTC')).toBe('Week of 18 May 2015')
    expect(formatBucket('2015-05-01T00:00:00Z', 'month', 'UTC')).toBe('May 2015')
  })

  it('are told from now', () => {
    const now = new Date('2026-07-15T12:00:00Z')
    expect(formatAgo('2026-07-15T11:59:48Z', now)).toBe('12 seconds ago')
    expect(formatAgo('2026-07-14T11:00:00Z', now)).toBe('yesterday')
    expect(formatAgo('2026-07-18T12:00:00Z', now)).toBe('in 3 days')
  })

  it('have durations', () => {
    expect(formatDuration(604_800)).toBe('7 days')
    expect(formatDuration(3600)).toBe('1 hour')
    expect(formatDuration(0)).toBe('0 seconds')
  })
})

describe('ticks', () => {
  it('falls on midnights when there is little room', () => {
    expect(ticks(hoursFrom('2015-05-17T00:00:00Z', 96), 'hour', 'UTC', 5).map((t) => t.label)).toEqual([
      '17 May',
      '18 May',
      '19 May',
      '20 May',
    ])
  })

  it('falls on noons as well when there is more', () => {
    expect(ticks(hoursFrom('2015-05-17T00:00:00Z', 48), 'hour', 'UTC', 5).map((t) => t.label)).toEqual([
      '17 May',
      '12:00',
      '18 May',
      '12:00',
    ])
  })

  it('follows the clock of the zone', () => {
    const found = ticks(hoursFrom('2015-05-16T18:00:00Z', 48), 'hour', 'Europe/Berlin', 3)
    expect(found.map((t) => [t.index, t.label])).toEqual([
      [4, '17 May'],
      [28, '18 May'],
    ])
  })

  it('never makes more than there is room for', () => {
    for (let room = 1; room < 20; room++) {
      expect(ticks(hoursFrom('2015-05-17T07:00:00Z', 500), 'hour', 'UTC', room).length).toBeLessThanOrEqual(room)
    }
  })

  it('names the year where it changes', () => {
    const months = ['2014-11-01', '2014-12-01', '2015-01-01', '2015-02-01'].map((d) => new Date(d))
    expect(ticks(months, 'month', 'UTC', 12).map((t) => t.label)).toEqual(['Nov 2014', 'Dec', 'Jan 2015', 'Feb'])
  })
})
