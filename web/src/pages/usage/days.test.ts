import { expect, it } from 'vitest'
import type { UsageMeter, UsageMonth } from '../../api/usage'
import { lastDayOf, newestDayOf } from './days'

const november = { from: '2026-11-01T00:00:00Z', to: '2026-12-01T00:00:00Z', as_of: '2026-11-21T13:05:00Z' }

function month(change: Partial<UsageMonth>): UsageMonth {
  return { ...november, meters: [], ...change } as UsageMonth
}

it('a month that runs ends today, one that is over with its last day', () => {
  expect(lastDayOf(month({}))).toBe('2026-11-21')
  expect(lastDayOf(month({ as_of: '2027-01-09T00:00:00Z' }))).toBe('2026-11-30')
})

it('the newest day is that of whichever meter was counted last, and today where nothing was', () => {
  const counted = (...days: string[]) =>
    ({ days: days.map((day) => ({ day, quantity: '1' })) }) as unknown as UsageMeter
  expect(newestDayOf(month({ meters: [counted('2026-11-02', '2026-11-19'), counted('2026-11-20')] }))).toBe(
    '2026-11-20',
  )
  expect(newestDayOf(month({ meters: [counted()] }))).toBe('2026-11-21')
})
