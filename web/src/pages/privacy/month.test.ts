import { expect, test } from 'vitest'
import { dayByKey, dayName, isMonth, laterMonth, monthName, weeksOf } from './month'

test('a month is its weeks, Monday first, and whole', () => {
  const weeks = weeksOf('2026-11') // begins on a Sunday, ends on a Monday
  expect(weeks).toHaveLength(6)
  expect(weeks[0]?.[0]).toBe('2026-10-26')
  expect(weeks[0]?.[6]).toBe('2026-11-01')
  expect(weeks[5]?.[0]).toBe('2026-11-30')
  expect(weeksOf('2021-02')).toHaveLength(4) // exactly four weeks
  expect(weeksOf('2026-03').flat()).toContain('2026-03-29') // clocks are set forward
  expect(new Set(weeksOf('2026-03').flat()).size).toBe(weeksOf('2026-03').length * 7)
})

test('keys lead as in every calendar', () => {
  expect(dayByKey('2026-11-30', 'ArrowRight')).toBe('2026-12-01')
  expect(dayByKey('2026-11-21', 'ArrowLeft')).toBe('2026-11-20')
  expect(dayByKey('2026-11-05', 'ArrowUp')).toBe('2026-10-29')
  expect(dayByKey('2026-11-25', 'ArrowDown')).toBe('2026-12-02')
  expect(dayByKey('2026-11-21', 'Home')).toBe('2026-11-16')
  expect(dayByKey('2026-11-21', 'End')).toBe('2026-11-22')
  expect(dayByKey('2026-03-31', 'PageUp')).toBe('2026-02-28')
  expect(dayByKey('2026-12-31', 'PageDown')).toBe('2027-01-31')
  expect(dayByKey('2026-11-21', 'a')).toBeNull()
})

test('months and days have names', () => {
  expect(isMonth('2026-11')).toBe(true)
  expect(isMonth('2026-13')).toBe(false)
  expect(isMonth('next')).toBe(false)
  expect(laterMonth('2026-12', 1)).toBe('2027-01')
  expect(laterMonth('2026-01', -1)).toBe('2025-12')
  expect(monthName('2026-11')).toBe('November 2026')
  expect(dayName('2026-11-21')).toBe('Saturday 21 November 2026')
})
