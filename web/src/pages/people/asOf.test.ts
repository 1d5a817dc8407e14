import { describe, expect, it } from 'vitest'
import { personPath } from '../../parts/person'
import { parseAsOf, shortValue } from './asOf'

describe('the moment to look at', () => {
  it('is the end of a day in the zone', () => {
    expect(parseAsOf('2026-03-29', 'Europe/Berlin')?.toISOString()).toBe('2026-03-29T21:59:59.999Z')
    expect(parseAsOf('2026-03-28', 'Europe/Berlin')?.toISOString()).toBe('2026-03-28T22:59:59.999Z')
  })
  it('is a moment as it stands', () => {
    expect(parseAsOf('2026-03-29T10:00:00.123Z', 'Asia/Tokyo')?.toISOString()).toBe('2026-03-29T10:00:00.123Z')
  })
  it('is now for everything else', () => {
    for (const text of [null, '', 'yesterday', '2026-02-31', '2026-13-01T00:00:00Z', '12']) {
      expect(parseAsOf(text, 'UTC')).toBeNull()
    }
  })
})

it('leads to a person whatever their ID is', () => {
  expect(personPath('a/b?c#d')).toBe('/people/a%2Fb%3Fc%23d')
  expect(personPath('ada', '2026-03-29')).toBe('/people/ada?as_of=2026-03-29')
})

it('tells values on one line', () => {
  expect([shortValue('a'), shortValue(5), shortValue({ b: [1] }), shortValue(null)]).toEqual([
    'a',
    '5',
    '{"b":[1]}',
    'null',
  ])
})
