import { expect, test } from 'vitest'
import type { QualityCheck } from '../../api/quality'
import {
  ageText,
  definitionOf,
  everyText,
  expectedText,
  intervalsOf,
  subjectText,
  suggestedName,
  valueText,
} from './words'

test('lengths of time are told in the largest unit that fits', () => {
  expect([300, 3600, 5400, 86_400].map(everyText)).toEqual([
    'every 5 minutes',
    'every hour',
    'every 90 minutes',
    'every day',
  ])
  expect([17, 917, 12_000, 180_000].map(ageText)).toEqual(['17 s', '15 min 17 s', '3 h 20 min', '2 d 2 h'])
})

test('values and what was expected are told in the words of their kind', () => {
  expect(valueText('nulls', 0.025)).toBe('2.5%')
  expect(valueText('volume', null)).toBe('–')
  expect(expectedText('volume', { low: 980.2, high: 1420.9 })).toBe('981 to 1,420')
  expect(expectedText('freshness', { low: 0, high: 86_400 })).toBe('up to 1 day')
  expect(expectedText('ledger', { low: 0, high: 0 })).toBe('0')
  expect(expectedText('volume', { low: null, high: null })).toBe('–')
})

test('a check says what it looks at, and is named after it', () => {
  expect(subjectText({ kind: 'nulls', event: 'purchase', property: 'properties.amount' })).toBe(
    'amount of purchase events',
  )
  expect(subjectText({ kind: 'volume', event: null, property: null })).toBe('all events')
  expect(suggestedName('nulls', 'purchase', 'properties.amount')).toBe('amount is there in purchase')
  expect(suggestedName('nulls', 'purchase', '')).toBe('')
})

test('what counts events looks at whole hours', () => {
  expect(intervalsOf('volume')[0]).toBe(3600)
  expect(intervalsOf('freshness')[0]).toBe(300)
})

test('a definition has what its kind has, and nothing else: the API refuses the rest', () => {
  const check: QualityCheck = {
    id: 'x',
    builtin: false,
    kind: 'nulls',
    name: 'There',
    event: 'purchase',
    property: 'properties.amount',
    tolerance: null,
    max_share: 0,
    sla_seconds: null,
    interval_seconds: 3600,
    enabled: false,
    next_at: null,
    created_at: '',
    created_by: '',
    updated_at: '',
    updated_by: '',
  }
  expect(definitionOf(check)).toEqual({
    kind: 'nulls',
    name: 'There',
    event: 'purchase',
    property: 'properties.amount',
    max_share: 0,
    interval_seconds: 3600,
    enabled: false,
  })
})
