import { expect, test } from 'vitest'
import { endOfDay, latestDeadline } from './extension'

test('a deadline can be moved to three months after filing, by the calendar', () => {
  expect(latestDeadline('2026-11-21T09:30:00.000Z').toISOString()).toBe('2027-02-21T09:30:00.000Z')
  expect(latestDeadline('2026-11-30T09:30:00.000Z').toISOString()).toBe('2027-02-28T09:30:00.000Z')
})

test('it ends with the day in the zone of the organization, and never after the last moment', () => {
  const latest = new Date('2027-02-21T09:30:00Z')
  expect(endOfDay('2027-01-15', 'Europe/Berlin', latest).toISOString()).toBe('2027-01-15T22:59:59.000Z')
  expect(endOfDay('2027-02-21', 'UTC', latest)).toEqual(latest)
  expect(endOfDay('2027-02-22', 'UTC', latest) > latest).toBe(true)
})
