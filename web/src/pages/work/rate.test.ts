import { expect, it } from 'vitest'
import { formatRate } from './rate'

it.each([
  [null, '–'],
  [0, '0/s'],
  [12_345, '12.3K/s'],
  [123.4, '123/s'],
  [1.26, '1.3/s'],
  [0.1, '6/min'],
  [1 / 300, '12/h'],
  [1 / 36_000, '0.1/h'],
] as const)('%s is %s', (rate, text) => {
  expect(formatRate(rate)).toBe(text)
})
