import { describe, expect, it } from 'vitest'
import { change, formatBytes, formatNumber, formatShare, formatShort, plural } from './format'

describe('formatNumber', () => {
  it.each([
    [9999, '9,999'],
    [0, '0'],
    [-1234.5, '-1,234.5'],
    [0.1 + 0.2, '0.3'],
    [12345678.9, '12,345,679'],
    [null, '–'],
    [undefined, '–'],
    [NaN, '–'],
  ])('%s is %s', (n, text) => expect(formatNumber(n)).toBe(text))
})

describe('formatShort', () => {
  it.each([
    [9999, '9,999'],
    [10_000, '10K'],
    [1_234_567, '1.23M'],
    [null, '–'],
  ])('%s is %s', (n, text) => expect(formatShort(n)).toBe(text))
})

describe('formatShare', () => {
  it.each([
    [0, '0%'],
    [0.0004, '<0.1%'],
    [0.125, '12.5%'],
    [0.9999, '>99.9%'],
    [1, '100%'],
    [null, '–'],
  ])('%s is %s', (n, text) => expect(formatShare(n)).toBe(text))
})

describe('change', () => {
  it.each([
    [110, 100, { direction: 'up', text: '10%' }],
    [50, 100, { direction: 'down', text: '50%' }],
    [0, 100, { direction: 'down', text: '100%' }],
    [100, 100, { direction: 'same', text: '0%' }],
    [4200, 100, { direction: 'up', text: '42×' }],
  ])('from %2$s to %1$s', (now, before, expected) => expect(change(now, before)).toEqual(expected))

  it('is unknown without something to compare with', () => {
    expect(change(5, 0)).toBeNull()
    expect(change(5, null)).toBeNull()
    expect(change(undefined, 5)).toBeNull()
  })
})

describe('plural', () => {
  it('agrees with the number', () => {
    expect(plural(1, 'event')).toBe('1 event')
    expect(plural(0, 'event')).toBe('0 events')
    expect(plural(1200, 'entry', 'entries')).toBe('1,200 entries')
  })
})

it('bytes are told in the largest unit', () => {
  expect([0, 1, 999, 1000, 1536, 999_499, 999_500, 2.5e9].map(formatBytes)).toEqual([
    '0 bytes',
    '1 byte',
    '999 bytes',
    '1 kB',
    '1.54 kB',
    '999 kB',
    '1 MB',
    '2.5 GB',
  ])
  expect(formatBytes(null)).toBe('–')
})
