import { expect, it } from 'vitest'
import { distance, pathsOf, suggest } from './suggest'

const examples = [
  {
    payload:
      '{"event":"checkout","event_id":"1","properties":{"amount":12.5,"currency":"EUR","items":[{"sku":"a"},{"sku":"b"}],"a.b":1}}',
  },
  { payload: 'not json' },
]
const found = pathsOf(examples)
const known = {
  events: ['checkout', 'page_view'],
  properties: ['properties.total', 'properties.currency', 'properties.items'],
}

it('finds the paths of examples, lists by any element, and never the ID', () => {
  expect([...found.keys()]).toEqual([
    'event',
    'properties',
    'properties.amount',
    'properties.currency',
    'properties.items',
    'properties.items[*]',
    'properties.items[*].sku',
    'properties."a.b"',
  ])
  expect(found.get('properties.items[*].sku')).toEqual(['a', 'b'])
})

it('takes what stored events do not have for what is missing', () => {
  const steps = suggest(
    { code: 'schema_violation', event: 'checkout', path: 'properties.total', message: 'must be a number' },
    found,
    known,
  )
  expect(steps[0]).toEqual({ op: 'rename', from: 'properties.amount', to: 'properties.total' })
})

it('converts what is there in another form', () => {
  const there = pathsOf([{ payload: '{"properties":{"total":"12.50"}}' }])
  expect(
    suggest(
      { code: 'schema_violation', event: 'checkout', path: 'properties.total', message: 'must be a number' },
      there,
      known,
    ),
  ).toEqual([{ op: 'convert', path: 'properties.total', to_type: 'number' }])
})

it('gives a mistyped event its name', () => {
  expect(suggest({ code: 'unknown_event', event: 'chekout', path: '', message: '' }, found, known)).toEqual([
    { op: 'set_event', value: 'checkout' },
  ])
  expect(distance('chekout', 'checkout')).toBe(1)
  expect(distance('', 'abc')).toBe(3)
})

it('drops what the schema does not know', () => {
  expect(
    suggest({ code: 'unknown_property', event: 'checkout', path: 'properties.amount', message: '' }, found, known).at(
      -1,
    ),
  ).toEqual({
    op: 'drop',
    path: 'properties.amount',
  })
})
