import { expect, it } from 'vitest'
import { imbalance } from './statuses'

it('finds what the ledger does not explain', () => {
  const counts = { received: 100, stored: 90, duplicate: 4, quarantined: 3, suppressed: 2, held: 1 }
  expect(imbalance(counts)).toBe(0)
  expect(imbalance({ ...counts, stored: 88 })).toBe(2)
  expect(imbalance({ ...counts, held: 2 })).toBe(-1)
})
