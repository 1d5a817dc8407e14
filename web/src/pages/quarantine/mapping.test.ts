import { expect, it } from 'vitest'
import type { MappingStep } from '../../api/replays'
import { describeStep, flawOf, fromStep, newDraft, parseSteps, readValue, toStep } from './mapping'

const steps: MappingStep[] = [
  { op: 'rename', from: 'properties.amount', to: 'properties.total' },
  { op: 'convert', path: 'properties.total', to_type: 'integer' },
  { op: 'default', path: 'properties.currency', value: 'EUR' },
  { op: 'default', path: 'properties.count', value: 1 },
  { op: 'default', path: 'properties.zip', value: '12' },
  { op: 'drop', path: 'properties.debug' },
  { op: 'split', path: 'properties.name', separator: ' ', into: ['properties.first', 'properties.last'] },
  { op: 'set_event', value: 'checkout' },
]

it('keeps every step as it is written and read, also in a link', () => {
  expect(steps.map((s) => toStep(fromStep(s)))).toEqual(steps)
  expect(parseSteps(JSON.stringify(steps)).map(toStep)).toEqual(steps)
  for (const d of steps.map(fromStep)) expect(flawOf(d)).toBeNull()
})

it('takes nothing from a link that is no mapping', () => {
  for (const text of [null, '', '{', '{}', '"x"', '[{"op":"explode"}]']) expect(parseSteps(text)).toEqual([])
})

it('tells what is still to be said', () => {
  expect(flawOf(newDraft({ op: 'rename', from: 'a' }))).toMatch('to where')
  expect(flawOf(newDraft({ op: 'rename', from: 'a', to: ' a' }))).toMatch('same')
  expect(flawOf(newDraft({ op: 'default', path: 'a' }))).toMatch('fill in')
  expect(flawOf(newDraft({ op: 'split', path: 'a', into: 'b,' }))).toMatch('two places')
})

it('reads a value as JSON, and as a text where it is none', () => {
  expect(readValue('12')).toBe(12)
  expect(readValue('"12"')).toBe('12')
  expect(readValue('EUR')).toBe('EUR')
})

it('says each step in words', () => {
  expect(steps.map(describeStep)[0]).toBe('Rename `properties.amount` to `properties.total`')
  expect(steps.map(describeStep)[1]).toBe('Convert `properties.total` to a whole number')
})
