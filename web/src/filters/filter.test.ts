import { expect, describe as group, it } from 'vitest'
import type { Event } from '../api/types'
import {
  allOf,
  describe,
  fault,
  leavesOutBots,
  matches,
  operators,
  parseFilter,
  parts,
  toScalar,
  type Condition,
  type Filter,
  type Operator,
  type Value,
  withoutBots,
} from './filter'

const event: Event = {
  event_id: 'e1',
  event: 'page_view',
  type: 'track',
  time: '2015-05-17T10:05:03Z',
  received_at: '2026-07-15T12:00:00Z',
  user_id: '',
  anonymous_id: 'a-17',
  session_id: '',
  source_id: '0',
  correlation_id: 'c1',
  receipt: 'r1',
  properties: {
    path: '/Pricing',
    status: 200,
    price: '5',
    paid: true,
    nothing: null,
    empty: '',
    'a.b': 1,
    tags: ['x'],
    deep: { er: 2 },
  },
  context: { page: { referrer: 'https://example.com/' } },
  facts: { country: 'DE', session_new: true },
  bot: '',
  sdk_name: 'analytics.js',
  sdk_version: '4.1',
}

const check = (property: string, operator: Operator, value?: Value) =>
  matches(value === undefined ? { property, operator } : { property, operator, value }, event)

group('matches', () => {
  it.each<[string, Operator, Value | undefined, boolean]>([
    ['properties.path', 'equals', '/Pricing', true],
    ['facts.country', 'equals', 'DE', true],
    ['facts.session_new', 'equals', true, true],
    ['facts.city', 'is_set', undefined, false],
    ['bot', 'is_not_set', undefined, true],
    ['sdk_name', 'equals', 'analytics.js', true],
    ['properties.path', 'equals', '/pricing', false],
    ['properties.path', 'contains', 'PRIC', true],
    ['properties.path', 'starts_with', '/pri', true],
    ['properties.path', 'ends_with', 'cing', true],
    ['properties.path', 'in', ['/', '/Pricing'], true],
    ['properties.status', 'equals', 200, true],
    ['properties.status', 'equals', '200', true],
    ['properties.price', 'equals', 5, false],
    ['properties.price', 'greater', 4, false],
    ['properties.status', 'greater', 199, true],
    ['properties.status', 'greater_or_equal', 200, true],
    ['properties.status', 'less', 200, false],
    ['properties.status', 'less_or_equal', 200, true],
    ['properties.paid', 'equals', true, true],
    ['properties.paid', 'equals', 'true', true],
    ['properties.nothing', 'is_set', undefined, false],
    ['properties.empty', 'is_set', undefined, true],
    ['properties.a\\.b', 'equals', 1, true],
    ['properties.deep.er', 'equals', 2, true],
    ['properties.tags', 'equals', '["x"]', true],
    ['properties.toString', 'is_set', undefined, false],
    ['context.page.referrer', 'contains', 'example', true],
    ['anonymous_id', 'equals', 'a-17', true],
    ['user_id', 'is_not_set', undefined, true],
    ['user_id', 'not_equals', 'x', true],
    ['user_id', 'equals', '', false],
  ])('%s %s %s', (property, operator, value, expected) => expect(check(property, operator, value)).toBe(expected))

  it('negates exactly', () => {
    for (const [positive, negative] of [
      ['equals', 'not_equals'],
      ['contains', 'not_contains'],
    ] as const) {
      for (const property of ['properties.path', 'properties.missing', 'properties.status']) {
        for (const value of ['/Pricing', '200']) {
          expect(check(property, negative, value)).toBe(!check(property, positive, value))
        }
      }
    }
  })

  it('combines', () => {
    const yes: Filter = { property: 'event', operator: 'equals', value: 'page_view' }
    const no: Filter = { property: 'event', operator: 'equals', value: 'other' }
    expect(matches({ and: [yes, no] }, event)).toBe(false)
    expect(matches({ or: [yes, no] }, event)).toBe(true)
    expect(matches({ not: no }, event)).toBe(true)
    expect(matches({ and: [] }, event)).toBe(true)
    expect(matches({ or: [] }, event)).toBe(true)
  })
})

group('toScalar', () => {
  it.each([
    ['200', 'equals', ['number'], 200],
    ['200', 'equals', ['number', 'string'], '200'],
    ['200', 'equals', [], '200'],
    ['200', 'greater', [], 200],
    ['200', 'contains', ['number'], '200'],
    ['true', 'equals', ['boolean'], true],
    ['true', 'equals', ['string'], 'true'],
    ['', 'greater', ['number'], ''],
    ['1e999', 'equals', ['number'], '1e999'],
  ] as const)('%s for %s of %s is %s', (text, operator, types, value) =>
    expect(toScalar(text, operator, types)).toBe(value),
  )
})

group('describe', () => {
  it('reads like a sentence', () => {
    const filter: Filter = {
      and: [
        { property: 'properties.path', operator: 'equals', value: '/' },
        {
          or: [
            { property: 'context.country', operator: 'in', value: ['DE', 'AT'] },
            { property: 'user_id', operator: 'is_set' },
          ],
        },
        { not: { property: 'properties.status', operator: 'greater', value: 399 } },
      ],
    }
    expect(describe(filter)).toBe(
      'path is / and (context.country is one of DE, AT or user_id is set) and not (status > 399)',
    )
  })
})

group('parseFilter', () => {
  it('reads back every operator', () => {
    for (const operator of operators) {
      const filter: Condition = { property: 'properties.x', operator, value: 'v' }
      expect(parseFilter(JSON.stringify(filter))).toEqual(filter)
    }
  })

  it.each([
    null,
    '',
    'nonsense',
    '[]',
    '{}',
    '1',
    '{"and":[{}]}',
    '{"property":"x","operator":"like","value":"y"}',
    '{"property":"x","operator":"equals","value":{}}',
  ])('refuses %s', (text) => expect(parseFilter(text)).toBeNull())

  it('refuses what is nested without end', () => {
    expect(parseFilter('{"not":'.repeat(5000) + '1' + '}'.repeat(5000))).toBeNull()
  })
})

group('allOf and parts', () => {
  const a: Filter = { property: 'event', operator: 'is_set' }
  it('are each other’s opposite', () => {
    expect(allOf([null, undefined])).toBeNull()
    expect(allOf([a, null])).toEqual(a)
    expect(parts(allOf([a, a]))).toEqual([a, a])
    expect(parts(null)).toEqual([])
  })
})

group('fault', () => {
  it.each<[Condition, string | null]>([
    [{ property: '', operator: 'equals', value: 'x' }, 'Choose a property.'],
    [{ property: 'p', operator: 'equals' }, 'Give a value.'],
    [{ property: 'p', operator: 'in', value: [] }, 'Give at least one value.'],
    [{ property: 'p', operator: 'less', value: 'x' }, 'Give a number.'],
    [{ property: 'p', operator: 'is_set' }, null],
    [{ property: 'p', operator: 'equals', value: false }, null],
  ])('%o', (condition, expected) => expect(fault(condition)).toBe(expected))
})

group('bots', () => {
  it('are left out by the filter itself, or as one of several conditions', () => {
    expect(leavesOutBots(withoutBots)).toBe(true)
    expect(leavesOutBots({ and: [{ property: 'event', operator: 'is_set' }, withoutBots] })).toBe(true)
    expect(describe(withoutBots)).toBe('without bots')
  })
  it('are not left out by less', () => {
    for (const filter of [
      null,
      { or: [withoutBots] },
      { not: withoutBots },
      { property: 'bot', operator: 'is_set' as const },
      { property: 'user_id', operator: 'is_not_set' as const },
    ])
      expect(leavesOutBots(filter)).toBe(false)
  })
})
