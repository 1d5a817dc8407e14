import { expect, it } from 'vitest'
import { asKept, asStored } from './shown'

const payload = '{"properties":{"amount":1},"event_id":"1","event":"checkout"}'

it('lays both out in one order, and leaves out what was only found out', () => {
  const after = {
    event: 'checkout',
    type: 'track',
    event_id: '1',
    session_id: 's',
    properties: { total: 1 },
    context: {},
    facts: { browser: 'x' },
  }
  expect(Object.keys(JSON.parse(asKept(payload)) as object)).toEqual(['event', 'event_id', 'properties'])
  expect(JSON.parse(asStored(after, payload))).toEqual({ event: 'checkout', event_id: '1', properties: { total: 1 } })
  expect(asStored({ session_id: 'mine' }, '{"session_id":"yours"}')).toContain('mine')
})

it('shows what is no JSON as it came', () => {
  expect(asKept('not json')).toBe('not json')
})
