import { describe, expect, it } from 'vitest'
import { formatQuantity, formatWithUnit } from './quantity'

const events = { unit: 'events', per_unit: 1 }
const seconds = { unit: 'seconds', per_unit: 1000 }
const storage = { unit: 'GB-days', per_unit: 24_000_000_000 }

describe('formatWithUnit', () => {
  it('writes a quantity in the unit of its meter', () => {
    expect(formatWithUnit(1_234_567, events)).toBe('1,234,567 events')
    expect(formatWithUnit(1500, seconds)).toBe('1.5 seconds')
    expect(formatWithUnit(36_000_000_000, storage)).toBe('1.5 GB-days')
  })
  it('knows that one is one', () => {
    expect(formatWithUnit(1, events)).toBe('1 event')
    expect(formatWithUnit(24_000_000_000, storage)).toBe('1 GB-day')
    expect(formatWithUnit(0, events)).toBe('0 events')
  })
  it('does not show a little as nothing', () => expect(formatWithUnit(1_000, storage)).not.toBe('0 GB-days'))
  it('leaves fractions of large numbers out', () => expect(formatWithUnit(12_345_678, seconds)).toBe('12,346 seconds'))
  it('shows what is not known as a dash', () => {
    expect(formatWithUnit(null, events)).toBe('–')
    expect(formatQuantity(undefined, events)).toBe('–')
  })
})
