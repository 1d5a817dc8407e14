import { describe, expect, it } from 'vitest'
import { localTime } from './localTime'

describe('a time on the clock of a zone', () => {
  it.each([
    ['2026-11-21T09:30', 'UTC', '2026-11-21T09:30:00.000Z'],
    ['2026-11-21T09:30', 'Europe/Berlin', '2026-11-21T08:30:00.000Z'],
    ['2026-07-01T00:00', 'Europe/Berlin', '2026-06-30T22:00:00.000Z'],
    ['2026-10-25T12:00', 'Europe/Berlin', '2026-10-25T11:00:00.000Z'],
    ['2026-03-29T12:00', 'America/New_York', '2026-03-29T16:00:00.000Z'],
    ['2026-11-21T09:30', 'Asia/Kolkata', '2026-11-21T04:00:00.000Z'],
  ])('%s in %s', (text, zone, instant) => {
    expect(localTime.parse(text, zone)?.toISOString()).toBe(instant)
    expect(localTime.text(new Date(instant), zone)).toBe(text)
  })

  it('is nothing for what is not a time', () => {
    expect(localTime.parse('', 'UTC')).toBeNull()
    expect(localTime.parse('soon', 'UTC')).toBeNull()
  })
})
